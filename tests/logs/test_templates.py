"""What `TemplateMiner` promises of every log."""

from __future__ import annotations

import io
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from shakeout.logs.templates import TemplateMiner, identity, mine_stream

_WORDS = """open close failed user= node for true <*> [ ] 10.0.0.1:80 a1b2c3d4 /var/log/x user alice eth0 17 -3 (4 KB) …
"x y" = , 12 bytes nullé"""
_words = st.sampled_from(_WORDS.split())
_line = st.one_of(
    st.lists(_words, max_size=8).map(" ".join),
    st.text(max_size=60).map(lambda text: text.replace("\n", " ").replace("\r", " ")),
)
_lines = st.lists(_line, max_size=40)


def _mined(*portions: list[str]) -> TemplateMiner:
    miner = TemplateMiner(numbered=True)
    for portion in portions:
        miner.add_lines(portion)
    return miner


def _ids(miner: TemplateMiner) -> list[str]:
    return [str(number) for column in miner.numbers() for number in column]


@given(lines=_lines)
@settings(deadline=None, max_examples=60)
def test_no_line_is_lost(lines: list[str]) -> None:
    miner = _mined(lines)
    assert sum(template.count for template in miner.snapshot()) == len(lines)
    assert len(_ids(miner)) == len(lines)


@given(lines=_lines, cut=st.integers(0, 40))
@settings(deadline=None, max_examples=60)
def test_portions_do_not_matter(lines: list[str], cut: int) -> None:
    whole, parts = _mined(lines), _mined(lines[:cut], lines[cut:])
    assert [(t.id, t.text, t.count, t.values) for t in whole.snapshot()] == [
        (t.id, t.text, t.count, t.values) for t in parts.snapshot()
    ]
    assert _ids(whole) == _ids(parts)


@given(lines=_lines, seed=st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_the_order_of_lines_does_not_matter(lines: list[str], seed: int) -> None:
    shuffled = random.Random(seed).sample(lines, len(lines))
    assert {(t.id, t.count) for t in _mined(lines).snapshot()} == {(t.id, t.count) for t in _mined(shuffled).snapshot()}


@given(lines=_lines)
@settings(deadline=None, max_examples=60)
def test_a_templates_own_text_maps_to_it(lines: list[str]) -> None:
    miner = _mined(lines)
    for template in miner.snapshot():
        assert miner.match(template.text) == template.id


@given(lines=_lines)
@settings(deadline=None, max_examples=60)
def test_every_line_maps_to_the_template_that_it_was_counted_under(lines: list[str]) -> None:
    miner = _mined(lines)
    assert [miner.match(line) for line in lines] == _ids(miner)


@given(lines=_lines)
@settings(deadline=None, max_examples=60)
def test_the_id_is_made_from_the_text_alone(lines: list[str]) -> None:
    assert all(template.id == identity(template.text) for template in _mined(lines).snapshot())


@given(
    lines=st.lists(
        st.one_of(_line, st.sampled_from(['{"msg": "x 1"}', "{", "\x1b[1mred 7\x1b[0m", "end\r"])), max_size=40
    )
)
@settings(deadline=None, max_examples=60)
def test_a_block_of_bytes_is_folded_as_its_lines_are(lines: list[str]) -> None:
    texts = [line.encode("utf-8", "replace").decode() for line in lines]
    blocks = TemplateMiner(numbered=True)
    mine_stream(io.BytesIO("".join(f"{text}\n" for text in texts).encode()), blocks, path="x", content=True)
    whole = _mined([text.removesuffix("\r") for text in texts])
    assert _ids(blocks) == _ids(whole)
    assert [(t.text, t.count, t.values) for t in blocks.snapshot()] == [
        (t.text, t.count, t.values) for t in whole.snapshot()
    ]
