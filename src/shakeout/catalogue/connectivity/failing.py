"""From what someone notices to the address that cannot be reached."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.connectivity.family import View, connectivity, evidence_of
from shakeout.catalogue.connectivity.seen import seen_by_check
from shakeout.catalogue.connectivity.wording import open_breaker
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.runtime.behind_proxy import ended_upstream
from shakeout.catalogue.runtime.family import EXACT, WINDOW, exceptions_near, near, own
from shakeout.catalogue.symptoms import CheckFailed, ErrorLogged, ServiceNotDeployed
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.platform import Platform
from shakeout.evidence.probes import Probes
from shakeout.logs.errorlog import ErrorLog
from shakeout.logs.platform_words import is_failed_request
from shakeout.why import Because, Strength

_ANSWERED_BADLY = frozenset({502, 503, 504})
_UNAVAILABLE = re.compile(
    r"\b50[234]\b.{0,20}(?:Service Unavailable|Bad Gateway|Gateway Time-?out)|(?:status|code|error)[ :=]{1,3}50[234]\b",
    re.IGNORECASE,
)
_TIMEOUT = re.compile(r"Timeout|timed out", re.IGNORECASE)


@connectivity.rule
def connection_failed_in_check(
    failed: CheckFailed, probes: Probes, log: ErrorLog, declarations: Declarations | None, platform: Platform | None
) -> Iterator[Because]:
    """
    A check could not connect, or a service says that it could not.

    ## What you see
    A check of a database, of analytics or of a service's health fails; others that depend on it fail with it.

    ## Why it happens
    Our own connection fails as the service's does, or the service answers that one of its backing services is down.

    ## How we know
    The check's own facts: which kind of failure, at which address. Where a service says no more than that it is down,
    our own connection to the same backing service. Where a service only answers 502, 503 or 504, the failed
    connections in its own log of this run, as far as they are all to one address.

    ## What to change
    What makes the connection fail, which the next link says.
    """
    probe = probes.get(failed.check)
    if probe is None or open_breaker(failed.detail) is not None:
        return
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    told = seen_by_check(probe)
    for claim in dict.fromkeys(view.claim(seen) for seen in told):
        yield Because(claim, evidence_of([seen for seen in told if view.claim(seen) == claim]) or probe.evidence[:1])
    name = probe.facts.get("backing_service")
    if not told and name is not None and probe.facts.get("reported_status") == "down":
        same = [(claim, seen) for claim, seen in view.everything if seen.name == name and seen.service is None]
        for claim in dict.fromkeys(claim for claim, _ in same):
            evidence = evidence_of([seen for other, seen in same if other == claim])
            yield Because(claim, evidence, strength=Strength.ENTAILED)
    if told or probe.service is None or probe.facts.get("status") not in _ANSWERED_BADLY:
        return
    logged = [
        (view.claim(seen), seen)
        for occurrence in log.of("service", probe.service)
        if occurrence.error and (seen := view.logged(occurrence)) is not None
    ]
    if len({claim for claim, _ in logged}) == 1:
        yield Because(logged[0][0], logged[0][1].evidence, strength=Strength.ENTAILED)


@connectivity.rule
def connection_failed_in_log(
    error: ErrorLogged | ExceptionRaised, log: ErrorLog, declarations: Declarations | None, platform: Platform | None
) -> Iterator[Because]:
    """
    A logged error is a connection that failed.

    ## What you see
    `Connection refused`, `could not translate host name`, `timed out`, `password authentication failed` and their like
    in a service's log, in the words of its library.

    ## Why it happens
    The service asked an address for a connection and did not get one that it can use.

    ## How we know
    The error's type, number or SQLSTATE, or the library's own wording, and the address that stands beside it; where
    none does, the only address to which connections of that service fail in the same way.
    An error that begins in the code (a wrong name, a wrong type) is none, whatever was raised after it.

    ## What to change
    What makes the connection fail, which the next link says.
    """
    if isinstance(error, ErrorLogged) and error.type is not None:
        return
    occurrence = log.get(error.key)
    if occurrence is not None and ended_upstream(occurrence, log) is not None:
        return  # a proxy's word about a service that ended, which its own exception explains
    view = View(log=log, declarations=declarations, platform=platform)
    seen = view.logged(occurrence) if occurrence is not None else None
    if seen is not None:
        found = view.claim(seen)
        # Without an address of its own it is taken for the one connection of the service that fails in this way.
        strength = Strength.ENTAILED if seen.host is None and found.address is not None else Strength.OBSERVED
        yield Because(found, seen.evidence, strength=strength)


@connectivity.rule
def connection_behind_request(
    error: ErrorLogged, log: ErrorLog, declarations: Declarations | None, platform: Platform | None
) -> Iterator[Because]:
    """
    A request failed, and the same service logged beside it which connection did.

    ## What you see
    `"GET /cart HTTP/1.1" 502` in a proxy's access log, beside `connect() failed` in its error log.

    ## Why it happens
    What answers for others can only say 502, 503 or 504 where it does not reach them.

    ## How we know
    The failed connections that the same service logged within seconds of the request are all to one address, and it
    logged no exception with a traceback there.

    ## What to change
    What makes the connection fail, which the next link says.
    """
    occurrence = log.get(error.key)
    if occurrence is None or occurrence.traceback is not None or not is_failed_request(error.text):
        return
    view = View(log=log, declarations=declarations, platform=platform)
    if view.logged(occurrence) is not None or exceptions_near(log, error, WINDOW):
        return
    found = [
        seen
        for other in own(log, error.service)
        if other.error and near(other, occurrence, EXACT) and (seen := view.logged(other)) is not None
    ]
    if len({view.claim(seen) for seen in found}) == 1:
        yield Because(view.claim(found[0]), evidence_of(found), strength=Strength.ENTAILED)


@connectivity.rule
def connection_failed_at_start(
    failed: ServiceNotDeployed, log: ErrorLog, declarations: Declarations | None, platform: Platform | None
) -> Iterator[Because]:
    """
    A service did not start because it could not connect.

    ## What you see
    A service exits, or never says that it is ready; its log says that a connection failed.

    ## Why it happens
    It needs a backing service before it can serve, and does not get it.

    ## How we know
    The last error that the service logged before it ended is a connection that failed; of a service that runs on and
    is not ready, the last such error. Where there is a traceback, the exception itself tells it.

    ## What to change
    What makes the connection fail, which the next link says.
    """
    own = [occurrence for occurrence in log.of("service", failed.service) if not occurrence.system]
    if any(occurrence.traceback is not None for occurrence in own):
        return
    view = View(log=log, declarations=declarations, platform=platform)
    errors = [occurrence for occurrence in own if occurrence.error]
    item = platform.get(failed.service) if platform is not None else None
    if item is None or item.reason != "not-ready":
        errors = errors[-1:]
    found = [seen for occurrence in errors if (seen := view.logged(occurrence)) is not None]
    if found:
        yield Because(view.claim(found[-1]), found[-1].evidence)


@connectivity.rule
def service_unavailable_to_script(
    raised: ExceptionRaised, log: ErrorLog, declarations: Declarations | None, platform: Platform | None
) -> Iterator[Because]:
    """
    A check script got 502, 503 or 504, and a service's log says which connection fails.

    ## What you see
    `HTTP Error 503: Service Unavailable` in the output of the team's own script, and nothing else.

    ## Why it happens
    The service that the script asked could not reach what it needs, and says so only in its own log.

    ## How we know
    All failed connections that any service logged in this run are to one address.

    ## What to change
    What makes that connection fail, which the next link says.
    """
    occurrence = log.get(raised.key)
    if occurrence is None or occurrence.origin != "check" or not _UNAVAILABLE.search(raised.message):
        return
    view = View(log=log, declarations=declarations, platform=platform)
    found = [(fails, seen) for fails, seen in view.everything if seen.service is not None]
    if len({fails for fails, _ in found}) == 1:
        yield Because(found[0][0], evidence_of([seen for _, seen in found]), strength=Strength.ENTAILED)


@connectivity.rule
def service_waits_for_another(
    late: CheckFailed | ExceptionRaised,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because]:
    """
    A service does not answer in time because it waits itself.

    ## What you see
    A service whose health check passes takes too long for a real call, in a check or in the team's own script.

    ## Why it happens
    The call needs something that takes connections and never answers, and waits longer for it than the caller does.

    ## How we know
    One address, and only one, was seen not to answer in this run, by our own connection or in a service's log.

    ## What to change
    What does not answer, which the next link says; and let the service wait less long than its callers.
    """
    if isinstance(late, CheckFailed):
        probe = probes.get(late.check) if probes is not None else None
        if probe is None or probe.facts.get("kind") != "no-answer" or seen_by_check(probe):
            return
    else:
        occurrence = log.get(late.key)
        if occurrence is None or occurrence.origin != "check" or not _TIMEOUT.search(f"{late.type}: {late.message}"):
            return
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = [(fails, seen) for fails, seen in view.everything if seen.kind == "no-answer"]
    if len({fails for fails, _ in found}) == 1:
        yield Because(found[0][0], evidence_of([seen for _, seen in found]), strength=Strength.ENTAILED)
