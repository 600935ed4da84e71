"""The plan: what would change, setting by setting."""

from __future__ import annotations

from google.cloud import run_v2

from shakeout.targets.cloud_run.desired import desired_service
from shakeout.targets.cloud_run.difference import changes
from targets.cloud_run.plans import COMMIT, MANIFEST, plan_of

ADDRESSES = {"auth": "https://auth.example.app", "web": "https://web.example.app"}


def service(text: str = MANIFEST, release: str = "one", there: run_v2.Service | None = None) -> run_v2.Service:
    plan = plan_of(text)
    return desired_service(
        plan, plan.service("auth"), revision=f"auth-{release}", release=release, addresses=ADDRESSES, there=there
    )


def test_the_same_again_is_no_difference() -> None:
    there = service()
    assert changes(there, service(release="two", there=there)) == ()


def test_each_changed_setting_is_one_line() -> None:
    there = service()
    text = MANIFEST.replace("shop-key:3", "shop-key:4").replace(
        "  auth:\n    run: python", "  auth:\n    port: 9000\n    run: python3"
    )
    found = [str(change) for change in changes(there, service(text, there=there))]
    assert "~ env.TOKEN_KEY: the secret shop-key, version 3 -> the secret shop-key, version 4" in found
    assert '~ command: ["python"] -> ["python3"]' in found
    assert any(row.startswith("~ ports: ") for row in found)
    assert len(found) == 4


def test_a_variable_that_goes_is_said_too() -> None:
    there = service()
    text = MANIFEST.replace("      ALLOWED: ${services.web.url}\n", "")
    assert [str(change) for change in changes(there, service(text, there=there))] == [
        "- env.ALLOWED: https://web.example.app"
    ]


def test_a_new_service_is_all_new() -> None:
    found = changes(None, service())
    assert all(change.before is None for change in found)
    assert f"+ image: registry.example.com/shop/auth:{COMMIT}" in [str(change) for change in found]
