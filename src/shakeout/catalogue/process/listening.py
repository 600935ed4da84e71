"""Services that live and are not where they are asked: another port, another address, or not yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.process.claims import (
    DeadlineTooShort,
    HostFixed,
    ListensElsewhere,
    NotListening,
    PortFixed,
    SlowStart,
)
from shakeout.catalogue.process.family import manifest_patch, process, quoted
from shakeout.catalogue.symptoms import ServiceNotDeployed
from shakeout.evidence.declarations import Declarations, Declared
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.patches import unified, with_line
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy, RuledOut, Strength
from shakeout.why.links import Unknown

_ADDRESS = re.compile(r"\[?(?P<host>[^\]]*?)\]?:(?P<port>\d{1,5})")
_NOT_SOURCE = re.compile(
    r"(^|/)(tests?|spec|docs?|examples?|node_modules|vendor|fixtures|\.github)/|\.(md|rst|lock|sum|svg|patch|json)$"
)
_PORT_WORD = re.compile(r"port|listen|bind|addr|serve", re.I)
_HOST_WORD = re.compile(r"host|listen|bind|addr|serve|interface", re.I)
_READS_PORT = re.compile(r"(?<![\w.-])['\"]?\$?\{?(?:process\.env\.)?PORT\b(?!_)")
_OTHER_PORT = re.compile(r"['\"](?P<name>[A-Z][A-Z0-9_]{0,40}_PORT)['\"]")
_EVERYWHERE = frozenset({"0.0.0.0", "::", "*", ""})
_LOOPBACK = ("127.0.0.1", "localhost")


def _listening(item: PlatformItem) -> tuple[str, ...]:
    """Where the service's processes were seen to listen, at the deadline or later."""
    known = item.facts.get("listening") or ()
    return tuple(dict.fromkeys([*(str(one) for one in known), *item.listening]))


def _parts(address: str) -> tuple[str, int] | None:
    match = _ADDRESS.fullmatch(address)
    return (match["host"], int(match["port"])) if match else None


def _expected(item: PlatformItem) -> int | None:
    port = item.facts.get("port")
    return port if isinstance(port, int) else None


def _in_time(item: PlatformItem) -> bool:
    """Whether the address that was asked was reached after all, only later than the deadline."""
    host = str(item.facts.get("host") or "127.0.0.1")
    places = [parts for address in item.listening if (parts := _parts(address))]
    return any(port == _expected(item) and where in {*_EVERYWHERE, host} for where, port in places)


@process.rule
def not_listening(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because | RuledOut]:
    """
    The service's process lives and does not listen where it is asked.

    ## What you see
    `connection refused` until the deadline, `the container failed to start and listen on the port`, and no error of
    the service's own.

    ## Why it happens
    It listens at another port or address, it has not come to it yet, or it hangs at its start.

    ## How we know
    The platform saw the process live at the deadline, and looked at where it listens.

    ## What to change
    What the next link says: the line that decides on the address, or the deadline.
    """
    item = platform.get(failed.service)
    if item is not None and item.reason == "never-listened":
        yield Because(NotListening(failed.service), item.evidence[:1])
        yield RuledOut(f"the process of {failed.service} ended", item.evidence[:1])


@process.rule
def listens_elsewhere(silent: NotListening, platform: Platform) -> Iterator[Because]:
    """
    The service listens at another address than the one that it was given.

    ## What you see
    A service whose log says that it is up, and that nobody reaches.

    ## Why it happens
    Its port or its address is fixed in the code, or read from another variable than the one that is set.

    ## How we know
    The platform lists the sockets on which the service's own processes listen.

    ## What to change
    Take the address from what the platform gives.
    """
    item = platform.get(silent.service)
    if item is None:
        return
    addresses = _listening(item)
    if addresses and not _in_time(item):
        yield Because(ListensElsewhere(silent.service, addresses), item.evidence[:1])


@process.rule
def port_fixed(
    elsewhere: ListensElsewhere, platform: Platform, declarations: Declarations, repository: Repository | None
) -> Iterator[Because | Unknown]:
    """
    A line decides on the port by itself.

    ## What you see
    A service that always listens on the same port, whatever PORT says.

    ## Why it happens
    The port is written into the code or the command, or the code reads another variable and falls back to a default.

    ## How we know
    The number of the port at which the service was seen to listen stands in its settings, its command, or in just one
    line of the repository's sources that is about ports.

    ## What to change
    Read the port from PORT, which the platform sets.
    """
    item = platform.get(elsewhere.service)
    declared = declarations.services.get(elsewhere.service)
    if item is None or declared is None:
        return
    numbers = {parts[1] for address in elsewhere.addresses if (parts := _parts(address))} - {_expected(item)}
    for port in sorted(numbers):
        found = _setting_with(declared, str(port))
        if found is not None:
            # Where the address is wrong, too, the port alone would help nobody.
            also = dict.fromkeys(_LOOPBACK, "0.0.0.0") if platform.target != "local" else None
            words = f"take the port as it is given: {found}"
            fix = manifest_patch(declarations, found, str(port), "${port}", words, also)
            yield Because(PortFixed(elsewhere.service, port, found), list(quoted(declarations, found)), fix=fix)
            continue
        if repository is None:
            yield Unknown(Repository.described_as)
            continue
        lines = [
            line
            for line in _lines_with(repository, str(port), _PORT_WORD, declared)
            if not _READS_PORT.search(line.quote)
        ]
        if len(lines) == 1:
            yield Because(
                PortFixed(elsewhere.service, port, lines[0].locator),
                [*item.evidence[:1], lines[0]],
                fix=_reads_port(repository, lines[0]),
            )
        elif lines:
            yield Unknown(f"which of {len(lines)} lines with the number {port} decides on the port")


def _reads_port(repository: Repository, line: Evidence) -> Remedy:
    """The line with PORT in place of the one other variable that it reads; words where it reads none."""
    summary = f"read the port from PORT at {line.locator}"
    row, path = line.quote, line.locator.path
    text = repository.text(path)
    others = _OTHER_PORT.findall(row)
    if text is None or len(others) != 1:
        return Remedy("words", summary)
    corrected = with_line(text, line.locator.line or 1, row.replace(others[0], "PORT"))
    return Remedy("patch", summary, patch=unified(path, text, corrected))


@process.rule
def host_fixed(
    elsewhere: ListensElsewhere, platform: Platform, declarations: Declarations, repository: Repository | None
) -> Iterator[Because | Unknown]:
    """
    A line decides on an address of the machine at which nobody asks.

    ## What you see
    A service that listens on the right port and is refused all the same; in containers, one that listens on 127.0.0.1.

    ## Why it happens
    An address such as 127.0.0.1 or ::1 is reached only from within the same machine or container, and by that family
    of addresses only.

    ## How we know
    The platform lists the sockets: the port is right, and the address is not one that it asks. The address stands in
    the service's settings, its command, or in just one line of the sources that is about addresses.

    ## What to change
    Listen at the address that the platform gives, or at 0.0.0.0 in a container.
    """
    item = platform.get(elsewhere.service)
    declared = declarations.services.get(elsewhere.service)
    if item is None or declared is None:
        return
    for address in elsewhere.addresses:
        parts = _parts(address)
        if parts is None or parts[1] != _expected(item) or parts[0] in _EVERYWHERE:
            continue
        host = parts[0]
        names = (host, "localhost") if host in {"127.0.0.1", "::1"} else (host,)
        right = "0.0.0.0" if platform.target != "local" else "127.0.0.1"
        for name in names:
            found = _setting_with(declared, name)
            if found is not None:
                fix = manifest_patch(declarations, found, name, right, f"listen at {right}: {found}")
                yield Because(HostFixed(elsewhere.service, host, found), list(quoted(declarations, found)), fix=fix)
                return
        if repository is None:
            yield Unknown(Repository.described_as)
            return
        lines = [line for name in names for line in _lines_with(repository, name, _HOST_WORD, declared)]
        if len(lines) == 1:
            yield Because(
                HostFixed(elsewhere.service, host, lines[0].locator),
                [*item.evidence[:1], lines[0]],
                fix=Remedy("words", f"listen at {right} at {lines[0].locator}"),
            )
        elif lines and _setting_with(declared, right) is None:
            yield Unknown(f"which of {len(lines)} lines with {host} decides on the address")


def _setting_with(declared: Declared, text: str) -> Locator | None:
    """The line of the service's own settings whose value has a number or an address as a word."""
    word = re.compile(rf"(?<![\w.]){re.escape(text)}(?![\w.])")
    for name in sorted(declared.settings):
        setting = declared.settings[name]
        if name.startswith(("environment.", "run")) and word.search(setting.value) and setting.at is not None:
            return setting.at
    return None


def _lines_with(repository: Repository, text: str, about: re.Pattern[str], declared: Declared) -> list[Evidence]:
    """Lines of sources with a number or an address as a word, and a word of what it is about on them."""
    word = re.compile(rf"(?<![\w.]){re.escape(text)}(?![\w.])")
    folder = (declared.value("path") or "").strip("./")
    found: list[Evidence] = []
    for at in repository.grep(text):
        if _NOT_SOURCE.search(at.path) or at.path.startswith(declared.at.path if declared.at else "shakeout.yaml"):
            continue
        row = repository.lines(at.path)[(at.line or 1) - 1]
        if word.search(row) and about.search(row) and not row.lstrip().startswith(("#", "//", "*")):
            quoted_line = repository.quote(at.path, at.line or 1)
            found += [quoted_line] if quoted_line is not None else []
    inside = [line for line in found if folder and line.locator.path.startswith(f"{folder}/")]
    return inside or found


@process.rule
def start_too_slow(silent: NotListening, platform: Platform, declarations: Declarations) -> Iterator[Because]:
    """
    The service is ready, only later than it may be.

    ## What you see
    `it does not listen after 10 s` for a service that is there when somebody looks a moment later.

    ## Why it happens
    It does more at its start than it used to (loading, migrating, warming up), or its deadline was made shorter.

    ## How we know
    At the deadline its process lived and listened nowhere; when the platform was asked again, it listened at the
    address that it was given.

    ## What to change
    Give it more time (`start.deadline`), or do less before it listens.
    """
    item = platform.get(silent.service)
    if item is None or not _in_time(item):
        return
    declared = declarations.services.get(silent.service)
    setting = declared.settings.get("start.deadline") if declared is not None else None
    if setting is None or setting.at is None:
        yield Because(SlowStart(silent.service), item.evidence[:1], fix=_longer(silent.service))
        return
    seconds = item.facts.get("seconds")
    if isinstance(seconds, int | float) and float(setting.value or seconds) > seconds:
        return
    note = f"it listened only after {seconds:g} s" if isinstance(seconds, int | float) else ""
    yield Because(
        DeadlineTooShort(silent.service, setting.at),
        [*item.evidence[:1], *quoted(declarations, setting.at, note)],
        strength=Strength.OBSERVED,
        fix=_raised(declarations, setting.at, silent.service) or _longer(silent.service),
    )


def _longer(service: str) -> Remedy:
    return Remedy("words", f"give {service} more time: services.{service}.start.deadline")


def _raised(declarations: Declarations, at: Locator, service: str) -> Remedy | None:
    """The deadline's line with four times the time, at least the default of 30 seconds."""
    row = declarations.lines[at.line - 1] if at.line else ""
    match = re.search(r"deadline: *[\"']?(\d+(?:\.\d+)?)(ms|s|m)?", row)
    if match is None:
        return None
    seconds = float(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}[match[2]]
    wanted = max(30, round(seconds * 4))
    old = match[0]
    return manifest_patch(declarations, at, old, f"deadline: {wanted}s", f"give {service} {wanted} s to start at {at}")
