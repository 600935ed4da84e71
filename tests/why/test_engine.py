"""How the engine walks from symptoms to causes, and what chains come of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from shakeout.evidence.model import Evidence, Locator
from shakeout.why import Because, Claim, Layer, RuledOut, Strength, claim
from shakeout.why.chain import chains
from shakeout.why.engine import Bounds, Symptom, walk
from shakeout.why.links import Unknown
from shakeout.why.rule import Rule
from shakeout.why.sources import Sources

EVIDENCE = (Evidence(kind="file", locator=Locator(source="file", path="a", line=1), quote="x"),)
PAGE = """
{0}

## What you see
a
## Why it happens
b
## How we know
c
## What to change
d
"""


@claim(Layer.SYMPTOM)
class Seen(Claim):
    name: str

    def __str__(self) -> str:
        return self.name


@claim(Layer.MECHANISM)
class Broken(Claim):
    name: str

    def __str__(self) -> str:
        return self.name


@claim(Layer.STATE)
class Found(Claim):
    name: str

    def __str__(self) -> str:
        return self.name


@claim(Layer.DECLARATION)
class Declared(Claim):
    name: str

    def __str__(self) -> str:
        return self.name


@claim(Layer.CHANGE)
class Changed(Claim):
    name: str

    def __str__(self) -> str:
        return self.name


class Repository:
    described_as = "the repository (`--repo DIR`)"


def make(name: str, effect: type[Claim], answer: Callable[[Claim], Iterator[object]], *sources: type) -> Rule:
    def function(effect: Claim, *arguments: object) -> Iterator[object]:
        yield from answer(effect)

    return Rule(name, "family", function, (effect,), sources, PAGE.format(name), None, "here:1")  # type: ignore[arg-type]


def links(name: str, effect: Claim, *causes: Claim, strength: Strength = Strength.OBSERVED) -> Rule:
    def answer(asked: Claim) -> Iterator[object]:
        if asked == effect:
            for cause in causes:
                yield Because(cause, EVIDENCE, strength=strength)

    return make(name, type(effect), answer)


def symptom(name: str, weight: int = 1) -> Symptom:
    return Symptom(claim=Seen(name), evidence=EVIDENCE, weight=weight)


def test_a_chain_leads_from_the_symptom_to_the_commit() -> None:
    rules = [
        links("a", Seen("s"), Broken("m")),
        links("b", Broken("m"), Declared("d")),
        links("c", Declared("d"), Changed("c")),
    ]
    (chain,) = chains(walk([symptom("s")], rules, Sources()))
    assert [str(link.cause) for link in chain.links] == ["m", "d", "c"]
    assert chain.root == Declared("d")
    assert chain.change == Changed("c")


def test_symptoms_with_one_root_cause_are_one_issue() -> None:
    rules = [
        links("a", Seen("s1"), Broken("m")),
        links("b", Seen("s2"), Declared("d")),
        links("c", Broken("m"), Declared("d")),
    ]
    (chain,) = chains(walk([symptom("s2", 1), symptom("s1", 0)], rules, Sources()))
    assert [str(item.claim) for item in chain.symptoms] == ["s1", "s2"]


def test_symptoms_with_different_causes_stay_apart() -> None:
    rules = [links("a", Seen("s1"), Declared("d1")), links("b", Seen("s2"), Declared("d2"))]
    assert len(chains(walk([symptom("s1"), symptom("s2")], rules, Sources()))) == 2


def test_an_observed_cause_wins_over_a_consistent_one_that_leads_deeper() -> None:
    rules = [
        links("a", Seen("s"), Found("weak"), strength=Strength.CONSISTENT),
        links("b", Found("weak"), Declared("deep")),
        links("c", Seen("s"), Found("strong")),
    ]
    (chain,) = chains(walk([symptom("s")], rules, Sources()))
    assert str(chain.links[0].cause) == "strong"
    assert [str(rival.cause) for rival in chain.rivals] == ["weak"]
    assert "consistent" in chain.rivals[0].separated_by


def test_of_equally_strong_causes_the_deeper_one_wins() -> None:
    rules = [
        links("a", Seen("s"), Broken("shallow"), Broken("zeta")),
        links("b", Broken("zeta"), Declared("deep")),
    ]
    (chain,) = chains(walk([symptom("s")], rules, Sources()))
    assert chain.root == Declared("deep")


def test_a_rule_that_climbs_up_is_an_error() -> None:
    rules = [links("a", Seen("s"), Declared("d")), links("b", Declared("d"), Broken("m"))]
    with pytest.raises(ValueError, match="climbs from declaration 'd' up to mechanism 'm'"):
        walk([symptom("s")], rules, Sources(), Bounds(strict=True))


def test_a_rule_that_fails_is_noted_and_the_others_go_on() -> None:
    def fails(asked: Claim) -> Iterator[object]:
        raise RuntimeError("boom")
        yield

    rules = [make("bad", Seen, fails), links("good", Seen("s"), Declared("d"))]
    graph = walk([symptom("s")], rules, Sources())
    assert chains(graph)[0].root == Declared("d")
    assert any("the rule bad failed" in note for note in graph.notes)


def test_a_missing_source_is_said_and_the_rule_is_not_run() -> None:
    rules = [make("needs-repository", Seen, lambda asked: iter([Because(Declared("d"), EVIDENCE)]), Repository)]
    (chain,) = chains(walk([symptom("s")], rules, Sources()))
    assert chain.links == ()
    assert chain.needs == ("the repository (`--repo DIR`)",)
    (chain,) = chains(walk([symptom("s")], rules, Sources(Repository())))
    assert chain.root == Declared("d")


def test_an_optional_source_that_is_missing_is_no_reason_not_to_ask() -> None:
    rule = make("optional", Seen, lambda asked: iter([Because(Declared("d"), EVIDENCE)]), Repository)
    (chain,) = chains(walk([symptom("s")], [replace(rule, optional=frozenset({0}))], Sources()))
    assert chain.root == Declared("d")


def test_what_a_rule_cannot_tell_is_said() -> None:
    rules = [
        links("a", Seen("s"), Declared("d")),
        make("b", Declared, lambda asked: iter([Unknown("the full history")])),
    ]
    (chain,) = chains(walk([symptom("s")], rules, Sources()))
    assert chain.root == Declared("d") and chain.change is None
    assert chain.needs == ("the full history",)


def test_a_circle_on_one_layer_ends() -> None:
    rules = [
        links("a", Seen("s"), Broken("m1")),
        links("b", Broken("m1"), Broken("m2")),
        links("c", Broken("m2"), Broken("m1"), Found("f")),
    ]
    (chain,) = chains(walk([symptom("s")], rules, Sources()))
    assert [str(link.cause) for link in chain.links] == ["m1", "m2", "f"]


def test_what_is_ruled_out_along_the_chain_is_kept() -> None:
    rules = [
        links("a", Seen("s"), Broken("m")),
        make("b", Broken, lambda asked: iter([RuledOut("the network is down", EVIDENCE)])),
    ]
    (chain,) = chains(walk([symptom("s")], rules, Sources()))
    assert [str(item.claim) for item in chain.ruled_out] == ["the network is down"]


def test_the_order_of_the_rules_does_not_matter() -> None:
    rules = [
        links("a", Seen("s"), Broken("m1"), Broken("m2")),
        links("b", Broken("m1"), Found("f1")),
        links("c", Broken("m2"), Found("f2")),
        links("d", Found("f2"), Declared("d2")),
        links("e", Found("f1"), Declared("d1")),
    ]
    expected = [[str(link.cause) for link in chain.links] for chain in chains(walk([symptom("s")], rules, Sources()))]
    for seed in range(20):
        shuffled = random.Random(seed).sample(rules, len(rules))
        found = chains(walk([symptom("s")], shuffled, Sources()))
        assert [[str(link.cause) for link in chain.links] for chain in found] == expected


def test_the_bound_on_claims_is_said_when_it_is_hit() -> None:
    def endless(asked: Claim) -> Iterator[object]:
        yield Because(Broken(f"{asked}+"), EVIDENCE)

    graph = walk([symptom("s")], [make("endless", Claim, endless)], Sources(), Bounds(claims=50))
    assert len(graph.nodes) == 50
    assert any("stopped after 50 claims" in note for note in graph.notes)


def test_each_claim_is_asked_once() -> None:
    asked: list[Claim] = []

    def record(effect: Claim) -> Iterator[object]:
        asked.append(effect)
        yield from ()

    rules = [
        links("a", Seen("s1"), Broken("m")),
        links("b", Seen("s2"), Broken("m")),
        make("count", Broken, record),
    ]
    walk([symptom("s1"), symptom("s2")], rules, Sources())
    assert asked == [Broken("m")]
