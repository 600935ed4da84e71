"""Servers that are asked through a socket in the file system, which is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.connectivity.claims import AddressWithoutServer
from shakeout.catalogue.connectivity.family import connectivity
from shakeout.catalogue.connectivity.places import named_in_repository
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Claim, Layer, Remedy, Strength, claim
from shakeout.why.links import Unknown

_PATH = r"(?P<path>/[^\"'\n]{1,300}?)"
_ABSENT = (
    re.compile(rf"\bon socket \"{_PATH}\" failed: No such file or directory"),
    re.compile(rf"\bNo such file or directory\s[^\n]{{0,80}}\n?[^\n]{{0,80}}\bUnix domain socket \"{_PATH}\""),
    re.compile(rf"\blocal (?:MySQL|MariaDB|server)[^\n]{{0,20}} through socket '{_PATH}' \(2\b"),
    re.compile(
        rf"\b(?:connecting to unix socket:|connect ENOENT|dial unix) {_PATH}"
        r"(?=\.? No such file|: connect: no such|[\s,]|$)"
    ),
)  # fmt: skip
_FILE = re.compile(r"/(?:\.s\.PGSQL\.\d{1,5}|[\w.-]{1,100}\.sock)$")
_ENGINE = re.compile(r"/(?:docker|podman|containerd)\.sock$")


@claim(Layer.STATE, actionable=True)
class SocketAbsent(Claim):
    """A server is asked through a socket of the file system that is not there. `place` is its folder."""

    path: str
    place: str

    def __str__(self) -> str:
        return f"there is no socket {self.path} where the program runs"

    def why(self) -> str:
        return f"Why is a socket expected at {self.place}?"


@connectivity.rule
def socket_absent(error: ErrorLogged | ExceptionRaised, log: ErrorLog) -> Iterator[Because]:
    """
    The server's socket is not there.

    ## What you see
    `connection to server on socket "/cloudsql/…/.s.PGSQL.5432" failed: No such file or directory`, or `Can't connect to
    local MySQL server through socket`.

    ## Why it happens
    A socket is a file that the server, or a proxy beside the program, makes. The server runs elsewhere, the proxy is
    not attached to the service, or a library takes its default because no host is set.

    ## How we know
    The library's own words, which name the file.

    ## What to change
    Attach what makes the socket, or set the host of the server; the next link says which line names the path.
    """
    if isinstance(error, ErrorLogged) and error.type is not None:
        return
    occurrence = log.get(error.key)
    text = error.message if isinstance(error, ExceptionRaised) else error.text
    match = next((found for one in _ABSENT if (found := one.search(text[:4000]))), None)
    if occurrence is None or match is None or _ENGINE.search(match["path"]):
        return
    path = match["path"]
    yield Because(SocketAbsent(path, _FILE.sub("", path) or path), occurrence.evidence[:2])


@connectivity.rule
def socket_declared(absent: SocketAbsent, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A line of the repository names the folder of the socket.

    ## What you see
    A path such as `/cloudsql/PROJECT:REGION:INSTANCE` in a connection string.

    ## Why it happens
    The path is right for one platform or one service, and what makes the socket is not there for this one.

    ## How we know
    Exactly one line of the repository, documents and tests aside, names the folder.

    ## What to change
    That line; or attach to the service what makes the socket.
    """
    found = list({str(at): (at, quoted) for at, quoted in named_in_repository(absent.place, repository)
                  if absent.place in quoted.quote}.values())  # fmt: skip
    if len(found) == 1:
        ((at, quoted),) = found
        instance = absent.place.removeprefix("/cloudsql/")
        what = f"the Cloud SQL instance {instance}" if instance != absent.place else "what makes the socket"
        fix = Remedy("words", f"attach {what} to the service, or correct the path at {at}")
        claim = AddressWithoutServer(absent.place, absent.place, at)
        yield Because(claim, [quoted], strength=Strength.ENTAILED, fix=fix)
    elif found:
        places = ", ".join(str(at) for at, _ in found[:4])
        yield Unknown(f"the service's settings, to tell which of these lines names {absent.place}: {places}")
    else:
        yield Unknown(f"the setting that names {absent.place} (no line of the repository does)")
