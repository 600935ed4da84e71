"""Names that are not exported or not declared, and lines that cannot be read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import ExceptionRaised, first_cause
from shakeout.catalogue.frames import logged, own_frame, quoted
from shakeout.catalogue.javascript.claims import ExportMissing, ScriptNameUndeclared, ScriptUnreadable, javascript
from shakeout.catalogue.syntax import ConflictMarkers
from shakeout.evidence.javascript import SCRIPTS, exports, may_declare, uses
from shakeout.evidence.javascript_modules import written_for
from shakeout.evidence.model import Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy

_EXPORT = re.compile(r"The requested module '(\.[^'\n]{1,500})' does not provide an export named '([\w$]+)'")
_NAME = re.compile(r"([\w$]{1,200}) is not defined\s*\Z")
_UNREADABLE = re.compile(
    r"Unexpected (?:token|identifier|end of input|string|number|template|strict mode|reserved|eval)"
    r"|Invalid or unexpected token|missing \) after|Unterminated (?:template|string)|Missing initializer"
    r"|Identifier '[\w$]+' has already been declared|Illegal (?:return|break|continue)|Duplicate export"
    r"|await is only valid|Invalid left-hand side|Invalid destructuring|Malformed arrow function|Unexpected eval"
)
_OF_THE_PLATFORM = frozenset(
    {"require", "module", "exports", "__dirname", "__filename", "window", "document", "navigator", "localStorage",
     "sessionStorage", "self", "process", "global", "Buffer", "fetch", "WebSocket", "crypto", "structuredClone"}
)  # fmt: skip
"""What a platform or a kind of module gives, or not: to declare it is no remedy."""
_MARKER = re.compile(r"(?:<{7}|>{7}|\|{7})(?: |$)")


def _script(raised: ExceptionRaised, paths: SourcePaths, log: ErrorLog | None, kind: str) -> tuple[Locator, str] | None:
    """The application's own line, and its file's text, of an error of one type in a script."""
    at = own_frame(raised, paths, log) if raised.simple_type == kind else None
    if at is None or at.line is None or not at.path.endswith(SCRIPTS):
        return None
    text = paths.repository.text(at.path)
    return (at, text) if text is not None else None


@javascript.rule
def export_missing(raised: ExceptionRaised, paths: SourcePaths, log: ErrorLog | None) -> Iterator[Because]:
    """
    A script imports a name that its module does not export.

    ## What you see
    `SyntaxError: The requested module './x.js' does not provide an export named 'y'` while a service starts.

    ## Why it happens
    The name was renamed or taken out in one file, or written wrongly in the other.

    ## How we know
    Node.js names the line, the module and the name; at the deployed commit the line has the name, and the module, which
    is a file of the repository, exports others. Where it passes on what other modules export (`export *`), or exports
    as CommonJS does, nothing is said.

    ## What to change
    Import the name that there is, or export the one that is asked for.
    """
    found, match = _script(raised, paths, log, "SyntaxError"), _EXPORT.search(raised.message)
    if found is None or match is None:
        return
    at, text = found
    module = posixpath.normpath(posixpath.join(posixpath.dirname(at.path), match[1]))
    other = paths.repository.text(module) if paths.repository.is_file(module) else None
    names = exports(other) if other is not None else None
    if names is None or match[2] in names or (match[2] != "default" and not uses(text, at.line or 0, match[2])):
        return
    known = ", ".join(sorted(names)[:5]) or "nothing"
    fix = Remedy("words", f"import from {module} what it exports ({known}), or export '{match[2]}' there")
    yield Because(ExportMissing(match[2], module, at), [*quoted(paths, at), *logged(raised, log)], fix=fix)


@javascript.rule
def script_name_undeclared(raised: ExceptionRaised, paths: SourcePaths, log: ErrorLog | None) -> Iterator[Because]:
    """
    A script uses a name that nothing in its file declares or imports.

    ## What you see
    `ReferenceError: x is not defined`, often only for the one request that comes to that line.

    ## Why it happens
    An import or a declaration was taken out, or the use was written without one.

    ## How we know
    The line of the innermost frame that is the application's has the name, and no declaration, import, parameter or
    assignment of it is in the file at the deployed commit. Names that a platform gives, or not (`window`, `require`),
    are left alone.

    ## What to change
    Import or declare the name. Let CI run a linter that knows undeclared names (`no-undef`).
    """
    found, match = _script(raised, paths, log, "ReferenceError"), _NAME.match(raised.message.split("\n", 1)[0])
    if found is None or match is None:
        return
    at, text = found
    if match[1] in _OF_THE_PLATFORM:
        return
    if uses(text, at.line or 0, match[1]) and not may_declare(text, match[1]):
        yield Because(
            ScriptNameUndeclared(match[1], at),
            [*quoted(paths, at), *logged(raised, log)],
            fix=Remedy("words", f"import or declare '{match[1]}' in {at.path}"),
        )


@javascript.rule
def script_unreadable(raised: ExceptionRaised, paths: SourcePaths, log: ErrorLog | None) -> Iterator[Because]:
    """
    Node.js cannot read a script.

    ## What you see
    `SyntaxError: Unexpected token` (or another one) while a service starts, with the line and a caret above it.

    ## Why it happens
    A merge was committed with its conflict marks, or a line was broken by hand; nothing loaded the file before it was
    deployed.

    ## How we know
    Node.js printed the file, the line and its text, and the repository has the same text there at the deployed commit.
    A `SyntaxError` of `JSON.parse` and the like, which is about data, prints no such line.

    ## What to change
    Correct the line. Let CI lint or load every script.
    """
    found = _script(raised, paths, log, "SyntaxError")
    occurrence = log.get(raised.key) if log is not None else None
    if found is None or occurrence is None or occurrence.traceback is None or not _UNREADABLE.match(raised.message):
        return
    at, text = found
    frames = first_cause(occurrence.traceback).frames
    printed = frames[-1].code.strip() if frames else ""
    rows = text.split("\n")
    if not printed or "JSON" in raised.message or _row(rows, at).strip() != printed:
        return
    if "'export'" in raised.message and written_for(text, at.line or 0):
        return  # the line is right, and read as the other kind of module
    marks = [number for number, row in enumerate(rows, 1) if _MARKER.match(row)]
    if len(marks) > 1:
        places = [Locator(source="file", path=at.path, line=line, commit=at.commit) for line in marks[:3]]
        yield Because(ConflictMarkers(places[0]), [item for place in places for item in quoted(paths, place)])
        return
    what = raised.message.split("\n", 1)[0]
    yield Because(ScriptUnreadable(what, at), [*quoted(paths, at), *logged(raised, log)])


def _row(rows: list[str], at: Locator) -> str:
    line = at.line or 0
    return rows[line - 1] if 1 <= line <= len(rows) else ""
