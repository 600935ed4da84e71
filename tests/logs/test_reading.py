"""What is read, from where, in which order, and what is said about it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from shakeout.errors import InputError
from shakeout.evidence.model import Locator
from shakeout.logs import contents, regions
from shakeout.logs.limits import Limits
from shakeout.logs.reading import read_evidence


def rows(count: int) -> list[dict[str, object]]:
    return [
        {
            "insertId": f"i{number}",
            "timestamp": f"2025-09-03T10:{number // 60:02}:{number % 60:02}Z",
            "severity": "ERROR" if number % 3 else "INFO",
            "jsonPayload": {"items": [{"a": 1}, {"b": "},{"}], "message": f"message {number}\nline two"},
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("chunk", [700, 4096])
def test_a_long_array_is_read_region_by_region_as_a_short_one_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: int | None, newest_first: bool, chunk: int
) -> None:
    path = tmp_path / "export.json"
    data = rows(300)
    path.write_text(json.dumps(data[::-1] if newest_first else data, indent=indent))
    with read_evidence([path]) as evidence:
        whole = list(evidence.entries())
    monkeypatch.setattr(contents, "IN_MEMORY", 0)
    monkeypatch.setattr(regions, "CHUNK", chunk)
    with read_evidence([path]) as evidence:
        parts = list(evidence.entries())
        for entry in parts[:40]:
            assert entry.message in evidence.resolve(entry.locator)
    assert [entry.message for entry in parts] == [f"message {number}\nline two" for number in range(300)]
    assert [entry.message for entry in whole] == [entry.message for entry in parts]
    assert [entry.locator.line for entry in whole] == [entry.locator.line for entry in parts]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_wrapper_that_is_too_long_to_decode_gives_the_entries_of_its_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: int | None
) -> None:
    path = tmp_path / "export.json"
    path.write_text(
        json.dumps({"about": {"x": 1}, "raw_logs": rows(50), "more": {"ERROR": rows(80)[50:]}}, indent=indent)
    )
    monkeypatch.setattr(contents, "IN_MEMORY", 0)
    monkeypatch.setattr(regions, "CHUNK", 2000)
    with read_evidence([path], limits=Limits(document=10)) as evidence:
        assert len(list(evidence.entries())) == 80


def test_entries_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("ERROR: one\nERROR: two\n")
    with read_evidence([path]) as evidence:
        assert list(evidence.entries()) == list(evidence.entries())
        assert evidence.notes == ()


def test_objects_one_after_another_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("\n".join(json.dumps(row, indent=2) for row in rows(4)))
    with read_evidence([path]) as evidence:
        entries = list(evidence.entries())
        assert len(entries) == 4
        for entry in entries:
            assert entry.message in evidence.resolve(entry.locator)


def test_formats_are_mixed_within_a_directory_and_within_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(rows(2)))
    (tmp_path / "b.log").write_text('ERROR: text\n{"level":"error","msg":"json"}\n2025-09-03 10:00:00 WARNING more\n')
    with read_evidence([tmp_path]) as evidence:
        assert [one.message.split("\n")[0] for one in evidence.entries()] == [
            "message 0",
            "message 1",
            "text",
            "json",
            "more",
        ]


def test_standard_input_is_read_and_named_by_a_dash() -> None:
    with read_evidence(["-"], stdin=io.BytesIO(b"ERROR: no ledger\n")) as evidence:
        (entry,) = evidence.entries()
    assert str(entry.locator) == "-:1"


def test_a_locator_of_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("x\n")
    with read_evidence([path]) as evidence, pytest.raises(InputError, match="names no file"):
        evidence.resolve(Locator(source="log", path="other.log", line=1))


def test_no_path_and_a_missing_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no input was named"):
        read_evidence([])
    with pytest.raises(InputError, match="there is no such file"):
        read_evidence([tmp_path / "nowhere"])
    with pytest.raises(InputError, match="standard input"):
        read_evidence(["-"])


def test_a_place_far_into_a_file_is_found_from_the_nearest_line_that_the_reading_remembers(tmp_path: Path) -> None:
    rows = [f"INFO line {number}" for number in range(1, 30_001)]
    rows[25_000] = "ERROR the store is gone"
    path = tmp_path / "long.log"
    path.write_text("\n".join(rows))
    with read_evidence([path]) as evidence:
        found = next(entry for entry in evidence.suspects() if entry.message.endswith("is gone"))
        assert evidence._mark(found.locator) != (1, 0)
        near = evidence.resolve(found.locator)
    with read_evidence([path]) as evidence:
        assert evidence.resolve(found.locator) == near
    assert near.split("\n")[0] == "ERROR the store is gone"


@pytest.mark.parametrize("indent", [None, 2])
def test_sifting_an_array_finds_what_reading_each_entry_finds(tmp_path: Path, indent: int | None) -> None:
    """Entries of several spellings, twice, in an array too long to decode at once."""
    entries: list[dict[str, object]] = []
    for number in range(30_000):
        common = {"insertId": f"i{number % 29_000}", "timestamp": f"2026-01-01T00:00:{number % 60:02d}.{number:06d}Z"}
        text = 'ERROR it said "},\\n  {" and went' if number % 5000 == 7 else f"INFO: all well {'x' * 500}"
        entries.append({**common, "logName": "projects/p/logs/stdout", "textPayload": text})
    entries[11] = {"insert_id": "s1", "severity": "ERROR", "text_payload": "snake failed"}
    path = tmp_path / "export.json"
    path.write_text(json.dumps(entries, indent=indent))
    with read_evidence([path]) as evidence:
        sifted = [(entry.locator, entry.message) for entry in evidence.suspects()]
    with read_evidence([path]) as evidence:
        wanted = {locator for locator, _ in sifted}
        each = [(entry.locator, entry.message) for entry in evidence.entries() if entry.locator in wanted]
    assert len(sifted) == 7
    assert sifted == each
