"""The settings of the target `command` in the manifest."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from shakeout.manifest.interpolation import template, words
from shakeout.manifest.model import EnvironmentName, Folder, Seconds
from shakeout.manifest.wording import Words
from shakeout.targets.kinds import TargetOptions


def _split(value: object) -> object:
    """Text as its words (the plan has split it already where it could), a list as it is."""
    return [template(word) for word in words(value)] if isinstance(value, str) else value


def _named(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words or not words[0]:
        raise ValueError("a command")
    return words


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(str(error)) from error
    if groups != 1:
        raise ValueError("exactly one group")
    return text


Script = Annotated[
    tuple[str, ...],
    BeforeValidator(_split),
    AfterValidator(_named),
    Words("a command as text, with its quotes closed, or as a list of texts"),
]
Pattern = Annotated[str, AfterValidator(_pattern), Words("a regular expression with exactly one group")]


class CommandOptions(TargetOptions):
    """How the team deploys; `run` is the one setting that has to be there."""

    run: Script
    """The team's own deploy command. Text is split as a shell would, and run without one."""
    path: Folder = "."
    """The folder that the commands run in, relative to the checkout of the deployed commit."""
    deadline: Seconds = 600.0
    """How long the deploy command may take; after that it is ended."""
    environment: dict[EnvironmentName, str] = Field(default_factory=dict)
    """Variables of the commands, with `${secrets.NAME}` where they need a secret."""
    stop: Script | None = None
    """What takes the release down again; without it the release stays where it was deployed."""
    logs: Script | None = None
    """What prints the services' logs since `SHAKEOUT_SINCE`; it is run when everything has been verified."""


class ServiceOptions(TargetOptions):
    """What the deploy command calls a service, and how its output tells of it."""

    name: str | None = None
    """What the service is called in the output and in the logs, where that is another name than here."""
    url_pattern: Pattern | None = None
    """A regular expression; its one group is the address in a line of the deploy command's output."""
    revision_pattern: Pattern | None = None
    """A regular expression; its one group is the revision in a line of the deploy command's output."""
    logs: Script | None = None
    """What prints this service's logs since `SHAKEOUT_SINCE`."""
