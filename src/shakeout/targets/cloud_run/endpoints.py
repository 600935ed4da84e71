"""
Where the APIs are, and who calls them.

| variable | value |
| --- | --- |
| `SHAKEOUT_CLOUD_RUN_ENDPOINT` | `host:port` of the Cloud Run API, for a double on this machine |
| `SHAKEOUT_CLOUD_LOGGING_ENDPOINT` | the same of Cloud Logging; by default that of Cloud Run |
| `SHAKEOUT_CLOUD_RUN_ADDRESSES` | where services will answer there: `NAME=URL`, separated by commas |

Without them it is Google's own, with application default credentials. Only a loopback address is called without
credentials and without encryption.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shakeout.errors import DependencyMissingError, UsageError

RUN, LOGGING, ADDRESSES = (
    "SHAKEOUT_CLOUD_RUN_ENDPOINT",
    "SHAKEOUT_CLOUD_LOGGING_ENDPOINT",
    "SHAKEOUT_CLOUD_RUN_ADDRESSES",
)
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """
    Where the APIs are called, None for Google's own; `addresses` are those that a double will give to services, by
    their names on Cloud Run.
    """

    run: str | None = None
    logging: str | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, environment: Mapping[str, str] | None = None) -> Endpoints:
        """As the variables say it. Raises UsageError where one does not name a host and a port."""
        values = os.environ if environment is None else environment
        run = values.get(RUN) or None
        logging = values.get(LOGGING) or run
        for name, value in ((RUN, run), (LOGGING, logging)):
            if value is not None and not (value.rpartition(":")[0] and value.rpartition(":")[2].isdigit()):
                raise UsageError("an endpoint is not understood", expected="host:port", seen=value, where=name)
        pairs = [pair.partition("=") for pair in values.get(ADDRESSES, "").split(",") if pair]
        return cls(run=run, logging=logging, addresses={name: url for name, _, url in pairs})

    def variables(self) -> dict[str, str]:
        """The variables that say it, for a process of ours."""
        told = {
            RUN: self.run,
            LOGGING: self.logging,
            ADDRESSES: ",".join(f"{a}={b}" for a, b in self.addresses.items()),
        }
        return {name: value for name, value in told.items() if value}

    @property
    def double(self) -> bool:
        """Whether it is a double on this machine that is called."""
        return self.run is not None and is_loopback(self.run)


def is_loopback(endpoint: str) -> bool:
    """Whether `host:port` is on this machine, whoever else is told."""
    host = endpoint.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def credentials() -> Any:
    """Application default credentials. Raises UsageError where there are none."""
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    try:
        found, _ = google.auth.default(scopes=[_SCOPE])
    except DefaultCredentialsError as error:
        raise UsageError(
            "there are no credentials for Google Cloud",
            expected="application default credentials",
            seen=str(error).split("\n", 1)[0],
            hint="gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS=FILE of a service account",
        ) from error
    return found


def require_libraries() -> None:
    """Raise DependencyMissingError where Google's client libraries are not installed."""
    try:
        import google.cloud.logging_v2
        import google.cloud.run_v2  # noqa: F401
    except ImportError as error:
        raise DependencyMissingError(
            "the target cloud-run needs Google's client libraries",
            expected="the packages google-cloud-run and google-cloud-logging",
            seen=str(error),
            hint="pip install 'shakeout[cloud-run]'",
        ) from error
