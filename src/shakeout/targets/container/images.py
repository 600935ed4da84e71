"""A service's image: built from its Dockerfile at the deployed commit, or the one that the manifest names."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shakeout.evidence.model import Locator
from shakeout.targets.base import Failure
from shakeout.targets.capture import FOLDER as LOGS_FOLDER
from shakeout.targets.container import cleaning, commands
from shakeout.targets.container.engine import Engine, EngineError, ask_json, end, run, start
from shakeout.targets.lines import LineSplitter, format_line
from shakeout.targets.placed import FailedToStartError
from shakeout.targets.processes import Process, identify

_STEP = re.compile(r"(?:STEP|Step) \d+/\d+ ?: (.*)|#\d+ \[[^\]]*\d+/\d+\] (.*)")
_NUMBERED = re.compile(r"#\d+ (?:\[|DONE|CACHED|ERROR|\d)")
_ERROR = re.compile(r"(?:^|: )error|^Error|^ERROR|failed", re.IGNORECASE)
_ABSENT = re.compile(
    r"(?i)manifest unknown|not found|no such image|name unknown|does not exist|pull access denied|pinging container"
    r" registry|connection refused|short-name|no such host|unable to copy from source|initializing source"
)
_PASSING = re.compile(r"(?i)layer not known|image not known|checking if cached image exists|identifier is not an image")
"""What an engine says when its cache changed under it, since somebody removed an image: another try helps."""
_TRIES = 3
_LAST = 30
"""Lines of a failed build that are kept in memory to say why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltImage:
    """
    An image as the engine has it. `document` is the engine's own about it, `reference` its name, which another release
    of the same commit may take over; `id` names it without doubt.
    """

    reference: str
    document: Mapping[str, Any] = field(repr=False)
    builder: str | None = None
    """What built it: `podman`, `classic` (Docker's older one) or `buildkit`; None where it was there already."""

    @property
    def id(self) -> str:
        return str(self.document.get("Id") or self.reference)

    @property
    def configuration(self) -> Mapping[str, Any]:
        """What its containers start with."""
        return self.document.get("Config") or {}

    @property
    def entrypoint(self) -> tuple[str, ...]:
        return _words(self.configuration.get("Entrypoint"))

    @property
    def command(self) -> tuple[str, ...]:
        return _words(self.configuration.get("Cmd"))

    @property
    def facts(self) -> dict[str, Any]:
        """For the revision: digest, commit label, user, entry point, ports, platform."""
        configuration = self.configuration
        variables = dict(one.partition("=")[::2] for one in configuration.get("Env") or ())
        found = {
            "image": self.reference,
            "image_id": str(self.document.get("Id", "")).removeprefix("sha256:"),
            "image_digest": self.document.get("Digest") or next(iter(self.document.get("RepoDigests") or ()), None),
            "image_commit": (configuration.get("Labels") or {}).get(commands.REVISION),
            "architecture": self.document.get("Architecture"),
            "user": configuration.get("User") or "root",
            "entrypoint": list(self.entrypoint),
            "image_command": list(self.command),
            "exposed": sorted(configuration.get("ExposedPorts") or ()),
            "python": variables.get("PYTHON_VERSION"),
        }
        return {name: value for name, value in found.items() if value not in (None, "", [])}


@dataclass(kw_only=True)
class Builder:
    """
    Builds the images of one release, each distinct one once and one after the other.

    `note` is told the process of each build as it begins, so that somebody can end it after a crash.
    """

    engine: Engine
    run_folder: Path
    redact: Callable[[str], str]
    note: Callable[[Process], None]
    _made: dict[str, asyncio.Task[BuiltImage]] = field(default_factory=dict)
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def built(self, service: str, wanted: commands.Build) -> BuiltImage:
        """The image of this build. Raises FailedToStartError with the build's own words where it fails."""
        key = repr((wanted.dockerfile, wanted.context, sorted(wanted.arguments.items()), wanted.target))
        key += repr((wanted.platform, wanted.labels.get(commands.REVISION)))
        if key not in self._made:
            self._made[key] = asyncio.ensure_future(self._build(service, wanted))
        return await asyncio.shield(self._made[key])

    async def named(self, service: str, image: str, platform: str | None) -> BuiltImage:
        """An image that is there already, or is fetched. Raises FailedToStartError."""
        try:
            with contextlib.suppress(EngineError):
                return await self._look(image)
            await run(self.engine, commands.pull(image, platform))
            return await self._look(image)
        except EngineError as error:
            said = self.redact(_last_line(error.seen or ""))
            reason = "image-not-found" if _ABSENT.search(error.seen or "") else "rejected"
            message = f"the image {image} cannot be had: {said}"
            raise FailedToStartError(Failure(reason=reason, message=message, facts={"image": image})) from error

    async def close(self) -> None:
        """End builds that still go on."""
        for task in self._made.values():
            task.cancel()
        await asyncio.gather(*self._made.values(), return_exceptions=True)

    async def _look(self, reference: str) -> BuiltImage:
        (document,) = await ask_json(self.engine, commands.inspect_image(reference))
        return BuiltImage(reference=reference, document=document)

    async def _build(self, service: str, wanted: commands.Build) -> BuiltImage:
        async with self._one:
            for _ in range(_TRIES):
                lines, status = await self._run(service, wanted)
                if not status or not passing(lines):
                    break
        builder = builder_of(self.engine, lines)
        if status:
            raise FailedToStartError(self._failure(service, wanted, lines, status, builder))
        image = await self._look(wanted.tag)
        labels = image.configuration.get("Labels") or {}
        if any(labels.get(name) != value for name, value in wanted.labels.items()):
            await run(self.engine, commands.label(image.id, wanted))
            image = await self._look(wanted.tag)
        return replace(image, builder=builder)

    async def _run(self, service: str, wanted: commands.Build) -> tuple[list[str], int]:
        """The last lines and the exit status of a build; all of its output is in `logs/SERVICE.build.log`."""
        process = await start(self.engine, commands.build(wanted))
        known = identify(process.pid)
        if known is not None:
            self.note(known)
        last: list[str] = []
        path = self.run_folder / LOGS_FOLDER / f"{service}.build.log"
        try:
            with path.open("w", encoding="utf-8", errors="replace") as log:
                assert process.stdout is not None and process.stderr is not None
                streams = (("stdout", process.stdout), ("stderr", process.stderr))
                async with asyncio.timeout(commands.BUILD_SECONDS):
                    await asyncio.gather(*(self._follow(name, pipe, log.write, last) for name, pipe in streams))
                    return last, await process.wait()
        except TimeoutError:
            return [*last, f"the build took longer than {commands.BUILD_SECONDS:g} s"], -1
        finally:
            if process.returncode is None:
                if known is not None and self.engine.name == "podman":
                    await asyncio.shield(asyncio.to_thread(cleaning.end_build, known))
                await asyncio.shield(end(process))

    async def _follow(
        self, name: str, pipe: asyncio.StreamReader, write: Callable[[str], object], last: list[str]
    ) -> None:
        splitter = LineSplitter(self.redact)
        while True:
            data = await pipe.read(65_536)
            for line in splitter.feed(data) if data else splitter.close():
                write(format_line(datetime.now(UTC), name, line))
                last.append(line)
            del last[:-_LAST]
            if not data:
                return

    def _failure(self, service: str, wanted: commands.Build, last: list[str], status: int, builder: str) -> Failure:
        """The failure of a build; its output becomes the service's log, since it is all that the service said."""
        source = self.run_folder / LOGS_FOLDER / f"{service}.build.log"
        text = source.read_text(encoding="utf-8", errors="replace")
        (self.run_folder / LOGS_FOLDER / f"{service}.log").write_text(text, encoding="utf-8")
        rows = text.splitlines()
        step = next((match for row in reversed(rows) if (match := _STEP.search(row))), None)
        number = next((index for index in range(len(rows), 0, -1) if _ERROR.search(rows[index - 1])), len(rows))
        said = next((line for line in reversed(last) if _ERROR.search(line)), last[-1] if last else "")
        facts = {
            "exit_status": status,
            "step": (step[1] or step[2]) if step else None,
            "base_absent": bool(step and (step[1] or step[2]).startswith("FROM") and _ABSENT.search(said)),
            "dockerfile": wanted.shown,
            "builder": builder,
            **({"uploaded by": wanted.uploaded_by} if wanted.uploaded_by else {}),
        }
        path = f"{LOGS_FOLDER}/{service}.log"
        at = Locator(source="log", path=path, line=number) if rows else None
        return Failure(reason="build-failed", message=f"its image cannot be built: {said}", facts=facts, at=at)


def builder_of(engine: Engine, lines: Sequence[str]) -> str:
    """Which builder wrote these lines: BuildKit numbers what it does."""
    if engine.name == "podman":
        return "podman"
    return "buildkit" if any(_NUMBERED.match(line) for line in lines) else "classic"


def passing(lines: Sequence[str]) -> bool:
    """Whether a build failed by what happened to the engine's cache meanwhile, and not by itself."""
    said = next((line for line in reversed(lines) if _ERROR.search(line)), "")
    return bool(_PASSING.search(said))


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):  # Podman's older answers
        return tuple(value.split())
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "the engine does not say why"
