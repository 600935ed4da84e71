"""Defaults of the code that are used because a setting is missing for one service."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.configuration.claims import DeclaredForAnother
from shakeout.catalogue.connectivity.claims import NameUnknown, NoAnswer, NothingListens
from shakeout.catalogue.connectivity.family import View, connectivity
from shakeout.evidence.configuration import Configuration, ConfigurationValue
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy

_CODE = ["*.py", "*.js", "*.mjs", "*.cjs", "*.ts", "*.go", "*.rb", "*.java", "*.kt", "*.php"]
_READ = re.compile(
    r"(?:environ(?:\.get)?[\[(]|getenv\(|env(?:\.\w{1,20})?\(|config\()\s{0,4}['\"](?P<a>[A-Za-z_]\w{1,80})['\"]"
    r"|process\.env(?:\.(?P<b>[A-Za-z_]\w{1,80})|\[['\"](?P<c>[A-Za-z_]\w{1,80})['\"]\])",
    re.I,
)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LINES = 200
"""Lines with the host that are looked at."""


@connectivity.rule
def default_in_use(
    state: NothingListens | NameUnknown | NoAnswer, log: ErrorLog, repository: Repository, settings: Configuration
) -> Iterator[Because]:
    """
    The service uses an address that its code falls back to, because the setting is there for other services only.

    ## What you see
    One service works and another, with the same code, asks `localhost` for a server that is elsewhere.

    ## Why it happens
    The code has a default for the address, and the deployment sets the variable for one service and not for the other.
    So nothing complains that it is missing.

    ## How we know
    A line of the code reads one variable and has that very host as its default. The configuration knows the service
    whose connection failed, and sets the variable for others and not for it.

    ## What to change
    Set the variable for this service as well; and have no default that can only work on a developer's machine.
    """
    view = View(log=log)
    owners = {seen.service for fails, seen in view.everything if fails.address == state.address and seen.service}
    scopes = {scope for owner in owners if (scope := settings.scope_of(owner)) is not None}
    host = state.address.rpartition(":")[0].strip("[]") or state.address
    if len(scopes) != 1:
        return
    (scope,) = scopes
    found: dict[str, tuple[Evidence, Locator, tuple[ConfigurationValue, ...]]] = {}
    for variable, line, at in _reads(host, repository):
        here = settings.of(variable)
        if here and all(one.scope not in {None, scope} for one in here):
            found.setdefault(variable, (line, at, here))
    if len(found) != 1:
        return
    ((variable, (line, at, here)),) = found.items()
    others = tuple(dict.fromkeys(one.scope for one in here if one.scope))
    quoted = repository.quote(here[0].at.path, here[0].at.line or 1, note=f"set for {others[0]}")
    fix = Remedy("words", f"set {variable} for {scope} in {here[0].at.path} as well")
    claim = DeclaredForAnother(variable, scope, others, here[0].at, at)
    yield Because(claim, [line, *([quoted] if quoted is not None else [])], fix=fix)


def _reads(host: str, repository: Repository) -> Iterator[tuple[str, Evidence, Locator]]:
    """(variable, the line, its place) of each line of code that reads one variable and has the host as its default."""
    for name in _LOOPBACK if host in _LOOPBACK else (host,):
        for at in repository.grep(name, _CODE, limit=_LINES):
            line = repository.quote(at.path, at.line or 1, note=f"falls back to {name}")
            read = list(_READ.finditer(line.quote)) if line is not None else []
            variables = {match["a"] or match["b"] or match["c"] for match in read}
            if line is None or len(variables) != 1:
                continue
            after = line.quote[read[0].end() :]
            if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", after) is not None:
                yield variables.pop(), line, at
