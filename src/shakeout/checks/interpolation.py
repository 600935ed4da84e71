"""What a check's options may refer to and what is known only once the release is there."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import model_validator

from shakeout.checks.base import Context
from shakeout.checks.kinds import Options
from shakeout.checks.records import keep_secret
from shakeout.errors import UsageError
from shakeout.manifest.interpolation import LateValues, resolve_late


def resolve(text: str, context: Context) -> str:
    """`text` with `${services.NAME.url}` and its kin replaced; DeploymentError where a thing named has no address."""
    services = {revision.service: revision.url for revision in context.release.revisions if revision.url}
    return resolve_late(text, LateValues(services=services, data=str(context.data) if context.data else None))


class SecretReference(Options):
    """Where a secret comes from, never its value: a variable of the caller's environment, or a file."""

    env: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one(self) -> SecretReference:
        if (self.env is None) is (self.file is None):
            raise ValueError("exactly one of env and file")
        return self

    def read(self, context: Context) -> str:
        """The value, which is taken out of everything recorded from now on; UsageError where there is none."""
        if self.env is not None:
            value = os.environ.get(self.env, "")
        else:
            try:
                value = (Path(context.plan.repository) / (self.file or "")).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise UsageError(f"the secret in {self.file} cannot be read: {error.strerror}") from error
        if not value:
            raise UsageError(f"the secret {self.env or self.file} is not set")
        keep_secret(context, value)
        return value
