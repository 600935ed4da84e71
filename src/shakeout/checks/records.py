"""
From an answer to a result with evidence.

What a check saw is written to `checks/<name>.txt` in the run's folder, and the evidence quotes lines of that file, so
that anyone can look again. Secrets are taken out before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from shakeout.checks.base import Answer, Check, CheckResult, Context, Outcome
from shakeout.evidence.model import QUOTE_LIMIT, Evidence, Locator
from shakeout.evidence.redaction import Redactor
from shakeout.logs.entry import LogEntry

TEXT_LIMIT = 2000
"""Characters of one text of a result."""

LOG_LINES = 5
"""How many of a service's last log entries stand under a check that did not pass."""

_FACT_LIMIT = 4000


def redactor(context: Context) -> Redactor:
    """Knows the plan's secrets and those that checks made themselves (`keep_secret`)."""
    return Redactor([*context.plan.secret_values, *context.shared.get("secrets", ())])


def keep_secret(context: Context, *values: str) -> None:
    """Take these values out of everything that is recorded from now on."""
    context.shared.setdefault("secrets", set()).update(value for value in values if value)


def record(
    check: Check, answer: Answer, seconds: float, context: Context, entries: Iterable[LogEntry] = ()
) -> CheckResult:
    """The result of `check`: redacted, bounded, and with its evidence (the record of the probe, then log entries)."""
    clean = redactor(context)

    def text(value: str | None) -> str | None:
        return None if value is None else clean(value[: 4 * TEXT_LIMIT])[:TEXT_LIMIT]

    detail = " ".join((text(answer.detail) or "").split())[:500]
    excerpt = _lines(text(answer.excerpt)) if answer.excerpt else None
    result = CheckResult(
        name=check.name,
        kind=check.kind,
        question=check.question,
        service=check.service,
        required=check.required,
        outcome=answer.outcome,
        detail=detail,
        seconds=round(seconds, 4),
        expected=text(answer.expected),
        actual=text(answer.actual),
        excerpt=excerpt,
        reproduce=text(answer.reproduce),
        blocked_by=answer.facts.get("blocked_by") if answer.outcome is Outcome.SKIPPED else None,
        facts=_bounded(answer.facts, clean),
    )
    evidence = (_probe(result, context.run_folder), *_log_evidence(result, entries, clean))
    return replace(result, evidence=evidence)


def _probe(result: CheckResult, run_folder: Path) -> Evidence:
    lines = [f"check: {result.name} ({result.kind})", f"question: {result.question}"]
    lines.append(f"outcome: {result.outcome}")
    told = (("expected", result.expected), ("actual", result.actual), ("reproduce", result.reproduce))
    for label, value in told:
        if value:
            lines.append(f"{label}: {' '.join(value.split())}")
    lines.append("detail:")
    quote = result.detail
    start = len(lines) + 1
    lines.append(result.detail)
    if result.excerpt:
        lines += ["", "excerpt:"]
        start = len(lines) + 1
        quote = result.excerpt
        lines += result.excerpt.split("\n")
    path = Path("checks") / f"{result.name}.txt"
    (run_folder / path).parent.mkdir(parents=True, exist_ok=True)
    (run_folder / path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    end = start + quote.count("\n")
    return Evidence(
        kind="probe",
        locator=Locator(source="probe", path=path.as_posix(), line=start, end_line=end if end != start else None),
        quote=quote,
    )


def _log_evidence(result: CheckResult, entries: Iterable[LogEntry], clean: Redactor) -> list[Evidence]:
    return [
        Evidence(
            kind="log",
            locator=entry.locator,
            quote=clean(entry.message[: 2 * QUOTE_LIMIT])[:QUOTE_LIMIT],
            note=f"among the last log lines of {entry.service or result.service}",
        )
        for entry in list(entries)[-LOG_LINES:]
        if entry.message.strip()
    ]


def _lines(text: str | None) -> str:
    """One kind of line end, no control characters (a terminal would obey them), no blank edges."""
    cleaned = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if c in "\n\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cleaned).strip("\n")


def _bounded(value: Any, clean: Redactor) -> Any:
    """The same JSON value, redacted, with long texts and lists cut and everything that is not JSON as text."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return clean(value[: 2 * _FACT_LIMIT])[:_FACT_LIMIT]
        case Mapping():
            return {clean(str(key)): _bounded(each, clean) for key, each in list(value.items())[:200]}
        case list() | tuple() | set() | frozenset():
            return [_bounded(each, clean) for each in list(value)[:200]]
        case _:
            return clean(str(value)[: 2 * _FACT_LIMIT])[:_FACT_LIMIT]
