"""Walks from symptoms to causes: breadth first, each claim once, with bounds that are said when they are hit."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shakeout.evidence.model import Evidence
from shakeout.why.claims import Claim
from shakeout.why.links import Because, RuledOut, Strength, Unknown
from shakeout.why.rule import GuardSpec, Rule
from shakeout.why.sources import Sources, describe


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """How far one explanation may go: claims asked about, causes of one claim, seconds. `strict` re-raises errors."""

    claims: int = 5000
    causes: int = 50
    seconds: float = 60.0
    strict: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Symptom:
    """
    Something that someone notices, with the evidence that it is so.

    `checks` names the failed checks it stands for. `weight` orders symptoms of one issue: the lower, the more telling
    (0: a required check or service, 1: another check, 2: a log error). `count` is how often it was seen.
    """

    claim: Claim
    evidence: tuple[Evidence, ...]
    checks: tuple[str, ...] = ()
    service: str | None = None
    weight: int = 1
    count: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """effect ← cause, found by a rule."""

    effect: Claim
    because: Because
    rule: str
    guard: GuardSpec | None

    @property
    def cause(self) -> Claim:
        return self.because.cause

    @property
    def strength(self) -> Strength:
        return self.because.strength


@dataclass(slots=True)
class Node:
    """What was found out about one claim."""

    claim: Claim
    links: list[Link] = field(default_factory=list)
    ruled_out: list[RuledOut] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    """What rules that apply here would have needed, in words."""


@dataclass(slots=True)
class Graph:
    """All that one walk found. `notes` says which bounds were hit and which rules failed."""

    symptoms: tuple[Symptom, ...]
    nodes: dict[Claim, Node]
    notes: list[str]


def walk(symptoms: Sequence[Symptom], rules: Iterable[Rule], sources: Sources, bounds: Bounds | None = None) -> Graph:
    """
    Ask every claim its why, starting with the symptoms.

    Rules are asked in the order of their names, so that the result does not depend on how they were found.
    """
    bounds = bounds or Bounds()
    ordered = sorted(rules, key=lambda rule: (rule.family, rule.name))
    graph = Graph(symptoms=tuple(symptoms), nodes={}, notes=[])
    end = time.monotonic() + bounds.seconds
    queue: deque[Claim] = deque()

    def meet(claim: Claim) -> bool:
        if claim in graph.nodes:
            return True
        if len(graph.nodes) >= bounds.claims:
            return False
        graph.nodes[claim] = Node(claim)
        queue.append(claim)
        return True

    for symptom in symptoms:
        if not meet(symptom.claim):
            _note(graph, f"stopped after {bounds.claims} claims; some symptoms were not asked about")
            break
    while queue:
        if time.monotonic() > end:
            _note(graph, f"stopped after {bounds.seconds:g} s; {len(queue)} claims were not asked about")
            break
        node = graph.nodes[queue.popleft()]
        for rule in ordered:
            if rule.explains(node.claim):
                _ask(rule, node, sources, bounds, graph)
        node.links.sort(key=lambda link: (link.strength, link.cause.type_name, str(link.cause)))
        if len(node.links) > bounds.causes:
            _note(graph, f"kept {bounds.causes} of {len(node.links)} causes of: {node.claim}")
            del node.links[bounds.causes :]
        for link in node.links:
            if not meet(link.cause):
                _note(graph, f"stopped after {bounds.claims} claims; deeper causes were not looked for")
    return graph


def _ask(rule: Rule, node: Node, sources: Sources, bounds: Bounds, graph: Graph) -> None:
    arguments: list[object] = []
    for number, kind in enumerate(rule.sources):
        source = sources.get(kind)
        if source is None and number not in rule.optional:
            _add(node.needs, describe(kind))
            return
        arguments.append(source)
    try:
        for found in rule.function(node.claim, *arguments):
            _take(found, rule, node)
    except Exception as error:  # a rule that fails must not take the explanation of everything else with it
        if bounds.strict:
            raise
        _note(graph, f"the rule {rule.name} failed ({type(error).__name__}: {error}); its causes are missing")


def _take(found: Because | RuledOut | Unknown, rule: Rule, node: Node) -> None:
    if isinstance(found, RuledOut):
        if str(found.claim) not in {str(other.claim) for other in node.ruled_out}:
            node.ruled_out.append(found)
    elif isinstance(found, Unknown):
        _add(node.needs, found.needs)
    elif found.cause.layer < node.claim.layer:
        raise ValueError(
            f"{rule.name} climbs from {node.claim.layer.word} '{node.claim}' up to "
            f"{found.cause.layer.word} '{found.cause}': expected the same layer or a deeper one"
        )
    elif found.cause != node.claim:
        known = next((link for link in node.links if link.cause == found.cause), None)
        if known is None:
            node.links.append(Link(effect=node.claim, because=found, rule=rule.name, guard=rule.guard))
        elif found.strength < known.strength:
            node.links.remove(known)
            node.links.append(Link(effect=node.claim, because=found, rule=rule.name, guard=rule.guard))


def _add(texts: list[str], text: str) -> None:
    if text not in texts:
        texts.append(text)


def _note(graph: Graph, text: str) -> None:
    _add(graph.notes, text)
