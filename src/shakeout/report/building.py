"""Builds issues, recommendations and next steps from what checks and chains found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields

from shakeout.catalogue.symptoms import ServiceNotDeployed
from shakeout.checks.base import CheckResult, Outcome
from shakeout.evidence.model import Evidence
from shakeout.report.model import (
    Change,
    Fix,
    Guard,
    Issue,
    Priority,
    Proof,
    Recommendation,
    RootCause,
    RuledOut,
    Unexplained,
    Why,
)
from shakeout.report.priority import priority
from shakeout.why.chain import Chain
from shakeout.why.claims import Claim
from shakeout.why.engine import Link
from shakeout.why.layers import Layer
from shakeout.why.links import Strength


def build_issue(
    chain: Chain,
    results: Mapping[str, CheckResult],
    *,
    service_down: bool,
    guard: Guard | None = None,
    fixes: Sequence[Fix] = (),
    proof: Proof | None = None,
) -> Issue:
    """One issue from one chain; `results` are the run's checks by name."""
    names = tuple(dict.fromkeys(name for symptom in chain.symptoms for name in symptom.checks))
    asked = [results[name] for name in names if name in results]
    first = next(iter(asked), None)
    symptoms = tuple(dict.fromkeys(_counted(str(item.claim), item.count) for item in chain.symptoms))
    title = chain.root.title() if chain.root is not None else chain.end.title()
    whys = tuple(_why(link) for link in chain.links)
    if guard is not None and guard.statement:
        whys += (_guard_why(guard),)
    return Issue(
        id=_identity(chain),
        title=title if title.split(" ", 1)[0] == chain.symptoms[0].service else _capital(title),
        priority=priority(asked, service_down=service_down, errors=not names),
        symptoms=symptoms,
        whys=whys,
        ruled_out=tuple(RuledOut(claim=str(item.claim), evidence=tuple(item.evidence)) for item in chain.ruled_out),
        root_cause=_root_cause(chain),
        guard=guard,
        fixes=tuple(fixes) or _fixes(chain),
        proof=proof,
        unknown=_unknown(chain),
        rivals=tuple(f"{rival.cause}: {rival.separated_by}" for rival in chain.rivals),
        checks=names,
        service=chain.symptoms[0].service,
        evidence=_distinct(_of_symptoms(chain)),
        expected=first.expected if first else None,
        actual=first.actual if first else None,
        excerpt=first.excerpt if first else None,
        reproduce=first.reproduce if first else None,
    )


def _of_symptoms(chain: Chain) -> Iterator[Evidence]:
    """The evidence of the symptoms; a service's last log lines only where no cause was found that makes them idle."""
    for symptom in chain.symptoms:
        for item in symptom.evidence:
            beside = symptom.checks or isinstance(symptom.claim, ServiceNotDeployed)
            if chain.root is None or not (beside and item.kind == "log"):
                yield item


def recommendations(issues: Sequence[Issue]) -> tuple[Recommendation, ...]:
    """What to do about each issue, most urgent first, then the missing guards."""
    found = [
        Recommendation(priority=issue.priority, text=_advice(issue), issue=issue.id)
        for issue in sorted(issues, key=lambda item: item.priority.rank)
    ]
    for issue in issues:
        if issue.guard is not None and issue.guard.present is False and issue.guard.add:
            text = f"Add the guard that would have stopped this: {issue.guard.name}"
            if all(other.text != text for other in found):
                found.append(Recommendation(priority=Priority.MEDIUM, text=text, issue=issue.id))
    return tuple(sorted(found, key=lambda item: item.priority.rank))


def next_steps(
    issues: Sequence[Issue], unexplained: Sequence[Unexplained], results: Sequence[CheckResult]
) -> tuple[str, ...]:
    """What a person does next, in order."""
    ordered = sorted(issues, key=lambda item: item.priority.rank)
    steps = [_step(issue) for issue in ordered]
    steps += [f"Look at the unexplained error '{item.symptom}'; it needs {item.needs}" for item in unexplained[:3]]
    if len(unexplained) > 3:
        steps.append(f"Look at the other unexplained errors, {len(unexplained) - 3} more")
    waiting = [result.name for result in results if result.outcome in {Outcome.SKIPPED, Outcome.INCONCLUSIVE}]
    if waiting:
        steps.append(f"Run the checks again that could not be asked: {', '.join(waiting)}")
    elif issues:
        steps.append("Deploy again and run every check")
    return tuple(dict.fromkeys(steps))


def _why(link: Link) -> Why:
    answer = str(link.cause)
    opening = "Possibly because" if link.strength is Strength.CONSISTENT else "Because"
    return Why(
        layer=link.cause.layer.word,
        question=link.effect.why(),
        answer=f"{opening} {answer}",
        rule=link.rule,
        strength=link.strength.word,
        evidence=link.because.evidence,
    )


def _guard_why(guard: Guard) -> Why:
    return Why(
        layer=Layer.GUARD.word,
        question="Why was it not stopped before it was deployed?",
        answer=f"It should have been: {guard.statement}" if guard.present else f"Because {guard.statement}",
        rule=None,
        strength=Strength.OBSERVED.word,
        evidence=guard.evidence,
    )


def _root_cause(chain: Chain) -> RootCause | None:
    if chain.root is None:
        return None
    return RootCause(
        claim=chain.root.type_name,
        statement=str(chain.root),
        layer=chain.root.layer.word,
        locators=tuple(str(at) for at in chain.root.locators),
        introduced_by=_change(chain.change),
    )


def _change(claim: Claim | None) -> Change | None:
    values = {item.name: getattr(claim, item.name) for item in fields(claim)} if claim is not None else {}  # type: ignore[arg-type]
    if not {"commit", "date", "subject"} <= values.keys():
        return None
    return Change(commit=values["commit"], date=values["date"], subject=values["subject"])


def _fixes(chain: Chain) -> tuple[Fix, ...]:
    """The remedies of the chain's links, the root's own first."""
    found: list[Fix] = []
    for link in reversed(chain.links):
        for remedy in link.because.fixes:
            fix = Fix(kind=remedy.kind, summary=remedy.summary, patch=remedy.patch, command=remedy.command)
            if fix not in found:
                found.append(fix)
    return tuple(found)


def _unknown(chain: Chain) -> str | None:
    reached = chain.root is not None and (chain.change is not None or chain.root.layer is not Layer.DECLARATION)
    if reached and not chain.needs:
        return None
    if not chain.needs:
        return None if chain.root is not None else "unknown beyond here: no rule of the catalogue explains this further"
    return f"unknown beyond here: needs {', '.join(chain.needs)}"


def _identity(chain: Chain) -> str:
    claim = chain.root or chain.end
    kind = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in claim.type_name).lstrip("-")
    digest = hashlib.sha256(f"{claim.type_name}\0{claim}".encode()).hexdigest()[:8]
    return f"{kind}-{digest}"


def _advice(issue: Issue) -> str:
    if issue.fixes:
        return _capital(issue.fixes[0].summary)
    if issue.root_cause is not None:
        return f"Correct this: {issue.root_cause.statement}"
    needs = (issue.unknown or "").partition(": needs ")[2]
    return f"Find out why: {issue.title}" + (f" (that needs {needs})" if needs else "")


def _step(issue: Issue) -> str:
    if issue.fixes:
        return (
            f"{_advice(issue)} ({issue.title})"
            if issue.title.lower() not in issue.fixes[0].summary.lower()
            else _advice(issue)
        )
    if issue.reproduce:
        return f"{_advice(issue)}; reproduce it: {issue.reproduce}"
    return _advice(issue)


def _counted(text: str, count: int) -> str:
    return f"{text} (seen {count} times)" if count > 1 else text


def _distinct(items: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(items))


def _capital(text: str) -> str:
    head = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if head.isalpha() and head.islower() else text
