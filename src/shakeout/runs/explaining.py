"""From what a run saw to issues: symptoms, the walk, chains, guards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from shakeout.catalogue import rules
from shakeout.catalogue.symptoms import CheckFailed, DeploymentFailed, ServiceNotDeployed
from shakeout.checks.base import CheckResult, Outcome
from shakeout.evidence.guards import Guards
from shakeout.evidence.javascript import SCRIPTS
from shakeout.evidence.platform import Platform
from shakeout.fixes.proving import Redeclare, prove
from shakeout.report.building import build_issue
from shakeout.report.model import Guard, Issue, Proof, Unexplained
from shakeout.why.chain import Chain, chains
from shakeout.why.claims import Claim
from shakeout.why.engine import Bounds, Symptom, walk
from shakeout.why.sources import Sources

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What the engine made of a run's symptoms; `notes` are bounds that were hit and rules that failed."""

    issues: tuple[Issue, ...]
    unexplained: tuple[Unexplained, ...] = ()
    notes: tuple[str, ...] = ()


def symptoms_of(results: Iterable[CheckResult], platform: Platform | None) -> tuple[Symptom, ...]:
    """
    What someone would notice about a run: services that are not deployed, then checks that went wrong.

    A check that is skipped or inconclusive is no symptom of its own: it follows from another, or nothing was measured.
    """
    found: list[Symptom] = []
    for item in platform or ():
        if item.kind == "deployment" and item.state == "failed":
            claim: Claim = DeploymentFailed(item.message or item.reason or "no reason was given")
            found.append(Symptom(claim=claim, evidence=item.evidence, weight=0))
        if item.kind == "service" and item.state == "not deployed" and item.reason != "blocked":
            claim = ServiceNotDeployed(item.name, item.message or item.reason or "no reason was given")
            evidence = (*item.evidence, *item.last_lines)
            found.append(Symptom(claim=claim, evidence=evidence, service=item.name, weight=0))
    for result in results:
        if result.outcome in {Outcome.FAILED, Outcome.DEGRADED} and result.evidence:
            found.append(
                Symptom(
                    claim=CheckFailed(result.name, result.detail),
                    evidence=result.evidence,
                    checks=(result.name,),
                    service=result.service,
                    weight=0 if result.required and result.outcome is Outcome.FAILED else 1,
                )
            )
    return tuple(found)


def explain(
    symptoms: Sequence[Symptom],
    sources: Sources,
    results: Sequence[CheckResult] = (),
    *,
    bounds: Bounds | None = None,
    redeclare: Redeclare | None = None,
) -> Explanation:
    """
    Walk from the symptoms and build one issue from each chain.

    The first patch of each is tried on a scratch copy; `redeclare` reads the manifest from one.
    """
    bounds = bounds or Bounds()
    graph = walk(symptoms, rules(), sources, bounds)
    by_name = {result.name: result for result in results}
    notes = list(graph.notes)

    def attempt(what: str, of: Callable[[], T]) -> T | None:
        # As with a rule: what fails here must not take the explanation of everything else with it.
        try:
            return of()
        except Exception as error:
            if bounds.strict:
                raise
            notes.append(f"{what} failed ({type(error).__name__}: {error})")
            return None

    issues = []
    for chain in chains(graph):
        end = chain.end.type_name
        issues.append(
            build_issue(
                chain,
                by_name,
                service_down=_down(chain, sources),
                guard=attempt(f"looking for the guard of {end}", partial(_guard, chain, sources)),
                proof=attempt(f"trying the fix of {end}", partial(_proof, chain, sources, redeclare)),
            )
        )
    return Explanation(
        issues=tuple(sorted(issues, key=lambda issue: issue.priority.rank)),
        notes=tuple(notes),
    )


def _down(chain: Chain, sources: Sources) -> bool:
    """Whether a service is not there by this cause: itself, or since the deployment ended before it came to it."""
    if any(isinstance(symptom.claim, ServiceNotDeployed) for symptom in chain.symptoms):
        return True
    platform = sources.get(Platform)
    failed = any(isinstance(symptom.claim, DeploymentFailed) for symptom in chain.symptoms)
    return failed and any(item.kind == "service" and not item.deployed for item in platform or ())


def _of_scripts(chain: Chain) -> bool:
    """Whether the source that the chain shows is run by Node.js."""
    shown = {
        piece.locator.path for link in chain.links for piece in link.because.evidence if piece.locator.source == "file"
    }
    scripts = any(path.endswith((*SCRIPTS, "package.json")) for path in shown)
    return scripts and not any(path.endswith(".py") for path in shown)


def _elsewhere(chain: Chain) -> bool:
    """Whether the source that the chain shows is of a language for which no guard is written down."""
    shown = {piece.locator.path for link in chain.links for piece in link.because.evidence}
    return any(path.endswith((".rb", ".php", ".java", ".kt", ".cs", ".go")) for path in shown)


def _proof(chain: Chain, sources: Sources, redeclare: Redeclare | None) -> Proof | None:
    found = prove(chain, rules(), sources, redeclare)
    return Proof(status=found.status, detail=found.detail) if found is not None else None


def _guard(chain: Chain, sources: Sources) -> Guard | None:
    """The guard of the root cause's family, looked for in the repository where there is one."""
    spec = chain.guard
    if spec is None or chain.root is None:
        return None
    if spec.scripts is not None and _of_scripts(chain):
        spec = spec.scripts
    guards = sources.get(Guards)
    at = next((place for place in chain.root.locators if place.source == "file"), None)
    path, line = (at.path, at.line) if at is not None else (None, None)
    found = guards.find(spec.kind, spec.arguments, spec.missing, path=path, line=line) if guards is not None else None
    if found is None:
        return Guard(name=spec.name, present=None, evidence=(), add=spec.add)
    return Guard(
        name=spec.name,
        present=found.present,
        evidence=found.evidence,
        statement=found.statement,
        add=None if found.present or (_elsewhere(chain) and "python" in spec.add) else spec.add,
    )
