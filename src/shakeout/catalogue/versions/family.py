"""The family, and what its rules look at together: which service runs which commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shakeout.catalogue.versions.claims import RunsAnotherCommit
from shakeout.evidence.model import Evidence
from shakeout.evidence.probes import Probe, Probes
from shakeout.why import Family, GuardSpec

versions = Family(
    "versions",
    "Services run different commits, or speak different protocols",
    guard=GuardSpec(
        name="version gate",
        kind="command",
        arguments=(r"\bshakeout (?:[\w.=/-]+ ){0,8}(?:up|verify)\b",),
        missing="nothing checks at deployment that the services run one commit and that their protocols fit",
        add="- run: shakeout verify --environment NAME  # after each deployment: compares commits and protocols",
    ),
)

BUNDLE = " bundle"
"""What the versions check puts after a service's name where it means the files that the service serves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """What one service, or one bundle, said of itself."""

    name: str
    commit: str | None
    expected: str | None
    protocol: str | None

    @property
    def service(self) -> str:
        return self.name.removesuffix(BUNDLE)

    @property
    def is_bundle(self) -> bool:
        return self.name.endswith(BUNDLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """Everything that the versions checks of one run saw."""

    speakers: Mapping[str, Speaker]
    release: str | None
    evidence: tuple[Evidence, ...]

    @classmethod
    def of(cls, probes: Probes) -> View:
        """Read them; without the check that compares all, those of each service."""
        found: dict[str, Speaker] = {}
        release: str | None = None
        seen: list[Evidence] = []
        asked = probes.of_kind("versions")
        whole = next((probe for probe in asked if probe.facts.get("services")), None)
        for probe in asked if whole is None else ():
            for name, speaker in _one(probe).items():
                found.setdefault(name, speaker)
            if probe.facts.get("expected_commit") and not probe.facts.get("pinned"):
                release = release or str(probe.facts["expected_commit"])
            seen += probe.evidence[:1]
        if whole is not None:
            found = {name: _speaker(name, facts) for name, facts in whole.facts["services"].items()}
            release = _text(whole.facts.get("release_commit"))
            seen += whole.evidence[:1]
        return cls(speakers=found, release=release, evidence=tuple(seen))

    def commit(self, service: str) -> str | None:
        """The commit that a service runs; that of its bundle where the service itself says none."""
        for name in (service, service + BUNDLE):
            if (speaker := self.speakers.get(name)) is not None and speaker.commit:
                return speaker.commit
        return None

    def protocol(self, service: str) -> str | None:
        """The protocol that a service speaks: its bundle's, where it serves one."""
        for name in (service + BUNDLE, service):
            if (speaker := self.speakers.get(name)) is not None and speaker.protocol:
                return speaker.protocol
        return None

    def strangers(self) -> tuple[RunsAnotherCommit, ...]:
        """The services that run another commit than the release, in the order of their names."""
        running = {name: each.commit for name, each in self.speakers.items() if not each.is_bundle and each.commit}
        if self.release is None or not running:
            return ()
        others = tuple(sorted(name for name, commit in running.items() if same(commit, self.release)))
        return tuple(
            RunsAnotherCommit(name, commit, others, self.release)
            for name, commit in sorted(running.items())
            if not same(commit, self.release)
        )


def same(one: str, other: str) -> bool:
    """Whether two hashes, which may be cut short to seven characters, are one commit."""
    one, other = one.lower(), other.lower()
    return min(len(one), len(other)) >= 7 and (one.startswith(other) or other.startswith(one))


def _one(probe: Probe) -> dict[str, Speaker]:
    facts: Mapping[str, Any] = probe.facts
    service = _text(facts.get("service")) or probe.service
    if service is None:
        return {}
    if "bundle_commit" in facts:
        return {service + BUNDLE: _speaker(service + BUNDLE, facts)}
    return {service: _speaker(service, facts)}


def _speaker(name: str, facts: Mapping[str, Any]) -> Speaker:
    return Speaker(
        name=name,
        commit=_text(facts.get("seen_commit")),
        expected=_text(facts.get("expected_commit")),
        protocol=_text(facts.get("protocol")),
    )


def _text(value: object) -> str | None:
    return str(value) if value not in {None, ""} else None
