"""Templates are a source of evidence that a rule may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.templated import Templates
from shakeout.runs import offline
from shakeout.runs.offline import Question, explain_offline
from shakeout.why import Because, Claim, Layer, claim
from shakeout.why.engine import Symptom, walk
from shakeout.why.rule import Rule
from shakeout.why.sources import Sources


@claim(Layer.SYMPTOM)
class Slow(Claim):
    def __str__(self) -> str:
        return "requests are slow"


@claim(Layer.MECHANISM)
class Exhausted(Claim):
    count: int

    def __str__(self) -> str:
        return f"the pool was exhausted {self.count} times"


def pool_exhausted(slow: Slow, templates: Templates) -> Iterator[Because]:
    """It is the templates of errors that are read, each with its count and its first line."""
    for template in templates.at_least(Severity.ERROR):
        evidence = template.evidence()
        if "pool" in template.text and evidence is not None:
            yield Because(Exhausted(template.count), (evidence,))


RULE = Rule("pool-exhausted", "pool", pool_exhausted, (Slow,), (Templates,), "", None, "here:1")
ENTRY = LogEntry(message="", locator=Locator(source="log", path="app.log", line=1), severity=Severity.ERROR)


def _logged(count: int) -> Iterator[LogEntry]:
    for number in range(1, count + 1):
        where = Locator(source="log", path="app.log", line=number)
        yield replace(ENTRY, message=f"pool of {number % 97} is exhausted after {number} ms", locator=where)


def test_a_rule_gets_one_template_for_fifty_thousand_equal_errors() -> None:
    graph = walk([Symptom(claim=Slow(), evidence=())], [RULE], Sources(Templates(lambda: _logged(50_000))))
    (link,) = [link for node in graph.nodes.values() for link in node.links]
    assert link.cause == Exhausted(50_000)
    assert str(link.because.evidence[0].locator) == "app.log:1"
    assert link.because.evidence[0].quote == "pool of 1 is exhausted after 1 ms"


def test_the_logs_are_read_once_and_only_if_something_is_asked() -> None:
    read: list[int] = []

    def entries() -> Iterator[LogEntry]:
        read.append(1)
        return _logged(3)

    templates = Templates(entries)
    sources = Sources(templates)
    assert sources.get(Templates) is templates
    assert not read
    assert [(template.text, template.count) for template in templates] == [("pool of <*> is exhausted after <*> ms", 3)]
    assert (templates.lines, templates.overflowed, len(read)) == (3, False, 1)


def test_explain_gives_the_templates_of_all_its_logs_to_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def looked_at(symptoms: tuple[Symptom, ...], sources: Sources) -> object:
        templates = sources.get(Templates)
        assert templates is not None
        given.extend(f"{template.count} {template.text}" for template in templates)
        return explain(symptoms, sources)

    explain = offline.explain
    monkeypatch.setattr(offline, "explain", looked_at)
    log = tmp_path / "app.log"
    log.write_text("".join(f"2026-05-01T00:00:0{n} INFO request {n} done\n" for n in range(5)), encoding="utf-8")
    explain_offline(Question(evidence=[log]))
    assert given == ["5 request <*> done"]
