"""The family, and what its rules read of the auth checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shakeout.catalogue.auth.claims import TokenRefused
from shakeout.catalogue.auth.wording import kind_of
from shakeout.evidence.declarations import Declarations, Setting
from shakeout.evidence.model import Evidence
from shakeout.evidence.probes import Probe, Probes
from shakeout.evidence.repository import Repository
from shakeout.why import Family, GuardSpec

auth = Family(
    "auth",
    "A token that one service signs is refused by another",
    guard=GuardSpec(
        name="token settings check",
        kind="command",
        arguments=(r"\bshakeout (?:[\w.=/-]+ ){0,8}(?:up|verify)\b",),
        missing="nothing checks that services which share tokens agree on key, issuer, audience and algorithm",
        add="- run: shakeout verify --environment NAME  # after each deployment: uses a token everywhere",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """What one check saw of a refused token: who signed it, who refused it, and what both say of themselves."""

    probe: Probe
    claim: TokenRefused
    signer: str | None
    token: Mapping[str, Any]
    fingerprints: Mapping[str, Mapping[str, Any]]
    expected: str | None
    seen: str | None

    @property
    def verifier(self) -> str:
        return self.claim.service or ""

    def evidence(self, note: str) -> tuple[Evidence, ...]:
        """The recorded answer with a remark."""
        return tuple(
            Evidence(kind=item.kind, locator=item.locator, quote=item.quote, note=note)
            for item in self.probe.evidence[:1]
        )


def refusal_in(probe: Probe) -> Refusal | None:
    """The refused token that a check tells of, None where it tells of none."""
    facts = probe.facts
    if not probe.went_wrong or not isinstance(facts.get("status"), int) or facts["status"] not in {400, 401, 403}:
        return None
    kind = kind_of(f"token {facts.get('code')} {facts.get('message')}")
    if kind is None:
        return None
    service = facts.get("service") or probe.service
    asked = [each for each in facts.get("asked", ()) if isinstance(each, Mapping)]
    fingerprints = {name: told for name, told in (facts.get("fingerprints") or {}).items() if isinstance(told, Mapping)}
    accepted = [str(each["service"]) for each in asked if each.get("status") in range(200, 300) and each.get("service")]
    signer = next((name for name in accepted if name != service), None)
    if signer is None and probe.service and probe.service != service:
        signer = probe.service
    detail = facts.get("detail_of_error")
    told = detail if isinstance(detail, Mapping) else {}
    return Refusal(
        probe=probe,
        claim=TokenRefused(str(service) if service else None, kind),
        signer=signer,
        token=facts.get("token") or {},
        fingerprints=fingerprints,
        expected=_bare(told.get("expected")),
        seen=_bare(told.get("seen")),
    )


def refusals(probes: Probes, claim: TokenRefused | None = None) -> tuple[Refusal, ...]:
    """Every refused token that checks tell of, those of one claim where it is given; auth checks first."""
    ordered = [*probes.of_kind("auth"), *(probe for probe in probes if probe.kind != "auth")]
    found = (refusal_in(probe) for probe in ordered)
    return tuple(each for each in found if each is not None and claim in {None, each.claim})


def settings_of(declarations: Declarations, name: str) -> dict[str, Setting]:
    """The environment variables of a service, plain and secret, by name, as far as they have a line."""
    service = declarations.get(name)
    found: dict[str, Setting] = {}
    for key, setting in sorted(service.settings.items()) if service is not None else ():
        group, _, variable = key.partition(".")
        if group in {"environment", "secrets"} and variable and setting.at is not None:
            found[variable] = setting
    return found


def newer(repository: Repository | None, one: Setting, other: Setting) -> Setting | None:
    """The one of two settings whose line was introduced later; None where history does not tell."""
    if repository is None or one.at is None or other.at is None:
        return None
    origins = [repository.origin(at.path, at.line) if at.line is not None else None for at in (one.at, other.at)]
    first, second = origins
    if first is None or second is None or first.commit.hash == second.commit.hash:
        return None
    if repository.is_ancestor(first.commit.hash, second.commit.hash):
        return other
    return one if repository.is_ancestor(second.commit.hash, first.commit.hash) else None


def _bare(value: object) -> str | None:
    return str(value).strip().strip("'\"") or None if value is not None else None
