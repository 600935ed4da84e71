"""What can be said about a use that its definition does not allow."""

from __future__ import annotations

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Family, GuardSpec, Layer, claim

attributes = Family(
    "attributes",
    "A use and the definition that it means no longer agree",
    guard=GuardSpec(
        name="type checker",
        kind="lint-rule",
        arguments=("attribute",),
        missing="nothing in the repository's checks compares calls with what they call",
        add="- run: mypy .  # or pyright, in CI",
    ),
)


@claim(Layer.MECHANISM)
class MemberAbsent(Claim):
    """A line asks an object or a module for a member that it does not have."""

    owner: str
    member: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} asks {self.owner} ({self.path}) for '{self.member}', which it does not have"

    def why(self) -> str:
        return f"Why does {self.owner} not have '{self.member}'?"


@claim(Layer.MECHANISM)
class NothingThere(Claim):
    """A line uses a value that is None, or in JavaScript undefined or null."""

    member: str
    at: Locator
    value: str = "None"

    def __str__(self) -> str:
        return f"what {self.at} asks for '{self.member}' was {self.value} at that moment"

    def why(self) -> str:
        return f"Why was it {self.value} at {self.at}?"


@claim(Layer.MECHANISM)
class CallDisagrees(Claim):
    """A call does not fit the definition that it reaches."""

    function: str
    complaint: str
    at: Locator
    defined_at: Locator

    def __str__(self) -> str:
        return f"{self.at} calls {self.function} ({self.defined_at}), and the two do not fit: {self.complaint}"

    def why(self) -> str:
        return f"Why does the call at {self.at} not fit {self.function}?"


@claim(Layer.DECLARATION)
class MemberRenamed(Claim):
    """A member was renamed, and a use kept the old name."""

    owner: str
    member: str
    now: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} still says '{self.member}', which {self.owner} calls '{self.now}' now"

    def why(self) -> str:
        return f"Why does {self.at} still say '{self.member}'?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class MemberRemoved(Claim):
    """A member was taken out, and a use of it stayed."""

    owner: str
    member: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} still uses '{self.member}', which was taken out of {self.owner} ({self.path})"

    def why(self) -> str:
        return f"Why is '{self.member}' no longer in {self.owner}?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class MemberMisspelt(Claim):
    """A member never had that name, and one has nearly the same."""

    owner: str
    member: str
    meant: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} says '{self.member}' where {self.owner} has '{self.meant}'"

    def why(self) -> str:
        return f"Why does {self.at} say '{self.member}'?"


@claim(Layer.DECLARATION)
class SignatureChanged(Claim):
    """A definition takes other arguments than a call gives it."""

    function: str
    at: Locator
    defined_at: Locator

    def __str__(self) -> str:
        return f"{self.at} calls {self.function} in a way that {self.defined_at} does not take"

    def title(self) -> str:
        return f"The call at {self.at} does not fit {self.function}"

    def why(self) -> str:
        return f"Why do {self.at} and {self.defined_at} not fit?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class AwaitDisagrees(Claim):
    """A plain function is awaited, or an asynchronous one is not."""

    function: str
    asynchronous: bool
    at: Locator
    defined_at: Locator

    def __str__(self) -> str:
        if self.asynchronous:
            return f"{self.at} calls {self.function} without await, and it is asynchronous ({self.defined_at})"
        return f"{self.at} awaits {self.function}, which is a plain function ({self.defined_at})"

    def why(self) -> str:
        return f"Why do {self.at} and {self.defined_at} not fit?"

    def blamed(self) -> Locator | None:
        return None
