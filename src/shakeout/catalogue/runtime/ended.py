"""Lines of the platform, or of a server that keeps workers, which say that the service's process ended."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of, raised_in
from shakeout.catalogue.process.claims import ProcessEnded
from shakeout.catalogue.runtime.family import EXACT, WINDOW, exceptions_near, near, runtime
from shakeout.catalogue.runtime.timeouts import ended_by_timeout
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.platform_words import BOOT, NOT_READY, how_ended
from shakeout.why import Because, Claim, Layer, Strength, claim


@claim(Layer.MECHANISM)
class NeverReady(Claim):
    """A service's instance did not become ready: the platform's probe was not answered well."""

    service: str | None

    def __str__(self) -> str:
        return f"no instance of {self.service or 'the service'} becomes ready"

    def why(self) -> str:
        return f"Why does {self.service or 'the service'} not become ready?"


@runtime.rule
def platform_ended(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    The platform says that the service's process ended.

    ## What you see
    `Container called exit(3).`, `exited with code 1`, `Exit Code: 137`, `Uncaught signal: 11`, and no reason.

    ## Why it happens
    The program in the container gave up, or was ended from outside; the platform only sees the status.

    ## How we know
    The platform's own line, which names the status or the signal.
    Where the service's own log has a traceback close before it, the exception is the better answer and this rule stays
    silent.

    ## What to change
    What made it end, which the next link says.
    """
    occurrence = log.get(error.key)
    how = how_ended(error.text)
    if occurrence is None or how is None or occurrence.traceback is not None or _of_unit(occurrence, log):
        return
    if ended_by_timeout(error.text, error.service, log) is not None:
        return
    if not exceptions_near(log, error, WINDOW):
        yield Because(ProcessEnded(error.service or "the service", how), evidence_of(occurrence))


@runtime.rule
def ended_by_exception(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    An exception ended the process, and the platform or the server in front only says so.

    ## What you see
    `Container called exit(3).`, `Worker failed to boot.`, `Back-off restarting failed container`, a failed startup
    probe: lines that would each look like an error of its own.

    ## Why it happens
    An exception at start, or in a worker, ends the process; everything that keeps or asks it reports that in its words.

    ## How we know
    The same service logged a traceback at most 30 s before. That the process ended of it follows from their order.

    ## What to change
    What made the exception happen; the lines about it go away with it.
    """
    occurrence = log.get(error.key)
    text = error.text
    follows = how_ended(text) is not None or BOOT.search(text) or NOT_READY.search(text)
    if occurrence is None or not follows or occurrence.traceback is not None:
        return
    for found in exceptions_near(log, error, WINDOW) or _of_unit(occurrence, log):
        raised = raised_in(found)
        if raised is not None:
            yield Because(raised, [*evidence_of(found)[:1], *evidence_of(occurrence)[:1]], strength=Strength.ENTAILED)
            return


_UNIT = re.compile(r"\.service: (?:Main process exited|Failed with result|Control process exited)\b")


def _of_unit(occurrence: Occurrence, log: ErrorLog) -> list[Occurrence]:
    """
    The traceback of a unit that systemd says ended: the program logs it under its own name, not under the unit's.

    Only where the same journal has exactly one traceback close before, of a program that is no unit of its own.
    """
    if _UNIT.search(occurrence.text) is None:
        return []
    files = {piece.locator.path for piece in occurrence.evidence}
    found = [
        item
        for item in log
        if item.traceback is not None
        and item.error
        and files & {piece.locator.path for piece in item.evidence}
        and near(item, occurrence, EXACT)
    ]
    return found if len(found) == 1 else []


@runtime.rule
def worker_lost(raised: ExceptionRaised | ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    A worker of a task queue was ended from outside, and its master says so as an exception.

    ## What you see
    `WorkerLostError('Worker exited prematurely: signal 9 (SIGKILL) Job: 3.')`, `Process 'ForkPoolWorker-2' exited with
    'signal 9 (SIGKILL)'`, `BrokenProcessPool`.

    ## Why it happens
    The kernel or the platform ended the process, mostly for want of memory; the task itself said nothing.

    ## How we know
    The exception's own text names the signal or the status.

    ## What to change
    What ended it, which the next link says.
    """
    occurrence = log.get(raised.key)
    text = raised.message if isinstance(raised, ExceptionRaised) else raised.text
    named = "WorkerLost" in (raised.type or "") or "WorkerLostError" in text
    how = how_ended(text) or how_ended(text.replace("Worker exited prematurely", "worker exited")) if named else None
    if occurrence is not None and how is not None:
        yield Because(ProcessEnded(occurrence.owner or "the service", how), evidence_of(occurrence)[:1])


@runtime.rule
def never_ready(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    The platform's probe of a new instance was not answered.

    ## What you see
    `STARTUP TCP probe failed`, `failed to start and listen on the port`, `Readiness probe failed`.

    ## Why it happens
    The program ended before it listened, listens elsewhere, or takes longer than the probe waits.

    ## How we know
    The platform's own line. Where the service logged a traceback close before it, that exception is the better answer.

    ## What to change
    What keeps the service from being ready, which the next link says where evidence reaches.
    """
    occurrence = log.get(error.key)
    if occurrence is None or not NOT_READY.search(error.text) or exceptions_near(log, error, WINDOW):
        return
    yield Because(NeverReady(error.service), evidence_of(occurrence))


@runtime.rule
def ended_before_ready(silent: NeverReady, log: ErrorLog) -> Iterator[Because]:
    """
    The process ended before it was ready.

    ## What you see
    A probe that fails, next to a line that says the container exited.

    ## Why it happens
    A process that has ended answers no probe.

    ## How we know
    A line of the platform about the same service which names the exit status or the signal.

    ## What to change
    What made it end.
    """
    for found in reversed(log.of("service", silent.service)):
        how = how_ended(found.text) if found.traceback is None else None
        if how is not None:
            ended = ProcessEnded(silent.service or "the service", how)
            yield Because(ended, evidence_of(found)[:1], strength=Strength.ENTAILED)
            return
