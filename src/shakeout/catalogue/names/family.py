"""The family and the guards that would have stopped its causes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from shakeout.why import Family, GuardSpec
from shakeout.why.rule import RuleFunction

F = TypeVar("F", bound=RuleFunction)

UNDEFINED_NAME = GuardSpec(
    name="undefined-name lint rule",
    kind="lint-rule",
    arguments=("undefined-name",),
    missing="nothing in the repository's checks looks for undefined names",
    add='[tool.ruff.lint]\nextend-select = ["F821", "F823"]  # undefined names; run `ruff check` in CI',
)
POSSIBLY_UNBOUND = GuardSpec(
    name="possibly-unbound lint rule",
    kind="lint-rule",
    arguments=("possibly-unbound",),
    missing="nothing in the repository's checks looks for names that are bound on some paths only",
    add="pylint --disable=all --enable=used-before-assignment,possibly-used-before-assignment .  # as a step of CI",
)
TYPE_CHECKING_ONLY = GuardSpec(
    name="type-checking-import lint rule",
    kind="lint-rule",
    arguments=("type-checking-import",),
    missing="nothing in the repository's checks looks for imports that only type checkers see and programs use",
    add='[tool.ruff.lint]\nextend-select = ["TC004"]  # such imports; run `ruff check` in CI',
)
GLOBAL_NEVER_SET = GuardSpec(
    name="undefined-global lint rule",
    kind="lint-rule",
    arguments=("global-never-set",),
    missing="nothing in the repository's checks looks for `global` names that the module never sets",
    add="pylint --disable=all --enable=global-variable-undefined .  # as a step of CI",
)

names = Family("names", "A name is used where nothing binds it", guard=UNDEFINED_NAME)


def guarded(guard: GuardSpec) -> Callable[[F], F]:
    """Make a function a rule of the family whose causes another guard would have stopped."""
    decorate: Callable[[F], F] = names.rule(guard=guard)
    return decorate
