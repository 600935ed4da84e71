"""The platform's memory limit."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.exceptions import evidence_of
from shakeout.catalogue.runtime.family import runtime
from shakeout.catalogue.server_errors import logged_while_asked
from shakeout.catalogue.symptoms import CheckFailed, ErrorLogged
from shakeout.evidence.memory_limits import MemoryLimits, kibibytes
from shakeout.evidence.model import Locator
from shakeout.evidence.probes import Probes
from shakeout.logs.errorlog import ErrorLog
from shakeout.logs.platform_words import LIMIT
from shakeout.why import Because, Claim, Layer, Remedy, Strength, claim


@claim(Layer.STATE, actionable=True)
class MemoryLimitExceeded(Claim):
    """A service used more memory than its platform allows, and was ended for it. `limit` is as the platform says it."""

    service: str | None
    limit: str | None

    def __str__(self) -> str:
        limit = f" of {self.limit}" if self.limit else ""
        return f"{self.service or 'the service'} uses more memory than its limit{limit}"

    def why(self) -> str:
        return f"Why does {self.service or 'the service'} have that memory limit?"


@claim(Layer.DECLARATION)
class MemoryLimitDeclared(Claim):
    """A line of the repository declares the memory limit that was exceeded."""

    service: str | None
    limit: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} limits {self.service or 'the service'} to {self.limit}"

    def why(self) -> str:
        return f"Why does {self.at} say so?"


@runtime.rule
def memory_limit_exceeded(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    The service used more memory than its platform allows.

    ## What you see
    `Memory limit of 512 MiB exceeded with 530 MiB used`, `OOMKilled`, requests that break off.

    ## Why it happens
    A container that goes beyond its limit is ended by the kernel, without a word of its own.

    ## How we know
    The platform says so itself. An exit status 137 alone is not taken for it.

    ## What to change
    Give the service more memory, or let it use less.
    """
    occurrence = log.get(error.key)
    found = LIMIT.search(error.text)
    if occurrence is None or found is None or occurrence.traceback is not None:
        return
    limit = f"{found['limit']} {found['unit']}" if found["limit"] else None
    yield Because(MemoryLimitExceeded(error.service, limit), evidence_of(occurrence))


@runtime.rule
def memory_limit_behind_check(failed: CheckFailed, probes: Probes, log: ErrorLog) -> Iterator[Because]:
    """
    The check was answered with a server error while the service went beyond its memory.

    ## What you see
    `503`, or another server error without a word of the service, and a line of the platform about a memory limit.

    ## Why it happens
    The platform ends the instance, and with it every request that it answers just then; the next one waits for a new
    instance.

    ## How we know
    The platform says of the same service that the limit was exceeded, while the check was asked, by the times of both.
    That the one follows from the other is how the platform works, so the link is entailed, not observed.

    ## What to change
    Give the service more memory, or let it use less.
    """
    for probe, service, item in logged_while_asked(failed.check, probes, log):
        found = LIMIT.search(item.text)
        if found is not None and item.traceback is None:
            claim = MemoryLimitExceeded(service, f"{found['limit']} {found['unit']}" if found["limit"] else None)
            yield Because(claim, [*evidence_of(item)[:1], *probe.evidence[:1]], strength=Strength.ENTAILED)
            return


@runtime.rule
def memory_limit_declared(exceeded: MemoryLimitExceeded, limits: MemoryLimits) -> Iterator[Because]:
    """
    A line of the repository declares that limit.

    ## What you see
    A memory limit in a service's YAML, a manifest or a deploy command.

    ## Why it happens
    The limit was chosen for less than the service needs now.

    ## How we know
    The tree at the deployed commit has exactly one setting of that very size for memory which stands under the
    service's name (or under none, in a file that names the service).

    ## What to change
    Raise the limit on that line.
    """
    if exceeded.limit is None:
        return
    places = limits.of(exceeded.service, kibibytes(*exceeded.limit.split(" ", 1)))
    if len(places) != 1:
        return
    at = places[0].at
    quoted = limits.repository.quote(at.path, at.line or 1)
    if quoted is not None:
        words = Remedy("words", f"raise the memory limit at {at}, or let {exceeded.service or 'the service'} use less")
        yield Because(
            MemoryLimitDeclared(exceeded.service, exceeded.limit, at), [quoted], strength=Strength.ENTAILED, fix=words
        )
