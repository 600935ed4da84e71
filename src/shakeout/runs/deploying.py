"""What the output of a deploy command that ended well still tells of: broken code that the script went on after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shakeout.catalogue.exceptions import raised_in
from shakeout.catalogue.symptoms import DEPLOYMENT, ErrorLogged
from shakeout.evidence.platform import Platform
from shakeout.logs.errorlog import ErrorLog
from shakeout.logs.interpreter import told
from shakeout.report.model import Issue
from shakeout.why.engine import Symptom

_BROKEN = frozenset({"NameError", "UnboundLocalError"})
"""Exceptions that nobody raises or expects on purpose: a name that is bound nowhere is a slip, whoever caught it."""


def gone_over(platform: Platform | None, log: ErrorLog) -> Iterator[Symptom]:
    """
    The errors of that kind in the output, where the command ended well: a test that failed, and nobody looked.

    Other errors are none: a script tries again, falls back, and says so.
    """
    item = platform.get(DEPLOYMENT) if platform is not None else None
    if item is None or item.state != "ended":
        return
    for found in log.of("deployment", DEPLOYMENT):
        raised = raised_in(found)
        type_ = raised.simple_type if raised is not None else (told(found.text) or ("", ""))[0]
        if type_ in _BROKEN:
            first = found.text.strip().split("\n", 1)[0][:200]
            claim = ErrorLogged(DEPLOYMENT, found.key, found.type, first)
            yield Symptom(claim=claim, evidence=found.evidence, weight=2, count=found.count)


def explained(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """The issues without those that begin with such an error and do not come to its line in the repository."""
    begins = f"{DEPLOYMENT} logged: "
    return tuple(
        issue
        for issue in issues
        if issue.root_cause is not None or not all(symptom.startswith(begins) for symptom in issue.symptoms)
    )
