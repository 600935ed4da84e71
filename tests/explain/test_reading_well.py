"""What a person reads: each cause once, what is unknown said as such, nothing invented, nothing in several lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shakeout.report.model import Report, Status
from shakeout.report.rendering import Format, render
from shakeout.runs.offline import Question, explain_offline
from shakeout.testing import SmallRepository


def ask(place: Path, texts: list[str], repository: SmallRepository | None = None, **more: object) -> Report:
    entries = [
        {
            "insertId": f"e{number}", "logName": "projects/acme/logs/run.googleapis.com%2Fstderr",
            "timestamp": f"2026-02-01T10:00:{number:02d}Z", "severity": "ERROR", "textPayload": text,
            "resource": {"type": "cloud_run_revision", "labels": {"service_name": "shop"}}, **more,
        }
        for number, text in enumerate(texts)
    ]  # fmt: skip
    path = place / "logs.json"
    path.write_text(json.dumps(entries))
    return explain_offline(Question(evidence=[path], repository=repository.folder if repository else None))


def test_errors_that_differ_in_numbers_alone_are_one_unexplained_error(tmp_path: Path) -> None:
    report = ask(tmp_path, [f"FluxError: capacitor {number} went astray" for number in range(7)])
    (item,) = report.unexplained
    assert item.count == 7
    assert len([step for step in report.next_steps if "unexplained" in step]) == 1


def test_what_would_help_reads_as_a_sentence(tmp_path: Path) -> None:
    for text in ("the flux went astray", "FluxError: gone"):
        report = ask(tmp_path, [text])
        (item,) = report.unexplained
        assert item.needs.startswith(("a person: ", "more evidence: "))
        assert all("no rule of the catalogue explains this further" not in step for step in report.next_steps)


def test_more_unexplained_errors_than_are_listed_are_counted(tmp_path: Path) -> None:
    report = ask(tmp_path, [f"{word}Error: gone" for word in ("Flux", "Warp", "Tide", "Moon", "Star")])
    assert "Look at the other unexplained errors, 2 more" in report.next_steps


def test_an_error_of_several_lines_is_told_in_one(tmp_path: Path) -> None:
    report = ask(
        tmp_path,
        [
            "Traceback (most recent call last):\n"
            '  File "/app/shop/store.py", line 8, in connect\n'
            "    conn = psycopg.connect(DB)\n"
            'psycopg.OperationalError: connection to server at "10.1.2.3", port 5432 failed: Connection refused\n'
            "\tIs the server running on that host and accepting TCP/IP connections?"
        ],
    )
    (issue,) = report.issues
    assert not any("\n" in why.answer for why in issue.whys)
    assert "\n" not in issue.title


def test_an_issue_without_a_root_cause_is_headed_by_what_is_known_and_says_what_it_needs(tmp_path: Path) -> None:
    report = ask(
        tmp_path,
        [
            "Traceback (most recent call last):\n"
            '  File "/app/shop/store.py", line 8, in connect\n'
            "    conn = psycopg.connect(DB)\n"
            'psycopg.OperationalError: connection to server at "10.1.2.3", port 5432 failed: Connection refused'
        ],
    )
    (issue,) = report.issues
    assert issue.root_cause is None
    assert "10.1.2.3:5432" in issue.title
    assert "that needs" in report.next_steps[0]


def test_a_frozen_module_is_no_place_to_look_at(tmp_path: Path) -> None:
    repository = SmallRepository(tmp_path / "repository")
    repository.commit("Add it", {"shop/app.py": "import os\n\nDB = os.environ['DATABASE_URL']\n"})
    report = ask(
        tmp_path,
        [
            "Traceback (most recent call last):\n"
            '  File "/app/shop/app.py", line 3, in <module>\n'
            "    DB = os.environ['DATABASE_URL']\n"
            '  File "<frozen os>", line 679, in __getitem__\n'
            "KeyError: 'DATABASE_URL'"
        ],
        repository,
    )
    text = " ".join(why.answer for issue in report.issues for why in issue.whys)
    assert "DATABASE_URL" in text
    assert "<frozen" not in text


def test_a_module_that_node_does_not_find_is_not_asked_of_a_python_requirements_file(tmp_path: Path) -> None:
    repository = SmallRepository(tmp_path / "repository")
    repository.commit("Add it", {"requirements.txt": "flask==3.0\n", "shop/app.py": "import flask\n"})
    report = ask(
        tmp_path,
        [
            "node:internal/modules/cjs/loader:1148\n  throw err;\n  ^\n\n"
            "Error: Cannot find module 'lodash'\nRequire stack:\n- /app/server.js\n"
            "    at Module._resolveFilename (node:internal/modules/cjs/loader:1145:15)\n"
            "    at Object.<anonymous> (/app/server.js:3:11)"
        ],
        repository,
    )
    assert all(issue.root_cause is None for issue in report.issues)
    assert "requirements.txt" not in json.dumps([issue.title for issue in report.issues])


@pytest.mark.parametrize(
    ("labels", "when", "how"),
    [
        ({"commit-sha": "first"}, "2030-01-01T00:00:00Z", "the labels of the log entries"),
        ({}, "2025-01-01T01:30:00Z", "the newest commit before the first log entry"),
        ({}, "2020-01-01T00:00:00Z", "HEAD"),
    ],
)
def test_the_report_says_how_the_commit_was_found(
    labels: dict[str, str], when: str, how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from shakeout.cli.output import results_console
    from shakeout.cli.summary import print_summary
    from shakeout.report.markdown import render

    repository = SmallRepository(tmp_path / "repository")
    first = repository.commit("Begin", {"a.py": "a = 1\n"})
    newest = repository.commit("Go on", {"a.py": "a = 2\n"})
    labels = dict.fromkeys(labels, first)
    report = ask(tmp_path, ["FluxError: gone"], repository, timestamp=when, labels=labels)
    assert report.release.commit == (newest if how == "HEAD" else first)
    assert how in (report.release.commit_from or "")
    print_summary(report, results_console())
    assert how in " ".join(capsys.readouterr().out.split())
    assert how in " ".join(render(report).split())


def test_a_long_error_is_named_by_its_beginning(tmp_path: Path) -> None:
    report = ask(tmp_path, [f"FluxError: {'w' * 5000}"])
    (item,) = report.unexplained
    assert len(item.symptom) < 250
    assert item.symptom.endswith("…")
    assert item.count == 1


@pytest.mark.parametrize("node", ["Node:         node-7/10.0.0.7\n", ""])
def test_a_described_pod_that_ran_out_of_memory_is_no_clean_bill(node: str, tmp_path: Path) -> None:
    """As `kubectl describe pod` prints it."""
    path = tmp_path / "describe.txt"
    path.write_text(
        f"Name:         shop-6d4cf56db6-x2x9v\nNamespace:    staging\n{node}Status:       Running\n"
        "Containers:\n  shop:\n    Image:          registry.example.com/shop:1.4\n"
        "    State:          Waiting\n      Reason:       CrashLoopBackOff\n"
        "    Last State:     Terminated\n      Reason:       OOMKilled\n      Exit Code:    137\n"
        "    Restart Count:  7\n"
    )
    report = explain_offline(Question(evidence=[path]))
    assert report.status is Status.FAILED
    (issue,) = report.issues
    assert "memory" in issue.title


def test_lines_that_only_read_like_failures_are_mentioned(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("starting\nthe flux could not be found\nready\n")
    report = explain_offline(Question(evidence=[path]))
    assert report.status is Status.SUCCESSFUL
    assert any("read like failures" in note and "the flux could not be found" in note for note in report.notes)


def test_a_secret_of_the_repository_is_in_no_form_of_the_report_where_a_log_prints_it_bare(tmp_path: Path) -> None:
    repository = SmallRepository(tmp_path / "repository")
    repository.commit("Start", {".env": "SHOP_DB_PASSWORD=Tr4wler-Mast-77\n", "shop/store.py": "x = 1\n"})
    report = ask(tmp_path, ["could not log in to the store as shop with Tr4wler-Mast-77"], repository)
    for form in Format:
        text = render(report, form)
        assert "Tr4wler" not in text
    assert "with [redacted]" in report.unexplained[0].symptom


@pytest.mark.parametrize(
    ("step", "present"),
    [("python -m compileall -q .", False), ("docker run --rm shop python -c 'import shop.tools'", True)],
)
def test_compiling_is_no_guard_against_a_module_that_python_no_longer_has(tmp_path: Path, step: str, present: bool):
    repository = SmallRepository(tmp_path / "shop")
    workflow = f"on: push\njobs:\n  check:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: {step}\n"
    repository.commit(
        "Start",
        {
            "Dockerfile": "FROM python:3.13-slim\nCOPY . /app\n",
            "shop/tools.py": "import cgi\n",
            ".github/workflows/ci.yml": workflow,
        },
    )
    text = (
        'Traceback (most recent call last):\n  File "/app/shop/tools.py", line 1, in <module>\n    import cgi\n'
        "ModuleNotFoundError: No module named 'cgi'"
    )
    (issue,) = ask(tmp_path, [text], repository).issues
    assert issue.root_cause is not None and issue.root_cause.claim == "RemovedFromPython"
    assert issue.guard is not None and issue.guard.present is present
