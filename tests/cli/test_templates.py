"""`shakeout templates`: what it prints in each form."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from pathlib import Path

import pytest

from shakeout.cli.templates import TemplateFormat, templates
from shakeout.errors import InputError

LOG = """2026-05-10 08:00:00 INFO request 1 done
2026-05-10 08:00:01 ERROR cannot open "a, b"

2026-05-10 08:00:02 INFO request 2 done
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(LOG)
    return path


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_lines_as_csv_have_one_row_for_each_line_in_order(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert templates([log], form=TemplateFormat.CSV, lines=True) == 0
    rows = _rows(capsys.readouterr().out)
    assert [row["line"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["template"] for row in rows] == ["request <*> done", 'cannot open "a, b"', "", "request <*> done"]
    assert rows[0]["template_id"] == rows[3]["template_id"] != rows[1]["template_id"]


def test_content_leaves_the_prefix_on(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    templates([log], form=TemplateFormat.CSV, lines=True, content=True)
    assert _rows(capsys.readouterr().out)[0]["template"] == "<*> <*> INFO request <*> done"


def test_ids_are_the_same_in_every_run(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    templates([log], form=TemplateFormat.CSV, lines=True)
    first = capsys.readouterr().out
    templates([log], form=TemplateFormat.CSV, lines=True)
    assert capsys.readouterr().out == first


def test_json_counts_add_up_and_examples_have_locators(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    templates([log], form=TemplateFormat.JSON)
    document = json.loads(capsys.readouterr().out)
    assert document["lines"] == 4 == sum(template["count"] for template in document["templates"])
    top = document["templates"][0]
    assert top["template"] == "request <*> done"
    assert top["values"] == [{"kind": "number", "samples": ["1", "2"]}]
    assert top["examples"][0]["locator"] == f"{log}:1"
    assert (top["first"], top["last"]) == ("2026-05-10T08:00:00+00:00", "2026-05-10T08:00:02+00:00")


def test_the_table_shows_counts_and_templates(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    templates([log])
    shown = capsys.readouterr().out
    assert "request <*> done" in shown
    assert "templates in 4 lines" in shown


def test_secrets_are_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.log"
    path.write_text("connect postgresql://app:hunter2hunter2@db.example.com/app\n")
    templates([path], form=TemplateFormat.JSON)
    assert "hunter2hunter2" not in capsys.readouterr().out


def test_a_log_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        templates([tmp_path / "missing.log"])


def test_structured_lines_say_their_own_level_time_and_service(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "app.json"
    rows = [
        {"level": "info", "time": "2026-02-03T10:00:00Z", "msg": "order 1 placed", "service": "shop"},
        {"level": "error", "time": "2026-02-03T10:00:02Z", "msg": "order 2 placed", "service": "mail"},
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    templates([path], form=TemplateFormat.JSON)
    (template,) = json.loads(capsys.readouterr().out)["templates"]
    assert template["template"] == "order <*> placed"
    assert template["severities"] == {"INFO": 1, "ERROR": 1}
    assert template["services"] == {"shop": 1, "mail": 1}
    assert template["first"].startswith("2026-02-03T10:00:00")


def test_json_that_holds_no_entry_is_taken_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "odd.json"
    path.write_text("[no led\nno led\n")
    templates([path], form=TemplateFormat.JSON)
    assert json.loads(capsys.readouterr().out)["lines"] == 2


_SPELLINGS = (
    {"@t": "2026-02-03T10:00:00Z", "@l": "Error", "@m": "order 1 lost"},
    {"@t": "2026-02-03T10:00:00Z", "@l": "Error", "@mt": "order 1 lost"},
    {"Timestamp": "2026-02-03T10:00:00Z", "LogLevel": "Error", "Message": "order 1 lost"},
    {"timestamp": "2026-02-03T10:00:00Z", "level": "ERROR", "fields": {"message": "order 1 lost"}},
    {"timestamp": "2026-02-03T10:00:00Z", "severityText": "ERROR", "body": {"stringValue": "order 1 lost"}},
)


@pytest.mark.parametrize("row", _SPELLINGS, ids=["@m", "@mt", "Message", "fields", "body"])
@pytest.mark.parametrize("lines", [False, True])
def test_messages_of_json_are_found_however_loggers_name_them(
    row: dict[str, object], lines: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "app.json"
    path.write_text("".join(f"{json.dumps(row).replace('order 1', f'order {at}')}\n" for at in range(30)))
    templates([path], form=TemplateFormat.CSV if lines else TemplateFormat.JSON, lines=lines)
    out = capsys.readouterr().out
    if lines:
        assert {found["template"] for found in _rows(out)} == {"order <*> lost"}
        return
    (template,) = json.loads(out)["templates"]
    assert (template["template"], template["severities"]) == ("order <*> lost", {"ERROR": 30})
    assert template["first"].startswith("2026-02-03T10:00:00")


def test_text_that_begins_with_a_bracket_is_no_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broker.log"
    path.write_text("".join(f"[2026-02-03 10:00:{at},123] WARN [main] order {at} lost\n" for at in range(10, 40)))
    templates([path], form=TemplateFormat.JSON)
    (template,) = json.loads(capsys.readouterr().out)["templates"]
    assert (template["template"], template["severities"]) == ("order <*> lost", {"WARNING": 30})


@pytest.mark.parametrize("form", ["marked", "coloured"])
def test_prefixes_are_found_behind_marks_and_colours(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "app.log"
    info = "\x1b[32mINFO\x1b[0m" if form == "coloured" else "INFO"
    text = "".join(f"2026-02-03 10:00:{at} {info} order {at} lost\n" for at in range(10, 40))
    path.write_bytes(text.encode("utf-8-sig" if form == "marked" else "utf-8"))
    templates([path], form=TemplateFormat.JSON)
    (template,) = json.loads(capsys.readouterr().out)["templates"]
    assert (template["template"], template["severities"]) == ("order <*> lost", {"INFO": 30})
    assert template["first"].startswith("2026-02-03T10:00:10")


@pytest.mark.parametrize(
    ("content", "seen"),
    [(gzip.compress(LOG.encode()), "gzip"), (LOG.encode("utf-16"), "UTF-16")],
    ids=["gzip", "utf-16"],
)
def test_what_is_no_text_in_utf_8_is_said_plainly(content: bytes, seen: str, tmp_path: Path) -> None:
    path = tmp_path / "app.log.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot read") as caught:
        templates([path], lines=True)
    assert seen in str(caught.value)
    assert "shakeout templates -" in str(caught.value)


def test_a_compressed_log_is_read_as_any_evidence(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(LOG.encode()))
    templates([path], form=TemplateFormat.JSON)
    found = {one["template"]: one["count"] for one in json.loads(capsys.readouterr().out)["templates"]}
    assert found["request <*> done"] == 2


def test_all_rows_end_alike_where_lines_end_otherwise(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), newline="\r\n")
    monkeypatch.setattr(sys, "stdout", out)
    templates([log], form=TemplateFormat.CSV, lines=True)
    out.flush()
    assert isinstance(out.buffer, io.BytesIO)
    rows = out.buffer.getvalue().split(b"\n")
    assert len(rows) == 6
    assert not any(row.endswith(b"\r") for row in rows)
