"""Runs kept: embedded chDB or a ClickHouse server, behind a circuit breaker, with a spool on disk."""
