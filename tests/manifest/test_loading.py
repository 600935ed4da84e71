"""What a wrong manifest is told, and that nothing but a ManifestError ever comes of text."""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shakeout.errors import ManifestError, UsageError
from shakeout.manifest.document import SIZE_LIMIT
from shakeout.manifest.loading import find_manifest, load_manifest, parse_manifest
from shakeout.manifest.planning import make_plan

ROOT = Path(__file__).parents[2]
CASES = tomllib.loads(Path(__file__).with_name("wrong.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_wrong_manifest_gets_exactly_these_messages(case: dict[str, Any]) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(case["manifest"])
    assert [str(fault) for fault in caught.value.faults] == case["messages"]
    assert str(caught.value) == "\n".join(case["messages"])


def test_there_are_at_least_forty_wrong_manifests() -> None:
    assert len(CASES) >= 40
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "shakeout.yaml:1 the file: expected a manifest, got an empty file (write a first one: shakeout init)"),
        (
            b"application: desk\nservices:\n  b\xff: {}\n",
            "shakeout.yaml:3 the file: expected UTF-8, got the byte 0xff (save the file as UTF-8)",
        ),
        (b"\x7fELF\x02\x01\x01\x00", "shakeout.yaml:1 the file: expected text that prints, got the character U+007F"),
        (b"#" * (SIZE_LIMIT + 1), "shakeout.yaml:1 the file: expected at most 256 KiB, got 262,145 bytes"),
        (b"a: " + b"[" * 5000, "shakeout.yaml:1 the file: expected at most 30 levels, got more of them"),
        (
            "a: b\u2028c: d".encode(),
            "shakeout.yaml:1 the file: expected lines that end in a newline, got the line break U+2028",
        ),
    ],
)
def test_bytes_that_are_no_manifest(source: bytes, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(source)
    assert str(caught.value) == message


def test_a_byte_order_mark_and_carriage_returns_do_no_harm() -> None:
    source = b"\xef\xbb\xbfapplication: desk\r\nservices: {backend: {run: serve}}\r\nenvironments: {local: {}}\r\n"
    loaded = parse_manifest(source)
    assert loaded.manifest.application == "desk"
    assert loaded.line("environments") == 3


def test_every_value_has_its_line() -> None:
    loaded = load_manifest(ROOT / "shakeout.yaml")
    text = (ROOT / "shakeout.yaml").read_text("utf-8").splitlines()
    assert text[loaded.line("services", "backend", "environment", "SPOOL_DIR") - 1].strip().startswith("SPOOL_DIR:")
    assert text[loaded.line("environments", "staging", "target") - 1].strip() == "target: cloud-run"


def test_a_file_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the manifest cannot be read") as caught:
        load_manifest(tmp_path / "shakeout.yaml")
    assert caught.value.exit_status == 2
    assert caught.value.hint is not None and "tutorial.md" in caught.value.hint


def test_a_folder_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the manifest cannot be read"):
        load_manifest(tmp_path)


def test_the_manifest_is_found_from_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "shakeout.yaml").write_text("")
    below = tmp_path / "services" / "backend"
    below.mkdir(parents=True)
    assert find_manifest(below) == tmp_path.resolve() / "shakeout.yaml"


def test_no_message_speaks_pydantic() -> None:
    messages = "\n".join(message for case in CASES for message in case["messages"])
    assert not re.search(r"Input should|valid (string|integer|dictionary)|type=|extra_forbidden|pydantic", messages)


def test_a_large_manifest_is_read_in_bounded_time() -> None:
    service = "  backend-{0}: {{run: serve, needs: [backend-{1}]}}\n"
    services = "".join(service.format(index, index + 1) for index in range(2000))
    text = f"application: desk\nservices:\n{services}  backend-2000: {{run: serve}}\nenvironments: {{local: {{}}}}\n"
    began = time.perf_counter()
    loaded = parse_manifest(text)
    plan = make_plan(loaded, environment=None, commit="a" * 40, dirty=False, repository=ROOT, caller={})
    assert plan.services[0].name == "backend-2000"
    assert time.perf_counter() - began < 10


KEYS = [
    *("version", "application", "services", "environments", "backing_services", "secrets", "checks", "run", "needs"),
    *("environment", "health", "start", "deadline", "url", "kind", "local", "backend", "auth", "generate", "disabled"),
]
TEXTS = [
    *("desk", "serve", "${port}", "${env.HOME}", "${services.auth.url}", "${", "$${", "disabled", "http", "sqlite"),
    *("20s", "yes", "0123", "22:22", "~", "''", "!!binary x", "&a x", "*a", "a: b", "\t", "'", '"\\ud800"', '"\\0"'),
]
values = st.recursive(
    st.sampled_from(TEXTS) | st.booleans() | st.integers() | st.floats() | st.none() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
service = st.fixed_dictionaries({"run": st.sampled_from(TEXTS)}, optional=dict.fromkeys(KEYS[:7] + KEYS[8:], values))
manifests = st.fixed_dictionaries(
    {
        "application": st.just("desk"),
        "services": st.dictionaries(st.sampled_from(["auth", "backend"]), service, min_size=1),
        "environments": st.dictionaries(st.sampled_from(["local", "staging"]), values | st.just({}), min_size=1),
    },
    optional=dict.fromkeys(KEYS[4:7], values),
)


def written(value: object, depth: int = 0) -> str:
    """YAML as a careless person writes it: nothing is quoted."""
    indent = "  " * depth
    if isinstance(value, dict):
        return "".join(f"\n{indent}{key}: {written(item, depth + 1)}" for key, item in value.items()) or "{}"
    if isinstance(value, list):
        return "".join(f"\n{indent}- {written(item, depth + 1)}" for item in value) or "[]"
    return {True: "true", False: "false", None: ""}.get(value, str(value)) if not isinstance(value, str) else value


def attempt(source: str | bytes) -> None:
    try:
        loaded = parse_manifest(source)
        make_plan(loaded, environment=None, commit="a" * 40, dirty=False, repository=ROOT, caller={"HOME": "/h"})
    except ManifestError as error:
        text = source if isinstance(source, str) else source.decode("utf-8", "replace")
        last = max(1, len(re.split(r"\r\n|\r|\n", text)))
        assert error.faults
        for fault in error.faults:
            assert 1 <= fault.line <= last
            assert fault.expected and fault.seen
            assert str(fault).isprintable(), repr(str(fault))
        lines = [fault.line for fault in error.faults]
        assert lines == sorted(lines)


@given(st.text(max_size=200) | st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_plan_or_one_manifest_error(source: str | bytes) -> None:
    attempt(source)


@given(manifests)
@settings(max_examples=300, deadline=None)
def test_anything_shaped_like_a_manifest_gives_a_plan_or_one_manifest_error(value: dict[str, Any]) -> None:
    attempt(written(value))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_manifest_gives_a_plan_or_one_manifest_error(data: st.DataObject) -> None:
    text = (ROOT / "shakeout.yaml").read_text("utf-8")
    begin = data.draw(st.integers(0, len(text)))
    end = min(len(text), begin + data.draw(st.integers(0, 40)))
    attempt(text[:begin] + data.draw(st.sampled_from(TEXTS) | st.text(max_size=6)) + text[end:])
