"""The backend service: runs over HTTP, live events over WebSocket, history in ClickHouse."""
