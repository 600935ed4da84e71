"""Addresses and limits that a container is run with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.container.claims import MemoryLimitSet
from shakeout.catalogue.container.family import at_line, container, dockerfile_of, quoted_line
from shakeout.catalogue.process.claims import HostFixed, ListensElsewhere, OutOfMemory, PortFixed
from shakeout.catalogue.process.family import manifest_patch
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.image import Images
from shakeout.evidence.patches import unified, with_line
from shakeout.evidence.platform import Platform
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy

_PARTS = re.compile(r"\[?(?P<host>[^\]]*?)\]?:(?P<port>\d{1,5})")
_LOOPBACK = {"127.0.0.1": ("127.0.0.1", "localhost"), "::1": ("::1", "localhost")}
_EVERYWHERE = frozenset({"0.0.0.0", "::", "*", ""})
_MEMORY = re.compile(r"memory: *[\"']?(?P<size>(?P<number>\d+(?:\.\d+)?) *(?P<unit>[KMGTkmgt]?i?[bB]?))")


@container.rule
def address_fixed_by_image(
    elsewhere: ListensElsewhere, platform: Platform, images: Images, repository: Repository
) -> Iterator[Because]:
    """
    The Dockerfile decides on the address at which the program listens.

    ## What you see
    A container that runs, says that it is up, and that nobody reaches: it listens on 127.0.0.1, or at another port.

    ## Why it happens
    `CMD` or `ENV` names an address that is right on a developer's machine; within a container, 127.0.0.1 is the
    container alone.

    ## How we know
    The sockets that were seen in the container's own network, and the line of the Dockerfile with that address.

    ## What to change
    Listen on 0.0.0.0, at the port that `PORT` says.
    """
    item = platform.get(elsewhere.service)
    dockerfile = dockerfile_of(images.of(elsewhere.service), repository)
    expected = item.facts.get("port") if item is not None else None
    if item is None or dockerfile is None:
        return
    rows = repository.lines(dockerfile.path)
    lines = [one.line for one in dockerfile.start]
    lines += [line for stage in dockerfile.chain for _, line in stage.settings.values()]
    for address in elsewhere.addresses:
        parts = _PARTS.fullmatch(address)
        if parts is None:
            continue
        host, port = parts["host"], int(parts["port"])
        wanted = (str(port), str(expected)) if port != expected else None
        if wanted is None and host in _EVERYWHERE:
            continue
        for word in (wanted[0],) if wanted else _LOOPBACK.get(host, (host,)):
            pattern = re.compile(rf"(?<![\w.]){re.escape(word)}(?![\w.])")
            line = next((one for one in lines if pattern.search(rows[one - 1])), None)
            if line is None:
                continue
            at = at_line(dockerfile, line, repository)
            text = repository.text(dockerfile.path) or ""
            right = wanted[1] if wanted else "0.0.0.0"
            patch = unified(dockerfile.path, text, with_line(text, line, pattern.sub(right, rows[line - 1])))
            claim = PortFixed(elsewhere.service, port, at) if wanted else HostFixed(elsewhere.service, host, at)
            fix = Remedy("patch", f"listen at {right}: {at}", patch=patch)
            yield Because(claim, [*item.evidence[:1], *quoted_line(at, repository)], fix=fix)
            return


@container.rule
def memory_limit_set(spent: OutOfMemory, platform: Platform, declarations: Declarations) -> Iterator[Because]:
    """
    The manifest gives the service less memory than it needs.

    ## What you see
    A container that the kernel ends, again and again, without a word of its own.

    ## Why it happens
    The limit was chosen for less than the service does by now, or for another service.

    ## How we know
    The engine, or the kernel's own log, says that the limit was reached; the manifest's line has that limit.

    ## What to change
    Raise the limit, or let the service use less.
    """
    item = platform.get(spent.service)
    declared = declarations.services.get(spent.service)
    setting = declared.settings.get("options.memory") if declared is not None else None
    if item is None or setting is None or setting.at is None or setting.at.line is None:
        return
    row = declarations.lines[setting.at.line - 1] if setting.at.line <= len(declarations.lines) else ""
    match = _MEMORY.search(row)
    if match is None:
        return
    quote = declarations.quote(setting.at)
    doubled = f"{float(match['number']) * 4:g}{match['unit']}"
    fix = manifest_patch(
        declarations, setting.at, f"memory: {match['size']}", f"memory: {doubled}", f"give {spent.service} {doubled}"
    )
    yield Because(
        MemoryLimitSet(spent.service, match["size"], setting.at),
        [*item.evidence[:1], *([quote] if quote is not None else [])],
        fix=fix or Remedy("words", f"raise the limit at {setting.at}"),
    )
