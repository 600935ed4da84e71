"""What lies in which image: Dockerfiles, their build contexts, and what ignore files keep out of those."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from shakeout.evidence.docker_patterns import BadPatternError, DockerPattern, deciding_pattern, read_patterns
from shakeout.evidence.dockerfile import NAMES, Copy, Dockerfile
from shakeout.evidence.gcloud_patterns import NAME, IgnoreLine, deciding_line, upload_lines
from shakeout.evidence.image import Made
from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository

_NOT_SEEN = Made()


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """
    One image: its Dockerfile and the folder of its build context (an empty text for the repository's root).

    `dockerfile` is None where the source is built without one (buildpacks); then all of the context is in the image.
    `ignore` is the ignore file that Docker reads for it, None where there is none. `uploaded` says that the manifest
    has the context uploaded by `gcloud`.
    """

    context: str
    uploaded: bool = False
    dockerfile: Dockerfile | None = None
    ignore: str | None = None
    patterns: tuple[DockerPattern, ...] = ()

    @property
    def name(self) -> str:
        """What a person would call it: the folder, or the Dockerfile's path."""
        path = self.dockerfile.path if self.dockerfile else ""
        folder = posixpath.dirname(path)
        return posixpath.basename(folder) or self.context or path or "the image"

    def inside(self, path: str) -> str | None:
        """A repository path as the build context calls it, None outside of the context."""
        if not self.context:
            return path
        return path.removeprefix(self.context + "/") if path.startswith(self.context + "/") else None


class BuildContext:
    """The images that the repository builds."""

    described_as = Repository.described_as
    made_from = (Repository,)

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._uploads: dict[str, tuple[IgnoreLine, ...]] = {}

    @cached_property
    def images(self) -> tuple[Image, ...]:
        """One for each Dockerfile; one for the whole repository where there is none."""
        found = tuple(self._image(path) for path in self.repository.paths if NAMES.fullmatch(path))
        return found or (Image(context=""),)

    def of(self, path: str) -> tuple[Image, ...]:
        """The images that hold a file of the repository."""
        return tuple(image for image in self.images if self.holds(image, path))

    def holds(self, image: Image, path: str, made: Made = _NOT_SEEN) -> bool:
        """Whether a file of the repository comes into the image; `made` says how it was made, where that was seen."""
        return (
            self.excluded(image, path, made) is None
            and (image.inside(path) is not None)
            and bool(image.dockerfile is None or self.copies(image, path))
        )

    def copies(self, image: Image, path: str) -> tuple[Copy, ...]:
        """The instructions that put a file into the image, as far as no ignore file is in the way."""
        inside = image.inside(path)
        if inside is None or image.dockerfile is None:
            return ()
        return tuple(copy for _, copy in image.dockerfile.places(inside))

    def excluded(self, image: Image, path: str, made: Made = _NOT_SEEN) -> tuple[Locator, str] | None:
        """
        The line of an ignore file that keeps a path out of the build context, and its pattern.

        The rules are those of the builder that made the image, where that was seen, else BuildKit's. What `gcloud`
        leaves out of an upload counts where the image was seen to be made so, or nothing is known against it.
        """
        inside = image.inside(path)
        if inside is None:
            return None
        pattern = deciding_pattern(inside, image.patterns, prunes=made.prunes)
        if pattern is not None and image.ignore is not None:
            return self._at(image.ignore, pattern.line), pattern.text
        line = self._not_uploaded(image, path, made)
        return (self._at(line.path, line.line), line.text) if line is not None and line.line else None

    def can_be_excepted(self, image: Image, path: str, made: Made = _NOT_SEEN) -> bool:
        """Whether a file that is kept out can be brought back by an exception alone."""
        by_docker = deciding_pattern(image.inside(path) or path, image.patterns, prunes=made.prunes) is not None
        return by_docker or self._not_uploaded(image, path, made, above=True) is None

    def _not_uploaded(self, image: Image, path: str, made: Made, *, above: bool = False) -> IgnoreLine | None:
        """The line by which `gcloud` leaves the file out of an upload, where there is one."""
        folder = image.context
        if made.uploaded is False:
            return None
        if not image.uploaded and made.uploaded is None:
            # Nothing says that there is an upload, but for the file itself, which may stand at the top as well.
            names = [one for one in (folder, "") if self.repository.is_file(posixpath.join(one, NAME))]
            if not names:
                return None
            folder = names[0]
        if folder not in self._uploads:
            self._uploads[folder] = upload_lines(folder, self._text)
        return deciding_line(path.removeprefix(f"{folder}/") if folder else path, self._uploads[folder], above=above)

    def _text(self, path: str) -> str | None:
        return self.repository.text(path) if self.repository.is_file(path) else None

    def _at(self, path: str, line: int) -> Locator:
        return Locator(source="file", path=path, line=line, commit=self.repository.commit)

    def _image(self, path: str) -> Image:
        dockerfile = Dockerfile(self.repository.text(path) or "", path)
        context = self._context(dockerfile)
        # The Dockerfile's own ignore file counts before that of the context.
        own = f"{path}.dockerignore"
        shared = posixpath.join(context, ".dockerignore")
        ignore = next((name for name in (own, shared) if self.repository.is_file(name)), None)
        try:
            patterns = read_patterns(self.repository.text(ignore) or "") if ignore else ()
        except BadPatternError:
            patterns = ()
        return Image(
            context=context,
            uploaded=path in self._uploaded,
            dockerfile=dockerfile,
            ignore=ignore,
            patterns=patterns,
        )

    def _context(self, dockerfile: Dockerfile) -> str:
        """The declared context, else the folder below which the copied files are: the Dockerfile's own, or the root."""
        declared = self._contexts.get(dockerfile.path)
        if declared is not None:
            return declared
        folder = posixpath.dirname(dockerfile.path)
        sources = [
            source
            for stage in dockerfile.stages
            for copy in stage.copies
            if copy.stage is None
            for source in copy.sources
        ]
        named = [posixpath.normpath(source.lstrip("/") or ".") for source in sources if "*" not in source]
        named = [name for name in named if name != "."]

        def there(base: str) -> int:
            return sum(self._is_there(posixpath.join(base, name)) for name in named)

        return "" if folder and there("") > there(folder) else folder

    def _is_there(self, path: str) -> bool:
        return self.repository.is_file(path) or self.repository.is_folder(path)

    @cached_property
    def _contexts(self) -> dict[str, str]:
        """Dockerfile to context, as compose files and the manifest declare them."""
        return dict([*self._builds(), *((dockerfile, context) for dockerfile, context, _ in self._in_manifest)])

    @cached_property
    def _uploaded(self) -> frozenset[str]:
        """The Dockerfiles whose context the manifest has uploaded by `gcloud`, in one environment or another."""
        return frozenset(dockerfile for dockerfile, _, upload in self._in_manifest if upload == "gcloud")

    @cached_property
    def _in_manifest(self) -> tuple[tuple[str, str, object], ...]:
        """What `build` says in `shakeout.yaml`, of services and of environments: Dockerfile, context, upload."""
        return tuple(self._read_manifest())

    def _read_manifest(self) -> Iterator[tuple[str, str, object]]:
        try:
            data = yaml.safe_load(self.repository.text("shakeout.yaml") or "")
        except yaml.YAMLError:
            return
        tables = [data] if isinstance(data, dict) else []
        tables += [one for table in tables[:1] for one in _values(table.get("environments"))]
        for table in tables:
            for service in _values(table.get("services")):
                build = service.get("build")
                if isinstance(build, dict):
                    base = posixpath.normpath(str(build.get("context", ".")))
                    dockerfile = posixpath.normpath(str(build.get("dockerfile", "Dockerfile")))
                    yield dockerfile, "" if base == "." else base, build.get("upload")

    def _builds(self) -> Iterator[tuple[str, str]]:
        for path in self.repository.paths:
            name = posixpath.basename(path)
            if not (name.startswith(("compose", "docker-compose")) and name.endswith((".yml", ".yaml"))):
                continue
            try:
                data = yaml.safe_load(self.repository.text(path) or "")
            except yaml.YAMLError:
                continue
            services = data.get("services") if isinstance(data, dict) else None
            for service in services.values() if isinstance(services, dict) else ():
                build = service.get("build") if isinstance(service, dict) else None
                if build is None:
                    continue
                table = build if isinstance(build, dict) else {"context": build}
                base = posixpath.normpath(posixpath.join(posixpath.dirname(path), str(table.get("context", "."))))
                base = "" if base == "." else base
                yield posixpath.normpath(posixpath.join(base, str(table.get("dockerfile", "Dockerfile")))), base


def _values(table: object) -> list[dict[str, Any]]:
    return [value for value in table.values() if isinstance(value, dict)] if isinstance(table, dict) else []
