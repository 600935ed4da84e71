"""What a traceback says, whatever language wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shakeout.evidence.model import Locator

Language = Literal["python", "node", "java", "go", "ruby", "php", "dotnet"]
LINE = 8000
"""Characters of one line that are looked at for what a language prints there."""
Relation = Literal["", "direct cause", "context", "member", "suppressed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """
    One call. `path` is as written, `line` is 1-based or None, `function` empty where there is none (a syntax error).

    `code` is the source as quoted in the traceback, without carets; `repeated` says how often more the frame follows.
    """

    path: str
    line: int | None
    function: str = ""
    code: str = ""
    repeated: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """
    One exception with the calls that led to it, the outermost first, whatever the order in which they were printed.

    `message` is the whole text, `notes` its lines after the first. `relation` says how it leads to the next exception
    of the traceback: as its direct cause, as what was being handled, as a member of a group, or suppressed by it.
    """

    type: str
    message: str
    frames: tuple[Frame, ...] = ()
    notes: tuple[str, ...] = ()
    relation: Relation = ""

    @property
    def name(self) -> str:
        """The type without its module."""
        return self.type.rpartition(".")[2]

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


@dataclass(frozen=True, kw_only=True, slots=True)
class Traceback:
    """
    Exceptions that led to one another, the first cause first; `truncated` where its beginning or end is missing.

    `locators` are the entries that it was put together from, in order.
    """

    exceptions: tuple[Raised, ...]
    language: Language
    truncated: bool = False
    locators: tuple[Locator, ...] = ()

    @property
    def first(self) -> Raised:
        """The first cause."""
        return self.exceptions[0]

    @property
    def last(self) -> Raised:
        """The exception that ended it, which is the one that a summary shows."""
        return self.exceptions[-1]
