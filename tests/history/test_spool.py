from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shakeout.history import spool as spool_module
from shakeout.history.errors import SpoolError
from shakeout.history.spool import Spool


@pytest.fixture(autouse=True)
def closed_files(monkeypatch) -> Iterator[None]:
    """Every spool that a test leaves open is closed after it."""
    made: list[Spool] = []
    original = Spool.__init__

    def remembered(self: Spool, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        made.append(self)

    monkeypatch.setattr(Spool, "__init__", remembered)
    yield
    for spool in made:
        spool.close()


def everything(spool: Spool) -> list[bytes]:
    return [payload for _, payload in spool.read(limit=10**6, limit_bytes=10**9)]


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


def test_records_come_back_in_order_after_a_restart(tmp_path):
    spool = Spool(tmp_path)
    first = spool.append([b"a", b"b"])
    second = spool.append([b"c"])
    assert first + second == list(range(first[0], first[0] + 3))
    spool.close()
    again = Spool(tmp_path)
    assert everything(again) == [b"a", b"b", b"c"]
    assert again.pending == 3


def test_acknowledged_records_do_not_come_back_and_their_numbers_are_not_used_again(tmp_path):
    spool = Spool(tmp_path)
    numbers = spool.append([b"a", b"b", b"c"])
    spool.acknowledge(numbers[1], 2)
    spool.close()
    again = Spool(tmp_path)
    assert everything(again) == [b"c"]
    again.acknowledge(numbers[2], 1)
    again.close()
    third = Spool(tmp_path)
    assert third.pending == 0
    assert third.append([b"d"])[0] > numbers[2]


def test_a_torn_tail_loses_only_the_torn_record(tmp_path):
    spool = Spool(tmp_path)
    spool.append([b"first", b"second"])
    spool.close()
    (segment,) = segments(tmp_path)
    whole = segment.read_bytes()
    for cut in range(1, len(b"second") + 20):
        segment.write_bytes(whole[:-cut])
        again = Spool(tmp_path)
        assert everything(again) == [b"first"]
        number = again.append([b"third"])
        assert everything(again) == [b"first", b"third"]
        again.close()
        for extra in segments(tmp_path)[1:]:
            assert int(extra.stem) == number[0]
            extra.unlink()


def test_damage_in_the_middle_is_skipped_and_reported(tmp_path, caplog):
    spool = Spool(tmp_path)
    spool.append([b"first", b"second", b"third"])
    spool.close()
    (segment,) = segments(tmp_path)
    segment.write_bytes(segment.read_bytes().replace(b"second", b"sec0nd"))
    assert everything(Spool(tmp_path)) == [b"first", b"third"]
    assert "damaged" in caplog.text


def test_segments_are_rotated_and_deleted_once_delivered(tmp_path):
    spool = Spool(tmp_path, segment_bytes=1000)
    numbers = [spool.append([bytes([65 + place]) * 300])[0] for place in range(20)]
    assert len(segments(tmp_path)) > 3
    seen: list[bytes] = []
    while spool.pending:
        batch = spool.read(limit=3)
        seen += [payload for _, payload in batch]
        spool.acknowledge(batch[-1][0], len(batch))
    assert seen == [bytes([65 + place]) * 300 for place in range(20)]
    assert segments(tmp_path) == []
    assert spool.append([b"next"]) == [numbers[-1] + 1]
    assert everything(spool) == [b"next"]


def test_a_full_disk_is_an_error_and_nothing_of_the_write_is_kept(tmp_path, monkeypatch):
    spool = Spool(tmp_path)
    spool.append([b"kept"])

    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(spool_module.os, "fsync", no_space)
        with pytest.raises(SpoolError, match="No space left"):
            spool.append([b"lost"])
    assert everything(spool) == [b"kept"]
    spool.append([b"after"])
    assert everything(spool) == [b"kept", b"after"]
    spool.close()
    assert everything(Spool(tmp_path)) == [b"kept", b"after"]


def test_a_second_process_is_kept_out_of_the_folder(tmp_path):
    spool = Spool(tmp_path)
    with pytest.raises(SpoolError, match="in use by another process"):
        Spool(tmp_path)
    spool.close()
    Spool(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="cannot be opened"):
        Spool(tmp_path / "file" / "spool")


@given(payloads=st.lists(st.binary(max_size=80), max_size=12), cut=st.integers(0, 400))
def test_whatever_is_cut_off_the_file_what_comes_back_is_a_beginning_of_what_was_written(
    tmp_path_factory, payloads, cut
):
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder)
    spool.append([spool_module.MAGIC + payload for payload in payloads])
    spool.close()
    for segment in segments(folder):
        data = segment.read_bytes()
        segment.write_bytes(data[: max(0, len(data) - cut)])
    again = Spool(folder)
    found = everything(again)
    again.close()
    assert found == [spool_module.MAGIC + payload for payload in payloads][: len(found)]
    if not cut:
        assert len(found) == len(payloads)
