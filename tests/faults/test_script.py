"""The reference report's faults, where the console is deployed by a script of its own: the same root causes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shakeout.cli.execute import execute
from shakeout.report.rendering import Format, render
from shakeout.runs.faults import inject, load_fault
from shakeout.runs.pipeline import Run
from shakeout.runs.request import make_request
from shakeout.runs.scoring import score
from shakeout.runs.targets import make_target

TOP = Path(__file__).parents[2]
FAULTS = ("clickhouse-refused", "smoke-import-removed", "script-protocol-skew")
"""The third one is the protocol skew of the environment `local`, in the environment that the script deploys to."""


@pytest.mark.xdist_group("script-protocol-skew")
def test_the_three_faults_of_the_reference_report_together_have_their_own_root_causes(tmp_path: Path) -> None:
    faults = [load_fault(TOP / "faults" / name) for name in FAULTS]
    injected = inject(TOP, tmp_path / "application", faults)
    request = make_request(
        manifest=injected.folder / "shakeout.yaml",
        environment="script",
        revision="HEAD",
        dirty=False,
        caller=dict(os.environ),
        home=tmp_path / "home",
    )
    try:
        report = execute(Run(request=request, target=make_target(request), progress=lambda line: None)).report
    finally:
        request.repository.close()
    problems = [problem for item in score(report, faults, injected) for problem in item.problems]
    assert not problems, "\n".join(problems) + "\n\n" + render(report, Format.MARKDOWN)
    assert {service.status for service in report.services} == {"deployed"}
