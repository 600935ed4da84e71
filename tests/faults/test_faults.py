"""Every fault is explained as its truth says, and the design's invariants hold for every one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shakeout.evidence.model import Evidence
from shakeout.evidence.redaction import redact
from shakeout.evidence.repository import Repository
from shakeout.report.model import Report
from shakeout.report.rendering import Format, render
from shakeout.runs.faults import load_faults
from shakeout.runs.scoring import score
from shakeout.why.layers import Layer

ELSEWHERE = {
    "cloud-run-frontend-pinned",
    "cloud-run-history-refused",
    "cloud-run-image-missing",
    "cloud-run-loopback",
    "cloud-run-secret-version",
    "containers-pattern-for-dumps",
    "script-name-renamed",
    "script-protocol-skew",
    "script-tool-missing",
}
"""Faults of other environments than this machine take longer: these stand for them, the bench `faults` has them all."""
FAULTS = {
    name: fault
    for name, fault in load_faults(Path(__file__).parents[2] / "faults").items()
    if fault.environment == "local" or name in ELSEWHERE
}


def group(name: str) -> str:
    """One process runs a fault once; those that need the container engine are not run side by side."""
    return "engine" if FAULTS[name].environment == "containers" else name


every_fault = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(group(name))) for name in FAULTS]
)
Explain = Callable[[str], object]


@every_fault
def test_the_fault_is_explained_as_its_truth_says(name: str, explained: Explain) -> None:
    found = explained(name)
    problems = [problem for item in score(found.report, [found.fault], found.injected) for problem in item.problems]
    assert not problems, "\n".join(problems) + "\n\n" + render(found.report, Format.MARKDOWN)


@every_fault
def test_every_quote_stands_at_its_locator(name: str, explained: Explain) -> None:
    found = explained(name)
    repository = Repository(found.injected.folder)
    for evidence in every_evidence(found.report):
        text = text_at(evidence, repository, found.folder.path)
        assert evidence.quote in redact(text) or evidence.quote in text, f"{evidence.locator}: {evidence.quote!r}"


@every_fault
def test_every_link_has_evidence_and_no_chain_climbs(name: str, explained: Explain) -> None:
    for issue in explained(name).report.issues:
        layers = [Layer[why.layer.upper()] for why in issue.whys]
        assert layers == sorted(layers)
        assert all(why.evidence for why in issue.whys)


@every_fault
def test_no_offered_patch_fails_its_own_proof(name: str, explained: Explain) -> None:
    for issue in explained(name).report.issues:
        assert issue.proof is None or issue.proof.status != "not proved", f"{issue.title}: {issue.proof}"


@every_fault
def test_nothing_is_green_on_missing_data(name: str, explained: Explain) -> None:
    report = explained(name).report
    assert report.status != "SUCCESSFUL"
    for result in report.checks:
        assert result.outcome != "passed" or result.detail


@every_fault
def test_no_secret_is_in_anything_that_the_run_wrote(name: str, explained: Explain) -> None:
    found = explained(name)
    for path in found.folder.path.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            assert "eyJ" not in text, path
            assert not [secret for secret in found.secrets if secret in text], path


def every_evidence(report: Report) -> list[Evidence]:
    found: list[Evidence] = []
    for issue in report.issues:
        found += issue.evidence
        for why in issue.whys:
            found += why.evidence
        for item in issue.ruled_out:
            found += item.evidence
        found += issue.guard.evidence if issue.guard else ()
    return found


def text_at(evidence: Evidence, repository: Repository, run_folder: Path) -> str:
    """What stands at a locator: looked up anew."""
    at = evidence.locator
    if at.source == "commit":
        commit = repository.describe(at.commit or at.path)
        return commit.subject if commit else ""
    if at.source == "file":
        lines = repository.lines(at.path, at.commit)
        first = at.line or 1
        return "\n".join(lines[first - 1 : at.end_line or first])
    if at.source == "search":
        return evidence.quote if evidence.note else ""
    lines = (run_folder / at.path).read_text(encoding="utf-8").split("\n")
    return "\n".join(lines[(at.line or 1) - 1 : at.end_line or (at.line or 1)]) if at.line else "\n".join(lines)
