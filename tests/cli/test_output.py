"""What is printed where: help, summary, streams, colours, the job summary."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from cli.conftest import Shop
from shakeout.cli import EXIT_STATUSES, run

VERBS = ("demo", "down", "explain", "report", "serve", "templates", "up", "verify")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "shakeout", *arguments]


def on_terminal(folder: Path, columns: int, *arguments: str, **environment: str) -> str:
    """What a terminal of that width shows of a command."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR", "COLUMNS"}}
    process = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={**plain, "TERM": "xterm-256color", **environment},
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65_536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    process.wait(60)
    return shown.decode()


once = pytest.mark.xdist_group("reported")
"""One process runs the tests that only read the same run."""


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop after a run with an issue; nobody changes it."""
    shop = Shop(tmp_path_factory.mktemp("reported") / "shop")
    shop.change(
        "Slip", "run: ${python} server.py\n    health: {}\n    version: {}\n    needs", "run: no-such\n    needs"
    )
    shop.run("up", "--quiet")
    return shop


@once
@pytest.mark.parametrize("columns", [80, 110])
def test_the_summary_fits_the_terminal(reported, columns: int) -> None:
    text = re.sub("\x1b\\[[0-9;]*m", "", on_terminal(reported.folder, columns, "report"))
    lines = text.splitlines()
    assert any(line.startswith("FAILED") for line in lines) and any(line.startswith("Issue 1") for line in lines)
    assert [line for line in lines if len(line.rstrip()) > columns and not line.startswith("Report ")] == []


@once
def test_a_terminal_has_colours_and_no_color_takes_them_away(reported) -> None:
    assert "\x1b[1;31mFAILED" in on_terminal(reported.folder, 80, "report")
    assert "\x1b[1;31m" not in on_terminal(reported.folder, 80, "report", NO_COLOR="1")
    assert "\x1b" not in on_terminal(reported.folder, 80, "report", CI="true")


def test_without_a_verb_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    shown = capsys.readouterr().out
    assert "Usage: shakeout" in shown
    assert " ".join(EXIT_STATUSES.split()) in " ".join(shown.split())


def test_every_verb_says_in_one_uncut_line_what_it_does() -> None:
    done = subprocess.run(
        command("--help"), check=False, capture_output=True, text=True, env={**os.environ, "COLUMNS": "80"}
    )
    for verb in VERBS:
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(f"  {verb} ")]
        assert line.endswith(".") and not line.endswith("...")


@pytest.mark.parametrize(
    ("words", "offered"),
    [("shakeout ver", "verify"), ("shakeout up --fo", "--format"), ("shakeout up --format ju", "junit")],
)
def test_the_shell_completes_verbs_options_and_values(words: str, offered: str) -> None:
    environment = {
        **os.environ,
        "_SHAKEOUT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    name = Path(sys.executable).with_name("shakeout")
    done = subprocess.run([name], check=False, capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, done.stdout.split()) == (0, [offered])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nope"],
        ["upp"],
        ["up", "--nope"],
        ["up", "--format", "xml"],
        ["up", "--at"],
        ["report", "one", "two"],
        ["serve", "--port", "x"],
        ["serve", "--port", "70000"],
        ["verify", "--url", "backend"],
        ["explain"],
        ["explain", "--rule", "no-such-rule"],
        ["demo", "--fault", "no-such-fault"],
        ["demo", "--keep", "--fault", "smoke-import-removed"],
    ],
)
def test_a_wrong_command_line_exits_2_with_what_to_do(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err
    assert "Traceback" not in captured.err and "shakeout itself failed" not in captured.err


@once
def test_in_a_workflow_the_report_is_added_to_the_job_summary(reported, tmp_path: Path) -> None:
    place = tmp_path / "summary.md"
    place.write_text("before\n")
    done = reported.run("report", "--format", "github", environment={"GITHUB_STEP_SUMMARY": str(place)})
    assert done.status == 1 and "::error " in done.out
    assert place.read_text().startswith("before\n# ") and "Deployment status: **FAILED**" in place.read_text()


@once
def test_annotations_point_into_the_manifest_where_nothing_is_nearer(reported) -> None:
    assert "file=shakeout.yaml,line=" in reported.run("report", "--format", "github").out


@once
def test_a_job_summary_that_cannot_be_written_changes_no_exit_status(reported, tmp_path: Path) -> None:
    done = reported.run("report", "--format", "github", environment={"GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert done.status == 1 and "job summary cannot be written" in done.err


@once
def test_a_reader_that_goes_away_changes_no_exit_status(reported) -> None:
    script = f"{command('report')[0]} -m shakeout report | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], check=False, cwd=reported.folder, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (1, "")


@once
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_streams_change_no_exit_status(reported, closed: str) -> None:
    script = f"{sys.executable} -m shakeout report {closed}"
    done = subprocess.run(["bash", "-c", script], check=False, cwd=reported.folder, timeout=60)
    assert done.returncode == 1


def test_progress_that_nobody_reads_does_not_stop_a_run(shop) -> None:
    script = f"{sys.executable} -m shakeout up 2>&1 >/dev/null | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], check=False, cwd=shop.folder, timeout=60)
    assert done.returncode == 0
    assert shop.processes() == []
    script = f"{sys.executable} -m shakeout report 2>&1 | true; exit ${{PIPESTATUS[0]}}"
    assert subprocess.run(["bash", "-c", script], check=False, cwd=shop.folder, timeout=60).returncode == 0


@once
@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_a_locale_without_unicode_is_no_reason_to_fail(reported, locale: str) -> None:
    given = {"LC_ALL": locale, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert reported.run("report", environment=given).status == 1
    done = reported.run("report", "--format", "json", environment=given)
    assert done.status == 1 and json.loads(done.out)["status"] == "FAILED"


def test_waiting_lines_tell_the_part_of_an_answer_that_matters() -> None:
    from shakeout.targets.health import _telling

    health = {"ok": False, "backing_services": {"accounts": {"status": "down", "detail": "no migrations yet"}}}
    assert _telling(json.dumps(health)) == ": accounts is down (no migrations yet)"
    assert _telling('{"ok": false, "error": {"code": "X", "message": "warming up"}}') == ": warming up"
    assert _telling('{"status": "starting", "uptime": 3}') == ": starting"
    assert _telling("") == ""
    assert len(_telling(json.dumps({"noise": "x" * 5000}))) < 110
