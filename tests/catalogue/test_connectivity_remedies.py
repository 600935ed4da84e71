"""Patches of a manifest that switch a backing service off, in every shape in which an environment is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from shakeout.catalogue.connectivity.places import Place
from shakeout.catalogue.connectivity.remedies import switch_off
from shakeout.evidence.declarations import Declarations, Declared, Setting
from shakeout.evidence.repository import Repository
from shakeout.testing import SmallRepository

BASE = """# The shop.
version: 1
application: shop
backing_services:
  events:
    kind: clickhouse
    url: http://192.0.2.4:8123/shop  # the one server
environments:
"""


def remedy(tmp_path: Path, environments: str, kind: str = "clickhouse") -> tuple[str, str | None]:
    """The manifest, and the patch that switches `events` off in `local`."""
    small = SmallRepository(tmp_path)
    small.commit("Start", {"shakeout.yaml": BASE + environments})
    backing = Declared(
        name="events", kind=kind, at=None, settings={"url": Setting(name="url", value="http://192.0.2.4:8123", at=None)}
    )
    declarations = Declarations(
        path="shakeout.yaml",
        environment="local",
        target="local",
        services=(),
        backing_services=(backing,),
        lines=(BASE + environments).splitlines(),
    )
    place = Place(
        target="events",
        url="http://192.0.2.4:8123",
        host="192.0.2.4",
        port=8123,
        path=None,
        setting=backing.settings["url"],
        owner=backing,
        literal=True,
    )
    found = switch_off(place, declarations, Repository(tmp_path))
    return BASE + environments, found.patch if found else None


@pytest.mark.parametrize(
    "environments",
    [
        "  local: {}\n  staging: {}\n",
        "  local:\n  staging: {}\n",
        "  local:\n    target: local\n  staging: {}\n",
        "  local:\n    backing_services:\n      # As before.\n      cache: {disabled: true}\n",
        "  local:\n    backing_services: {}\n",
        "  local:\n    backing_services:\n      events:\n        # A second server.\n        url: http://192.0.2.5:8123/shop\n",
        "  local:\n    backing_services:\n      events:\n        url: http://192.0.2.5:8123/shop\n  staging: {}\n",
        "    local: {}  # mine\n",
    ],
)
def test_the_patch_switches_off_that_one_and_keeps_every_other_line(tmp_path: Path, environments: str) -> None:
    text, patch = remedy(tmp_path / "repository", environments)
    assert patch is not None
    (tmp_path / "patch").write_text(patch)
    SmallRepository(tmp_path / "repository").git("apply", str(tmp_path / "patch"))
    after = (tmp_path / "repository" / "shakeout.yaml").read_text()
    before, now = yaml.safe_load(text), yaml.safe_load(after)
    assert now["environments"]["local"]["backing_services"]["events"]["disabled"] is True
    assert [row for row in text.splitlines() if "#" in row and "{}" not in row] == [
        row for row in after.splitlines() if "#" in row and row in text.splitlines()
    ]
    assert before["backing_services"] == now["backing_services"]


def test_an_environment_in_one_line_gets_no_patch_rather_than_a_wrong_one(tmp_path: Path) -> None:
    assert remedy(tmp_path, "  local: {target: local}\n")[1] is None


def test_a_database_is_never_switched_off(tmp_path: Path) -> None:
    assert remedy(tmp_path, "  local: {}\n", kind="postgresql")[1] is None
