"""Workers that gunicorn ends because they do not come back in time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of, first_cause
from shakeout.catalogue.frames import quoted
from shakeout.catalogue.runtime.family import runtime
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.model import Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Because, Claim, Layer, Strength, claim
from shakeout.why.links import Unknown

_TIMEOUT = re.compile(r"\bWORKER TIMEOUT \(pid: ?(?P<pid>\d{1,10})\)")
_KILLED = re.compile(
    r"\bWorker \(pid: ?(?P<pid>\d{1,10})\) was (?:sent SIG(?:KILL|ABRT)|terminated due to signal [69])\b"
)


@claim(Layer.MECHANISM)
class WorkerTimedOut(Claim):
    """A worker did not report back within gunicorn's timeout and was ended by it."""

    service: str | None

    def __str__(self) -> str:
        return f"a worker of {self.service or 'the service'} did not come back within gunicorn's timeout"

    def why(self) -> str:
        return "Why did the worker not come back in time?"


@claim(Layer.DECLARATION)
class WorkerStuck(Claim):
    """The line that a worker was at when its time was over."""

    at: Locator

    def __str__(self) -> str:
        return f"{self.at} was still running when the time was over"

    def title(self) -> str:
        return f"A worker was still at {self.at} when its time was over"

    def why(self) -> str:
        return f"Why does {self.at} take so long?"


def ended_by_timeout(text: str, service: str | None, log: ErrorLog) -> Occurrence | None:
    """The line that says that a worker, of which a text says that it was killed, had not come back in time."""
    killed = _KILLED.search(text)
    if killed is None:
        return None
    return next(
        (
            item
            for item in log.of("service", service)
            if (found := _TIMEOUT.search(item.text)) is not None and found["pid"] == killed["pid"]
        ),
        None,
    )


@runtime.rule
def worker_timed_out(error: ErrorLogged | ExceptionRaised, log: ErrorLog) -> Iterator[Because]:
    """
    A worker was ended because it did not come back in time.

    ## What you see
    `WORKER TIMEOUT (pid:7)`, then a traceback that ends in `handle_abort` and `SystemExit: 1`, or `was sent SIGKILL!
    Perhaps out of memory?`.

    ## Why it happens
    gunicorn's workers report to their master; one that is held up longer than `timeout` is ended, with SIGKILL if need
    be. Its own guess about memory is wrong then.

    ## How we know
    The master's own line with the worker's process number, which the line about its end has as well; or the traceback,
    whose last call is gunicorn's handler of the signal that it sends.

    ## What to change
    What holds the worker up, which the next link says; a longer timeout only hides it.
    """
    occurrence = log.get(error.key)
    if occurrence is None or occurrence.origin != "service":
        return
    timed_out = WorkerTimedOut(occurrence.owner)
    if isinstance(error, ExceptionRaised):
        if error.simple_type == "SystemExit" and _aborted(occurrence):
            yield Because(timed_out, evidence_of(occurrence)[:2])
    elif _TIMEOUT.search(occurrence.text):
        yield Because(timed_out, evidence_of(occurrence)[:2])
    elif (before := ended_by_timeout(occurrence.text, occurrence.owner, log)) is not None:
        evidence = [*evidence_of(before)[:1], *evidence_of(occurrence)[:1]]
        yield Because(timed_out, evidence, strength=Strength.ENTAILED)


def _aborted(occurrence: Occurrence) -> bool:
    frames = first_cause(occurrence.traceback).frames if occurrence.traceback is not None else ()
    return bool(frames) and frames[-1].function == "handle_abort" and "/gunicorn/" in frames[-1].path


@runtime.rule
def worker_stuck(timed_out: WorkerTimedOut, paths: SourcePaths, log: ErrorLog) -> Iterator[Because | Unknown]:
    """
    A line of the application was still running when the worker's time was over.

    ## What you see
    A traceback of `SystemExit` through a line that raises nothing.

    ## Why it happens
    The line waits for something that takes longer than the timeout, or never ends.

    ## How we know
    The worker's own traceback at the moment when it was ended: the innermost line that is the application's. Where
    several workers were elsewhere, each is a possibility.

    ## What to change
    Bound the wait, or do the work outside of the request.
    """
    found: dict[Locator, Occurrence] = {}
    for item in log.of("service", timed_out.service):
        if item.traceback is None or not _aborted(item):
            continue
        for frame in reversed(first_cause(item.traceback).frames):
            path = paths.find(frame.path, frame.line, frame.code) if frame.line is not None else None
            if path is not None:
                at = Locator(source="file", path=path, line=frame.line, commit=paths.repository.commit)
                found.setdefault(at, item)
                break
    strength = Strength.ENTAILED if len(found) == 1 else Strength.CONSISTENT
    for at, item in found.items():
        evidence = [*quoted(paths, at), *evidence_of(item)[:1]]
        yield Because(WorkerStuck(at), evidence, strength=strength)
    if not found:
        yield Unknown("the worker's traceback at that moment (gunicorn logs it where it can still be interrupted)")
