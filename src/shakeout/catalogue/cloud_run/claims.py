"""What may be true of a service on Cloud Run, from what the platform says to the line that asks for it."""

from __future__ import annotations

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Layer, claim


@claim(Layer.STATE, actionable=True)
class ImageUnavailable(Claim):
    """The platform cannot use the image: it is not there, may not be read, or no policy allows it (`how`)."""

    service: str
    image: str
    how: str

    def __str__(self) -> str:
        return f"the platform {self.how} {self.image}, the image of {self.service}"

    def why(self) -> str:
        return f"Why is it this image that {self.service} is made from?"

    def title(self) -> str:
        return f"the image of {self.service} cannot be used: the platform {self.how} it"


@claim(Layer.STATE, actionable=True)
class SecretUnreadable(Claim):
    """A secret that a service takes from the platform's secret manager is not there or may not be read."""

    service: str
    secret: str
    denied: bool

    def __str__(self) -> str:
        if self.denied:
            return f"the account of {self.service} may not read the secret {self.secret}"
        return f"there is no secret {self.secret}, which {self.service} takes from the secret manager"

    def why(self) -> str:
        return f"Why does {self.service} take the secret {self.secret}?"

    def title(self) -> str:
        return f"{self.service} cannot have the secret {self.secret}"


@claim(Layer.STATE, actionable=True)
class NetworkAbsent(Claim):
    """A network, or a connector to one, is not there or cannot be used."""

    service: str

    def __str__(self) -> str:
        return f"the network that {self.service} is to reach through is not there"

    def why(self) -> str:
        return f"Why does {self.service} ask for that network?"

    def title(self) -> str:
        return f"the network of {self.service} is not there"


@claim(Layer.STATE, actionable=True)
class QuotaUsedUp(Claim):
    """A quota or the capacity of the platform does not allow what was asked for."""

    service: str
    message: str

    def __str__(self) -> str:
        return f"a quota or the capacity of the platform is used up: {self.message}"

    def title(self) -> str:
        return f"a quota of the platform is used up before {self.service} is deployed"


@claim(Layer.STATE, actionable=True)
class NotAllowed(Claim):
    """Who deploys, or the service's account, lacks a permission; `permission` is empty where none is named."""

    service: str
    permission: str

    def __str__(self) -> str:
        named = f" ({self.permission})" if self.permission else ""
        return f"the account that deploys {self.service} lacks a permission{named}"

    def why(self) -> str:
        return f"Why is that permission needed for {self.service}?"

    def title(self) -> str:
        return f"{self.service} may not be deployed: {self.permission or 'a permission'} is lacking"


@claim(Layer.STATE, actionable=True)
class SettingRefused(Claim):
    """The platform does not accept a setting of a service; `message` is its own word."""

    service: str
    message: str

    def __str__(self) -> str:
        return f"the platform does not accept a setting of {self.service}: {self.message}"

    def why(self) -> str:
        return f"Why is {self.service} set so?"

    def title(self) -> str:
        return f"the platform does not accept a setting of {self.service}"


@claim(Layer.STATE, actionable=True)
class KeyUnusable(Claim):
    """The platform may not use the key that a service is encrypted with."""

    service: str

    def __str__(self) -> str:
        return f"the platform cannot use the encryption key of {self.service}"


@claim(Layer.STATE, actionable=True)
class PlatformFailed(Claim):
    """The platform itself failed, or gives no reason that tells more; `reason` is its own name for it."""

    service: str
    reason: str

    def __str__(self) -> str:
        return f"the platform did not make {self.service} ready, for a reason of its own ({self.reason})"

    def title(self) -> str:
        return f"the platform did not make {self.service} ready ({self.reason})"


@claim(Layer.STATE, actionable=True)
class CallersRefused(Claim):
    """The platform lets nobody call a service who is not signed in to it."""

    service: str

    def __str__(self) -> str:
        return f"the platform lets nobody call {self.service} without signing in to Google"

    def why(self) -> str:
        return f"Why may not everybody call {self.service}?"

    def title(self) -> str:
        return f"{self.service} is closed to callers who are not signed in to Google"


@claim(Layer.DECLARATION)
class ImageDeclared(Claim):
    """A line of the manifest names the image."""

    service: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} names that image for {self.service}"

    def title(self) -> str:
        return f"{self.at} names an image for {self.service} that cannot be used"

    def why(self) -> str:
        return f"Why does {self.at} name that image?"


@claim(Layer.DECLARATION)
class SecretDeclared(Claim):
    """A line of the manifest names the secret of the secret manager, or its version."""

    service: str
    secret: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} names the secret {self.secret} for {self.service}"

    def title(self) -> str:
        return f"{self.at} names the secret {self.secret}, which {self.service} cannot have"

    def why(self) -> str:
        return f"Why does {self.at} name that secret?"


@claim(Layer.DECLARATION)
class OptionDeclared(Claim):
    """A line of the manifest sets an option of the platform; `option` is its dotted name."""

    service: str
    option: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} sets {self.option} so for {self.service}"

    def title(self) -> str:
        return f"{self.at} sets {self.option} for {self.service} to what does not work"

    def why(self) -> str:
        return f"Why does {self.at} set {self.option} so?"
