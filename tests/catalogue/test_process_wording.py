"""How programs say that a setting is missing, and what only sounds like it."""

from __future__ import annotations

import time

import pytest

from shakeout.catalogue.process.wording import Said, key_error, settings_in


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("cannot start: TOKEN_KEY: expected one key or more, got nothing (it is not set)", "TOKEN_KEY"),
        ("Missing required environment variable: STRIPE_KEY", "STRIPE_KEY"),
        ("Environment variable DATABASE_URL is not set", "DATABASE_URL"),
        ("Error: DATABASE_URL is not defined", "DATABASE_URL"),
        ('environs.EnvError: Environment variable "SECRET_KEY" not set', "SECRET_KEY"),
        ("ImproperlyConfigured: Set the SECRET_KEY environment variable", "SECRET_KEY"),
        ("The SECRET_KEY setting must not be empty.", "SECRET_KEY"),
        ("REDIS_URL not found. Declare it as envvar or define a default value.", "REDIS_URL"),
        ('env-var: "API_PORT" is a required variable, but it was not set', "API_PORT"),
        ("Missing environment variables:\n    API_TOKEN: undefined", "API_TOKEN"),
        ("1 validation error for Settings\ndatabase_url\n  Field required [type=missing]", "DATABASE_URL"),
        ("Could not resolve placeholder 'DB_HOST' in value \"${DB_HOST}\"", "DB_HOST"),
        ("required key APP_PORT missing value", "APP_PORT"),
        ('env: required environment variable "HOME_FOLDER" is not set', "HOME_FOLDER"),
        ('key not found: "STRIPE_KEY"', "STRIPE_KEY"),
        ("./run.sh: line 3: DB_HOST: unbound variable", "DB_HOST"),
        ("run.sh: 3: DB_PASSWORD: parameter not set", "DB_PASSWORD"),
        ("FATAL: JWT_SECRET must be provided", "JWT_SECRET"),
        ("Config 'SENTRY_DSN' is missing, and has no default.", "SENTRY_DSN"),
    ],
)
def test_a_missing_setting_is_named(text: str, variable: str) -> None:
    assert Said(variable) in settings_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "connection to POSTGRES refused",
        "GET /health not found",
        "KeyError: 'limit'",
        "HTTP 404: NOT FOUND",
        "the ERROR is not set up",
        "upstream CLOSED the connection",
    ],
)
def test_other_words_are_no_setting(text: str) -> None:
    assert settings_in(text) == ()


def test_a_refused_value_is_not_missing() -> None:
    assert settings_in("LIMIT: expected a whole number from 1 to 9, got 'many'") == (Said("LIMIT", missing=False),)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("key = os.environ['STRIPE_KEY']", Said("STRIPE_KEY")),
        ("ENV['STRIPE_KEY']", Said("STRIPE_KEY")),
        ("prices['STRIPE_KEY']", None),
    ],
)
def test_a_key_error_is_a_setting_only_where_the_environment_is_looked_up(code: str, said: Said | None) -> None:
    assert key_error("KeyError", "'STRIPE_KEY'", code) == said


@pytest.mark.parametrize(
    "text", ["A_" * 100_000, "missing " * 50_000, "X: expected " + "y" * 200_000, '"path": [' * 9999]
)
def test_long_texts_take_no_long_time(text: str) -> None:
    start = time.process_time()
    settings_in(text, "ValidationError")
    assert time.process_time() - start < 0.5
