"""
What an image holds, as the engine was seen to have it: its files, and what its containers start with.

A record is a text file of the run: first lines `name: value`, then an empty line, then one line for each file, as
`ls -l` would say it: `-rw-r--r-- 0:0 1234 /app/main.py`, a link with ` -> target`.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from shakeout.evidence.model import Evidence, Locator

_FILE = re.compile(r"(?P<mode>[-dlrwxstST]{10}) (?P<owner>\d+:\d+) (?P<size>\d+) (?P<path>/.*?)(?: -> (?P<link>.*))?")
_PYTHON = re.compile(r"/usr(?:/local)?/bin/python(3)\.(\d+)")


_BUILDERS = {"podman": "Podman", "classic": "Docker's classic builder", "buildkit": "BuildKit"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """
    How an image was made, as far as it was seen: `builder` is `podman`, `classic` (Docker's older one) or `buildkit`,
    None where that is not known; `uploaded` whether `gcloud` picked the files of its context, None likewise.
    """

    builder: str | None = None
    uploaded: bool | None = None

    @property
    def prunes(self) -> bool:
        """Whether it does not look into a folder that an ignore file keeps out; see `docker_patterns`."""
        return self.builder in {"podman", "classic"}

    def __str__(self) -> str:
        return _BUILDERS.get(self.builder or "", "the builder")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFile:
    """One file or folder of an image: `mode` as `ls` writes it, `owner` as `uid:gid`, `line` in the record."""

    path: str
    mode: str
    owner: str
    size: int
    line: int
    link: str | None = None

    @property
    def folder(self) -> bool:
        return self.mode.startswith("d")

    @property
    def executable(self) -> bool:
        """Whether anybody may execute it."""
        return "x" in self.mode.lower()

    def writable(self, uid: str, gid: str) -> bool:
        """Whether that user may write to it, by its mode alone."""
        owner, _, group = self.owner.partition(":")
        bit = 2 if owner == uid else 5 if group == gid else 8
        return uid == "0" or self.mode[bit] == "w"


class ObservedImage:
    """The image of one service. `path` is the record's, relative to the run's folder."""

    def __init__(self, service: str, path: str, text: str) -> None:
        self.service = service
        self.path = path
        self.lines = tuple(text.split("\n"))

    @cached_property
    def _header(self) -> dict[str, tuple[str, int]]:
        found = {}
        for number, line in enumerate(self.lines, 1):
            name, mark, value = line.partition(": ")
            if not mark:
                break
            found[name] = (value, number)
        return found

    @cached_property
    def files(self) -> dict[str, ImageFile]:
        """Path to file, in the order of the record."""
        return {file.path: file for file in self._files()}

    def _files(self) -> Iterator[ImageFile]:
        for number, line in enumerate(self.lines, 1):
            if match := _FILE.fullmatch(line):
                yield ImageFile(
                    path=match["path"],
                    mode=match["mode"],
                    owner=match["owner"],
                    size=int(match["size"]),
                    line=number,
                    link=match["link"],
                )

    def value(self, name: str) -> str | None:
        """What a line of the head says: `user`, `architecture`, `entry point`, `working folder`, `dockerfile` …"""
        return self._header[name][0] if name in self._header else None

    def words(self, name: str) -> tuple[str, ...]:
        """A line of the head that is a list of words: `entry point`, `command`."""
        try:
            found = json.loads(self.value(name) or "[]")
        except ValueError:
            return ()
        return tuple(str(word) for word in found) if isinstance(found, list) else ()

    @property
    def made(self) -> Made:
        """How it was made here; nothing is known of an image that was there already."""
        builder = self.value("builder")
        return Made(builder=builder, uploaded=None if builder is None else self.value("uploaded by") is not None)

    @property
    def start(self) -> tuple[str, ...]:
        """The whole command that a container of it runs, where the image says one."""
        return (*self.words("entry point"), *self.words("command"))

    @property
    def user(self) -> tuple[str, str]:
        """The uid and gid that its containers run as, as text; empty where a name is not in its passwd file."""
        name, _, group = (self.value("user") or "0").partition(":")
        known = self.value("user id")
        uid, _, gid = (known or "").partition(":")
        uid = uid or ("0" if name == "root" else name if name.isdigit() else "")
        return uid, (group if group.isdigit() else gid or "0")

    @cached_property
    def python(self) -> tuple[int, int] | None:
        """The newest Python that it has in a usual place."""
        found = [match for path in self.files if (match := _PYTHON.fullmatch(path))]
        return max(((int(match[1]), int(match[2])) for match in found), default=None)

    def ending(self, tail: str) -> list[ImageFile]:
        """The files whose path ends with these names."""
        end = "/" + tail.strip("/")
        return [file for path, file in self.files.items() if path.endswith(end)]

    def resolve(self, path: str) -> ImageFile | None:
        """The file at an absolute path, through links of its folders and of its own."""
        for _ in range(20):
            at = posixpath.normpath(path)
            parts = at.split("/")
            for length in range(2, len(parts) + 1):
                place = "/".join(parts[:length])
                file = self.files.get(place)
                if file is not None and file.link is not None:
                    rest = "/".join(parts[length:])
                    path = (
                        posixpath.join(posixpath.dirname(place), file.link, rest)
                        if rest
                        else posixpath.join(posixpath.dirname(place), file.link)
                    )
                    break
            else:
                return self.files.get(at)
        return None

    def nearest(self, path: str) -> ImageFile | None:
        """The file, or the deepest folder above it that is there."""
        place = posixpath.normpath(path)
        while place != "/":
            if (found := self.resolve(place)) is not None:
                return found
            place = posixpath.dirname(place)
        return self.files.get("/")

    def says(self, name: str, note: str = "") -> tuple[Evidence, ...]:
        """The line of the head, as evidence; empty where there is none."""
        return (self._quote(self._header[name][1], note),) if name in self._header else ()

    def shows(self, file: ImageFile, note: str = "") -> Evidence:
        """The line of a file, as evidence."""
        return self._quote(file.line, note)

    def absence(self, path: str) -> tuple[Evidence, ...]:
        """What shows that a path is not there: the folder above it that is, or the record's first line."""
        near = self.nearest(path)
        note = f"{path} is not among the {len(self.files)} files that were listed"
        return (self._quote(near.line if near is not None else 1, note),)

    def _quote(self, line: int, note: str) -> Evidence:
        at = Locator(source="platform", path=self.path, line=line)
        return Evidence(kind="image", locator=at, quote=self.lines[line - 1], note=note)


class Images:
    """The images of a release, as far as they were looked into."""

    described_as = "the image itself (a release on the target container)"

    def __init__(self, images: Iterable[ObservedImage]) -> None:
        self.all = tuple(images)

    def of(self, service: str | None) -> ObservedImage | None:
        """The image of a service."""
        return next((image for image in self.all if image.service == service), None)

    def built_from(self, dockerfile: str) -> tuple[ObservedImage, ...]:
        """The images that a Dockerfile of the repository made."""
        return tuple(image for image in self.all if image.value("dockerfile") == dockerfile)
