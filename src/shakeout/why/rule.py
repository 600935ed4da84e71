"""Rules and the families that they belong to."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shakeout.why.claims import Claim
from shakeout.why.links import Because, RuledOut, Unknown

HEADINGS = ("What you see", "Why it happens", "How we know", "What to change")
"""The headings of every rule's page, in their order."""

Finding = Because | RuledOut | Unknown
RuleFunction = Callable[..., Iterator[Finding]]
F = TypeVar("F", bound=RuleFunction)


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardSpec:
    """
    The check that would stop a family's cause before it is deployed.

    `name` is what the guard is called. `kind` names the detector in `shakeout.evidence.guards` that looks for it in
    the repository's CI, pre-commit and lint configuration; `arguments` are that detector's. `missing` is the sentence
    that the chain ends with where the guard is absent; `add` is the configuration that adds it. `scripts` is the guard
    for what Node.js runs, where that is another one.
    """

    name: str
    kind: str
    missing: str
    add: str
    arguments: tuple[str, ...] = ()
    scripts: GuardSpec | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One rule: what it explains (`effects`), what it needs to see (`sources`, by type), and its page.

    `optional` has the places in `sources` that the function takes as None where they are missing (`Probes | None`).
    """

    name: str
    family: str
    function: RuleFunction
    effects: tuple[type[Claim], ...]
    sources: tuple[type[Any], ...]
    page: str
    guard: GuardSpec | None
    where: str
    optional: frozenset[int] = frozenset()

    @property
    def summary(self) -> str:
        """The page's first sentence."""
        return self.page.split("\n", 1)[0]

    def explains(self, effect: Claim) -> bool:
        return isinstance(effect, self.effects)


@dataclass(slots=True)
class Family:
    """
    Rules about one kind of failure, in one file of the catalogue.

    `guard` is the guard of every cause that the family's rules name, unless a rule has its own.
    """

    name: str
    summary: str
    guard: GuardSpec | None = None
    rules: list[Rule] = field(default_factory=list)

    @typing.overload
    def rule(self, function: F) -> F: ...

    @typing.overload
    def rule(self, *, guard: GuardSpec) -> Callable[[F], F]: ...

    def rule(self, function: F | None = None, *, guard: GuardSpec | None = None) -> F | Callable[[F], F]:
        """Make a function a rule of this family. Its name completes "it failed because of …"."""

        def register(rule_function: F) -> F:
            self.rules.append(_make_rule(rule_function, self.name, guard or self.guard))
            return rule_function

        return register(function) if function is not None else register


def _make_rule(function: RuleFunction, family: str, guard: GuardSpec | None) -> Rule:
    code = function.__code__
    where = f"{code.co_filename}:{code.co_firstlineno}"
    page = _check_page(inspect.getdoc(function), where)
    hints = typing.get_type_hints(function)
    parameters = list(inspect.signature(function).parameters)
    if not parameters:
        raise TypeError(f"{where}: expected the effect as first parameter, got a function without parameters")
    effects = _classes(hints.get(parameters[0]))
    if not effects or not all(issubclass(effect, Claim) for effect in effects):
        raise TypeError(f"{where}: expected a claim type for '{parameters[0]}', got {hints.get(parameters[0])!r}")
    sources: list[type[Any]] = []
    optional: set[int] = set()
    for number, parameter in enumerate(parameters[1:]):
        classes = _classes(hints.get(parameter))
        if type(None) in classes:
            optional.add(number)
            classes = tuple(found for found in classes if found is not type(None))
        if len(classes) != 1:
            got = hints.get(parameter)
            raise TypeError(f"{where}: expected one evidence source type for '{parameter}', got {got!r}")
        sources.append(classes[0])
    return Rule(
        name=function.__name__.replace("_", "-"),
        family=family,
        function=function,
        effects=effects,
        sources=tuple(sources),
        page=page,
        guard=guard,
        where=where,
        optional=frozenset(optional),
    )


def _classes(hint: Any) -> tuple[type[Any], ...]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return tuple(member for member in typing.get_args(hint) if isinstance(member, type))
    return (hint,) if isinstance(hint, type) else ()


def _check_page(text: str | None, where: str) -> str:
    if not text:
        raise TypeError(f"{where}: expected a docstring that is the rule's page, got none")
    found = tuple(re.findall(r"^## (.+)$", text, flags=re.MULTILINE))
    if found != HEADINGS:
        expected = ", ".join(HEADINGS)
        raise TypeError(f"{where}: expected the headings {expected} in the docstring, got {', '.join(found) or 'none'}")
    for heading in HEADINGS:
        body = re.split(rf"^## {re.escape(heading)}$", text, flags=re.MULTILINE)[1].split("\n## ")[0].strip()
        if not body:
            raise TypeError(f"{where}: expected text below the heading '{heading}', got none")
    return text
