"""Puts tracebacks together from the entries of one stream while other streams are interleaved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, cast

from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.quotes import spoken
from shakeout.logs.suspects import continues, worded
from shakeout.logs.tracebacks.model import Traceback
from shakeout.logs.tracebacks.recorded import recorded

LINES = 4000
"""Lines that one traceback may have; what comes after is left out, and the traceback is marked as truncated."""
OPEN_STREAMS = 2000
HELD = 10
"""Lines of an error's own text that are kept until its calls are seen below them."""
ADJACENT = timedelta(seconds=5)
"""How far before a traceback the line may be that announces it."""


class Spoken(Protocol):
    """How one language's tracebacks are found and read."""

    name: str

    def begins(self, line: str) -> bool: ...

    def goes_on(self, lines: Sequence[str], line: str) -> bool: ...

    def parse(self, lines: Sequence[str]) -> Traceback | None: ...


@cache
def languages() -> tuple[Spoken, ...]:
    """The languages of this package, found by walking it."""
    import shakeout.logs.tracebacks as package

    modules = sorted(module.name for module in iter_modules(package.__path__))
    found = (getattr(import_module(f"{package.__name__}.{name}"), "LANGUAGE", None) for name in modules)
    return tuple(cast("Spoken", language) for language in found if language is not None)


@dataclass(frozen=True, slots=True)
class Assembled:
    """An entry with the traceback that it announces or begins; `text` is the entry's own text before it."""

    entry: LogEntry
    text: str
    traceback: Traceback | None = None


@lru_cache(maxsize=500)
def _parsed(language: str, text: str) -> Traceback | None:
    """The traceback in `text`; the same one is often logged again and again."""
    return next(one for one in languages() if one.name == language).parse(text.split("\n"))


@dataclass(slots=True)
class _Block:
    language: Spoken
    lead: LogEntry
    text: str
    entries: list[LogEntry]
    lines: list[str]
    cut: bool = False
    warned: bool = False
    """Whether it stands right below a warning."""
    told: bool = False
    """Whether it stands right below somebody's words that a calm entry repeats, and so is more of them."""
    held: list[LogEntry] = field(default_factory=list)
    """What may be the rest of the error's text: it is, if its calls come below."""

    def holds(self, entry: LogEntry) -> bool:
        """
        Whether an entry is, or may be, more of the error's text; an entry that also has its calls settles it.

        `Error: two lines of text`, the second line, and then `    at …`: indented lines come with the line above them.
        """
        if entry.headed or any(map(self._is_call, self.lines)):
            return False
        below = entry.message.split("\n", 2)[1:2]
        if below and self._is_call(below[0]):
            for one in (*self.held, entry):
                self.add(one)
            self.held.clear()
            return True
        if below or len(self.held) >= HELD or any(one.begins(entry.message) for one in languages()):
            return False
        self.held.append(entry)
        return True

    def _is_call(self, line: str) -> bool:
        return line[:1] in (" ", "\t") and self.language.begins(line)

    def add(self, entry: LogEntry) -> None:
        self.entries.append(entry)
        self.lines.extend(entry.message.split("\n"))
        if len(self.lines) > LINES:
            del self.lines[LINES:]
            self.cut = True

    @property
    def handled(self) -> bool:
        """Whether it only shows what a warning was about: a program that ends of it shows how it came there."""
        if self.told:
            return True
        traceback = _parsed(self.language.name, "\n".join(self.lines)) if self.warned else None
        outermost = traceback.last.frames[:1] if traceback is not None else ()
        return bool(outermost) and outermost[0].function != "<module>"

    def close(self) -> Iterator[Assembled]:
        """What it came to: a traceback, or where it is none, the entries that it was taken for the beginning of."""
        traceback = _parsed(self.language.name, "\n".join(self.lines))
        if traceback is None and self.text:
            # The calls alone: the error stands at the end of the line before them.
            traceback = _parsed(self.language.name, "\n".join((self.text.rpartition("\n")[2], *self.lines)))
        if traceback is None and self.lead is not self.entries[0]:
            yield Assembled(self.lead, self.text)
            yield Assembled(self.entries[0], "\n".join(self.lines))
            return
        if traceback is None:
            yield Assembled(self.lead, "\n".join((self.text, *self.lines) if self.text else self.lines))
            return
        locators = tuple(entry.locator for entry in self.entries[:LINES])
        traceback = replace(traceback, locators=locators, truncated=traceback.truncated or self.cut)
        yield Assembled(self.lead, self.text, traceback)


TELLING = 30
"""Characters from which a line below an empty error says more than that there is one."""


@dataclass(slots=True)
class _Stream:
    lead: LogEntry | None = None
    below: LogEntry | None = None
    """The line that says what the error is whose own line is empty, as Spring Boot prints a failed start."""
    block: _Block | None = None
    calm: LogEntry | None = None
    """The entry below the threshold that stands right before."""

    def led(self) -> Iterator[Assembled]:
        """The error that no traceback followed, in the words of the lines below it where it has none."""
        lead, below, self.lead, self.below = self.lead, self.below, None, None
        if lead is not None and below is not None:
            yield Assembled(below, below.message)
        elif lead is not None:
            yield Assembled(lead, lead.message)

    def explains(self, entry: LogEntry) -> bool:
        """Whether an entry is text below an empty error; its first telling line of failure is kept as that error."""
        lead = self.lead
        if lead is None or lead.message.strip() or entry.headed or _begun(entry) is not None:
            return False
        known = self.below.message if self.below is not None else ""
        if worded(entry.message) and len(known) < TELLING and len(entry.message) > len(known):
            self.below = replace(entry, severity=lead.severity, unsure=False, service=entry.service or lead.service)
        return True


@dataclass(slots=True)
class _Assembly:
    threshold: Severity
    streams: dict[tuple[str, str], _Stream] = field(default_factory=dict)

    def feed(self, entry: LogEntry) -> Iterator[Assembled]:
        key = (entry.locator.path, entry.stream)
        stream = self.streams.get(key)
        if stream is not None and stream.block is not None:
            block = stream.block
            first = entry.message.partition("\n")[0]
            if not entry.headed and not block.held and block.language.goes_on(block.lines, first):
                block.add(entry)
                return
            if block.holds(entry):
                return
            if block.held:
                yield from self._released(stream)
                yield from self.feed(entry)
                return
        if stream is not None and stream.block is None and stream.explains(entry):
            return
        if not relevant(entry, self.threshold):
            if entry.headed and (stream is not None or len(self.streams) < OPEN_STREAMS):
                stream = stream or self._open(key)
                stream.calm = entry
            return
        if stream is None:
            stream = self._open(key)
            if len(self.streams) > OPEN_STREAMS:
                oldest = next(iter(self.streams))
                if (old := self.streams[oldest]).block is not None and old.block.held:
                    yield from self._released(old)
                yield from _closed(self.streams.pop(oldest))
        if stream.block is not None:
            if not stream.block.handled:
                yield from stream.block.close()
            stream.block = None
        lead = stream.lead
        traceback = recorded(entry.fields) if entry.fields else None
        begun = _begun(entry) if traceback is None else None
        calm = stream.calm
        stream.calm = None
        if begun is not None and calm is not None and _right_below(calm, entry):
            begun.warned = calm.severity is Severity.WARNING
            begun.told = spoken(calm.message) is not None
        if begun is not None:
            stream.block = begun
            if lead is not None and not begun.text and _adjacent(lead, entry):
                begun.lead, begun.text = lead, lead.message
                stream.lead = stream.below = None
                return
        yield from stream.led()
        if traceback is not None:
            yield Assembled(entry, entry.message, replace(traceback, locators=(entry.locator,)))
        elif begun is None and entry.severity >= self.threshold:
            stream.lead = entry
        elif begun is None:
            yield Assembled(entry, entry.message)

    def _released(self, stream: _Stream) -> Iterator[Assembled]:
        """End a block below whose text no calls came: what was held is read as lines of their own."""
        block, stream.block = stream.block, None
        if block is not None:
            if not block.handled:
                yield from block.close()
            for entry in block.held:
                yield from self.feed(entry)

    def _open(self, key: tuple[str, str]) -> _Stream:
        stream = self.streams[key] = _Stream()
        return stream

    def close(self) -> Iterator[Assembled]:
        for stream in self.streams.values():
            while stream.block is not None and stream.block.held:
                yield from self._released(stream)
            yield from _closed(stream)
        self.streams.clear()


def _closed(stream: _Stream) -> Iterator[Assembled]:
    yield from stream.led()
    if stream.block is not None and not stream.block.handled:
        yield from stream.block.close()


def relevant(entry: LogEntry, threshold: Severity) -> bool:
    """Whether an entry can be an error, or begin one: by its severity, or where it gives none, by its words."""
    if entry.severity >= threshold:
        return True
    if not entry.unsure:
        return False
    return worded(entry.message) or (not entry.headed and continues(entry.message))


def _right_below(calm: LogEntry, entry: LogEntry) -> bool:
    """Whether an entry without a head of its own stands on the line after another one."""
    last = calm.locator.end_line or calm.locator.line
    return not entry.headed and last is not None and entry.locator.line == last + 1


def _adjacent(lead: LogEntry, entry: LogEntry) -> bool:
    return lead.time is None or entry.time is None or abs(entry.time - lead.time) <= ADJACENT


def _begun(entry: LogEntry) -> _Block | None:
    """The block that an entry's text begins, by its first line that begins a traceback in any language."""
    texts = [entry.message, *_stacks(entry.fields)] if entry.fields else [entry.message]
    for text in texts:
        lines = text.split("\n")
        for index, line in enumerate(lines[:LINES]):
            language = next((one for one in languages() if one.begins(line)), None)
            if language is None:
                continue
            before = lines[:index] if text is entry.message else entry.message.split("\n")
            cut = len(lines) - index > LINES
            return _Block(language, entry, "\n".join(before).strip(), [entry], lines[index : index + LINES], cut)
    return None


_STACKS = ("exception", "exc_info", "exc_text", "stack", "stack_trace", "stackTrace", "stacktrace", "traceback",
           "error", "err", "error.stack_trace", "exception.stacktrace", "errorVerbose", "detail")  # fmt: skip


def _stacks(fields: Mapping[str, Any]) -> Iterator[str]:
    """Texts of structured fields that may hold a traceback."""
    for name in _STACKS:
        value = fields.get(name)
        if isinstance(value, str) and "\n" in value:
            yield value
        elif isinstance(value, dict):
            for inner in ("stack", "stack_trace", "stackTrace", "traceback", "stacktrace"):
                text = value.get(inner)
                if isinstance(text, str) and "\n" in text:
                    yield text


def assemble(entries: Iterable[LogEntry], threshold: Severity = Severity.ERROR) -> Iterator[Assembled]:
    """
    Every entry that is, announces or holds an error at `threshold` or above, with its traceback if it has one.

    Entries that nobody gave a severity are judged by their words. Memory is bounded by the number of open streams.
    """
    assembly = _Assembly(threshold)
    for entry in entries:
        yield from assembly.feed(entry)
    yield from assembly.close()
