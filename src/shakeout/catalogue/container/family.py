"""The family, and the small questions that its rules share."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from shakeout.evidence.dockerfile import Dockerfile, Instruction
from shakeout.evidence.image import ImageFile, ObservedImage
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.repository import Commit, Repository
from shakeout.why import Family, GuardSpec

container = Family(
    "container",
    "An image does not hold, allow or run what its service needs",
    guard=GuardSpec(
        name="start of the built image before release",
        kind="command",
        arguments=(
            r"\bshakeout\s+(?:up|verify|demo)\b",
            r"\b(?:docker|podman)[ -]compose\b.*\bup\b",
            r"\b(?:docker|podman)\s+run\b",
            r"container-structure-test|\bgoss\b|\bdgoss\b",
        ),
        missing="nothing in the repository's checks starts the images as they are built",
        add="shakeout up --environment containers  # in CI: builds every image and starts it with its limits",
    ),
)


def dockerfile_of(image: ObservedImage | None, repository: Repository) -> Dockerfile | None:
    """The Dockerfile that an image was built from; None for one of another commit, or that is none of ours."""
    path = image.value("dockerfile") if image is not None else None
    if image is None or path is None or image.value("commit") not in {repository.commit, None}:
        return None
    text = repository.text(path)
    return Dockerfile(text, path, image.value("stage")) if text is not None else None


def at_line(dockerfile: Dockerfile, line: int, repository: Repository) -> Locator:
    """A line of the Dockerfile at the deployed commit."""
    return Locator(source="file", path=dockerfile.path, line=line, commit=repository.commit)


def quoted_line(at: Locator, repository: Repository, note: str = "") -> Iterator[Evidence]:
    """The line, where the file has it."""
    found = repository.quote(at.path, at.line or 1, note=note)
    if found is not None:
        yield found


def start_line(dockerfile: Dockerfile, program: str) -> Instruction | None:
    """The `CMD` or `ENTRYPOINT` that names a program."""
    return next((one for one in reversed(dockerfile.start) if program and program in one.text), None)


def program_of(image: ObservedImage) -> tuple[str, ImageFile | None]:
    """What a container of the image executes: the word as it is given, and the file that it leads to."""
    word = next(iter(image.start), "")
    if "/" in word:
        place = posixpath.join(image.value("working folder") or "/", word)
        return word, image.resolve(place)
    search = (image.value("variable PATH") or "/usr/local/bin:/usr/bin:/bin").split(":")
    found = (image.resolve(posixpath.join(folder, word)) for folder in search)
    return word, next((file for file in found if file is not None), None)


def source_of(place: str, image: ObservedImage, dockerfile: Dockerfile, repository: Repository) -> str | None:
    """The file of the repository that a `COPY` put at a place of the image."""
    context = image.value("context") or "."
    prefix = "" if context == "." else f"{context}/"
    name = posixpath.basename(place)
    for path in repository.paths:
        if not path.startswith(prefix):
            continue
        inside = path.removeprefix(prefix)
        # `COPY file /another/name` gives it another name.
        named = any(inside in copy.sources for stage in dockerfile.chain for copy in stage.copies)
        likely = named or posixpath.basename(path) == name
        if likely and any(where == place for where, _ in dockerfile.places(inside)):
            return path
    return None


def later(repository: Repository, *places: Locator) -> tuple[Locator, Commit] | None:
    """Of some lines, the one that was written last, with its commit; None where that cannot be told."""
    found: tuple[Locator, Commit] | None = None
    for at in places:
        origin = repository.origin(at.path, at.line or 1)
        if origin is None or origin.boundary:
            return None
        if found is None or repository.is_ancestor(found[1].hash, origin.commit.hash):
            found = at, origin.commit
    return found
