"""Makes the plan: one environment of the manifest, one commit, everything resolved that the caller knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shakeout.errors import ManifestError, ManifestFault
from shakeout.evidence.model import Locator
from shakeout.manifest.interpolation import DISABLED, escape, split, template, words
from shakeout.manifest.loading import LoadedManifest, in_file_order
from shakeout.manifest.merging import merged_check, merged_service, override_paths
from shakeout.manifest.model import BackingService, CheckSpec, Environment, Service
from shakeout.manifest.plan import BackingServicePlan, Plan, ServicePlan
from shakeout.manifest.resolving import Resolver, Text
from shakeout.manifest.secret_names import secret_name
from shakeout.manifest.wording import KeyPath, did_you_mean, dotted, one_of, seen

SCHEMES: Mapping[str, tuple[str, ...]] = {
    "postgresql": ("postgresql", "postgres"),
    "sqlite": ("sqlite",),
    "clickhouse": ("chdb", "http", "https", "clickhouse", "clickhouses"),
    "redis": ("redis", "rediss", "unix"),
    "http": ("http", "https"),
}
"""The schemes that the address of each kind of backing service can have; `+driver` may follow one."""


def make_plan(
    loaded: LoadedManifest,
    *,
    environment: str | None,
    commit: str,
    dirty: bool,
    repository: Path,
    caller: Mapping[str, str],
) -> Plan:
    """
    The plan for `environment` (by default the only one, or `local`) and the full hash `commit`.

    `caller` holds the caller's variables. A service with a pin has the pin as its `commit`, until `resolve_pins` is
    given the means to look it up. Raises ManifestError with every fault of this environment.
    """
    name = choose_environment(loaded, environment)
    return _Planner(loaded, name, commit, dirty, repository, caller).plan()


def choose_environment(loaded: LoadedManifest, wanted: str | None) -> str:
    """The environment to deploy to; ManifestError where it is unknown or has to be said."""
    names = list(loaded.manifest.environments)
    if wanted is None:
        if len(names) == 1:
            return names[0]
        if "local" in names:
            return "local"
        expected = one_of(names, "a choice by --environment of")
        raise ManifestError([loaded.fault(("environments",), expected, "no choice")])
    if wanted not in names:
        expected = one_of(names, "one of the environments:")
        raise ManifestError([loaded.fault(("environments",), expected, seen(wanted), did_you_mean(wanted, names))])
    return wanted


def resolve_pins(plan: Plan, resolve: Callable[[str], str | None]) -> Plan:
    """
    The plan with every pin replaced by the full hash that `resolve` gives for it, also in `${commit}`.

    ManifestError with the pin's line where `resolve` answers None.
    """
    faults = []
    services = []
    for service in plan.services:
        if not service.pinned:
            services.append(service)
            continue
        commit = resolve(service.commit)
        if commit is None:
            at = service.setting_at.get("pin") or service.at
            faults.append(
                ManifestFault(
                    file=at.path if at else plan.manifest_path,
                    line=(at.line if at else None) or 1,
                    path=f"services.{service.name}.pin",
                    expected="a revision of the repository",
                    seen=seen(service.commit),
                )
            )
            continue
        services.append(_with_commit(service, commit))
    if faults:
        raise ManifestError(in_file_order(faults))
    return dataclasses.replace(plan, services=tuple(services))


def _with_commit(service: ServicePlan, commit: str) -> ServicePlan:
    def finish(text: str) -> str:
        return template(
            commit if not isinstance(piece, str) and piece.root == "commit" else piece for piece in split(text)
        )

    return dataclasses.replace(
        service,
        commit=commit,
        image=finish(service.image) if service.image is not None else None,
        command=tuple(finish(word) for word in service.command),
        environment={name: finish(value) for name, value in service.environment.items()},
    )


class _Planner:
    def __init__(
        self,
        loaded: LoadedManifest,
        environment: str,
        commit: str,
        dirty: bool,
        repository: Path,
        caller: Mapping[str, str],
    ) -> None:
        self.loaded = loaded
        self.manifest = loaded.manifest
        self.name = environment
        self.environment: Environment = loaded.manifest.environments[environment]
        self.commit = commit
        self.dirty = dirty
        self.repository = repository.resolve()
        self.caller = caller
        self.manifest_path = self._relative(loaded.path)
        self.faults: list[ManifestFault] = []
        self.below: dict[KeyPath, list[KeyPath]] = {}
        for path in loaded.document.lines:
            for length in (2, 3, 4):
                if len(path) > length:
                    self.below.setdefault(path[:length], []).append(path)
        self.resolver = Resolver(
            loaded=loaded,
            environment=environment,
            commit=commit,
            repository=self.repository,
            caller=caller,
            faults=self.faults,
        )

    def plan(self) -> Plan:
        services = [self.service(name) for name in self.order()]
        backing = [self.backing_service(name) for name in self.manifest.backing_services]
        checks, check_at, check_setting_at = self.checks()
        options = self.options()
        if self.faults:
            raise ManifestError(in_file_order(self.faults))
        return Plan(
            application=self.manifest.application,
            environment=self.name,
            target=self.environment.target,
            repository=str(self.repository),
            manifest_path=self.manifest_path,
            commit=self.commit,
            dirty=self.dirty,
            services=tuple(services),
            backing_services=tuple(backing),
            checks=checks,
            check_at=check_at,
            check_setting_at=check_setting_at,
            environment_at=self.locator(("environments", self.name)),
            options=options,
            option_at=self.settings(("environments", self.name, "options")),
            passed=self.passed(),
            secret_values=self.resolver.secret_values(),
        )

    def options(self) -> dict[str, Any]:
        """The environment's options; commands of the team's own are split before references are replaced."""
        path: KeyPath = ("environments", self.name, "options")
        found = {}
        for key, value in self.environment.options.items():
            if self.environment.target == "command" and key in {"run", "stop", "logs"} and isinstance(value, str):
                found[key] = self.split(value, (*path, key))
            else:
                found[key] = self.resolver.deep(value, (*path, key))
        return found

    def passed(self) -> dict[str, str]:
        """The caller's variables that the environment passes on; what looks like a secret is one from now on."""
        names = [name for name in self.environment.pass_environment if name in self.caller]
        return {
            name: self.resolver.remember(self.caller[name]) if secret_name(name) else self.caller[name]
            for name in names
        }

    def split(self, command: str, path: KeyPath) -> Any:
        """A command's words as templates; as it is where a quote is open, which whoever runs it says."""
        try:
            return [self.resolver.template(word, path).text for word in words(command)]
        except ValueError:
            return self.resolver.deep(command, path)

    def order(self) -> list[str]:
        """Services in the order of the file, but each after what it needs."""
        services = self.manifest.services
        placed: dict[str, None] = {}
        for name in services:
            # Depth first without recursion; the manifest has no cycles.
            stack = [name]
            while stack:
                needs = [need for need in services[stack[-1]].needs if need in services and need not in placed]
                if needs:
                    stack.append(needs[0])
                else:
                    placed[stack.pop()] = None
        return list(placed)

    def service(self, name: str) -> ServicePlan:
        path: KeyPath = ("services", name)
        override_path: KeyPath = ("environments", self.name, "services", name)
        override = self.environment.services.get(name)
        service = merged_service(self.manifest.services[name], override)
        where = override_paths(self.loaded.document, path, override_path)

        def at(*keys: str | int) -> KeyPath:
            return where(keys)

        pinned = service.pin is not None
        pin = self.resolver.final(service.pin, at("pin")) if service.pin is not None else None
        url = self.url(service.url, at("url"))
        external = override is not None and override.url is not None and override.run is None
        command = () if external else self.command(service, at("run"), pinned)
        if not command and url is None and self.environment.target == "local":
            hint = "target local starts each service; give `url` for one that somebody else deploys"
            self.faults.append(self.loaded.document.fault((*path, "run"), "a command", "nothing", hint, at=path))
        environment, secrets, references = self.variables(service, at, pinned)
        return ServicePlan(
            name=name,
            command=command,
            path=service.path,
            commit=pin or self.commit,
            pinned=pinned,
            build=self.build(service, at("build")),
            image=self.image(service.image, at("image"), pinned),
            url=url,
            port=None if service.port == "auto" else service.port,
            health=service.health,
            version=service.version,
            needs=tuple(need for need in service.needs if need in self.manifest.services),
            backing_needs=tuple(need for need in service.needs if need in self.manifest.backing_services),
            environment=environment,
            secret_environment=secrets,
            secret_references=references,
            start=service.start,
            required=service.required,
            options=self.resolver.deep(service.options, at("options"), where=at),
            at=self.locator(path),
            setting_at=self.settings(path, override_path),
        )

    def image(self, image: str | None, path: KeyPath, pinned: bool) -> str | None:
        """The image's name; with a pin, `${commit}` stays in it until the pin is looked up."""
        return self.resolver.template(split(image), path, keep_commit=pinned).text if image is not None else None

    def command(self, service: Service, path: KeyPath, pinned: bool) -> tuple[str, ...]:
        if service.run is None:
            return ()
        pieces = words(service.run) if isinstance(service.run, str) else [split(word) for word in service.run]
        return tuple(self.resolver.template(word, path, keep_commit=pinned).text for word in pieces)

    def variables(
        self, service: Service, at: Callable[..., KeyPath], pinned: bool
    ) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """Plain variables (templates), secret variables (final), and names in the platform's secret manager."""
        plain: dict[str, str] = {}
        secret: dict[str, str] = {}
        references: dict[str, str] = {}
        for variable in self.environment.pass_environment:
            if variable in self.caller:
                value = self.caller[variable]
                if secret_name(variable):
                    secret[variable] = self.resolver.remember(value)
                else:
                    plain[variable] = escape(value)
        for variable, value in service.environment.items():
            text = self.resolver.template(split(value), at("environment", variable), keep_commit=pinned)
            secret.pop(variable, None)
            plain.pop(variable, None)
            if text.secret and text.final is not None:
                secret[variable] = text.final
            else:
                plain[variable] = text.text
        for variable, name in service.secrets.items():
            plain.pop(variable, None)
            found = self.resolver.secret(name, at("secrets", variable))
            if found.reference is not None:
                references[variable] = found.reference
            elif found.value is not None:
                secret[variable] = found.value
        return plain, secret, references

    def build(self, service: Service, path: KeyPath) -> Any:
        if service.build is None:
            return None
        arguments = {
            name: self.resolver.final(value, (*path, "build", "arguments", name))
            for name, value in service.build.arguments.items()
        }
        return service.build.model_copy(update={"arguments": arguments})

    def url(self, value: str | None, path: KeyPath) -> str | None:
        if value is None:
            return None
        text = self.resolver.final(value, path)
        if text and not _is_url(text, ("http", "https")):
            self.faults.append(self.loaded.fault(path, "an address that begins with http:// or https://", seen(text)))
        return text.rstrip("/")

    def backing_service(self, name: str) -> BackingServicePlan:
        path: KeyPath = ("backing_services", name)
        override_path: KeyPath = ("environments", self.name, "backing_services", name)
        backing: BackingService = self.resolver.backing_service(name)
        where = override_paths(self.loaded.document, path, override_path)
        text: Text | None = self.resolver.backing_url(name)
        disabled = backing.disabled or (text is not None and text.text.strip() == DISABLED)
        if text is not None and not disabled:
            schemes = SCHEMES.get(backing.kind, ())
            scheme = text.text.partition(":")[0].partition("+")[0].lower()
            if "://" not in text.text or (schemes and scheme not in schemes):
                expected = f"an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
                self.faults.append(
                    self.loaded.fault(
                        where(("url",)),
                        expected if schemes else "an address that begins with a scheme such as tcp://",
                        "an address of another kind" if text.secret else seen(text.text),
                    )
                )
        settings = self.settings(path, override_path)
        if override_path in self.loaded.document.lines:
            settings["environment"] = self.locator(override_path)
        return BackingServicePlan(
            name=name,
            kind=backing.kind,
            url=None if disabled or text is None else text.text,
            image=self.resolver.final(backing.image, where(("image",))) if backing.image is not None else None,
            disabled=disabled,
            required=backing.required,
            reported_by=backing.reported_by,
            reported_as=backing.reported_as,
            at=self.locator(path),
            setting_at=settings,
        )

    def checks(self) -> tuple[dict[str, CheckSpec], dict[str, Locator], dict[str, Locator]]:
        specs: dict[str, CheckSpec] = {}
        at: dict[str, Locator] = {}
        setting_at: dict[str, Locator] = {}
        for name in dict.fromkeys([*self.manifest.checks, *self.environment.checks]):
            path: KeyPath = ("checks", name)
            override_path: KeyPath = ("environments", self.name, "checks", name)
            where = override_paths(self.loaded.document, path, override_path)
            values = merged_check(self.loaded.document, path, override_path)
            spec = CheckSpec.model_validate(values)
            options = {key: self.check_option(spec, key, value, where((key,))) for key, value in spec.options.items()}
            specs[name] = CheckSpec.model_validate({**values, **options})
            at[name] = self.locator(path if name in self.manifest.checks else override_path)
            settings = self.settings(path, override_path)
            setting_at |= {f"{name}.{key}": locator for key, locator in settings.items()}
        return specs, at, setting_at

    def check_option(self, spec: CheckSpec, key: str, value: Any, path: KeyPath) -> Any:
        """One option of a check, with its early references replaced; a script's command is split before that."""
        if (spec.kind, key) != ("command", "run") or not isinstance(value, str):
            return self.resolver.deep(value, path)
        return self.split(value, path)

    def settings(self, *paths: KeyPath) -> dict[str, Locator]:
        """The line of every setting below `paths` by dotted name; a later path wins."""
        return {dotted(path[len(base) :]): self.locator(path) for base in paths for path in self.below.get(base, ())}

    def locator(self, path: KeyPath) -> Locator:
        return Locator(source="file", path=self.manifest_path, line=self.loaded.document.line(path))

    def _relative(self, path: Path) -> str:
        try:
            return path.resolve().relative_to(self.repository).as_posix()
        except ValueError:
            return path.as_posix()


def _is_url(text: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
