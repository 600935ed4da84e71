"""Claims that every explanation starts from: what someone notices."""

from __future__ import annotations

from shakeout.why import Claim, Layer, claim

DEPLOYMENT = "the deploy command"
"""What the team's own deploy command is called beside services; no service can have that name."""


@claim(Layer.SYMPTOM)
class CheckFailed(Claim):
    """A check of the running system did not pass. What it saw is in the `Probes` source under the same name."""

    check: str
    detail: str

    def __str__(self) -> str:
        return f"the check {self.check} failed: {self.detail}"

    def why(self) -> str:
        return f"Why does the check {self.check} fail?"


@claim(Layer.SYMPTOM)
class ServiceNotDeployed(Claim):
    """A service could not be deployed. What the target saw is in the `Platform` source under the same name."""

    service: str
    message: str

    def __str__(self) -> str:
        return f"{self.service} is not deployed: {self.message}"

    def why(self) -> str:
        return f"Why is {self.service} not deployed?"


@claim(Layer.SYMPTOM)
class DeploymentFailed(Claim):
    """
    The team's own deploy command did not end well.

    How it ended is in the `Platform` source under the name DEPLOYMENT; its output is in the `ErrorLog` source, with
    the origin `deployment`.
    """

    message: str

    def __str__(self) -> str:
        return f"the deployment failed: {self.message}"

    def why(self) -> str:
        return "Why did the deployment fail?"


@claim(Layer.SYMPTOM)
class ErrorLogged(Claim):
    """
    A service logged an error, as its normal form; occurrences are in the `ErrorLog` source under the same `key`.

    `type` is the exception's type where there is one, `text` the message with its values as first seen.
    """

    service: str | None
    key: str
    type: str | None
    text: str

    def __str__(self) -> str:
        error = f"{self.type}: {self.text}" if self.type else self.text
        return f"{self.service} logged: {error}" if self.service else f"logged: {error}"

    def why(self) -> str:
        return f"Why does {self.service or 'the application'} report {self.type or 'this error'}?"

    def title(self) -> str:
        return f"{self.type}: {self.text}" if self.type else self.text
