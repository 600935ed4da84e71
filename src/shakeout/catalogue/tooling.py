"""The tools that build and deploy: what stopped them, as they say it themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of, written_by
from shakeout.catalogue.symptoms import CheckFailed, DeploymentFailed, ErrorLogged
from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.tool_words import is_stopped
from shakeout.why import Because, Claim, Family, GuardSpec, Layer, Remedy, Strength, claim

tooling = Family(
    "tooling",
    "What stops the tools that build and deploy",
    guard=GuardSpec(
        name="build and pull before the release",
        kind="command",
        arguments=(
            r"\bdocker(?: buildx| compose)? build\b",
            r"\bpodman build\b",
            r"\bdocker (?:pull|manifest inspect)\b",
            r"\bshakeout\s+up\b",
        ),
        missing="nothing in the repository's checks builds or pulls what is deployed",
        add="docker build .  # in CI, before anything is deployed",
    ),
)

_IMAGE = r"[\"'“]?(?P<image>[a-z0-9][\w.:/@-]{1,300}[\w])[\"'”]?"
_NO_IMAGE = (
    re.compile(
        rf"\b(?:failed to pull image|pull access denied for|unable to find image|image) {_IMAGE}[^\n]{{0,200}}?"
        r"(?:not found|manifest unknown|does not exist|repository does not exist|no such image|name unknown)",
        re.I,
    ),
    re.compile(rf"\bmanifest for {_IMAGE} not found\b", re.I),
    re.compile(rf"\breading manifest \S{{1,200}} in {_IMAGE}: (?:manifest unknown|name unknown)", re.I),
    re.compile(rf"\b(?:ImagePullBackOff|ErrImagePull)\b[^\n]{{0,120}}?\bimage {_IMAGE}"),
    re.compile(rf"\bImage {_IMAGE} not found\b"),
)
_NOT_ALLOWED = re.compile(
    rf"\b(?:failed to pull (?:and unpack )?image|pulling (?:from |image )?|head request for) {_IMAGE}[^\n]{{0,400}}?"
    r"\b(?:401 Unauthorized|403 Forbidden|no basic auth credentials|unauthorized: |authentication required"
    r"|denied: Permission)",
    re.I,
)
_WAITS = re.compile(r"\b(?:ImagePullBackOff|ErrImagePull|Back-off pulling image)\b")
"""That an image is not there yet, without saying which one or why."""
_DAEMON = re.compile(
    r"\bCannot connect to the Docker daemon at (?P<at>[\w:/.-]{1,200}?)\.? |\bIs the docker daemon running\b"
    r"|\bCannot connect to Podman\b"
    r"|\bdial unix (?P<socket>/\S{1,200}docker\.sock): connect: (?:no such file|connection refused)",
    re.I,
)
_PERMISSION = (
    re.compile(r"\bPermission ['\"]?(?P<permission>[a-z][\w.]{3,100})['\"]? (?:denied|is required)\b", re.I),
    re.compile(r"\bdoes not have (?:the )?(?P<permission>[a-z][\w.]{3,100}) (?:access|permission)\b", re.I),
    re.compile(r"\bis not authorized to perform: (?P<permission>[a-z][\w-]{1,40}:[A-Z]\w{1,80})\b"),
    re.compile(
        r"\bis forbidden: User \"[^\"\n]{1,200}\" cannot (?P<permission>[a-z]{2,20} resource \"[\w./-]{1,100}\")"
    ),
    re.compile(r"\b(?:PERMISSION_DENIED|PermissionDenied|AccessDenied|Forbidden)\b[^\n]{0,200}?\b(?P<permission>[a-z]+\.[a-z]+\.[a-zA-Z]+)\b"),
)  # fmt: skip
_RAISED = re.compile(
    r"\b(?:\w{1,60}\.){1,8}exceptions?\.\w{1,80}: |\b\w{1,80}Exception: |\b\d{3} (?:GET|POST|PUT) https://"
)
_QUOTA = re.compile(
    r"\bQuota exceeded for (?:quota )?(?:metric |group )?['\"]?(?P<quota>[\w ./-]{2,120}?)['\"]?"
    r"(?: and\b| of\b| with\b|\.(?!\w)|,|$)"
    r"|\bRESOURCE_EXHAUSTED\b[^\n]{0,80}?\bquota\b|\bexceeded quota: (?P<group>[\w.-]{2,120})",
    re.I | re.M,
)


@claim(Layer.STATE, actionable=True)
class ImageNotFound(Claim):
    """An image that is to be run or built upon is not in its registry."""

    image: str

    def __str__(self) -> str:
        return f"the image {self.image} is not in its registry"

    def why(self) -> str:
        return f"Why is the image {self.image} asked for?"


@claim(Layer.DECLARATION)
class ImageDeclared(Claim):
    """A line of the repository names an image that is not there."""

    image: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} asks for the image {self.image}, which is not in its registry"

    def why(self) -> str:
        return f"Why does {self.at} ask for that image?"


@claim(Layer.STATE, actionable=True)
class ImageNotAllowed(Claim):
    """A registry does not let who pulls an image have it."""

    image: str

    def __str__(self) -> str:
        return f"the registry does not give {self.image} to who pulls it: it asks for an account, or for another one"

    def title(self) -> str:
        return f"The registry refuses the pull of {self.image}: not authorised"


@claim(Layer.STATE, actionable=True)
class EngineNotRunning(Claim):
    """The container engine that the tool talks to is not running, or not where it is looked for."""

    at: str | None

    def __str__(self) -> str:
        return f"no container engine answers{f' at {self.at}' if self.at else ''}"


@claim(Layer.STATE, actionable=True)
class PermissionMissing(Claim):
    """An account lacks a permission: the one that deploys, or (`runs`) the one that a program runs as."""

    permission: str
    runs: bool = False

    def __str__(self) -> str:
        return f"{self.account} lacks the permission {self.permission}"

    @property
    def account(self) -> str:
        return "the account that the program runs as" if self.runs else "the account that deploys"


@claim(Layer.STATE, actionable=True)
class QuotaExceeded(Claim):
    """A quota of the platform is used up."""

    quota: str | None

    def __str__(self) -> str:
        return f"the quota {self.quota} is used up" if self.quota else "a quota of the platform is used up"


Stopped = ErrorLogged | CheckFailed | DeploymentFailed | ExceptionRaised
"""What a tool's own words can explain."""


def told_by(effect: Stopped, log: ErrorLog) -> Iterator[tuple[Occurrence, str]]:
    """The occurrences behind an effect, with the text in which a tool may say what stopped it."""
    if isinstance(effect, CheckFailed | DeploymentFailed):
        for found in reversed(written_by(effect, log)):
            yield found, found.text
        return
    occurrence = log.get(effect.key)
    if occurrence is not None:
        yield occurrence, effect.message if isinstance(effect, ExceptionRaised) else occurrence.text


def image_in(text: str) -> str | None:
    """The image that a text says is not there."""
    return next((found["image"] for pattern in _NO_IMAGE if (found := pattern.search(text))), None)


def is_told(text: str) -> bool:
    """Whether a line is a tool's own word that it was stopped, whatever severity it was printed with."""
    patterns = (*_NO_IMAGE, _NOT_ALLOWED, _DAEMON, *_PERMISSION, _QUOTA)
    if is_stopped(text):
        return True
    return any(pattern.search(text) for pattern in patterns)


@tooling.rule
def image_not_found(effect: Stopped, log: ErrorLog) -> Iterator[Because]:
    """
    The image is not in its registry.

    ## What you see
    `manifest unknown`, `ImagePullBackOff`, `pull access denied`, `Image '…' not found`.

    ## Why it happens
    The tag was never pushed, the name has a slip, or the image was cleaned up.

    ## How we know
    The tool that pulls says so and names the image; what only waits for one, waits for the one that is named.

    ## What to change
    Push the image, or correct the line that names it.
    """
    for occurrence, text in told_by(effect, log):
        image = image_in(text)
        if image is not None:
            yield Because(ImageNotFound(image), evidence_of(occurrence)[:2])
            return
        if _WAITS.search(text):
            named = {found: item for item in log if (found := image_in(item.text)) is not None}
            if len(named) == 1:
                ((image, item),) = named.items()
                evidence = [*evidence_of(occurrence)[:1], *evidence_of(item)[:1]]
                yield Because(ImageNotFound(image), evidence, strength=Strength.ENTAILED)
                return


@tooling.rule
def image_not_allowed(effect: Stopped, log: ErrorLog) -> Iterator[Because]:
    """
    The registry does not let who pulls the image have it.

    ## What you see
    `failed to authorize: … 401 Unauthorized`, `403 Forbidden`, `no basic auth credentials` while an image is pulled.

    ## Why it happens
    The image is private, and the node (or CI) has no credentials for that registry, expired ones, or another account's.

    ## How we know
    The tool that pulls names the image and says that it was not authorised. Some registries say so of images that do
    not exist too; where the text says `not found` or `does not exist`, that is taken.

    ## What to change
    Give who pulls an account that may (`imagePullSecrets`, `docker login`).
    """
    for occurrence, text in told_by(effect, log):
        found = _NOT_ALLOWED.search(text) if image_in(text) is None else None
        if found is not None:
            words = Remedy("words", f"give who pulls {found['image']} an account of its registry (imagePullSecrets)")
            yield Because(ImageNotAllowed(found["image"]), evidence_of(occurrence)[:2], fix=words)
            return


@tooling.rule
def image_declared(absent: ImageNotFound, repository: Repository) -> Iterator[Because]:
    """
    A line of the repository names that image.

    ## What you see
    An image name with its tag in a Dockerfile, a compose file, a service's YAML or a deploy script.

    ## Why it happens
    The tag was changed before the image was pushed, or it was mistyped.

    ## How we know
    The tree at the deployed commit names exactly that image on exactly one line.

    ## What to change
    Correct the name or the tag on that line, or push the image first.
    """
    name = absent.image.removeprefix("docker.io/library/").removeprefix("docker.io/")
    whole = re.compile(rf"(?<![\w./:@-])(?:docker\.io/(?:library/)?)?{re.escape(name)}(?![\w.@-]|:\w)")
    lines = [repository.quote(at.path, at.line or 1) for at in repository.grep(name)]
    places = [line for line in lines if line is not None and whole.search(line.quote)]
    if len(places) == 1:
        (quoted,) = places
        at = replace(quoted.locator, end_line=None)
        words = Remedy("words", f"name an image at {at} that is in its registry, or push {absent.image}")
        yield Because(ImageDeclared(absent.image, at), [quoted], strength=Strength.ENTAILED, fix=words)


@tooling.rule
def engine_not_running(effect: Stopped, log: ErrorLog) -> Iterator[Because]:
    """
    No container engine answers.

    ## What you see
    `Cannot connect to the Docker daemon. Is the docker daemon running?`

    ## Why it happens
    The engine is not started on the machine that deploys, or its socket is somewhere else or not allowed.

    ## How we know
    The client says so, with the address that it tried.

    ## What to change
    Start the engine, or name its address (`DOCKER_HOST`).
    """
    for occurrence, text in told_by(effect, log):
        found = _DAEMON.search(text)
        if found is not None:
            at = found["at"] or found["socket"]
            words = Remedy("words", "start the container engine on the machine that deploys, or name its address")
            yield Because(EngineNotRunning(at), evidence_of(occurrence)[:2], fix=words)
            return


@tooling.rule
def permission_missing(effect: Stopped, log: ErrorLog) -> Iterator[Because]:
    """
    An account lacks a permission.

    ## What you see
    `Permission 'run.services.update' denied on resource …`, `does not have storage.objects.get access`, `is not
    authorized to perform: s3:PutObject`, `User "…" cannot patch resource "deployments"`.

    ## Why it happens
    A role was not granted to the account that CI, or the service, uses, or another account is used than was meant.

    ## How we know
    The platform names the permission in its refusal. Where a program met it as an exception, it is the account that the
    program runs as; where a tool prints it, the one that deploys.

    ## What to change
    Grant a role with that permission to that account.
    """
    for occurrence, text in told_by(effect, log):
        found = next((match for pattern in _PERMISSION if (match := pattern.search(text))), None)
        if found is not None and re.search(r"[.: ]", found["permission"]):
            permission = found["permission"].replace('"', "'")
            raised = occurrence.type is not None or _RAISED.search(text, 0, found.start()) is not None
            missing = PermissionMissing(permission, runs=raised)
            words = Remedy("words", f"grant {missing.account} a role with {permission}")
            yield Because(missing, evidence_of(occurrence)[:2], fix=words)
            return


@tooling.rule
def quota_exceeded(effect: Stopped, log: ErrorLog) -> Iterator[Because]:
    """
    A quota of the platform is used up.

    ## What you see
    `Quota exceeded for quota metric …`, `RESOURCE_EXHAUSTED`, `exceeded quota: compute-resources`.

    ## Why it happens
    More was asked for in a span of time, or at once, than the project or namespace may have.

    ## How we know
    The platform says so, mostly with the quota's name.

    ## What to change
    Ask for less at once, or have the quota raised.
    """
    for occurrence, text in told_by(effect, log):
        found = _QUOTA.search(text)
        if found is not None:
            quota = (found["quota"] or found["group"] or "").strip() or None
            words = Remedy("words", f"have the quota{f' {quota}' if quota else ''} raised, or ask for less at once")
            yield Because(QuotaExceeded(quota), evidence_of(occurrence)[:2], fix=words)
            return
