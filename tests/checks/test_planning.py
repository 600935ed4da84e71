"""Which checks are planned, and what is said about wrong options."""

import pytest

from shakeout.checks.kinds import all_kinds
from shakeout.checks.planning import plan_checks
from shakeout.errors import ManifestError
from shakeout.evidence.model import Locator
from shakeout.manifest.model import CheckSpec, Health, Version


def test_every_kind_is_found_by_walking_the_package():
    assert {"http", "versions"} <= set(all_kinds())
    assert all(name == kind.name for name, kind in all_kinds().items())


def test_a_configured_entry_takes_the_place_of_the_default_of_its_name(world):
    world.service("web", "http://web", health=Health())
    world.checks["web-health"] = CheckSpec(kind="http", service="web", path="/other")
    (check,) = plan_checks(world.plan)
    assert "/other" in check.question


def test_a_disabled_entry_or_question_is_not_planned(world):
    world.service("web", "http://web", health=Health(), version=Version(bundle="/bundle.json"))
    assert len(plan_checks(world.plan)) == 4
    world.checks["web-health"] = CheckSpec(kind="http", disabled=True)
    world.checks["versions-bundle"] = CheckSpec(kind="http", disabled=True)
    assert [check.name for check in plan_checks(world.plan)] == ["versions-web", "versions-together"]


def test_disabling_one_question_of_a_default_entry_leaves_the_others(world):
    world.service("auth", "http://a")
    world.checks["auth-token-expired"] = CheckSpec(kind="auth", disabled=True)
    names = [check.name for check in plan_checks(world.plan)]
    assert "auth-token-forged" in names
    assert "auth-token-expired" not in names


def test_a_configured_entry_of_another_name_takes_the_place_of_its_kinds_default(world):
    world.service("auth", "http://a")
    world.checks["login"] = CheckSpec(kind="auth", service="auth", refresh=None)
    assert {check.name.split("-")[0] for check in plan_checks(world.plan)} == {"login"}


def test_every_fault_is_told_at_once_with_line_and_nearest_name(world):
    world.service("web", "http://web")
    world.checks = {
        "a": CheckSpec(kind="htp"),
        "b": CheckSpec(kind="http", service="wbe", pth="/x"),
        "c": CheckSpec(kind="http", status="many"),
    }
    plan = world.plan
    at = {name: Locator(source="file", path="shakeout.yaml", line=line) for line, name in enumerate("abc", 10)}
    with pytest.raises(ManifestError) as caught:
        plan_checks(type(plan)(**{**{name: getattr(plan, name) for name in plan.__slots__}, "check_at": at}))
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    told = "\n".join(sorted(lines))
    assert "shakeout.yaml:10 checks.a.kind: expected one of" in told
    assert "got 'htp' (did you mean 'http'?)" in told
    assert "shakeout.yaml:11 checks.b.service: expected one of web, got 'wbe' (did you mean 'web'?)" in told
    assert "shakeout.yaml:11 checks.b.pth: expected a key of kind 'http', got 'pth' (did you mean 'path'?)" in told
    assert "shakeout.yaml:12 checks.c.status" in told


def test_the_same_plan_gives_the_same_checks_in_the_same_order(world):
    for name in ("web", "api", "worker"):
        world.service(name, f"http://{name}", health=Health(), version=Version())
    names = [check.name for check in plan_checks(world.plan)]
    assert names == [check.name for check in plan_checks(world.plan)]
    assert names[:3] == ["web-health", "api-health", "worker-health"]
