"""
What the team's scripts are given.

| variable | value |
| --- | --- |
| `PATH` | the caller's, since the team's tools are there |
| `LANG`, `PYTHONUNBUFFERED` | `C.UTF-8` and `1`, so that lines come when they are written |
| `HOME`, `TMPDIR` | folders of the release's own, unless the manifest passes the caller's |
| `SHAKEOUT_APPLICATION`, `SHAKEOUT_ENVIRONMENT` | as the manifest names them |
| `SHAKEOUT_COMMIT` | the full hash that is deployed |
| `SHAKEOUT_SINCE` | when the release began (for `stop`: when it is taken down), as `2026-01-02T03:04:05Z` |
| `<SERVICE>_URL` | for `stop` and `logs`: where the services are |
| `SHAKEOUT_<SERVICE>_COMMIT`, `…_SOURCE` | for a service with a pin: its commit, and that commit's files |

Beside these a script sees the caller's variables that `pass_environment` names, and the options' own `environment`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from shakeout.manifest.interpolation import LateValues, resolve_late
from shakeout.manifest.plan import Plan
from shakeout.manifest.secret_names import secret_name
from shakeout.targets.base import Release
from shakeout.targets.script.options import CommandOptions

__all__ = ["LateValues", "environment", "late_values", "resolved"]


def late_values(plan: Plan, release: Release | None, data: Path) -> LateValues:
    """What references mean: the manifest's own addresses, and those that the release has."""
    known = {service.name: service.url for service in plan.services if service.url}
    known |= {one.service: one.url for one in release.revisions if one.url} if release else {}
    return LateValues(data=str(data), services=known)


def resolved(text: str, values: LateValues) -> str:
    """`text` without references. DeploymentError where one asks for what is not known."""
    return resolve_late(text, values)


def environment(
    plan: Plan, options: CommandOptions, folder: Path, values: LateValues, since: datetime
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Every variable of a script, and every secret that its output must not show."""
    own = {name: resolve_late(text, values) for name, text in options.environment.items()}
    found = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        **{f"{_variable(name)}_URL": url for name, url in values.services.items()},
        **plan.passed,
        "SHAKEOUT_APPLICATION": plan.application,
        "SHAKEOUT_ENVIRONMENT": plan.environment,
        "SHAKEOUT_COMMIT": plan.commit,
        "SHAKEOUT_SINCE": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    for service in plan.services:
        if service.pinned:
            found[f"SHAKEOUT_{_variable(service.name)}_COMMIT"] = service.commit
            found[f"SHAKEOUT_{_variable(service.name)}_SOURCE"] = str(folder / "source" / service.commit)
    return found | own, tuple(sorted({*_secrets(plan), *(own[name] for name in own if secret_name(name))} - {""}))


def _secrets(plan: Plan) -> Iterator[str]:
    """The plan's secrets, and each line of one with several, since output is looked at line by line."""
    whole = [*plan.secret_values, *(value for one in plan.services for value in one.secret_environment.values())]
    for value in whole:
        yield value
        yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= 8)


def _variable(service: str) -> str:
    return service.upper().replace("-", "_")
