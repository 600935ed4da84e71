"""The errors that were logged, folded, as rules read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shakeout.evidence.model import Evidence
from shakeout.logs.tracebacks.model import Traceback

Origin = Literal["service", "check", "deployment"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """
    One error, however often it was logged.

    `key` is its normal form with its owner, the same for equal errors. `owner` is the service or the check that wrote
    it, None where the log does not say. `type` is the exception's type as written (with its module where it is given),
    `text` its message as first seen. `evidence` quotes examples, the first one first. `count` is how often it was seen.
    """

    key: str
    origin: Origin
    owner: str | None
    type: str | None
    text: str
    evidence: tuple[Evidence, ...]
    traceback: Traceback | None = None
    count: int = 1
    error: bool = True
    """Whether it was logged as an error; False for warnings, which explain but are no symptom."""
    worded: bool = False
    """Whether nothing but its words says that it is an error: nobody gave it a severity."""
    system: bool = False
    """Whether the platform wrote it, not the application."""
    first: datetime | None = None
    last: datetime | None = None
    instances: int = 0
    """On how many instances (or connections) it was seen, 0 where the log does not say."""


class ErrorLog:
    """All occurrences of one run or one input."""

    described_as = "the logs"

    def __init__(self, occurrences: Iterable[Occurrence] = ()) -> None:
        self._all = tuple(occurrences)
        self._by_key = {item.key: item for item in self._all}

    def __iter__(self) -> Iterator[Occurrence]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def get(self, key: str) -> Occurrence | None:
        return self._by_key.get(key)

    def of(self, origin: Origin, owner: str | None) -> tuple[Occurrence, ...]:
        """What one service, check or deployment wrote, in the order of the log."""
        return tuple(item for item in self._all if item.origin == origin and item.owner == owner)
