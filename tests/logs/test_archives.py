"""Directories and archives: what they hold is read, bounded, and nothing outside of them is touched."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from shakeout.errors import InputError
from shakeout.logs.limits import Limits
from shakeout.logs.reading import read_evidence

LINE = b"2025-09-03 10:00:00 ERROR no ledger\n"


def messages(*paths: Path, limits: Limits | None = None) -> tuple[list[str], list[str], list[str]]:
    """(locators, messages, notes)"""
    with read_evidence(paths, limits=limits or Limits()) as evidence:
        entries = list(evidence.entries())
        for entry in entries[:20]:
            assert entry.message in evidence.resolve(entry.locator)
        return (
            [str(one.locator) for one in entries],
            [one.message for one in entries],
            [str(one) for one in evidence.notes],
        )


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_gzip_is_read_under_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(LINE))
    assert messages(path)[0] == [f"{path}:1"]


def test_members_of_archives_are_named_by_archive_and_path(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bundle.zip", {"pods/backend.log": LINE, "pods/empty.log": b"", "readme.md": b"hello\n"})
    locators, _, notes = messages(path)
    assert locators == [f"{path}!pods/backend.log:1", f"{path}!readme.md:1"]
    assert f"{path}!pods/empty.log: empty" in notes


def test_tar_gz_and_archives_within_archives(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        info = tarfile.TarInfo("logs/app.log")
        info.size = len(LINE)
        archive.addfile(info, io.BytesIO(LINE))
    path = zipped(tmp_path / "outer.zip", {"inner.tar.gz": inner.getvalue()})
    assert messages(path)[0] == [f"{path}!inner.tar.gz!logs/app.log:1"]


def test_archives_are_not_opened_without_end(tmp_path: Path) -> None:
    data = LINE
    for _ in range(6):
        data = gzip.compress(data)
    path = tmp_path / "deep.gz"
    path.write_bytes(data)
    with pytest.raises(InputError, match="nothing to read"):
        messages(path)


def test_members_whose_names_lead_out_are_left_out(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "evil.zip", {"../../escaped.log": LINE, "/etc/escaped.log": LINE, "..\\x.log": LINE, "ok.log": LINE}
    )
    locators, _, notes = messages(path)
    assert locators == [f"{path}!ok.log:1"]
    assert sum("leads out" in note for note in notes) == 3
    assert not list(tmp_path.parent.glob("escaped.log"))


def test_links_and_devices_in_archives_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "links.tar"
    with tarfile.open(path, "w") as archive:
        for kind, name in (
            (tarfile.SYMTYPE, "link"),
            (tarfile.LNKTYPE, "hard"),
            (tarfile.CHRTYPE, "device"),
            (tarfile.FIFOTYPE, "pipe"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("ok.log")
        info.size = len(LINE)
        archive.addfile(info, io.BytesIO(LINE))
    locators, _, notes = messages(path)
    assert locators == [f"{path}!ok.log:1"]
    assert len(notes) == 4


def test_links_that_lead_out_of_a_directory_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (tmp_path / "outside.log").write_bytes(LINE)
    (folder / "app.log").write_bytes(LINE)
    (folder / "link.log").symlink_to(tmp_path / "outside.log")
    (folder / "loop").symlink_to(folder)
    (folder / "gone").symlink_to(folder / "nowhere")
    locators, _, notes = messages(folder)
    assert locators == [f"{folder}/app.log:1"]
    assert any("leads out of the directory" in note for note in notes)


def test_a_bomb_is_cut_at_the_limit_and_said(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"a" * 80 + b"\n" * 0 + (LINE * 200_000)))
    limits = Limits(member=100_000)
    _, found, notes = messages(path, limits=limits)
    assert len(found) < 100_000 / len(LINE) + 64_000
    assert any("unpacks to more than is read" in note for note in notes)


def test_a_ratio_that_no_log_has_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"no newline " * 1_000_000))
    _, _, notes = messages(path, limits=Limits(ratio_from=1 << 20))
    assert any("times its size" in note for note in notes)


def test_too_many_members_are_cut_and_said(tmp_path: Path) -> None:
    path = zipped(tmp_path / "many.zip", {f"{number:03}.log": LINE + str(number).encode() for number in range(50)})
    locators, _, notes = messages(path, limits=Limits(files=10))
    assert len({locator.split(":")[0] for locator in locators}) <= 10
    assert any("more than 10" in note for note in notes)


@pytest.mark.parametrize("cut", [10, 60, 120])
def test_a_damaged_archive_is_said_and_never_a_crash(tmp_path: Path, cut: int) -> None:
    whole = zipped(tmp_path / "whole.zip", {"a.log": LINE * 30, "b.log": LINE * 31}).read_bytes()
    (tmp_path / "ok.log").write_bytes(LINE)
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(whole[:cut])
    _, found, notes = messages(damaged, tmp_path / "ok.log")
    assert found == ["no ledger"]
    assert any("damaged" in note for note in notes)


def test_a_cut_gzip_gives_what_was_readable(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(
        gzip.compress(b"".join(LINE[:-1] + os.urandom(20).hex().encode() + b"\n" for _ in range(5000)))[:-5000]
    )
    _, found, notes = messages(path)
    assert len(found) > 100
    assert any("cannot be unpacked to its end" in note for note in notes)


def test_the_same_content_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(LINE)
    (tmp_path / "b.log").write_bytes(LINE)
    locators, _, notes = messages(tmp_path)
    assert locators == [f"{tmp_path}/a.log:1"]
    assert any("the same content as" in note for note in notes)


def test_standard_input_may_be_an_archive() -> None:
    with read_evidence(["-"], stdin=io.BytesIO(gzip.compress(LINE))) as evidence:
        (entry,) = evidence.entries()
        assert entry.message in evidence.resolve(entry.locator)
    assert str(entry.locator) == "-:1"


def test_what_was_unpacked_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(LINE))
    evidence = read_evidence([path])
    folder = Path(evidence._folder.name)  # type: ignore[attr-defined]
    assert list(folder.iterdir())
    evidence.close()
    assert not folder.exists()


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_bytes(b""), lambda path: path.mkdir()])
def test_nothing_to_read_is_one_clear_error(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "input.log"
    make(path)
    with pytest.raises(InputError) as caught:
        read_evidence([path])
    assert "input.log" in str(caught.value)
    assert "expected" in str(caught.value)
