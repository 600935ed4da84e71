"""What can be said of services that do not fit together."""

from __future__ import annotations

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Layer, claim


@claim(Layer.STATE)
class ProtocolsDiffer(Claim):
    """A client and its server speak different versions of their protocol; None where neither end is named."""

    client: str | None
    client_protocol: str
    server: str | None
    server_protocol: str

    def __str__(self) -> str:
        client, server = self.client or "the client", self.server or "the server"
        return f"{client} speaks protocol {self.client_protocol}, and {server} speaks protocol {self.server_protocol}"

    def why(self) -> str:
        return f"Why do {self.client or 'the client'} and {self.server or 'the server'} speak different protocols?"


@claim(Layer.STATE)
class SameNumberOtherMessages(Claim):
    """Client and server name one protocol version, and the messages that they mean by it differ."""

    client: str
    server: str
    protocol: str

    def __str__(self) -> str:
        return f"{self.client} and {self.server} both say protocol {self.protocol} and mean different messages by it"

    def why(self) -> str:
        return f"Why does protocol {self.protocol} mean two things?"


@claim(Layer.STATE)
class RunsAnotherCommit(Claim):
    """A service runs `commit`, while `others` run `other`, the release's commit (or none of them answers)."""

    service: str
    commit: str
    others: tuple[str, ...]
    other: str

    def __str__(self) -> str:
        if not self.others:
            return f"{self.service} runs commit {self.commit[:12]}, and the release is commit {self.other[:12]}"
        verb = "runs" if len(self.others) == 1 else "run"
        return (
            f"{self.service} runs commit {self.commit[:12]}, and {_listed(self.others)} {verb} commit {self.other[:12]}"
        )

    def why(self) -> str:
        return f"Why does {self.service} run another commit?"

    def title(self) -> str:
        return f"{self.service} runs another commit than the release"


@claim(Layer.STATE, actionable=True)
class BundleOfAnotherCommit(Claim):
    """A frontend serves files that were built from another commit than the one that it runs."""

    service: str
    commit: str
    running: str

    def __str__(self) -> str:
        return (
            f"{self.service} runs commit {self.running[:12]} and serves the bundle of commit {self.commit[:12]}: "
            "what lies between the service and its files is stale"
        )

    def why(self) -> str:
        return f"Why does {self.service} serve an old bundle?"

    def title(self) -> str:
        return f"{self.service} serves the bundle of another commit"


@claim(Layer.DECLARATION)
class PinnedInManifest(Claim):
    """The manifest deploys a service from a revision of its own instead of the release's commit."""

    service: str
    commit: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} pins {self.service} to commit {self.commit[:12]}"

    def why(self) -> str:
        return f"Why is {self.service} pinned?"

    def title(self) -> str:
        return f"{self.service} is pinned to another commit than the rest ({self.at})"


@claim(Layer.DECLARATION)
class CommitSettingLiteral(Claim):
    """The manifest tells a service its commit as a fixed text, which every later release goes on telling."""

    service: str
    setting: str
    commit: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} sets {self.setting} of {self.service} to the fixed text {self.commit[:12]}"

    def why(self) -> str:
        return f"Why is {self.setting} of {self.service} a fixed text?"

    def title(self) -> str:
        return f"{self.setting} of {self.service} is a fixed text, not the release's commit ({self.at})"


@claim(Layer.DECLARATION)
class ImageFixed(Claim):
    """The manifest runs a service from an image whose name does not follow the release's commit."""

    service: str
    image: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} runs {self.service} from the fixed image {self.image}"

    def why(self) -> str:
        return f"Why is the image of {self.service} fixed?"

    def title(self) -> str:
        return f"{self.service} runs from an image that does not follow the release ({self.at})"


@claim(Layer.DECLARATION)
class DeployedElsewhere(Claim):
    """The manifest only names where a service answers: somebody else deploys it, at a commit of their own."""

    service: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} only says where {self.service} answers, so that no release deploys it"

    def why(self) -> str:
        return f"Why is {self.service} not part of the release?"

    def title(self) -> str:
        return f"{self.service} is deployed by somebody else ({self.at})"


@claim(Layer.DECLARATION)
class BundleCommitted(Claim):
    """A file of the repository names the commit of a bundle that was built once and is served since."""

    service: str
    commit: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} names commit {self.commit[:12]}: the bundle was built once and put into the repository"

    def why(self) -> str:
        return "Why is the bundle in the repository an old one?"

    def title(self) -> str:
        return f"The bundle of {self.service} in the repository is old ({self.at})"


@claim(Layer.DECLARATION)
class ProtocolDeclaredTwice(Claim):
    """Client and server have the protocol's version in two places, and only one of them was raised."""

    at: Locator
    kept: str
    raised_at: Locator
    raised: str

    def __str__(self) -> str:
        return f"{self.at} says protocol {self.kept}, and {self.raised_at} says protocol {self.raised}"

    def why(self) -> str:
        return "Why do the two places differ?"

    def title(self) -> str:
        return f"The protocol's version stands in two places that differ ({self.at}, {self.raised_at})"

    def blamed(self) -> Locator | None:
        return self.raised_at


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
