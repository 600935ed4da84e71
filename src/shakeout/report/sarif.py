"""The report as SARIF 2.1.0: one result for each issue, each with a file and a line, its chain as a code flow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import quote

from shakeout.report.model import Issue, Priority, Report
from shakeout.report.places import Place, evidence_place, place_of
from shakeout.report.text import line, ordered_issues, visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Priority.CRITICAL: "error", Priority.HIGH: "error", Priority.MEDIUM: "warning", Priority.LOW: "note"}


def render(report: Report) -> str:
    """The report as SARIF text."""
    issues = ordered_issues(report.issues)
    names = list(dict.fromkeys(_rule(issue) for issue in issues))
    rules = [{"id": name, "name": name, "shortDescription": {"text": _sentence(name)}} for name in names]
    driver = {"name": "shakeout", "version": _version(), "rules": rules}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "unicodeCodePoints",
        "results": [_result(issue, report, names) for issue in issues],
        "properties": {
            "status": report.status.value,
            "environment": line(report.environment or ""),
            "commit": line(report.release.commit or ""),
        },
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _result(issue: Issue, report: Report, names: list[str]) -> dict[str, Any]:
    rule = _rule(issue)
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": names.index(rule),
        "level": LEVELS[issue.priority],
        "message": {"text": _message(issue)},
        "locations": [_location(place_of(issue, report))],
        "partialFingerprints": {"issue/v1": line(issue.id)},
    }
    if steps := list(_steps(issue, report)):
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    result["properties"] = {
        "priority": issue.priority.value,
        "checks": [line(name) for name in issue.checks],
        "fixes": [line(fix.summary) for fix in issue.fixes],
    }
    return result


def _message(issue: Issue) -> str:
    rows = [f"{line(issue.title)}."]
    rows += [f"{line(why.question)} {line(why.answer)}." for why in issue.whys]
    rows += [f"Root cause: {line(issue.root_cause.statement)}."] if issue.root_cause else []
    rows += [f"Where evidence ends: {line(issue.unknown)}."] if issue.unknown else []
    rows += [f"Solution: {line(fix.summary)}." for fix in issue.fixes[:1]]
    return "\n".join(rows)


def _steps(issue: Issue, report: Report) -> Iterator[dict[str, Any]]:
    for why in issue.whys:
        places = [place for item in why.evidence if (place := evidence_place(item))]
        place = places[0] if places else place_of(issue, report)
        location = _location(place)
        quotes = "\n".join(visible(item.quote) for item in why.evidence)
        location["message"] = {"text": f"{line(why.answer)}\n{quotes}".strip()}
        yield {"location": location}


def _location(place: Place) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(place.path)},
            "region": {"startLine": place.line, "endLine": place.end_line},
        }
    }


def _rule(issue: Issue) -> str:
    """The deepest rule of the chain, otherwise the claim that nothing explains."""
    named = [why.rule for why in issue.whys if why.rule]
    name = named[-1] if named else issue.root_cause.claim if issue.root_cause else "unexplained"
    return re.sub(r"[^A-Za-z0-9._/-]+", "-", name).strip("-")[:100] or "unexplained"


def _version() -> str:
    try:
        return version("shakeout")
    except PackageNotFoundError:
        return "0"


def _sentence(name: str) -> str:
    return f"It failed because of: {name.replace('-', ' ')}"
