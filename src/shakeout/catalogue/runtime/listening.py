"""Services that never become ready because their image starts them where the platform does not ask."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise

from shakeout.catalogue.process.claims import HostFixed, PortFixed
from shakeout.catalogue.runtime.ended import NeverReady
from shakeout.catalogue.runtime.family import own, runtime
from shakeout.evidence.build_context import BuildContext, Image
from shakeout.evidence.model import Evidence, Locator
from shakeout.logs.errorlog import ErrorLog
from shakeout.logs.platform_words import NOT_READY
from shakeout.why import Because, Remedy, Strength

_ASKED = re.compile(r"\bon port (?P<port>\d{2,5})\b|\bPORT=(?P<given>\d{2,5})\b|:(?P<url>\d{2,5})/\S{0,200}\"?: ")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BOUND = re.compile(r"(?P<host>[\w.-]{1,253}|\[[0-9a-fA-F:]{2,45}\])?:(?P<port>\d{2,5})")
_HOSTS = frozenset({"--host", "-h", "--hostname", "--listen-host", "-H"})
_PORTS = frozenset({"--port", "-p"})
_BINDS = frozenset({"-b", "--bind", "runserver", "--listen", "--http", "--address"})


@runtime.rule
def started_where_nothing_asks(silent: NeverReady, build: BuildContext, log: ErrorLog) -> Iterator[Because]:
    """
    The image starts the service at an address or a port at which the platform does not ask.

    ## What you see
    A startup probe that fails, `failed to start and listen on the port`, and no error of the program itself, which says
    that it is running.

    ## Why it happens
    `127.0.0.1` is the container itself: nobody outside reaches it. Or the command decides on a port of its own, while
    the platform asks at another.

    ## How we know
    The command of the service's Dockerfile names the address, or a port other than the one in the platform's own line.
    The service logged no error of its own.

    ## What to change
    Listen at `0.0.0.0`, on the port in `PORT`.
    """
    service = silent.service or "the service"
    if any(item.error and item.traceback is not None for item in own(log, silent.service)):
        return
    image = _image(build, silent.service)
    probes = [item for item in log.of("service", silent.service) if NOT_READY.search(item.text)]
    asked = {found for item in probes if (found := _asked(item.text)) is not None}
    if image is None or image.dockerfile is None or not probes:
        return
    for instruction in image.dockerfile.start:
        host, port = _listens(instruction.text)
        at = Locator(source="file", path=image.dockerfile.path, line=instruction.line, commit=build.repository.commit)
        quoted = build.repository.quote(at.path, instruction.line)
        evidence: list[Evidence] = [*([quoted] if quoted is not None else []), *probes[0].evidence[:1]]
        if host in _LOOPBACK:
            fix = Remedy("words", f"listen at 0.0.0.0 instead of {host} at {at}")
            yield Because(HostFixed(service, host, at), evidence, strength=Strength.ENTAILED, fix=fix)
        elif port is not None and len(asked) == 1 and port not in asked:
            fix = Remedy("words", f"listen on the port in PORT instead of {port} at {at}")
            yield Because(PortFixed(service, port, at), evidence, strength=Strength.ENTAILED, fix=fix)


def _image(build: BuildContext, service: str | None) -> Image | None:
    """The image of a service: the only one, or the only one that is called after it."""
    images = [image for image in build.images if image.dockerfile is not None]
    named = [image for image in images if service and image.name == service]
    chosen = named or images
    return chosen[0] if len(chosen) == 1 else None


def _asked(text: str) -> int | None:
    match = _ASKED.search(text)
    return int(next(value for value in match.groups() if value)) if match is not None else None


def _listens(command: str) -> tuple[str | None, int | None]:
    """The host and the port that a command names literally, as far as it does."""
    try:
        words = shlex.split(re.sub(r"[\[\],]", " ", command) if command.lstrip().startswith("[") else command)
    except ValueError:
        return None, None
    pairs = [(word.partition("=")[0], word.partition("=")[2]) for word in words]
    pairs += list(pairwise(words))
    host = next((value for name, value in pairs if name in _HOSTS and value), None)
    port = next((int(value) for name, value in pairs if name in _PORTS and value.isdigit()), None)
    for name, value in pairs:
        bound = _BOUND.fullmatch(value) if name in _BINDS else None
        if bound is not None:
            return (bound["host"] or "").strip("[]") or host, int(bound["port"])
    return host, port
