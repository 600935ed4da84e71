"""Asks every check of a release: at the same time where possible, in order where needed, each within its deadline."""

from __future__ import annotations

import asyncio
import inspect
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from shakeout.checks.base import Answer, Check, CheckResult, Context, Outcome
from shakeout.checks.deadline import deadline
from shakeout.checks.records import record
from shakeout.logs.entry import LogEntry
from shakeout.targets.base import Progress

LastLines = Callable[[str], Sequence[LogEntry] | Awaitable[Sequence[LogEntry]]]
"""Gives a service's last log entries, oldest first; may be asynchronous."""

WAITING_SECONDS = 3.0
"""How often a line says what is still being waited for."""

MARGIN_SECONDS = 1.0
"""What a check may take beyond its deadline to say what it was waiting for, before it is cut off."""

_GRACE_SECONDS = 2.0
_GOOD = (Outcome.PASSED, Outcome.DEGRADED)


async def run_checks(
    checks: Sequence[Check],
    context: Context,
    *,
    progress: Progress,
    concurrency: int = 8,
    on_result: Callable[[CheckResult], None] | None = None,
    last_lines: LastLines | None = None,
) -> tuple[CheckResult, ...]:
    """
    Ask `checks`, at most `concurrency` at a time, and return one result for each, in the order given.

    - A check whose need did not pass (or be degraded), or whose service is not deployed, is skipped and says by which
      it is blocked.
    - An exception inside a check, and a check that does not end by its deadline, are inconclusive with the reason.
    - `on_result` gets each result as it comes.
    - When this coroutine is cancelled, checks in progress become inconclusive and checks not begun are skipped, both
      `interrupted`; `on_result` has then got a result for every check before the cancellation goes on.
    """
    run = _Run(checks, context, progress, asyncio.Semaphore(max(1, concurrency)), on_result, last_lines)
    watcher = asyncio.create_task(run.say_what_is_waited_for())
    tasks = [asyncio.create_task(run.settle(check), name=f"check {check.name}") for check in checks]
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for check in checks:
            run.interrupted(check)
        raise
    finally:
        watcher.cancel()
        for task in tasks:
            task.cancel()
    return tuple(run.results[check.name] for check in checks)


@dataclass
class _Run:
    checks: Sequence[Check]
    context: Context
    progress: Progress
    places: asyncio.Semaphore
    on_result: Callable[[CheckResult], None] | None
    last_lines: LastLines | None
    results: dict[str, CheckResult] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settled = {check.name: asyncio.Event() for check in self.checks}
        self.circular = _circular(self.checks)

    async def settle(self, check: Check) -> None:
        """Wait for what the check needs, ask it, and keep its result."""
        answer = self._blocked_by_service(check)
        if answer is None and check.name in self.circular:
            answer = Answer(outcome=Outcome.INCONCLUSIVE, detail="this check needs itself, by way of its needs")
        for need in check.needs if answer is None else ():
            if need not in self.settled:
                answer = _blocked(need, "it is not among the checks that are asked")
                break
            await self.settled[need].wait()
            if self.results[need].outcome not in _GOOD:
                result = self.results[need]
                answer = _blocked(result.blocked_by or need, result.facts.get("why", result.outcome))
                break
        moment: datetime | None = None
        if answer is None:
            async with self.places:
                self.started[check.name] = time.monotonic()
                moment = datetime.now(UTC)
                answer = await self._ask(check)
        began = self.started.get(check.name)
        seconds = 0.0 if began is None else time.monotonic() - began
        entries = await self._last_lines(check) if answer.outcome not in {Outcome.PASSED, Outcome.SKIPPED} else ()
        self._keep(replace(record(check, answer, seconds, self.context, entries), started=moment))

    async def _ask(self, check: Check) -> Answer:
        with deadline(check.deadline):
            task = asyncio.ensure_future(check.ask(self.context))
        try:
            done, _ = await asyncio.wait({task}, timeout=check.deadline + MARGIN_SECONDS)
            if not done:
                return await self._cut_off(check, task)
            return _read(task)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task}, timeout=_GRACE_SECONDS)
            raise

    async def _cut_off(self, check: Check, task: asyncio.Future[Answer]) -> Answer:
        """The deadline has passed: the check may clean up for a moment, and what it says then still counts."""
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=_GRACE_SECONDS)
        if done and not task.cancelled() and task.exception() is None:
            return task.result()
        return Answer(
            outcome=Outcome.INCONCLUSIVE,
            detail=f"not finished within its deadline of {check.deadline:g} s",
            expected=f"an answer within {check.deadline:g} s",
            actual="no answer",
            facts={"kind": "deadline", "deadline": check.deadline},
        )

    def _blocked_by_service(self, check: Check) -> Answer | None:
        needed: Iterable[str] = check.services or ((check.service,) if check.service else ())
        for name in needed:
            revision = self.context.release.revision(name)
            if revision is None:
                return _blocked(name, "it is not in the release")
            if revision.status not in {"deployed", "external"}:
                return _blocked(name, revision.failure.reason if revision.failure else revision.status)
        return None

    async def _last_lines(self, check: Check) -> Sequence[LogEntry]:
        if self.last_lines is None or check.service is None:
            return ()
        try:
            lines = self.last_lines(check.service)
            return await lines if inspect.isawaitable(lines) else lines
        except Exception as error:
            self.progress(f"the last log lines of {check.service} cannot be read: {error}")
            return ()

    def _keep(self, result: CheckResult) -> None:
        self.results[result.name] = result
        self.settled[result.name].set()
        if self.on_result is not None:
            self.on_result(result)

    def interrupted(self, check: Check) -> None:
        """Give a check that has no result yet the one that says so."""
        if check.name in self.results:
            return
        began = self.started.get(check.name)
        if began is None:
            answer = _blocked("interruption", "the run was interrupted before it was asked")
            seconds = 0.0
        else:
            seconds = time.monotonic() - began
            answer = Answer(outcome=Outcome.INCONCLUSIVE, detail=f"interrupted after {seconds:.1f} s")
        self._keep(record(check, answer, seconds, self.context))

    async def say_what_is_waited_for(self) -> None:
        while True:
            await asyncio.sleep(WAITING_SECONDS)
            now = time.monotonic()
            for check in self.checks:
                began = self.started.get(check.name)
                if began is not None and check.name not in self.results and now - began >= WAITING_SECONDS / 2:
                    self.progress(
                        f"waiting for {check.name} because it has not answered yet"
                        f" ({now - began:.0f} s of {check.deadline:g} s)"
                    )


def _read(task: asyncio.Future[Answer]) -> Answer:
    if task.cancelled():
        return Answer(outcome=Outcome.INCONCLUSIVE, detail="the check stopped itself without an answer")
    error = task.exception()
    if error is None:
        return task.result()
    if not isinstance(error, Exception):
        raise error
    text = str(error).splitlines()
    return Answer(
        outcome=Outcome.INCONCLUSIVE,
        detail=f"the check itself failed: {type(error).__name__}: {text[0] if text else ''}".rstrip(": "),
        excerpt="".join(traceback.format_exception(error))[-1800:],
        facts={"kind": "exception", "exception": type(error).__name__, "message": str(error)},
    )


def _blocked(by: str, why: str) -> Answer:
    return Answer(outcome=Outcome.SKIPPED, detail=f"blocked by {by} ({why})", facts={"blocked_by": by, "why": str(why)})


def _circular(checks: Sequence[Check]) -> frozenset[str]:
    """The names of checks that can never be asked, since their needs lead round in a circle."""
    needs: Mapping[str, set[str]] = {check.name: set(check.needs) for check in checks}
    open_names = set(needs)
    while free := {name for name in open_names if not (needs[name] & open_names)}:
        open_names -= free
    return frozenset(open_names)
