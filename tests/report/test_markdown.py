"""The report as Markdown: its sections, and that nothing in it is more than text."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shakeout.evidence.model import Evidence, Locator
from shakeout.report.markdown import block, code, escape, render
from shakeout.report.model import Report


def test_the_sections_are_those_of_a_report_written_by_hand(full: Report) -> None:
    assert re.findall("(?m)^## .*$", render(full)) == [
        "## Deployment summary",
        "## Issues and whys",
        "## Not explained",
        "## Test results on staging",
        "## Recommendations",
        "## Next steps",
        "## About this run",
    ]


def test_the_head_says_what_when_and_how_it_went(full: Report) -> None:
    head = render(full).partition("## ")[0]
    assert head.startswith("# Staging Deployment Analysis Report\n")
    assert "Date: 2025-09-03 10:15 UTC  \n" in head
    assert "Deployment status: **SUCCESSFUL with ISSUES**  \n" in head
    assert "Commit: `3f9c1e7a3f9c` Move the desk's settings into one module" in head


def test_the_most_urgent_issue_comes_first(full: Report) -> None:
    assert re.findall(r"(?m)^\*\*Priority\*\*: (\w+)", render(full)) == ["CRITICAL", "HIGH", "MEDIUM"]


def test_a_symptom_that_is_the_title_is_not_said_twice(full: Report) -> None:
    issue = dataclasses.replace(full.issues[2], symptoms=("the frontend's bundle does not say its commit",))
    assert "Symptom" not in render(dataclasses.replace(full, issues=(issue,)))


def test_each_why_has_its_evidence_below_it(full: Report) -> None:
    text = render(full)
    why = text.index("2. **Why is env bound nowhere?**")
    evidence = text.index('   - `scripts/check_auth.py:12`: `base = env["AUTH_URL"]`')
    assert why < evidence < text.index("3. **Why is it no longer imported?**")


def test_a_quote_of_several_lines_is_a_block(full: Report) -> None:
    assert "     ```text\n     Traceback (most recent call last):\n" in render(full)


def test_root_cause_change_guard_fix_and_proof_are_there(full: Report) -> None:
    text = render(full)
    assert "**Root cause**: the import of env was taken out and its use was left (`scripts/check_auth.py:3`" in text
    assert "**Introduced by**: `91ab33c0d1e2` of 2025-09-02T16:40:11+02:00, Tidy imports" in text
    assert "**Guard**: ruff F821 (the repository does not have it)" in text
    assert "```diff\n--- a/scripts/check_auth.py\n" in text
    assert "**Proof**: proved: with this change, 1 of 1 failed checks passes" in text
    assert "**Where evidence ends**: unknown beyond here: needs platform access (--platform)" in text
    assert "**Ruled out**:\n\n- desk.settings defines no env at this commit\n" in text


def test_every_check_is_in_the_table(full: Report) -> None:
    rows = [row for row in render(full).splitlines() if row.startswith("| `")]
    assert len(rows) == len(full.checks)
    assert "| `clickhouse` | backend | **failed** (not required) | circuit breaker open | 12 ms |" in rows


def test_a_run_without_anything_says_so(nothing: Report) -> None:
    assert render(nothing) == (
        "# Deployment Analysis Report\n\nDeployment status: **INCONCLUSIVE**  \nChecks: no check was asked\n\n"
        "## Test results\n\nNo check was asked.\n"
    )


def test_a_run_that_is_well_names_no_issue(well: Report) -> None:
    assert "Issue" not in render(well)


def test_hostile_text_stays_text(nasty: Report) -> None:
    text = render(nasty)
    outside = re.sub(r"(?ms)^ *(`{3,})\w*\n.*?\n *\1$", "", text)
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    assert "<script" not in outside
    assert "[link](" not in outside
    assert outside.count("<details>") == outside.count("</details>") == 1
    assert len(re.findall("(?m)^#{1,6} ", outside)) == 9
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", text)
    assert "␛" in text and "\\u202e" in text.replace("\\\\u", "\\u")


@pytest.mark.parametrize("row", ["| `plain` |", "| `other` |"])
def test_a_pipe_does_not_break_a_table(nasty: Report, row: str) -> None:
    found = next(line for line in render(nasty).splitlines() if line.startswith(row))
    assert len(re.findall(r"(?<!\\)\|", found)) == 6


def test_the_same_report_gives_the_same_text(full: Report) -> None:
    assert render(full) == render(full)


@given(st.text("a`|\n "))
@settings(deadline=None)
def test_a_code_span_is_closed_by_its_own_fence(text: str) -> None:
    span = code(text)
    if span:
        fence = re.match("`+", span)[0]  # type: ignore[index]
        inner = span[len(fence) : -len(fence)]
        assert span.endswith(fence)
        assert fence not in re.findall("`+", inner)
        assert "\n" not in span


@given(st.text("a`\n "))
@example("```\nnot out of here\n````\nnor here")
@settings(deadline=None)
def test_a_block_is_closed_by_its_own_fence(text: str) -> None:
    first, *rows, last = "\n".join(block(text)).split("\n")
    assert last == first.removesuffix("text")
    assert all(last not in row for row in rows)


@given(st.text())
@settings(deadline=None)
def test_escaped_text_opens_no_element(text: str) -> None:
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", escape(text).replace("\\`", ""))
    assert "<" not in outside and "\n" not in outside


def test_a_long_quote_stands_once_in_an_issue(full: Report) -> None:
    quote = "HTTP 503\n" + "the history is gone, " * 12
    item = Evidence(kind="probe", locator=Locator(source="log", path="checks/history.txt", line=3), quote=quote)
    issue = dataclasses.replace(
        full.issues[0], whys=tuple(dataclasses.replace(why, evidence=(item,)) for why in full.issues[0].whys)
    )
    text = render(dataclasses.replace(full, issues=(issue,)))
    assert text.count(("the history is gone, " * 12).strip()) == 1
    assert text.count("`checks/history.txt:3`, as quoted above") == len(issue.whys) - 1 >= 1
