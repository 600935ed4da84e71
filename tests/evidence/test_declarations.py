"""What a manifest's settings tell rules."""

from __future__ import annotations

import pytest

from shakeout.evidence.declarations import Declarations, Setting
from shakeout.evidence.model import Locator

LINES = (
    "      TOKEN_KEY: token-key",
    '    secrets: {TOKEN_KEY: "other-key", PLAIN: x}',
    "      MY_TOKEN_KEY: not-this-one",
    "      TOKEN_KEY:",
)


def declarations() -> Declarations:
    return Declarations(
        path="shakeout.yaml", environment="local", target="local", services=(), backing_services=(), lines=LINES
    )


def setting(line: int | None, name: str = "secrets.TOKEN_KEY") -> Setting:
    at = Locator(source="file", path="shakeout.yaml", line=line) if line else None
    return Setting(name=name, value="(a secret)", at=at)


@pytest.mark.parametrize(("line", "name"), [(1, "token-key"), (2, "other-key"), (3, None), (4, None), (5, None)])
def test_the_name_of_a_secret_is_read_from_its_line(line: int, name: str | None) -> None:
    assert declarations().secret_name(setting(line)) == name


def test_a_setting_without_a_line_or_outside_of_secrets_names_no_secret() -> None:
    assert declarations().secret_name(setting(None)) is None
    assert declarations().secret_name(setting(1, "environment.TOKEN_KEY")) is None
