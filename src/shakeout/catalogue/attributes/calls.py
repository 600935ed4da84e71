"""A call that its definition does not take: other arguments, or await where there is none to wait for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from shakeout.catalogue.attributes.claims import AwaitDisagrees, CallDisagrees, SignatureChanged, attributes
from shakeout.catalogue.attributes.finding import Found, called_name, calls_on, function_of
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import own_frame, quoted
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.model import Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.python_modules import PythonModules
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, GuardSpec, Strength

_SIGNATURE = re.compile(
    r"(?P<function>[\w.<>]+)\(\) (?P<complaint>(?:missing \d+ required .*|got an unexpected keyword argument .*"
    r"|takes (?:from )?\d+ .*|takes no arguments.*|got multiple values for argument .*"
    r"|got some positional-only arguments .*))"
)
_AWAITED = re.compile(
    r"object \w+ can't be used in 'await' expression|'(\w+)' object (?:can't be awaited|is not awaitable)"
)
_FORGOTTEN = re.compile(
    r"'coroutine' object (?:is not|has no|does not support|can't)|argument of type 'coroutine'|coroutine is not JSON|"
    r"Object of type coroutine is not"
)
_NEVER = re.compile(r"coroutine '([\w.<>]+)' was never awaited")

SIGNATURES = GuardSpec(
    name="type checker",
    kind="lint-rule",
    arguments=("signature",),
    missing="nothing in the repository's checks compares calls with what they call",
    add="- run: mypy .  # or pyright, in CI",
)
AWAITS = GuardSpec(
    name="type checker",
    kind="lint-rule",
    arguments=("await",),
    missing="nothing in the repository's checks looks at what is awaited",
    add="- run: mypy .  # with --enable-error-code unused-awaitable, in CI",
)


@attributes.rule(guard=SIGNATURES)
def call_disagrees(
    raised: ExceptionRaised, paths: SourcePaths, modules: PythonModules, log: ErrorLog | None
) -> Iterator[Because]:
    """
    A call gives other arguments than the function takes.

    ## What you see
    `TypeError: place_order() missing 1 required positional argument: 'currency'`, or `got an unexpected keyword
    argument`, or `takes 1 positional argument but 2 were given`.

    ## Why it happens
    The function's parameters were changed, and this call was not.

    ## How we know
    The exception names the function, the failing line calls it, and the repository has one definition of it, which
    really does not take that call.

    ## What to change
    Give what the function takes.
    """
    match = _SIGNATURE.search(raised.message) if raised.simple_type == "TypeError" else None
    at = own_frame(raised, paths, log)
    if match is None or at is None:
        return
    found = function_of(match["function"], modules, at.path)
    if found is None or not _plausible(match["complaint"], found):
        return
    evidence = (*quoted(paths, at), *quoted(paths, found.at, "the definition"))
    yield Because(CallDisagrees(match["function"], match["complaint"], at, found.at), evidence)


def _plausible(complaint: str, found: Found) -> bool:
    """Whether the definition as it stands in the repository would complain so."""
    if isinstance(found.node, ast.ClassDef):
        return True
    arguments = found.node.args
    names = {one.arg for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    quoted_names = re.findall(r"'(\w+)'", complaint)
    if complaint.startswith("missing"):
        return all(name in names for name in quoted_names)
    if complaint.startswith("got an unexpected"):
        return arguments.kwarg is None and not any(name in names for name in quoted_names)
    return True


@attributes.rule(guard=SIGNATURES)
def signature_changed(call: CallDisagrees, paths: SourcePaths) -> Iterator[Because]:
    """
    The definition and the call were not changed together.

    ## What you see
    A function with a new, renamed or removed parameter, and a call that still has the old form.

    ## Why it happens
    A refactor changed the definition and missed a call, often one that no test reaches.

    ## How we know
    Both lines are quoted at the deployed commit; the next link names the commit that changed the parameters.

    ## What to change
    Change the call, or give the new parameter a default.
    """
    evidence = (*quoted(paths, call.at, "the call"), *quoted(paths, call.defined_at, "the definition"))
    yield Because(SignatureChanged(call.function, call.at, call.defined_at), evidence)


@attributes.rule(guard=AWAITS)
def await_disagrees(
    raised: ExceptionRaised | ErrorLogged, paths: SourcePaths, modules: PythonModules, log: ErrorLog
) -> Iterator[Because]:
    """
    A plain function is awaited, or an asynchronous one is not.

    ## What you see
    `object dict can't be used in 'await' expression`, `'coroutine' object is not iterable`, or
    `coroutine 'load' was never awaited`.

    ## Why it happens
    A function became asynchronous, or stopped to be, and a call of it stayed as it was.

    ## How we know
    The failing line's call and the repository's one definition of what it calls are both read; one of them is
    asynchronous and the other is not.

    ## What to change
    Add or take out `await` at the call.
    """
    occurrence = log.get(raised.key)
    if occurrence is None:
        return
    if isinstance(raised, ErrorLogged):
        never = _NEVER.search(raised.text)
        if never is None or occurrence.traceback is not None:
            return
        yield from _never_awaited(never[1], paths, modules)
        return
    at = own_frame(raised, paths, log)
    if at is None or at.line is None or raised.simple_type not in {"TypeError", "AttributeError", "RuntimeWarning"}:
        return
    wants_plain = _AWAITED.search(raised.message) is not None
    if not wants_plain and _FORGOTTEN.search(raised.message) is None:
        return
    for call in calls_on(at.path, at.line, modules) or ():
        yield from _judge(called_name(call), at, wants_plain, paths, modules)
    if not wants_plain:
        yield from _assigned_before(at, paths, modules)


def _judge(
    name: str | None, at: Locator, wants_plain: bool, paths: SourcePaths, modules: PythonModules
) -> Iterator[Because]:
    found = function_of(name, modules, at.path) if name else None
    if found is None or name is None:
        return
    asynchronous = isinstance(found.node, ast.AsyncFunctionDef)
    if asynchronous is not wants_plain:
        evidence = (*quoted(paths, at, "the call"), *quoted(paths, found.at, "the definition"))
        yield Because(AwaitDisagrees(name, asynchronous, at, found.at), evidence, strength=Strength.OBSERVED)


def _assigned_before(at: Locator, paths: SourcePaths, modules: PythonModules) -> Iterator[Because]:
    """Where the failing line uses a name that was given the call's result further up in the same function."""
    source = modules.source(at.path)
    if source is None or at.line is None:
        return
    used = {
        node.id
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.lineno == at.line
    }
    for node in ast.walk(source.scopes_at(at.line)[0]):
        if not isinstance(node, ast.Assign) or node.lineno >= at.line or not isinstance(node.value, ast.Call):
            continue
        if any(isinstance(target, ast.Name) and target.id in used for target in node.targets):
            place = Locator(source="file", path=at.path, line=node.lineno, commit=at.commit)
            yield from _judge(called_name(node.value), place, False, paths, modules)


def _never_awaited(name: str, paths: SourcePaths, modules: PythonModules) -> Iterator[Because]:
    """The one call of an asynchronous function that does not await it."""
    own = name.rpartition(".")[2]
    found = []
    for at in modules.repository.grep(f"{own}(", ["*.py"]):
        row = modules.repository.lines(at.path)[(at.line or 1) - 1]
        plain = not re.search(rf"await\s|def\s+{own}|create_task|gather|ensure_future|asyncio\.run|run_until", row)
        if plain and not re.search(r"(?:^|/)tests?/", at.path):
            found.append(at)
    if len(found) == 1:
        yield from _judge(own, found[0], False, paths, modules)
