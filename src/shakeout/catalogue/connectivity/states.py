"""From connections that fail to what is true of the address."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.connectivity.claims import (
    AnotherServer,
    CertificateRefused,
    ConnectionsFail,
    ConnectionsUsedUp,
    CredentialsRefused,
    DatabaseMissing,
    NameUnknown,
    NoAnswer,
    NothingListens,
    SchemesDiffer,
    StillStarting,
)
from shakeout.catalogue.connectivity.family import View, connectivity, evidence_of
from shakeout.catalogue.connectivity.places import is_address
from shakeout.catalogue.connectivity.wording import certificate_fault
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.platform import Platform
from shakeout.evidence.probes import Probes
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, RuledOut

_ANSWERS = ("wrong-credentials", "database-missing", "starting", "too-many-connections", "not-the-service")
"""Kinds that only a server which is there can give as its answer."""


@connectivity.rule
def nothing_listens(
    fails: ConnectionsFail,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    Nothing listens at the address: the machine refuses the connection.

    ## What you see
    `ECONNREFUSED`, `Connection refused`, `[Errno 111]`, `dial tcp …: connect: connection refused`.

    ## Why it happens
    The server is not there, has ended, or listens on another port or only on another address of its machine.

    ## How we know
    The machine itself answered, at once. So its name is known and the way to it is open; those causes are ruled out.

    ## What to change
    Provide the server, or correct the address; the next link says which line names it.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = view.seen(fails, "refused")
    if not found or fails.address is None:
        return
    evidence = evidence_of(found)
    yield Because(NothingListens(fails.target, fails.address), evidence)
    host = fails.address.rpartition(":")[0]
    if not is_address(host.strip("[]")):
        yield RuledOut(f"the name {host} has no address", evidence[:1])
    yield RuledOut(f"{fails.address} is there and slow", evidence[:1])
    ours = [seen for seen in found if seen.service is None]
    theirs = [seen for seen in found if seen.service is not None]
    if ours and theirs:
        yield RuledOut(f"only {theirs[0].service} is cut off from {fails.address}", evidence_of(ours, 1))


@connectivity.rule
def unknown_host(
    fails: ConnectionsFail,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    The host's name has no address.

    ## What you see
    `getaddrinfo ENOTFOUND`, `Name or service not known`, `could not translate host name`, `no such host`.

    ## Why it happens
    The name is misspelt, belongs to another network (a Compose or Kubernetes name, used outside of it), or its record
    is gone.

    ## How we know
    The resolver said so; no connection was even tried, so nothing can be said of the server.

    ## What to change
    The name, or the record; the next link says which line has the name.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = view.seen(fails, "unknown-host")
    if found and fails.address is not None:
        host = next((seen.host for seen in found if seen.host), None) or fails.address.rpartition(":")[0]
        yield Because(NameUnknown(fails.target, fails.address, host), evidence_of(found))
        yield RuledOut(f"{fails.target or fails.address} refuses connections or is slow", evidence_of(found, 1))


@connectivity.rule
def no_answer(
    fails: ConnectionsFail,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    Nothing comes back from the address in time.

    ## What you see
    `ETIMEDOUT`, `i/o timeout`, `ConnectTimeout`, `No route to host`; each call takes as long as its time limit.

    ## Why it happens
    A firewall drops what is sent, the address is of another network, or a process takes connections and never answers.

    ## How we know
    The time limit was reached; the answer was neither a refusal nor an error of the server.

    ## What to change
    The way to the server, or the address.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = view.seen(fails, "no-answer", "unreachable")
    if not found or fails.address is None or view.seen(fails, "refused", "unknown-host", *_ANSWERS):
        return
    yield Because(NoAnswer(fails.target, fails.address), evidence_of(found))
    item = view.item(fails.target)
    if item is not None and item.state == "running" and item.evidence:
        yield RuledOut(f"nothing listens at {fails.address}", item.evidence[:1])


@connectivity.rule
def certificate_refused(
    fails: ConnectionsFail,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    The server's certificate is not accepted.

    ## What you see
    `CERTIFICATE_VERIFY_FAILED`, `x509: certificate signed by unknown authority`, `CERT_HAS_EXPIRED`, `PKIX path`.

    ## Why it happens
    It has expired, is for another name, is signed by itself, or its issuer is not in the list of those trusted here.

    ## How we know
    The library's own reason; the connection came as far as the certificate, so the server is there and speaks TLS.

    ## What to change
    Renew the certificate, use the name that it is for, or trust its issuer. Never switch the check off.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = view.seen(fails, "tls")
    if found and fails.address is not None:
        fault = certificate_fault(" ".join(seen.text for seen in found))
        fix = Remedy("words", f"correct the certificate of {fails.address} ({fault}), or trust its issuer")
        yield Because(CertificateRefused(fails.target, fails.address, fault), evidence_of(found), fix=fix)
        yield RuledOut(f"nothing listens at {fails.address}", evidence_of(found, 1))


@connectivity.rule
def schemes_differ(
    fails: ConnectionsFail,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    One side speaks TLS and the other plain text.

    ## What you see
    `WRONG_VERSION_NUMBER`, `server gave HTTP response to HTTPS client`, `server does not support SSL`.

    ## Why it happens
    The address says `https` for a server without TLS, or `http` for one with it; often a port was changed and the
    scheme was not.

    ## How we know
    OpenSSL's reason code, or the server's own words. The server answered, so it is there.

    ## What to change
    The scheme of the address; the next link has the line.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = view.seen(fails, "wrong-scheme")
    if found and fails.address is not None:
        yield Because(SchemesDiffer(fails.target, fails.address), evidence_of(found))
        yield RuledOut(f"nothing listens at {fails.address}", evidence_of(found, 1))


@connectivity.rule
def credentials_refused(
    fails: ConnectionsFail,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    The server does not accept the user or the password.

    ## What you see
    SQLSTATE 28P01 or 28000, ClickHouse's codes 192 to 194 and 516, Redis's `NOAUTH` and `WRONGPASS`.

    ## Why it happens
    The password was changed on one side only, or the address has the credentials of another environment.

    ## How we know
    The server's own code. It answered, so it is there and its name is known.

    ## What to change
    The user and password where they are declared, or at the server.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = view.seen(fails, "wrong-credentials")
    if found:
        where = fails.address or fails.target or "the server"
        fix = Remedy("words", f"make the credentials for {where} and those that it accepts the same")
        yield Because(CredentialsRefused(fails.target, fails.address), evidence_of(found), fix=fix)
        yield RuledOut(f"nothing listens at {where}", evidence_of(found, 1))


@connectivity.rule
def database_missing(
    fails: ConnectionsFail,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    The server has no database of that name, or the file is not there and cannot be made.

    ## What you see
    SQLSTATE 3D000, ClickHouse's code 81, `Unknown database`, SQLite's `unable to open database file`.

    ## Why it happens
    The name is wrong, the database was never made in this environment, or the file's folder is not there.

    ## How we know
    The server's own code, which it gives after it accepted the user; or the file system's answer.

    ## What to change
    Make the database, or correct its name where it is declared.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = view.seen(fails, "database-missing", "file-missing")
    if not found:
        return
    database = next((seen.database for seen in found if seen.database), None)
    yield Because(DatabaseMissing(fails.target, fails.address, database), evidence_of(found))
    if view.seen(fails, "database-missing"):
        yield RuledOut(f"nothing listens at {fails.address or 'the address'}", evidence_of(found, 1))


@connectivity.rule
def another_server_answers(
    fails: ConnectionsFail,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    What answers at the address is another server.

    ## What you see
    An answer that the library cannot read, or an HTTP answer of something else, on every call.

    ## Why it happens
    The port is that of another server: of another protocol of the same product, or of another service.

    ## How we know
    The answer came, and it is not one that this kind of server gives.

    ## What to change
    The port in the address.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = view.seen(fails, "not-the-service")
    if found and fails.address is not None:
        yield Because(AnotherServer(fails.target, fails.address), evidence_of(found))
        yield RuledOut(f"nothing listens at {fails.address}", evidence_of(found, 1))


@connectivity.rule
def still_starting(
    fails: ConnectionsFail,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    The server was asked before it was ready.

    ## What you see
    SQLSTATE 57P03 (`the database system is starting up`), Redis's `LOADING`.

    ## Why it happens
    It starts, replays its log or loads its data, and whoever needs it does not wait.

    ## How we know
    The server's own code; it answered, so it is there.

    ## What to change
    Wait until it is ready before the services that need it are started, and try again with growing pauses.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = view.seen(fails, "starting")
    if found:
        where = fails.target or fails.address or "the server"
        fix = Remedy("words", f"wait until {where} is ready before what needs it is started, and retry with pauses")
        yield Because(StillStarting(fails.target, fails.address), evidence_of(found), fix=fix)
        yield RuledOut(f"there is no {where}", evidence_of(found, 1))


@connectivity.rule
def connections_used_up(
    fails: ConnectionsFail,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    The server takes no more connections.

    ## What you see
    SQLSTATE 53300 (`too many clients already`), `max number of clients reached`.

    ## Why it happens
    The pools of all instances together are larger than the server's limit, or connections are not given back.

    ## How we know
    The server's own code; it answered, so it is there.

    ## What to change
    Make instances times pool size smaller than the limit, or put a pooler in between.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = view.seen(fails, "too-many-connections")
    if found:
        where = fails.target or fails.address or "the server"
        fix = Remedy("words", f"make instances times pool size smaller than the connection limit of {where}")
        yield Because(ConnectionsUsedUp(fails.target, fails.address), evidence_of(found), fix=fix)
        yield RuledOut(f"there is no {where}", evidence_of(found, 1))
