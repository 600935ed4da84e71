"""Backing services by image: started before the services, waited for, and reached from outside at a loopback port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from shakeout.errors import DeploymentError
from shakeout.manifest.plan import BackingServicePlan, Plan
from shakeout.targets import backing, ports
from shakeout.targets.base import Progress, Running
from shakeout.targets.capture import log_path
from shakeout.targets.container import commands
from shakeout.targets.container.engine import Engine, EngineError, ask_json, run
from shakeout.targets.container.images import Builder
from shakeout.targets.container.networks import Network
from shakeout.targets.container.options import BackingOptions
from shakeout.targets.container.secrets import deliver
from shakeout.targets.lines import LineSplitter, format_line
from shakeout.targets.placed import FailedToStartError

DEADLINE = 60.0
"""Seconds that the image of a backing service has until it takes connections."""

_PORTS = {"postgresql": 5432, "clickhouse": 8123, "redis": 6379, "http": 80}


@dataclass(kw_only=True)
class Backings:
    """The backing services of one release that have an image."""

    engine: Engine
    network: Network
    release: str
    options: Mapping[str, BackingOptions]
    folder: Path
    run_folder: Path
    redact: Callable[[str], str]
    secrets: Sequence[str]
    _published: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Name to its port in the network and the loopback port that leads to it."""
    _containers: dict[str, str] = field(default_factory=dict)
    _problems: dict[str, str] = field(default_factory=dict)

    async def start(self, plans: Sequence[BackingServicePlan], builder: Builder, progress: Progress) -> None:
        """Start all that have an image and wait for each; what goes wrong is told by `look`, and in the progress."""
        wanted = [plan for plan in plans if plan.image and not plan.disabled]
        await asyncio.gather(*(self._start(plan, builder, progress) for plan in wanted))

    def outside(self, plan: Plan) -> Plan:
        """The plan with loopback addresses for the backing services that run in the network."""
        found = tuple(self._outside(one) for one in plan.backing_services)
        return replace(plan, backing_services=found)

    async def look(self, plan: BackingServicePlan, url: str | None) -> Running:
        """What is true of it now: its container where it has one, and whether its address takes connections."""
        seen = await backing.look(plan, url)
        if plan.name not in self._published and plan.name not in self._problems:
            return seen
        facts = {**seen.facts, "image": plan.image, "container": self._containers.get(plan.name, "")[:12]}
        if problem := self._problems.get(plan.name):
            facts["reason"] = problem
        inner = f"{plan.name}:{self._published[plan.name][0]}" if plan.name in self._published else seen.address
        return replace(seen, facts=facts, address=inner)

    async def _start(self, plan: BackingServicePlan, builder: Builder, progress: Progress) -> None:
        progress(f"{plan.name}: starting from the image {plan.image}")
        try:
            await self._run(plan, builder)
            await self._wait(plan, progress)
        except (EngineError, DeploymentError, FailedToStartError) as error:
            text = f"{error.summary}: {error.seen}" if isinstance(error, EngineError) else str(error)
            self._problems[plan.name] = self.redact(" ".join(text.split()))
            progress(f"{plan.name}: not there: {self._problems[plan.name]}")

    async def _run(self, plan: BackingServicePlan, builder: Builder) -> None:
        assert plan.image is not None
        options = self.options.get(plan.name, BackingOptions())
        image = await builder.named(plan.name, plan.image, None)
        inner = options.port or _port(plan)
        held = ports.hold_free()
        secret = {
            name: value for name, value in options.environment.items() if any(one in value for one in self.secrets)
        }
        delivered = deliver(plan.name, secret, self.folder, (*image.entrypoint, *image.command))
        file = self.folder / f"{plan.name}.environment"
        file.touch(mode=0o600)
        rows = (f"{name}={value}\n" for name, value in options.environment.items() if name not in secret)
        file.write_text("".join(rows), encoding="utf-8")
        created = commands.Create(
            name=f"shakeout-{self.release}-{plan.name}",
            image=image.id,
            network=self.network.name,
            aliases=[plan.name],
            labels={commands.RELEASE: self.release, commands.SERVICE: plan.name},
            environment=file,
            hosts=self.network.addresses,
            address=self.network.addresses.get(plan.name),
            publish={held.number: inner},
            mounts=delivered.mounts,
            memory=options.memory,
            entrypoint=delivered.entrypoint,
            words=delivered.words,
        )
        container = (await run(self.engine, commands.create(created))).text.splitlines()[-1]
        held.release()
        self._containers[plan.name] = container
        self._published[plan.name] = (inner, held.number)
        await run(self.engine, commands.start(container, self.folder))

    async def _wait(self, plan: BackingServicePlan, progress: Progress) -> None:
        """Until its port takes connections; a container that ends is not waited for."""
        began, told = time.monotonic(), 0.0
        _, outside = self._published[plan.name]
        while True:
            seen = await backing.look(replace(plan, url=f"tcp://127.0.0.1:{outside}"), f"tcp://127.0.0.1:{outside}")
            (document,) = await ask_json(self.engine, commands.inspect(self._containers[plan.name]))
            state = document["State"]
            if not state.get("Running"):
                await self._keep_log(plan.name)
                raise DeploymentError(f"its container ended with status {state.get('ExitCode')}")
            if seen.state == "running":
                progress(f"{plan.name}: takes connections after {time.monotonic() - began:.1f} s")
                return
            seconds = time.monotonic() - began
            if seconds > DEADLINE:
                await self._keep_log(plan.name)
                raise DeploymentError(f"it takes no connections after {DEADLINE:g} s")
            if seconds - told > 5:
                told = seconds
                progress(f"waiting for {plan.name} ({seconds:.0f} s of {DEADLINE:g} s) because nothing listens yet")
            await asyncio.sleep(0.1)

    async def _keep_log(self, name: str) -> None:
        """What the container wrote, in the form of a service's log."""
        done = await run(self.engine, commands.logs(self._containers[name]), check=False)
        splitter = LineSplitter(self.redact)
        text = f"{done.text}\n{done.error}\n".lstrip().encode()
        rows = [format_line(datetime.now(UTC), "stderr", line) for line in (*splitter.feed(text), *splitter.close())]
        log_path(self.run_folder, name).write_text("".join(rows), encoding="utf-8")

    def _outside(self, plan: BackingServicePlan) -> BackingServicePlan:
        if plan.name not in self._published or plan.url is None:
            return plan
        inner, outside = self._published[plan.name]
        for host in (f"{plan.name}:{inner}", plan.name):
            if f"@{host}" in plan.url or f"//{host}" in plan.url:
                return replace(plan, url=_with_host(plan.url, host, f"127.0.0.1:{outside}"))
        return plan


def _port(plan: BackingServicePlan) -> int:
    try:
        port = urlsplit(plan.url or "").port
    except ValueError:
        port = None
    port = port or _PORTS.get(plan.kind)
    if port is None:
        raise DeploymentError(
            f"nothing says where {plan.name} listens",
            expected="a port in its url, or the option `port`",
            seen="none",
            hint=f"options.backing.{plan.name}.port",
        )
    return port


def _with_host(url: str, host: str, instead: str) -> str:
    """The address with another host and port; what stands before an `@` and after the host stays."""
    for mark in ("@", "//"):
        before, found, after = url.partition(f"{mark}{host}")
        if found:
            return f"{before}{mark}{instead}{after}"
    return url
