"""The commits behind a use and a definition that do not fit."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from shakeout.catalogue.attributes.claims import (
    AwaitDisagrees,
    MemberRemoved,
    MemberRenamed,
    SignatureChanged,
    attributes,
)
from shakeout.catalogue.attributes.finding import Found, function_of
from shakeout.catalogue.attributes.members import had
from shakeout.catalogue.change import introduced
from shakeout.evidence.definitions import definition, ended
from shakeout.evidence.python_modules import PythonModules
from shakeout.evidence.python_source import PythonSource
from shakeout.evidence.repository import Commit
from shakeout.why import Because
from shakeout.why.links import Unknown

Broken = MemberRenamed | MemberRemoved | SignatureChanged | AwaitDisagrees


@attributes.rule
def definition_changed_by_commit(
    broken: MemberRenamed | MemberRemoved | SignatureChanged | AwaitDisagrees, modules: PythonModules
) -> Iterator[Because | Unknown]:
    """
    A commit changed the definition and missed this use, or wrote the use without a look at the definition.

    ## What you see
    A use that worked until a commit.

    ## Why it happens
    Nothing compares uses with definitions before they run.

    ## How we know
    The definition's file is parsed version by version: the newest commit after which its members, its parameters or
    its being asynchronous are what they are now. Where the use was written after that or with it, the use's commit is
    named, as what wrote the use.

    ## What to change
    Finish the refactor.
    """
    commit = _definition_commit(broken, modules)
    origin = modules.repository.origin(broken.at.path, broken.at.line or 1)
    use = origin.commit if origin is not None and not origin.boundary else None
    if commit is None and (use is None or isinstance(broken, MemberRenamed | MemberRemoved)):
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
    elif use is not None and (
        commit is None
        or (use.hash != commit.hash and modules.repository.is_ancestor(commit.hash, use.hash))
        or (use.hash == commit.hash and isinstance(broken, SignatureChanged | AwaitDisagrees))
    ):
        yield Because(introduced(use, f"wrote the use at {broken.at}"), [use.evidence()])
    elif commit is not None:
        yield Because(introduced(commit, _done(broken)), [commit.evidence()])


def _done(broken: Broken) -> str:
    if isinstance(broken, MemberRenamed):
        return f"renamed it to '{broken.now}'"
    if isinstance(broken, MemberRemoved):
        return f"took '{broken.member}' out"
    if isinstance(broken, SignatureChanged):
        return f"changed the parameters of {broken.function} and not the call at {broken.at}"
    how = "asynchronous" if broken.asynchronous else "a plain function"
    return f"made {broken.function} {how} and did not change the call at {broken.at}"


def _definition_commit(broken: Broken, modules: PythonModules) -> Commit | None:
    repository = modules.repository
    if isinstance(broken, MemberRenamed | MemberRemoved):
        return ended(repository, broken.path, had(broken.owner, broken.member))
    found = function_of(broken.function, modules, broken.at.path)
    if found is None:
        return None
    shape = _shape(found, isinstance(broken, AwaitDisagrees))
    name, owner = found.node.name, found.owner

    def same(source: PythonSource) -> bool:
        node = definition(source, name, owner)
        at = Found(node=node, owner=owner, path=found.path, at=found.at) if node is not None else None
        return at is not None and _shape(at, isinstance(broken, AwaitDisagrees)) == shape

    return ended(repository, found.path, same)


def _shape(found: Found, awaits: bool) -> str:
    """What of a definition a call has to fit."""
    if awaits:
        return type(found.node).__name__
    if isinstance(found.node, ast.ClassDef):
        fields = [node for node in found.node.body if isinstance(node, ast.AnnAssign)]
        return "\n".join(ast.dump(node.target) + str(node.value is None) for node in fields)
    arguments = found.node.args
    names = [one.arg for one in [*arguments.posonlyargs, *arguments.args]]
    keywords = [one.arg for one in arguments.kwonlyargs]
    required = len(names) - len(arguments.defaults)
    return repr((names, required, keywords, [one is None for one in arguments.kw_defaults],
                 arguments.vararg is not None, arguments.kwarg is not None))  # fmt: skip
