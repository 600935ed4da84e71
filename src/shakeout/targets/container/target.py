"""
The target `container`: each service from its own image, on a network of the release's own.

Shakeout asks the services from outside, at loopback ports of this machine; they reach each other by their names.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from shakeout.errors import DeploymentError
from shakeout.manifest.interpolation import LateValues, resolve_late
from shakeout.manifest.model import Build as BuildSpec
from shakeout.manifest.plan import BackingServicePlan, Plan, ServicePlan
from shakeout.targets.base import Progress, Running
from shakeout.targets.container import cleaning, commands, contents
from shakeout.targets.container.backing import Backings
from shakeout.targets.container.contained import Contained
from shakeout.targets.container.engine import Engine, find_engine, run
from shakeout.targets.container.images import Builder, BuiltImage
from shakeout.targets.container.networks import Network, make_network
from shakeout.targets.container.options import EnvironmentOptions, ServiceOptions
from shakeout.targets.container.secrets import deliver
from shakeout.targets.placed import PlacedTarget
from shakeout.targets.processes import Process
from shakeout.targets.supervised import EVENTS_FOLDER, EventLog
from shakeout.targets.uploading import lay_out_upload

DATA = "/data"
"""Where a container finds the folder of `${data}`."""
GRACE = 5.0
"""Seconds that a container has between SIGTERM and SIGKILL."""


class ContainerTarget(PlacedTarget[Contained]):
    """One release as containers of this machine's engine."""

    name = "container"

    def __init__(self, state_folder: Path | None = None) -> None:
        super().__init__(state_folder)
        self._engine: Engine | None = None
        self._network: Network | None = None
        self._builder: Builder | None = None
        self._backings: Backings | None = None
        self._options = EnvironmentOptions()
        self._images: dict[str, tuple[BuiltImage, dict[str, str]]] = {}

    @property
    def outside(self) -> Plan:
        """The plan with the addresses by which this process, outside of the network, reaches backing services."""
        return self._backings.outside(self._plan_of()) if self._backings else self._plan_of()

    # -- before the first service

    def _prepare(self, plan: Plan, release: str) -> None:
        self._options = EnvironmentOptions.model_validate(plan.options)
        self._engine = find_engine(self._options.engine)
        super()._prepare(plan, release)
        assert self._state is not None
        self._state.engine, self._state.images = self._engine.name, self._options.images
        self._save()
        self.data.chmod(0o777)  # whatever user an image has

    async def _begin(self, plan: Plan, progress: Progress) -> None:
        engine, release = self._engine_of(), self._release_id
        progress(f"using {engine.name} {engine.version}")
        names = [*(service.name for service in plan.services), *(backing.name for backing in plan.backing_services)]
        self._network = await make_network(engine, release, plan.application, names)
        self._builder = Builder(engine=engine, run_folder=self._run_folder, redact=self._redact, note=self._note_build)
        self._backings = Backings(
            engine=engine,
            network=self._network,
            release=release,
            options=self._options.backing,
            folder=self._folder,
            run_folder=self._run_folder,
            redact=self._redact,
            secrets=plan.secret_values,
        )
        await self._backings.start(plan.backing_services, self._builder, progress)

    def _fixed_port(self, service: ServicePlan) -> int | None:
        """None: a fixed port is one of the container, and leads to any port of this machine."""
        return None

    # -- one service

    async def _start(self, service: ServicePlan, progress: Progress) -> Contained:
        known = {name: value for name, value in service.options.items() if name in ServiceOptions.model_fields}
        options = ServiceOptions.model_validate(known)
        image = await self._image(service, options, progress)
        inner = service.port or options.port
        values = LateValues(port=inner, data=DATA, services=self._inner_addresses(), public=self._addresses())
        words = self._words(service, options, image, values)
        log, events = self._fresh(service.name)
        held = self._ports[service.name]
        limit = options.memory or self._options.memory
        own = self._folder / "engine" / service.name
        own.mkdir(parents=True, exist_ok=True)
        watched = Contained(
            engine=self._engine_of(),
            service=service,
            url=self._addresses()[service.name],
            port=held.number,
            inner_port=inner,
            command=tuple(self._redact(word) for word in (*image.entrypoint, *(words or image.command))),
            facts={**image.facts, "engine": self._engine_of().name, "memory_limit": limit, "inner_port": inner},
            run_folder=self._run_folder,
            log_path=log,
            log=EventLog(events),
            redact=self._redact,
            make=self._maker(service, options, image, values, words),
            grace=GRACE,
            folder=own,
            limit=limit,
        )
        self._watched[service.name] = watched
        held.release()
        watched.begin()
        progress(f"{service.name}: starting at {watched.url}")
        return watched

    async def _image(self, service: ServicePlan, options: ServiceOptions, progress: Progress) -> BuiltImage:
        assert self._builder is not None
        tree, folder = self._folder_of(service)
        if service.build is None and service.image is not None:
            image = await self._builder.named(service.name, service.image, options.platform)
            self._images[service.name] = (image, {})
            return image
        spec = service.build
        if spec is None and (folder / "Dockerfile").is_file():
            spec = BuildSpec(dockerfile=f"{service.path}/Dockerfile", context=service.path)
        if spec is None:
            raise DeploymentError(
                f"the container target runs images, and {service.name} has neither 'build' nor 'image'",
                hint=f"name its Dockerfile: services.{service.name}.build.dockerfile",
            )
        dockerfile, context = (tree / spec.dockerfile).resolve(), (tree / spec.context).resolve()
        for found, what in ((dockerfile, "file"), (context, "folder")):
            if not found.is_relative_to(tree) or not (found.is_file() if what == "file" else found.is_dir()):
                relative = spec.dockerfile if what == "file" else spec.context
                raise DeploymentError(f"there is no {what} {relative} at {service.commit[:12]} to build it from")
        progress(f"{service.name}: building its image from {spec.dockerfile}")
        shown = context.relative_to(tree).as_posix()
        if spec.upload is not None:
            context = self._uploaded(tree, shown)
        plan = self._plan_of()
        place = f"{plan.application}/{plan.environment}/{service.name}"
        wanted = commands.Build(
            dockerfile=dockerfile,
            context=context,
            shown=dockerfile.relative_to(tree).as_posix(),
            tag=f"localhost/shakeout/{place}:{service.commit[:12]}{'-dirty' if plan.dirty else ''}".lower(),
            labels={
                commands.RELEASE: self._release_id,
                commands.APPLICATION: plan.application,
                commands.SERVICE: service.name,
                commands.REVISION: service.commit,
                "org.shakeout.home": self._home,
            },
            arguments=spec.arguments,
            target=spec.target,
            platform=options.platform,
            uploaded_by=spec.upload,
        )
        image = await self._builder.built(service.name, wanted)
        origin = {
            "dockerfile": dockerfile.relative_to(tree).as_posix(),
            "context": shown,
            "stage": spec.target or "",
            "builder": image.builder or "",
            "uploaded by": spec.upload or "",
            "commit": service.commit,
        }
        self._images[service.name] = (image, origin)
        return image

    def _uploaded(self, tree: Path, context: str) -> Path:
        """A copy of what `gcloud` would upload of the folder; made once."""
        place = self._folder / "uploads" / tree.name / hashlib.sha256(context.encode()).hexdigest()[:12]
        if not place.exists():
            lay_out_upload(tree, context, place)
        return place

    def _words(
        self, service: ServicePlan, options: ServiceOptions, image: BuiltImage, values: LateValues
    ) -> tuple[str, ...]:
        """The words that take the place of the image's command; none where it keeps its own."""
        own = bool(image.entrypoint or image.command)
        if options.command == "image" or (options.command is None and own):
            return ()
        if not service.command:
            raise DeploymentError(
                f"nothing says what {service.name} runs",
                expected="CMD or ENTRYPOINT in its Dockerfile, or 'run' in the manifest",
                seen="neither",
            )
        return tuple(resolve_late(word, values) for word in service.command)

    def _maker(
        self,
        service: ServicePlan,
        options: ServiceOptions,
        image: BuiltImage,
        values: LateValues,
        words: tuple[str, ...],
    ) -> Callable[[int], Awaitable[str]]:
        """Makes the containers of a service, each a new one from the same image, at the same address."""
        plain, secret = self._environment(service, values)
        usesdata = any("${data}" in text for text in (*service.environment.values(), *service.command))
        last: list[str] = []

        async def make(attempt: int) -> str:
            engine, network = self._engine_of(), self._network_of()
            if last:
                await run(engine, commands.remove(engine, last), check=False)
                last.clear()
            name = f"shakeout-{self._release_id}-{service.name}-{attempt}"
            whole = (*image.entrypoint, *(words or image.command))
            delivered = deliver(service.name, secret, self._folder, whole)
            lines = {name: value for name, value in plain.items() if "\n" not in value}
            file = self._folder / f"{service.name}.environment"
            file.touch(mode=0o600)
            file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
            created = commands.Create(
                name=name,
                image=image.id,
                network=network.name,
                aliases=[service.name],
                labels={
                    commands.RELEASE: self._release_id,
                    commands.APPLICATION: self._plan_of().application,
                    commands.SERVICE: service.name,
                },
                environment=file,
                variables={name: value for name, value in plain.items() if name not in lines},
                hosts=network.addresses,
                address=network.addresses.get(service.name),
                publish={self._ports[service.name].number: values.port or 0},
                mounts=[*([(self.data, DATA, True)] if usesdata else []), *delivered.mounts],
                memory=options.memory or self._options.memory,
                cpus=options.cpus or self._options.cpus,
                entrypoint=delivered.entrypoint,
                words=delivered.words or words,
                platform=options.platform,
            )
            last.append((await run(engine, commands.create(created))).text.splitlines()[-1])
            return last[0]

        return make

    def _environment(self, service: ServicePlan, values: LateValues) -> tuple[dict[str, str], dict[str, str]]:
        """Variables that the engine may show, and those that it may not."""
        given = {"HOST": "0.0.0.0", "PORT": str(values.port), "COMMIT": service.commit}
        plain = given | {name: resolve_late(text, values) for name, text in service.environment.items()}
        hidden = [value for value in self._secrets if len(value) >= 4]
        secret = {name: value for name, value in plain.items() if any(one in value for one in hidden)}
        secret |= service.secret_environment
        return {name: value for name, value in plain.items() if name not in secret}, secret

    async def look_into_images(self) -> None:
        """Write down what the images hold, in `platform/SERVICE.image.txt` of the run's folder."""
        for name, (image, origin) in self._images.items():
            watched = self._watched.get(name)
            container = watched.container if watched is not None else None
            path = self._run_folder / EVENTS_FOLDER / f"{name}.{contents.RECORD}"
            await contents.write(self._engine_of(), image, origin, container, path)

    # -- its end

    async def stop(self, progress: Progress) -> None:
        """See `base.Target`."""
        if self._builder is not None:
            await self._builder.close()
        await super().stop(progress)

    async def _stop_one(self, name: str) -> None:
        await self._watched[name].stop()

    async def _finish(self, progress: Progress) -> None:
        if self._engine is not None and self._options.images == "keep":
            args = (self._engine, self._plan_of().application, self._home, self._release_id)
            await asyncio.to_thread(cleaning.remove_older_images, *args)

    async def keep(self) -> None:
        """See `base.Target`."""
        await super().keep()
        await asyncio.gather(*(watched.let_go() for watched in self._watched.values()))

    # -- what is there

    async def _look_at(self, service: ServicePlan) -> Running:
        watched = self._watched.get(service.name)
        if watched is None:
            status = "unknown" if service.url else "absent"
            return Running(name=service.name, kind="service", state=status, address=service.url)
        state: Mapping[str, Any] = await watched.look()
        watched.log.new()
        last = watched.log.last("exited")
        running = bool(state.get("Running"))
        return Running(
            name=service.name,
            kind="service",
            state="running" if running else "exited" if watched.log.last("started") else "absent",
            address=watched.url,
            process=int(state.get("Pid") or 0) or None if running else None,
            exit_status=last.details.get("exit_status") if last and not running else None,
            restarts=watched.log.restarts,
            listening=tuple(str(one) for one in watched.listening()),
            commit=service.commit,
            facts={"container": watched.container, **({"last_exit": dict(last.details)} if last else {})},
        )

    async def _look_at_backing(self, plan: BackingServicePlan) -> Running:
        assert self._backings is not None
        return await self._backings.look(plan, self._backing_url(plan))

    def _backing_url(self, plan: BackingServicePlan) -> str | None:
        outside = next((one for one in self.outside.backing_services if one.name == plan.name), plan)
        if outside.url is None:
            return None
        try:
            return resolve_late(outside.url, LateValues(data=str(self.data), services=self._addresses()))
        except DeploymentError:
            return None

    # -- small things

    def _inner_addresses(self) -> dict[str, str]:
        """Where services find each other in the network."""
        plan = self._plan_of()
        found = {one.name: f"http://{one.name}:{one.port or one.options.get('port', 8080)}" for one in plan.services}
        return found | {service.name: service.url for service in plan.services if service.url}

    def _note(self, watched: Contained) -> None:
        """Nothing more: containers are found by the release's label."""

    def _note_build(self, process: Process) -> None:
        assert self._state is not None
        self._state.builds.append(process)
        self._save()

    @property
    def _release_id(self) -> str:
        assert self._state is not None
        return self._state.release

    @property
    def _home(self) -> str:
        place = f"{self._state_folder}\0{self._plan_of().environment}"
        return hashlib.sha256(os.fsencode(place)).hexdigest()[:16]

    def _engine_of(self) -> Engine:
        if self._engine is None:
            raise DeploymentError("nothing is deployed")
        return self._engine

    def _network_of(self) -> Network:
        assert self._network is not None, "made before the first service"
        return self._network
