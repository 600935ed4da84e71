"""From the state of an address to the line that names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from shakeout.catalogue.connectivity.claims import (
    AddressWithoutServer,
    AnotherServer,
    CertificateExpected,
    CertificateRefused,
    ConnectionsFail,
    CredentialsRefused,
    DatabaseMissing,
    NameUnknown,
    NoAnswer,
    NothingListens,
    NotProvisioned,
    PrivateAddress,
    RunsElsewhere,
    SchemesDiffer,
    SilentAddressDeclared,
    UndeclaredAddress,
    UnknownNameDeclared,
    WrongAddressDeclared,
    WrongCredentialsDeclared,
    WrongDatabaseDeclared,
    WrongSchemeDeclared,
)
from shakeout.catalogue.connectivity.egress import is_private, without_a_way
from shakeout.catalogue.connectivity.family import View, connectivity
from shakeout.catalogue.connectivity.places import (
    Place,
    declared_in_repository,
    in_release,
    named_in_repository,
    same_address,
    with_port,
)
from shakeout.catalogue.connectivity.remedies import other_scheme, replace_address, switch_off
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.egress import Egress
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.evidence.probes import Probes
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Claim, Remedy, Strength
from shakeout.why.links import Unknown

AddressState = (
    NothingListens
    | NameUnknown
    | NoAnswer
    | NotProvisioned
    | RunsElsewhere
    | SchemesDiffer
    | CertificateRefused
    | CredentialsRefused
    | DatabaseMissing
    | AnotherServer
)


def _absent(target: str | None, address: str, view: View) -> tuple[Evidence, ...]:
    """The inventory's line that says that there is no such backing service; empty where it says something else."""
    item = view.item(target)
    if item is not None and item.kind != "service" and item.state == "absent":
        return item.evidence[:1]
    return ()


def _elsewhere(target: str | None, address: str | None, view: View) -> tuple[str, PlatformItem] | None:
    """(the address at which the target really is, what the platform says of it) where that is another one."""
    item = view.item(target)
    if item is None or item.state != "running" or address is None or not item.evidence:
        return None
    actual = item.listening if item.kind == "service" else ((item.address,) if item.address else ())
    if not actual or any(same_address(address, one) for one in actual):
        return None
    return actual[0], item


@connectivity.rule
def runs_elsewhere(
    state: ConnectionsFail | NothingListens | NoAnswer | AnotherServer,
    log: ErrorLog,
    platform: Platform,
    declarations: Declarations | None,
    probes: Probes | None,
) -> Iterator[Because]:
    """
    What is looked for runs in this environment, at another address.

    ## What you see
    One service cannot reach another that is well, as its own health check shows.

    ## Why it happens
    An address is written down instead of being taken from the one place that knows it, and one of the two changed.

    ## How we know
    The platform's inventory says where it listens, and that is not where it is looked for.

    ## What to change
    Take the address from the manifest's reference (`${services.NAME.url}`, `${backing.NAME.url}`).
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    if isinstance(state, ConnectionsFail) and {seen.kind for seen in view.seen(state)} - {"not-reached", "reset"}:
        return
    found = _elsewhere(state.target, state.address, view)
    if found is not None and state.target is not None and state.address is not None:
        yield Because(RunsElsewhere(state.target, state.address, found[0]), found[1].evidence[:1])


@connectivity.rule
def not_provisioned(
    state: NothingListens | NoAnswer,
    platform: Platform | None,
    log: ErrorLog,
    declarations: Declarations | None,
) -> Iterator[Because | Unknown]:
    """
    The environment has no such backing service.

    ## What you see
    A backing service that is there in one environment and not in another.

    ## Why it happens
    The code began to need it, and nobody set it up where the code now runs.

    ## How we know
    The target's inventory, which lists each backing service of the manifest with what it found at its address.

    ## What to change
    Provide it, or switch it off for this environment.
    """
    if platform is None:
        if state.target is None:
            yield Unknown(Platform.described_as)
        return
    view = View(log=log, declarations=declarations, platform=platform)
    found = _absent(state.target, state.address, view)
    if found and state.target is not None:
        yield Because(NotProvisioned(state.target, platform.environment, state.address), found)


@connectivity.rule
def private_address(state: NoAnswer, platform: Platform) -> Iterator[Because]:
    """
    The address is private, and the platform may have no way to it.

    ## What you see
    Time limits that are reached only in the cloud, at an address such as 10.0.0.5.

    ## Why it happens
    Serverless platforms reach private networks only through a connector or direct network access.

    ## How we know
    The address is of a private range and the target is such a platform. That is a possibility, not a proof.

    ## What to change
    Give the service access to that network, or the server a public address with TLS.
    """
    listing = platform.listing()
    if is_private(state.address) and platform.target in {"cloud-run", "command"} and listing is not None:
        yield Because(
            PrivateAddress(state.target, state.address, platform.target), [listing], strength=Strength.CONSISTENT
        )


@connectivity.rule
def declared_address(
    state: AddressState,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
    repository: Repository | None,
    egress: Egress | None,
) -> Iterator[Because | Unknown]:
    """
    A line declares the address.

    ## What you see
    An address in an error, and the question who says so.

    ## Why it happens
    Addresses are configuration: of a backing service in the manifest, of a service's variable, or a default in the
    code.

    ## How we know
    The manifest's setting whose value is that address, with its line; without a manifest, the only line of the
    repository (without tests and documents) that names it. Where the log has only the IP address of a host, the only
    line with a URL of that port is a possibility. Where it names a missing database and no address, the only line that
    names that database.

    ## What to change
    That line; or provide what it names.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    if isinstance(state, NothingListens | NoAnswer | AnotherServer):
        deeper = _elsewhere(state.target, state.address, view)
        if deeper or (not isinstance(state, AnotherServer) and _absent(state.target, state.address, view)):
            return
    place = view.place(state.target, state.address)
    if egress is not None and isinstance(state, NoAnswer):
        cut_off = without_a_way(state, egress, log)
        if cut_off is not None and cut_off.whole:
            return
    # A line that refers to a service says its scheme, user and database, and not where it is; but it says which one.
    whereabouts = isinstance(state, NothingListens | NameUnknown | NoAnswer)
    there = in_release(state.address, place, platform) if whereabouts else None
    meant = place.target if place is not None else state.target
    known = {*declarations.services, *declarations.backing_services} if declarations is not None else set()
    if there is not None and (meant not in known or meant == there.name):
        yield Unknown(f"a look at {state.address} itself: the release (or `--url`) has {there.name} there, no line has")
        return
    if place is not None and declarations is not None and _is_of_another(place, state.target, declarations):
        return
    if place is not None and declarations is not None and place.setting.at is not None:
        quoted = declarations.quote(place.setting.at)
        if quoted is not None:
            claim = _claim(state, place.target, place.address, place.setting.at, place.scheme, view)
            if isinstance(claim, WrongCredentialsDeclared) and _none_supplied(state, view):
                claim = replace(claim, password=place.has_password)
            yield Because(claim, [quoted], fixes=_fixes(state, place, declarations, repository))
        return
    if state.address is None:
        if isinstance(state, DatabaseMissing) and state.database and repository is not None:
            named = _naming(state.database, repository)
            if len(named) == 1:
                at, quoted = named[0]
                fix = Remedy("words", f"make the database {state.database}, or correct its name at {at}")
                claim = WrongDatabaseDeclared(state.target or "the database", state.database, at)
                yield Because(claim, [quoted], strength=Strength.ENTAILED, fix=fix)
                return
        yield Unknown("the address that the service connects to (its own log says none)")
        return
    if repository is not None:
        # What the manifest has in effect was looked at above: another line of it holds for another environment.
        manifest = declarations.path if declarations is not None else None
        named = [found for found in declared_in_repository(state.address, repository) if found[0].path != manifest]
        resolved = with_port(state.address, repository) if not named else ()
        resolved = tuple(found for found in resolved if found[0].path != manifest)
        if len(resolved) == 1:
            at, quoted, address = resolved[0]
            claim = _claim(state, state.target or address, address, at, "", view)
            fix = Remedy("words", f"provide what is expected at {address}, or correct it at {at}")
            yield Because(claim, [quoted], strength=Strength.CONSISTENT, fix=fix)
            return
        if len(named) == 1:
            at, quoted = named[0]
            claim = _claim(state, state.target or state.address, state.address, at, "", view)
            fix = Remedy("words", f"provide what is expected at {state.address}, or correct it at {at}")
            yield Because(claim, [quoted], strength=Strength.ENTAILED, fix=fix)
            return
        if named:
            places = ", ".join(str(at) for at, _ in named[:4])
            yield Unknown(f"the environment's settings, to tell which of these lines names {state.address}: {places}")
            return
    if declarations is None:
        yield Unknown("the environment's settings (`shakeout verify`, or the repository that declares them)")


@connectivity.rule
def undeclared_address(
    state: NothingListens | NameUnknown,
    declarations: Declarations,
    platform: Platform | None,
    repository: Repository,
    log: ErrorLog,
) -> Iterator[Because | Unknown]:
    """
    Nothing declares the address: it comes from a default.

    ## What you see
    An address such as localhost:6379 in an error, and in no setting of the environment.

    ## Why it happens
    A library or a framework has a default, and the setting that should replace it is missing in this environment.

    ## How we know
    Neither the manifest's settings for this environment nor a line of the repository names the address.

    ## What to change
    Declare the backing service and its address for this environment.
    """
    view = View(log=log, declarations=declarations, platform=platform)
    if in_release(state.address, None, platform) is not None:
        return
    if view.place(state.target, state.address) is not None or list(named_in_repository(state.address, repository)):
        return
    secret = next(
        (
            setting
            for item in declarations.services.values()
            for setting in item.settings.values()
            if _is_secret_url(setting.name)
        ),
        None,
    )
    if secret is not None:
        yield Unknown(f"the value of the secret that {secret.at} gives, which may be this address")
        return
    quoted = declarations.quote(declarations.environment_at) or next(
        (found for item in declarations.services.values() if (found := declarations.quote(item.at))), None
    )
    if quoted is None:
        return
    fix = Remedy(
        "words", f"declare {state.address}, or what replaces it, for the environment {declarations.environment}"
    )
    yield Because(
        UndeclaredAddress(state.target, state.address, declarations.environment),
        [Evidence(kind=quoted.kind, locator=quoted.locator, quote=quoted.quote, note="no setting names the address")],
        strength=Strength.ENTAILED,
        fix=fix,
    )


def _none_supplied(state: AddressState, view: View) -> bool:
    """Whether the server asked for a password and got none."""
    found = view.seen(ConnectionsFail(state.target, state.address), "wrong-credentials")
    return any("no password supplied" in seen.text for seen in found)


def _naming(database: str, repository: Repository) -> list[tuple[Locator, Evidence]]:
    """The lines that have a database's name as a whole value or as the end of a URL."""
    word = re.compile(rf"(?:^|[\"'`=:/\s])({re.escape(database)})(?:[\"'`?;,\s]|$)")
    return [(at, quoted) for at, quoted in named_in_repository(database, repository) if word.search(quoted.quote)]


def _is_secret_url(name: str) -> bool:
    return name.startswith("secrets.") and name.upper().endswith(("URL", "URI", "DSN", "ADDRESS"))


def _is_of_another(place: Place, target: str | None, declarations: Declarations) -> bool:
    """Whether the address is declared for another part of the application, which is rightly there."""
    known = {*declarations.services, *declarations.backing_services}
    return place.target != target and {place.target, target} <= known


def _claim(state: Claim, target: str, address: str, at: Locator, scheme: str, view: View) -> Claim:
    """The claim about the line, by what is wrong with what it names."""
    match state:
        case NameUnknown():
            return UnknownNameDeclared(target, state.host, at)
        case NoAnswer():
            return SilentAddressDeclared(target, address, at)
        case RunsElsewhere() | AnotherServer():
            return WrongAddressDeclared(target, address, at)
        case SchemesDiffer():
            return WrongSchemeDeclared(target, scheme or "a scheme", address, at)
        case CertificateRefused():
            return CertificateExpected(target, address, state.fault, at)
        case CredentialsRefused():
            return WrongCredentialsDeclared(target, address, at)
        case DatabaseMissing():
            return WrongDatabaseDeclared(target, state.database or address, at)
        case _:
            return AddressWithoutServer(target, address, at)


def _fixes(state: Claim, place: Place, declarations: Declarations, repository: Repository | None) -> list[Remedy]:
    """What may be done about a declared address, the usual way first."""
    off = switch_off(place, declarations, repository)
    at = place.setting.at
    environment = declarations.environment
    match state:
        case RunsElsewhere():
            part = "services" if place.target in declarations.services else "backing"
            new = f"${{{part}.{place.target}.url}}"
            summary = f"take the address of {place.target} from {new} at {at}"
            return [replace_address(place, new, summary, repository)]
        case SchemesDiffer():
            return [other_scheme(place, repository)]
        case DatabaseMissing():
            named = state.database or place.address
            return [Remedy("words", f"make the database {named}, or correct its name at {at}")]
        case NameUnknown():
            words = f"name a host at {at} that the environment {environment} knows"
        case AnotherServer():
            words = f"correct the port at {at}"
        case CredentialsRefused() | CertificateRefused():
            return []
        case _:
            words = f"provide {place.target} at {place.address} in the environment {environment}"
            if off is not None:
                words += ", or switch it off there"
    return [Remedy("words", words), *([off] if off is not None else [])]
