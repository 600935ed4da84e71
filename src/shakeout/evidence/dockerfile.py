"""Dockerfiles, read as far as they say what lies in an image and which Python runs there. Nothing is built."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

NAMES = re.compile(r"(?:.*/)?(?:Dockerfile|Containerfile)(?:[.-][\w.-]+)?|(?:.*/)?[\w.-]+\.(?:D|d)ockerfile")
_HEREDOC = re.compile(r"<<-?([\"']?)(\w+)\1")
_PYTHON = re.compile(r"(?:^|/)(?:python|pypy|[\w-]*python[\w-]*|uv|lambda/python)(?::|@)(?:python)?v?(3\.\d+)")
_PYTHON_IN_TAG = re.compile(r"python-?(3\.\d+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One instruction: `word` in capitals, its text in one line, and its first line in the file."""

    word: str
    text: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """`COPY` or `ADD`: what is taken from where (None: the build context) to which path of the image."""

    sources: tuple[str, ...]
    destination: str
    stage: str | None
    line: int
    leaves_out: tuple[str, ...] = ()


@dataclass(slots=True)
class Stage:
    """One `FROM` and what follows; `based_on` is an earlier stage's name or an image."""

    name: str
    based_on: str
    line: int
    copies: list[Copy] = field(default_factory=list)
    runs: list[Instruction] = field(default_factory=list)
    settings: dict[str, tuple[str, int]] = field(default_factory=dict)
    """`ENV` and `ARG` with a value: value and line."""
    users: list[Instruction] = field(default_factory=list)
    """`USER`."""
    start: list[Instruction] = field(default_factory=list)
    """`CMD` and `ENTRYPOINT`."""


class Dockerfile:
    """
    One Dockerfile. What its rules cannot tell (a build argument without default) is left as it stands.

    With `target`, it ends with the stage of that name, as a build of that target does.
    """

    def __init__(self, text: str, path: str = "Dockerfile", target: str | None = None) -> None:
        self.path = path
        self.stages: list[Stage] = []
        arguments: dict[str, str] = {}
        folder = "/"
        folders: dict[str, str] = {}
        for instruction in instructions(text):
            word, rest = instruction.word, instruction.text
            if word == "ARG" and not self.stages:
                name, _, value = rest.partition("=")
                arguments[name.strip()] = _unquoted(value)
            elif word == "FROM":
                parts = [part for part in rest.split() if not part.startswith("--")]
                name = parts[2] if len(parts) > 2 and parts[1].upper() == "AS" else str(len(self.stages))
                based_on = _filled(parts[0], arguments) if parts else ""
                self.stages.append(Stage(name=name, based_on=based_on, line=instruction.line))
                folder = folders[name.lower()] = folders.get(based_on.lower(), "/")
            elif self.stages:
                stage = self.stages[-1]
                if word == "WORKDIR":
                    folder = posixpath.normpath(posixpath.join(folder, _filled(_unquoted(rest), arguments)))
                    folders[stage.name.lower()] = folder
                elif word in {"COPY", "ADD"}:
                    stage.copies += _copies(instruction, folder)
                elif word == "RUN":
                    stage.runs.append(instruction)
                elif word in {"CMD", "ENTRYPOINT"}:
                    stage.start.append(instruction)
                elif word == "USER":
                    stage.users.append(instruction)
                elif word in {"ENV", "ARG"}:
                    for name, value in _settings(rest):
                        stage.settings[name] = (value, instruction.line)
                        arguments.setdefault(name, value)

        wanted = next((index for index, stage in enumerate(self.stages) if target and stage.name == target), None)
        if wanted is not None:
            del self.stages[wanted + 1 :]

    @property
    def start(self) -> list[Instruction]:
        """`CMD` and `ENTRYPOINT` of the last stage, or of the one that it takes them from."""
        return next((stage.start for stage in self.chain if stage.start), [])

    @property
    def chain(self) -> tuple[Stage, ...]:
        """The last stage and those that it is based on, the last one first."""
        found: list[Stage] = []
        stage = self.stages[-1] if self.stages else None
        while stage is not None and stage not in found:
            found.append(stage)
            stage = self._stage(stage.based_on, before=stage)
        return tuple(found)

    @property
    def python(self) -> tuple[tuple[int, int], int] | None:
        """The version of Python in the image and the line of its `FROM`; None where the image does not say."""
        for stage in reversed(self.chain):
            match = _PYTHON.search(stage.based_on) or _PYTHON_IN_TAG.search(stage.based_on)
            if match:
                major, minor = match[1].split(".")
                return (int(major), int(minor)), stage.line
        return None

    def places(self, path: str) -> tuple[tuple[str, Copy], ...]:
        """Where a file of the build context lies in the image, and the instruction that put it there."""
        return tuple((place, copy) for stage in self.chain for place, copy in self._places(path, stage, frozenset()))

    def _places(self, path: str, stage: Stage, above: frozenset[str]) -> Iterator[tuple[str, Copy]]:
        for copy in stage.copies:
            if copy.stage is None:
                place = _copied_to(path, copy)
                if place is not None:
                    yield place, copy
                continue
            source = self._stage(copy.stage, before=None)
            if source is None or source.name in above:
                continue
            chain = [source]
            while (lower := self._stage(chain[-1].based_on, before=chain[-1])) is not None:
                chain.append(lower)
            for one in chain:
                for inner, _ in self._places(path, one, above | {stage.name, source.name}):
                    place = _copied_to(inner.lstrip("/"), copy)
                    if place is not None:
                        yield place, copy

    def _stage(self, name: str, before: Stage | None) -> Stage | None:
        known = self.stages if before is None else self.stages[: self.stages.index(before)]
        found = next((stage for stage in known if stage.name.lower() == name.lower()), None)
        if found is None and before is None and name.isdigit() and int(name) < len(self.stages):
            return self.stages[int(name)]
        return found


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile: comments left out, lines that go on joined, here-documents passed over."""
    rows = text.removeprefix("\ufeff").split("\n")
    number = 0
    while number < len(rows):
        line = number + 1
        row = rows[number].strip()
        number += 1
        if not row or row.startswith("#"):
            continue
        parts = [row]
        while parts[-1].endswith("\\") and number < len(rows):
            parts[-1] = parts[-1][:-1]
            following = rows[number].strip()
            number += 1
            parts.append("\\" if following.startswith("#") or not following else following)
        joined = " ".join(part for part in (part.strip().rstrip("\\").strip() for part in parts) if part)
        for _, end in _HEREDOC.findall(joined) if not joined.upper().startswith("ENV") else ():
            while number < len(rows) and rows[number].strip() != end:
                joined += "\n" + rows[number]
                number += 1
            number += 1
        word, _, rest = joined.partition(" ")
        if word.isalpha():
            yield Instruction(word=word.upper(), text=rest.strip(), line=line)


def _copies(instruction: Instruction, folder: str) -> Iterator[Copy]:
    words = instruction.text.split("\n", 1)[0]
    stage: str | None = None
    leaves_out: list[str] = []
    while words.startswith("--"):
        option, _, words = words.partition(" ")
        words = words.strip()
        if option.startswith("--from="):
            stage = option.removeprefix("--from=")
        elif option.startswith("--exclude="):
            leaves_out.append(option.removeprefix("--exclude="))
    parts = _words(words)
    if len(parts) < 2:
        return
    *sources, destination = parts
    slash = destination.endswith("/") or destination in {".", "./"} or len(sources) > 1
    whole = posixpath.normpath(posixpath.join(folder, destination))
    yield Copy(
        sources=tuple(source for source in sources if "://" not in source and not source.startswith("<<")),
        destination=whole + "/" if slash and whole != "/" else whole, stage=stage, line=instruction.line,
        leaves_out=tuple(leaves_out),
    )  # fmt: skip


def _words(text: str) -> list[str]:
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            return []
        return [word for word in found if isinstance(word, str)]
    return [_unquoted(word) for word in text.split()]


def _copied_to(path: str, copy: Copy) -> str | None:
    """Where `COPY` puts a file, None where it does not take it."""
    for pattern in copy.leaves_out:
        if _below(path, pattern) is not None:
            return None
    for source in copy.sources:
        rest = _below(path, source)
        if rest is None:
            continue
        if rest:
            return posixpath.join(copy.destination, rest)
        return (
            posixpath.join(copy.destination, posixpath.basename(path))
            if copy.destination.endswith("/")
            else (copy.destination)
        )
    return None


def _below(path: str, source: str) -> str | None:
    """The rest of `path` below the folder `source`; an empty text where it is that file, None where it is neither."""
    wanted = posixpath.normpath(source.lstrip("/") or ".")
    if wanted == ".":
        return path
    parts, names = path.split("/"), wanted.split("/")
    if len(parts) < len(names) or not all(fnmatchcase(part, name) for part, name in zip(parts, names, strict=False)):
        return None
    rest = parts[len(names) :]
    # A pattern copies what it matches by its own name, and the content of a folder that it names.
    return "/".join(rest)


def _settings(text: str) -> Iterator[tuple[str, str]]:
    pairs = re.findall(r"([A-Za-z_]\w*)=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|\S*)", text)
    if pairs:
        yield from ((name, _unquoted(value)) for name, value in pairs)
    elif " " in text:
        name, _, value = text.partition(" ")
        yield name, _unquoted(value.strip())


def _filled(text: str, arguments: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return arguments.get(match[1]) or match[2] or match[0]

    return re.sub(r"\$\{?(\w+)(?::-([^}]*))?\}?", value, text)


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def pip_files(runs: Sequence[Instruction]) -> tuple[str, ...]:
    """The requirements files that `RUN pip install -r …` names, as they are called there."""
    found = [name for run in runs for name in re.findall(r"(?:-r|--requirement)[ =]?([\w./-]+)", run.text)]
    return tuple(dict.fromkeys(found))
