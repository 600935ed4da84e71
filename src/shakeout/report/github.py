"""
The report for a GitHub workflow: annotations on standard output, and the text of the job summary.

A step shows at most 10 errors and 10 warnings, so the top causes come first; the rest is in the summary.
"""

from __future__ import annotations

import hashlib
import re

from shakeout.report import markdown
from shakeout.report.model import Issue, Priority, Report
from shakeout.report.places import place_of
from shakeout.report.text import line, ordered_issues, summary_line

LIMIT = 10
"""Annotations of one level that GitHub shows for one step."""

SUMMARY_LIMIT = 1024 * 1024
"""Bytes that a job summary may have."""


def render(report: Report) -> str:
    """Workflow commands, then the report as plain text in a group, in which no line is taken for a command."""
    errors, warnings, rest = _shared_out(report)
    rows = [_annotation("error", issue, report) for issue in errors]
    rows += [_annotation("warning", issue, report) for issue in warnings]
    more = f"; {len(rest)} more in the job summary" if rest else ""
    rows.append(f"::notice title=shakeout::{_data(summary_line(report) + more)}")
    body = markdown.render(report).rstrip("\n")
    # Nothing in the report can hold the digest of the whole report, so nothing in it can start commands again.
    token = hashlib.sha256(body.encode("utf-8")).hexdigest()
    rows += ["::group::Report", f"::stop-commands::{token}", body, f"::{token}::", "::endgroup::"]
    return "\n".join(rows) + "\n"


def summary(report: Report) -> str:
    """The job summary, for the file that GITHUB_STEP_SUMMARY names: the Markdown report, cut where it is too long."""
    text = markdown.render(report)
    if len(text.encode("utf-8")) <= SUMMARY_LIMIT:
        return text
    note = "\n\nThe report is longer than a job summary may be; the whole of it is in the run's folder.\n"
    kept = text.encode("utf-8")[: SUMMARY_LIMIT - len(note) - 16].decode("utf-8", "ignore").rpartition("\n")[0]
    # A fence that was cut open would swallow the note.
    fences = re.findall(r"(?m)^ *(`{3,})", kept)
    return kept + (f"\n{fences[-1]}" if len(fences) % 2 else "") + note


def _shared_out(report: Report) -> tuple[list[Issue], list[Issue], list[Issue]]:
    """Issues as errors, as warnings, and those for which there is no room."""
    issues = ordered_issues(report.issues)
    urgent = [issue for issue in issues if issue.priority in {Priority.CRITICAL, Priority.HIGH}]
    others = [issue for issue in issues if issue.priority in {Priority.MEDIUM, Priority.LOW}]
    return urgent[:LIMIT], others[:LIMIT], urgent[LIMIT:] + others[LIMIT:]


def _annotation(level: str, issue: Issue, report: Report) -> str:
    place = place_of(issue, report)
    values = {
        "file": place.path,
        "line": str(place.line),
        "endLine": str(place.end_line),
        "title": f"{issue.priority}: {line(issue.title)}",
    }
    properties = ",".join(f"{key}={_property(value)}" for key, value in values.items())
    rows = [f"{line(why.question)} {line(why.answer)}" for why in issue.whys]
    rows = rows or [line(symptom) for symptom in issue.symptoms] or [line(issue.title)]
    if issue.root_cause:
        rows.append(f"Root cause: {line(issue.root_cause.statement)}")
    rows += [f"Where evidence ends: {line(issue.unknown)}"] if issue.unknown else []
    rows += [f"Solution: {line(fix.summary)}" for fix in issue.fixes[:1]]
    return f"::{level} {properties}::{_data(chr(10).join(rows))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
