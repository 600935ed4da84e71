"""Tracebacks that a logger recorded as data: structlog's dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shakeout.logs.tracebacks.model import Frame, Raised, Traceback


def recorded(fields: Mapping[str, Any]) -> Traceback | None:
    """The traceback in a field `exception` that is a list of stacks, the last exception first, as structlog has it."""
    stacks = fields.get("exception")
    if not isinstance(stacks, list) or not stacks or not all(isinstance(stack, dict) for stack in stacks):
        return None
    if not all(isinstance(stack.get("exc_type"), str) for stack in stacks):
        return None
    raised = []
    for index, stack in enumerate(stacks):
        frames = stack.get("frames")
        found = tuple(_frame(frame) for frame in frames if isinstance(frame, dict)) if isinstance(frames, list) else ()
        # `is_cause` says of a stack that it caused the one before it in the list.
        relation = "" if index == 0 else "direct cause" if stack.get("is_cause") else "context"
        raised.append(
            Raised(
                type=stack["exc_type"],
                message=str(stack.get("exc_value") or ""),
                frames=found,
                notes=tuple(str(note) for note in stack.get("exc_notes") or ()),
                relation=relation,  # type: ignore[arg-type]
            )
        )
    return Traceback(exceptions=tuple(reversed(raised)), language="python")


def _frame(frame: Mapping[str, Any]) -> Frame:
    line = frame.get("lineno")
    return Frame(
        path=str(frame.get("filename") or ""),
        line=line if isinstance(line, int) else None,
        function=str(frame.get("name") or ""),
        code=str(frame.get("line") or "").strip(),
    )
