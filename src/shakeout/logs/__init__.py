"""Logs: formats, tracebacks, templates, novelty."""

from shakeout.logs.entry import LogEntry, Severity

__all__ = ["LogEntry", "Severity"]
