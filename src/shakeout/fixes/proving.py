"""
Proof by asking again: the fix is applied to a scratch copy, and what decided the root cause is asked once more.

Nothing is executed and nothing is deployed, so only that is proved which the repository and the manifest decide: with
the fix, the same question has no longer the same answer. Proof by deploying is `shakeout.runs.intervention`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from shakeout.errors import ShakeoutError
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.model import Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Repository
from shakeout.fixes.patches import Moves, PatchError, moves, patched
from shakeout.why.chain import Chain
from shakeout.why.claims import Claim
from shakeout.why.engine import Bounds, Link, Symptom, walk
from shakeout.why.links import Remedy
from shakeout.why.rule import Rule
from shakeout.why.sources import Sources

SECONDS = 1.0
"""How long asking again may take for one issue."""

Redeclare = Callable[[Repository], Declarations]
"""Reads the manifest anew from a repository; raises ShakeoutError where it cannot be loaded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """`status` is `proved`, `not proved` or `not tried`; `detail` says with what, or why not, as a clause."""

    status: str
    detail: str


def first_patch(chain: Chain) -> Remedy | None:
    """The first fix of a chain that is a patch, the root cause's own before others; None where there is none."""
    remedies = (remedy for link in reversed(chain.links) for remedy in link.because.fixes)
    return next((remedy for remedy in remedies if remedy.patch), None)


def prove(chain: Chain, rules: Sequence[Rule], sources: Sources, redeclare: Redeclare | None = None) -> Proof | None:
    """
    Ask the question above the root cause again, with the chain's first patch applied; None where there is no root.

    Proved: with the patch, the rule that found the root cause finds neither it nor another cause in its place.
    """
    decided = next((link for link in chain.links if link.cause == chain.root), None)
    if chain.root is None or decided is None:
        return None
    remedy = first_patch(chain)
    repository = sources.get(Repository)
    if remedy is None or remedy.patch is None:
        return Proof(status="not tried", detail="there is no fix that can be applied without a decision")
    if repository is None:
        return Proof(status="not tried", detail=f"it needs {Repository.described_as}")
    asked = _asked(decided, rules)
    changed: tuple[type[Any], ...] = (Declarations, *(type(found) for found in sources.built_on(repository)))
    if not any(issubclass(kind, changed) for rule in asked for kind in rule.sources):
        return Proof(status="not tried", detail="only the running system decides this; deploy the fix: `--prove`")
    try:
        with patched(repository, remedy.patch) as copy:
            return _ask_again(decided, rules, sources, moves(remedy.patch), copy, redeclare)
    except PatchError as error:
        return Proof(status="not proved", detail=f"the patch does not fit the deployed commit: {error}")
    except ShakeoutError as error:
        return Proof(status="not proved", detail=f"with this change the manifest cannot be read: {error}")


def _asked(decided: Link, rules: Sequence[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.name == decided.rule]


def _ask_again(
    decided: Link,
    rules: Sequence[Rule],
    sources: Sources,
    moved: Moves,
    copy: Repository,
    redeclare: Redeclare | None,
) -> Proof:
    replaced: list[object] = [copy]
    declarations = sources.get(Declarations)
    if declarations is not None and redeclare is not None and declarations.path in moved.paths:
        replaced.append(redeclare(copy))
    new = sources.replaced(*sources.built_on(*replaced))
    effect = _moved(decided.effect, moved, copy.commit, sources.get(SourcePaths))
    bounds = Bounds(claims=1, seconds=SECONDS)
    symptom = Symptom(claim=effect, evidence=decided.because.evidence)
    first = Symptom(claim=decided.effect, evidence=decided.because.evidence)
    # Only the rules that decided: others take it as given that the failure still happens, and look for what is left.
    asked = _asked(decided, rules)
    before = walk([first], asked, sources, bounds).nodes.get(decided.effect)
    after = walk([symptom], asked, new, bounds).nodes.get(effect)
    if before is None or after is None:
        return Proof(status="not proved", detail=f"asking again took longer than {SECONDS:g} s")
    known = {_identity(link.cause) for link in before.links}
    still = next((link.cause for link in after.links if _identity(link.cause) == _identity(decided.cause)), None)
    other = next((link.cause for link in after.links if _identity(link.cause) not in known), None)
    unsure = [need for need in after.needs if need not in before.needs]
    if still is not None:
        return Proof(status="not proved", detail=f"with this change it still holds that {still}")
    if other is not None and _same_place(other, decided.cause, moved):
        detail = f"with this change it reads: {other}; whether it is right now only the running system tells: `--prove`"
        return Proof(status="not tried", detail=detail)
    if other is not None:
        return Proof(status="not proved", detail=f"with this change another cause comes up: {other}")
    if unsure:
        return Proof(status="not proved", detail=f"with this change it cannot be told without {unsure[0]}")
    places = ", ".join(moved.paths)
    return Proof(
        status="proved",
        detail=f"with this change of {places}, asked again, it no longer holds that {decided.cause}"
        " (asked of the source; `--prove` deploys it)",
    )


def _same_place(new: Claim, old: Claim, moved: Moves) -> bool:
    """Whether the rule names the same line again, with what the patch has written there: it cannot judge that."""
    places = {(at.path, moved.line(at.path, at.line)) for at in old.locators if at.line is not None}
    return type(new) is type(old) and bool(places & {(at.path, at.line) for at in new.locators})


def _identity(claim: Claim) -> tuple[object, ...]:
    """A claim without its places, which a patch moves."""
    values = (getattr(claim, item.name) for item in fields(claim))  # type: ignore[arg-type]
    return (type(claim), *(value.path if isinstance(value, Locator) else value for value in values))


def _moved(claim: Claim, moved: Moves, commit: str, paths: SourcePaths | None) -> Claim:
    """The claim about the patched copy: its places stand where the patch has moved them to."""
    changed: dict[str, Any] = {}
    for item in fields(claim):  # type: ignore[arg-type]
        value = getattr(claim, item.name)
        if isinstance(value, Locator) and value.source == "file":
            line = moved.line(value.path, value.line) if value.line is not None else None
            changed[item.name] = replace(value, line=line, commit=commit if value.commit else None)
    path, line = getattr(claim, "path", None), getattr(claim, "line", None)
    if isinstance(path, str) and isinstance(line, int) and paths is not None:
        found = paths.find(path, line)
        if found is not None:
            changed["line"] = moved.line(found, line)
    return replace(claim, **changed) if changed else claim  # type: ignore[type-var]
