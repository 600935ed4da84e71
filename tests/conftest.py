"""Fixtures that several folders of tests share; each real component has a file of its own in `fixtures/`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "fixtures.clickhouse",
    "fixtures.backend",
    "fixtures.postgresql",
    "fixtures.engine",
    "fixtures.docker_client",
]

# The same examples at every run, and no limit of time that a busy machine can hit: a failure is a fact of the code.
# HYPOTHESIS_PROFILE=search looks for new examples, ten times as many.
settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("repeatable"), derandomize=False, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
