"""What lines have in common is found from their bytes; that changes nothing of what is promised."""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shakeout.logs.templates import TemplateMiner, casts, files, look, mine_stream, miner, stream, words
from shakeout.logs.templates.block import Block, block_of, column_of
from shakeout.logs.templates.fold import Known
from shakeout.logs.templates.sketch import Sketches, sketched
from shakeout.logs.templates.slots import Slots
from shakeout.logs.templates.words import Hashes, Numbers

pytestmark = pytest.mark.usefixtures("either_way")

_NOTHING = np.empty(0, np.uint64)
_slots = st.lists(st.integers(0, 999), min_size=1, max_size=150) | st.lists(
    st.integers(0, 999), min_size=70, max_size=150
)


_SAME = [HealthCheck.function_scoped_fixture]
"""The blocks are small for every example; nothing has to be set anew."""


@pytest.fixture
def small_blocks() -> Iterator[None]:
    """Blocks of a few lines, so that small logs are sketched too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "FIRST", 24)
        patch.setattr(stream, "LINES", 40)
        patch.setattr(stream, "BYTES", 900)
        patch.setattr(look, "ENOUGH", 8)
        yield


def _line(number: int) -> str:
    """One of a few events with values that repeat and values that do not."""
    rng = random.Random(number)
    name = "".join(rng.choices("abcdefgh", k=6))
    verb = ("opened", "closed")[number % 2]
    return (
        f"player {name} joined room {number % 7}",
        f"lock of {name} {verb} after {number} ms",
        f"[{name}] (code=0x{number:x}) was {verb}, file /var/{name}/{number}",
        "nothing to do",
        f"{name} {name}x {name}y",
        f"pool {('north', 'south', 'east')[number % 3]} lost eth{number % 4}",
        "",
    )[number % 5 if number < 900 else number % 7]


def _numbers(miner: TemplateMiner) -> list[str]:
    return [str(number) for column in miner.numbers() for number in column]


def _found(miner: TemplateMiner) -> list[tuple[str, int, object, object]]:
    return [(t.text, t.count, t.values, [str(e.locator) for e in t.examples]) for t in miner.snapshot()]


def _keys(miner: TemplateMiner) -> dict[str, int]:
    return {key: seen.count for key, seen in miner.table.seen.items()}


def _names(*lines: str) -> list[int]:
    found = sketched("\n".join(lines).encode(), _NOTHING)
    return [int(found.names[of]) for of in found.of]


@pytest.mark.usefixtures("small_blocks")
@given(numbers=_slots, cuts=st.lists(st.integers(1, 60), max_size=8))
@settings(deadline=None, max_examples=25, suppress_health_check=_SAME)
def test_blocks_end_at_the_same_lines_whatever_the_portions(numbers: list[int], cuts: list[int]) -> None:
    lines = [_line(number) for number in numbers]
    whole, parts, bytewise = (TemplateMiner(numbered=True) for _ in range(3))
    whole.add_lines(lines)
    remaining = iter(lines)
    portions = [portion for cut in cuts if (portion := list(itertools.islice(remaining, cut)))]
    parts.add_blocks(("\n".join(portion).encode() for portion in [*portions, list(remaining)] if portion), path="-")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "PORTION", 1 + sum(cuts))
        mine_stream(io.BytesIO("".join(f"{line}\n" for line in lines).encode()), bytewise, path="-", content=True)
    assert _numbers(whole) == _numbers(bytewise)
    assert _found(whole) == _found(bytewise)
    assert _numbers(whole) == _numbers(parts)
    assert _found(whole) == _found(parts)
    assert _keys(whole) == _keys(parts)


@pytest.mark.usefixtures("small_blocks")
@given(
    lines=st.lists(st.integers(0, 70).map("ab".__mul__), min_size=80, max_size=150), cuts=st.lists(st.integers(1, 60))
)
@settings(deadline=None, max_examples=25, suppress_health_check=_SAME)
def test_blocks_are_cut_by_lines_and_by_bytes(lines: list[str], cuts: list[int]) -> None:
    remaining = iter(lines)
    portions = [portion for cut in [*cuts, len(lines)] if (portion := list(itertools.islice(remaining, cut)))]
    found: list[list[list[str]]] = []
    for kind in (lambda some: "\n".join(some).encode(), lambda some: pl.Series(values=some, dtype=pl.String)):
        for parts in ([lines], portions):
            cut = stream.Stream()
            blocks = [block for part in parts for block in cut.add(kind(part))] + [cut.taken()]
            texts = [stream.joined(block) for block in blocks if block]
            found.append([column_of(text).to_list() if isinstance(text, bytes) else text.to_list() for text in texts])
    assert all(blocks == found[0] for blocks in found)
    assert [line for block in found[0] for line in block] == lines
    for number, block in enumerate(found[0][:-1]):
        size, width = len(block), sum(len(line) + 1 for line in block)
        assert width - len(block[-1]) - 1 < 900
        assert width >= 900 or size == (24 if number == 0 else 40)


@pytest.mark.usefixtures("small_blocks")
@given(numbers=_slots, cut=st.integers(0, 150))
@settings(deadline=None, max_examples=25, suppress_health_check=_SAME)
def test_a_block_may_come_in_several_calls(numbers: list[int], cut: int) -> None:
    lines = [_line(number) for number in numbers]
    whole, parts = TemplateMiner(numbered=True), TemplateMiner(numbered=True)
    whole.add_lines(lines)
    parts.add_lines(lines[:cut])
    parts.add_lines(lines[cut:])
    assert len(lines) == parts.lines == sum(template.count for template in parts.snapshot())
    assert _numbers(whole) == _numbers(parts)
    assert [row[:3] for row in _found(whole)] == [row[:3] for row in _found(parts)]
    assert _keys(whole) == _keys(parts)


@pytest.mark.usefixtures("small_blocks")
@given(numbers=_slots, cut=st.integers(0, 150))
@settings(deadline=None, max_examples=25, suppress_health_check=_SAME)
def test_what_was_asked_for_in_between_loses_no_line(numbers: list[int], cut: int) -> None:
    miner = TemplateMiner(numbered=True)
    miner.add_lines(map(_line, numbers[:cut]))
    assert sum(template.count for template in miner.snapshot()) == len(numbers[:cut])
    miner.add_lines(map(_line, numbers[cut:]))
    assert sum(template.count for template in miner.snapshot()) == len(numbers) == len(_numbers(miner))


def test_one_core_finds_what_two_find(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [_line(number % 1000) for number in range(3000)]
    monkeypatch.setattr(stream, "FIRST", 100)
    monkeypatch.setattr(stream, "LINES", 200)
    monkeypatch.setattr(look, "ENOUGH", 8)
    found = []
    for cores in (1, 2, 5):
        monkeypatch.setattr(stream.pl, "thread_pool_size", lambda cores=cores: cores)
        miner = TemplateMiner(numbered=True)
        miner.add_lines(lines)
        found.append((_numbers(miner), _found(miner)))
    assert found[0] == found[1] == found[2]


def test_which_blocks_are_sketched_does_not_depend_on_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that are small by their bytes, behind a large one, where the first was too small for a sketch itself."""
    lines = [f"load {at} of {'x' * (200 if at < 8 or at > 67 else 0)} done" for at in range(400)]
    for name, value in (("FIRST", 100), ("LINES", 100), ("BYTES", 1400)):
        monkeypatch.setattr(stream, name, value)
    for module in (look, miner):
        monkeypatch.setattr(module, "ENOUGH", 20)
    calls: list[int] = []

    def counted(block: bytes, known: Hashes) -> Sketches:
        calls.append(len(block))
        return sketched(block, known)

    monkeypatch.setattr(look, "sketched", counted)
    found: list[list[int]] = []
    for cores in (1, 2, 5):
        monkeypatch.setattr(stream.pl, "thread_pool_size", lambda cores=cores: cores)
        calls.clear()
        TemplateMiner().add_lines(lines)
        found.append(sorted(calls))
    assert found[0] == found[1] == found[2] != []


def test_values_and_rare_words_are_open_and_all_else_is_not() -> None:
    often = ["user bob logged in"] * 3 + ["user eve logged in"] * 3 + ["user logged bob in"] * 3
    names = _names(
        *often, "user zed logged in", "user 10.0.0.7 logged in", "user zed logged in:", "user /var/log logged in"
    )
    assert len({names[0], names[3], names[6]}) == 3
    assert names[9] == names[10] == names[12] not in names[:9]
    assert names[11] not in names[:11]


def test_short_words_with_one_digit_and_a_slash_within_are_words() -> None:
    often = ["eth0 up", "eth1 up", "eth up", "a12 up", "a13 up", "and/or up", "1 up"] * 3
    names = _names(*often)
    assert len(set(names)) == 5
    assert names[3] == names[4] == names[6]


def test_a_word_is_known_by_all_of_it_unless_it_is_longer_than_any() -> None:
    stem = "abcdefgh" * 5
    names = _names(*[f"{stem}{end} done" for end in ("x", "y", "xy", "", "x1")] * 3)
    assert len(set(names)) == 5
    assert len({*_names(*[f"{stem}{stem}{end} done" for end in "xyz"] * 3)}) == 1


@pytest.mark.parametrize("length", [(1 << 18) - 2, (1 << 18) - 1, 1 << 18, (1 << 19) + 5])
def test_a_line_longer_than_what_is_read_at_once_is_one_line(length: int) -> None:
    lines = ["short one", "word " * (length // 5) + "w" * (length % 5), "short one", "short one"]
    found = sketched("\n".join(lines).encode(), _NOTHING)
    assert np.diff(found.ends, prepend=-1).tolist() == [len(line) + 1 for line in lines]
    assert found.of[0] == found.of[2] == found.of[3] != found.of[1]


def test_places_with_many_words_are_open_too() -> None:
    lines = [f"door {chr(97 + number) * 5} was opened" for number in range(13)] * 3
    found = sketched("\n".join([*lines, *["door was opened"] * 3]).encode(), _NOTHING)
    wider = {int(found.wider[of]) for of in found.of}
    assert (len(found.names), len(wider)) == (14, 2)


def test_two_names_of_a_long_list_in_one_line_are_open_each() -> None:
    rng = random.Random(5)
    names = [_random(rng, "abcdefghijklmnop", 7) for _ in range(60)]
    events = [f"{word}ed a share" for word in ("open", "clos", "mount", "lock")]
    lines = [f"{events[at % 4]} for user {rng.choice(names)} by {rng.choice(names)}" for at in range(8000)]
    found = sketched("\n".join(lines).encode(), _NOTHING)
    assert len(found.names) > 4000
    wider = found.wider[found.of]
    assert len({int(name) for name in wider}) == 4
    assert [len({int(name) for name in wider[at::4]}) for at in range(4)] == [1, 1, 1, 1]


def test_known_sketches_are_found_again_among_new_ones() -> None:
    lines = [_line(number) for number in range(400)]
    first = sketched("\n".join(lines).encode(), _NOTHING)
    for known in (np.sort(first.names)[::2], np.sort(np.append(first.names, np.uint64(77)))):
        again = sketched("\n".join(lines).encode(), known)
        assert (again.names[again.of] == first.names[first.of]).all()
        assert (again.wider[again.of] == first.wider[first.of]).all()
        assert len(set(again.names.tolist())) == len(again.names) == len(first.names)


def _random(rng: random.Random, letters: str, length: int) -> str:
    return "".join(rng.choices(letters, k=length))


def _varied(count: int) -> list[str]:
    rng = random.Random(6)
    lines = []
    for number in range(count):
        name, other = (_random(rng, "abcdefghijklmnopqrstuvwxyz", 8) for _ in range(2))
        said = ("logged in", "was refused", "asked for more time")[number % 3]
        lines.append(f"user {name} {said} (request {_random(rng, '0123456789abcdef', 16)}, file /{other}/{name})")
    return lines


def test_names_on_every_line_overflow_nothing() -> None:
    miner = TemplateMiner(numbered=True)
    miner.add_lines(_varied(12_000))
    assert not miner.overflowed
    assert len(miner.table.seen) < 1000
    assert {t.text.split(" (")[0]: (t.count, t.estimated) for t in miner.snapshot()} == {
        "user <*> logged in": (4000, False),
        "user <*> was refused": (4000, False),
        "user <*> asked for more time": (4000, False),
    }


def test_the_order_of_lines_within_a_block_does_not_matter() -> None:
    lines = _varied(stream.FIRST)
    one, other = TemplateMiner(), TemplateMiner()
    one.add_lines(lines)
    other.add_lines(sorted(lines))
    assert {(t.id, t.count) for t in one.snapshot()} == {(t.id, t.count) for t in other.snapshot()}
    assert set(one.table.seen) == set(other.table.seen)


def test_lines_of_one_sketch_that_are_several_events_are_told_apart() -> None:
    rng = random.Random(7)
    said = [_random(rng, "abcdefghij", 7) for _ in range(900)]
    lines = [f"{word}ing" for word in said for _ in range(12)]
    rng.shuffle(lines)
    sketchy, folded = TemplateMiner(numbered=True), TemplateMiner(numbered=True)
    sketchy.add_lines(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look, "ENOUGH", len(lines) + 1)
        patch.setattr(stream, "FIRST", len(lines) + 1)
        folded.add_lines(lines)
    assert _numbers(sketchy) == _numbers(folded)


def test_what_is_remembered_is_bounded_and_the_rest_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{_random(random.Random(at % 40), 'abcdef', 9)} done {at}" for at in range(12_000)]
    plain, bounded = TemplateMiner(numbered=True), TemplateMiner(numbered=True)
    plain.add_lines(lines)
    plain.snapshot()
    monkeypatch.setattr(casts, "REMEMBERED", 5)
    bounded.add_lines(lines)
    assert _numbers(plain) == _numbers(bounded)


def test_words_of_a_line_that_are_sure_are_those_that_are_no_value_and_not_open() -> None:
    lines = [f"door {chr(97 + number) * 5} was opened at {number}" for number in range(13)] * 3
    found = sketched("\n".join(lines).encode(), _NOTHING)
    wide, narrow = (set(found.said(0, wider=wider).tolist()) - {0} for wider in (True, False))
    one = lines[int(np.flatnonzero(found.of == 0)[0])]
    assert words.spoken([one.encode(), b"door was opened at"]) == [narrow, wide]


def test_colours_neither_join_words_nor_make_keys() -> None:
    rng = random.Random(11)
    names = [_random(rng, "abcdefghijklmnop", 7) for _ in range(3000)]
    plain = [f"{rng.choice(['opened', 'closed'])} for {rng.choice(names)} today" for _ in range(20_000)]
    keys = []
    for before, behind in (("", ""), ("\x1b[32m", "\x1b[0m")):
        miner = TemplateMiner(numbered=True)
        miner.add_lines(f"{before}{line}{behind}" for line in plain)
        keys.append((_keys(miner), _numbers(miner)))
    assert keys[0] == keys[1]


@pytest.mark.usefixtures("small_blocks")
def test_what_is_learned_does_not_depend_on_what_was_folded_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEARD", "LOOKED_AT"):
        monkeypatch.setattr(casts, name, 30)
    lines = [f"{_random(random.Random(at % 99), 'abcdefgh', 5)}ing {at}" for at in range(600)]
    raw = "\n".join(lines).encode()
    asked: list[list[str]] = []
    monkeypatch.setattr(casts, "names_of", lambda rows: asked.append(list(rows)) or frozenset())
    monkeypatch.setattr(casts, "slots_of", lambda keys: asked.append(list(keys)) or Slots())
    for way in (1, -1):
        block = replace(
            block_of(raw, None, len(lines)), ends=np.flatnonzero(np.frombuffer(raw + b"\n", np.uint8) == 10)
        )

        def fold(places: Numbers, block: Block = block, way: int = way) -> tuple[pl.Series, Numbers]:
            keys, rows = block.folded(Known(), places)
            return (keys, rows) if way > 0 else (keys.reverse(), len(keys) - 1 - rows)

        memory = casts.Casts()
        memory.settled(sketched(raw, _NOTHING), fold, block.hashed, block.holding)
    assert len(asked) == 4
    assert asked[:2] == asked[2:]
