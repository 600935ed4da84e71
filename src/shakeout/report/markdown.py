"""The report as GitHub-flavoured Markdown, in the sections that people know from reports written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from shakeout.evidence.model import Evidence
from shakeout.report.model import Guard, Issue, Report, RootCause, Why
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
    symptoms,
    title,
    visible,
)

_SPECIAL = re.compile(r"[\\`*\[\]<>|~]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|^(?:#{1,6}(?= )|[-+](?= )|\d{1,9}(?=[.)] ))")
_INLINE_LIMIT = 160
"""Characters that a quote may have to stand on the line of its locator."""


def render(report: Report) -> str:
    """The report as Markdown text."""
    parts = [
        _head(report),
        _services(report),
        _issues(report),
        _unexplained(report),
        _log_changes(report),
        _checks(report),
        _recommendations(report),
        _next_steps(report),
        _notes(report),
    ]
    rows = [row for part in parts for row in ("", *part)]
    return "\n".join(_without_double_blanks(rows)).rstrip("\n") + "\n"


def _without_double_blanks(rows: Iterable[str]) -> Iterator[str]:
    fence = ""
    last = ""
    for row in rows:
        text = row.strip()
        if fence:
            fence = "" if text == fence else fence
        elif match := re.match("`{3,}", text):
            fence = match[0]
        elif not text and not last:
            continue
        last = text
        yield row


def escape(text: str, *, table: bool = False) -> str:
    """`text` on one line, so that Markdown and HTML show it as it is; what stands in backticks becomes code."""
    pieces = [code(piece, table=table) if is_code else _plain(piece) for is_code, piece in spans(text)]
    return "".join(pieces)


def _plain(text: str) -> str:
    return _SPECIAL.sub(lambda match: _escaped(match[0]), text)


def _escaped(found: str) -> str:
    if found in "<>&":
        return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}[found]
    return f"{found}\\" if found.isdigit() else f"\\{found}"


def code(text: str, *, table: bool = False) -> str:
    """`text` on one line as a code span, whatever backticks it has."""
    shown = line(text)
    fence = "`" * (_longest_run(shown) + 1)
    edge = " " if shown.startswith("`") or shown.endswith("`") else ""
    span = f"{fence}{edge}{shown}{edge}{fence}" if shown else ""
    return span.replace("|", "\\|") if table else span


def block(text: str, language: str = "text", indent: str = "") -> list[str]:
    """`text` as a fenced block, whatever fences it has."""
    shown = visible(text.rstrip("\n"))
    fence = "`" * max(3, _longest_run(shown) + 1)
    return [f"{indent}{row}".rstrip() for row in (f"{fence}{language}", *shown.split("\n"), fence)]


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _head(report: Report) -> Iterator[str]:
    yield f"# {escape(title(report))}"
    yield ""
    lines = []
    if report.date:
        lines.append(f"Date: {escape(date_line(report))}")
    lines.append(f"Deployment status: **{report.status}**")
    if report.application:
        target = f" ({escape(report.target)})" if report.target and report.target != report.environment else ""
        where = f" in {escape(report.environment)}{target}" if report.environment else ""
        lines.append(f"Application: {escape(report.application)}{where}")
    if found := commit_line(report):
        hash_, _, rest = found.partition(" ")
        lines.append(f"Commit: {code(hash_)} {escape(rest)}".rstrip())
    lines.append(f"Checks: {counts(report.checks)}")
    # Two spaces at the end of a line are a line break.
    yield "  \n".join(lines)


def _services(report: Report) -> Iterator[str]:
    if not report.services:
        return
    yield "## Deployment summary"
    yield ""
    for service in report.services:
        facts = [f"commit {code(service.commit[:12])}"] if service.commit else []
        facts += [f"version {escape(service.version)}"] if service.version else []
        facts += [f"ready after {seconds(service.seconds)}"] if service.seconds is not None else []
        more = f" ({', '.join(facts)})" if facts else ""
        yield f"- **{escape(service.name)}**: {_linked(service_line(service), service.url)}{more}"


def _linked(text: str, url: str | None) -> str:
    """The line with its address left as it is, so that it becomes a link."""
    shown = line(url) if url else ""
    if shown and re.fullmatch(r"https?://[\w.:/\-\[\]%~]+", shown) and shown in text:
        before, _, after = text.partition(shown)
        return f"{escape(before)}{' ' if before.endswith(' ') else ''}{shown}{_rest(after)}"
    return escape(text)


def _rest(text: str) -> str:
    return (" " if text.startswith(" ") else "") + escape(text)


def _issues(report: Report) -> Iterator[str]:
    issues = ordered_issues(report.issues)
    if not issues:
        return
    yield "## Issues and whys"
    for number, issue in enumerate(issues, 1):
        yield ""
        yield f"### Issue {number}: {escape(issue.title)}"
        yield ""
        yield from _issue(issue)


def _issue(issue: Issue) -> Iterator[str]:
    facts = [f"**Priority**: {issue.priority}"]
    facts += [f"**Service**: {escape(issue.service)}"] if issue.service else []
    facts += [f"**Checks**: {', '.join(code(name) for name in issue.checks)}"] if issue.checks else []
    yield " · ".join(facts)
    yield ""
    found = symptoms(issue)
    if len(found) == 1:
        yield f"**Symptom**: {code(found[0])}"
    elif found:
        yield "**Symptoms**:"
        yield ""
        yield from (f"- {code(symptom)}" for symptom in found)
    if issue.expected or issue.actual:
        yield ""
        yield f"**Expected**: {code(issue.expected or 'nothing said')}  "
        yield f"**Actual**: {code(issue.actual or 'nothing seen')}"
    yield ""
    shown: set[str] = set()
    for number, why in enumerate(issue.whys, 1):
        yield from _why(number, why, shown)
    if issue.whys:
        yield ""
    yield from _root_cause(issue.root_cause)
    if issue.unknown:
        yield f"**Where evidence ends**: {escape(issue.unknown)}"
        yield ""
    if issue.ruled_out:
        yield "**Ruled out**:"
        yield ""
        for item in issue.ruled_out:
            yield f"- {escape(item.claim)}"
            yield from _evidence(item.evidence, "  ", shown)
        yield ""
    if issue.rivals:
        yield "**Other causes that the evidence allows**:"
        yield ""
        yield from (f"- {escape(rival)}" for rival in issue.rivals)
        yield ""
    yield from _solution(issue)
    yield from _guard(issue.guard, shown)
    yield from _details(issue, shown)


def _why(number: int, why: Why, shown: set[str]) -> Iterator[str]:
    rule = f", rule {code(why.rule)}" if why.rule else ""
    kind = f"*({escape(why.layer)}, {escape(why.strength)}{rule})*"
    yield f"{number}. **{escape(why.question)}** {escape(why.answer)} {kind}"
    yield from _evidence(why.evidence, "   ", shown)


def _evidence(items: Iterable[Evidence], indent: str, shown: set[str] | None = None) -> Iterator[str]:
    """Each piece with its quote; a long one that is in `shown` already is only named, and others are added to it."""
    known = shown if shown is not None else set()
    for item in items:
        note = f" ({escape(item.note)})" if item.note else ""
        quote = item.quote.strip("\n")
        if not quote.strip():
            yield f"{indent}- {code(str(item.locator))}{note}"
        elif "\n" not in quote and len(quote) <= _INLINE_LIMIT:
            yield f"{indent}- {code(str(item.locator))}: {code(quote)}{note}"
        elif quote in known:
            yield f"{indent}- {code(str(item.locator))}{note}, as quoted above"
        else:
            known.add(quote)
            yield f"{indent}- {code(str(item.locator))}{note}"
            yield ""
            yield from block(quote, indent=f"{indent}  ")
            yield ""


def _root_cause(cause: RootCause | None) -> Iterator[str]:
    if cause is None:
        return
    where = f" ({', '.join(code(locator) for locator in cause.locators)})" if cause.locators else ""
    yield f"**Root cause**: {escape(cause.statement)}{where}"
    if change := cause.introduced_by:
        yield ""
        yield f"**Introduced by**: {code(change.commit[:12])} of {escape(change.date)}, {escape(change.subject)}"
    yield ""


def _solution(issue: Issue) -> Iterator[str]:
    for index, fix in enumerate(issue.fixes):
        yield f"**{'Solution' if index == 0 else 'Or'}**: {escape(fix.summary)}"
        yield ""
        if fix.patch:
            yield from block(fix.patch, "diff")
            yield ""
        if fix.command:
            yield from block(fix.command, "sh")
            yield ""
    if issue.proof:
        yield f"**Proof**: {escape(issue.proof.status)}: {escape(issue.proof.detail)}"
        yield ""


def _guard(guard: Guard | None, shown: set[str]) -> Iterator[str]:
    if guard is None:
        return
    there = {True: "the repository has it", False: "the repository does not have it", None: "not looked for"}
    statement = f": {escape(guard.statement)}" if guard.statement else ""
    yield f"**Guard**: {escape(guard.name)} ({there[guard.present]}){statement}"
    yield from _evidence(guard.evidence, "", shown)
    yield ""
    if guard.add and not guard.present:
        yield from block(guard.add)
        yield ""


def _details(issue: Issue, shown: set[str]) -> Iterator[str]:
    """What a person wants to see who does not believe it: excerpt, evidence of the symptoms, how to ask again."""
    if not (issue.excerpt or issue.evidence or issue.reproduce):
        return
    yield "<details><summary>What was seen, and how to see it again</summary>"
    yield ""
    if issue.excerpt and issue.excerpt.strip("\n") not in shown:
        yield from block(issue.excerpt)
        yield ""
        shown.add(issue.excerpt.strip("\n"))
    yield from _evidence(issue.evidence, "", shown)
    if issue.evidence:
        yield ""
    if issue.reproduce:
        yield from block(issue.reproduce, "sh")
        yield ""
    yield "</details>"


def _unexplained(report: Report) -> Iterator[str]:
    if not report.unexplained:
        return
    yield "## Not explained"
    yield ""
    for item in report.unexplained:
        often = f" (seen {item.count} times)" if item.count > 1 else ""
        yield f"- {code(item.symptom)}{often}: needs {escape(item.needs)}"
        yield from _evidence(item.evidence, "  ")


def _log_changes(report: Report) -> Iterator[str]:
    if not report.log_changes:
        return
    yield f"## What changed in the logs since {escape(report.baseline or 'the baseline')}"
    yield ""
    yield "| change | template | before | after |"
    yield "| --- | --- | ---: | ---: |"
    for item in report.log_changes:
        kind = item.kind if item.sure else f"{item.kind} (not sure)"
        yield f"| {kind} | {code(item.template, table=True)} | {item.before} | {item.after} |"


def _checks(report: Report) -> Iterator[str]:
    yield "## Test results" + (f" on {escape(report.environment)}" if report.environment else "")
    yield ""
    if not report.checks:
        yield "No check was asked."
        return
    yield "| check | service | outcome | detail | time |"
    yield "| --- | --- | --- | --- | ---: |"
    for result in report.checks:
        outcome = result.outcome.value
        outcome = outcome if outcome in {"passed", "skipped"} else f"**{outcome}**"
        optional = "" if result.required else " (not required)"
        service = escape(result.service or "", table=True)
        detail = escape(result.detail, table=True)
        time = seconds(result.seconds)
        yield f"| {code(result.name, table=True)} | {service} | {outcome}{optional} | {detail} | {time} |"


def _numbered(rows: Sequence[str]) -> Iterator[str]:
    yield from (f"{number}. {row}" for number, row in enumerate(rows, 1))


def _recommendations(report: Report) -> Iterator[str]:
    if not report.recommendations:
        return
    yield "## Recommendations"
    yield ""
    yield from _numbered([f"**{item.priority}**: {escape(item.text)}" for item in report.recommendations])


def _next_steps(report: Report) -> Iterator[str]:
    if not report.next_steps:
        return
    yield "## Next steps"
    yield ""
    yield from _numbered([escape(step) for step in report.next_steps])


def _notes(report: Report) -> Iterator[str]:
    times = phases(report)
    if not report.notes and not times and not report.run:
        return
    yield "## About this run"
    yield ""
    yield from (f"- {escape(note)}" for note in report.notes)
    if times:
        yield f"- Time: {', '.join(f'{escape(name)} {time}' for name, time in times)}"
    if report.run:
        yield f"- Run: {code(report.run)}"
