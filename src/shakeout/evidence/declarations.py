"""What the manifest declares for one environment, with the line of each setting, as rules read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from shakeout.evidence.model import Evidence, Locator


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting with its line: `name` is dotted (`environment.PORT`, `url`, `pin`); `value` has no secret in it."""

    name: str
    value: str
    at: Locator | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A service or backing service as declared; `kind` is `service` or the backing service's kind."""

    name: str
    kind: str
    at: Locator | None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    disabled: bool = False
    required: bool = True

    def value(self, name: str) -> str | None:
        """A setting's value, None where it is not declared."""
        setting = self.settings.get(name)
        return setting.value if setting else None


class Declarations:
    """
    The manifest of one environment. `lines` are the manifest's own, so that each setting can be quoted; `options` are
    the environment's own settings of its target, by dotted name.
    """

    described_as = "the manifest (`shakeout.yaml`)"

    def __init__(
        self,
        *,
        path: str,
        environment: str,
        target: str,
        services: Iterable[Declared],
        backing_services: Iterable[Declared],
        lines: Iterable[str],
        environment_at: Locator | None = None,
        options: Mapping[str, Setting] | None = None,
    ) -> None:
        self.path = path
        self.environment = environment
        self.target = target
        self.services = {item.name: item for item in services}
        self.backing_services = {item.name: item for item in backing_services}
        self.environment_at = environment_at
        self.options = dict(options or {})
        self._lines = tuple(lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """The manifest's lines, without their ends."""
        return self._lines

    def get(self, name: str) -> Declared | None:
        """The service or backing service of that name."""
        return self.services.get(name) or self.backing_services.get(name)

    def quote(self, at: Locator | None, note: str = "") -> Evidence | None:
        """The manifest's line at a locator as evidence, None where it has no line."""
        if at is None or at.line is None or not 1 <= at.line <= len(self._lines):
            return None
        return Evidence(
            kind="configuration", locator=replace(at, end_line=None), quote=self._lines[at.line - 1], note=note
        )

    def secret_name(self, setting: Setting) -> str | None:
        """
        The name of the secret that a setting under `secrets` takes its value from, as its line says it.

        The name is no secret; quotes still leave it out, because they cannot tell it from a value.
        """
        at, (group, _, variable) = setting.at, setting.name.partition(".")
        if group != "secrets" or at is None or at.line is None or not 1 <= at.line <= len(self._lines):
            return None
        found = re.search(
            rf"(?<![\w-])[\"']?{re.escape(variable)}[\"']?\s*:\s*[\"']?([a-z][a-z0-9-]{{0,62}})\b",
            self._lines[at.line - 1],
        )
        return found[1] if found else None

    @staticmethod
    def lines_of(path: Path) -> tuple[str, ...]:
        """A manifest's lines; empty where it cannot be read."""
        try:
            return tuple(path.read_text(encoding="utf-8", errors="replace").splitlines())
        except OSError:
            return ()
