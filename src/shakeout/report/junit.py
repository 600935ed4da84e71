"""
The report as JUnit XML: `failure` for a failed check, `error` for one that could not be measured, `skipped` for a
blocked one. Each service's deployment is a test case too. A degraded check passes and says so in its output.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from shakeout.checks.base import CheckResult, Outcome
from shakeout.report.model import Issue, Report, ServiceSummary
from shakeout.report.text import line, ordered_issues, service_line, visible

_NOT_XML = re.compile("[\ufffe\uffff]")


def render(report: Report) -> str:
    """The report as JUnit XML text."""
    name = "/".join(_text(line(part)) for part in (report.application, report.environment) if part) or "shakeout"
    root = ElementTree.Element("testsuites", name=name)
    if report.services:
        suite = _suite(root, f"{name}: deployment", report)
        for service in report.services:
            _service(suite, service)
        _count(suite)
    suite = _suite(root, f"{name}: checks", report)
    for result in report.checks:
        _check(suite, result, report)
    _count(suite)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, name: str, report: Report) -> ElementTree.Element:
    suite = ElementTree.SubElement(root, "testsuite", name=name)
    if report.date and re.fullmatch(r"[0-9T:.+Z-]+", report.date):
        suite.set("timestamp", report.date)
    return suite


def _count(suite: ElementTree.Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")


def _service(suite: ElementTree.Element, service: ServiceSummary) -> None:
    case = _case(suite, "deployment", service.name, service.seconds or 0.0)
    text = service_line(service)
    if service.status == "failed":
        _add(case, "failure", text, text)
    elif service.status == "blocked":
        _add(case, "skipped", text)


def _check(suite: ElementTree.Element, result: CheckResult, report: Report) -> None:
    case = _case(suite, ".".join(part for part in (result.service, result.kind) if part), result.name, result.seconds)
    match result.outcome:
        case Outcome.FAILED:
            _add(case, "failure", result.detail, _explained(result, report), kind=result.kind)
        case Outcome.INCONCLUSIVE:
            _add(case, "error", result.detail, _explained(result, report), kind=result.kind)
        case Outcome.SKIPPED:
            reason = f"blocked by {result.blocked_by}" if result.blocked_by else result.detail
            _add(case, "skipped", reason)
        case Outcome.DEGRADED:
            ElementTree.SubElement(case, "system-out").text = _text(f"degraded: {visible(result.detail)}")


def _explained(result: CheckResult, report: Report) -> str:
    """What was expected and seen, and the whys of the issues that the check belongs to."""
    rows = [f"question: {line(result.question)}"]
    rows += [f"expected: {line(result.expected)}"] if result.expected else []
    rows += [f"actual: {line(result.actual)}"] if result.actual else []
    rows += [visible(result.excerpt)] if result.excerpt else []
    rows += [f"reproduce: {line(result.reproduce)}"] if result.reproduce else []
    for issue in ordered_issues(report.issues):
        if result.name in issue.checks:
            rows += _chain(issue)
    return "\n".join(rows)


def _chain(issue: Issue) -> list[str]:
    rows = ["", f"{issue.priority}: {line(issue.title)}"]
    rows += [f"{number}. {line(why.question)} {line(why.answer)}" for number, why in enumerate(issue.whys, 1)]
    if issue.root_cause:
        where = (
            f" ({', '.join(line(place) for place in issue.root_cause.locators)})" if issue.root_cause.locators else ""
        )
        rows.append(f"root cause: {line(issue.root_cause.statement)}{where}")
    rows += [f"where evidence ends: {line(issue.unknown)}"] if issue.unknown else []
    rows += [f"solution: {line(fix.summary)}" for fix in issue.fixes[:1]]
    return rows


def _case(suite: ElementTree.Element, group: str, name: str, time: float) -> ElementTree.Element:
    values = {"classname": _text(line(group)), "name": _text(line(name)), "time": f"{time:.3f}"}
    return ElementTree.SubElement(suite, "testcase", values)


def _add(case: ElementTree.Element, tag: str, message: str, text: str = "", kind: str | None = None) -> None:
    element = ElementTree.SubElement(case, tag, message=_text(line(message)))
    if kind:
        element.set("type", _text(line(kind)))
    if text:
        element.text = _text(text)


def _text(text: str) -> str:
    """`text` as XML can hold it; characters that are only shown by name have been shown already."""
    return _NOT_XML.sub("\ufffd", text)
