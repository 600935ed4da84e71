"""Logged errors, equal ones folded into one with its count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.normal import coarse, normal
from shakeout.logs.quotes import quoted_only
from shakeout.logs.tracebacks.assembly import Assembled, assemble
from shakeout.logs.tracebacks.model import Traceback

EXAMPLES = 5
KINDS = 10_000
DETAIL = 1000
"""Characters that are taken of an error's field."""
VARIANTS = 40
_CACHED = 50_000

TYPED = re.compile(
    r"\b(?P<type>(?:[A-Za-z_]\w{0,80}(?:\.|::)){0,8}[A-Z]\w{0,80}(?:Error|Exception|Interrupt|Exit|Timeout|Refused|Denied)"
    r"|(?:[A-Za-z_]\w{0,80}(?:\.|::)){1,8}(?:Error|Exception))\b"
    r"(?:: (?P<text>.{1,4000}))?",
    re.S,
)
_TYPE_NAME = re.compile(TYPED.pattern.partition(r"\b(?:: (?P<text>")[0])
_FAILURE = re.compile(
    r"\b(?:errors?|failed|failure|fails|fatal|exception|refused|denied|cannot|can't|could not|couldn't|unable to"
    r"|not defined|not found|timed out|timeout|does not exist|no such|crash(?:ed|ing)?|panic|aborted|unreachable"
    r"|fehlgeschlagen|abgelehnt|fehler|refusée|échoué|rechazada"
    r"|unbound variable|killed|terminated|unhandled|rejected|not permitted|exceeded)\b|[✗❌✖]"
    r"|exit(?:ed)? (?:with )?(?:(?:code|status) )?[1-9]|exit(?:ed)? with [1-9]",
    re.I,
)
_NO_FAILURE = re.compile(
    r"\b(?:0|no|zero|without)\s(?:\w+\s)?(?:errors?|failures?|failed|exceptions?|timeouts?)\b"
    r"|\b(?:errors?|failed|failures?|exceptions?|timeout|err|exit code|exit status)[\"']?\s?[=:]\s?[\"']?"
    r"(?:0\b|none|null|nil|false|\[\]|\{\}|\"\"|''|\d+\s?(?:s|ms)\b)",
    re.I,
)


_NATIVE = re.compile(r"\d{1,3}\. (?:\?|DB::\w+::\w+|[\w:~<>,&* ()]{1,300} @ 0x[0-9a-f])")
"""A call of a server's own stack trace, below its error; a type's name in it is no error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedError:
    """
    One kind of error as it was logged.

    `type` and `text` are of the exception that ended it where there is one, else `type` is empty and `text` the
    message. `traceback` is the first occurrence's. `entry` is the entry that announces the first occurrence. `count`
    counts equal ones, by service, type, normal form of the text, and frames; `first` and `last` are their times, and
    `examples` the locators of at most five. `certain` is False where neither a severity of its own nor an exception
    says that it is an error, only its words or the stream that it was written to.
    `folded` is true where there were too many kinds, so that this one stands for several that differ in numbers.
    """

    type: str
    text: str
    traceback: Traceback | None
    entry: LogEntry
    severity: Severity
    service: str | None
    count: int
    first: datetime | None
    last: datetime | None
    examples: tuple[Locator, ...]
    certain: bool = True
    folded: bool = False


_Key = tuple[object, ...]


@dataclass(slots=True)
class _Kind:
    """One kind of error while equal ones are counted."""

    found: Assembled
    type: str
    text: str
    certain: bool
    folded: bool = False
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    severity: Severity = Severity.DEFAULT
    examples: list[Locator] = field(default_factory=list)

    def add(self, entry: LogEntry) -> None:
        self.count += 1
        self.severity = max(self.severity, entry.severity)
        if len(self.examples) < EXAMPLES:
            self.examples.append(entry.locator)
        moment = entry.time
        if moment is not None:
            if self.first is None or moment < self.first:
                self.first = moment
            if self.last is None or moment > self.last:
                self.last = moment

    def error(self) -> LoggedError:
        traceback = self.found.traceback
        severity = self.severity
        if (traceback is not None or self.type) and severity < Severity.ERROR and self.found.entry.unsure:
            severity = Severity.ERROR
        return LoggedError(
            type=self.type,
            text=self.text,
            traceback=traceback,
            entry=self.found.entry,
            severity=severity,
            service=self.found.entry.service,
            count=self.count,
            first=self.first,
            last=self.last,
            examples=tuple(self.examples),
            certain=self.certain,
            folded=self.folded,
        )


class _Folding:
    """Kinds by key. Both the number of kinds and the number of kinds that differ only in numbers are bounded."""

    def __init__(self) -> None:
        self.kinds: dict[_Key, _Kind] = {}
        self._variants: dict[_Key, int] = {}
        self._known: dict[_Key, _Kind | None] = {}

    def add(self, found: Assembled) -> None:
        if found.traceback is None:
            said = detail(found.entry)
            if said and said not in found.text:
                found = replace(found, text=f"{found.text}: {said}" if found.text.strip() else said)
            known_key: _Key = (found.entry.service, found.entry.unsure, found.entry.severity, found.text)
            if known_key in self._known:
                kind = self._known[known_key]
                if kind is not None:
                    kind.add(found.entry)
                return
            kind = self._kind(found)
            if len(self._known) < _CACHED:
                self._known[known_key] = kind
        else:
            kind = self._kind(found)
        if kind is not None:
            kind.add(found.entry)

    def _kind(self, found: Assembled) -> _Kind | None:
        described = describe(found)
        if described is None:
            return None
        kind, text, certain = described
        frames = _signature(found.traceback)
        place: _Key = (found.entry.service, kind, frames)
        key: _Key = (*place, normal(text))
        known = self.kinds.get(key)
        if known is not None:
            return known
        wide: _Key = (*place, coarse(text))
        variants = self._variants.get(wide, 0)
        full = len(self.kinds) >= KINDS
        if variants >= VARIANTS or full:
            key = (*wide, "folded") if not full else (found.entry.service, "folded")
            known = self.kinds.get(key)
            if known is not None:
                return known
        self._variants[wide] = variants + 1
        made = _Kind(found, kind, text, certain, folded=variants >= VARIANTS or full)
        self.kinds[key] = made
        return made


_DETAILS = ("error", "err", "exception", "error.message", "error_message", "errorMessage", "cause", "reason")


def detail(entry: LogEntry) -> str:
    """
    What an entry that is logged as an error says in a field beside its message: `msg="no ledger" err="dial tcp …"`.

    Empty where there is none, and where the entry itself does not call it an error: then such a field is an artefact.
    """
    if entry.unsure or entry.severity < Severity.ERROR or not entry.fields or entry.stream == "events":
        return ""
    for name in _DETAILS:
        value = entry.fields.get(name)
        if isinstance(value, dict):
            value = value.get("message") or value.get("msg")
        if isinstance(value, str) and value.strip() and "\n" not in value.strip():
            return value.strip()[:DETAIL]
    return ""


def describe(found: Assembled) -> tuple[str, str, bool] | None:
    """(type, text, certain) of what was found, or None where it is no error after all."""
    if found.traceback is not None:
        last = found.traceback.last
        if last.type:
            return last.type, last.message, True
        return "", found.text or found.entry.message, True
    text = found.text
    if not text.strip():
        return None
    entry = found.entry
    if entry.unsure and _NATIVE.match(text) is not None:
        return None
    match = TYPED.search(text)
    if match is not None and quoted_only(text[:2000], _TYPE_NAME):
        match = None
    if entry.unsure and not entry.system:
        if _NO_FAILURE.search(text):
            return None
        if match is None and _FAILURE.search(text) is None:
            return ("", text, False) if entry.severity >= Severity.ERROR else None
    if match:
        return match["type"], match["text"] or text, True
    worded = entry.severity >= Severity.ERROR and _FAILURE.search(text) is not None
    return "", text, not entry.unsure or entry.system or worded


def _signature(traceback: Traceback | None) -> object:
    if traceback is None:
        return None
    return tuple(
        (raised.type, *((frame.path, frame.line, frame.function) for frame in raised.frames))
        for raised in traceback.exceptions
    )


def errors(entries: Iterable[LogEntry], *, threshold: Severity = Severity.ERROR) -> Iterator[LoggedError]:
    """
    The errors in a stream of entries, in the order in which they first occur; equal ones once, with their count.

    An entry is an error if its severity is `threshold` or above, if it holds a traceback, or, where it gives no
    severity itself, if it is worded as a failure (then `certain` is False). Structured entries that say a lower
    severity are none, whatever they hold. Memory is bounded by the number of kinds (10,000), not by that of entries.
    """
    folding = _Folding()
    for found in assemble(entries, threshold):
        folding.add(found)
    kinds = list(folding.kinds.values())
    kinds.sort(key=lambda kind: (kind.first is None, kind.first.timestamp() if kind.first else 0.0))
    for kind in kinds:
        yield kind.error()
