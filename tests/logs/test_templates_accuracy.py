"""Templates against generated logs whose truth is known: a floor under each log and under the mean."""

from __future__ import annotations

import pytest
from bench.accuracy import Accuracy, accuracy
from bench.fresh import FRESH
from bench.generated import KNOWN, OTHER, Statements
from bench.last import LAST
from bench.later import LATER
from bench.lines import sample
from bench.unseen import UNSEEN

from shakeout.logs.templates import TemplateMiner

_ALL: dict[str, Statements] = {**KNOWN, **OTHER}


def _measured(name: str, seed: int) -> Accuracy:
    made = sample(name, {**_ALL, **LATER, **LAST, **UNSEEN, **FRESH}[name], lines=1500, seed=seed)
    miner = TemplateMiner(numbered=True)
    miner.add_lines(made.lines)
    texts = {template.id: template.text for template in miner.snapshot()}
    ids = [str(number) for column in miner.numbers() for number in column]
    true = [made.statements[number] for number in made.truth]
    return accuracy(made.truth, ids, (true, [texts[number] for number in ids]))


@pytest.mark.parametrize("name", sorted(_ALL))
def test_each_generated_log_is_grouped_well(name: str) -> None:
    assert _measured(name, seed=5).grouping >= 0.85


@pytest.mark.parametrize(
    ("logs", "grouping", "f1"),
    [(LATER, 0.94, 0.93), (LAST, 0.94, 0.92), (UNSEEN, 0.85, 0.80), (FRESH, 0.65, 0.46)],
)
def test_logs_written_later_than_the_rules_have_a_floor(
    logs: dict[str, Statements], grouping: float, f1: float
) -> None:
    found = [_measured(name, seed=6) for name in sorted(logs)]
    assert sum(one.grouping for one in found) / len(found) >= grouping
    assert sum(one.f1 for one in found) / len(found) >= f1


def test_the_mean_over_all_generated_logs_is_above_the_target() -> None:
    found = [_measured(name, seed=6) for name in sorted(_ALL)]
    assert sum(one.grouping for one in found) / len(found) >= 0.95
    assert sum(one.f1 for one in found) / len(found) >= 0.90


def test_accuracy_of_a_wrong_grouping_is_low() -> None:
    wrong = accuracy([1, 1, 2, 2], ["a", "a", "a", "b"], (["x"] * 4, ["y"] * 4))
    assert (wrong.grouping, wrong.f1, wrong.parsing) == (0.0, 0.0, 0.0)
    half = accuracy([1, 1, 2, 3], ["a", "a", "b", "b"], (["x"] * 4, ["x"] * 4))
    assert (half.grouping, half.parsing) == (0.5, 1.0)
    assert half.f1 == pytest.approx(0.4)
