"""What a rehearsal is told before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shakeout.rehearsal.faults import Faults


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """
    What stands for an image where no engine runs it: a process of this machine.

    `${PORT}` in a word becomes the instance's port. The process gets the container's variables, and those given here
    that the container does not set (a `PATH`, for example); nothing of the caller's.
    """

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """
    A rehearsal's settings. Times are seconds.

    `commands` maps an image's name (with or without its tag or digest) to what is run for it. `secrets` maps the name
    of a secret to its value, or to a value for each version. `startup_seconds` is the default startup probe's time,
    `idle_seconds` how long an instance without requests lives, `instances` how many of one revision may run here at
    most, whatever the revision's own limit. `engine` is what runs the images that no command stands for: `docker`,
    `podman`, `auto` for whichever answers, or `none`. `faults` are those that it is to have.
    """

    project: str = "rehearsal"
    project_number: str = "123456789012"
    commands: Mapping[str, Command] = field(default_factory=dict)
    secrets: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict, repr=False)
    startup_seconds: float = 240.0
    idle_seconds: float = 900.0
    instances: int = 4
    engine: str = "none"
    faults: Faults = field(default_factory=Faults)

    @property
    def service_account(self) -> str:
        """The account that a revision runs as where it names none."""
        return f"{self.project_number}-compute@developer.gserviceaccount.com"

    @property
    def service_agent(self) -> str:
        """The account with which the platform itself reads images."""
        return f"service-{self.project_number}@serverless-robot-prod.iam.gserviceaccount.com"

    def secret_texts(self) -> tuple[str, ...]:
        """Every value that must not be shown, each line of one with several too."""
        values = set()
        for secret in self.secrets.values():
            for value in [secret] if isinstance(secret, str) else secret.values():
                values |= {value, *(line.strip() for line in value.splitlines() if len(line.strip()) >= 8)}
        return tuple(sorted(value for value in values if value))
