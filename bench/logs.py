"""Large logs made of samples: mixed, repeated, with prefixes, with random values."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.generated import Statements, samples
from bench.lines import SLOT, SLOTS, Sample

_DIGITS = "0123456789"
_VARIABLES = (("request", "hex", "16"), ("user", "random", "8"), ("host", "host", ""), ("file", "path", ""))


def prefixes_of(one: Sample, folder: Path | None) -> list[str]:
    """
    What stands before each line: as it is in the raw log of the same name, else as syslog would have it.

    Nothing if the raw log has other lines.
    """
    place = next(iter(sorted(folder.rglob(f"{one.name}_2k.log"))), None) if folder else None
    if place is None:
        return [f"Oct 11 22:14:{at % 60:02d} db-a app[{at}]: " for at in range(len(one.lines))]
    raw = place.read_text(encoding="utf-8", errors="replace").splitlines()
    ends = [line.rfind(text.strip()) for line, text in zip(raw, one.lines, strict=False)]
    if len(raw) != len(one.lines) or min(ends) < 0:
        return []
    return [line[:end] for line, end in zip(raw, ends, strict=True)]


def mixed(sets: Sequence[Sample]) -> list[str]:
    """The lines of all sets, shuffled."""
    mixed = [line for one in sets for line in one.lines]
    random.Random(1).shuffle(mixed)
    return mixed


def varied(sets: Sequence[Sample], count: int, *, behind: bool) -> Iterator[tuple[str, str]]:
    """
    `count` lines of all sets, with a random id, name, host and path, hardly any of which comes twice, and their events.

    They stand behind each line; or else one to three of them in front of it and behind, where depends on its event.
    """
    rng = random.Random(9)
    lines = [(line, f"{one.name} {number}") for one in sets for line, number in zip(one.lines, one.truth, strict=True)]
    random.Random(1).shuffle(lines)
    for line, event in itertools.islice(itertools.cycle(lines), count):
        values = [f"{name} {SLOTS[slot](rng, given)}" for name, slot, given in _VARIABLES]
        if behind:
            yield f"{line} ({' '.join(values)})", event
            continue
        chance = random.Random(event)
        chosen = chance.sample(values, chance.randint(1, 3))
        cut = chance.randint(0, len(chosen))
        yield " ".join((*chosen[:cut], line, *chosen[cut:])), event


def drawn(sets: Mapping[str, Statements], count: int) -> Iterator[tuple[str, str]]:
    """`count` lines of statements, where every variable is a random id, name, host or path, another on each line."""
    rng = random.Random(10)
    kinds = [f"{{{slot}:{given}}}" for _, slot, given in _VARIABLES]
    changed = {
        name: [(weight, SLOT.sub(lambda _: rng.choice(kinds), text)) for weight, text in statements]
        for name, statements in sets.items()
    }
    lines = [
        (line, f"{one.name} {number}")
        for one in samples(changed, lines=count // len(sets) + 1)
        for line, number in zip(one.lines, one.truth, strict=True)
    ]
    rng.shuffle(lines)
    return itertools.islice(lines, count)


def written(lines: Iterator[tuple[str, str]], path: Path) -> int:
    """Writes lines, given with their events; returns how many."""
    count = 0
    with path.open("w", encoding="utf-8", errors="replace") as file:
        for line, _ in lines:
            file.write(f"{line}\n")
            count += 1
    return count


def repeated(lines: Sequence[str], path: Path, count: int, fronts: Sequence[str] = ()) -> int:
    """
    Writes `count` lines: the given ones again and again, each time with its digits exchanged for others.

    The prefix of each stays what it is.
    """
    rng = random.Random(7)
    text = "\n".join(lines) + "\n"
    written = 0
    with path.open("w", encoding="utf-8", errors="replace") as file:
        while written < count:
            other = "".join(rng.sample(_DIGITS, 10))
            part = text.translate(str.maketrans(_DIGITS, other))
            if fronts:
                again = zip(fronts, part.split("\n"), strict=False)
                part = "".join(f"{prefix}{line}\n" for prefix, line in again)
            file.write(part)
            written += len(lines)
    return written


def with_prefixes(lines: Sequence[str], path: Path, count: int) -> int:
    """As `repeated`, each with a time, a level, a thread and one of a hundred components in front of it."""
    rng = random.Random(11)
    fronts = [
        f"2026-03-{rng.randint(1, 28):02d} {rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d},"
        f"{rng.randint(0, 999):03d} {rng.choice(('INFO', 'INFO', 'DEBUG', 'WARN', 'ERROR'))} "
        f"[worker-{rng.randint(1, 40)}] app.part{rng.randint(1, 100)}.Main: "
        for _ in lines
    ]
    return repeated(lines, path, count, fronts)
