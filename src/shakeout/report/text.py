"""Words and figures that every form of the report shares, and text made safe to look at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from shakeout.checks.base import CheckResult, Outcome
from shakeout.report.model import Issue, Report, ServiceSummary

# What a terminal or a browser would act on instead of showing it: escape sequences, controls, halves of surrogate
# pairs, and the marks that turn the direction of text around or have no width.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)

_CODE = re.compile(r"(?<!`)`(?!`)([^`]+)(?<!`)`(?!`)")

OUTCOME_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.DEGRADED: "degraded",
    Outcome.SKIPPED: "skipped",
    Outcome.INCONCLUSIVE: "inconclusive",
}

PHASES = ("deploy", "verify", "explain", "report", "total")


def visible(text: str) -> str:
    """`text` with every character that would act instead of being seen shown as one that is: `␛[31m`, `\\u202e`."""
    return _UNSEEN.sub(_shown, text.replace("\r\n", "\n"))


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"\\u{code:04x}"


def line(text: str) -> str:
    """`text` on one line, safe to look at."""
    return " ".join(visible(text).split())


def spans(text: str) -> list[tuple[bool, str]]:
    """`text` on one line in pieces: True for what stands between single backticks, which is code."""
    return [(index % 2 == 1, piece) for index, piece in enumerate(_CODE.split(line(text))) if piece]


def title(report: Report) -> str:
    """`Staging Deployment Analysis Report`."""
    words = [report.environment.replace("-", " ").title()] if report.environment else []
    return " ".join([*map(line, words), "Deployment Analysis Report"])


def date_line(report: Report) -> str:
    """`2025-09-03 10:15 UTC`; a date of another form as it is."""
    try:
        when = datetime.fromisoformat(report.date or "")
    except ValueError:
        return line(report.date or "")
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if when.tzinfo else line(report.date or "")


def commit_line(report: Report) -> str | None:
    """The commit with its subject and how it was found; None where there is none."""
    release = report.release
    if release.commit is None:
        return None
    parts = [release.commit[:12]]
    if release.subject:
        parts.append(line(release.subject))
    text = " ".join(parts)
    if release.dirty:
        text += " (with the changes of the working tree that are not committed)"
    if release.commit_from:
        text += f" ({line(release.commit_from)})"
    return text


def seconds(value: float | None) -> str:
    """`12 ms`, `1.5 s`, `2 min 5 s`."""
    if value is None:
        return ""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def phases(report: Report) -> list[tuple[str, str]]:
    """Each phase with its time, the known ones in their order."""
    names = [name for name in PHASES if name in report.seconds]
    names += sorted(name for name in report.seconds if name not in PHASES)
    return [(line(name), seconds(report.seconds[name])) for name in names]


def counts(checks: Iterable[CheckResult]) -> str:
    """`12 passed, 1 failed`; `no check was asked`."""
    found = [result.outcome for result in checks]
    parts = [f"{found.count(outcome)} {OUTCOME_WORDS[outcome]}" for outcome in Outcome if outcome in found]
    return ", ".join(parts) or "no check was asked"


def service_line(service: ServiceSummary, *, where: bool = True) -> str:
    """What became of one service, in words; `where` says its address too."""
    at = f" to {line(service.url)}" if service.url and where else ""
    match service.status:
        case "deployed":
            text = f"deployed{at}"
        case "external":
            text = "not deployed by this run, only verified"
            text += f" at {line(service.url)}" if service.url and where else ""
        case "blocked":
            text = "not started"
        case "failed":
            text = "not deployed"
        case other:
            text = line(other) + at
    if service.restarts:
        text += f", restarted {service.restarts} time{'s' if service.restarts != 1 else ''}"
    return f"{text}: {line(service.detail)}" if service.detail else text


def symptoms(issue: Issue) -> list[str]:
    """The symptoms, without one that only says the title again."""
    title_text = line(issue.title).casefold()
    return [symptom for symptom in issue.symptoms if line(symptom).casefold() != title_text]


def ordered_issues(issues: Sequence[Issue]) -> list[Issue]:
    """Most urgent first; equals stay in their order."""
    return sorted(issues, key=lambda issue: issue.priority.rank)


def summary_line(report: Report) -> str:
    """The whole run on one line."""
    issues = len(report.issues)
    found = "no issues" if not issues else f"{issues} issue{'s' if issues != 1 else ''}"
    return f"{report.status}: {counts(report.checks)}; {found}"
