"""JUnit, SARIF and GitHub annotations."""

from __future__ import annotations

import dataclasses
import json
import re
from xml.etree import ElementTree

import pytest

from shakeout.report import github, junit, sarif
from shakeout.report.model import Issue, Priority, Report
from shakeout.report.rendering import Format
from shakeout.report.rendering import render as render_as

ALL = ["full", "well", "nothing", "nasty"]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("form", list(Format))
def test_every_form_renders_every_report_the_same_way_twice(
    name: str, form: Format, request: pytest.FixtureRequest
) -> None:
    report = request.getfixturevalue(name)
    text = render_as(report, form)
    assert text == render_as(report, form)
    assert text.endswith("\n")
    text.encode("utf-8")


def test_junit_tells_failures_errors_and_skips_apart(full: Report) -> None:
    root = ElementTree.fromstring(junit.render(full))
    found = {
        case.get("name"): [child.tag for child in case] for case in root.findall("testsuite")[1].findall("testcase")
    }
    assert found == {
        "backend-health": [],
        "auth-health": [],
        "frontend-health": ["system-out"],
        "accounts": [],
        "clickhouse": ["failure"],
        "sign-in": ["failure"],
        "live": ["skipped"],
        "bundle": ["error"],
    }
    counted = [root.get(key) for key in ("tests", "failures", "errors", "skipped")]
    assert counted == ["11", "2", "1", "1"]


def test_junit_gives_the_whys_of_a_failed_check(full: Report) -> None:
    root = ElementTree.fromstring(junit.render(full))
    failure = root.find(".//testcase[@name='sign-in']/failure")
    assert failure is not None and failure.text is not None
    assert "2. Why is env bound nowhere? Because scripts/check_auth.py" in failure.text
    assert "root cause: the import of env was taken out" in failure.text


def test_junit_counts_a_service_that_is_not_deployed(nasty: Report) -> None:
    root = ElementTree.fromstring(junit.render(nasty))
    assert root.findall("testsuite")[0].get("failures") == "1"


@pytest.mark.parametrize("name", ALL)
def test_every_sarif_result_has_a_file_and_a_line(name: str, request: pytest.FixtureRequest) -> None:
    report = request.getfixturevalue(name)
    run = json.loads(sarif.render(report))["runs"][0]
    assert len(run["results"]) == len(report.issues)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        places = [location["physicalLocation"] for location in result["locations"]]
        for flow in result.get("codeFlows", []):
            places += [step["location"]["physicalLocation"] for step in flow["threadFlows"][0]["locations"]]
        for place in places:
            assert re.fullmatch(r"(?!/)[^:\s\\]+", place["artifactLocation"]["uri"])
            assert 1 <= place["region"]["startLine"] <= place["region"]["endLine"]


def test_sarif_points_at_the_root_cause(full: Report) -> None:
    results = json.loads(sarif.render(full))["runs"][0]["results"]
    assert [(result["ruleId"], result["level"]) for result in results] == [
        ("address-unknown", "error"),
        ("introduced-by", "error"),
        ("unexplained", "warning"),
    ]
    location = results[1]["locations"][0]["physicalLocation"]
    assert (location["artifactLocation"]["uri"], location["region"]["startLine"]) == ("scripts/check_auth.py", 3)


def test_sarif_writes_a_path_as_a_uri(full: Report) -> None:
    cause = full.issues[0].root_cause
    assert cause is not None
    issue = dataclasses.replace(
        full.issues[0], root_cause=dataclasses.replace(cause, locators=("0f" * 20, "my files/a#b.py:7-9"))
    )
    result = json.loads(sarif.render(dataclasses.replace(full, issues=(issue,))))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "my%20files/a%23b.py"},
        "region": {"startLine": 7, "endLine": 9},
    }


def many(full: Report, count: int, priority: Priority) -> Report:
    issues = tuple(
        Issue(id=f"i-{index}", title=f"Issue {index}", priority=priority, symptoms=("s",)) for index in range(count)
    )
    return dataclasses.replace(full, issues=(*issues, *full.issues))


def test_github_gets_no_more_annotations_than_it_shows(full: Report) -> None:
    text = github.render(many(many(full, 12, Priority.HIGH), 15, Priority.LOW))
    head = text.partition("::group::")[0].splitlines()
    assert sum(row.startswith("::error ") for row in head) == 10
    assert sum(row.startswith("::warning ") for row in head) == 10
    assert "10 more in the job summary" in head[-1]


def test_github_gets_the_top_cause_first(full: Report) -> None:
    first = github.render(full).splitlines()[0]
    assert first.startswith("::error file=shakeout.yaml,line=41,endLine=41,title=CRITICAL%3A Nothing answers at")
    assert "%0ARoot cause: no server has the name" in first


def test_nothing_in_a_report_is_a_workflow_command(nasty: Report) -> None:
    rows = github.render(dataclasses.replace(nasty, notes=("::error::x", "::endgroup::"))).splitlines()
    stop = next(index for index, row in enumerate(rows) if row.startswith("::stop-commands::"))
    token = rows[stop].removeprefix("::stop-commands::")
    start = rows.index(f"::{token}::")
    assert rows[start + 1 :] == ["::endgroup::"]
    assert not [row for row in rows[stop + 1 : start] if token in row]
    assert [row.split("::")[1].split(" ")[0] for row in rows[:stop]] == ["error", "notice", "group"]


def test_the_job_summary_keeps_to_its_size(full: Report) -> None:
    long = dataclasses.replace(full, notes=tuple(f"note {index} {'x' * 900}" for index in range(1500)))
    text = github.summary(long)
    assert len(text.encode("utf-8")) <= github.SUMMARY_LIMIT
    assert text.endswith("the whole of it is in the run's folder.\n")
    assert github.summary(full).startswith("# Staging Deployment Analysis Report")
