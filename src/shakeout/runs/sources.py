"""Turns what a run saw into the evidence sources that rules ask for."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from shakeout.catalogue.symptoms import DEPLOYMENT
from shakeout.checks.base import CheckResult
from shakeout.evidence.declarations import Declarations, Declared, Setting
from shakeout.evidence.image import Images, ObservedImage
from shakeout.evidence.model import QUOTE_LIMIT, Evidence, Locator
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.evidence.probes import Probe, Probes
from shakeout.manifest.plan import BackingServicePlan, Plan, ServicePlan
from shakeout.runs.folder import RunFolder
from shakeout.targets.base import Deployment, Inventory, Release, Revision, Running
from shakeout.targets.capture import last_lines
from shakeout.targets.supervised import EVENTS_FOLDER

LAST_LINES = 5
"""Lines of a failed service's own output that are kept beside what the platform says."""
RECORD = ".image.txt"
"""How the record of a service's image ends."""


def probes_of(results: Iterable[CheckResult]) -> Probes:
    """The checks' answers, as rules read them."""
    return Probes(
        Probe(
            name=result.name,
            kind=result.kind,
            outcome=str(result.outcome),
            detail=result.detail,
            service=result.service,
            required=result.required,
            blocked_by=result.blocked_by,
            facts=result.facts,
            evidence=result.evidence,
            started=result.started,
            seconds=result.seconds,
        )
        for result in results
    )


def platform_of(
    plan: Plan, release: Release, inventory: Inventory | None, folder: RunFolder, logs: Path | None = None
) -> Platform:
    """
    The release and the inventory, as rules read them. `logs` is the run's folder that has the services' logs.

    What the platform said is written to `platform.txt` in the run's folder, one line each, and quoted from there.
    """
    lines: list[str] = []
    items: list[PlatformItem] = []
    plans = {service.name: service for service in plan.services}
    if release.deployment is not None:
        lines.append(_deployment_line(release.deployment))
        items.append(_deployment_item(release.deployment, _evidence(lines)))
    for revision in release.revisions:
        running = inventory.get(revision.service) if inventory else None
        lines.append(_service_line(revision, running))
        said = _last_lines(logs or folder.path, revision)
        items.append(_service_item(revision, running, plans.get(revision.service), _evidence(lines), said))
    for backing in plan.backing_services:
        running = inventory.get(backing.name) if inventory else None
        lines.append(_backing_line(backing, running, release.environment))
        items.append(_backing_item(backing, running, _evidence(lines)))
    folder.write("platform.txt", "".join(f"{line}\n" for line in lines))
    return Platform(release.environment, release.target, items, complete=inventory is not None)


def images_of(folder: RunFolder) -> Images:
    """What the images of the run's release hold, as far as the target wrote it down."""
    records = sorted((folder.path / EVENTS_FOLDER).glob(f"*{RECORD}"))
    return Images(
        ObservedImage(path.name.removesuffix(RECORD), f"{EVENTS_FOLDER}/{path.name}", path.read_text(encoding="utf-8"))
        for path in records
    )


def declarations_of(plan: Plan, manifest: Path) -> Declarations:
    """The manifest's settings for the environment, each with its line."""
    return Declarations(
        path=plan.manifest_path,
        environment=plan.environment,
        target=plan.target,
        services=[*_declared_commands(plan), *(_declared_service(service) for service in plan.services)],
        backing_services=[_declared_backing(backing) for backing in plan.backing_services],
        lines=Declarations.lines_of(manifest),
        options=_options(plan),
    )


def _options(plan: Plan) -> dict[str, Setting]:
    """The environment's own settings of its target, each with its line."""
    simple = {name: str(value) for name, value in plan.options.items() if not isinstance(value, Mapping | list)}
    return {name: Setting(name=name, value=simple.get(name, ""), at=at) for name, at in plan.option_at.items()}


def _evidence(lines: Sequence[str]) -> tuple[Evidence, ...]:
    at = Locator(source="platform", path="platform.txt", line=len(lines))
    return (Evidence(kind="platform", locator=at, quote=lines[-1]),)


def _deployment_line(deployment: Deployment) -> str:
    failure = deployment.failure
    if failure is None:
        return f"{DEPLOYMENT}: `{deployment.command}` ended well after {deployment.seconds:.1f} s"
    return " ".join(f"{DEPLOYMENT}: failed; {failure.reason}: {failure.message}".split())


def _deployment_item(deployment: Deployment, evidence: tuple[Evidence, ...]) -> PlatformItem:
    failure = deployment.failure
    return PlatformItem(
        name=DEPLOYMENT,
        kind="deployment",
        state="failed" if failure else "ended",
        reason=failure.reason if failure else None,
        message=failure.message if failure else None,
        exit_status=failure.facts.get("exit_status") if failure else 0,
        facts=msgspec.to_builtins({**deployment.facts, **(failure.facts if failure else {})}),
        evidence=(*evidence, *deployment.last_lines[:5]),
    )


def _service_line(revision: Revision, running: Running | None) -> str:
    parts = [f"service {revision.service}: {revision.status}", f"commit {revision.commit[:12]}"]
    if revision.url:
        parts.append(f"at {revision.url}")
    if revision.failure:
        parts.append(f"{revision.failure.reason}: {revision.failure.message}")
    if running:
        parts.append(f"now {running.state}")
        parts += [f"listening on {', '.join(running.listening)}"] if running.listening else []
    if revision.restarts:
        parts.append(f"restarted {revision.restarts} times")
    return "; ".join(" ".join(part.split()) for part in parts)


def _last_lines(folder: Path, revision: Revision) -> tuple[Evidence, ...]:
    """The last lines that a service which failed wrote, the last first; what the platform says of it is left out."""
    if revision.status != "failed":
        return ()
    lines = [entry for entry in last_lines(folder, revision.service, 50) if entry.message.strip() and not entry.system]
    return tuple(
        Evidence(kind="log", locator=entry.locator, quote=entry.message[:QUOTE_LIMIT])
        for entry in reversed(lines[-LAST_LINES:])
    )


def _service_item(
    revision: Revision,
    running: Running | None,
    plan: ServicePlan | None,
    evidence: tuple[Evidence, ...],
    last: tuple[Evidence, ...],
) -> PlatformItem:
    failure = revision.failure
    located = (
        (Evidence(kind="log", locator=failure.at, quote=failure.message),)
        if failure is not None and failure.at is not None and failure.at.source == "log"
        else ()
    )
    failure_facts = dict(failure.facts) if failure else {}
    deployed = revision.status in {"deployed", "external"}
    return PlatformItem(
        name=revision.service,
        kind="service",
        state=running.state if running and deployed else ("running" if deployed else "not deployed"),
        reason=failure.reason if failure else None,
        message=failure.message if failure else None,
        commit=revision.commit,
        pinned=bool(plan and plan.pinned),
        url=revision.url,
        listening=running.listening if running else (),
        exit_status=running.exit_status if running else failure_facts.get("exit_status"),
        restarts=revision.restarts,
        facts=msgspec.to_builtins({**revision.facts, **failure_facts}),
        evidence=(*evidence, *located),
        deployed=revision.status == "deployed",
        last_lines=last,
    )


def _backing_line(backing: BackingServicePlan, running: Running | None, environment: str) -> str:
    if backing.disabled:
        return f"backing service {backing.name} ({backing.kind}): disabled in {environment}"
    state = running.state if running else "unknown"
    address = running.address if running and running.address else "no address"
    return f"backing service {backing.name} ({backing.kind}): {state}; {address}"


def _backing_item(backing: BackingServicePlan, running: Running | None, evidence: tuple[Evidence, ...]) -> PlatformItem:
    return PlatformItem(
        name=backing.name,
        kind="backing service",
        state="disabled" if backing.disabled else (running.state if running else "unknown"),
        address=running.address if running else None,
        facts=msgspec.to_builtins(dict(running.facts)) if running else {},
        evidence=evidence,
    )


def _declared_service(service: ServicePlan) -> Declared:
    settings = {
        f"environment.{name}": Setting(
            name=f"environment.{name}", value=value, at=service.setting_at.get(f"environment.{name}")
        )
        for name, value in service.environment.items()
    }
    for name in service.secret_environment:
        key = f"secrets.{name}"
        settings[key] = Setting(name=key, value="(a secret)", at=service.setting_at.get(key))
    simple = {
        "run": " ".join(service.command),
        "port": str(service.port) if service.port else None,
        "pin": service.commit if service.pinned else None,
        "url": service.url,
        "path": service.path,
        "image": service.image,
    }
    for name, value in simple.items():
        if value is not None:
            settings[name] = Setting(name=name, value=value, at=service.setting_at.get(name, service.at))
    details = {"start.deadline": f"{service.start.deadline:g}", "health.path": service.health and service.health.path}
    for name, at in service.setting_at.items():
        settings.setdefault(name, Setting(name=name, value=details.get(name) or "", at=at))
    return Declared(
        name=service.name,
        kind="service",
        at=service.at,
        settings=settings,
        needs=service.needs,
        required=service.required,
    )


def _declared_commands(plan: Plan) -> Iterator[Declared]:
    """The environment's own deploy command, with the lines of its settings."""
    run = plan.options.get("run") if plan.target == "command" else None
    if run is None:
        return
    words = run if isinstance(run, str) else shlex.join(str(word) for word in run)
    settings = {name: Setting(name=name, value="", at=at) for name, at in plan.option_at.items()}
    for name, value in (("run", words), ("path", str(plan.options.get("path", ".")))):
        settings[name] = Setting(name=name, value=value, at=plan.option_at.get(name, plan.environment_at))
    yield Declared(name=DEPLOYMENT, kind="deployment", at=plan.option_at.get("run"), settings=settings)


def _declared_backing(backing: BackingServicePlan) -> Declared:
    settings = {}
    for name, value in (("url", backing.url), ("image", backing.image)):
        if value is not None:
            settings[name] = Setting(name=name, value=value, at=backing.setting_at.get(name, backing.at))
    for name, at in backing.setting_at.items():
        settings.setdefault(name, Setting(name=name, value=str(getattr(backing, name, "")), at=at))
    return Declared(
        name=backing.name,
        kind=backing.kind,
        at=backing.at,
        settings=settings,
        disabled=backing.disabled,
        required=backing.required,
    )
