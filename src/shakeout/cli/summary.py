"""The summary that a person reads in the terminal: status, issues first, services, checks, where the report lies."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shakeout.checks.base import CheckResult, Outcome
from shakeout.evidence.model import Evidence
from shakeout.report.model import Issue, Priority, Report, Status
from shakeout.report.text import visible

_STATUS_STYLE = {
    Status.SUCCESSFUL: "bold green",
    Status.SUCCESSFUL_WITH_ISSUES: "bold yellow",
    Status.FAILED: "bold red",
    Status.INCONCLUSIVE: "bold magenta",
}
_MARKS = {
    Outcome.PASSED: ("✓", "green"),
    Outcome.FAILED: ("✗", "bold red"),
    Outcome.DEGRADED: ("!", "yellow"),
    Outcome.SKIPPED: ("-", "dim"),
    Outcome.INCONCLUSIVE: ("?", "magenta"),
}
_PRIORITY_STYLE = {
    Priority.CRITICAL: "bold red",
    Priority.HIGH: "red",
    Priority.MEDIUM: "yellow",
    Priority.LOW: "dim",
}


def print_summary(report: Report, console: Console, folder: Path | None = None) -> None:
    """Print the summary of a report; `folder` is where its files lie."""
    _print_heading(report, console)
    for number, issue in enumerate(report.issues, 1):
        _print_issue(number, issue, console)
    if report.unexplained:
        console.print(_text("Unexplained", style="bold"))
        for item in report.unexplained[:10]:
            seen = f" (seen {item.count} times)" if item.count > 1 else ""
            _print_indented(_text(f"{item.symptom}{seen}; needs {item.needs}"), console)
        console.print()
    if report.log_changes:
        console.print(_text(f"Changed in the logs since {report.baseline}", style="bold"))
        for change in report.log_changes[:10]:
            doubt = "" if change.sure else " (not sure)"
            text = f"{change.kind}{doubt}: {change.template}  ({change.before} before, {change.after} now)"
            _print_indented(_text(text), console)
        if len(report.log_changes) > 10:
            _print_indented(_text(f"and {len(report.log_changes) - 10} more", style="dim"), console)
        console.print()
    if report.services:
        _print_services(report, console)
    if report.checks:
        _print_checks(report.checks, console)
    if report.next_steps:
        console.print(_text("Next steps", style="bold"))
        for number, step in enumerate(report.next_steps, 1):
            _print_indented(_text(f"{number}. {step}"), console, hanging=3)
        console.print()
    for note in report.notes:
        console.print(_text(f"note: {note}", style="dim"))
    if folder is not None:
        # Paths are to be copied: never cut by a line end.
        console.print(_text(f"Report  {folder / 'report.md'}  (and report.html, report.json)"), soft_wrap=True)


def _text(text: str, style: str = "") -> Text:
    """A text of the report, safe to look at: no markup, and nothing in it that a terminal would act on."""
    return Text(visible(text), style=style)


def _print_indented(text: Text, console: Console, indent: int = 2, hanging: int = 0) -> None:
    """Print a text some columns in, its further lines `hanging` columns more, and nothing behind its lines."""
    for number, line in enumerate(text.wrap(console, max(console.width - indent - hanging, 20))):
        line.rstrip()
        console.print(_text(" " * (indent + (hanging if number else 0))) + line, soft_wrap=True)


def _print_heading(report: Report, console: Console) -> None:
    where = (
        " ".join(part for part in (report.application, "on", report.environment) if part) if report.environment else ""
    )
    heading = Text()
    heading.append(str(report.status), style=_STATUS_STYLE[report.status])
    if where:
        heading.append(visible(f"  {where}"))
    console.print()
    console.print(heading)
    if report.release.commit:
        text = f"commit {report.release.commit[:12]}  {report.release.subject or ''}".rstrip()
        console.print(_text(text, style="dim"), overflow="ellipsis", no_wrap=True)
        if report.release.commit_from:
            console.print(_text(f"({report.release.commit_from})", style="dim"))
    counted = _counts(report)
    if counted:
        console.print(_text(counted, style="dim"))
    console.print()


def _counts(report: Report) -> str:
    parts = []
    for outcome in Outcome:
        number = sum(1 for result in report.checks if result.outcome is outcome)
        if number:
            parts.append(f"{number} {outcome}")
    text = f"checks: {', '.join(parts)}" if parts else ""
    phases = [
        f"{name} {report.seconds[name]:.1f} s"
        for name in ("deploy", "verify", "explain", "report")
        if name in report.seconds
    ]
    return "; ".join(part for part in (text, ", ".join(phases)) if part)


def _print_issue(number: int, issue: Issue, console: Console) -> None:
    title = _text(f"Issue {number}  ", style="bold")
    title.append(str(issue.priority), style=_PRIORITY_STYLE[issue.priority])
    title.append(visible(f"  {issue.title}"), style="bold")
    console.print(title)
    body: list[Text] = []
    for symptom in issue.symptoms[:5]:
        body.append(_text(f"seen: {symptom}"))
    if len(issue.symptoms) > 5:
        body.append(_text(f"      and {len(issue.symptoms) - 5} more symptoms of the same cause", style="dim"))
    if not issue.whys:
        for label, value in (("expected", issue.expected), ("got", issue.actual), ("reproduce", issue.reproduce)):
            if value:
                body.append(_text(f"{label}: {value.splitlines()[0]}"))
        for item in issue.evidence[:6]:
            body.append(_text(f"{item.locator}: {item.quote.splitlines()[0] if item.quote else ''}", style="dim"))
    for depth, why in enumerate(issue.whys, 1):
        body.append(_text(f"{depth}. {why.question}"))
        body.append(_text(f"   {why.answer}"))
        if why.evidence:
            first = why.evidence[0]
            body.append(_text(f"   {first.locator}  {_shortened(first)}", style="dim"))
    if issue.whys and issue.root_cause is None and not any(e.kind == "log" for why in issue.whys for e in why.evidence):
        # What a service wrote last is what a person would look at next.
        for item in [item for item in issue.evidence if item.kind == "log"][:3][::-1]:
            body.append(_text(f"{item.locator}  {_shortened(item)}", style="dim"))
    if issue.root_cause:
        body.append(_text(f"Root cause: {issue.root_cause.statement}", style="bold"))
        change = issue.root_cause.introduced_by
        if change:
            body.append(_text(f"Introduced by {change.commit[:12]} of {change.date[:10]}: {change.subject}"))
    if issue.fixes:
        command = issue.fixes[0].command
        body.append(_text(f"Fix: {issue.fixes[0].summary}{f': {command}' if command else ''}"))
    if issue.proof and issue.proof.status != "not tried":
        body.append(
            _text(
                f"{issue.proof.status}: {issue.proof.detail}",
                style="green" if issue.proof.status == "proved" else "yellow",
            )
        )
    if issue.unknown:
        body.append(_text(issue.unknown, style="magenta"))
    for line in body:
        inner = len(line.plain) - len(line.plain.lstrip())
        question = re.match(r"[0-9]+\. ", line.plain)
        _print_indented(line[inner:], console, 2 + inner, 3 if question else 0)
    console.print()


def _print_services(report: Report, console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=True, header_style="bold")
    for column in ("Service", "Status", "Address", "Commit", "Ready after"):
        table.add_column(column, overflow="fold")
    for service in report.services:
        good = service.status in {"deployed", "external"}
        status = _text(service.status, style="green" if good else "bold red")
        if service.restarts:
            status.append(f", restarted {service.restarts} times", style="yellow")
        ready = f"{service.seconds:.1f} s" if service.seconds is not None else ""
        table.add_row(
            _text(service.name),
            status,
            _text(service.url or service.detail or ""),
            _text((service.commit or "unknown")[:12]),
            ready,
        )
    console.print(table)
    console.print()


def _print_checks(results: tuple[CheckResult, ...], console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", width=1)
    table.add_column("Check", no_wrap=True)
    table.add_column("Outcome")
    table.add_column("Detail", overflow="fold")
    table.add_column("Time", justify="right", no_wrap=True)
    for result in results:
        mark, style = _MARKS[result.outcome]
        table.add_row(
            _text(mark, style=style),
            _text(result.name),
            _text(str(result.outcome), style=style),
            _text(result.detail),
            f"{result.seconds * 1000:.0f} ms" if result.seconds < 1 else f"{result.seconds:.1f} s",
        )
    console.print(table)
    console.print()


def _shortened(evidence: Evidence) -> str:
    """A quote's first line; of a list of names, what it is a list of."""
    rows = evidence.quote.strip().splitlines()
    return evidence.note if str(evidence.locator) == "." and evidence.note else rows[0] if rows else ""
