"""Exceptions: from a symptom to the exception that is its first cause, with its place in the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.symptoms import DEPLOYMENT, CheckFailed, DeploymentFailed, ErrorLogged, ServiceNotDeployed
from shakeout.evidence.model import Evidence
from shakeout.evidence.paths import is_foreign
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.interpreter import told
from shakeout.logs.tracebacks.model import Raised, Traceback
from shakeout.why import Because, Claim, Family, Layer, Strength, claim

exceptions = Family("exceptions", "The first exception of a traceback")


@claim(Layer.MECHANISM)
class ExceptionRaised(Claim):
    """
    An exception was raised. `key` is the occurrence in the `ErrorLog` that has its traceback.

    `path` and `line` are those of the innermost frame that is no library's, as printed, None where there is no such
    frame; families map them to the repository with `SourcePaths`. `called` says that a library which that line calls
    raised it.
    """

    type: str
    message: str
    key: str
    path: str | None = None
    line: int | None = None
    called: bool = False

    def __str__(self) -> str:
        text = self.title()
        # `<frozen os>`, `node:internal/…` and the like are no place that anyone can look at.
        if not self.path or not self.line or self.path.startswith(("<", "node:")):
            return f"{text} was raised"
        return f"{text} was raised {'by a call ' if self.called else ''}at {_short(self.path)}:{self.line}"

    def why(self) -> str:
        return f"Why is {self.type.rpartition('.')[2]} raised?"

    def title(self) -> str:
        first = self.message.strip().split("\n", 1)[0].rstrip()
        return f"{self.type}: {first}" if first else self.type

    @property
    def simple_type(self) -> str:
        """The type without its module."""
        return self.type.rpartition(".")[2]


def _short(path: str | None) -> str:
    parts = (path or "").replace("\\", "/").split("/")
    if len(parts) <= 3:
        return path or ""
    # The folder of a checkout is often named by its commit, which says nothing to a reader.
    return "/".join(part for part in parts[-3:] if not re.fullmatch("[0-9a-f]{40}", part))


_LOOKED_UP = frozenset(
    {"AttributeError", "KeyError", "LookupError", "IndexError", "ImportError", "ModuleNotFoundError"}
)


def first_cause(traceback: Traceback) -> Raised:
    """
    The exception that made the others.

    It is the first one, unless that was a library's own failed look-up ("is it there? no: do it the other way"), in
    no frame of the application, and what the library then did raised another exception in the application's code.
    """
    for number, raised in enumerate(traceback.exceptions):
        looked_up = raised.relation == "context" and raised.name in _LOOKED_UP and raised.frames
        own = any(not is_foreign(frame.path) for frame in raised.frames)
        later = any(
            not is_foreign(frame.path) for after in traceback.exceptions[number + 1 :] for frame in after.frames
        )
        if not (looked_up and not own and later):
            return raised
    return traceback.first


def raised_in(occurrence: Occurrence) -> ExceptionRaised | None:
    """The claim about an occurrence's first exception; None for a plain message without an exception."""
    if occurrence.traceback is not None:
        first = first_cause(occurrence.traceback)
        if not first.type:
            return None
        last = first.frames[-1] if first.frames else None
        own = next((frame for frame in reversed(first.frames) if not is_foreign(frame.path)), last)
        return ExceptionRaised(
            first.type,
            first.message,
            occurrence.key,
            own.path if own else None,
            own.line if own else None,
            called=own is not last,
        )
    if occurrence.type:
        return ExceptionRaised(occurrence.type, occurrence.text, occurrence.key)
    return None


def evidence_of(occurrence: Occurrence) -> tuple[Evidence, ...]:
    """At most three examples of an occurrence."""
    return occurrence.evidence[:3]


def written_by(failed: CheckFailed | DeploymentFailed, log: ErrorLog) -> tuple[Occurrence, ...]:
    """What the script behind a failed check, or the deploy command, wrote, in the order of its output."""
    if isinstance(failed, DeploymentFailed):
        return log.of("deployment", DEPLOYMENT)
    return log.of("check", failed.check)


@exceptions.rule
def exception_in_log(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    The logged error is an exception.

    ## What you see
    An error in a log, often at the end of a long traceback, or wrapped in another error.

    ## Why it happens
    An exception was raised and nobody handled it, or a handler logged it.

    ## How we know
    The traceback, put together from the log.
    Of a chain of exceptions ("during handling of", "direct cause of") the first one is taken: what was raised later is
    what became of it.

    ## What to change
    What made the first exception happen, which the next link says.
    """
    occurrence = log.get(error.key)
    raised = raised_in(occurrence) if occurrence else None
    if occurrence is not None and raised is not None:
        yield Because(raised, evidence_of(occurrence))


@exceptions.rule
def exception_in_check_script(failed: CheckFailed | DeploymentFailed, log: ErrorLog) -> Iterator[Because]:
    """
    The team's own script raised an exception.

    ## What you see
    A check of the kind `command`, or the team's own deploy command, fails, and its output ends in a traceback.

    ## Why it happens
    The script itself is broken, or what it asks for is not there.

    ## How we know
    The traceback in the output of that script, and of no other process.

    ## What to change
    What made the first exception happen, which the next link says.
    """
    for occurrence in reversed(written_by(failed, log)):
        raised = raised_in(occurrence)
        if raised is not None and occurrence.traceback is not None:
            yield Because(raised, evidence_of(occurrence))
            return


@exceptions.rule
def exception_at_start(failed: ServiceNotDeployed, log: ErrorLog) -> Iterator[Because]:
    """
    The service ended with an exception while it started.

    ## What you see
    A service exits at once, or again and again; the platform only says that it ended.

    ## Why it happens
    Something that runs at start (an import, a setting that is read, a connection) raised an exception.

    ## How we know
    The last traceback in the service's own log since the release began.

    ## What to change
    What made the first exception happen, which the next link says.
    """
    for occurrence in reversed(log.of("service", failed.service)):
        raised = raised_in(occurrence)
        if raised is not None and occurrence.traceback is not None and not occurrence.system:
            yield Because(raised, evidence_of(occurrence), strength=Strength.OBSERVED)
            return


@exceptions.rule
def exception_told_in_words(symptom: ErrorLogged | CheckFailed | DeploymentFailed, log: ErrorLog) -> Iterator[Because]:
    """
    The message is Python's own of an exception, without its type and its traceback.

    ## What you see
    `check failed: name 'env' is not defined`, and nothing else.

    ## Why it happens
    A handler caught the exception and printed its message alone, so that its type and its place were lost.

    ## How we know
    The interpreter words these messages, and for one type of exception only.

    ## What to change
    What made the exception happen, which the next link says; and log exceptions with their traceback.
    """
    if isinstance(symptom, ErrorLogged):
        occurrence = log.get(symptom.key)
        found: tuple[Occurrence, ...] = (occurrence,) if occurrence is not None else ()
    else:
        found = written_by(symptom, log)
    if any(item.traceback is not None for item in found):
        return
    for item in found:
        said = told(item.text)
        if said is not None and item.type in {None, "", said[0]}:
            yield Because(ExceptionRaised(said[0], said[1], item.key), evidence_of(item))
            return
