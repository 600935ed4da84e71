"""
What stands in front of the message on every line (time, level, process, host, component), found from the lines.

No format is known by name. The first lines are read from the left, one element at a time: an element that four lines
of five have at this place belongs to the prefix. The prefix ends where the lines no longer agree.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shakeout.logs import values
from shakeout.logs.entry import Severity

LEVELS = tuple(severity.name for severity in Severity)
"""The names of levels, by their numbers."""

SAMPLE = 1000
AGREED = 0.8
_SOME = 0.2
_NEARLY_ALL = 0.95
ELEMENTS = 16

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,:][0-9]+)?"
_NAMED_ZONE = "(?:UTC|GMT|(?:[AEIJKMPHW]|AE|CE|EE|NZ|WE|C)[SD]?T)"
_ZONE = rf"(?: ?(?:Z|{_NAMED_ZONE}|[+-][0-9]{{2}}:?[0-9]{{2}})\b)?"
_TIMES = (
    rf"[0-9]{{4}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}}(?:[T _-][0-9]{{1,2}}[:.][0-9]{{2}}[:.][0-9]{{2}}"
    rf"(?:[.,:][0-9]+)?{_ZONE})?",
    rf"[0-9]{{1,2}}[-/.][0-9]{{1,2}}(?:[-/.][0-9]{{2,4}})?[ T]{_CLOCK}{_ZONE}",
    rf"(?:{_DAY},? )?{_MONTH} +[0-9]{{1,2}}(?:,? [0-9]{{4}})? {_CLOCK}(?: {_NAMED_ZONE}\b)?(?: [0-9]{{4}})?",
    rf"[0-9]{{1,2}}/{_MONTH}/[0-9]{{4}}:{_CLOCK}(?: [+-][0-9]{{4}})?",
    rf"[0-9]{{8}}[-_ T]{_CLOCK}",
    r"[0-9]{6} [0-9]{6}",
    rf"{_CLOCK}{_ZONE}",
    r"1[0-9]{9}(?:[.][0-9]+|[0-9]{3})?",
    r"[IWEF][0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]+",
)
_LETTERED = re.compile(_TIMES[-1])
"""A time with the letter of a level in front of it."""

_PLAIN_LEVELS = "TRACE|DEBUG|VERBOSE|INFORMATION|INFO|WARNING|WARN|ERROR|ERR|CRITICAL|FATAL"
_LEVELS = f"{_PLAIN_LEVELS}|NOTICE|SEVERE|CRIT|ALERT|EMERG|FAILURE|PANIC"
_OPEN, _CLOSE = r"[\[(<]?", r"[\])>]?"
_GAP = r"(?:\s*[|,]\s*|\s+)"
_STRONG = ("time", "level", "named")
_SHAPES: dict[str, str] = {
    "time": rf"{_OPEN}(?:{'|'.join(_TIMES)}){_CLOSE}:?{_GAP}",
    # A sentence may begin with `Panic button`: such levels are in capitals, in brackets, or before a colon.
    "level": rf"(?:{_OPEN}\b(?:{_LEVELS}|(?i:{_PLAIN_LEVELS})|[VDIWEFC])\b{_CLOSE}:?"
    rf"|[\[(<](?i:{_LEVELS})[\])>]:?|(?i:{_LEVELS}):){_GAP}",
    "separator": rf"[-|•–—]+{_GAP}",
    "integer": rf"{_OPEN}[0-9]+{_CLOSE}{_GAP}",
    "group": rf"(?:\[(?:[^\[\]]|\[[^\[\]]*\])*\]|\([^()]*\)|<[0-9]+>){_GAP}",
    "cell": r"[^|\s]{1,60}\|\s*",
    "named": r"[\w./-]+:[0-9]+\]\s+|[A-Za-z_/.$][\w./$@#*+()-]*(?:\[[^\]]*\])?:(?:\s+|$)",
    "column": r"\S+ {3,}",
}
_BEHIND_WORDS = {**_SHAPES, "level": rf"(?:\b(?:{_LEVELS})\b|[\[(<](?i:{_LEVELS})[\])>]):?{_GAP}"}
"""The same with words before it that are taken off as well."""

_BEGINS_WITH_TIME = re.compile(_SHAPES["time"])
_SKIP = r"(?:\S+\s+)"
_MARKED = re.compile(r"[0-9.$/@_\[(#*=<|-]|[a-z][A-Z]")
_CAPITALS = re.compile(r"\W*[A-Z][A-Z_ ]+\W*")
_MONTHLY = re.compile(rf"(?:{_DAY},? )?{_MONTH} ")
_FIRST_WORD = re.compile(r"[A-Za-z]{2,}")
_WORDS = 3
"""How many different words must begin what stands behind a plain name for that to be no part of it."""

_AFTER_NAMES = {"time": 4, "level": 3, "named": 2, "group": 1, "separator": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """
    The prefix of a log's lines: the `elements` it is made of, and one regular expression that takes it off.

    A line that ends early, or has only a part of it, loses that part. `complete` finds the group `all` in lines that
    have all elements; `to_level` takes off what is before the level, and the same with it; `to_time` finds the time.
    """

    elements: tuple[str, ...]
    pattern: str
    to_level: tuple[str, str]
    to_time: re.Pattern[str] = field(repr=False, compare=False)
    level: int | None = None
    time_: int | None = None
    compiled: re.Pattern[str] = field(repr=False, compare=False)
    complete: re.Pattern[str] = field(repr=False, compare=False)

    def applied(self, frame: pl.DataFrame) -> pl.DataFrame:
        """
        The frame (column `line`) with the bare message as `text` and what says its severity as `level`, maybe nothing.

        What the prefix has up to its level is taken off in two steps, which is quicker than to look for the group.
        """
        line = pl.col("line")
        if not self.level:
            return frame.with_columns(text=line.str.replace(self.pattern, ""), level=pl.lit(None, pl.String))
        before, through = (line.str.replace(pattern, "") for pattern in self.to_level)
        size = before.str.len_chars().cast(pl.Int64) - through.str.len_chars().cast(pl.Int64)
        return frame.with_columns(text=line.str.replace(self.pattern, ""), level=before.str.head(size))

    def bare(self, line: str) -> str:
        """The message of a line."""
        return self.compiled.sub("", line, count=1)

    def begins(self, line: str) -> tuple[str, int]:
        """What a line has of a prefix, and its level, a number of `LEVELS`."""
        found = self.compiled.match(line)
        return (found[0], _level_of(found.group(self.level) if self.level else None)) if found else ("", -1)

    def whole(self, line: str) -> tuple[str, int] | None:
        """The prefix of a line and its level, a number of `LEVELS`; None if the line has not all elements."""
        found = self.complete.match(line)
        if found is None or found["all"] is None:
            return None
        return found[0], _level_of(found.group(self.level) if self.level else None)

    def time(self, line: str) -> datetime | None:
        """The time of a line, if it has one that can be read."""
        if self.time_ is None or (found := self.to_time.match(line)) is None or not found["time"]:
            return None
        text = found["time"].strip(" []()<>,:|")
        if text[4:5] == "-" and text[10:11] in ("T", " "):
            with contextlib.suppress(ValueError):  # what it can read it reads in a thirtieth of the time
                moment = datetime.fromisoformat(text)
                return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return values.time(text)[0]


def levels_of(texts: pl.Series) -> NDArray[np.int32]:
    """The level of each line, a number of `LEVELS`, by what says its severity; -1 where nothing does."""
    names = texts.unique()
    numbers = pl.Series(values=[_level_of(name) for name in names], dtype=pl.Int32)
    return texts.replace_strict(names, numbers, return_dtype=pl.Int32).to_numpy()


def _level_of(text: str | None) -> int:
    if not text:
        return -1
    if _LETTERED.match(text):
        text = text[0]
    words = text.strip(" []()<>:|,\t").split()
    severity = values.severity(words[-1].strip("[]()<>:|,")) if words else None
    return LEVELS.index("DEFAULT" if severity is None else severity.name)


def layout_of(lines: Sequence[str]) -> Layout | None:
    """
    The layout of a log by its first lines; None if they have no prefix that begins every line.

    If many lines but not nearly all begin with a time, the others are those of traces: they say nothing of a prefix.
    JSON objects have none.
    """
    rest = [line for line in lines[:SAMPLE] if line.strip()]
    if _mostly(line.startswith("{") for line in rest):
        return None
    timed = [line for line in rest if _BEGINS_WITH_TIME.match(line)]
    if len(timed) >= _SOME * len(rest):
        rest = timed
    elements: list[str] = []
    pieces: list[str] = []
    before = ""
    while len(elements) < ELEMENTS and rest:
        found = _next(rest, elements, before)
        if found is None:
            break
        name, piece = found
        elements.append(name)
        pieces.append(piece)
        matcher = re.compile(piece)
        matches = [(line, match) for line in rest if (match := matcher.match(line))]
        before = matches[0][1][0]
        rest = [line[match.end() :] for line, match in matches]
    while elements and not _ends(elements):
        elements.pop()
        pieces.pop()
    if not {"time", "level"} & set(elements):
        return None
    return _layout(elements, pieces, lettered=_mostly(map(_LETTERED.match, timed)) and bool(timed))


def _next(rest: Sequence[str], elements: Sequence[str], before: str) -> tuple[str, str] | None:
    """The element that is next, with an expression for it; `before` is what one line has of the one before."""
    begun = any(name in _STRONG for name in elements)
    if "named" in elements:
        allowed = ["level"] if elements[-1] == "named" and "level" not in elements else []
    else:
        allowed = [name for name in _SHAPES if begun or name not in ("named", "column", "cell")]
    if elements and elements[-1] in ("group", "separator", "column"):
        allowed = [name for name in allowed if name != elements[-1]]
    if "level" in elements:
        allowed = [name for name in allowed if name != "level"]
    tries = [(name, "") for name in allowed]
    tries += [
        (name, rf"{_SKIP}{{1,{most}}}?")
        for name, most in _AFTER_NAMES.items()
        if name in allowed and (begun or name in ("time", "level"))
    ]
    for name, skip in tries:
        shape = (_BEHIND_WORDS if skip else _SHAPES)[name]
        matcher = re.compile(f"({skip})({shape})(.*)", re.DOTALL)
        found = [match.groups() for line in rest if (match := matcher.match(line))]
        least = _NEARLY_ALL if name in ("integer", "cell") else AGREED
        if len(found) >= least * len(rest) and _tells_nothing(name, found, before):
            return name, f"{skip}(?:{shape})"
    return None


def _tells_nothing(name: str, found: Sequence[tuple[str, ...]], before: str) -> bool:
    """
    Whether an element is of the prefix, and not what happened: `[main]`, `com.example.Db:`, but not `Job failed:`.

    `found` are, for each line, the words that are passed over, the element, and what follows. Threads, processes and
    components have a mark in them, a digit or an inner capital, or stand behind the time of syslog with a host.
    """
    passed, cores = [skipped for skipped, _, _ in found], [core.strip() for _, core, _ in found]
    if any(passed):
        if name == "named":
            return _MONTHLY.match(before) is not None or _mostly(_MARKED.search(core[:-1]) for core in cores)
        if name == "time":
            return _mostly(len(words.split()) == 1 or _MARKED.search(words) for words in passed)
        return name == "level" or _mostly(all(map(_MARKED.search, words.split())) for words in passed)
    if name == "named":
        following = {first[0] for _, _, rest in found if (first := _FIRST_WORD.match(rest))}
        alone = len(set(cores)) == 1 and len(following) >= _WORDS
        return alone or _mostly(_MARKED.search(core[:-1]) for core in cores)
    if name == "group":
        return _mostly(
            _MARKED.search(core[1:-1]) or (core[0] == "[" and not _CAPITALS.fullmatch(core)) for core in cores
        )
    return name != "cell" or _mostly(_MARKED.search(core.rstrip("| ")) for core in cores)


def _mostly(answers: Iterable[object]) -> bool:
    said = [bool(answer) for answer in answers]
    return sum(said) * 2 >= len(said)


def _ends(elements: Sequence[str]) -> bool:
    """Whether a prefix may end here: numbers, groups and separators belong to it only behind a time or a level."""
    return bool({"time", "level", "named"} & set(elements))


def _layout(elements: Sequence[str], pieces: Sequence[str], *, lettered: bool) -> Layout:
    complete = re.compile(_nested(elements, pieces, "(?P<all>)"))
    pattern = _nested(elements, pieces)
    compiled = re.compile(pattern)
    times = [place for place, name in enumerate(elements) if name == "time"]
    says = "level" if "level" in elements else "time" if lettered and len(times) == 1 else ""
    level = elements.index(says) if says else 0
    return Layout(
        elements=tuple(elements),
        pattern=pattern,
        to_level=(_nested(elements[:level], pieces), _nested(elements[: level + 1], pieces)),
        to_time=re.compile(_nested(elements[: times[-1] + 1] if times else [], pieces)),
        level=compiled.groupindex.get(says),
        time_=compiled.groupindex.get("time"),
        compiled=compiled,
        complete=complete,
    )


def _nested(elements: Sequence[str], pieces: Sequence[str], end: str = "") -> str:
    pattern = end
    for name, piece in reversed(list(zip(elements, pieces, strict=False))):
        pattern = f"(?:(?P<{name}>{piece}){pattern})?" if name in ("time", "level") else f"(?:{piece}{pattern})?"
    return _once(f"^{pattern}")


def _once(pattern: str) -> str:
    """A group may have a name only once: the last time of several is the one that is read."""
    head, _, tail = pattern.rpartition("(?P<time>")
    return head.replace("(?P<time>", "(?:") + "(?P<time>" + tail if head else pattern
