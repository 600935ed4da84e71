"""Tracebacks: what they say, and putting them together from entries."""

from shakeout.logs.tracebacks.model import Frame, Language, Raised, Traceback

__all__ = ["Frame", "Language", "Raised", "Traceback"]
