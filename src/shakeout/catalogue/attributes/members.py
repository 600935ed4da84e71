"""A member that is not there: renamed, removed or misspelt."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from shakeout.catalogue.attributes.claims import (
    MemberAbsent,
    MemberMisspelt,
    MemberRemoved,
    MemberRenamed,
    NothingThere,
    attributes,
)
from shakeout.catalogue.attributes.finding import class_of
from shakeout.catalogue.exceptions import ExceptionRaised, first_cause
from shakeout.catalogue.frames import own_frame, quoted
from shakeout.evidence.definitions import before, ended, members, parsed
from shakeout.evidence.patches import nearest, unified, with_line
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.python_modules import PythonModules
from shakeout.evidence.python_source import PythonSource
from shakeout.evidence.repository import Commit
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, Strength
from shakeout.why.links import Unknown

_MODULE = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")
_UNDEFINED = re.compile(
    r"Cannot (?:read|set) propert(?:y|ies) of (?:undefined|null) \((?:reading|setting) '([^'\n]{1,100})'\)"
    r"|Cannot (?:read|set) property '([^'\n]{1,100})' of (?:undefined|null)"
)
_OBJECT = re.compile(r"(?:type object )?'(\w+)'(?: object)? has no attribute '(\w+)'")
_SETTINGS = frozenset({"Settings", "LazySettings", "UserSettingsHolder"})
_SETTINGS_MODULE = re.compile(r"DJANGO_SETTINGS_MODULE['\"]\s*[,\]]\s*=?\s*['\"]([\w.]{1,200})['\"]")


@attributes.rule
def member_absent(
    raised: ExceptionRaised, paths: SourcePaths, modules: PythonModules, log: ErrorLog | None
) -> Iterator[Because | Unknown]:
    """
    A line asks for an attribute that its object does not have.

    ## What you see
    `AttributeError: 'Order' object has no attribute 'total'`, `module 'shop.prices' has no attribute 'vat'`, or
    `Cannot read properties of undefined (reading 'total')` from Node.js.

    ## Why it happens
    The class or module once had it, or has it by another name, or the object is None.

    ## How we know
    The exception names the class or the module; the repository has exactly one of that name, and its source does not
    have the member. For a Django setting it is the one settings module that the project names.
    Where the class or module answers for its members by code (`__getattr__`), this is a possibility only.

    ## What to change
    The next link says whether it was renamed, removed or never there.
    """
    undefined = _UNDEFINED.search(raised.message) if raised.simple_type == "TypeError" else None
    if undefined is not None and (place := own_frame(raised, paths, log)) is not None:
        value = "null" if " of null" in raised.message else "undefined"
        yield Because(NothingThere(undefined[1] or undefined[2], place, value), quoted(paths, place))
        yield Unknown(f"where the value comes from (what gave {value} instead of an object)")
    if raised.simple_type != "AttributeError":
        return
    at = own_frame(raised, paths, log)
    module, thing = _MODULE.search(raised.message), _OBJECT.search(raised.message)
    if at is None or (module is None and thing is None) or "partially initialized" in raised.message:
        return
    if module is not None:
        path = modules.find(module[1], at.path)
        if path is None:
            yield Unknown(f"the installed version of '{module[1]}' (it is not the repository's own)")
            return
        source = modules.source(path)
        if source is not None and not source.bindings(module[2]):
            strength = Strength.CONSISTENT if source.bindings("__getattr__") else Strength.OBSERVED
            yield Because(MemberAbsent(module[1], module[2], path, at), quoted(paths, at), strength=strength)
        return
    owner, member = (thing[1], thing[2]) if thing else ("", "")
    if owner == "NoneType":
        yield Because(NothingThere(member, at), quoted(paths, at))
        yield Unknown("where the value comes from (what the call that gave None was asked for)")
        return
    if owner in _SETTINGS and _asked_django(raised, log):
        path = _settings_of(member, modules, at.path)
        if path is not None:
            yield Because(MemberAbsent("settings", member, path, at), quoted(paths, at))
        return
    found = class_of(owner, modules, at.path)
    if found is not None and member not in members(modules.source(found.path), owner):
        evidence = (*quoted(paths, at), *quoted(paths, found.at, f"defines {owner}"))
        # A class that answers for members itself may have raised this for an object behind it.
        sure = not _answers_itself(found.node)
        strength = Strength.OBSERVED if sure else Strength.CONSISTENT
        yield Because(MemberAbsent(owner, member, found.path, at), evidence, strength=strength)


def _asked_django(raised: ExceptionRaised, log: ErrorLog | None) -> bool:
    """Whether it is Django's own object of the settings that was asked."""
    occurrence = log.get(raised.key) if log is not None else None
    first = first_cause(occurrence.traceback) if occurrence is not None and occurrence.traceback is not None else None
    frames = first.frames[-2:] if first is not None else ()
    return any(frame.path.replace("\\", "/").endswith("django/conf/__init__.py") for frame in frames)


def _settings_of(member: str, modules: PythonModules, near: str) -> str | None:
    """
    The module of a Django project's settings, or of those that it takes in, in which a setting would stand.

    None where there is not exactly one, and where it has the setting.
    """
    repository = modules.repository
    rows = (repository.lines(at.path)[(at.line or 1) - 1] for at in repository.grep("DJANGO_SETTINGS_MODULE", ["*.py"]))
    named = {match[1] for row in rows if (match := _SETTINGS_MODULE.search(row))}
    found = modules.find(named.pop(), near) if len(named) == 1 else None
    if found is None:
        return None
    taken = [one.path for one in modules.imports(found) if one.path is not None]
    files = list(dict.fromkeys((found, *taken)))
    if any((source := modules.source(path)) is not None and source.bindings(member) for path in files):
        return None
    return next((path for path in files if ended(repository, path, had("settings", member)) is not None), found)


def _answers_itself(node: ast.AST) -> bool:
    names = {"__getattr__", "__getattribute__"}
    return any(isinstance(one, ast.FunctionDef) and one.name in names for one in getattr(node, "body", ()))


def had(owner: str, member: str) -> Callable[[PythonSource], bool]:
    """Whether a file's version has the member: in the class of that name, or in the module."""

    def told(source: PythonSource) -> bool:
        return member in _names(source, owner)

    return told


def _names(source: PythonSource | None, owner: str) -> dict[str, int]:
    if source is None:
        return {}
    own = members(source, owner)
    return own or {bound.name: bound.line for bound in source.bound_in(source.tree)}


def _now(absent: MemberAbsent, commit: Commit, modules: PythonModules) -> str | None:
    """The one member that the commit began where it ended this one."""
    old = before(modules.repository, commit, absent.path)
    new = parsed(modules.repository.text(absent.path, commit.hash))
    began = sorted(set(_names(new, absent.owner)) - set(_names(old, absent.owner)))
    return began[0] if len(began) == 1 else None


@attributes.rule
def member_renamed_or_removed(
    absent: MemberAbsent, modules: PythonModules, paths: SourcePaths
) -> Iterator[Because | Unknown]:
    """
    The member was renamed or taken out, and this use stayed.

    ## What you see
    An attribute that used to work is gone after a refactor.

    ## Why it happens
    Attributes are looked up when a line runs, so a use that was missed fails only there.

    ## How we know
    The file's history, parsed version by version: one commit ended that the class or module has the member. Where the
    same commit began exactly one new member, it was renamed. Where it never had it, and has one of nearly the same
    name, it was misspelt.

    ## What to change
    Use the new name; the patch does it on that line.
    """
    repository = modules.repository
    row = next((found.quote for found in quoted(paths, absent.at)), absent.member)
    row = row if "getattr(" in row else re.sub(r"(['\"]).*?\1", "''", row)
    if not re.search(rf"\b{re.escape(absent.member)}\b", row):
        return
    commit = ended(repository, absent.path, had(absent.owner, absent.member))
    if commit is None:
        source = modules.source(absent.path)
        names = _names(source, absent.owner)
        meant = nearest(absent.member, list(names))
        if meant is not None:
            evidence = [*quoted(paths, absent.at)]
            has = repository.quote(absent.path, names[meant], note=f"has '{meant}'")
            evidence += [has] if has is not None else []
            fix = _say(absent, meant, paths)
            yield Because(
                MemberMisspelt(absent.owner, absent.member, meant, absent.at), evidence, strength=Strength.ENTAILED,
                fix=fix,
            )  # fmt: skip
        elif repository.shallow:
            yield Unknown("the full history of this repository (`git fetch --unshallow`)")
        return
    evidence = [*quoted(paths, absent.at), commit.evidence()]
    now = _now(absent, commit, modules)
    if now is None:
        yield Because(MemberRemoved(absent.owner, absent.member, absent.path, absent.at), evidence)
    else:
        made = MemberRenamed(absent.owner, absent.member, now, absent.path, absent.at)
        yield Because(made, evidence, fix=_say(absent, now, paths))


def _say(absent: MemberAbsent, name: str, paths: SourcePaths) -> Remedy | None:
    text = paths.repository.text(absent.at.path) or ""
    line = absent.at.line or 1
    row = text.split("\n")[line - 1]
    corrected = re.sub(rf"(?<=\.){re.escape(absent.member)}\b", name, row)
    if corrected == row:
        return None
    patch = unified(absent.at.path, text, with_line(text, line, corrected))
    return Remedy("patch", f"say '{name}' at {absent.at}", patch=patch)
