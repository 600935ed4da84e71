"""What the code of a service answers and asks for: its health, its version, and variables that have to be set."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from shakeout.manifest.drafting import values
from shakeout.manifest.drafting.model import Draft, Found, ServiceDraft, plain
from shakeout.manifest.drafting.tree import Tree

_CODE = (".py", ".js", ".mjs", ".cjs", ".ts", ".go", ".rb", ".java", ".kt", ".php", ".rs", ".cs")
_HEALTH = re.compile(
    r"['\"`](?P<path>/?(?:[\w-]{1,20}/){0,2}_?(?:health|healthz|health-?check|livez|readyz|ready|up)/?)['\"`]"
)
_VERSION = re.compile(r"['\"`](?P<path>/(?:[\w-]{1,20}/){0,2}(?:version|build|build-info|about)/?)['\"`]")
_ROUTE = re.compile(
    r"\bpath\(\s*['\"](?P<path>(?:[\w-]{1,20}/){0,2}(?:version|build|build-info|about)/?)['\"],\s*(?:\w+\.)*(?P<view>\w+)"
)
"""A route as Django has it: without the first slash, and answered by a function of another file."""
_COMMIT = re.compile(
    r"(?:['\"`]?(?P<outer>[A-Za-z]\w{0,30})['\"`]?\s*[:=]\s*(?:\{|dict\()\s*)?"
    r"['\"`]?(?P<name>commit|commit_sha|git_?sha|sha|revision)['\"`]?\s*[:=]"
)
_ASKS = re.compile(
    r"(?:process\.env\.|environ(?:\.get)?[\[(]\s*['\"]|getenv\(\s*['\"])(?P<name>[A-Z][A-Z0-9_]*(?:SHA|COMMIT|REVISION))\b"
)
_CALLED = re.compile(r"(?:\+|\bfetch\(|\burlopen\()\s*$")
"""What stands before a path that is called, not answered at."""
_NEEDED = re.compile(r"\benviron\[\s*['\"](?P<name>[A-Z][A-Z0-9_]*)['\"]\s*\](?!\s*=(?!=))")
"""What ends a Python program that does not have it."""

_ASIDE = re.compile(r"(^|/)(scripts?|tools|ci|deploy(ment)?|bench(marks?)?)/")
_UNASKED = (
    ("DATABASE_URL", re.compile(r"\bdj_database_url\.config\(|\benv\.(?:dj_)?db(?:_url)?\(\)")),
    ("CACHE_URL", re.compile(r"\benv\.(?:dj_)?cache(?:_url)?\(\)")),
)
"""Variables that a library reads without being told their names."""


def questions(tree: Tree, draft: Draft) -> None:
    """Where the code of a service answers for its health and its version."""
    for own in draft.services.values():
        files = files_of(tree, draft, own)
        _asked(tree, draft, own, files)
        if own.health is None:
            own.health = next(_places(tree, files, _HEALTH), None)
        found = next(_places(tree, files, _VERSION), None) or next(_places(tree, files, _ROUTE), None)
        if found is None:
            continue
        path, _, line = _answering(tree, files, found.at).rpartition(":")
        near = "\n".join(tree.lines(path)[int(line) - 1 : int(line) + 14])
        match = _COMMIT.search(near)
        if match is None:
            own.version = Found(value=found.value, at=found.at, unsure="no field with the commit was found")
        else:
            field = f"{match['outer']}.{match['name']}" if match["outer"] else match["name"]
            own.version = Found(value=found.value, at=found.at, note=field)
            asked = next(_names(tree, [path, *files], _ASKS, int(line)), None)
            if asked is not None:
                own.environment.setdefault(asked[0], Found(value=values.quoted("${commit}"), at=asked[1]))


def _answering(tree: Tree, files: list[str], at: str) -> str:
    """Where the code is that answers at a route: the function that the route names, else the route's own line."""
    path, _, line = at.rpartition(":")
    match = _ROUTE.search(tree.lines(path)[int(line) - 1])
    view = re.compile(rf"\s*(?:async )?def {re.escape(match['view'])}\(") if match else None
    for other in files if view is not None else ():
        for number, row in enumerate(tree.lines(other), 1):
            if view is not None and view.match(row):
                return f"{other}:{number}"
    return at


def files_of(tree: Tree, draft: Draft, own: ServiceDraft, also: tuple[str, ...] = ()) -> list[str]:
    """
    The code of a service: what is in its folder, and not in that of another service below it.

    Where several services have one folder, it is that which its command names: a file or a module, and what is beside
    it; what one of them answers is not what the others do. A Django project is all that no other of them names.
    Scripts that the command does not name are no part of what is started.
    `also` are further endings of files.
    """
    others = [one for one in draft.services.values() if one is not own]
    within = "" if own.folder == "." else f"{own.folder}/"
    below = tuple(f"{one.folder}/" for one in others if one.folder != own.folder and one.folder.startswith(within))
    files = [path for path in tree.within(own.folder) if path.endswith((*_CODE, *also))]
    starts = set(_named(tree, own))
    files = [path for path in files if path in starts or not (path.startswith(below) or _ASIDE.search(path))]
    beside = [one for one in others if one.folder == own.folder]
    if beside:
        project = {f"{within}manage.py", *(path for path in starts if path.endswith(("/wsgi.py", "/asgi.py")))}
        if tree.has(f"{within}manage.py") and starts & project:
            theirs = {path for one in beside for path in _named(tree, one)} - starts
            files = [path for path in files if not {path, posixpath.dirname(path)} & theirs]
        else:
            files = [path for path in files if path in starts or posixpath.dirname(path) in starts]
    return files[:400]


def names(tree: Tree, path: str, variable: str) -> bool:
    """Whether a file names a variable, or a library that reads it unasked."""
    text = tree.text(path)
    if re.search(rf"\b{re.escape(variable)}\b", text):
        return True
    return any(name == variable and call.search(text) for name, call in _UNASKED)


def _named(tree: Tree, own: ServiceDraft) -> Iterator[str]:
    """The files and folders that the command of a service names."""
    try:
        words = shlex.split(own.run.value) if own.run is not None else []
        words = [inner for word in words for inner in (shlex.split(word) if " " in word else [word])]
    except ValueError:
        words = []
    top = "" if own.folder == "." else f"{own.folder}/"
    for word in words:
        module = word.partition(":")[0].removesuffix("()")
        for path in (word, f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__init__.py"):
            place = posixpath.normpath(f"{top}{path}")
            if tree.has(place):
                yield place
                if posixpath.dirname(place) != own.folder.strip("."):
                    yield posixpath.dirname(place)


def _asked(tree: Tree, draft: Draft, own: ServiceDraft, files: list[str]) -> None:
    """Variables without which the code does not start, where nothing said what they are."""
    for name, at in _names(tree, files, _NEEDED):
        if name in own.environment or name in values.OWN:
            continue
        stem = plain(values.STEM.sub("", name))
        told = [one for one in draft.services if stem in {one, one.rpartition("-")[2]} and one != own.name]
        if name.endswith(("_URL", "_URI")) and len(told) == 1:
            own.environment[name] = Found(value=values.quoted(f"${{services.{told[0]}.url}}"), at=at)
            values.need(own, told[0], name)
        else:
            own.environment[name] = Found(value='""', at=at, unsure="the code asks for it, and nothing says what it is")


def _names(tree: Tree, files: list[str], pattern: re.Pattern[str], first: int = 1) -> Iterator[tuple[str, str]]:
    """(variable, path:line) of each that the code asks for; of the first file, from line `first` on before the rest."""
    for number, path in enumerate(dict.fromkeys(files)):
        rows = list(enumerate(tree.lines(path), 1))
        for line, row in rows[first - 1 :] + rows[: first - 1] if number == 0 else rows:
            if not row.lstrip().startswith(("#", "//", "*")):
                yield from ((match["name"], f"{path}:{line}") for match in pattern.finditer(row[:500]))


def _places(tree: Tree, files: list[str], pattern: re.Pattern[str]) -> Iterator[Found]:
    for path in files:
        for number, row in enumerate(tree.lines(path), 1):
            match = pattern.search(row[:500])
            if match and not row.lstrip().startswith(("#", "//", "*")) and not _CALLED.search(row[: match.start()]):
                where = match["path"] if match["path"].startswith("/") else f"/{match['path']}"
                yield Found(value=where, at=f"{path}:{number}")
