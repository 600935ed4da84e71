"""What can be said of tokens that are refused."""

from __future__ import annotations

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Layer, claim

WRONG = {
    "key": "was signed with a key that it does not know",
    "signature": "has a signature that does not fit its key",
    "issuer": "has another issuer than it expects",
    "audience": "has another audience than it expects",
    "algorithm": "is signed with an algorithm that it does not take",
    "not-yet-valid": "is not valid yet by its clock",
    "expired": "has expired by its clock",
}
"""Why tokens are refused, by kind."""


@claim(Layer.MECHANISM)
class TokenRefused(Claim):
    """A service refuses tokens; `kind` is a key of `WRONG`."""

    service: str | None
    kind: str

    def __str__(self) -> str:
        return f"{self.service or 'a service'} refuses the token, which {WRONG[self.kind]}"

    def why(self) -> str:
        return f"Why does {self.service or 'the service'} see a token that {WRONG[self.kind]}?"


@claim(Layer.STATE)
class TokenSettingsDiffer(Claim):
    """
    Two running services use different settings for their tokens.

    `kind` is `key`, `issuer`, `audience` or `algorithm`. `signed` and `accepted` are the two values, empty for keys.
    """

    kind: str
    signer: str
    signed: str
    verifier: str
    accepted: str

    def __str__(self) -> str:
        if self.kind == "key":
            return f"{self.signer} signs with another key than {self.verifier} verifies with"
        return (
            f"{self.signer} writes the {self.kind} '{self.signed}' into tokens, "
            f"and {self.verifier} accepts '{self.accepted}'"
        )

    def why(self) -> str:
        return f"Why is the token's {self.kind} of {self.signer} and of {self.verifier} different?"


@claim(Layer.STATE, actionable=True)
class ClocksDiffer(Claim):
    """The clocks of two services are further apart than tokens allow; `ahead` is the service whose clock is ahead."""

    ahead: str
    behind: str

    def __str__(self) -> str:
        return f"the clock of {self.ahead} is ahead of the clock of {self.behind}, by more than tokens allow"

    def title(self) -> str:
        return f"The clocks of {self.ahead} and {self.behind} differ"


@claim(Layer.STATE, actionable=True)
class KeyRotatedInOne(Claim):
    """Two services take their key from one secret and run with different values: one of them has the old one."""

    signer: str
    verifier: str

    def __str__(self) -> str:
        return (
            f"{self.signer} and {self.verifier} name the same secret and run with different keys: it was replaced, "
            "and one of them still has the old one"
        )

    def title(self) -> str:
        return f"The token key was replaced in only one of {self.signer} and {self.verifier}"


@claim(Layer.DECLARATION)
class TokenSettingDeclared(Claim):
    """The manifest gives one service another value than the service that it shares tokens with."""

    service: str
    setting: str
    value: str
    other: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} sets {self.setting} of {self.service} to '{self.value}', unlike {self.other}"

    def why(self) -> str:
        return f"Why does {self.at} set {self.setting} otherwise?"

    def title(self) -> str:
        return f"{self.setting} of {self.service} differs from {self.other} ({self.at})"


@claim(Layer.DECLARATION)
class TokenSecretDeclared(Claim):
    """The manifest gives one service its key from another secret than the service that it shares tokens with."""

    service: str
    setting: str
    other: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} gives {self.service} its {self.setting} from another place than {self.other}"

    def why(self) -> str:
        return f"Why does {self.at} name another secret?"

    def title(self) -> str:
        return f"{self.service} and {self.other} take {self.setting} from two secrets ({self.at})"


@claim(Layer.DECLARATION)
class TokenLifetimeDeclared(Claim):
    """The manifest lets tokens live so shortly that they end before they are used."""

    service: str
    setting: str
    value: str
    at: Locator

    def __str__(self) -> str:
        return (
            f"{self.at} sets {self.setting} of {self.service} to {self.value}, so that tokens end before they are used"
        )

    def title(self) -> str:
        return f"Tokens of {self.service} end too soon ({self.at})"
