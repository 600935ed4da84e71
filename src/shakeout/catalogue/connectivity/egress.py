"""From an address that does not answer to how the platform lets the service into other networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.connectivity.claims import NoAnswer
from shakeout.catalogue.connectivity.family import View, connectivity
from shakeout.catalogue.connectivity.places import declared_in_repository, shown
from shakeout.evidence.egress import Egress, ServiceEgress, read_egress
from shakeout.evidence.model import Evidence, Locator
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Claim, Layer, Remedy, Strength, claim
from shakeout.why.links import Unknown


@claim(Layer.DECLARATION)
class NoWayToPrivateNetwork(Claim):
    """A service is declared without access to a private network, and the address is in one."""

    service: str
    address: str
    at: Locator
    whole: bool

    def __str__(self) -> str:
        gives = "gives it" if self.whole else "asks for"
        return (
            f"{self.address} is a private address, and the declaration of {self.service} at {self.at} {gives} no way "
            f"into a private network"
        )

    def title(self) -> str:
        return f"{self.service} has no way to the private address {self.address} ({self.at})"

    def why(self) -> str:
        return f"Why does {self.at} give {self.service} no such way?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class AllEgressRouted(Claim):
    """A line sends everything that a service asks for through a private network, also what is public."""

    service: str
    address: str
    at: Locator

    def __str__(self) -> str:
        return (
            f"{self.at} sends everything that {self.service} asks for through a private network, which reaches "
            f"{self.address} only where that network has a NAT"
        )

    def title(self) -> str:
        return f"{self.service} asks {self.address} through a private network ({self.at})"

    def why(self) -> str:
        return f"Why does {self.at} say so?"


def is_private(address: str) -> bool:
    """Whether `host:port` is within a private network by its number, or by a name that only such networks know."""
    host = address.rpartition(":")[0].strip("[]") or address
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host.endswith((".internal", ".local", ".svc"))
    return found.is_private and not found.is_loopback and not found.is_link_local


def without_a_way(state: NoAnswer, egress: Egress, log: ErrorLog) -> ServiceEgress | None:
    """The one declaration of the service that asks for a private address and has no way there."""
    if not is_private(state.address):
        return None
    found = _declared(state, egress, log)
    return found[0] if len(found) == 1 and found[0].way is None else None


def _declared(state: NoAnswer, egress: Egress, log: ErrorLog) -> tuple[ServiceEgress, ...]:
    """The declarations of the one service whose log says that the address does not answer."""
    view = View(log=log)
    owners = {
        item.owner
        for item in log
        if item.origin == "service"
        and (seen := view.logged(item)) is not None
        and seen.host is not None
        and shown(seen.host, seen.port) == state.address
    }
    return egress.of(owners.pop()) if len(owners) == 1 else ()


@connectivity.rule
def no_way_to_private_network(state: NoAnswer, egress: Egress, log: ErrorLog) -> Iterator[Because]:
    """
    The service is declared without a way into the private network.

    ## What you see
    Time limits that are reached only on Cloud Run, at an address such as 10.20.0.3, which answers elsewhere.

    ## Why it happens
    Cloud Run reaches private networks only through a connector or direct VPC egress, which each service asks for.

    ## How we know
    The address is of a private range, and the service's declaration at the deployed commit (Cloud Run's own YAML) has
    neither. A deploy command without such a flag leaves what was set before: then it is a possibility.

    ## What to change
    Give the service a connector or a network: `run.googleapis.com/network-interfaces`, or `--network` and `--subnet`.
    """
    one = without_a_way(state, egress, log)
    if one is None:
        return
    strength = Strength.ENTAILED if one.whole else Strength.CONSISTENT
    fix = Remedy(
        "words", f"give {one.service} a network or a connector at {one.at}, or {state.address} a public address"
    )
    yield Because(
        NoWayToPrivateNetwork(one.service, state.address, one.at, one.whole),
        [*_quoted(egress, one.at, "no network and no connector stands in it"), *_named(state.address, egress)],
        strength=strength,
        fix=fix,
    )


@connectivity.rule
def way_missing_since_commit(missing: NoWayToPrivateNetwork, egress: Egress) -> Iterator[Because | Unknown]:
    """
    A commit left the service without a way, or gave it a private address to ask.

    ## What you see
    Below the service's declaration, the commit after which it asks what it cannot reach.

    ## Why it happens
    The network and the address stand in different places, and one was changed without the other.

    ## How we know
    The history is asked for the newest commit before which the declaration was not there or had a way, and for the
    commit that wrote the line with the address (`git blame`). The younger of both is named.

    ## What to change
    Do the other half of the change.
    """
    repository, service = egress.repository, missing.service

    def lacks(text: str | None) -> bool:
        found = [one for one in read_egress(missing.at.path, text or "") if one.service == service]
        return bool(found) and all(one.way is None for one in found)

    left = repository.change_of(missing.at.path, lacks)
    named = declared_in_repository(missing.address, repository)
    written = repository.origin(named[0][0].path, named[0][0].line or 1) if len(named) == 1 else None
    if left is None or (written is not None and written.boundary):
        yield Unknown("the history of this repository (`git fetch --unshallow`)")
    elif (
        written is not None
        and written.commit.hash != left.hash
        and repository.is_ancestor(left.hash, written.commit.hash)
    ):
        yield Because(
            introduced(written.commit, f"wrote {missing.address} at {named[0][0]}"), [written.commit.evidence()]
        )
    else:
        words = f"left {service} without a way into a private network"
        yield Because(introduced(left, words), [left.evidence()])


@connectivity.rule
def all_egress_routed(state: NoAnswer, egress: Egress, log: ErrorLog) -> Iterator[Because]:
    """
    Everything that the service asks for goes through a private network.

    ## What you see
    Public addresses that do not answer, only from Cloud Run, since a network was given to the service.

    ## Why it happens
    With `all-traffic`, what is public goes through the private network too, which reaches it only where it has a NAT.

    ## How we know
    The address is a public one, and a line of the service's declaration sends all traffic there. Whether the network
    has a NAT stands in no file, so it is a possibility.

    ## What to change
    Give the network a Cloud NAT, or send only private ranges through it (`private-ranges-only`).
    """
    if is_private(state.address):
        return
    found = _declared(state, egress, log)
    if len(found) != 1 or found[0].all_traffic is None:
        return
    at = found[0].all_traffic
    fix = Remedy("words", f"give the network a NAT, or send only private ranges through it at {at}")
    yield Because(
        AllEgressRouted(found[0].service, state.address, at),
        _quoted(egress, at, ""),
        strength=Strength.CONSISTENT,
        fix=fix,
    )


def _quoted(egress: Egress, at: Locator, note: str) -> list[Evidence]:
    found = egress.repository.quote(at.path, at.line or 1, note=note)
    return [found] if found is not None else []


def _named(address: str, egress: Egress) -> list[Evidence]:
    """The line that names the address, where there is one."""
    found = declared_in_repository(address, egress.repository)
    return [found[0][1]] if len(found) == 1 else []
