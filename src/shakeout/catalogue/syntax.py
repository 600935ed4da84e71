"""Syntax: source that is no Python at all, or none for the version that runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import logged, own_frame, quoted
from shakeout.evidence.definitions import parsed
from shakeout.evidence.javascript import SCRIPTS
from shakeout.evidence.model import Locator
from shakeout.evidence.patches import unified, with_line
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.python_versions import MODULES, NAMES, Construct, PythonVersions, constructs
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Claim, Family, GuardSpec, Layer, Remedy, Strength, claim
from shakeout.why.links import Unknown

syntax = Family(
    "syntax",
    "Source that the running Python cannot read",
    guard=GuardSpec(
        name="compilation by the image's Python",
        kind="command",
        arguments=(
            r"python[\d.]*\s+-m\s+(?:compileall|py_compile)", r"\bruff\b(?!\s+format)", r"\bflake8\b", r"\bmypy\b",
            r"\bpyright\b", r"\bpytest\b", r"\bvermin\b", r"\bpylint\b", r"\btox\b",
        ),
        missing="nothing in the repository's checks compiles the source, with whatever Python",
        add="- run: python -m compileall -q .  # in CI, with the Python of the image",
    ),
)  # fmt: skip

_TYPES = frozenset({"SyntaxError", "IndentationError", "TabError"})
_MARKER = re.compile(r"(?:<{7}|>{7}|\|{7})(?: |$)")
_UNION = re.compile(r"unsupported operand type\(s\) for \|")
_SUBSCRIPT = re.compile(r"'type' object is not subscriptable")
_NO_NAME = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'|module '([\w.]+)' has no attribute '(\w+)'")
_NO_METHOD = re.compile(r"'str' object has no attribute '(remove(?:prefix|suffix))'")
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")


@claim(Layer.DECLARATION)
class ConflictMarkers(Claim):
    """A file holds the marks of a merge that was not finished."""

    at: Locator

    def __str__(self) -> str:
        return f"{self.at} is a mark of a merge conflict that was committed"


@claim(Layer.DECLARATION)
class InvalidSyntax(Claim):
    """A line is no Python in any version."""

    what: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} is not valid Python ({self.what})"


@claim(Layer.DECLARATION)
class NeedsNewerPython(Claim):
    """A line needs a newer Python than the one that is declared for where it runs."""

    construct: str
    needs: str
    declared: str
    at: Locator
    declared_at: Locator

    def __str__(self) -> str:
        return (
            f"{self.at} has {self.construct}, which needs Python {self.needs}, and {self.declared_at} declares "
            f"Python {self.declared}"
        )

    def title(self) -> str:
        return f"{self.at.path} needs Python {self.needs} and runs on {self.declared}"

    def blamed(self) -> Locator | None:
        return None


@syntax.rule
def invalid_syntax(
    raised: ExceptionRaised, paths: SourcePaths, versions: PythonVersions, log: ErrorLog | None
) -> Iterator[Because | Unknown]:
    """
    A file cannot be parsed.

    ## What you see
    `SyntaxError`, `IndentationError` or `TabError` while a service starts, with the line and a caret.

    ## Why it happens
    A merge was committed with its conflict marks, a line was broken by hand, or tabs and spaces are mixed; nothing
    loaded the file before it was deployed.

    ## How we know
    The file at the deployed commit is parsed (not run) and is no Python either way, or it holds conflict marks.

    ## What to change
    Correct the line. Let CI compile or lint every file.
    """
    if raised.simple_type not in _TYPES:
        return
    at = own_frame(raised, paths, log)
    text = paths.repository.text(at.path) if at is not None else None
    if at is None or text is None or at.path.endswith(SCRIPTS):
        return
    marks = [number for number, row in enumerate(text.split("\n"), 1) if _MARKER.match(row)]
    if len(marks) > 1:
        place = Locator(source="file", path=at.path, line=marks[0], commit=paths.repository.commit)
        evidence = [item for line in marks[:3] for item in quoted(paths, _line(at, line))]
        yield Because(ConflictMarkers(place), evidence)
        return
    declared = versions.of(at.path)
    if parsed(text) is None and not constructs(text, at.line or 1, declared.version if declared else (3, 0)):
        evidence = [*quoted(paths, at), *logged(raised, log)]
        yield Because(InvalidSyntax(raised.message.split(" (", 1)[0] or raised.simple_type, at), evidence)


def _line(at: Locator, line: int) -> Locator:
    return Locator(source="file", path=at.path, line=line, commit=at.commit)


@syntax.rule
def needs_newer_python(
    raised: ExceptionRaised, paths: SourcePaths, versions: PythonVersions, log: ErrorLog | None
) -> Iterator[Because | Unknown]:
    """
    The source needs a newer Python than the image has.

    ## What you see
    `SyntaxError: invalid syntax` at a line that runs on every developer's machine; or, at run time,
    `unsupported operand type(s) for |`, `'type' object is not subscriptable`, `No module named 'tomllib'`.

    ## Why it happens
    The developers' Python is newer than the one that the Dockerfile (or `.python-version`, `runtime.txt`) names.

    ## How we know
    The line has a construct, a module or a name that came with a later version, by a small table from Python's own
    release notes, and the line that declares the version is quoted beside it.

    ## What to change
    Raise the declared version, or write the line for the older one.
    """
    at = own_frame(raised, paths, log)
    text = paths.repository.text(at.path) if at is not None else None
    if at is None or text is None or at.line is None or not at.path.endswith(".py"):
        return
    declared = versions.of(at.path)
    found = list(_needs(raised, text, at.line, declared.version if declared else (3, 0)))
    if not found:
        return
    if declared is None:
        if raised.simple_type not in _TYPES or parsed(text) is not None:
            yield Unknown("the version of Python that runs this (no Dockerfile, .python-version or runtime.txt says)")
        return
    need = max(found, key=lambda one: one.needs)
    if need.needs <= declared.version:
        return
    words = ".".join(map(str, need.needs)), ".".join(map(str, declared.version))
    whole = paths.repository.text(declared.at.path) or ""
    line = declared.at.line or 1
    raised_line = whole.split("\n")[line - 1].replace(words[1], words[0])
    patch = unified(declared.at.path, whole, with_line(whole, line, raised_line))
    yield Because(
        NeedsNewerPython(need.name, words[0], words[1], at, declared.at),
        [*quoted(paths, at), *quoted(paths, declared.at, note=f"declares Python {words[1]}")],
        fix=Remedy("patch", f"run on Python {words[0]} ({declared.at})", patch=patch),
    )


def _needs(raised: ExceptionRaised, text: str, line: int, declared: tuple[int, int]) -> Iterator[Construct]:
    kind, message = raised.simple_type, raised.message
    row = text.split("\n")[line - 1] if line <= text.count("\n") + 1 else ""
    if kind in _TYPES:
        yield from constructs(text, line, declared)
    elif kind == "TypeError" and _UNION.search(message) and "type" in message:
        yield Construct(name="a union of types written with |", needs=(3, 10))
    elif kind == "TypeError" and _SUBSCRIPT.search(message) and re.search(r"\b(?:list|dict|tuple|set|type)\[", row):
        yield Construct(name="a builtin type with a parameter", needs=(3, 9))
    elif kind in {"ModuleNotFoundError", "ImportError", "AttributeError"}:
        module, name, method = _NO_MODULE.search(message), _NO_NAME.search(message), _NO_METHOD.search(message)
        if module and module[1] in MODULES:
            yield Construct(name=f"an import of {module[1]}", needs=MODULES[module[1]])
        elif method:
            yield Construct(name=f"str.{method[1]}", needs=NAMES["str", method[1]])
        elif name:
            key = (name[2] or name[3], name[1] or name[4])
            if key in NAMES:
                yield Construct(name=f"{key[0]}.{key[1]}", needs=NAMES[key])


@syntax.rule
def version_changed_by_commit(newer: NeedsNewerPython, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit wrote the newer construct, or declared the older Python.

    ## What you see
    A line and a declared version that do not fit together.

    ## Why it happens
    One of the two was written later than the other, without a look at it.

    ## How we know
    Both lines are blamed at the deployed commit; the newer of the two made them disagree.

    ## What to change
    Let CI run with the Python of the image.
    """
    origins = [repository.origin(at.path, at.line or 1) for at in (newer.at, newer.declared_at)]
    known = [origin for origin in origins if origin is not None and not origin.boundary]
    if len(known) < 2:
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
        return
    source, declared = known
    later = declared if repository.is_ancestor(source.commit.hash, declared.commit.hash) else source
    same = source.commit.hash == declared.commit.hash
    what = f"wrote {newer.construct}" if later is source or same else f"declared Python {newer.declared}"
    yield Because(introduced(later.commit, what), [later.commit.evidence()], strength=Strength.OBSERVED)
