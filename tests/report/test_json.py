"""The report as JSON keeps its published schema."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from shakeout.report.json import render
from shakeout.report.model import Report
from shakeout.report.schema import render_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "report.schema.json"


@pytest.mark.parametrize("name", ["full", "well", "nothing", "nasty"])
def test_every_report_keeps_the_published_schema(name: str, request: pytest.FixtureRequest) -> None:
    schema = json.loads(PUBLISHED.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    value = json.loads(render(request.getfixturevalue(name)))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(value)] == []


def test_the_published_schema_is_that_of_the_model() -> None:
    assert PUBLISHED.read_text("utf-8") == render_schema()


def test_the_schema_refuses_what_the_model_does_not_have(full: Report) -> None:
    value = json.loads(render(full))
    validator = Draft202012Validator(json.loads(PUBLISHED.read_text("utf-8")))
    for broken in ({**value, "extra": 1}, {**value, "status": "fine"}, {**value, "schema_version": 2}):
        assert not validator.is_valid(broken)
    del value["issues"][0]["whys"][0]["evidence"][0]["quote"]
    assert not validator.is_valid(value)


def test_the_keys_stand_in_the_order_of_the_model(full: Report) -> None:
    value = json.loads(render(full))
    assert list(value) == ["schema_version", *(field.name for field in dataclasses.fields(Report))]
    assert value["schema_version"] == 1
    assert list(value["issues"][0]["whys"][0]["evidence"][0]) == ["kind", "locator", "quote", "at"]


def test_the_order_of_facts_does_not_matter(full: Report) -> None:
    one = dataclasses.replace(full, facts={"a": 1, "b": {"c": 2, "d": 3}})
    other = dataclasses.replace(full, facts={"b": {"d": 3, "c": 2}, "a": 1})
    assert render(one) == render(other)


def test_hostile_text_is_utf_8_all_the_same(nasty: Report) -> None:
    assert json.loads(render(nasty).encode("utf-8"))["status"] == "FAILED"
    assert "NaN" not in render(nasty)
