"""Processes that end: by an exit status, by a signal, again and again, or once before they are well."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import evidence_of, raised_in
from shakeout.catalogue.process.claims import LastWords, OutOfMemory, ProcessEnded, ProcessRestarted
from shakeout.catalogue.process.family import has_traceback, own, process
from shakeout.catalogue.symptoms import DEPLOYMENT, CheckFailed, DeploymentFailed, ServiceNotDeployed
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.evidence.probes import Probes
from shakeout.logs.errorlog import ErrorLog
from shakeout.logs.platform_words import of_platform
from shakeout.why import Because, Strength

_MEMORY = re.compile(
    r"out of memory|\boom(?:[ -]?kill|Killed)|memory (?:limit|cgroup)|MemoryError|heap out of memory|OutOfMemoryError"
    r"|cannot allocate memory|Allocation failed|exceeded its memory",
    re.I,
)
_LAST = 3
"""How many of a service's last lines may be its last words."""
_WAITING = frozenset({"refused", "reset", "no-answer"})


def how_it_ended(item: PlatformItem) -> str | None:
    """`exited with status 2`, `was ended by SIGSEGV`; None where the platform does not say that it ended."""
    facts = {**dict(item.facts.get("last_exit") or {}), **item.facts}
    if facts.get("signal"):
        return f"was ended by {facts['signal']}"
    status = facts.get("exit_status", item.exit_status)
    if item.reason == "exited" or item.state == "exited":
        return f"exited with status {status}" if status is not None else "exited"
    return "was ended" if item.reason == "killed" else None


def _killed(ended: ProcessEnded | ProcessRestarted) -> bool:
    """Whether SIGKILL ended the process, by its name or as shells and engines count it."""
    return isinstance(ended, ProcessEnded) and ("SIGKILL" in ended.how or ended.how.endswith("status 137"))


@process.rule
def process_ended(
    failed: ServiceNotDeployed | DeploymentFailed, platform: Platform, log: ErrorLog
) -> Iterator[Because]:
    """
    The service's process ended before it was ready, or the deploy command before it was through.

    ## What you see
    The platform says that the service exited with a status, or was ended by a signal, once or again and again.
    Or the team's own deploy command exited with a status that is not 0.

    ## Why it happens
    The program gave up: a setting is missing, its address is taken, or it was ended from outside.

    ## How we know
    The platform saw the process end, and recorded how. Where its log has a traceback, the exception is the better
    answer and this rule stays silent.

    ## What to change
    What made it end, which the next link says.
    """
    name = DEPLOYMENT if isinstance(failed, DeploymentFailed) else failed.service
    item = platform.get(name)
    how = how_it_ended(item) if item is not None else None
    if item is None or how is None or item.reason not in {"exited", "killed", "out-of-memory"}:
        return
    if not has_traceback(log, name):
        yield Because(ProcessEnded(name, how), item.evidence[:1])


@process.rule
def process_gone(failed: CheckFailed, probes: Probes, platform: Platform) -> Iterator[Because]:
    """
    The service was ready once, and its process ended after that.

    ## What you see
    Checks of a service are refused, although it was deployed.

    ## Why it happens
    The process ended while it was being used: a crash, a signal, memory.

    ## How we know
    The check's own connection to the service was refused or broken off, and the platform saw the process end.

    ## What to change
    What made it end, which the next link says.
    """
    probe = probes.get(failed.check)
    item = platform.get(probe.service) if probe is not None and probe.service is not None else None
    if probe is None or item is None or item.state != "exited" or probe.facts.get("kind") not in _WAITING:
        return
    how = how_it_ended(item)
    if how is not None:
        yield Because(ProcessEnded(item.name, how), [*item.evidence[:1], *probe.evidence[:1]])


@process.rule
def process_restarted(failed: CheckFailed, probes: Probes, platform: Platform) -> Iterator[Because]:
    """
    The service is well now, and had ended before.

    ## What you see
    A check of a service's health is degraded: it answers, and it was restarted since the release began.

    ## Why it happens
    Its process ended at first and the platform started it again; what made it end may come back.

    ## How we know
    The platform counts the restarts of each service.

    ## What to change
    What made it end the first time, which the next link says.
    """
    probe = probes.get(failed.check)
    item = platform.get(probe.service) if probe is not None and probe.service is not None else None
    if probe is None or item is None or probe.outcome != "degraded" or not item.restarts:
        return
    if probe.facts.get("restarts"):
        yield Because(ProcessRestarted(item.name), [*item.evidence[:1], *probe.evidence[:1]])


@process.rule
def exception_before_end(ended: ProcessEnded | ProcessRestarted, log: ErrorLog) -> Iterator[Because]:
    """
    An exception ended the process.

    ## What you see
    A traceback in the log of a service that ended, or that was started again.

    ## Why it happens
    Something that the service does raised an exception which nobody handled.

    ## How we know
    The last traceback in that service's own log of this run.

    ## What to change
    What made the exception happen, which the next link says.
    """
    for occurrence in own(log, ended.service):
        raised = raised_in(occurrence)
        if raised is not None and occurrence.traceback is not None and occurrence.error:
            yield Because(raised, evidence_of(occurrence))
            return


@process.rule
def error_before_end(
    ended: ProcessEnded | ProcessRestarted, log: ErrorLog, platform: Platform | None
) -> Iterator[Because]:
    """
    The service says itself why it ends.

    ## What you see
    An error line, without a traceback, as the last that a service logs, or the words of a failure without any severity
    as the very last that it or its shell wrote.

    ## Why it happens
    Many programs catch what is wrong at their start, log one line about it, and exit.

    ## How we know
    The last line of that service's own log of this run that is an error. That it is why the process ended follows from
    their order.

    ## What to change
    What the line says; the next link does where a rule knows it.
    """
    if has_traceback(log, ended.service):
        return
    item = platform.get(ended.service) if platform is not None else None
    last = {line.quote for line in (item.last_lines[:_LAST] if item is not None else ())}
    for occurrence in own(log, ended.service):
        if _killed(ended) and _MEMORY.search(occurrence.text):
            return
        # A script's output gives no severities: there the last line that reads like a failure counts.
        words = occurrence.worded and any(line.quote in last for line in occurrence.evidence)
        if (occurrence.error or words or ended.service == DEPLOYMENT) and not of_platform(occurrence.text):
            text = (f"{occurrence.type}: {occurrence.text}" if occurrence.type else occurrence.text).split("\n", 1)[0]
            yield Because(LastWords(ended.service, text[:300]), evidence_of(occurrence)[:1], strength=Strength.ENTAILED)
            return


@process.rule
def memory_used_up(ended: ProcessEnded, platform: Platform, log: ErrorLog) -> Iterator[Because]:
    """
    The process was ended for want of memory.

    ## What you see
    A process ended by SIGKILL (exit status 137), without a word of its own.

    ## Why it happens
    A container or a machine has a limit of memory, and the kernel ends the process that goes beyond it.

    ## How we know
    The platform says so. Where it does not, SIGKILL and a last line about memory are only consistent with it.

    ## What to change
    Give the service more memory, or let it use less.
    """
    item = platform.get(ended.service)
    if item is None:
        return
    said = item.reason == "out-of-memory" or item.facts.get("oom_killed") or item.facts.get("out_of_memory")
    if said:
        yield Because(OutOfMemory(ended.service), item.evidence[:1])
    elif _killed(ended):
        hints = [found for found in own(log, ended.service) if _MEMORY.search(f"{found.type} {found.text}")]
        if hints:
            evidence = [*item.evidence[:1], *evidence_of(hints[0])[:1]]
            yield Because(OutOfMemory(ended.service), evidence, strength=Strength.CONSISTENT)
