"""From an exception to the use of a name that nothing binds."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.names.claims import NameUnbound
from shakeout.catalogue.names.family import names
from shakeout.catalogue.names.history import parsed
from shakeout.catalogue.names.use import Use, lookup_at, use_of
from shakeout.evidence.model import Locator
from shakeout.evidence.paths import SourcePaths, is_foreign
from shakeout.evidence.python_source import PythonSource
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.logs.tracebacks.model import Frame
from shakeout.why import Because, Strength
from shakeout.why.links import Unknown

_NAME = re.compile(r"(?:\bname|\bvariable) '([^'\W]\w{0,200})'")
_TYPES = {"NameError", "UnboundLocalError"}
_FILES = 200
"""Files that are parsed where no traceback says which one it is."""


@names.rule
def name_bound_nowhere(
    raised: ExceptionRaised, paths: SourcePaths, repository: Repository, log: ErrorLog | None
) -> Iterator[Because | Unknown]:
    """
    A name is looked up at run time and found in no scope.

    ## What you see
    `NameError: name 'x' is not defined`, or `UnboundLocalError`, the moment that the line is reached.

    ## Why it happens
    Python looks names up when a line runs, not when the file is loaded.
    A name that no scope binds is an error only then, so tests that never reach the line pass.

    ## How we know
    The traceback's frame leads to a file and line of the repository at the deployed commit.
    The file is parsed, not run: the name stands on that line, and no scope that the lookup searches binds it, or binds
    it only later or on another branch.
    Where the log has the message and no traceback, the one place of the repository that uses the name unbound is taken;
    where there are several, the chain ends and says so.

    ## What to change
    Bind the name: import it, spell it right, or assign it on every path. The next link says which.
    """
    match = _NAME.search(raised.message)
    if raised.simple_type not in _TYPES or match is None:
        return
    frames = _frames(raised, log)
    if not frames:
        yield from _searched(match[1], repository)
        return
    frame = frames[-1]
    path = paths.find(frame.path, frame.line, frame.code)
    if path is None or frame.line is None:
        yield from _beyond(match[1], frames, paths, repository)
        return
    yield from _at(match[1], path, frame, repository)


def _frames(raised: ExceptionRaised, log: ErrorLog | None) -> tuple[Frame, ...]:
    occurrence = log.get(raised.key) if log is not None else None
    if occurrence is not None and occurrence.traceback is not None and occurrence.traceback.first.frames:
        return occurrence.traceback.first.frames
    return (Frame(path=raised.path, line=raised.line),) if raised.path is not None else ()


def _at(name: str, path: str, frame: Frame, repository: Repository) -> Iterator[Because | Unknown]:
    line = frame.line or 0
    rows = repository.lines(path)
    printed = frame.code.strip().split("\n", 1)[0].strip()
    if not 1 <= line <= len(rows) or (printed and printed not in rows[line - 1] and rows[line - 1].strip() != printed):
        yield Unknown(
            f"{path} as it was deployed: its line {line} is another one at the commit {repository.commit[:12]}"
        )
        return
    source = parsed(repository.text(path))
    if source is None:
        yield Unknown(f"a Python that can parse {path}: this one cannot")
        return
    at = Locator(source="file", path=path, line=line, commit=repository.commit)
    use = use_of(NameUnbound(name, at), repository)
    if use is None:
        yield Unknown(f"{path} as it was deployed: its line {line} does not use '{name}' at {repository.commit[:12]}")
        return
    if use.line != line:
        use = use_of(NameUnbound(name, use.at), repository) or use
    blocked = _not_to_be_read(use)
    if blocked:
        yield Unknown(blocked)
    else:
        yield Because(NameUnbound(name, use.at), [use.quote()])


def _not_to_be_read(use: Use) -> str | None:
    """Why the file alone cannot say what binds the name."""
    lookup, source = use.lookup, use.source
    sure = lookup.bound is not None and (not lookup.deferred or _bound_before_it(use))
    if lookup.fate == "builtin" or (lookup.fate == "bound" and sure):
        return (
            f"{use.path} as it was deployed: at {use.repository.commit[:12]} '{use.name}' is bound at line {use.line}"
        )
    if lookup.fate != "nowhere" or use.lost is not None:
        return None
    if source.has_star_import:
        return f"what the star import in {use.path} binds"
    if source.dynamic_line is not None:
        return f"what runs at {use.path}:{source.dynamic_line}, which binds names as the program runs"
    return None


def _bound_before_it(use: Use) -> bool:
    """Whether the scope further out binds the name, on every way, above the function that uses it."""
    owner = use.lookup.owner
    body = getattr(owner.node, "body", None) if owner is not None else None
    if owner is None or not isinstance(body, list) or any(name == use.name for name, _ in owner.deleted):
        return False
    above = [statement for statement in body if (statement.end_lineno or statement.lineno) < use.line]
    simple = (
        ast.Assign,
        ast.AnnAssign,
        ast.Import,
        ast.ImportFrom,
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
    )
    lines = {bound.line for bound in owner.bound if bound.name == use.name}
    return any(
        isinstance(statement, simple) and statement.lineno <= line <= (statement.end_lineno or 0)
        for statement in above
        for line in lines
    )


def _beyond(
    name: str, frames: tuple[Frame, ...], paths: SourcePaths, repository: Repository
) -> Iterator[Because | Unknown]:
    """The innermost call is not in the repository: a library's, or source that is in no file."""
    innermost = frames[-1]
    for frame in reversed(frames[:-1]):
        path = paths.find(frame.path, frame.line, frame.code)
        source = parsed(repository.text(path)) if path is not None else None
        if path is None or source is None:
            continue
        line = _annotated(source, name, frame.line or 0)
        if line is not None:
            at = Locator(source="file", path=path, line=line, commit=repository.commit)
            quoted = repository.quote(path, line)
            if quoted is not None:
                yield Because(NameUnbound(name, at), [quoted], strength=Strength.ENTAILED)
                return
        break
    if innermost.path.startswith("<"):
        yield Unknown(f"the source that ran as {innermost.path}, which is in no file")
    elif is_foreign(innermost.path):
        yield Unknown(f"the source of the library at {_tail(innermost.path)}, where the name is looked up")
    else:
        yield Unknown(f"the file that runs as {_tail(innermost.path)}; it is not in the repository")


def _annotated(source: PythonSource, name: str, line: int) -> int | None:
    """The annotation that a library looks up when it is asked from a line: the nearest one with that name."""
    found = [one for one in source.lookups(name) if one.annotation and one.fate in {"nowhere", "type checking only"}]
    return min(found, key=lambda one: (abs(one.line - line), one.line)).line if found else None


def _tail(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-3:])


def _searched(name: str, repository: Repository) -> Iterator[Because | Unknown]:
    """Without a traceback: the one file of the repository that uses the name and does not bind it."""
    paths = dict.fromkeys(at.path for at in repository.grep(name, ["*.py"], limit=2000))
    found: list[Locator] = []
    for path in list(paths)[:_FILES]:
        source = parsed(repository.text(path))
        if source is None or source.has_star_import or source.dynamic_line is not None:
            continue
        failing = [one for one in source.lookups(name) if one.fails and one.fate in {"nowhere", "type checking only"}]
        if failing:
            found.append(Locator(source="file", path=path, line=failing[0].line, commit=repository.commit))
    if len(found) != 1:
        places = f": {', '.join(str(at) for at in found[:3])} use it unbound" if found else ""
        yield Unknown(f"the traceback, to tell where '{name}' is looked up{places}")
        return
    use = use_of(NameUnbound(name, found[0]), repository)
    if use is not None and lookup_at(use.source, name, use.line) is not None:
        note = f"the only place in the repository that uses '{name}' and does not bind it"
        yield Because(NameUnbound(name, use.at), [use.quote(note=note)], strength=Strength.ENTAILED)
