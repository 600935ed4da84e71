"""Machine code finds the same words as numpy, number for number, whatever the bytes."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shakeout.logs.templates import compiled, words

_FOLDER = Path(compiled.__file__).parent
_pieces = st.sampled_from(
    [b"", b" ", b"\n", b"\n\n", b"word",
     b"longer-than-one", b"x" * 47, b"x" * 48, b"x" * 49, b"eth0", b"abc12", b"/a/b",
     b"=", b"(", b"]", b"{}", b"~", b"\x00", b"\xff\xfe", "zażółć".encode(), b"7", b"0x1f", b"aaaaaaaa", b"aaaaaaaab",
     b"aaaaaaaa1", b".", b"-", b"@", b"[", b"`", b"z", b"\x7f", b"\x80", b":", b"9", b"0"]
)  # fmt: skip
_blocks = st.one_of(st.binary(max_size=400), st.lists(_pieces, max_size=80).map(b"".join))


@pytest.fixture(autouse=True)
def _needs_machine_code() -> None:
    if compiled.named(b"") is None:
        why = "no C compiler was there" if shutil.which("cc") is None else "its sources changed or failed to compile"
        pytest.skip(f"{why} when the package was installed: pip install --editable .")


@given(block=_blocks, part=st.sampled_from([1, 2, 7, 8, 9, 16, 50, 1 << 18]), seldom=st.sampled_from([1, 2, 3]))
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_machine_code_finds_what_numpy_finds(block: bytes, part: int, seldom: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "PART", part)
        patch.setattr(words, "SELDOM", seldom)
        _same(block)


def test_blocks_of_marks_alone_and_of_no_mark_are_read_as_well() -> None:
    for block in (
        b"::" * 5000,
        b"\n" * 5000,
        b"w" * 70_000,
        b"w " * 300_000,
        b"a\n" * 9000 + b"w" * (1 << 19) + b"\nb",
    ):
        _same(block)


def test_machine_code_of_another_source_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_HERE", tmp_path)
    for name in ("libtemplates.so", "words.c", "prefixes.c"):
        shutil.copy(_FOLDER / name, tmp_path / name)
    found = []
    for change in ("", "/* changed */", None):
        if change is None:
            (tmp_path / "libtemplates.so").unlink()
            (tmp_path / "libtemplates.so").write_bytes(b"no library")
        else:
            (tmp_path / "words.c").write_text((_FOLDER / "words.c").read_text() + change)
        compiled._library.cache_clear()
        found.append(compiled.named(b"one line") is not None)
    compiled._library.cache_clear()
    assert found == [True, False, False]


def _same(block: bytes) -> None:
    result = compiled.named(block)
    assert result is not None
    names, (part,) = result
    plain, parts = words.named(block)
    begun = itertools.accumulate((len(some.words) for some in parts), initial=0)
    last = [some.last + at for some, at in zip(parts, begun, strict=False)]
    assert names.tolist() == plain.tolist()
    assert part.words.tolist() == np.concatenate([some.words for some in parts]).tolist()
    assert part.ends.tolist() == np.concatenate([some.ends for some in parts]).tolist()
    assert part.last.tolist() == np.concatenate(last).tolist()
