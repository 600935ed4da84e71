"""Parts of a line that are one value however long they are, and what looks like them but says something."""

from __future__ import annotations

import pytest

from shakeout.logs.templates import TemplateMiner
from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.names import names_of
from shakeout.logs.templates.whole import whole


def _found(lines: list[str]) -> dict[str, int]:
    miner = TemplateMiner()
    miner.add_lines(lines)
    return {template.text: template.count for template in miner.snapshot()}


_ONE_EVENT = {
    "settings with a further one": [
        "gate stuck half open, lock: west, keeper: bob, barge: old",
        'gate stuck half open, lock: west, keeper: "Bob B", barge: old, cargo: "oak logs"',
    ],
    "what a database is asked": [
        "sluice query: SELECT level FROM locks WHERE id = 7",
        "sluice query: DELETE FROM barges",
        "sluice query: COMMIT",
    ],
    "what a database is asked by name": [
        "asked to execute s_7: UPDATE locks SET level = 3",
        "asked to execute <none>: WITH tall AS (SELECT 1) SELECT * FROM tall",
    ],
    "objects": [
        'barge moored with={"mate": "jo", "load": {"oak": 7}} at dusk',
        'barge moored with={"mate": "al", "load": {"tin": 1, "lead": {"kind": "bar"}}, "flag": "red"} at dusk',
    ],
    "results": [f"haul took 7 s: {what}" for what in ("None", "True", "'late'", "['oak', 'tin']", "{'oak': 3}")],
    "returned values": [f"what the crane returned: {what}" for what in ("None", "4", "[1, 2]", "'late'")],
    "addresses with and without an index": [
        "lock.west is dry",
        "lock.west[7] is dry",
        'lock.west["upper"] is dry',
        'canal.old[0].lock.east["lower"] is dry',
        "canal.old[1].lock.east is dry",
        "lock.north is dry",
        "lock.south is dry",
    ],
    "resource names": ["mooring arn:aws:iam::4417:role/mate freed", "mooring b7e1 freed", "mooring urn:isbn:77 freed"],
    "lists of names in brackets": [
        "barges asked for [oak]",
        "barges asked for [oak, tin-bars]",
        "barges asked for [tin, lead, 77]",
        "barges asked for [b7]",
    ],
    "lists in a call": ["freed Set(oak, tin) at dusk", "freed Set(tin, lead, 77) at dusk"],
    "letters put together by nobody": [
        "ticket rNTxqSNWkKazGsWVcvkoND sold",
        "ticket 77b1 sold",
    ],
    "letters put together by nobody but for one digit": ["ticket lkojmVjEIlFqIdhtPGqk3I sold", "ticket 77b1 sold"],
    "an empty address": ["letter from=<> lost", "letter from=<bob@example.com> lost"],
    "an empty index": ["barge crew[] has left", "barge crew[7] has left"],
    "empty quotes in quotes": [rf'"barge \"{name}\" left" deck=7' for name in ("", "b-7")],
    "empty quotes": ['barge named "" has left', 'barge named "b-7" has left'],
    "quotes within a quoted setting": [
        'sonde id=7 said="depth of \\"lock\\" unknown: mud"',
        'sonde id=8 said="asked \\"http://example.com/lock\\" twice: no answer"',
        'sonde id=9 said="all well"',
    ],
    "requests that a web server answered": [
        '10.0.0.7 - - [10/Oct/2026:13:55:36 +0000] "GET /lock HTTP/1.1" 200 712 "-" "curl/8.4.1"',
        '10.0.0.8 - bob [10/Oct/2026:13:55:39 +0000] "POST /lock/7/west?by=ann HTTP/2.0" 304 - '
        '"https://example.com/x" "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"',
        '10.0.0.9 - - [10/Oct/2026:13:55:40 +0000] "HEAD / HTTP/1.1" 500 0 "-" "-"',
    ],
    "clients of two kinds": [
        "asked by sonde-pump/2.1 (lock; west) oaklib/7.0 at dusk",
        "asked by crane/7.2.1 at dusk",
    ],
    "stand-ins": [
        "barge sent to lock/<NONE> at dusk",
        "barge sent to <unknown> at dusk",
        "barge sent to 10.0.0.7 at dusk",
    ],
    "numbers and what is no number": [
        "level read as 7 at noon",
        "level read as None at noon",
        "level read as True at noon",
    ],
    "names joined by underscores in quotes": ['loaded "oak_logs" onto deck', 'loaded "oak_s7_logs" onto deck'],
}


@pytest.mark.parametrize("name", sorted(_ONE_EVENT))
def test_these_are_one_event(name: str) -> None:
    assert len(_found(_ONE_EVENT[name])) == 1


_TWO_EVENTS = {
    "what is said in front of settings": [
        f"gate {what}, lock: west, keeper: bob, barge: old" for what in ("stuck half open", "shut")
    ],
    "two settings": ["gate stuck, lock: west, keeper: bob", "gate stuck, lock: west, keeper: bob, barge: old"],
    "a setting that says something": [
        f"gate stuck, lock: w7, keeper: b8, reason: {why}" for why in ("mud", "ice and snow")
    ],
    "states in settings": [
        f"gate has moved, from: {a}, to: {b}, lock: w7" for a, b in (("OPEN", "SHUT"), ("SHUT", "OPEN"))
    ],
    "objects that say what is done": [
        f'canal gate was moved by={{"action": "{what}", "lock": 7}}' for what in ("open", "shut")
    ],
    "objects alone": [f'canal={{"type": "{what}", "lock": 7}}' for what in ("open", "shut")],
    "states in brackets": [f"state of kiln 7: [{what}]" for what in ("hot", "cold")],
    "sides of a switch": [f"glaze of kiln 7: {what}" for what in ("True", "False")],
    "records of no request": [f"w7 10 20 30 40 50 60 70 80 90 100 {what}" for what in ("high", "low")],
    "settings alone": [f"deed: {what}, lock: w7, keeper: b8, barge: 3" for what in ("open", "close")],
    "words of a database elsewhere": [f"keeper: {verb} of the lock 7" for verb in ("CREATE", "DROP")],
    "objects that say something": [
        f'canal:{{"msg": "{what}", "lock": 7}}' for what in ("gate stuck half open", "gate shut")
    ],
    "a result without a value": ["haul done: True", "haul done: None"],
    "names with the number of a process": ["keeper[7]: gate is shut", "keeper[8]: barge has left"],
    "names of classes": [f"{name} is done" for name in ("BargeMooringRequestHandler", "BargeLeavingRequestHandler")],
    "two things said in parentheses": ["gate is shut (locked, greased)", "gate is shut (greased)"],
    "dotted names without an index": ["lock.west is dry", "lock.east is dry"],
    "requests of clients that nothing is said of": [
        f'10.0.0.7 - - [10/Oct/2026:13:55:36 +0000] "{method} /lock/{method}/7 HTTP/1.1" 200 712 7 9 12 w7'
        for method in ("GET", "POST")
    ],
    "two words in a row among numbers": [
        f"w7 10 20 30 40 50 60 gate {what} 70 80 90 100 110 120 130" for what in ("shut", "stuck")
    ],
    "as many words as numbers": [f"a 1 b 2 c 3 {what} 4 e 5 f 6 g 7 h 8 i 9" for what in ("shut", "stuck")],
    "a request and what became of it": [f'"GET /lock HTTP/1.1" status: {what} 7 9 11' for what in ("ok", "late")],
    "what a setting that says something has in brackets": [f"kiln 7 error: [{why}]" for why in ("ENOGAS", "EWET")],
    "texts in quotes": [f"kiln 7 said: '{why}'" for why in ("gas ran low", "door stuck")],
    "camels in quotes": ["started 'bargeFinder' on deck 7", "started 'oak7.LogLoader' on deck 8"],
}


@pytest.mark.parametrize("name", sorted(_TWO_EVENTS))
def test_these_are_two(name: str) -> None:
    assert len(_found(_TWO_EVENTS[name])) == 2


_CODES = {
    "behind the first word": ([f"Took {code} from barge-7" for code in ("HAIL", "MOOR", "PART")], 3),
    "behind what an event is about": ([f"signal of lock 7 shows {code} at 9" for code in ("HAIL", "MOOR", "PART")], 1),
    "at the end of what is said in quotes": ([f'"Flag {code}" lock="w7"' for code in ("UP", "HALF", "GONE")], 3),
}


@pytest.mark.parametrize("name", sorted(_CODES))
def test_codes_tell_events_apart_where_they_are_what_happened(name: str) -> None:
    lines, events = _CODES[name]
    assert len(_found(lines)) == events


def test_lines_that_differ_in_values_alone_beside_it_prove_no_word_a_name() -> None:
    verbs = ("Paint", "Repair", "Refit")
    rows = [
        (head, verb, "done", "id", tail) for head in (SIGN, "lock") for verb in verbs for tail in (SIGN, f"i{SIGN}")
    ]
    assert names_of(rows) == frozenset()
    assert names_of([*rows, *(("left", verb, "of", SIGN, "id") for verb in verbs)]) == set(verbs)


@pytest.mark.parametrize(
    "part",
    [
        'x={"a":',
        "b: c, ",
        ": 'a",
        "a.b[",
        "a, ",
        "(a",
        "[a, ",
        ': SELECT "',
        "aB",
        "}{",
        'a="\\',
        "arn:",
        "a.",
        "a/<",
        f"x/{SIGN} (",
        f"a {SIGN} ",
    ],
)
def test_a_long_text_is_read_before_the_time_limit_of_tests(part: str) -> None:
    text = part * (200_000 // len(part))
    assert 0 < len(whole(text)) <= len(text)
