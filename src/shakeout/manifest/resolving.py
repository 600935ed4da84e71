"""Resolves references and secrets for one environment; what is wrong becomes a fault, and the rest goes on."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shakeout.errors import ManifestFault
from shakeout.manifest.interpolation import DISABLED, Piece, Reference, plain, split, template
from shakeout.manifest.loading import LoadedManifest
from shakeout.manifest.merging import merged_backing_service
from shakeout.manifest.model import BackingService
from shakeout.manifest.wording import KeyPath, seen

SECRET_FILE_LIMIT = 64 * 1024
"""Bytes that a secret's file may have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A value after the early references: pieces with only late ones left, and whether a secret is part of it."""

    pieces: tuple[Piece, ...]
    secret: bool = False

    @property
    def text(self) -> str:
        """As a template for `resolve_late`."""
        return template(self.pieces)

    @property
    def final(self) -> str | None:
        """As it is, or None where a late reference is left."""
        return plain(self.pieces)


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundSecret:
    """A secret's value, or its name in the platform's secret manager."""

    value: str | None = field(default=None, repr=False)
    reference: str | None = None


@dataclass(kw_only=True)
class Resolver:
    """Knows the caller and one environment. `faults` is added to."""

    loaded: LoadedManifest
    environment: str
    commit: str
    repository: Path
    caller: Mapping[str, str]
    faults: list[ManifestFault]
    _secrets: dict[str, FoundSecret] = field(default_factory=dict)
    _urls: dict[str, Text | None] = field(default_factory=dict)
    _values: list[str] = field(default_factory=list)

    def secret_values(self) -> tuple[str, ...]:
        """Every secret value that was seen, for redaction."""
        return tuple(dict.fromkeys(value for value in self._values if value))

    def remember(self, value: str) -> str:
        """`value`, which is a secret from now on."""
        self._values.append(value)
        return value

    def template(self, pieces: Sequence[Piece], path: KeyPath, *, keep_commit: bool = False) -> Text:
        """Early references replaced. With `keep_commit`, `${commit}` stays (a pin decides it)."""
        result: list[Piece] = []
        secret = False
        for piece in pieces:
            if isinstance(piece, str) or piece.late or (piece.root == "commit" and keep_commit):
                result.append(piece)
                continue
            found = self._early(piece, path)
            result += found.pieces
            secret = secret or found.secret
        return Text(pieces=tuple(result), secret=secret)

    def final(self, text: str, path: KeyPath) -> str:
        """`text` with every reference replaced; for values that cannot hold late ones."""
        return self.template(split(text), path).final or ""

    def deep(self, value: Any, path: KeyPath, where: Callable[..., KeyPath] | None = None) -> Any:
        """`value` with the references in all of its texts replaced; late ones stay as templates."""
        if isinstance(value, str):
            return self.template(split(value), path).text if "${" in value else value
        if isinstance(value, Mapping):
            return {
                key: self.deep(item, where("options", key) if where is not None else (*path, key))
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.deep(item, (*path, index)) for index, item in enumerate(value)]
        return value

    def backing_service(self, name: str) -> BackingService:
        """The backing service as this environment has it."""
        manifest = self.loaded.manifest
        override = manifest.environments[self.environment].backing_services.get(name)
        return merged_backing_service(manifest.backing_services[name], override)

    def backing_url(self, name: str) -> Text | None:
        """The address of a backing service, DISABLED where it is switched off, None where the manifest has none."""
        if name not in self._urls:
            backing = self.backing_service(name)
            override: KeyPath = ("environments", self.environment, "backing_services", name, "url")
            path = override if override in self.loaded.document.lines else ("backing_services", name, "url")
            if backing.disabled:
                self._urls[name] = Text(pieces=(DISABLED,))
            else:
                self._urls[name] = None if backing.url is None else self.template(split(backing.url), path)
        return self._urls[name]

    def secret(self, name: str, path: KeyPath) -> FoundSecret:
        """The secret called `name`, the same one for everybody who asks; `path` is where it is asked for."""
        if name not in self._secrets:
            self._secrets[name] = self._read_secret(name)
            if value := self._secrets[name].value:
                self.remember(value)
        return self._secrets[name]

    def _early(self, reference: Reference, path: KeyPath) -> Text:
        match reference.root:
            case "env":
                return Text(pieces=(self._variable(reference, path),))
            case "secrets":
                found = self.secret(reference.name, path)
                if found.reference is not None:
                    hint = "name it in the service's `secrets`"
                    self._fault(path, "a secret whose value shakeout can read", f"{reference} by secret_manager", hint)
                return Text(pieces=(found.value or "",), secret=True)
            case "backing":
                url = self.backing_url(reference.name)
                if url is None:
                    self._fault(
                        path,
                        f"an address of {reference.name} in environment {self.environment}",
                        "none",
                        f"give backing_services.{reference.name} a url, or `disabled: true`",
                    )
                return url or Text(pieces=())
            case "python":
                target = self.loaded.manifest.environments[self.environment].target
                return Text(pieces=(sys.executable if target in {"local", "command"} else "python",))
            case "commit":
                return Text(pieces=(self.commit,))
            case "environment":
                return Text(pieces=(self.environment,))
        return Text(pieces=(str(self.repository),))

    def _variable(self, reference: Reference, path: KeyPath) -> str:
        value = self.caller.get(reference.name)
        if reference.default is not None:
            return value or reference.default
        if value is None:
            hint = f"export {reference.name}, or write ${{env.{reference.name}:-default}}"
            self._fault(path, f"the variable {reference.name}", "nothing: it is not set", hint)
        return value or ""

    def _read_secret(self, name: str) -> FoundSecret:
        manifest = self.loaded.manifest
        environment = manifest.environments[self.environment]
        path: KeyPath = ("secrets", name)
        if name in environment.secrets:
            path = ("environments", self.environment, "secrets", name)
        source = environment.secrets.get(name) or manifest.secrets[name]
        if source.env is not None:
            value = self.caller.get(source.env)
            if not value:
                got = "nothing: it is not set" if value is None else "an empty one"
                self._fault((*path, "env"), f"the variable {source.env}", got, f"export {source.env}")
            return FoundSecret(value=value or "")
        if source.file is not None:
            return FoundSecret(value=self._read_file(self.final(source.file, (*path, "file")), (*path, "file")))
        if source.generate:
            if environment.target == "cloud-run":
                hint = f"give environments.{self.environment}.secrets.{name} another source"
                expected = "a source that outlives this run"
                self._fault((*path, "generate"), expected, f"generate on target {environment.target}", hint)
            return FoundSecret(value=secrets.token_urlsafe(32))
        if environment.target in {"local", "container"}:
            hint = f"give environments.{self.environment}.secrets.{name} another source"
            expected = f"a source that target {environment.target} can read"
            self._fault((*path, "secret_manager"), expected, "a secret manager's name", hint)
        return FoundSecret(reference=self.final(source.secret_manager or "", (*path, "secret_manager")))

    def _read_file(self, name: str, path: KeyPath) -> str:
        file = self.repository / Path(name).expanduser() if name else self.repository
        try:
            with file.open("rb") as stream:
                value = stream.read(SECRET_FILE_LIMIT + 1)
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or "no readable file"
            self._fault(path, "a file that holds the secret", f"{seen(name)} ({reason})")
            return ""
        if len(value) > SECRET_FILE_LIMIT:
            self._fault(path, f"a file of at most {SECRET_FILE_LIMIT // 1024} KiB", f"{seen(name)}, which is larger")
            return ""
        try:
            text = value.decode("utf-8").strip()
        except UnicodeDecodeError:
            text = "\0"
        if not text or "\0" in text:
            self._fault(path, "a file that holds the secret as text", f"{seen(name)}, which is empty or binary")
            return ""
        return text

    def _fault(self, path: KeyPath, expected: str, got: str, hint: str | None = None) -> None:
        self.faults.append(self.loaded.fault(path, expected, got, hint))
