"""Input that nobody wishes for: the answer is bounded, complete and in time."""

from __future__ import annotations

import io
import random
import resource
import string
import time

from shakeout.logs.templates import OVERFLOW, TemplateMiner, mine_stream
from shakeout.logs.templates.fold import fold


def _mined(data: bytes) -> TemplateMiner:
    miner = TemplateMiner(numbered=True)
    mine_stream(io.BytesIO(data), miner, path="x.log", content=True)
    return miner


def _texts(miner: TemplateMiner) -> list[str]:
    names = {template.id: template.text for template in miner.snapshot()}
    return [names[str(number)] for column in miner.numbers() for number in column]


def _random_words(rng: random.Random, count: int) -> str:
    return " ".join("".join(rng.choices(string.ascii_letters, k=rng.randint(2, 9))) for _ in range(count))


def test_a_log_whose_every_line_differs_keeps_bounded_templates_and_every_line() -> None:
    rng = random.Random(1)
    lines = [_random_words(rng, rng.randint(1, 12)) for _ in range(30_000)]
    miner = TemplateMiner(numbered=True)
    began = time.process_time()
    miner.add_lines(lines)
    found = miner.snapshot()
    assert time.process_time() - began < 60
    assert miner.overflowed
    assert len(miner.table.seen) <= miner.table.limit
    assert sum(template.count for template in found) == len(lines)
    assert sum(len(column) for column in miner.numbers()) == len(lines)
    assert any(template.estimated for template in found)


def test_the_result_of_an_overflow_does_not_depend_on_order_or_portions() -> None:
    rng = random.Random(2)
    lines = [f"{_random_words(rng, 2)} took {rng.randint(1, 99)} ms" for _ in range(6000)]
    one, other = TemplateMiner(), TemplateMiner()
    one.add_lines(lines)
    for start in range(0, len(lines), 1234):
        other.add_lines(sorted(lines)[start : start + 1234])
    assert one.overflowed
    assert {(t.id, t.count, t.estimated) for t in one.snapshot()} == {
        (t.id, t.count, t.estimated) for t in other.snapshot()
    }


def test_one_event_with_a_million_names_does_not_push_out_a_rare_one() -> None:
    rng = random.Random(3)
    lines = [f"player {_random_words(rng, 1)} joined" for _ in range(20_000)]
    lines.insert(777, "database lost its connection: giving up now")
    miner = TemplateMiner()
    miner.add_lines(lines)
    counts = {template.text: template.count for template in miner.snapshot()}
    assert counts == {"player <*> joined": 20_000, "database lost its connection: giving up now": 1}


def test_a_line_of_fifty_megabytes_is_one_line_in_bounded_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    miner = _mined(b"start\n" + b"word 17 " * (50 * 1024 * 1024 // 8) + b"\nend\n")
    assert miner.lines == 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_nul_bytes_are_text() -> None:
    miner = _mined(b"a\x00b 1\na\x00b 2\n\x00\n")
    assert [template.count for template in miner.snapshot()] == [2, 1]


def test_bytes_that_are_no_utf8_become_replacement_characters() -> None:
    miner = _mined(b"caf\xe9 closed 1\ncaf\xe9 closed 2\n")
    assert _texts(miner) == ["caf\ufffd closed <*>"] * 2


def test_lone_surrogates_do_not_break_a_line() -> None:
    miner = TemplateMiner()
    miner.add_lines(["bad \udcff byte 1", "bad \udcff byte 2"])
    assert [(t.text, t.count) for t in miner.snapshot()] == [("bad ? byte <*>", 2)]
    assert miner.match("bad \udcff byte 3") == miner.snapshot()[0].id


def test_terminal_escapes_are_no_part_of_a_template() -> None:
    assert fold("\x1b[1;31mERROR\x1b[0m disk \x1b]8;;http://x\x07full\x1b]8;;\x07") == "ERROR disk full"


def test_the_last_line_needs_no_line_end() -> None:
    assert _mined(b"one\ntwo").lines == 2
    assert _mined(b"one\ntwo\n").lines == 2
    assert _mined(b"").lines == 0


def test_an_empty_line_is_a_line() -> None:
    assert _texts(_mined(b"one\n\n\r\ntwo\n")) == ["one", "", "", "two"]


def test_lines_are_the_same_lines_across_blocks() -> None:
    lines = [f"request {number} to /a/b{number} done" for number in range(150_000)]
    miner = _mined("\n".join(lines).encode())
    assert [(t.text, t.count) for t in miner.snapshot()] == [("request <*> to <*> done", 150_000)]
    assert miner.snapshot()[0].examples[0].locator.line == 1


def test_patterns_that_make_other_engines_backtrack_are_linear() -> None:
    rng = random.Random(4)
    hostile = [
        "(" * 4000,
        "1 " * 2000,
        "=,:" * 1300,
        '="' * 2000,
        "a." * 2000,
        "a1 b1 " * 600,
        "\x1a-" * 2000,
        "/a" * 2000,
    ]
    hostile += ["".join(rng.choices("1a =:,.-/\"'()", k=4000)) for _ in range(40)]
    began = time.process_time()
    miner = TemplateMiner()
    miner.add_lines(hostile)
    assert sum(template.count for template in miner.snapshot()) == len(hostile)
    assert time.process_time() - began < 20


def test_what_no_template_was_kept_for_says_so() -> None:
    assert OVERFLOW.startswith("(")


def test_long_lines_of_many_words_take_no_more_than_their_length() -> None:
    rng = random.Random(5)
    lines = [_random_words(rng, 700) for _ in range(300)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    miner = TemplateMiner()
    miner.add_lines(lines)
    assert sum(template.count for template in miner.snapshot()) == len(lines)
    assert time.process_time() - began < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024
