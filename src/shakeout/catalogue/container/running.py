"""Addresses and limits that a container is run with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

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
        hosts = () if host in _EVERYWHERE else _LOOPBACK.get(host, (host,))
        line = _line_with(rows, lines, (wanted[0],) if wanted else hosts)
        if line is None:
            continue
        # Where both are wrong, the port alone would help nobody.
        beside = _line_with(rows, lines, hosts)
        words = dict.fromkeys(hosts, "0.0.0.0") | ({wanted[0]: wanted[1]} if wanted else {})
        after = repository.text(dockerfile.path) or ""
        for number in {line, beside or line}:
            after = with_line(after, number, _replaced(rows[number - 1], words))
        at = at_line(dockerfile, line, repository)
        places = [at, *([at_line(dockerfile, beside, repository)] if beside not in {line, None} else [])]
        right = ":".join([*(["0.0.0.0"] if beside is not None else []), *([wanted[1]] if wanted else [])])
        claim = PortFixed(elsewhere.service, port, at) if wanted else HostFixed(elsewhere.service, host, at)
        patch = unified(dockerfile.path, repository.text(dockerfile.path) or "", after)
        fix = Remedy("patch", f"listen at {right}: {' and '.join(map(str, places))}", patch=patch)
        quotes = [quote for place in places for quote in quoted_line(place, repository)]
        yield Because(claim, [*item.evidence[:1], *quotes], fix=fix)
        return


def _line_with(rows: Sequence[str], lines: Sequence[int], words: Sequence[str]) -> int | None:
    """The first of some lines that has one of the words, the words in their order."""
    patterns = [_word(word) for word in words]
    return next((one for pattern in patterns for one in lines if pattern.search(rows[one - 1])), None)


def _replaced(row: str, words: Mapping[str, str]) -> str:
    for old, new in words.items():
        row = _word(old).sub(new, row)
    return row


def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.]){re.escape(word)}(?![\w.])")


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
