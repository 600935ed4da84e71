"""
The values of a platform's secrets, for a rehearsal: the platform's own secret manager is not asked.

A value comes from the file that the caller names (lines `NAME=VALUE`, NAME as the secret manager has it, or
`NAME:VERSION=VALUE`), else from the source that the manifest's own `secrets` give where the environment names the
secret manager. It stands for every version that the manifest refers to.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from shakeout.errors import UsageError
from shakeout.manifest.model import Secret
from shakeout.runs.request import Request
from shakeout.targets.cloud_run.names import secret_version

_LIMIT = 1_000_000


def secret_values(request: Request, file: Path | None) -> dict[str, dict[str, str]]:
    """Each secret that the plan's services refer to, with a value by version; UsageError names all that have none."""
    given = _given(file) if file else {}
    found: dict[str, dict[str, str]] = {}
    missing: dict[str, str] = {}
    for service in request.plan.services:
        for variable, reference in service.secret_references.items():
            wanted = secret_version(reference)
            name, version = wanted.secret.rpartition("/")[2], wanted.version
            if version in found.get(name, ()):
                continue
            value = given.get(f"{name}:{version}", given.get(name))
            value = _declared(request, service.name, variable) if value is None else value
            if value is None:
                missing[name] = f"{name} (for {variable} of {service.name})"
            else:
                found.setdefault(name, {})[version] = value
    if missing:
        raise UsageError(
            "a rehearsal needs values for the secrets of the environment, and does not ask the platform for them",
            expected="a line NAME=VALUE for each in a file of your own",
            seen=f"no value for {', '.join(missing.values())}",
            hint="--rehearsal-secrets FILE",
        )
    return found


def _given(file: Path) -> dict[str, str]:
    try:
        with file.open(encoding="utf-8") as stream:
            lines = stream.read(_LIMIT).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        seen = error.strerror if isinstance(error, OSError) and error.strerror else "no text in UTF-8"
        raise UsageError("the file with secrets cannot be read", seen=seen, where=str(file)) from error
    found = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator or not name.strip():
            # Never the line itself: it may be a secret.
            raise UsageError("a secret is not understood", expected="NAME=VALUE", where=f"{file}:{number}")
        found[name.strip()] = value.strip()
    return found


def _declared(request: Request, service: str, variable: str) -> str | None:
    """The value by the manifest's own source of the secret, where that can be read here."""
    manifest = request.loaded.manifest
    override = manifest.environments[request.plan.environment].services.get(service)
    key = (override.secrets if override else {}).get(variable) or manifest.services[service].secrets.get(variable)
    source: Secret | None = manifest.secrets.get(key) if key else None
    if source is None:
        return None
    if source.generate:
        return secrets.token_urlsafe(32)
    if source.env is not None:
        return request.caller.get(source.env) or None
    if source.file is not None and "${" not in source.file:
        path = Path(request.plan.repository) / Path(source.file).expanduser()
        return path.read_text(encoding="utf-8").strip() if path.is_file() else None
    return None
