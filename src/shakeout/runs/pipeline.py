"""deploy → verify → explain → report, with a report whatever happens on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from shakeout.catalogue.symptoms import DEPLOYMENT
from shakeout.checks.base import CheckResult, Context
from shakeout.checks.planning import plan_checks
from shakeout.checks.runner import run_checks
from shakeout.errors import DeploymentError
from shakeout.evidence.guards import Guards
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.platform import Platform
from shakeout.logs.entry import LogEntry
from shakeout.logs.errorlog import ErrorLog
from shakeout.logs.requests import Requests
from shakeout.logs.templated import Templates
from shakeout.report.building import next_steps, recommendations
from shakeout.report.model import LogChange, ReleaseSummary, Report, ServiceSummary, Status
from shakeout.report.priority import status
from shakeout.report.rendering import FILES, render
from shakeout.runs.deploying import explained, gone_over
from shakeout.runs.errorlogs import check_output, of_entries, of_fetched, understood
from shakeout.runs.explaining import Explanation, explain, symptoms_of
from shakeout.runs.folder import RunFolder, new_run
from shakeout.runs.intervention import outside, prove_by_deploying
from shakeout.runs.lingering import last_inventory
from shakeout.runs.novelty import last_good_run, log_changes
from shakeout.runs.passed_limits import passed_limits
from shakeout.runs.redeclaring import redeclared
from shakeout.runs.request import Request
from shakeout.runs.sources import declarations_of, images_of, platform_of, probes_of
from shakeout.runs.stopping import stop_trials
from shakeout.runs.traffic import decide
from shakeout.targets.base import Collecting, Inventory, Progress, Release, Staged, Target
from shakeout.targets.capture import entries, last_lines, merged, until_written
from shakeout.targets.script.running import output
from shakeout.why.sources import Sources


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A run that has ended: its report and the folder that holds it. `kept` while its release goes on."""

    report: Report
    folder: RunFolder
    kept: bool = False


@dataclass(kw_only=True)
class Run:
    """
    One execution. With `release`, that release is verified and nothing is deployed; `logs_folder` then has its logs.

    With `prove`, each fix that is a patch is deployed in a scratch copy, and the failed checks are asked again.
    `on_begin` gets the run's folder as soon as it is made, `on_result` each check's result as it comes. `notes` are
    sentences about the run itself for its report; others may add to them while it goes on.
    """

    request: Request
    target: Target
    progress: Progress
    keep: bool = False
    explaining: bool = True
    prove: bool = False
    release: Release | None = None
    logs_folder: Path | None = None
    on_begin: Callable[[RunFolder], None] | None = None
    on_result: Callable[[CheckResult], None] | None = None
    notes: list[str] = field(default_factory=list)
    _results: list[CheckResult] = field(default_factory=list)
    _planned: dict[str, int] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)
    _inventory: Inventory | None = None
    _interrupted: bool = False
    _withdrawn: bool = False

    async def execute(self) -> Finished:
        """
        Do it all; a failed deployment, a failed check and an interruption end in a report, not in an exception.

        What the target started is stopped, unless `keep` is set and the run was not interrupted.
        """
        moment = datetime.now(UTC)
        folder = new_run(self.request.home, self.request.plan.commit, moment)
        if self.on_begin:
            self.on_begin(folder)
        kept = False
        try:
            try:
                await self._deploy_and_verify(folder)
            except asyncio.CancelledError:
                self._interrupted = True
                self.notes.append("the run was interrupted; what was not asked by then is missing")
                _take_note()
            except DeploymentError as error:
                what = "nothing was deployed" if self.release is None else "the release was not finished"
                self._withdrawn = self.release is not None
                self.notes.append(f"{what}: {error}")
            report = self._explain_and_report(folder, moment)
            self._interrupted |= await _asked_to_end()
            if self.prove and not self._interrupted and self.release is not None and not self._staged():
                report = await self._prove(report, folder)
            kept = self.keep and not self._interrupted and self.release is not None
            if kept:
                await self.target.keep()
        finally:
            if not kept:
                await self._stop()
        return Finished(report=report, folder=folder, kept=kept)

    async def _stop(self) -> None:
        """Stop what was started. One Ctrl-C in the meantime changes nothing: the report is there, and this is short."""
        stopping = asyncio.ensure_future(self.target.stop(self.progress))
        try:
            await asyncio.shield(stopping)
        except asyncio.CancelledError:
            if stopping.cancelled():
                raise
            _take_note()
            self.progress("stopping what was started; once more to leave that to `shakeout down`")
            await asyncio.shield(stopping)

    async def _deploy_and_verify(self, folder: RunFolder) -> None:
        staged = self._staged()
        plan_checks(self.request.plan)  # what is wrong with a check is said before anything is deployed
        if self.release is None:
            stop_trials(self.request.home, self.progress)
            with self._timed("deploy"):
                self.release = await self.target.deploy(self.request.plan, folder.path, self.progress)
        folder.save("release.json", self.release)
        with self._timed("verify"):
            results = await self._verify(folder, self.release)
        if staged is None:
            return
        if self.prove:
            self.notes.append("no fix was tried by deploying it: there is no image of a commit with the fix")
        with self._timed("traffic"):
            decided = await decide(staged, self.release, results, partial(self._verify, folder), self.progress)
        self.release, self._withdrawn = decided.release, not decided.stays
        self.notes.append(decided.note)
        folder.save("release.json", self.release)

    def _staged(self) -> Staged | None:
        """The target, where it gives a release traffic only when it was verified."""
        return self.target if isinstance(self.target, Staged) else None

    async def _verify(self, folder: RunFolder, release: Release) -> list[CheckResult]:
        """Ask every check, look at the platform, and take in its logs; a second time in place of the first."""
        plan = outside(self.target, self.request.plan)
        checks = plan_checks(plan)
        self.release, self._results = release, []
        context = Context(
            plan=plan,
            release=release,
            run_folder=folder.path,
            checkout=self._place("checkout") or Path(plan.repository),
            data=self._place("data"),
        )
        self._planned = {check.name: number for number, check in enumerate(checks)}
        await run_checks(
            checks,
            context,
            progress=self.progress,
            on_result=self._take,
            last_lines=lambda service: last_lines(self.logs_folder or folder.path, service),
        )
        with suppress(OSError):
            self._inventory = await last_inventory(self.target, release, self.progress)
        wrong = not release.deployed or any(result.outcome != "passed" for result in self._results)
        if isinstance(self.target, Collecting):
            missing = await self.target.collect(self.progress, wrong=wrong)
            self.notes += [missing] if missing and missing not in self.notes else []
        if wrong:
            await until_written(self.logs_folder or folder.path)
            await self._look_into_images()
        return self._results

    async def _look_into_images(self) -> None:
        """Where the target has images, write down what they hold."""
        looking = getattr(self.target, "look_into_images", None)
        if looking is not None:
            await looking()

    def _place(self, name: str) -> Path | None:
        """A folder that targets of this machine have: the deployed files (`checkout`), the release's `data`."""
        found = getattr(self.target, name, None)
        return found if isinstance(found, Path) else None

    def _take(self, result: CheckResult) -> None:
        self._results.append(result)
        if self.on_result:
            self.on_result(result)

    def _explain_and_report(self, folder: RunFolder, moment: datetime) -> Report:
        results = tuple(sorted(self._results, key=lambda result: self._planned[result.name])) if self._results else ()
        platform: Platform | None = None
        with self._timed("explain"):
            if self.release is not None:
                platform = platform_of(self.request.plan, self.release, self._inventory, folder, self.logs_folder)
            explanation = self._explain(results, platform, folder)
        with self._timed("report"):
            report = self._report(folder, moment, results, explanation)
            write_report(report, folder)
        return report

    async def _prove(self, report: Report, folder: RunFolder) -> Report:
        """The report with each fix deployed; what was deployed first is stopped before that, unless it is kept."""
        if not self.keep:
            await self.target.stop(self.progress)
        with self._timed("prove"):
            try:
                issues = await prove_by_deploying(self.request, report.issues, report.checks, self.progress)
            except asyncio.CancelledError:
                self._interrupted = True
                _take_note()
                return replace(report, notes=(*report.notes, "the proof of the fixes was interrupted"))
        seconds = {**report.seconds, "prove": round(self._seconds["prove"], 3)}
        report = replace(report, issues=issues, seconds=seconds)
        write_report(report, folder)
        return report

    def _explain(self, results: tuple[CheckResult, ...], platform: Platform | None, folder: RunFolder) -> Explanation:
        declarations = declarations_of(self.request.plan, self.request.loaded.path)
        read = partial(self._entries, self.logs_folder or folder.path)
        log = self._error_log(folder, results)
        sources = Sources(probes_of(results), declarations, log, Templates(read), Requests(read))
        if self.explaining:
            repository = self.request.repository
            for source in (repository, SourcePaths(repository), Guards(repository)):
                sources.add(source)
        if platform is not None:
            sources.add(platform)
            sources.add(images_of(folder))
        symptoms = (*symptoms_of(results, platform), *gone_over(platform, log), *passed_limits(platform, log))
        found = explain(symptoms, sources, results, redeclare=partial(redeclared, self.request))
        return replace(found, issues=explained(found.issues))

    def _error_log(self, folder: RunFolder, results: tuple[CheckResult, ...]) -> ErrorLog:
        """What the services and the team's own scripts wrote that is, or explains, an error."""
        logs = self.logs_folder or folder.path
        checkout = self._place("checkout") if self.release is not None else None
        checkouts = checkout.parent if checkout else None
        found = [
            occurrence
            for service in self.request.plan.services
            for occurrence in of_entries(entries(logs, service.name), "service", service.name, checkouts)
        ]
        found += of_fetched(logs, self.request.plan)
        found += of_entries(output(folder.path), "deployment", DEPLOYMENT, checkouts)
        for result in results:
            if result.kind == "command":
                found += of_entries(check_output(folder.path, result.name), "check", result.name, checkouts)
        return ErrorLog(found)

    def _report(
        self, folder: RunFolder, moment: datetime, results: tuple[CheckResult, ...], explanation: Explanation
    ) -> Report:
        plan, release = self.request.plan, self.release
        good = last_good_run(self.request.home, plan.environment, folder.id) if release and self.explaining else None
        services = service_summaries(release, results) if release else ()
        commit = self.request.repository.describe(plan.commit)
        notes = list(self.notes)
        if plan.dirty:
            notes.insert(0, "the working tree was deployed (--dirty), not the commit")
        if release is not None and release.deployment is not None and release.deployment.failure is not None:
            failed = release.deployment.failure.message
            notes.append(f"the deploy command failed: {failed}; its output is in {release.deployment.log}")
        notes += explanation.notes
        self._seconds["total"] = sum(self._seconds.values())
        return Report(
            status=Status.FAILED
            if self._withdrawn
            else status(services, results, explanation.issues, deployed=release is None or release.deployed),
            application=plan.application,
            environment=plan.environment,
            target=plan.target,
            run=folder.id,
            date=moment.isoformat(timespec="seconds"),
            release=ReleaseSummary(
                id=release.id if release else None,
                commit=plan.commit,
                subject=commit.subject if commit else None,
                dirty=plan.dirty,
            ),
            services=services,
            checks=results,
            issues=explanation.issues,
            unexplained=explanation.unexplained,
            log_changes=self._log_changes(good, self.logs_folder or folder.path, services) if good else (),
            baseline=good.name if good else None,
            recommendations=recommendations(explanation.issues),
            next_steps=next_steps(explanation.issues, explanation.unexplained, results),
            notes=tuple(notes),
            seconds={name: round(value, 3) for name, value in self._seconds.items()},
            facts={"manifest": plan.manifest_path},
        )

    def _log_changes(self, baseline: Path, current: Path, services: Iterable[ServiceSummary]) -> tuple[LogChange, ...]:
        """
        What is surely different in the services' logs from those of the last good run.

        What a service that is not there does not say any more is no news.
        """
        found = log_changes(self._entries(baseline), self._entries(current))
        there = all(service.status in {"deployed", "external"} for service in services)
        return tuple(change for change in found if change.sure and (there or change.kind != "gone"))

    def _entries(self, folder: Path) -> Iterator[LogEntry]:
        """What the services wrote, in order of time."""
        return map(understood, merged(entries(folder, service.name) for service in self.request.plan.services))

    def _timed(self, phase: str) -> _Timed:
        return _Timed(self._seconds, phase)


def _take_note() -> None:
    """Take a cancellation as done: what comes after it is to be finished."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


async def _asked_to_end() -> bool:
    """Whether a signal came while nothing was awaited, as explaining does not."""
    try:
        for _ in range(3):
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        _take_note()
        return True
    return False


class _Timed:
    def __init__(self, seconds: dict[str, float], phase: str) -> None:
        self._seconds, self._phase = seconds, phase

    def __enter__(self) -> None:
        self._start = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._phase] = time.monotonic() - self._start


def service_summaries(release: Release, results: tuple[CheckResult, ...]) -> tuple[ServiceSummary, ...]:
    """Each service with what it says of its own version, where a check asked it."""
    said: dict[str, Mapping[str, object]] = {
        result.service: result.facts for result in results if result.kind == "versions" and result.service
    }
    return tuple(
        ServiceSummary(
            name=revision.service,
            revision=revision.id,
            url=revision.url,
            status=revision.status,
            version=_text(said.get(revision.service, {}).get("version")),
            commit=_text(said.get(revision.service, {}).get("seen_commit")) or revision.commit,
            restarts=revision.restarts,
            seconds=revision.ready_seconds,
            detail=revision.failure.message if revision.failure else None,
        )
        for revision in release.revisions
    )


def write_report(report: Report, folder: RunFolder) -> None:
    """Write every form of the report that lies in a run's folder, and the value itself for `shakeout report`."""
    folder.save("run.json", report)
    for name, form in FILES.items():
        folder.write(name, render(report, form))


def _text(value: object) -> str | None:
    return str(value) if value is not None else None
