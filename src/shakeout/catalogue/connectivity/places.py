"""Where an address is declared: the manifest's settings, or the one place of the repository that names it."""

from __future__ import annotations

import ast
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from shakeout.catalogue.connectivity.seen import Seen
from shakeout.evidence.declarations import Declarations, Declared, Setting
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.evidence.python_source import PythonSource
from shakeout.evidence.repository import Repository

PORTS = {
    "http": 80,
    "https": 443,
    "clickhouse": 9000,
    "clickhouses": 9440,
    "postgresql": 5432,
    "postgres": 5432,
    "mysql": 3306,
    "redis": 6379,
    "rediss": 6379,
    "amqp": 5672,
    "amqps": 5671,
    "kafka": 9092,
    "mongodb": 27017,
    "memcached": 11211,
    "nats": 4222,
}
_LATE = re.compile(r"\$\{services\.([A-Za-z_][\w-]*)\.(url|host|port|address)\}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}
_ANYWHERE = {"0.0.0.0", "::", "*"}
_NOT_SOURCE = re.compile(
    r"(^|/)(tests?|spec|docs?|examples?|node_modules|vendor|fixtures)/|\.(md|rst|lock|sum|svg|patch)$|(^|/)CHANGELOG",
    re.I,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """
    One declared address.

    `target` is what is to be reached there: a backing service, a service, or the variable where neither is known.
    `literal` is False where the manifest takes it from another setting. `owner` has the setting.
    """

    target: str
    url: str
    host: str | None
    port: int | None
    path: str | None
    setting: Setting
    owner: Declared
    literal: bool

    @property
    def referenced(self) -> bool:
        """Whether the address is that of a service of the release, wherever it is: the line only refers to it."""
        used = {match[2] for match in _LATE.finditer(self.setting.value)}
        return bool(used & {"url", "address"}) or used >= {"host", "port"}

    @property
    def has_password(self) -> bool:
        """Whether the address names one, or refers to a secret or a variable that may hold one."""
        before, at, _ = self.url.partition("://")[2].partition("/")[0].rpartition("@")
        return bool(at) and (":" in before or "${" in before)

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0].partition("+")[0].lower()

    @property
    def address(self) -> str:
        if self.host is None:
            return self.path or self.url
        return shown(self.host, self.port)


def shown(host: str, port: int | None) -> str:
    """`host:port`, with brackets around an IPv6 address; the host alone without a port."""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}" if port else host


def places(declarations: Declarations, platform: Platform | None) -> tuple[Place, ...]:
    """Every address that the environment declares: backing services first, then services' own and their variables'."""
    found: list[Place] = []
    for backing in declarations.backing_services.values():
        setting = backing.settings.get("url")
        if setting is not None and not backing.disabled:
            place = _place(backing.name, setting, backing, declarations, platform)
            if place is not None:
                found.append(place)
    for service in declarations.services.values():
        for name, setting in service.settings.items():
            if name == "url":
                place = _place(service.name, setting, service, declarations, platform)
                if place is not None:
                    found.append(place)
                continue
            if not name.startswith("environment."):
                continue
            target = _meant(name.partition(".")[2], setting.value, declarations)
            place = _place(target, setting, service, declarations, platform)
            if place is not None:
                found.append(place)
    return tuple(found)


def _meant(variable: str, value: str, declarations: Declarations) -> str:
    """
    What a variable is the address of: by its name, else the only backing service of the kind that its scheme has,
    else the variable itself.
    """
    stem = re.sub(r"_?(URL|URI|ADDRESS|ADDR|HOST|ENDPOINT|DSN)$", "", variable.upper()).lower()
    known = [*declarations.backing_services, *declarations.services]
    named = next((name for name in known if name.lower().replace("-", "_") == stem), None)
    scheme = value.partition("://")[0].partition("+")[0].lower()
    kind = {"postgres": "postgresql", "rediss": "redis", "clickhouses": "clickhouse"}.get(scheme, scheme)
    of_kind = [item.name for item in declarations.backing_services.values() if item.kind == kind]
    return named or (of_kind[0] if len(of_kind) == 1 else variable)


def _place(
    target: str, setting: Setting, owner: Declared, declarations: Declarations, platform: Platform | None
) -> Place | None:
    url = _LATE.sub(lambda match: _late(match[1], match[2], platform) or match[0], setting.value)
    if "://" not in url:
        return None
    quoted = declarations.quote(setting.at)
    row = quoted.quote if quoted is not None else ""
    scheme = url.partition("://")[0].partition("+")[0]
    if scheme in {"sqlite", "chdb", "file"}:
        path = url.partition("://")[2].partition("?")[0]
        return Place(
            target=target,
            url=url,
            host=None,
            port=None,
            path=path[1:] if scheme == "sqlite" else path,
            setting=setting,
            owner=owner,
            literal="://" in row,
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS.get(scheme)
    except ValueError:
        return None
    if host is None:
        return None
    literal = "://" in row or (port is not None and str(port) in row)
    return Place(target=target, url=url, host=host, port=port, path=None, setting=setting, owner=owner, literal=literal)


def _late(service: str, attribute: str, platform: Platform | None) -> str | None:
    item = platform.get(service) if platform is not None else None
    if item is None or not item.url:
        return None
    parts = urlsplit(item.url)
    values = {"url": item.url, "host": parts.hostname, "port": str(parts.port or ""), "address": parts.netloc}
    return values[attribute]


def place_of(seen: Seen, declared: tuple[Place, ...]) -> Place | None:
    """The declared address that somebody tried to reach; the nearest match, None where none is declared."""
    if seen.path is not None:
        return next((place for place in declared if place.path and same_path(place.path, seen.path)), None)
    if seen.host is None:
        named = [place for place in declared if seen.name is not None and place.target == seen.name]
        return named[0] if named else None
    address = _is_address(seen.host)
    by_rank: dict[int, list[Place]] = {}
    for place in declared:
        same_host = _same_host(place.host, seen.host)
        if same_host and place.port == seen.port:
            rank = 0
        elif same_host and seen.port is None:
            rank = 1
        elif place.target == seen.name:
            rank = 2
        elif place.port == seen.port and address and place.host is not None and not _is_address(place.host):
            rank = 3  # the name as it was resolved
        else:
            continue
        by_rank.setdefault(rank, []).append(place)
    fitting = by_rank[min(by_rank)] if by_rank else []
    return next((place for place in fitting if place.literal), fitting[0] if fitting else None)


def same_address(address: str, listening: str) -> bool:
    """Whether `host:port` is where a process listens, which may be any of this machine's addresses."""
    host, _, port = address.rpartition(":")
    other, _, other_port = listening.rpartition(":")
    host, other = host.strip("[]"), other.strip("[]")
    return port == other_port and (host == other or other in _ANYWHERE or {host, other} <= _LOOPBACK)


def in_release(address: str | None, place: Place | None, platform: Platform | None) -> PlatformItem | None:
    """The service that the release (or `--url`) has at an address, where no line of the manifest says that it is."""
    if address is None or (place is not None and not place.referenced):
        return None
    for item in platform or ():
        parts = urlsplit(item.url or "")
        if parts.hostname and same_address(address, shown(parts.hostname, parts.port or PORTS.get(parts.scheme))):
            return item
    return None


def known_part(path: str) -> str:
    """A declared path without the reference at its beginning, which only the target knows (`${data}`)."""
    return path.rpartition("}")[2] or path


def same_path(declared: str, seen: str) -> bool:
    """Whether a path that was seen is the declared one."""
    return declared == seen or ("}" in declared and seen.endswith(known_part(declared)))


def _same_host(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and (one == other or {one, other} <= _LOOPBACK)


def _is_address(host: str | None) -> bool:
    try:
        ipaddress.ip_address(host or "")
    except ValueError:
        return False
    return True


def is_address(host: str) -> bool:
    """Whether a host is an IP address and so needs no name to be resolved."""
    return _is_address(host) or host == "localhost"


def named_in_repository(address: str, repository: Repository) -> Iterator[tuple[Locator, Evidence]]:
    """The lines of the repository that hold an address in any way, without tests, documents and locks."""
    host = address.rpartition(":")[0] or address
    wanted = [address] if is_address(host.strip("[]")) or host == address else [address, host.strip("[]")]
    for text in wanted:
        found = [at for at in repository.grep(text) if not _NOT_SOURCE.search(at.path)]
        for at in found:
            quoted = repository.quote(at.path, at.line or 1)
            if quoted is not None:
                yield replace(at, end_line=None), quoted
        if found:
            return


def declared_in_repository(address: str, repository: Repository) -> tuple[tuple[Locator, Evidence], ...]:
    """
    The lines that declare an address: it stands there as a whole, with no other port, and in no comment.

    The environments of CI, files of examples and docstrings of Python declare nothing of what is deployed.
    """
    host, _, port = address.rpartition(":")
    host, port = (host.strip("[]"), port) if host else (address, "")
    places = repository.grep(address if is_address(host) else host, limit=_LOOKED_AT)
    if len(places) == _LOOKED_AT:
        places = repository.grep(address)
    found = []
    for at in places:
        skipped = _NOT_SOURCE.search(at.path) or _ABOUT_OTHERS.search(at.path)
        if skipped or (is_address(host) and _CI.search(at.path)):
            continue
        rows = repository.lines(at.path)
        row = rows[at.line - 1] if at.line and at.line <= len(rows) else ""
        quoted = repository.quote(at.path, at.line or 1)
        if quoted is not None and _stands(row, host, port) and not _is_docstring(at, repository):
            found.append((replace(at, end_line=None), quoted))
    if port and "." not in host and not is_address(host):
        # A single word may be anything; a line that has it with the port is about the address.
        whole = [one for one in found if f"{host}:{port}" in one[1].quote]
        found = whole or found
    return tuple(found)


def with_port(address: str, repository: Repository) -> tuple[tuple[Locator, Evidence, str], ...]:
    """
    The lines with the URL of a named host at the port of an IP address, each with that `host:port`.

    Some libraries write the address that a name was resolved to instead of the name.
    Empty for an address of this machine and for one that has no port: too much would fit.
    """
    host, _, port = address.rpartition(":")
    if not _is_address(host.strip("[]")) or _same_host(host.strip("[]"), "127.0.0.1") or not port:
        return ()
    url = re.compile(rf"://(?:[^\s/@'\"]{{1,200}}@)?((?![\d.]{{7,15}}:)[A-Za-z0-9_.-]{{1,253}}:{port})(?!\d)")
    found = []
    for at in repository.grep(f":{port}", limit=_LOOKED_AT):
        if _NOT_SOURCE.search(at.path) or _ABOUT_OTHERS.search(at.path) or _CI.search(at.path):
            continue
        quoted = repository.quote(at.path, at.line or 1)
        row = quoted.quote if quoted is not None else ""
        comment = _COMMENT.search(row)
        match = url.search(row[: comment.start()] if comment else row)
        if quoted is not None and match is not None:
            found.append((replace(at, end_line=None), quoted, match[1]))
    return tuple(found)


_ABOUT_OTHERS = re.compile(
    r"(^|/)(test_[^/]*|[^/]*_test|conftest|[^/]*\.(test|spec))\.\w+$|\.(example|sample|dist|txt)$|(^|/)README[^/]*$",
    re.I,
)
_LOOKED_AT = 200
"""Lines that hold a host's name and are looked at; where there are more, only those with the whole address."""
_CI = re.compile(r"(^|/)(\.github|\.circleci|\.vscode)/|(^|/)\.gitlab-ci\.yml$")
_COMMENT = re.compile(r"(?:^|\s)(?:#|//|/\*|<!--)|^\s*(?:\*|;|--)\s")
_ADDRESS_WORDS = re.compile(r"host|addr|url|uri|endpoint|server|dsn|connect|://|@", re.I)


def _stands(row: str, host: str, port: str) -> bool:
    """Whether a line names this host, with this port or with none, in front of any comment."""
    comment = _COMMENT.search(row)
    row = row[: comment.start()] if comment else row
    for match in re.finditer(rf"(?<![\w.-]){re.escape(host)}\]?(?::(\d{{1,5}}))?(?![\w-]|\.\w)", row, re.I):
        if match[1] and port and match[1] != port:
            continue
        if match[1] or "." in host or ":" in host:
            return True
        # A single word is a host only where the line is about addresses.
        about = _ADDRESS_WORDS.search(row[: match.start()] + row[match.end() :])
        if about or (port and re.search(rf"\b{port}\b", row)):
            return True
    return False


def _is_docstring(at: Locator, repository: Repository) -> bool:
    if not at.path.endswith(".py"):
        return False
    try:
        tree = PythonSource("\n".join(repository.lines(at.path)), at.path).tree
    except SyntaxError:
        return False
    texts = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    )
    return any(text.lineno <= (at.line or 0) <= (text.end_lineno or 0) for text in texts)
