"""Names of hosts: a server that answers only to the names that it was told, and is asked by another."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of
from shakeout.catalogue.process.family import manifest_patch, own, process
from shakeout.catalogue.symptoms import CheckFailed, ErrorLogged, ServiceNotDeployed
from shakeout.evidence.declarations import Declarations, Setting
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.platform import Platform
from shakeout.evidence.probes import Probes
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Because, Claim, Family, Layer, Remedy, Strength, claim
from shakeout.why.links import Unknown

hosts = Family("hosts", "A server answers only to names that it was told, and is asked by another", guard=process.guard)

_REFUSED = (
    re.compile(r"\bInvalid HTTP_HOST header: '(?P<host>[^'\n]{1,260})'"),
    re.compile(r"\bBlocked hosts?: (?P<host>[\w.:-]{1,260})"),
    re.compile(r"\bThis host \(\"?(?P<host>[\w.:-]{1,260})\"?\) is not allowed\b"),
    re.compile(r"\bHost '(?P<host>[\w.:-]{1,260})' is not trusted\b"),
)
_NAMELESS = re.compile(r"^\s*Invalid [Hh]ost header\s*$")
"""What Starlette and webpack's server answer, which do not say the name again."""
_LIST = re.compile(r"(?:^|_)(?:ALLOWED|TRUSTED|VALID)_?HOSTS?$")
_LINES = r"(ALLOWED_HOSTS|TRUSTED_HOSTS|allowed_hosts|allowedHosts|config\.hosts)[^A-Za-z_]"
_TELLS = re.compile(
    r"(?:\b(?:ALLOWED_HOSTS|TRUSTED_HOSTS|allowed_hosts|allowedHosts)\b['\"]?\]?\s*(?:\+?=(?!=)|:)|\bconfig\.hosts\b)"
)
_NOT_SOURCE = re.compile(r"(^|/)(tests?|spec|docs?|node_modules|vendor)/|(^|/)test_|\.(md|rst|lock|example)$")


@claim(Layer.STATE)
class HostRefused(Claim):
    """A service (None where the log does not say whose it is) refuses requests that ask for it by a name."""

    service: str | None
    host: str

    def __str__(self) -> str:
        return f"{self.service or 'the server'} refuses requests that name it {self.host}"

    def why(self) -> str:
        return f"Why does {self.service or 'the server'} not answer to {self.host}?"


@claim(Layer.DECLARATION)
class HostNotListed(Claim):
    """A line lists the names that a service answers to, without one by which it is asked."""

    service: str | None
    host: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} says to which names {self.service or 'the server'} answers, and {self.host} is none of them"

    def title(self) -> str:
        return f"{self.service or 'the server'} does not answer to {self.host}, which {self.at} does not list"

    def why(self) -> str:
        return f"Why does {self.at} not list {self.host}?"


@hosts.rule
def host_refused(
    effect: ExceptionRaised | ErrorLogged | ServiceNotDeployed | CheckFailed,
    log: ErrorLog,
    platform: Platform | None,
    probes: Probes | None,
) -> Iterator[Because]:
    """
    The server refuses the name by which it is asked.

    ## What you see
    400 or 403 for every request, health too; `Invalid HTTP_HOST header … You may need to add … to ALLOWED_HOSTS` from
    Django, `Blocked hosts` from Rails, `This host is not allowed` from Vite, `Invalid host header` from Starlette.

    ## Why it happens
    The server has a list of the names that it answers to, and the deployment asks it by another one.

    ## How we know
    The server's own words, in its log or in its answer.

    ## What to change
    The list, which the next link finds; or the name by which the service is asked.
    """
    for service, text, evidence in _told(effect, log, platform, probes):
        match = next((found for form in _REFUSED if (found := form.search(text[:4000]))), None)
        host = _bare(match["host"]) if match is not None else None
        if host is None and _NAMELESS.search(text):
            item = platform.get(service) if platform is not None and service is not None else None
            host = urlsplit(item.url or "").hostname if item is not None else None
        if host:
            yield Because(HostRefused(service, host), evidence)
            return


@hosts.rule
def host_not_listed(
    refused: HostRefused, declarations: Declarations | None, repository: Repository | None, platform: Platform | None
) -> Iterator[Because | Unknown]:
    """
    A line lists the names that the service answers to.

    ## What you see
    `ALLOWED_HOSTS`, `TRUSTED_HOSTS`, `config.hosts`, `server.allowedHosts` or `allowed_hosts`, in the manifest or in
    the code.

    ## Why it happens
    The list was written for one environment, and the service is asked by another name in this one.

    ## How we know
    The manifest's variable of such a name for that service; where it has none, the only line of the repository that
    says which names are allowed. Neither has the name that was refused.
    Anybody may ask a public server by any name. So the name has to be the one at which this deployment has the service,
    or one of this machine or of a private network.

    ## What to change
    Add the name to the list.
    """
    if not _ours(refused, platform):
        yield Unknown(f"who asks for it as {refused.host}: people, the deployment, or somebody who tries names")
        return
    declared = declarations.services.get(refused.service) if declarations is not None and refused.service else None
    listed = [one for one in (declared.settings.values() if declared is not None else ()) if _is_list(one)]
    if len(listed) == 1 and declarations is not None:
        at, quote = listed[0].at, declarations.quote(listed[0].at)
        if at is not None and quote is not None and not _has(listed[0].value, refused.host):
            summary = f"add {refused.host} to the names at {at}"
            fix = _added(listed[0], refused.host, declarations, summary) or Remedy("words", summary)
            yield Because(HostNotListed(refused.service, refused.host, at), [quote], fix=fix)
        return
    if listed or repository is None:
        return
    lines = [at for at in repository.grep(_LINES, fixed=False) if _says(at, repository)]
    manifest = declarations.path if declarations is not None else None
    lines = [at for at in lines if at.path != manifest]
    if len(lines) > 1:
        places = ", ".join(map(str, lines[:4]))
        yield Unknown(f"which of these lines holds where {refused.service or 'the server'} runs: {places}")
        return
    quote = repository.quote(lines[0].path, lines[0].line or 1) if lines else None
    if quote is not None and not _has(quote.quote, refused.host):
        fix = Remedy("words", f"add {refused.host} to the names at {lines[0]}")
        absent = HostNotListed(refused.service, refused.host, lines[0])
        yield Because(absent, [quote], strength=Strength.ENTAILED, fix=fix)


def _told(
    effect: ExceptionRaised | ErrorLogged | ServiceNotDeployed | CheckFailed,
    log: ErrorLog,
    platform: Platform | None,
    probes: Probes | None,
) -> Iterator[tuple[str | None, str, tuple[Evidence, ...]]]:
    """(service, text, its evidence) of what a server may have said about the name by which it was asked."""
    if isinstance(effect, ExceptionRaised | ErrorLogged):
        occurrence = log.get(effect.key)
        if occurrence is not None and occurrence.origin == "service":
            yield occurrence.owner, _text(occurrence), evidence_of(occurrence)[:1]
        return
    if isinstance(effect, ServiceNotDeployed):
        item = platform.get(effect.service) if platform is not None else None
        if item is None or item.facts.get("status") not in _STATUSES:
            return
        service = effect.service
        yield service, str(item.facts.get("body") or ""), item.evidence[:1]
    else:
        probe = probes.get(effect.check) if probes is not None else None
        if probe is None or probe.service is None or probe.facts.get("status") not in _STATUSES:
            return
        service = probe.service
    for occurrence in own(log, service):
        yield service, _text(occurrence), evidence_of(occurrence)[:1]


def _ours(refused: HostRefused, platform: Platform | None) -> bool:
    items = platform or ()
    if any(urlsplit(item.url or "").hostname == refused.host for item in items if item.kind == "service"):
        return True
    try:
        return ipaddress.ip_address(refused.host).is_private
    except ValueError:
        return "." not in refused.host or refused.host.endswith((".internal", ".local", ".localhost", ".svc"))


_STATUSES = frozenset({400, 403})


def _text(occurrence: Occurrence) -> str:
    return f"{occurrence.type}: {occurrence.text}" if occurrence.type else occurrence.text


def _bare(host: str) -> str:
    """A host without its port."""
    return re.sub(r":\d{1,5}$", "", host).strip("[]")


def _is_list(setting: Setting) -> bool:
    group, _, variable = setting.name.partition(".")
    return group == "environment" and _LIST.search(variable.upper()) is not None


def _has(text: str, host: str) -> bool:
    return (
        re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", text) is not None
        or re.search(r"(?:^|['\"=,\s\[])\*(?:$|['\",\s\]])", text) is not None
    )


def _says(at: Locator, repository: Repository) -> bool:
    row = repository.lines(at.path)[(at.line or 1) - 1]
    return not _NOT_SOURCE.search(at.path) and _TELLS.search(row.split("#", 1)[0].split("//", 1)[0]) is not None


def _added(setting: Setting, host: str, declarations: Declarations, summary: str) -> Remedy | None:
    """The list with one more name, where it is a plain one."""
    value = setting.value
    if setting.at is None or not re.fullmatch(r"[\w.*-]+(?:(?:,|, | )[\w.*-]+)*", value):
        return None
    between = next((sign for sign in (", ", ",", " ") if sign in value), ",")
    return manifest_patch(declarations, setting.at, value, f"{value}{between}{host}", summary)
