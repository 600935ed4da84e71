"""
What a log says that an earlier one did not: new, gone, more frequent and intermittent templates.

Two windows (two releases, two spans of time) are compared over templates that are found in both together, so that an
event has one name on both sides. Rates are counts for each line of the window: twice the traffic with twice the lines
is no change.

The test for a changed rate is exact and conditional (Przyborowski and Wilenski, 1940): of `n` lines of one template in
both windows, the current window has Binomial(n, its share of all lines) if the rate has not changed. The p-values of
all templates are corrected by Benjamini and Hochberg (1995). Lines of one event come in bursts, which the test does not
know; so a change must also be large, `RATIO` at least.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shakeout.logs.templates.miner import TemplateMiner
from shakeout.logs.templates.model import Template
from shakeout.logs.templates.summary import Summary

Kind = Literal["new", "gone", "more frequent", "intermittent"]

FALSE_DISCOVERIES = 0.01
"""The share of false ones that is accepted among the templates called more frequent."""

RATIO = 2.0
"""How many times its earlier rate a template must have."""

CHANCE = 0.05
"""A template is gone if an unchanged rate would leave none of it with at most this probability."""

_ORDER: Mapping[str, int] = {"new": 0, "more frequent": 1, "intermittent": 2, "gone": 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """
    One template that differs between two windows.

    `before` and `after` are its lines in each. `ratio` is the rate after over the rate before, infinite where there was
    none. `p` is the probability of a difference at least this large if the rate had not changed; for a new one with a
    large `p` the earlier window was too short to be sure. An intermittent one was logged by `instances` of `of`, and
    `p` is the probability that lines spread evenly over all of them would all fall on these.
    """

    kind: Kind
    template: Template
    before: int
    after: int
    ratio: float
    p: float
    instances: int = 0
    of: int = 0

    @property
    def sure(self) -> bool:
        """Whether chance is ruled out at the stated threshold."""
        return self.p <= CHANCE


def changes(baseline: TemplateMiner, current: TemplateMiner) -> tuple[Change, ...]:
    """
    The changes from `baseline` to `current`, by kind and then by count.

    Intermittent is a template of the current window that some but not all of its instances (or connections) logged,
    unless it was so in the earlier window, too.
    Nothing is new or more frequent against a baseline without a line.
    """
    joined = Summary(baseline.table.joined(current.table), baseline.learned.joined(current.learned))
    before, after = _counts(baseline, joined), _counts(current, joined)
    found: list[Change] = []
    rates: list[Change] = []
    for template in joined.templates:
        old, new = before[template.id], after[template.id]
        share = current.lines / max(1, baseline.lines + current.lines)
        if not (baseline.lines and current.lines):
            continue
        if not old:
            p = math.exp(-new / current.lines * baseline.lines)
            found.append(Change(kind="new", template=template, before=0, after=new, ratio=math.inf, p=p))
        elif not new:
            p = math.exp(-old / baseline.lines * current.lines)
            if p <= CHANCE:
                found.append(Change(kind="gone", template=template, before=old, after=0, ratio=0.0, p=p))
        else:
            ratio = (new / current.lines) / (old / baseline.lines)
            p = binomial_tail(new, old + new, share)
            rates.append(Change(kind="more frequent", template=template, before=old, after=new, ratio=ratio, p=p))
    least = threshold([change.p for change in rates], FALSE_DISCOVERIES)
    found += [change for change in rates if change.p <= least and change.ratio >= RATIO]
    known = {change.template.id for change in _intermittent(baseline, before, joined)}
    found += [change for change in _intermittent(current, before, joined) if change.template.id not in known]
    return tuple(
        sorted(found, key=lambda change: (_ORDER[change.kind], -change.after, -change.before, change.template.id))
    )


def binomial_tail(k: int, n: int, share: float) -> float:
    """P(X >= k) for X ~ Binomial(n, share), to about ten digits."""
    if k <= 0 or share >= 1:
        return 1.0
    if share <= 0:
        return 0.0
    if k <= n * share:
        return 1.0 - binomial_tail(n - k + 1, n, 1 - share) if n * share - k > 1 else min(1.0, _upper(k, n, share))
    return min(1.0, _upper(k, n, share))


def _upper(k: int, n: int, share: float) -> float:
    log_term = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    log_term += k * math.log(share) + (n - k) * math.log1p(-share)
    odds = share / (1 - share)
    term = total = 1.0
    for at in range(k, n):
        term *= (n - at) / (at + 1) * odds
        total += term
        if term < total * 1e-12:
            break
    return math.exp(min(0.0, log_term + math.log(total)))


def threshold(ps: Sequence[float], false_discoveries: float) -> float:
    """The largest p-value that Benjamini and Hochberg's procedure accepts; -1 if it accepts none."""
    accepted = -1.0
    for rank, p in enumerate(sorted(ps), start=1):
        if p <= false_discoveries * rank / len(ps):
            accepted = p
    return accepted


def _counts(miner: TemplateMiner, joined: Summary) -> Counter[str]:
    counts: Counter[str] = Counter()
    for key, seen in miner.table.seen.items():
        counts[joined.template_of(key)] += seen.count
    for trace, count in miner.table.passed.items():
        counts[joined.rest.template_of(trace)] += count
    return counts


def _intermittent(current: TemplateMiner, before: Counter[str], joined: Summary) -> list[Change]:
    """Templates that some instances of their service logged, and others of the same service did not."""
    if len(current.instances) < 2:
        return []
    places: dict[str, set[str]] = {}
    services: dict[str, set[str]] = {}
    of_service: dict[str, set[str]] = {}
    for key, seen in current.table.seen.items():
        if seen.noted is not None:
            name, named = joined.template_of(key), set(seen.noted.services) or {""}
            places.setdefault(name, set()).update(seen.noted.instances)
            services.setdefault(name, set()).update(named)
            if len(named) == 1:
                of_service.setdefault(next(iter(named)), set()).update(seen.noted.instances)
    after = _counts(current, joined)
    found: list[Change] = []
    for template in joined.templates:
        here = places.get(template.id, set())
        everywhere = here.union(*(of_service.get(name, ()) for name in services.get(template.id, ())))
        if 0 < len(here) < len(everywhere):
            found.append(
                Change(
                    kind="intermittent",
                    template=template,
                    before=before[template.id],
                    after=after[template.id],
                    ratio=math.nan,
                    p=(len(here) / len(everywhere)) ** after[template.id],
                    instances=len(here),
                    of=len(everywhere),
                )
            )
    return found
