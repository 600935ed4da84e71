"""Fixtures that several folders of tests share; each real component has a file of its own in `fixtures/`."""

from __future__ import annotations

pytest_plugins = ["fixtures.clickhouse", "fixtures.backend", "fixtures.postgresql", "fixtures.engine"]
