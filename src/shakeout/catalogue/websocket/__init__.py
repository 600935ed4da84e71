"""WebSocket: live connections that are refused, closed, or whose messages are not understood."""
