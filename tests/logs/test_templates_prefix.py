"""The prefix of a log's lines is found from the lines, whatever the layout."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry
from shakeout.logs.templates import TemplateMiner, layout_of

_MESSAGES = (
    "Accepted link from 10.0.0.7 port 4022",
    "worker started",
    "cache: 12 entries dropped in 3 ms",
    "[server: 9] power event",
    "Connection reset by peer",
    "12 parity errors corrected",
    "disk /dev/sda1 is full",
    "user alice signed in",
    "retrying: attempt 3 of 5",
)

_LAYOUTS = {
    "compact": "0811{d} 2036{s} {n} {level} store.Node$Reply: {m}",
    "log4j": "2026-07-{d} 17:41:{s},747 - {level}  [Peer[id={n}]/0:0:0:0:0:0:0:0:2181:Election@774] - {m}",
    "short date": "26/06/{d} 20:10:{s} {level} executor.Backend: {m}",
    "thread": "2026-10-{d} 15:37:{s},547 {level} [main] com.example.impl.Config: {m}",
    "thread with spaces": "2026-10-{d} 15:37:{s},547 {level} [Handler {n} on 6227] com.example.Bus: {m}",
    "machine room": "- 11178385{s} 2026.06.{d} R02-M{n}-C 2026-06-{d}-15.42.{s}.36 R02-M{n}-C RAS KERN {level} {m}",
    "columns": "{n} node-{n} unix.hw state_change.{w} 10778047{s} 1 {m}",
    "syslog": "Jun {d} 15:16:{s} combo app(pam)[{n}]: {m}",
    "syslog without number": "Jun {d} 15:16:{s} combo app: {m}",
    "cluster syslog": "- 11315664{s} 2026.11.{d} dn{n} Nov {d} 12:01:{s} dn{n}/dn{n} crond[{n}]: {m}",
    "padded": "2026-09-{d} 04:30:{s}, {Level}                  CBS    {m}",
    "handset": "03-{d} 16:13:{s}.811  {n}  2395 {l} WindowThing: {m}",
    "bars": "202612{d}-22:15:{s}:606|Step_LSC|30002312|{m}",
    "brackets": "[Sun Dec {d} 04:47:{s} 2026] [{lower}] {m}",
    "program": "[10.{d} 16:49:{s}] chrome.exe - {m}",
    "request": "api.log.1.2026-05-16 2026-05-{d} 00:00:{s}.008 {n} {level} nova.api.server [req-{n}a - - -] {m}",
    "iso": "2026-05-{d}T00:00:{s}.008Z {level} {m}",
    "iso and brackets": "[2026-05-{d}T00:00:{s}+02:00] [{level}] [{n}] {m}",
    "python": "2026-05-{d} 00:00:{s},123 - app.db - {level} - {m}",
    "level first": "{level}: 2026-05-{d} 00:00:{s}: app.db: {m}",
    "level only": "{level}:     {m}",
    "compose": "backend-1  | 2026-05-{d} 00:00:{s} {level} {m}",
    "glog": "{I}05{d} 00:00:{s}.123456 {n} server.cc:12] {m}",
}


def _lines(layout: str, *, count: int = 300) -> tuple[list[str], list[str]]:
    rng = random.Random(layout)
    messages = [rng.choice(_MESSAGES) for _ in range(count)]
    lines = []
    for message in messages:
        level = rng.choice(["INFO", "INFO", "WARN", "ERROR"])
        lines.append(
            layout.format(
                m=message,
                level=level,
                Level=level.title(),
                lower=level.lower(),
                l=level[0],
                I=level[0],
                n=rng.randint(1, 999),
                d=rng.randint(10, 28),
                s=rng.randint(10, 59),
                w=rng.choice(["up", "down"]),
            )
        )
    return lines, messages


@pytest.mark.parametrize("name", sorted(_LAYOUTS))
def test_the_message_is_what_stands_behind_the_prefix(name: str) -> None:
    lines, messages = _lines(_LAYOUTS[name])
    layout = layout_of(lines)
    assert layout is not None
    assert [layout.bare(line) for line in lines] == messages


@pytest.mark.parametrize("name", sorted(_LAYOUTS))
def test_the_column_is_cut_as_the_line_is(name: str) -> None:
    lines, messages = _lines(_LAYOUTS[name])
    miner, bare = TemplateMiner(), TemplateMiner()
    miner.add_lines(lines, layout=layout_of(lines))
    bare.add_lines(messages)
    assert [(t.text, t.count) for t in miner.snapshot()] == [(t.text, t.count) for t in bare.snapshot()]


def test_bare_messages_have_no_prefix() -> None:
    assert layout_of([message for message in _MESSAGES for _ in range(20)]) is None


def test_times_and_severities_are_read_from_the_prefix() -> None:
    lines = [f"2026-05-1{at} 08:00:00 {'ERROR' if at % 3 == 0 else 'INFO'} request {at} done" for at in range(9)]
    miner = TemplateMiner()
    miner.add_lines(lines, layout=layout_of(lines))
    (template,) = miner.snapshot()
    assert template.first == datetime(2026, 5, 10, 8, tzinfo=UTC)
    assert template.last == datetime(2026, 5, 18, 8, tzinfo=UTC)
    assert dict(template.severities) == {"ERROR": 3, "INFO": 6}


def _added(lines: list[str], way: str) -> TemplateMiner:
    miner = TemplateMiner()
    layout = layout_of(lines)
    if way == "bytes":
        miner.add_blocks(["\n".join(lines).encode()], path="-", layout=layout)
    else:
        miner.add_lines(lines, layout=layout)
    return miner


@pytest.mark.parametrize("way", ["bytes", "lines"])
@pytest.mark.parametrize("zone", ["+02:00", "+0200", ",5+02:00"])
def test_times_are_of_utc(way: str, zone: str) -> None:
    (found,) = _added([f"2026-05-16T10:0{at}:00{zone} INFO pump {at} primed" for at in range(9)], way).snapshot()
    assert found.first is not None
    assert (found.first.isoformat()[:16], found.first.tzinfo) == ("2026-05-16T08:00", UTC)


@pytest.mark.parametrize("way", ["bytes", "lines"])
def test_lines_without_a_prefix_say_nothing_of_the_time(way: str) -> None:
    lines = [f"2026-05-16 10:00:{at} INFO pump {at} primed" for at in range(10, 50)]
    lines[:2] = lines[-2:] = ["pump 7 primed"] * 2
    (found,) = _added(lines, way).snapshot()
    assert found.count == 40
    assert (found.first, found.last) == (
        datetime(2026, 5, 16, 10, 0, 12, tzinfo=UTC), datetime(2026, 5, 16, 10, 0, 47, tzinfo=UTC),
    )  # fmt: skip


def test_entries_between_lines_leave_the_prefix_of_these_alone() -> None:
    lines = [f"2026-05-16 10:00:{at} INFO pump {at} primed" for at in range(10, 50)]
    miner = TemplateMiner()
    for _ in range(2):
        miner.add_blocks(["\n".join(lines).encode()], path="-", layout=layout_of(lines))
        miner.add_entries([LogEntry(message="tide turned", locator=Locator(source="log", path="-"))])
    assert {found.text: found.count for found in miner.snapshot()} == {"pump <*> primed": 80, "tide turned": 2}


_NOT_OF_THE_PREFIX = {
    "a statement with a colon": ("{t} INFO {m}: nightly-{n}", ["Job started", "Job finished", "Job failed"]),
    "the same behind a level in brackets": ("{t} [INFO] {m}: {n}", ["upload complete", "upload failed", "disk full"]),
    "one word with a colon": ("{t} INFO {m}: order {n}", ["failed", "done", "retrying"]),
    "one word in parentheses": ("{t} INFO ({m}) order {n}", ["created", "cancelled", "refunded"]),
    "a code in brackets": ("{t} INFO [{m}] peer {n}", ["CONNECT", "REFUSE", "RESET"]),
    "a word before a bar": ("{t} INFO {m} | peer {n}", ["OPEN", "FAIL", "LOST"]),
    "a word before two spaces": ("{t} INFO {m}  peer {n}", ["OPEN", "FAIL", "LOST"]),
    "words like levels": ("{t} {m} failure code {n}", ["login", "payment", "upload"]),
    "words like levels with a colon": ("{t} {m} warning: sensor {n}", ["Disk", "Net", "Fan"]),
    "a word like a level at the beginning": (
        "{t} {m} pressed {n} times",
        ["Panic button", "Alert bell", "Notice board"],
    ),
    "words before a time": ("Job {m} at {t} with {n}", ["failed", "finished", "waited"]),
}


@pytest.mark.parametrize("name", sorted(_NOT_OF_THE_PREFIX))
def test_what_happened_is_no_part_of_the_prefix(name: str) -> None:
    line, said = _NOT_OF_THE_PREFIX[name]
    rng = random.Random(name)
    lines = [line.format(t=f"2026-03-05 09:10:{n % 60:02d}", m=rng.choice(said), n=n) for n in range(600)]
    assert len(_added(lines, "bytes").snapshot()) == len(said)


_OF_THE_PREFIX = {
    "a plain name that all lines have": "{t},123 INFO root: {m} {n}",
    "a plain process of syslog": "Jun 14 15:16:{s} combo kernel: {m} {n}",
    "a few plain ones among others": "{t} web-1 {p}: {m} {n}",
    "plain threads": "{t} INFO [{q}] com.example.Db: {m} {n}",
    "a service and a bar": "{p}-1  | {t} INFO {m} {n}",
}


@pytest.mark.parametrize("name", sorted(_OF_THE_PREFIX))
def test_names_of_threads_processes_and_components_are_of_the_prefix(name: str) -> None:
    rng = random.Random(name)
    lines = [
        _OF_THE_PREFIX[name].format(
            t=f"2026-03-05 09:10:{n % 60:02d}",
            s=f"{n % 60:02d}",
            m=rng.choice(["opened", "closed", "moved"]),
            n=n,
            p=rng.choice(["sshd[77]", "kernel", "cron[5]"]),
            q=rng.choice(["main", "worker-3", "http"]),
        )
        for n in range(600)
    ]
    assert {found.text for found in _added(lines, "bytes").snapshot()} == {"opened <*>", "closed <*>", "moved <*>"}


def test_lines_of_traces_hide_no_prefix() -> None:
    lines = [f"2026-03-05 09:10:{n % 60:02d} ERROR [main] com.example.Db: lost {n}" for n in range(100)]
    lines = [part for line in lines for part in (line, *["\tat com.example.Db.open(Db.java:7)"] * 3)]
    found = {found.text: (found.count, dict(found.severities)) for found in _added(lines, "bytes").snapshot()}
    assert found["lost <*>"] == (100, {"ERROR": 100})


@pytest.mark.parametrize("way", ["bytes", "lines"])
def test_a_letter_in_front_of_the_time_is_the_level(way: str) -> None:
    lines = [f"{'E' if n % 3 else 'I'}0516 10:00:00.12345{n % 10} 1 server.go:7] pump {n} primed" for n in range(30)]
    (found,) = _added(lines, way).snapshot()
    assert (found.text, dict(found.severities)) == ("pump <*> primed", {"ERROR": 20, "INFO": 10})
