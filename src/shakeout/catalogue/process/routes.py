"""Routes in the sources: where a service answers at a path, and which commit took that away."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from shakeout.evidence.declarations import Declarations
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.repository import Commit, Repository

_NOT_SOURCE = re.compile(r"(^|/)(tests?|spec|docs?|node_modules|vendor)/|\.(md|rst|ya?ml|json|lock|patch)$")
_ROUTE = re.compile(r"['\"](?P<path>/[\w./-]{0,80})['\"]")
_DJANGO = re.compile(r"\b(?:re_)?path\(\s{0,8}r?['\"]\^?(?P<path>\w[\w./-]{0,80}?)\$?['\"]")
"""A route as Django has it, without the first slash."""
_HEALTH_WORD = re.compile(r"health|ready|live|alive|status|ping|heartbeat|up/?$", re.I)
_ROUTING = re.compile(
    r"(?:\.(?:get|head|all|use|any|route|add_route|add_api_route|add_get|api_route|GET|Get|Handle|HandleFunc|MapGet)"
    r"|\b(?:Route|APIRoute|path|re_path|url|route|get|Mount|HandleFunc|GetMapping|RequestMapping|Get|Path|url_pattern))"
    r"\(\s{0,8}(?:\w{1,20}\s?=\s?)?['\"]/|(?:={2,3}|\bcase|\bin|\bwhen|startswith\()\s{0,4}[(\[{]?['\"]/"
)
_ASKING = re.compile(r"\b(?:request|requests|fetch|urlopen|axios|httpx?|client|session|curl)\b\s?[.(]")
_SOUNDS = r"""["']\^?/?[A-Za-z_-]*(health|ready|live|ping|heartbeat)[A-Za-z_/-]*\$?["']"""


def routes(repository: Repository, path: str) -> list[Locator]:
    """Where the sources answer at a path."""
    found = [
        at
        for text in (path, path.lstrip("/"))
        if text
        for mark in "\"'"
        for at in repository.grep(f"{mark}{text}{mark}")
    ]
    return [
        at
        for at in dict.fromkeys(found)
        if not _NOT_SOURCE.search(at.path) and path in set(_told(_row(repository, at)))
    ]


def other_route(repository: Repository, declarations: Declarations, service: str) -> str | None:
    """The one route of a service's own sources that sounds like a health address."""
    theirs = tuple(_folders_of_others(declarations, service))
    found: set[str] = set()
    for at in repository.grep(_SOUNDS, fixed=False):
        if not _NOT_SOURCE.search(at.path) and not at.path.startswith(theirs):
            found |= {path for path in _told(_row(repository, at)) if _HEALTH_WORD.search(path)}
    return next(iter(found)) if len(found) == 1 else None


def moved(repository: Repository, path: str) -> tuple[Commit, list[Evidence], str | None] | None:
    """The commit that took the route out of a source, what shows it, and the route in its place."""
    for file, commit in _lost(repository, path):
        new = {one for row in repository.lines(file, commit.hash) for one in _read(row)}
        old = {one for parent in commit.parents for row in repository.lines(file, parent) for one in _read(row)}
        if _NOT_SOURCE.search(file) or path not in old:
            continue
        began = sorted(found for found in new - old if _HEALTH_WORD.search(found))
        to = began[0] if len(began) == 1 else None
        at = next(iter(routes(repository, to)), None) if to is not None else None
        shown = repository.quote(at.path, at.line or 1, note="answers there now") if at is not None else None
        return commit, [commit.evidence(), *([shown] if shown else [])], to
    return None


def _lost(repository: Repository, path: str) -> Iterator[tuple[str, Commit]]:
    for text in (path, path.lstrip("/")):
        for mark in "\"'" if text else "":
            yield from repository.lost(f"{mark}{text}{mark}")


def _read(row: str) -> Iterator[str]:
    """The paths that a line has, whatever it does with them."""
    yield from (match["path"] for match in _ROUTE.finditer(row))
    yield from (f"/{match['path']}" for match in _DJANGO.finditer(row))


def _told(row: str) -> Iterator[str]:
    """The paths at which a line answers, and for which it does not ask (a client)."""
    if not _ASKING.search(row):
        yield from (match["path"] for match in _ROUTE.finditer(row) if _ROUTING.search(row))
        yield from (f"/{match['path']}" for match in _DJANGO.finditer(row))


def _row(repository: Repository, at: Locator) -> str:
    return repository.lines(at.path)[(at.line or 1) - 1]


def _folders_of_others(declarations: Declarations, service: str) -> Iterator[str]:
    """The folders that other services are started in, or that their commands name, and this one's does not."""
    own = set(_folders(declarations, service))
    for other in declarations.services:
        if other != service:
            yield from (f"{folder}/" for folder in _folders(declarations, other) if folder not in own)


def _folders(declarations: Declarations, service: str) -> Iterator[str]:
    declared = declarations.services.get(service)
    base = (declared.value("path") if declared is not None else None) or "."
    if base != ".":
        yield posixpath.normpath(base)
    try:
        words = shlex.split((declared.value("run") if declared is not None else None) or "")
    except ValueError:
        return
    for before, word in zip(["", *words], words, strict=False):
        module = before == "-m" or re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)+(?::\w+)?", word)
        path = word.partition(":")[0].replace(".", "/") if module and not word.endswith(".py") else word
        folder = posixpath.normpath(posixpath.join(base, path if before == "-m" else posixpath.dirname(path)))
        if (module or "/" in word) and not folder.startswith((".", "/")):
            yield folder
