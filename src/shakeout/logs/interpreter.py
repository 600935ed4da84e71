"""Messages that only Python's own exceptions have, by which a line without type and traceback is still known."""

from __future__ import annotations

import re

_WORDED = (
    ("NameError", re.compile(r"(?:^|[\s:])((?:global )?name '[^'\s]{1,200}' is not defined)")),
    (
        "UnboundLocalError",
        re.compile(r"(cannot access local variable '[^'\s]{1,200}' where it is not associated with a value)"),
    ),
    ("UnboundLocalError", re.compile(r"(local variable '[^'\s]{1,200}' referenced before assignment)")),
    (
        "NameError",
        re.compile(r"(cannot access free variable '[^'\s]{1,200}' where it is not associated with a value)"),
    ),
)


def told(text: str) -> tuple[str, str] | None:
    """(type, message) of the exception that a text tells of in the interpreter's words; None for any other text."""
    for kind, wording in _WORDED:
        match = wording.search(text[:4000])
        if match is not None:
            return kind, match[1]
    return None
