"""The annotated file, the schema and the pages say the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from shakeout.checks.kinds import all_kinds
from shakeout.manifest.interpolation import KNOWN
from shakeout.manifest.loading import load_manifest
from shakeout.manifest.model import CHECK_KINDS
from shakeout.manifest.planning import make_plan
from shakeout.manifest.reference import MEANINGS, models

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def keys_in_file(value: Any, place: str) -> set[str]:
    """`services.NAME.run` for every key of the file that the schema names; names of things become NAME."""
    known = dict(models())
    found: set[str] = set()
    for key, inner in value.items():
        here = f"{place}.{key}".lstrip(".")
        found.add(here)
        for candidate in (here, f"{here}.NAME"):
            if candidate in known and isinstance(inner, dict):
                children = [inner] if candidate == here else inner.values()
                for child in children:
                    found |= keys_in_file(child, candidate)
    return found


def keys_in_schema() -> set[str]:
    return {f"{place}.{name}".lstrip(".") for place, model in models() for name in model.model_fields}


def test_the_annotated_file_and_the_schema_name_the_same_keys() -> None:
    data = yaml.safe_load((REFERENCE / "shakeout.yaml").read_text("utf-8"))
    # Within an environment a part is only named where it is different; the part itself is shown in full above.
    again = {f"environments.NAME.secrets.NAME.{name}" for name in ("env", "file", "generate")}
    again |= {"environments.NAME.services.NAME.start.restarts"}
    options = {f"checks.NAME.{name}" for name in ("path", "status", "run", "title", "contains", "selector", "ignore")}
    assert keys_in_file(data, "") - options == keys_in_schema() - again


def test_the_annotated_file_makes_a_plan_for_each_of_its_environments(tmp_path: Path) -> None:
    loaded = load_manifest(REFERENCE / "shakeout.yaml")
    for environment in loaded.manifest.environments:
        plan = make_plan(
            loaded,
            environment=environment,
            commit="a" * 40,
            dirty=False,
            repository=tmp_path,
            caller={"DESK_DATABASE_PASSWORD": "correct-horse"},
        )
        assert {service.name for service in plan.services} == {"auth", "backend", "frontend", "payments"}


@pytest.mark.parametrize("name", ["docs/reference/shakeout.yaml", "shakeout.yaml"])
def test_the_published_schema_accepts_our_manifests(name: str) -> None:
    schema = json.loads((REFERENCE / "shakeout.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    data = yaml.safe_load((ROOT / name).read_text("utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(data)] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("services", "backend", "prot"), 1),
        (("services", "backend", "port"), 70000),
        (("services", "backend", "start", "deadline"), "soon"),
        (("services", "Backend"), {"run": "serve"}),
        (("environments", "staging", "target"), "mars"),
        (("checks", "parcels-page", "kind"), "htp"),
        (("version",), 2),
        (("services", "backend", "run"), None),
    ],
)
def test_the_published_schema_refuses_what_is_wrong(place: tuple[str, ...], value: Any) -> None:
    schema = json.loads((REFERENCE / "shakeout.schema.json").read_text("utf-8"))
    data = yaml.safe_load((REFERENCE / "shakeout.yaml").read_text("utf-8"))
    part = data
    for key in place[:-1]:
        part = part.setdefault(key, {})
    part[place[-1]] = value
    assert list(Draft202012Validator(schema).iter_errors(data))


@pytest.mark.parametrize("name", ["docs/reference/shakeout.yaml", "shakeout.yaml"])
def test_editors_find_the_schema_from_the_file(name: str) -> None:
    line = (ROOT / name).read_text("utf-8").splitlines()[0]
    assert ((ROOT / name).parent / line.partition("$schema=")[2]).resolve() == REFERENCE / "shakeout.schema.json"


def test_every_reference_has_its_meaning_on_the_page() -> None:
    assert tuple(MEANINGS) == KNOWN


def test_the_kinds_that_a_manifest_can_name_are_those_that_exist() -> None:
    assert sorted(CHECK_KINDS) == sorted(all_kinds())


def test_every_check_kind_of_the_annotated_file_exists() -> None:
    data = yaml.safe_load((REFERENCE / "shakeout.yaml").read_text("utf-8"))
    assert {check["kind"] for check in data["checks"].values()} <= set(CHECK_KINDS)


def test_the_generated_pages_are_those_of_the_code() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0)
