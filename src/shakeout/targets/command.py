"""
The target `command`: the team deploys as it always did, by its own script.

The script runs in a clean checkout of the deployed commit, with nothing of the caller's environment but `PATH` and what
the manifest passes, and with a deadline. Its output is kept line by line in the run's folder
(`deployment/output.log`), and tells where services are. What it started is deployed: only the environment's own `stop`
command takes it down again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from shakeout.errors import DeploymentError
from shakeout.logs.entry import LogEntry
from shakeout.manifest.plan import Plan
from shakeout.targets import backing, state
from shakeout.targets.base import Deployment, Inventory, Progress, Release
from shakeout.targets.checkout import copy_work_tree, lay_out
from shakeout.targets.git import GitError
from shakeout.targets.kinds import TargetKind
from shakeout.targets.processes import identify
from shakeout.targets.script import fetching, leftovers, results, scripts
from shakeout.targets.script.history import give_history
from shakeout.targets.script.options import CommandOptions, ServiceOptions
from shakeout.targets.script.running import DEPLOY, FOLDER, Ended, Running, Script, last_lines, output


class CommandTarget:
    """One release by the team's own command; `state_folder` as for the target `local`."""

    name = "command"

    def __init__(self, state_folder: Path | None = None) -> None:
        self._state_folder = state_folder
        self._plan: Plan | None = None
        self._run_folder = Path()
        self._state: state.State | None = None
        self._lock: state.EnvironmentLock | None = None
        self._running: Running | None = None
        self._release: Release | None = None
        self._laying: asyncio.Future[None] | None = None

    @property
    def checkout(self) -> Path:
        """The folder with the deployed commit's files (or the work tree's), from `deploy` until `stop`."""
        plan = self._plan_of()
        return self._folder / "source" / ("dirty" if plan.dirty else plan.commit)

    @property
    def data(self) -> Path:
        """The folder for this release's own data, which the script knows as `${data}`."""
        return self._folder / "data"

    # -- the protocol

    async def deploy(self, plan: Plan, run_folder: Path, progress: Progress) -> Release:
        """See `base.Target`. Raises UsageError where another shakeout works on the environment."""
        began, started_at = time.monotonic(), datetime.now(UTC)
        self._plan, self._run_folder = plan, Path(os.path.abspath(run_folder))  # noqa: ASYNC240, PTH100 (looks at no disk)
        self._state_folder = self._state_folder or self._run_folder.parent.parent / "state"
        self._lock = state.EnvironmentLock.take(self._state_folder, plan.environment)
        left = await asyncio.to_thread(leftovers.adopt, self._state_folder, plan.environment, progress)
        self._prepare(plan, f"{plan.environment}-{started_at:%Y%m%dT%H%M%S}-{os.urandom(3).hex()}", left)
        await self._lay_out(plan, progress)
        options = CommandOptions.model_validate(dict(plan.options))
        script = self._script(DEPLOY, "deploy", options.run, options, started_at)
        progress(f"running `{script.shown}`")
        ended = await self._run(script, progress)
        said = await asyncio.to_thread(lambda: list(output(self._run_folder)))
        revisions = results.revisions(plan, said, ended.failure, started_at)
        for revision in revisions:
            where = f"at {revision.url}" if revision.url else revision.failure.message if revision.failure else ""
            progress(f"{revision.service}: {revision.status} {where}".rstrip())
        if ended.failure is not None:
            progress(f"the deployment failed: {ended.failure.message}")
        else:
            revisions = await results.waited(plan, revisions, progress)
        self._release = Release(
            id=self._state_of().release,
            application=plan.application,
            environment=plan.environment,
            target=self.name,
            commit=plan.commit,
            dirty=plan.dirty,
            started_at=started_at,
            revisions=revisions,
            seconds=round(time.monotonic() - began, 3),
            deployment=Deployment(
                command=script.shown,
                log=f"{FOLDER}/{DEPLOY}.log",
                seconds=ended.seconds,
                failure=ended.failure,
                last_lines=last_lines(said),
                facts={"left_running": ended.left},
            ),
        )
        return self._release

    async def inventory(self) -> Inventory:
        """See `base.Target`: what of it is on this machine; of the rest nobody asks the platform, so it is unknown."""
        plan = self._plan_of()
        revisions = self._release.revisions if self._release else ()
        services = await asyncio.to_thread(lambda: tuple(results.look_at(revision) for revision in revisions))
        here = any(item.state != "unknown" for item in services)
        values = self._values()
        others = [
            backing.look(one, scripts.resolved(one.url, values) if here and one.url else None)
            for one in plan.backing_services
        ]
        return Inventory(
            environment=plan.environment, target=self.name, items=(*services, *await asyncio.gather(*others))
        )

    async def collect(self, progress: Progress, *, wrong: bool) -> None:
        """Run the manifest's own commands for logs; what they print is kept in the run's folder, to be read there."""
        plan, release = self._plan_of(), self._release
        if release is None:
            return
        options = CommandOptions.model_validate(dict(plan.options))
        for name, words in fetching.commands(plan, options):
            script = self._script(f"logs-{name}" if name else "logs", "logs", words, options, release.started_at)
            ended = await self._run(script, lambda line: None)
            if ended.failure is not None:
                progress(f"logs{f' of {name}' if name else ''}: {ended.failure.message}")
            await asyncio.to_thread(fetching.keep, self._run_folder, script.name, name)

    async def logs(self, service: str | None = None) -> Sequence[LogEntry]:
        """See `base.Target`: what the commands for logs printed."""
        return await asyncio.to_thread(lambda: list(fetching.entries(self._run_folder, self._plan_of(), service)))

    async def stop(self, progress: Progress) -> None:
        """See `base.Target`. Without a `stop` command the release stays where the team's script deployed it."""
        if self._plan is None or self._lock is None or self._state is None:
            return
        try:
            if self._laying is not None:
                await asyncio.gather(self._laying, return_exceptions=True)
            if self._running is not None:
                await self._running.stop()
            await self._take_down(progress)
        finally:
            self._lock.release()
        self._lock = None

    async def keep(self) -> None:
        """See `base.Target`. `shakeout down` runs the `stop` command."""
        if self._state is not None:
            self._state.kept = True
            self._save()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    async def resume(self, plan: Plan, state_folder: Path) -> None:
        """Become the target of a release that an earlier run left, so that `stop` takes that down."""
        self._state_folder = state_folder
        self._lock = state.EnvironmentLock.take(state_folder, plan.environment)
        self._state = state.load(state.path_of(state_folder, plan.environment))
        self._plan = plan
        if self._state is None:
            self._lock.release()
            self._lock = None
            return
        self._run_folder = Path(self._state.run_folder)
        if (self._folder / "source" / "dirty").is_dir():
            self._plan = replace(plan, dirty=True)
        elif not self.checkout.is_dir():
            # Somebody emptied the temporary folder: the commands are those of the deployed commit all the same.
            state.remove_folder(str(self._folder), self._state.release)
            self._make_folder()
            await self._lay_out(plan, lambda line: None)

    # -- its parts

    def _prepare(self, plan: Plan, release: str, left: dict[str, str]) -> None:
        owner = identify(os.getpid())
        assert owner is not None
        self._state = state.State(
            application=plan.application,
            environment=plan.environment,
            release=release,
            run_folder=str(self._run_folder),
            folder=str(state.folder_name(plan.environment)),
            owner=owner,
            target=self.name,
            commit=plan.commit,
            left=left,
        )
        self._save()
        self._make_folder()

    def _make_folder(self) -> None:
        state.make_folder(self._folder, self._state_of().release)
        for name in ("data", "source", "home", "tmp"):
            (self._folder / name).mkdir()

    async def _lay_out(self, plan: Plan, progress: Progress) -> None:
        """The release's commit and every pinned one, each in a folder of its own, with its history."""
        progress(f"laying out {'the working tree' if plan.dirty else plan.commit[:12]}")
        repository, source = Path(plan.repository), self._folder / "source"
        pinned = dict.fromkeys(service.commit for service in plan.services if service.pinned)

        def work() -> None:
            if plan.dirty:
                copy_work_tree(repository, source / "dirty")
            for commit in dict.fromkeys([*([] if plan.dirty else [plan.commit]), *pinned]):
                lay_out(repository, commit, source / commit)
            for folder in source.iterdir():
                try:
                    give_history(repository, plan.commit if folder.name == "dirty" else folder.name, folder)
                except GitError as error:
                    progress(f"the checkout has no history: {error}")

        # A thread cannot be cancelled: whoever cancels us leaves it to `stop`.
        self._laying = asyncio.ensure_future(asyncio.to_thread(work))
        await asyncio.wait({self._laying})
        self._laying.result()

    def _script(self, name: str, title: str, words: Sequence[str], options: CommandOptions, since: datetime) -> Script:
        plan, owner = self._plan_of(), identify(os.getpid())
        assert owner is not None
        values = self._values()
        environment, secrets = scripts.environment(plan, options, self._folder, values, since)
        return Script(
            name=name,
            title=title,
            words=tuple(scripts.resolved(word, values) for word in words),
            folder=self.checkout / options.path,
            environment=environment,
            secrets=secrets,
            deadline=options.deadline,
            run_folder=self._run_folder,
            complaints=self._folder / f"{name}.runner",
            owner=owner,
        )

    async def _run(self, script: Script, progress: Progress) -> Ended:
        state_of = self._state_of()
        try:
            self._running = Running(script)
        except OSError as error:
            raise DeploymentError(f"the runner of `{script.shown}` cannot be started: {error}") from error
        state_of.deploying = True
        state_of.services[script.name] = state.ServiceState(supervisor=self._running.supervised.process)
        self._save()
        ended = await self._running.end(progress)
        state_of.deploying = False
        if not await self._running.goes_on():
            del state_of.services[script.name]
        self._save()
        if script.name == DEPLOY and ended.left:
            kept = "goes" if ended.left == 1 else "go"
            progress(f"{ended.left} processes that the deploy command started {kept} on")
        return ended

    async def _take_down(self, progress: Progress) -> None:
        state_of, plan = self._state_of(), self._plan_of()
        assert self._state_folder is not None
        options = CommandOptions.model_validate(dict(plan.options))
        if options.stop is not None and self.checkout.is_dir():
            script = self._script("stop", "stop", options.stop, options, datetime.now(UTC))
            progress(f"running `{script.shown}`")
            ended = await self._run(script, progress)
            if ended.failure is not None:
                state_of.kept = True
                self._save()
                progress(f"the release is not taken down: {ended.failure.message}; `shakeout down` tries it again")
                return
            await asyncio.to_thread(state.clear, self._state_folder, plan.environment, progress)
            return
        folders = await asyncio.to_thread(leftovers.sweep, state_of.folders)
        state_of.left = {name: release for name, release in folders.items() if name != state_of.folder}
        state_of.kept = True
        self._save()
        running = sum(len(leftovers.in_use(folder)) for folder in folders)
        here = f", with {running} processes on this machine, which `shakeout down` ends" if running else ""
        progress(f"the release stays where it was deployed{here}; the environment has no `stop` command")

    def _values(self) -> scripts.LateValues:
        return scripts.late_values(self._plan_of(), self._release, self._folder / "data")

    @property
    def _folder(self) -> Path:
        return Path(self._state_of().folder)

    def _plan_of(self) -> Plan:
        if self._plan is None:
            raise DeploymentError("nothing is deployed")
        return self._plan

    def _state_of(self) -> state.State:
        if self._state is None:
            raise DeploymentError("nothing is deployed")
        return self._state

    def _save(self) -> None:
        assert self._state_folder is not None
        state_of = self._state_of()
        state_of.save(state.path_of(self._state_folder, state_of.environment))


KIND = TargetKind(name="command", make=CommandTarget, environment=CommandOptions, service=ServiceOptions, beside=False)
