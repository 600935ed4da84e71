"""Links between claims: because, ruled out, and what may be done about a cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from shakeout.evidence.model import Evidence
from shakeout.why.claims import Claim


class Strength(IntEnum):
    """How firmly evidence holds a link; the lower, the stronger."""

    OBSERVED = 0
    """The evidence shows the cause and that it leads to the effect."""
    ENTAILED = 1
    """The evidence shows the cause; that it leads to the effect follows from how the system works."""
    CONSISTENT = 2
    """The evidence allows it. Worded as a possibility."""

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Remedy:
    """
    What may be done about a cause.

    `kind` is `patch` (`patch` is a unified diff against the deployed commit, made by `shakeout.fixes`), `manifest`
    (the same for a manifest), `command` (`command` is what to run) or `words`.
    """

    kind: Literal["patch", "manifest", "command", "words"]
    summary: str
    patch: str | None = None
    command: str | None = None


class Because:
    """One link: the effect that the rule was asked about, because of `cause`, held by one piece of evidence or more."""

    __slots__ = ("cause", "evidence", "fixes", "strength")

    def __init__(
        self,
        cause: Claim,
        evidence: Sequence[Evidence],
        *,
        strength: Strength = Strength.OBSERVED,
        fix: Remedy | None = None,
        fixes: Sequence[Remedy] = (),
    ) -> None:
        if not evidence:
            raise ValueError(f"a link to '{cause}' has no evidence: expected at least one piece, got none")
        self.cause = cause
        self.evidence = tuple(evidence)
        self.strength = strength
        self.fixes = ((fix,) if fix else ()) + tuple(fixes)

    def __repr__(self) -> str:
        return f"Because({self.cause!s}, {self.strength.word}, {len(self.evidence)} evidence)"


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A cause that was looked for and that evidence contradicts; `claim` states the cause that it is not."""

    claim: Claim | str
    evidence: Sequence[Evidence]

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"'{self.claim}' is ruled out without evidence: expected at least one piece, got none")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A rule looked and could not tell: `needs` says what would take it further, for example `the full history`."""

    needs: str
