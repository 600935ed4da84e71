"""From the graph of claims to issues: one root cause each, with its chain and every symptom that it explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shakeout.why.claims import Claim
from shakeout.why.engine import Graph, Link, Node, Symptom
from shakeout.why.layers import Layer
from shakeout.why.links import RuledOut, Strength
from shakeout.why.rule import GuardSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Rival:
    """Another cause that the evidence allows at the same place of the chain, and what puts it second."""

    cause: Claim
    separated_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """
    One issue: symptoms that meet in one root cause.

    `links` leads from the first symptom down; it is empty where nothing explains the symptom. `root` is the deepest
    actionable claim, None where evidence ends before one. `change` is the claim about the commit, if it was found.
    """

    symptoms: tuple[Symptom, ...]
    links: tuple[Link, ...]
    root: Claim | None
    change: Claim | None
    guard: GuardSpec | None
    ruled_out: tuple[RuledOut, ...]
    rivals: tuple[Rival, ...]
    needs: tuple[str, ...]
    paths: tuple[tuple[Link, ...], ...] = ()
    """The links from each symptom down, in the order of the symptoms."""

    @property
    def end(self) -> Claim:
        """The last claim of the chain, the symptom itself where there are no links."""
        return self.links[-1].cause if self.links else self.symptoms[0].claim


def chains(graph: Graph) -> tuple[Chain, ...]:
    """Group the graph's symptoms by root cause; in the order of weight, then of the symptoms."""
    ranking = _Ranking(graph)
    grouped: dict[Claim, list[tuple[Symptom, list[Link]]]] = {}
    for symptom in graph.symptoms:
        if symptom.claim not in graph.nodes:
            continue
        path = ranking.path(symptom.claim)
        grouped.setdefault(_meeting_point(symptom.claim, path), []).append((symptom, path))
    result = [_chain(graph, members) for members in grouped.values()]
    order = {id(chain): number for number, chain in enumerate(result)}
    return tuple(sorted(result, key=lambda chain: (chain.symptoms[0].weight, order[id(chain)])))


class _Ranking:
    """Chooses the best link of every node: strongest, then deepest, then by name."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._depth: dict[Claim, int] = {}

    def depth(self, claim: Claim, above: frozenset[Claim] = frozenset()) -> int:
        """The deepest layer that can be reached from the claim without going round in a circle."""
        if claim in self._depth:
            return self._depth[claim]
        node = self._graph.nodes.get(claim)
        below = above | {claim}
        deepest = int(claim.layer)
        complete = True
        for link in node.links if node else ():
            if link.cause in below:
                complete = False
                continue
            deepest = max(deepest, self.depth(link.cause, below))
        if complete or not above:
            self._depth[claim] = deepest
        return deepest

    def ordered(self, node: Node, above: frozenset[Claim]) -> list[Link]:
        open_links = [link for link in node.links if link.cause not in above]
        return sorted(
            open_links,
            key=lambda link: (link.strength, -self.depth(link.cause, above), link.cause.type_name, str(link.cause)),
        )

    def path(self, claim: Claim) -> list[Link]:
        """The links from a claim down to where evidence ends."""
        links: list[Link] = []
        above = frozenset({claim})
        node = self._graph.nodes.get(claim)
        while node:
            candidates = self.ordered(node, above)
            if not candidates:
                break
            links.append(candidates[0])
            above |= {candidates[0].cause}
            node = self._graph.nodes.get(candidates[0].cause)
        return links


def _root(path: Sequence[Link]) -> Claim | None:
    causes = [link.cause for link in path]
    declared = [cause for cause in causes if cause.actionable and cause.layer <= Layer.DECLARATION]
    if declared:
        return declared[-1]
    changed = [cause for cause in causes if cause.layer is Layer.CHANGE]
    return changed[-1] if changed else None


def _meeting_point(symptom: Claim, path: Sequence[Link]) -> Claim:
    root = _root(path)
    if root is not None:
        return root
    return path[-1].cause if path else symptom


def _chain(graph: Graph, members: list[tuple[Symptom, list[Link]]]) -> Chain:
    # The symptom that a team would report first: the weightiest, and among those the one with the longest story.
    members = sorted(members, key=lambda member: (member[0].weight, -len(member[1])))
    symptoms = tuple(symptom for symptom, _ in members)
    path = members[0][1]
    root = _root(path)
    change = next((link.cause for link in path if link.cause.layer is Layer.CHANGE), None)
    guard = next((link.guard for link in path if root is not None and link.cause == root), None)
    claims = [symptoms[0].claim, *(link.cause for link in path)]
    nodes = [graph.nodes[claim] for claim in claims if claim in graph.nodes]
    ruled_out: dict[str, RuledOut] = {}
    for node in nodes:
        for item in node.ruled_out:
            ruled_out.setdefault(str(item.claim), item)
    needs = tuple(dict.fromkeys(need for need in nodes[-1].needs)) if nodes else ()
    if root is not None and root.layer is Layer.DECLARATION and change is None:
        needs = tuple(dict.fromkeys(need for node in nodes if node.claim == root for need in node.needs)) or needs
    return Chain(
        symptoms=symptoms,
        links=tuple(path),
        root=root,
        change=change,
        guard=guard,
        ruled_out=tuple(ruled_out.values()),
        rivals=_rivals(graph, path),
        needs=needs,
        paths=tuple(tuple(links) for _, links in members),
    )


def _rivals(graph: Graph, path: Sequence[Link]) -> tuple[Rival, ...]:
    chosen = {link.cause for link in path}
    rivals: list[Rival] = []
    for link in path:
        for other in graph.nodes[link.effect].links:
            if other.cause in chosen:
                continue
            rivals.append(Rival(cause=other.cause, separated_by=_separation(link, other)))
    return tuple(rivals)


def _separation(first: Link, second: Link) -> str:
    if first.strength < second.strength:
        words = {
            Strength.OBSERVED: "was observed",
            Strength.ENTAILED: "follows from what was observed",
            Strength.CONSISTENT: "is only consistent with what was observed",
        }
        return f"the first {words[first.strength]}, this one {words[second.strength]}"
    return "as strong; the first leads deeper or comes first by name"
