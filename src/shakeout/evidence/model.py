"""What was seen, and where anyone can see it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from shakeout.evidence.redaction import redact

Kind = Literal["log", "file", "commit", "probe", "platform", "image", "configuration", "search"]

QUOTE_LIMIT = 2000
"""Characters that one quote may have; a longer one is cut at its end, so that it is still found verbatim."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Locator:
    """
    Where something was seen.

    `source` says how to look: `file` (path at `commit`, or of the work tree), `log` (a log file of the run or of the
    input), `commit` (a commit's own header), `probe` (a recorded answer in the run's folder), `platform` (a recorded
    state), `image` (a file of an image), `search` (a search over the tree at `commit`, which is how absence is seen).
    `path` is a POSIX path or an address; `line` is 1-based; `end_line` is inclusive.
    `offset` is where a record begins, in bytes, in a log whose lines are too long to look through.
    """

    source: str
    path: str
    line: int | None = None
    end_line: int | None = None
    commit: str | None = None
    offset: int | None = None

    def __str__(self) -> str:
        text = self.path
        if self.line is not None:
            text += f":{self.line}"
            if self.end_line is not None and self.end_line != self.line:
                text += f"-{self.end_line}"
        if self.source == "commit" and self.commit:
            return self.commit[:12]
        return text

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in ("source", "path", "line", "end_line", "commit", "offset")}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """
    One thing seen: `quote` stands verbatim (after redaction) at `locator`.

    Secrets are taken out here, when the object is made, so that no evidence object ever holds one.
    `note` is our own remark about the quote (for example how often it was seen); it is never presented as a quote.
    """

    kind: Kind
    locator: Locator
    quote: str
    note: str = field(default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "quote", redact(self.quote)[:QUOTE_LIMIT])
        object.__setattr__(self, "note", redact(self.note))

    def to_json(self) -> dict[str, Any]:
        result: dict[str, Any] = {"kind": self.kind, "locator": str(self.locator), "quote": self.quote}
        if self.note:
            result["note"] = self.note
        result["at"] = self.locator.to_json()
        return result
