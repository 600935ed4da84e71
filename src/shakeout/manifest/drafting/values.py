"""Environment variables: what may be copied, what refers to another service, and what is a secret."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from shakeout.evidence.redaction import redact
from shakeout.manifest.drafting.model import BackingDraft, Draft, Found, ServiceDraft, plain
from shakeout.manifest.interpolation import escape
from shakeout.manifest.secret_names import secret_name

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_REFERS = re.compile(r"\$\{?\{?|<[\w -]+>|\{\{")
_COMPOSE = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)(?::?-(?P<default>[^${}]*))?\}|\$(?P<bare>[A-Za-z_]\w*)")
_PLACEHOLDER = re.compile(r"(?i)change.?me|replace|your[-_ ]|xxx+|\.\.\.|todo|example-?(?:key|secret|token)")
_LOCAL = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal", "[::1]", "::1"})
OWN = frozenset({"PORT", "HOST", "HOSTNAME", "PATH", "HOME", "TMPDIR", "LANG"})
"""Variables that the target sets for each service."""
STEM = re.compile(r"_(?:URL|URI|HOST|ADDRESS|ENDPOINT|DSN|BASE|API|SERVICE)+$")


def add(
    draft: Draft, service: ServiceDraft, variable: str, value: str | None, at: str, *, inside: bool = False
) -> None:
    """
    Give a service a variable as it was found; what was found first stays, unless it is unsure.

    `inside` says that the value is one for a container, in which other folders are than on this machine.
    """
    known = service.environment.get(variable)
    if not _NAME.fullmatch(variable) or variable in OWN or (known is not None and not known.unsure):
        return
    found = understood(draft, service, variable, value, at)
    if inside and re.match(r"(?:\w+:/{2,3})?/[\w.-]", value or "") and not found.unsure:
        found = replace(found, unsure="a path of the container")
    if known is None or not found.unsure:
        service.environment[variable] = found


def understood(draft: Draft, service: ServiceDraft | None, variable: str, value: str | None, at: str) -> Found:
    """The line's value: a reference, the plain text, or a comment that says why it is not copied."""
    if value is None or not value.strip():
        return Found(value='""', at=at, unsure="no value was found")
    match = _COMPOSE.fullmatch(value.strip())
    if match and match["default"] is None:
        return _from_caller(draft, variable, match["name"] or match["bare"], at)
    if match:
        value = match["default"] or ""
    secret = secret_name(variable) or redact(value) != value or redact(f"{variable}={value}") != f"{variable}={value}"
    reference = _reference(draft, service, variable, value)
    if reference is not None:
        return Found(value=quoted(reference), at=at)
    if secret or (_PLACEHOLDER.search(value) and not value.startswith("http")):
        name = draft.secret(variable, at, note="the value itself is not copied")
        return Found(value=f"${{secrets.{name}}}", at=at, note="a secret")
    if _REFERS.search(value):
        return Found(value=quoted(escape(value)), at=at, unsure="it refers to something that only that file knows")
    if "\n" in value or not value.isprintable():
        return Found(value='""', at=at, unsure="a value of several lines")
    if re.match(r"https?://", value) and urlsplit(value).hostname in _LOCAL:
        return _here(draft, service, value, at)
    return Found(value=quoted(escape(value)), at=at)


def _here(draft: Draft, service: ServiceDraft | None, value: str, at: str) -> Found:
    """An address of the machine on which somebody tried it, where the target chooses another port."""
    others = [name for name in draft.services if service is None or name != service.name]
    if len(others) == 1:
        text = quoted(f"${{services.{others[0]}.url}}")
        return Found(value=text, at=at, unsure=f"there it is {value}, which may be {others[0]}")
    return Found(value=quoted(escape(value)), at=at, unsure="an address of this machine, and nothing says whose")


def _from_caller(draft: Draft, variable: str, name: str, at: str) -> Found:
    if secret_name(variable) or secret_name(name):
        return Found(value=f"${{secrets.{draft.secret(name, at)}}}", at=at, note="a secret")
    return Found(value=quoted(f"${{env.{name}}}"), at=at, unsure=f"the caller's variable {name} has to be set")


def _reference(draft: Draft, service: ServiceDraft | None, variable: str, value: str) -> str | None:
    """`${services.NAME.url}` or `${backing.NAME.url}` for an address of another part of the application."""
    try:
        parts = urlsplit(value)
        host, scheme = parts.hostname, parts.scheme
    except ValueError:
        return None
    if not host or "://" not in value:
        return None
    name = draft.called(host)
    if name is None and host in _LOCAL:
        stem = plain(STEM.sub("", variable))
        name = stem if stem in draft.services or stem in draft.backing else None
        by_kind = [one.name for one in draft.backing.values() if scheme.partition("+")[0] in _schemes(one)]
        name = by_kind[0] if name is None and len(by_kind) == 1 else name
    if name is None or (service is not None and name == service.name):
        return None
    if name in draft.backing:
        if parts.password or parts.path.strip("/"):
            # Its address has a password or a database's name: that is a secret or a choice, and not to be guessed.
            return None
        need(service, name, variable)
        return f"${{backing.{name}.url}}"
    need(service, name, variable)
    rest = parts.path.rstrip("/")
    return f"${{services.{name}.url}}{rest}"


def need(service: ServiceDraft | None, name: str, variable: str) -> None:
    """A service needs what one of its variables names."""
    if service is not None and name != service.name:
        service.needs.setdefault(name, Found(value=name, at=f"the variable {variable}"))


def _schemes(backing: BackingDraft) -> tuple[str, ...]:
    known = {
        "postgresql": ("postgres", "postgresql"),
        "redis": ("redis", "rediss"),
        "clickhouse": ("clickhouse", "clickhouses"),
    }
    return known.get(backing.kind, ())


def quoted(text: str) -> str:
    """A text as YAML that reads as this text and nothing else."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
