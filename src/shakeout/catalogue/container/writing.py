"""Users of containers who may not write where the program does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.container.claims import FolderDeclared, UserDeclared, UserMayNotWrite
from shakeout.catalogue.container.family import at_line, container, dockerfile_of, later, quoted_line
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import logged, owner
from shakeout.catalogue.process.claims import LastWords
from shakeout.catalogue.process.family import own
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.image import Images
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.patches import unified, with_line_after
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, RuledOut

_DENIED = re.compile(r"(?:Permission denied|EACCES|permission denied)[^'/\n]{0,40}'?(?P<path>/[^'\s:,]{1,300})")
_DENIED_FIRST = re.compile(r"(?P<path>/[^'\s:,]{1,300})'?: [Pp]ermission denied")


@container.rule
def user_may_not_write(
    said: ExceptionRaised | LastWords, images: Images, log: ErrorLog
) -> Iterator[Because | RuledOut]:
    """
    The container's user may not write where the program does.

    ## What you see
    `PermissionError: [Errno 13] Permission denied: '/var/lib/…'`, from an image that worked while it ran as root.

    ## Why it happens
    An image that runs as an ordinary user owns nothing of its own files unless the Dockerfile says so.

    ## How we know
    The image's user, and the owner and mode of the nearest folder that is there, from the listing of the image.

    ## What to change
    Make the folder in the Dockerfile and give it to the user, or write elsewhere.
    """
    text = said.message if isinstance(said, ExceptionRaised) else said.text
    match = _DENIED.search(text) or _DENIED_FIRST.search(text)
    service = owner(said, log) if isinstance(said, ExceptionRaised) else said.service
    image = images.of(service)
    if match is None or image is None or service is None:
        return
    near = image.nearest(match["path"])
    uid, gid = image.user
    if near is None or not uid:
        return
    told = logged(said, log) if isinstance(said, ExceptionRaised) else _told(match[0], service, log)
    shown = [*told, *image.says("user"), image.shows(near, "the deepest that is there")]
    if near.writable(uid, gid):
        yield RuledOut(f"the image's own files keep {service} from writing to {near.path}", shown[-1:])
        return
    user = image.value("user") or uid
    yield Because(UserMayNotWrite(service, match["path"], user, near.owner), shown)


def _told(words: str, service: str, log: ErrorLog) -> tuple[Evidence, ...]:
    """The error of the service's own log that has these words."""
    return next((found.evidence[:1] for found in own(log, service) if words in found.text), ())


@container.rule
def folder_not_given_to_user(
    denied: UserMayNotWrite, images: Images, declarations: Declarations, repository: Repository
) -> Iterator[Because]:
    """
    A line decides on the user, or on the folder, and the two do not fit.

    ## What you see
    `USER 10001` in a Dockerfile that never gives that user a folder, or a setting that names a folder of root's.

    ## Why it happens
    One of the two was written without a look at the other.

    ## How we know
    The `USER` of the image's stages, and the service's setting that names the folder where there is one; of these two
    lines, the one that was written later made them disagree.

    ## What to change
    `RUN mkdir -p FOLDER && chown USER FOLDER` before `USER`.
    """
    dockerfile = dockerfile_of(images.of(denied.service), repository)
    declared = declarations.services.get(denied.service)
    places: list[Locator] = []
    user = next((found for stage in dockerfile.chain for found in reversed(stage.users)), None) if dockerfile else None
    if dockerfile is not None and user is not None:
        places.append(at_line(dockerfile, user.line, repository))
    setting: Locator | None = None
    for name, one in declared.settings.items() if declared is not None else ():
        value = one.value.rstrip("/")
        # Where a folder above is root's, making the one that is named fails there.
        within = f"{denied.path}/".startswith(f"{value}/") or value.startswith(f"{denied.path}/")
        if name.startswith("environment.") and value.startswith("/") and within and one.at is not None:
            setting = one.at
    if setting is not None:
        places.append(setting)
    if not places:
        return
    last = later(repository, *places)
    chosen = last[0] if last is not None else places[0]
    evidence: list[Evidence] = [one for at in places for one in quoted_line(at, repository)]
    folder = denied.path.rsplit("/", 1)[0] if setting is None else denied.path
    fix = Remedy("words", f"give the user {denied.user} a folder of its own for {denied.path}")
    if dockerfile is not None and user is not None:
        text = repository.text(dockerfile.path) or ""
        made = f"RUN mkdir -p {folder} && chown {denied.user} {folder}"
        patch = unified(dockerfile.path, text, with_line_after(text, user.line - 1, made))
        fix = Remedy("patch", f"make {folder} and give it to {denied.user} in {dockerfile.path}", patch=patch)
    if chosen == setting:
        yield Because(FolderDeclared(denied.service, denied.path, denied.user, chosen), evidence, fix=fix)
    else:
        yield Because(UserDeclared(denied.service, denied.path, denied.user, chosen), evidence, fix=fix)
