"""Which words of a line are values, and which tell events apart."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from shakeout.logs.templates import TemplateMiner
from shakeout.logs.templates.names import names_of
from shakeout.logs.templates.shape import tokens


def _found(lines: Iterable[str]) -> dict[str, int]:
    miner = TemplateMiner()
    miner.add_lines(lines)
    return {template.text: template.count for template in miner.snapshot()}


NAMES = ("north", "south", "east", "west")
PEOPLE = ("ann", "bob", "cid", "dan", "eva", "fay", "gus")

_ONE_EVENT = {
    "an empty value": [
        "no such user bob from 10.0.0.7",
        "no such user eve from 10.0.0.8",
        "no such user  from 10.0.0.9",
    ],
    "a field of names, one with a number": [f"7|{name}|pump primed" for name in ("mate-1", "bosun")],
    "a quoted setting": [f'berth {at} taken by="{who}"' for at, who in enumerate(("Old Ann", "Blue Boat"))],
    "hosts without a domain": [
        "cache.example.com:80 refused the third call",
        "queue.example.org:80 refused the third call",
        "localhost:81 refused the third call",
    ],
    "all that follows the last setting": [
        *(f"Crane setting {name}.{name[:2]}={number}" for number, name in enumerate(("boom", "hook", "winch", "cab"))),
        "Crane setting maker.name=Lever and Sons, built on the quay",
    ],
    "masked numbers": ["card ****4417. was read", "card 5512. was read"],
    "ports that are not known": ["asked db.example.com:-1 again", "asked db.example.com:5432 again"],
    "devices counted from zero": ["link of eth0 is up", "link of eth1 is up"],
    "three devices": ["disk vol3 attached", "disk vol4 attached", "disk vol7 attached"],
    "names with a number": ["mailer(17) denied write", "indexer(4) denied write", "backup(231) denied write"],
    "the root path": ['"GET / HTTP/1.1" 200', '"GET /status/live HTTP/1.1" 200', '"GET /metrics HTTP/1.1" 200'],
    "hardware addresses": ["offer to 8e:ab:12:cc:33:bb made", "offer to aa:bb:12:cc:33:05 made"],
    "fields between bars": ["seen 0|com.example.shop|7|null", "seen 0|com.example.mail|9|null", "seen 0|desk|2|null"],
    "an address before a colon": ["sync://a/b1: no answer for 3 s", "sync://c/d: no answer for 4 s"],
    "escaped quotes": [r"unit \042fan3\042 lost (id=7)", r"unit \042rack:12:7-b\042 lost (id=9)"],
    "a share": [r"opened \\nas1\log\a.txt again", r"opened \\nas2\etc\b.txt again"],
    "numbered files": ["wrote part-0007.gz to disk", "wrote trace_12.log to disk"],
    "three ways of one verb, beside a value": [
        f"ferry {n} moored at {name} pier" for n, name in enumerate(("west", "old", "long"))
    ],
    "three ways beside a name": [
        f"lot {name} sold by {by}"
        for name in ("kestrel", "osprey", "merlin", "hobby", "harrier", "buzzard")
        for by in ("post", "phone", "hand")
    ],
    "codes of a line of settings": [
        f"cut ref={n} lane={n + 3} kg={n}.5 way={way} age={n}" for n, way in enumerate(("IN", "OUT", "IN"))
    ],
    "states of a line of settings": [
        f"buoy={n} tide={n + 3} swell={n}.5 state={s}" for n, s in enumerate(("DRIFTING", "MOORED"))
    ],
    "settings that all have values": [
        f"asked page={n}, tongue={name}" for n, name in enumerate(("welsh", "manx", "breton"))
    ],
    "settings of which another has names": [
        f"asked mate={name}, tongue={tongue}" for name in (*PEOPLE, "jo") for tongue in ("welsh", "manx", "breton")
    ],
    "four reasons": [f"kiln {n} cooled early: {why}" for n, why in enumerate(("draught", "crack", "fuse", "doubt"))],
    "brackets that hold one word, where all else agrees": [
        f"the harvester could not finish this row [{why}]" for why in ("Stone", "Rain", "Dusk")
    ],
    "quotes of which one holds a number": ["grade of the wool is now 'A1'", "grade of the wool is now 'fine'"],
    "a subject, where all else agrees": [
        f"{name} (table of firmware, see the manual) at 0x{number:08x}"
        for number, name in enumerate(["RSDT", "FADT", "MADT", "HPET", "DSDT"])
    ],
}


@pytest.mark.parametrize("name", sorted(_ONE_EVENT))
def test_these_differ_in_values_alone(name: str) -> None:
    assert len(_found(_ONE_EVENT[name])) == 1


_TWO_EVENTS = {
    "two spaces that stand for nothing": ["boot  (command 7)", "boot node (command 7)"],
    "versions": ["address of IPV4: 10.0.0.7", "address of IPV6: fe80::1"],
    "two functions": ["open(3) failed", "close(3) failed"],
    "dots that lead to a value": ["threshold of cache......3", "depth of cache......3"],
    "verbs at the beginning": [
        "Started unit a7 of the second data centre",
        "Stopped unit a7 of the second data centre",
    ],
    "a host without a domain, and little else": ["cache.example.com:80 refused", "localhost:81 refused"],
    "a setting among several": ["boom.bo=1", "boom.bo=2 hook.ho=steel wire"],
    "what is said in a quoted setting": [f'level=info msg="{what}" part=hull' for what in ("pump dry", "sail torn")],
    "two words at the side of one kind of line": ["pump dry (deck fore)", "pump dry (deck aft)"],
    "two ways": ["buyer 7 paid by card", "buyer 8 paid by cash"],
    "the sides of a switch": ["pump=7 rate=8 flow=9 cmd=CMD_ON", "pump=7 rate=8 flow=9 cmd=CMD_OFF"],
    "a bracket that stands alone": ["state ready (3)", "state idle (3)"],
}


@pytest.mark.parametrize("name", sorted(_TWO_EVENTS))
def test_these_are_two_events(name: str) -> None:
    assert len(_found(_TWO_EVENTS[name])) == 2


_EACH_AN_EVENT = {
    "words in front of a value": [f"ferry 7 passed {what} 12 at noon" for what in ("buoy", "wreck", "lock")],
    "phrases": [f"kiln 7 stopped by {why}" for why in ("hot air", "no gas", "old age")],
    "three texts behind a colon": [f"kiln 7 cooled early: {why}" for why in ("draught", "crack", "fuse")],
    "verbs": [f"kiln 7 was {what} today" for what in ("lighted", "opened", "emptied")],
    "what something is": [f"hatch {n} of the hold is {what}" for n, what in enumerate(("open", "shut", "half-open"))],
    "nothing beside them": [f"new pier {name}" for name in ("west", "old", "long")],
    "a setting beside a constant one": [
        f"refused; place={n} door=oak name={name}" for n, name in enumerate(("welsh", "manx", "breton"))
    ],
    "codes that change together": [
        f"kiln 7 went from {a} to {b}" for a, b in (("COLD", "WARM"), ("WARM", "HOT"), ("HOT", "SPENT"))
    ],
    "settings of few keys": [f"Crane setting {said}" for said in ("boom.bo=1", "hook.ho=2", "cab.ca=of oak and iron")],
    "axes": [f"arm 7 drifts along {axis} today" for axis in ("x+", "y+", "z+")],
}


@pytest.mark.parametrize("name", sorted(_EACH_AN_EVENT))
def test_these_are_events_each(name: str) -> None:
    assert len(_found(_EACH_AN_EVENT[name])) == 3


def test_names_that_differ_in_a_number_alone_are_kept_together_in_a_crowd() -> None:
    crowd = ["cooled after noon", "opened before dusk", "lighted until dawn", "emptied towards tea"]
    found = _found([f"Kiln {line}." for line in crowd] + [f"GATE{number} held for repair." for number in (3, 5, 8)])
    assert (len(found), found["<*> held for repair."]) == (5, 3)


def test_what_every_line_says_makes_no_two_events_one() -> None:
    said = ["kiln cold overnight", "pump dry twice", "crane hook seaward", "hatch shut firmly"]
    said += ["anchor cable slack", "ballast low aft", "cargo net down", "galley soap gone"]
    others = [" ".join(["again"] * words) for words in (*range(4, 25), 1)]
    lines = [
        f"{line} (asked by mate {who} of watch {who} in hold {who})" for line in [*said, *others] for who in (1, 2)
    ]
    assert len(_found(lines)) == len(said) + len(others)


def test_events_with_a_new_name_on_every_line_are_told_apart_in_a_short_log() -> None:
    rng = random.Random(3)
    names = ["".join(rng.choices("abcdefghijklm", k=9)) for _ in range(1800)]
    lines = [f"buoy {name} {('lit', 'out')[at % 3 == 0]} at dusk" for at, name in enumerate(names)]
    assert _found(lines) == {"buoy <*> lit at dusk": 1200, "buoy <*> out at dusk": 600}


def test_words_that_stand_for_one_another_in_two_events_are_names() -> None:
    lines = [f"trunk {name} is {state}" for name in NAMES for state in ("up", "down")]
    assert _found(lines) == {"trunk <*> is up": 4, "trunk <*> is down": 4}


def test_two_words_that_stand_at_the_side_of_every_line_are_no_two_events() -> None:
    said = ["pump dry", "sail torn: fore", "hatch shut, lamp lit", "keel = sound", "rope cut; line lost", "all well"]
    assert len(_found(f"{what} (deck {deck})" for what in said for deck in ("fore", "aft"))) == len(said)


def test_a_new_word_on_every_line_hides_no_name() -> None:
    rng = random.Random(4)
    events = [f"{name} is {state}" for name in NAMES for state in ("up", "down")] * 3
    lines = [f"{event} (mate {''.join(rng.choices('abcdefgh', k=7))} of the watch)" for event in events]
    assert _found(lines) == {"<*> is up (mate <*> of the watch)": 12, "<*> is down (mate <*> of the watch)": 12}


def test_the_same_words_in_one_event_alone_may_be_what_it_says() -> None:
    assert len(_found(f"lamp went {name}" for name in NAMES)) == 4


def test_verbs_that_follow_the_same_people_are_no_names() -> None:
    lines = [f"{person} {verb} here" for person in PEOPLE for verb in ("left", "sat", "won", "sang")]
    assert names_of(tuple(token for token in tokens(line) if token != " ") for line in lines) >= set(PEOPLE)
    assert not names_of(tuple(line.split()) for line in lines) & {"left", "sat", "won", "sang"}
