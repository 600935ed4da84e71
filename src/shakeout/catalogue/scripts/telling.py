"""A deploy command that does not end, or that does not say where its services are."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.scripts.family import scripts
from shakeout.catalogue.symptoms import DEPLOYMENT, DeploymentFailed, ServiceNotDeployed
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.model import Locator
from shakeout.evidence.platform import Platform
from shakeout.why import Because, Claim, Layer, Remedy, claim


@claim(Layer.STATE, actionable=True)
class AddressNotTold(Claim):
    """Neither the deploy command's output nor the manifest says where a service is."""

    service: str
    at: Locator | None

    def __str__(self) -> str:
        return f"neither the deploy command's output nor the manifest says where {self.service} is"

    def title(self) -> str:
        return f"Nothing says where {self.service} was deployed"


@claim(Layer.STATE, actionable=True)
class DeadlinePassed(Claim):
    """The deploy command had not ended at its deadline."""

    at: Locator | None
    last: str | None

    def __str__(self) -> str:
        where = f" of {self.at}" if self.at else ""
        return f"the deploy command had not ended at the deadline{where}" + (
            f"; the last that it wrote is: {self.last}" if self.last else "; it wrote nothing"
        )

    def title(self) -> str:
        return "The deploy command did not end in time"


@scripts.rule
def address_not_told(failed: ServiceNotDeployed, platform: Platform, declarations: Declarations) -> Iterator[Because]:
    """
    Nothing says where the service is.

    ## What you see
    A deploy command that ends well, and a service that cannot be asked since it has no address.

    ## Why it happens
    The command does not print the address, prints it in words of its own, or calls the service by another name.

    ## How we know
    No line of the command's output announces an address of the service, and the manifest gives it none.

    ## What to change
    Let the command print `<SERVICE>_URL=https://…`, or give the address in the manifest (`url` of the service in that
    environment), or say in the service's options what it is called (`name`) or how its line looks (`url_pattern`).
    """
    item = platform.get(failed.service)
    if item is None or item.reason != "no-address":
        return
    declared = declarations.get(failed.service)
    at = declared.at if declared is not None else None
    line = declarations.quote(at, note="gives no url for this environment")
    variable = f"{failed.service.upper().replace('-', '_')}_URL"
    where = f"environments.{declarations.environment}.services.{failed.service}.url"
    words = Remedy("words", f"let the deploy command print {variable}=https://…, or give {where}")
    yield Because(AddressNotTold(failed.service, at), [*item.evidence[:1], *([line] if line else [])], fix=words)


@scripts.rule
def deadline_passed(failed: DeploymentFailed, platform: Platform, declarations: Declarations) -> Iterator[Because]:
    """
    The deploy command had not ended at its deadline.

    ## What you see
    A deployment that shakeout ended, after the time that the manifest gives it.

    ## Why it happens
    The command waits for something that does not come (a question, a rollout, a lock), or takes longer than it may.

    ## How we know
    The command was still running when its time was over. Its last line says what it was at.

    ## What to change
    What it waits for, or the deadline (`options.deadline` of the environment).
    """
    item = platform.get(DEPLOYMENT)
    if item is None or item.reason != "deadline":
        return
    declared = declarations.get(DEPLOYMENT)
    setting = (declared.settings.get("deadline") or declared.settings.get("run")) if declared is not None else None
    at = setting.at if setting is not None else None
    said = next((evidence for evidence in item.evidence if evidence.kind == "log"), None)
    line = declarations.quote(at)
    evidence = [*item.evidence[:1], *([said] if said else []), *([line] if line else [])]
    words = Remedy("words", "look at what the command was at when it was ended, or give it a later `deadline`")
    yield Because(DeadlinePassed(at, said.quote[:200] if said else None), evidence, fix=words)
