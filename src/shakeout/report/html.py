"""The report as one HTML file that holds everything it needs, and needs no script to be read."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from shakeout.checks.base import Outcome
from shakeout.report.model import Priority, Report, ServiceSummary, Status
from shakeout.report.text import (
    commit_line,
    counts,
    date_line,
    line,
    ordered_issues,
    phases,
    seconds,
    service_line,
    spans,
    summary_line,
    symptoms,
    title,
    visible,
)

TONES: dict[str, str] = {
    Status.SUCCESSFUL: "good",
    Status.SUCCESSFUL_WITH_ISSUES: "fair",
    Status.FAILED: "bad",
    Status.INCONCLUSIVE: "unknown",
    Outcome.PASSED: "good",
    Outcome.DEGRADED: "fair",
    Outcome.FAILED: "bad",
    Outcome.SKIPPED: "unknown",
    Outcome.INCONCLUSIVE: "unknown",
    Priority.CRITICAL: "bad",
    Priority.HIGH: "bad",
    Priority.MEDIUM: "fair",
    Priority.LOW: "unknown",
    "deployed": "good",
    "external": "unknown",
    "failed": "bad",
    "blocked": "unknown",
    "proved": "good",
    "not proved": "fair",
}
"""Colour says nothing that a word beside it does not say."""


def render(report: Report) -> str:
    """The report as HTML text."""
    return _template().render(
        report=report,
        issues=ordered_issues(report.issues),
        title=title(report),
        summary=summary_line(report),
        commit=commit_line(report),
        counts=counts(report.checks),
        passed=sum(result.outcome is Outcome.PASSED for result in report.checks),
        failed=sum(result.outcome is Outcome.FAILED for result in report.checks),
        phases=phases(report),
        deployed=sum(service.status in {"deployed", "external"} for service in report.services),
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "line": line,
        "date": date_line,
        "visible": visible,
        "seconds": seconds,
        "tone": lambda value: TONES.get(value, "unknown"),
        "service_line": service_line,
        "prose": _prose,
        "symptoms": symptoms,
        "link": _link,
        "diff": _diff,
    }
    return environment.get_template("report.html.j2")


def _prose(text: str) -> Markup:
    """`text` on one line; what stands in backticks becomes code."""
    pieces = [Markup("<code>{}</code>").format(piece) if code else escape(piece) for code, piece in spans(text)]
    return Markup("").join(pieces)


def _link(service: ServiceSummary) -> str | None:
    """The address, where a browser may be sent to it."""
    url = service.url or ""
    return url if url.startswith(("http://", "https://")) and url == line(url) else None


def _diff(patch: str) -> list[dict[str, Any]]:
    """The lines of a patch, each with its kind."""
    rows = []
    for row in visible(patch.rstrip("\n")).split("\n"):
        if row.startswith(("+++", "---", "diff ", "index ")):
            kind = "head"
        else:
            kind = {"+": "add", "-": "del", "@": "hunk"}.get(row[:1], "same")
        rows.append({"kind": kind, "text": row})
    return rows
