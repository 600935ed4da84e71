"""A monorepo of Node.js and Flask, which was not written after shakeout, on each target."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from applications.conftest import KEY, Market, outcomes
from shakeout.runs.pipeline import Finished

EVERYWHERE = ("local", "script", "staging")
pytestmark = pytest.mark.xdist_group("market")


@pytest.mark.parametrize("environment", EVERYWHERE)
def test_a_healthy_release_is_successful_and_without_issue(market, environment: str) -> None:
    finished = (market.rehearse if environment == "staging" else market.run)(environment)
    report = finished.report
    assert report.status == "SUCCESSFUL", [(item.name, item.detail) for item in report.checks]
    assert set(outcomes(report).values()) == {"passed"} and report.issues == ()
    assert {"price-list", "orders-health", "versions-together"} <= outcomes(report).keys()
    for path in finished.folder.path.rglob("*"):
        assert not path.is_file() or KEY not in path.read_text(errors="replace"), path


@pytest.mark.parametrize("environment", EVERYWHERE)
def test_a_fault_in_the_code_has_the_same_root_cause_on_each_target(market, environment: str) -> None:
    _break_and_explain(market, market.rehearse if environment == "staging" else market.run, environment)


@pytest.mark.xdist_group("engine")
def test_a_fault_in_the_code_has_the_same_root_cause_in_containers(market, images: dict[str, str]) -> None:
    _break_and_explain(market, partial(market.run, **images), "containers")


def _break_and_explain(market: Market, run: Callable[[str], Finished], environment: str) -> None:
    place = "apps/orders/orders/store.py"
    text = (market.folder / place).read_text()
    change = market.commit("Say what the prices are in", {place: text.replace("PRICES = (", "PRICES_IN_CENTS = (")})
    market.commit("Write about prices", {"PRICES.md": "They are in cents.\n"})
    report = run(environment).report
    assert outcomes(report)["price-list"] == "failed" and outcomes(report)["orders-health"] == "passed"
    (issue,) = report.issues
    line = text.splitlines().index("    return PRICES") + 1
    assert issue.root_cause is not None and issue.root_cause.claim == "BindingRenamed", issue
    assert f"{place}:{line}" in issue.root_cause.locators
    assert issue.root_cause.introduced_by is not None and issue.root_cause.introduced_by.commit == change


def test_a_service_that_its_script_cannot_start_is_told_with_the_scripts_own_words(market) -> None:
    text = (market.folder / "scripts/deploy.py").read_text()
    change = market.commit(
        "Start the window by its new name", {"scripts/deploy.py": text.replace('["node", ', '["nodejs-20", ')}
    )
    report = market.run("script").report
    assert report.status == "FAILED"
    assert outcomes(report)["orders-health"] == "passed" and outcomes(report)["storefront-health"] == "skipped"
    (issue,) = report.issues
    assert issue.root_cause is not None and issue.root_cause.claim == "ToolCalled"
    assert issue.root_cause.introduced_by is not None and issue.root_cause.introduced_by.commit == change


@pytest.mark.xdist_group("engine")
def test_it_runs_in_containers_from_the_same_manifest(market, images: dict[str, str]) -> None:
    report = market.run("containers", **images).report
    assert report.status == "SUCCESSFUL", [(item.name, item.outcome, item.detail) for item in report.checks]
    assert set(outcomes(report).values()) == {"passed"} and report.issues == ()


def test_a_service_that_ends_at_its_start_is_found_behind_a_script_that_waits_for_it(market) -> None:
    place = "libs/money/money/__init__.py"
    text = (market.folder / place).read_text()
    change = market.commit("Name the function after what it gives", {place: text.replace("def euro(", "def euros(")})
    deploy = (market.folder / "scripts/deploy.py").read_text()
    market.commit("Wait for a shorter time", {"scripts/deploy.py": deploy.replace("range(100)", "range(20)")})
    report = market.run("script").report
    assert report.status == "FAILED"
    (issue,) = report.issues
    assert issue.root_cause is not None, issue
    assert issue.root_cause.introduced_by is not None and issue.root_cause.introduced_by.commit == change
    assert any("fetched/orders.log" in str(item.locator) for why in issue.whys for item in why.evidence)
