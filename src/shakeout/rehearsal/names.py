"""Names of Cloud Run's resources, as version 2 of its API writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shakeout.rehearsal.answers import RefusedError

_LOCATION = re.compile(r"projects/([^/]+)/locations/([^/]+)")
_SERVICE = re.compile(r"projects/([^/]+)/locations/([^/]+)/services/([^/]+)")
_REVISION = re.compile(r"projects/([^/]+)/locations/([^/]+)/services/([^/]+)/revisions/([^/]+)")
_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Location:
    """A region of a project."""

    project: str
    region: str

    @classmethod
    def parse(cls, text: str) -> Location:
        """From `projects/P/locations/R`; RefusedError where it has not that form."""
        match = _LOCATION.fullmatch(text)
        if not match:
            raise _malformed(text, "projects/PROJECT/locations/LOCATION")
        return cls(*match.groups())

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.region}"


@dataclass(frozen=True, slots=True)
class ServiceName:
    """A service: `str()` gives its full name, `id` the short one."""

    location: Location
    id: str

    @classmethod
    def parse(cls, text: str) -> ServiceName:
        """From a full name; RefusedError where it has not that form."""
        match = _SERVICE.fullmatch(text)
        if not match:
            raise _malformed(text, "projects/PROJECT/locations/LOCATION/services/SERVICE")
        return cls(Location(match[1], match[2]), match[3])

    @classmethod
    def of_revision(cls, text: str) -> tuple[ServiceName, str]:
        """The service and the revision's short name, from a revision's full name."""
        match = _REVISION.fullmatch(text)
        if not match:
            raise _malformed(text, "projects/PROJECT/locations/LOCATION/services/SERVICE/revisions/REVISION")
        return cls(Location(match[1], match[2]), match[3]), match[4]

    def revision(self, name: str) -> str:
        """The full name of one of its revisions."""
        return f"{self}/revisions/{name}"

    def __str__(self) -> str:
        return f"{self.location}/services/{self.id}"


def valid_id(text: str) -> bool:
    """Whether a service may be called so: lower-case letters, digits and hyphens, fewer than 50 characters."""
    return _ID.fullmatch(text) is not None


def _malformed(text: str, form: str) -> RefusedError:
    return RefusedError("INVALID_ARGUMENT", f"The resource name {text!r} must have the form {form}.")
