"""What the platform says when it does not deploy a service, by what it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.cloud_run.claims import (
    CallersRefused,
    ImageUnavailable,
    KeyUnusable,
    NetworkAbsent,
    NotAllowed,
    PlatformFailed,
    QuotaUsedUp,
    SecretUnreadable,
    SettingRefused,
)
from shakeout.catalogue.cloud_run.family import cloud_run, refused
from shakeout.catalogue.runtime.memory import MemoryLimitExceeded
from shakeout.catalogue.symptoms import ServiceNotDeployed
from shakeout.evidence.platform import Platform
from shakeout.why import Because, Remedy

_HOW = {
    "image-not-found": "does not find",
    "image-permission": "may not read",
    "image-policy": "is not allowed to run",
}
_SECRET = re.compile(
    r"secrets?[/: ]+(?:projects/[\w:.-]{1,60}/secrets/)?(?P<name>[\w-]{1,255})(?:/versions/(?P<version>[\w-]{1,60}))?"
)
_PERMISSION = re.compile(r"\b[a-zA-Z]{2,30}(?:\.[a-zA-Z]{2,40}){2,3}\b")
_DENIED = re.compile(r"permission denied|denied on|must be granted|not (?:have|permitted)", re.I)
_FRONT = re.compile(r"does not have permission to get URL|was not authenticated", re.I)
_ROLES = {
    "secret": "roles/secretmanager.secretAccessor",
    "image": "roles/artifactregistry.reader",
}


@cloud_run.rule
def image_unavailable(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    The platform cannot use the service's image.

    ## What you see
    `Image '…' not found`, `must have permission to read the image`, or a policy that does not allow it.

    ## Why it happens
    Nobody pushed an image of that name or tag, the name has a slip, the registry belongs to another project, or an
    attestation is missing.

    ## How we know
    The platform's own condition: its reason says which of these it is, and its message names the image.

    ## What to change
    Push the image, correct its name, or let the platform's service agent read the registry.
    """
    item = refused(platform, failed.service, *_HOW)
    if item is not None:
        image = str(item.facts.get("image") or "what was asked for")
        how = _HOW[item.facts["kind"]]
        fix = Remedy("words", f"push {image}, or name an image that is there")
        if how == "may not read":
            fix = Remedy("words", f"give the service agent of Cloud Run the role {_ROLES['image']} on the registry")
        yield Because(ImageUnavailable(failed.service, image, how), item.evidence[:1], fix=fix)


@cloud_run.rule
def secret_unreadable(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    A secret of the platform's secret manager is not there or may not be read.

    ## What you see
    `Secret …/versions/7 was not found`, `Permission denied on secret`.

    ## Why it happens
    The name or the version has a slip, the version was destroyed, or nobody let the service's account read it.

    ## How we know
    The platform's own condition names the secret.

    ## What to change
    Name a secret and a version that are there, or give the account the role of an accessor.
    """
    item = refused(platform, failed.service, "secret")
    message = str(item.message or "") if item is not None else ""
    named = [found for found in _SECRET.finditer(message) if found["name"] not in {"for", "was", "Manager"}]
    if item is None:
        return
    if not named:
        words = Remedy("words", f"let the account of {failed.service} read every secret that its block names")
        yield Because(SecretUnreadable(failed.service, "that it takes", True), item.evidence[:1], fix=words)
        return
    secret = named[0]["name"] + (f", version {named[0]['version']}" if named[0]["version"] else "")
    denied = bool(_DENIED.search(message))
    fix = Remedy("words", f"make the secret {secret}, or name one that is there")
    if denied:
        fix = Remedy(
            "command",
            f"let the account of {failed.service} read the secret {secret}",
            command=f"gcloud secrets add-iam-policy-binding {named[0]['name']} --role {_ROLES['secret']} "
            "--member serviceAccount:ACCOUNT",
        )
    yield Because(SecretUnreadable(failed.service, secret, denied), item.evidence[:1], fix=fix)


@cloud_run.rule
def network_absent(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    The network that the service is to reach through is not there.

    ## What you see
    `VPC connector … does not exist`, `VPC network not found`.

    ## Why it happens
    The connector or the network has another name, is in another region or project, or was never made.

    ## How we know
    The platform's own condition, with the reason VPC_NETWORK_NOT_FOUND, or a refused call that is about a connector or
    a network.

    ## What to change
    Make the connector, or name one of the same region.
    """
    item = refused(platform, failed.service, "network", "setting", "absent")
    if item is None:
        return
    if item.facts.get("kind") == "network" or re.search(r"\bVPC\b.{0,80}\b(?:not|no)\b", str(item.message), re.I):
        fix = Remedy("words", "make the connector or the network in the same region, or name one that is there")
        yield Because(NetworkAbsent(failed.service), item.evidence[:1], fix=fix)


@cloud_run.rule
def quota_used_up(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    A quota of the project, or the capacity of the region, is used up.

    ## What you see
    RESOURCE_EXHAUSTED, `Quota exceeded for …`, a limit of active revisions, or too few instances.

    ## Why it happens
    Something else uses the same quota, the project is new and its quotas are small, or old revisions are kept active.

    ## How we know
    The platform's own status or reason. The call was made again for as long as it may take before that.

    ## What to change
    Wait, ask for more, or remove what is not needed.
    """
    item = refused(platform, failed.service, "quota", "capacity")
    if item is not None:
        fix = Remedy("words", "wait, ask for a higher quota, or remove revisions and services that nobody needs")
        yield Because(QuotaUsedUp(failed.service, str(item.message)[:300]), item.evidence[:1], fix=fix)


@cloud_run.rule
def permission_lacking(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    The account that deploys lacks a permission.

    ## What you see
    PERMISSION_DENIED, `Permission 'run.services.create' denied on resource`, `iam.serviceaccounts.actAs`.

    ## Why it happens
    The account has no role for it in this project, or may not act as the service account that the manifest names.

    ## How we know
    The platform refused the call, and names the permission where it says which.

    ## What to change
    Give the account that role, or deploy with another account.
    """
    item = refused(platform, failed.service, "permission", "credentials")
    if item is None:
        return
    named = _PERMISSION.search(str(item.message or ""))
    permission = named[0] if named is not None else ""
    fix = Remedy("words", f"give the account that deploys a role with {permission or 'the permission that it lacks'}")
    yield Because(NotAllowed(failed.service, permission), item.evidence[:1], fix=fix)


@cloud_run.rule
def setting_refused(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    The platform does not accept a setting.

    ## What you see
    INVALID_ARGUMENT or FAILED_PRECONDITION with a field's name, for example `resources.limits.memory`.

    ## Why it happens
    The value is out of the range that the platform allows, or does not go with another setting.

    ## How we know
    The platform refused the call and says what is wrong with it.

    ## What to change
    The setting that the next link names.
    """
    item = refused(platform, failed.service, "setting")
    if item is not None and not re.search(r"\bVPC\b", str(item.message)):
        yield Because(SettingRefused(failed.service, str(item.message)[:300]), item.evidence[:1])


@cloud_run.rule
def key_unusable(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    The platform cannot use the encryption key.

    ## What you see
    A revision that fails with ENCRYPTION_KEY_PERMISSION_DENIED or ENCRYPTION_KEY_CHECK_FAILED.

    ## Why it happens
    The key was disabled, is in another region, or the platform's service agent may not use it.

    ## How we know
    The platform's own condition.

    ## What to change
    Let the service agent use the key, or take another.
    """
    item = refused(platform, failed.service, "key")
    if item is not None:
        fix = Remedy("words", "give the service agent of Cloud Run the role roles/cloudkms.cryptoKeyEncrypterDecrypter")
        yield Because(KeyUnusable(failed.service), item.evidence[:1], fix=fix)


@cloud_run.rule
def platform_failed(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    The platform itself failed, or does not say why.

    ## What you see
    INTERNAL, UNAVAILABLE, a deadline that passed, or a condition without a reason.

    ## Why it happens
    An outage, an overload, somebody else who changes the same service, or a name that is not there.

    ## How we know
    The platform's own status or condition. Nothing that the repository declares is blamed for it.

    ## What to change
    Look at the platform's status page and try again; the message says what else there is.
    """
    item = refused(platform, failed.service, "platform", "unnamed", "late", "unused", "waiting", "conflict", "absent")
    if item is not None and item.reason == "rejected" and not re.search(r"\bVPC\b", str(item.message)):
        reason = str(item.facts.get("platform_reason") or "none")
        fix = Remedy("words", "look at the platform's status page and at the message, then run it again")
        yield Because(PlatformFailed(failed.service, reason), item.evidence[:1], fix=fix)


@cloud_run.rule
def callers_refused(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    The platform lets nobody call the service without signing in.

    ## What you see
    `403 Forbidden: Your client does not have permission to get URL` from a service that is ready.

    ## Why it happens
    A new service on Cloud Run is closed, and stays so until its callers are named or it is opened to everybody.

    ## How we know
    The answer is the platform's own page, not the service's, and the revision is ready.

    ## What to change
    Set `public: true` for a service that knows its users itself; for an internal one give its callers the role of an
    invoker.
    """
    item = platform.get(failed.service)
    if item is None or item.facts.get("status") != 403 or not _FRONT.search(str(item.facts.get("body") or "")):
        return
    words = "set `public: true` in the options of the service, or give its callers the role roles/run.invoker"
    yield Because(CallersRefused(failed.service), item.evidence[:1], fix=Remedy("words", words))


@cloud_run.rule
def memory_limit_passed(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    An instance used more memory than it may have before it was ready.

    ## What you see
    `Memory limit of 512 MiB exceeded with 530 MiB used` in the platform's own log, and a revision that is not ready.

    ## Why it happens
    The service loads more at its start than its limit allows.

    ## How we know
    The platform says so in a line about this revision.

    ## What to change
    Give it more memory, or let it load less.
    """
    item = platform.get(failed.service)
    if item is not None and item.reason == "out-of-memory" and "kind" in item.facts:
        limit = item.facts.get("memory_limit")
        yield Because(MemoryLimitExceeded(failed.service, str(limit) if limit else None), item.evidence[:1])
