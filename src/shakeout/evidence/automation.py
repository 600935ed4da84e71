"""What the repository's own checks run: CI, pre-commit, make, tox and nox, with the line of each command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from shakeout.evidence.model import Evidence
from shakeout.evidence.repository import Repository

CI_FILES = re.compile(
    r"(\.github/workflows/[^/]+\.ya?ml|\.github/actions/.+/action\.ya?ml|\.gitlab-ci\.ya?ml|\.gitlab/ci/.+\.ya?ml"
    r"|(.+/)?cloudbuild[^/]*\.ya?ml|\.circleci/config\.ya?ml|azure-pipelines\.ya?ml|bitbucket-pipelines\.ya?ml"
    r"|Jenkinsfile|\.travis\.ya?ml|\.ci/.+|\.buildkite/.+\.ya?ml|\.drone\.ya?ml)"
)
"""The files that continuous integration reads."""
HOOK_FILES = re.compile(r"\.pre-commit-config\.ya?ml|lefthook\.ya?ml|\.husky/[^/]+")
TASK_FILES = re.compile(
    r"(Makefile|makefile|GNUmakefile|justfile|Taskfile\.ya?ml|tox\.ini|noxfile\.py|package\.json|scripts/.+|bin/.+)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command line that the repository's checks run; `via` names the task or hook it belongs to, if any."""

    text: str
    path: str
    line: int
    where: str
    """`ci`, `hook` or `task`."""
    via: str | None = None


class Automation:
    """
    Every command of the repository's checks.

    A task (`make check`, `tox -e lint`, `nox -s lint`, a script) counts as run by CI where a CI command calls it,
    directly or through another task. Nothing is executed.
    """

    described_as = Repository.described_as

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    @cached_property
    def ci_files(self) -> tuple[str, ...]:
        return tuple(path for path in self.repository.paths if CI_FILES.fullmatch(path))

    @cached_property
    def hook_files(self) -> tuple[str, ...]:
        return tuple(path for path in self.repository.paths if HOOK_FILES.fullmatch(path))

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """The commands of CI and of hooks, then those of the tasks that they reach, each with where it stands."""
        direct = [command for path in self.ci_files for command in self._file(path, "ci")]
        direct += [command for path in self.hook_files for command in self._file(path, "hook")]
        reached = list(direct)
        seen = {(command.path, command.line, command.text) for command in reached}
        queue = list(direct)
        while queue and len(reached) < 2000:
            for command in self._called(queue.pop(0)):
                key = (command.path, command.line, command.text)
                if key not in seen:
                    seen.add(key)
                    reached.append(command)
                    queue.append(command)
        return tuple(reached)

    def find(self, pattern: re.Pattern[str]) -> tuple[Command, ...]:
        """The commands that match a pattern, in order."""
        return tuple(command for command in self.commands if pattern.search(command.text))

    def quote(self, command: Command, note: str = "") -> Evidence | None:
        """The command's line as evidence."""
        return self.repository.quote(command.path, command.line, note=note)

    def absence(self, what: str) -> Evidence:
        """Evidence that no command does something: the files that were read, as the tree lists them."""
        files = [*self.ci_files, *self.hook_files]
        if files:
            first = self.commands[0] if self.commands else None
            quoted = self.quote(first) if first else None
            if quoted is not None:
                names = ", ".join(files[:6])
                return Evidence(
                    kind="search", locator=quoted.locator, quote=quoted.quote,
                    note=f"{len(self.commands)} commands read in {names}; none {what}",
                )  # fmt: skip
        return self.repository.absence(".github/workflows")

    def _file(self, path: str, where: str) -> Iterator[Command]:
        text = self.repository.text(path)
        if text is None:
            return
        if path.endswith((".yml", ".yaml")):
            yield from _yaml_commands(text, path, where)
        else:
            yield from _plain_commands(text, path, where)

    def _called(self, command: Command) -> Iterator[Command]:
        for target in re.findall(r"(?:^|[\s;&|])(?:g?make|just)\s+((?:[\w./=-]+\s*)+)", command.text):
            for name in target.split():
                if "=" not in name and not name.startswith("-"):
                    yield from self._make_target(name, set())
        if re.search(r"(?:^|[\s;&|])(?:python3? -m )?tox\b", command.text):
            yield from self._task_file("tox.ini")
        if re.search(r"(?:^|[\s;&|])(?:python3? -m )?nox\b", command.text):
            yield from self._task_file("noxfile.py")
        if re.search(r"(?:^|[\s;&|])(?:npm|pnpm|yarn)\s+(?:run\s+)?\w", command.text):
            yield from self._task_file("package.json")
        if re.search(r"\bpre-commit\s+run\b", command.text):
            for path in self.hook_files:
                yield from self._file(path, "ci")
        for script in re.findall(
            r"(?:^|[\s;&|\"'])(?:\./|sh |bash |exec |python3? )?((?:[\w.-]+/)*[\w.-]+\.(?:sh|bash))\b", command.text
        ):
            name = script.removeprefix("./")
            if self.repository.is_file(name):
                yield from _plain_commands(self.repository.text(name) or "", name, "task")

    def _task_file(self, name: str) -> Iterator[Command]:
        text = self.repository.text(name)
        if text is not None:
            yield from _plain_commands(text, name, "task", via=name)

    def _make_target(self, name: str, above: set[str]) -> Iterator[Command]:
        if name in above:
            return
        for path in ("Makefile", "makefile", "GNUmakefile", "justfile"):
            inside = False
            for number, row in enumerate(self.repository.lines(path), 1):
                head = re.match(r"([\w./$(){} -]+?)\s*:(?!=)([^#]*)", row)
                if head and not row.startswith(("\t", " ")):
                    inside = name in head[1].split()
                    for needed in head[2].split() if inside else ():
                        yield from self._make_target(needed, above | {name})
                elif inside and row.strip() and row.startswith(("\t", " ")):
                    text = row.strip().lstrip("@-+")
                    yield Command(text=text, path=path, line=number, where="task", via=f"make {name}")


def _plain_commands(text: str, path: str, where: str, via: str | None = None) -> Iterator[Command]:
    for number, row in enumerate(text.split("\n"), 1):
        stripped = row.strip()
        if stripped and not stripped.startswith(("#", "//")):
            yield Command(text=stripped, path=path, line=number, where=where, via=via)


def _yaml_commands(text: str, path: str, where: str) -> Iterator[Command]:
    """Scalars below the keys that hold commands, by file; a key with a list of words is one command."""
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return
    if root is not None:
        yield from _walk(root, text.split("\n"), path, where, None)


_COMMAND_KEYS = {
    "run",
    "script",
    "before_script",
    "after_script",
    "args",
    "entrypoint",
    "command",
    "commands",
    "entry",
    "uses",
    "id",
    "repo",
}


def _walk(node: Any, rows: list[str], path: str, where: str, key: str | None) -> Iterator[Command]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            word = name.value if isinstance(name, yaml.ScalarNode) else None
            yield from _walk(value, rows, path, where, word)
    elif isinstance(node, yaml.SequenceNode):
        if (
            key in {"args", "entrypoint"}
            and all(isinstance(item, yaml.ScalarNode) for item in node.value)
            and node.value
        ):
            words = " ".join(item.value for item in node.value)
            yield Command(text=words, path=path, line=node.value[0].start_mark.line + 1, where=where, via=key)
        for item in node.value:
            yield from _walk(item, rows, path, where, key)
    elif isinstance(node, yaml.ScalarNode) and key in _COMMAND_KEYS and node.value.strip():
        start = node.start_mark.line
        if node.style == "|":
            for offset in range(start + 1, start + 1 + len(node.value.rstrip("\n").split("\n"))):
                row = rows[offset].strip() if offset < len(rows) else ""
                if row and not row.startswith("#"):
                    yield Command(text=row, path=path, line=offset + 1, where=where, via=key)
        elif node.style == ">":
            yield Command(text=node.value.strip(), path=path, line=start + 2, where=where, via=key)
        else:
            yield Command(text=node.value.strip(), path=path, line=start + 1, where=where, via=key)
