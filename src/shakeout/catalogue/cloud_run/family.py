"""The family, and what its rules share."""

from __future__ import annotations

from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.why import Family, GuardSpec

cloud_run = Family(
    "cloud-run",
    "Cloud Run refuses, does not find, or may not read what a service asks for",
    guard=GuardSpec(
        name="plan of the release before it",
        kind="command",
        arguments=(
            r"\bshakeout\s+up\b[^\n]*--(?:rehearse|dry-run)\b",
            r"\bgcloud\s+run\b[^\n]*\b(?:deploy|replace)\b[^\n]*--dry-run",
        ),
        missing="nothing in the repository's checks tries the release before it goes to the platform",
        add="shakeout up --rehearse staging  # in CI: what the platform would say of this commit, on the runner",
    ),
)


def refused(platform: Platform, service: str, *kinds: str) -> PlatformItem | None:
    """The service's state, where the platform refused it for a reason of one of these kinds."""
    item = platform.get(service)
    return item if item is not None and item.facts.get("kind") in kinds else None
