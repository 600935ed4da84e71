"""
Log templates: how exact, and how fast, against Drain3 with its default settings.

    python -m bench.templates [--lines N] [--quick | --memory]

With LOGHUB=DIR it reads every `*_2k.log_structured.csv` below DIR (columns Content, EventId, EventTemplate; and the raw
`*_2k.log` beside it, to measure with the prefix left on), else the generated logs of `bench.generated`. It fetches
nothing. Both miners get the same bare lines in the same run; speed is measured in turn, one after the other, because
the load of a shared machine changes from minute to minute. Lines with prefixes are given to both as they are, and
shakeout finds out what to take off. Of each single log Drain3 gets the first lines only; of the mixed ones all, or as
many as it takes in some seconds: it becomes slower as its tree grows, so that fewer lines flatter it, and both are
shown. One column divides by processor time, which load changes less; it does not credit that shakeout uses all cores.
With --memory it says instead how much memory ten times as many lines take, in a process of their own. Tables go to
standard error; the last line of standard output is one JSON object.
"""

from __future__ import annotations

import argparse
import csv
import functools
import itertools
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from drain3 import TemplateMiner as Drain
from drain3.template_miner_config import TemplateMinerConfig

from bench.accuracy import Accuracy, accuracy
from bench.fresh import FRESH
from bench.generated import KNOWN, OTHER, Statements, samples
from bench.last import LAST
from bench.later import LATER
from bench.lines import Sample
from bench.logs import drawn as random_everywhere
from bench.logs import mixed, prefixes_of, repeated, varied, with_prefixes, written
from bench.unseen import UNSEEN
from shakeout.logs.templates import TemplateMiner, mine

_ROUNDS = 3
_CROWDED = 60_000
_SHARE = 20_000
"""The first lines of each log, which are all that Drain3 is given of a single one for its speed."""
_PATIENCE = 20.0
"""Seconds of the processor that Drain3 may take for a mixed log; its speed is that of the lines done by then."""
_FIGURES: dict[str, object] = {}
_show = functools.partial(print, file=sys.stderr, flush=True)


def main() -> None:
    """Prints tables: accuracy, accuracy on large logs of many names, speed on each log and on mixed ones."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of the mixed log")
    parser.add_argument("--quick", action="store_true", help="accuracy only")
    parser.add_argument("--memory", action="store_true", help="peak memory at ten times as many lines, nothing else")
    _measure(parser.parse_args(), os.environ.get("LOGHUB"))
    print(json.dumps(_FIGURES))


def _measure(given: argparse.Namespace, folder: str | None) -> None:
    if given.memory:
        _memory(list(_loghub(Path(folder))) if folder else samples(KNOWN) + samples(OTHER), given.lines * 10)
        return
    if folder:
        sets = list(_loghub(Path(folder)))
        _accuracies("Loghub samples", sets, Path(folder))
    else:
        sets = samples(KNOWN)
        _accuracies("generated, in the manner of known logs", sets)
        others = samples(OTHER)
        _accuracies("generated, like none of them", others)
        _accuracies("generated later than the first rules", samples(LATER))
        _accuracies("generated later than all rules but one", samples(LAST))
        _accuracies("generated later than all rules", samples(UNSEEN))
        _accuracies("generated from what well-known programs print, looked into since", samples(FRESH))
        sets += others
    drawn = {} if folder else KNOWN | OTHER
    _crowds(sets, drawn)
    if not given.quick:
        if not folder:
            sets = samples(KNOWN, lines=20_000) + samples(OTHER, lines=20_000)
        with tempfile.TemporaryDirectory() as place:
            _speeds(sets, Path(place), given.lines, drawn, Path(folder) if folder else None)


def _loghub(folder: Path) -> Iterator[Sample]:
    for path in sorted(folder.rglob("*_2k.log_structured.csv")):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = list(csv.DictReader(file))
        numbers = {name: number for number, name in enumerate(dict.fromkeys(row["EventId"] for row in rows))}
        texts = {numbers[row["EventId"]]: row["EventTemplate"] for row in rows}
        yield Sample(
            name=path.name.removesuffix("_2k.log_structured.csv"),
            lines=[row["Content"] for row in rows],
            truth=[numbers[row["EventId"]] for row in rows],
            statements=[texts[number] for number in range(len(numbers))],
        )


def _accuracies(title: str, sets: Sequence[Sample], raw: Path | None = None) -> None:
    _show(f"\n## Accuracy: {title}\n")
    _show("| log | events | found | GA | FGA | PA | GA of raw lines | Drain3 GA | Drain3 FGA |")
    _show("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    total: list[tuple[float, ...]] = []
    for one in sets:
        ours, found = _ours(one)
        theirs = _drains(one)
        bare = _raw(one, raw)
        row = (ours.grouping, ours.f1, ours.parsing, bare, theirs.grouping, theirs.f1)
        total.append(row)
        _show(f"| {one.name} | {len(set(one.truth))} | {found} | " + " | ".join(f"{value:.3f}" for value in row) + " |")
    measured = [[value for value in column if not math.isnan(value)] for column in zip(*total, strict=True)]
    means = [sum(column) / len(column) if column else float("nan") for column in measured]
    _FIGURES[f"accuracy, {title}"] = dict(
        zip(("GA", "FGA", "PA", "GA raw", "Drain3 GA", "Drain3 FGA"), means, strict=True)
    )
    _show("| **mean** | | | " + " | ".join(f"**{value:.3f}**" for value in means) + " |")


def _crowds(sets: Sequence[Sample], drawn: Mapping[str, Statements]) -> None:
    """Accuracy on large logs where a new name is on every line."""
    _show(f"\n## Accuracy: all of these in one log of {_CROWDED:,} lines, a random id, name, host and path in each\n")
    _show("| log | events | found | GA | FGA | counts | Drain3 GA | Drain3 FGA |")
    _show("| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |")
    logs = {
        "variables behind": varied(sets, _CROWDED, behind=True),
        "variables around": varied(sets, _CROWDED, behind=False),
    }
    if drawn:
        logs["every variable random"] = random_everywhere(drawn, _CROWDED)
    for name, log in logs.items():
        lines, events = zip(*log, strict=True)
        miner = TemplateMiner(numbered=True)
        miner.add_lines(lines)
        ids = [str(number) for column in miner.numbers() for number in column]
        drain = Drain(config=TemplateMinerConfig())
        theirs = [drain.add_log_message(line)["cluster_id"] for line in lines]
        texts = [""] * len(lines)
        ours, others = (accuracy(events, found, (texts, texts)) for found in (ids, theirs))
        row = (name, len(set(events)), len(miner.snapshot()))
        scores = (f"{ours.grouping:.3f}", f"{ours.f1:.3f}", "estimated" if miner.overflowed else "exact")
        _FIGURES[f"accuracy, many names, {row[0]}"] = {
            "GA": ours.grouping, "FGA": ours.f1, "Drain3 GA": others.grouping, "Drain3 FGA": others.f1,
        }  # fmt: skip
        _show("| " + " | ".join(map(str, (*row, *scores, f"{others.grouping:.3f}", f"{others.f1:.3f}"))) + " |")


def _ours(one: Sample) -> tuple[Accuracy, int]:
    miner = TemplateMiner(numbered=True)
    miner.add_lines(one.lines)
    ids = [str(number) for column in miner.numbers() for number in column]
    texts = {template.id: template.text for template in miner.snapshot()}
    true = [one.statements[number] for number in one.truth]
    return accuracy(one.truth, ids, (true, [texts[number] for number in ids])), len(texts)


def _drains(one: Sample) -> Accuracy:
    drain = Drain(config=TemplateMinerConfig())
    ids = [drain.add_log_message(line)["cluster_id"] for line in one.lines]
    texts = {cluster.cluster_id: cluster.get_template() for cluster in drain.drain.clusters}
    true = [one.statements[number] for number in one.truth]
    return accuracy(one.truth, ids, (true, [texts[number] for number in ids]))


def _raw(one: Sample, folder: Path | None) -> float:
    """GA where the prefix is left on the lines, to be found and taken off."""
    prefixes = prefixes_of(one, folder)
    if not prefixes:
        return float("nan")
    miner = TemplateMiner(numbered=True)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch, "raw.log")
        lines = zip(prefixes, one.lines, strict=True)
        place.write_text("".join(f"{prefix}{line}\n" for prefix, line in lines), encoding="utf-8")
        mine(place, miner)
    ids = [str(number) for column in miner.numbers() for number in column]
    if len(ids) != len(one.truth):
        return float("nan")
    return accuracy(one.truth, ids, ([""] * len(ids), [""] * len(ids))).grouping


def _speeds(
    sets: Sequence[Sample], place: Path, count: int, drawn: Mapping[str, Statements], folder: Path | None
) -> None:
    _show("\n## Speed on each log: file to ids, lines/s\n")
    _show(
        f"| log | lines | shakeout | Drain3, first {_SHARE:,} | times | times for each second of processor "
        "| shakeout, with its prefixes | times |"
    )
    _show("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    slowest = float("inf")
    for one in sets:
        path, raw = place / "one.log", place / "raw.log"
        size = repeated(one.lines, path, count // 2)
        repeated(one.lines, raw, count // 2, prefixes_of(one, folder))
        slowest = min(slowest, _pair(one.name, path, raw, size))
    _show("\n## Speed on mixed logs: file to ids, lines/s\n")
    _show(
        f"| log | lines | shakeout | Drain3, first {_SHARE:,} | times | Drain3 | of so many lines | times "
        "| times for each second of processor |"
    )
    _show("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    path = place / "mixed.log"
    _pair_whole("mixed", path, repeated(mixed(sets), path, count))
    if drawn:
        _pair_whole("mixed, every variable random", path, written(random_everywhere(drawn, count), path))
    _pair_whole("mixed, with prefixes", path, with_prefixes(mixed(sets), path, count), content=False)
    _pair_whole("mixed, variables behind", path, written(varied(sets, count, behind=True), path))
    _pair_whole("mixed, variables around", path, written(varied(sets, count, behind=False), path))
    _show(f"\nslowest log: {slowest:,.0f} lines/s; peak memory: {_megabytes():.0f} MB, with Drain3 in the process")
    _FIGURES["slowest log, lines/s"] = slowest


def _memory(sets: Sequence[Sample], count: int) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from shakeout.logs.templates import TemplateMiner, mine;"
        "miner = TemplateMiner(numbered=True); mine(Path(sys.argv[1]), miner, content=sys.argv[2] == 'bare');"
        "counted = sum(len(column) for column in miner.numbers());"
        "print(counted, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    for kind, write in (("bare", repeated), ("with prefixes", with_prefixes)):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place, "mixed.log")
            size = write(mixed(sets), path, count)
            command = [sys.executable, "-c", script, str(path), kind]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        counted, megabytes = done.stdout.split()
        _FIGURES[f"memory, {kind}"] = {"lines": size, "lines with an id": int(counted), "MB": int(megabytes)}
        _show(f"{size:,} lines {kind}, {int(counted):,} with an id: peak memory {megabytes} MB")


def _pair(name: str, path: Path, raw: Path, count: int) -> float:
    """Measures both in turn on a single log, on the bare messages and on lines with prefixes."""
    speeds: list[float] = []
    told: list[str] = []
    for log in (path, raw):
        with log.open(encoding="utf-8", errors="replace") as file:
            sample = [line.rstrip("\n") for line in itertools.islice(file, _SHARE)]
        ours, our_effort = _our_speed(log, content=log is path)
        theirs, their_effort, _ = _drains_speed(sample)
        speeds.append(ours)
        if log is path:
            told += [f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.1f}", f"{our_effort / their_effort:.1f}"]
        else:
            told += [f"{ours:,.0f}", f"{ours / theirs:.1f}"]
    _show(f"| {name} | {count:,} | {' | '.join(told)} |")
    return min(speeds)


def _pair_whole(name: str, path: Path, count: int, *, content: bool = True) -> None:
    """Measures both in turn on all lines, with Drain3 on the first ones beside; medians over the rounds."""
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = [line.rstrip("\n") for line in file]
    rounds: list[tuple[float, ...]] = []
    for _ in range(_ROUNDS):
        ours, effort = _our_speed(path, content=content)
        first, _, _ = _drains_speed(lines[:_SHARE])
        whole, its_effort, done = _drains_speed(lines)
        rounds.append((ours, first, ours / first, whole, done, ours / whole, effort / its_effort))
    ours, first, times_first, whole, done, times, efforts = (
        statistics.median(column) for column in zip(*rounds, strict=True)
    )
    row = f"{ours:,.0f} | {first:,.0f} | {times_first:.1f} | {whole:,.0f} | {done:,.0f} | {times:.1f} | {efforts:.1f}"
    _show(f"| **{name}** | {count:,} | {row} |")
    _FIGURES[f"speed, {name}"] = {
        "lines/s": ours, "times Drain3 on the first lines": times_first, "times Drain3": times,
        "times Drain3 by processor": efforts, "lines that Drain3 did": done,
    }  # fmt: skip


def _our_speed(path: Path, *, content: bool) -> tuple[float, float]:
    """Lines for each second of the clock, and of the processor; `content`: they have no prefix."""
    began, busy = time.perf_counter(), time.process_time()
    miner = TemplateMiner(numbered=True)
    mine(path, miner, content=content)
    seen = sum(len(column) for column in miner.numbers())
    return seen / (time.perf_counter() - began), seen / (time.process_time() - busy)


def _drains_speed(lines: Sequence[str]) -> tuple[float, float, int]:
    """Lines for each second of the clock, and of the processor; and how many were done before patience ended."""
    began, busy = time.perf_counter(), time.process_time()
    drain = Drain(config=TemplateMinerConfig())
    done = 0
    for start in range(0, len(lines), 1000):
        part = lines[start : start + 1000]
        for line in part:
            drain.add_log_message(line)
        done += len(part)
        if time.process_time() - busy > _PATIENCE:
            break
    return done / (time.perf_counter() - began), done / (time.process_time() - busy), done


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
