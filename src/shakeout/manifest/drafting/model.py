"""What a draft is made of; every value knows where it was found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """
    A value and its place, `path:line`. With `unsure`, which says why, the line is written as a comment; `note` is said
    beside the place. `shell` says of a command that a shell runs it, which fills in variables.
    """

    value: str
    at: str
    unsure: str | None = None
    note: str | None = None
    shell: bool = False


@dataclass(kw_only=True, slots=True)
class ServiceDraft:
    """A service: `folder` is where its files are; `environment` and `secrets` by variable."""

    name: str
    at: str
    folder: str = "."
    run: Found | None = None
    path: Found | None = None
    image: Found | None = None
    url: Found | None = None
    dockerfile: Found | None = None
    context: Found | None = None
    stage: Found | None = None
    health: Found | None = None
    version: Found | None = None
    needs: dict[str, Found] = field(default_factory=dict)
    environment: dict[str, Found] = field(default_factory=dict)
    port: int | None = None
    """The port that its command or its image names, so that the command can be told another."""


@dataclass(kw_only=True, slots=True)
class BackingDraft:
    """A backing service; `hosts` are names by which services reach it, `published` its port on this machine."""

    name: str
    kind: str
    at: str
    image: Found | None = None
    published: Found | None = None
    port: int | None = None


@dataclass(kw_only=True, slots=True)
class EnvironmentDraft:
    """An environment: `options` by dotted key; `services` has what is different there, by service and dotted key."""

    name: str
    target: Found
    options: dict[str, Found] = field(default_factory=dict)
    variables: dict[str, Found] = field(default_factory=dict)
    services: dict[str, dict[str, Found]] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Draft:
    """Everything that was found. `notes` say what was seen and not understood, each with its place."""

    application: Found
    services: dict[str, ServiceDraft] = field(default_factory=dict)
    backing: dict[str, BackingDraft] = field(default_factory=dict)
    secrets: dict[str, Found] = field(default_factory=dict)
    """Secret name to the caller's variable that holds it."""
    environments: dict[str, EnvironmentDraft] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def of_folder(self, folder: str) -> ServiceDraft | None:
        """The service whose files are in that folder."""
        return next((service for service in self.services.values() if service.folder == folder), None)

    def called(self, host: str) -> str | None:
        """The service or backing service that a host name means."""
        name = plain(host)
        return name if name in self.services or name in self.backing else None

    def secret(self, variable: str, at: str, note: str | None = None) -> str:
        """The secret that holds a variable's value, which is not copied; made where it is new."""
        name = plain(variable)
        self.secrets.setdefault(name, Found(value=variable, at=at, note=note))
        return name


def plain(name: str) -> str:
    """A name as the manifest writes names: lower case letters, digits and hyphens, a letter first."""
    kept = "".join(character if character.isascii() and character.isalnum() else "-" for character in name.lower())
    while "--" in kept:
        kept = kept.replace("--", "-")
    kept = kept.strip("-")[:63].rstrip("-")
    return kept if kept[:1].isalpha() else f"service-{kept}".rstrip("-")
