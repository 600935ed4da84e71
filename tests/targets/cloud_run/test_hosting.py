"""What Cloud Run cannot host is said before anything is deployed, with its line and the ways out."""

from __future__ import annotations

import pytest

from shakeout.targets.cloud_run.hosting import hosting_faults
from targets.cloud_run.plans import MANIFEST, plan_of


def faults(text: str) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.path, fault.hint or "") for fault in hosting_faults(plan_of(text))]


def test_a_manifest_that_asks_for_nothing_of_the_kind_has_no_fault() -> None:
    assert faults(MANIFEST) == []


@pytest.mark.parametrize(
    ("kind", "name"), [("postgresql", "PostgreSQL"), ("clickhouse", "ClickHouse"), ("redis", "Redis")]
)
def test_a_backing_service_that_is_to_run_there_is_refused(kind: str, name: str) -> None:
    text = MANIFEST.replace("kind: postgresql,", f"kind: {kind},")
    text = text.replace('orders: {url: "postgresql://db.example.com/orders"}', "orders: {image: 'some:1'}")
    ((line, path, hint),) = faults(text)
    assert (line, path) == (24, "backing_services.orders.image")
    assert name in hint
    assert "a managed service" in hint
    assert "virtual machine" in hint
    assert "disabled" in hint


def test_one_that_is_switched_off_is_well() -> None:
    assert faults(MANIFEST.replace('"postgresql://db.example.com/orders"', "disabled")) == []


def test_a_file_of_an_instance_is_refused() -> None:
    text = MANIFEST.replace(
        'orders: {url: "postgresql://db.example.com/orders"}', "orders: {kind: sqlite, url: 'sqlite:///data.db'}"
    )
    assert [(line, path) for line, path, _ in faults(text)] == [(24, "backing_services.orders.url")]


def test_a_folder_that_does_not_outlive_an_instance_is_refused() -> None:
    text = MANIFEST.replace("AUTH_URL: ", 'SPOOL: "${data}/spool", AUTH_URL: ')
    assert [(line, path) for line, path, _ in faults(text)] == [(14, "services.web.environment.SPOOL")]


def test_a_secrets_value_is_refused_where_variables_can_be_read() -> None:
    text = MANIFEST.replace('key: {secret_manager: "shop-key:3"}', "key: {env: SHOP_KEY}")
    plan = plan_of(text, caller={"SHOP_KEY": "not-for-variables"})
    (fault,) = hosting_faults(plan)
    assert (fault.line, fault.path) == (30, "services.auth.secrets.TOKEN_KEY")
    assert "not-for-variables" not in str(fault)


def test_a_service_without_an_image_is_refused() -> None:
    text = MANIFEST.replace("      web:\n        image: registry.example.com/shop/web:${commit}\n", "")
    assert [path for _, path, _ in faults(text)] == ["services.web.image"]
