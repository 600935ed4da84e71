"""What the repository's own checks run: CI, hooks, make, tox and nox, with the line of each command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from shakeout.evidence.automation_ci import ci_commands
from shakeout.evidence.automation_model import Command
from shakeout.evidence.automation_tasks import called_by
from shakeout.evidence.model import Evidence
from shakeout.evidence.repository import Repository

__all__ = ["CI_FILES", "HOOK_FILES", "Automation", "Command"]

CI_FILES = re.compile(
    r"(\.github/workflows/[^/]+\.ya?ml|\.github/actions/.+/action\.ya?ml|\.gitlab-ci\.ya?ml|\.gitlab/ci/.+\.ya?ml"
    r"|(.+/)?cloudbuild[^/]*\.ya?ml|\.circleci/config\.ya?ml|azure-pipelines\.ya?ml|bitbucket-pipelines\.ya?ml"
    r"|Jenkinsfile|\.travis\.ya?ml|\.ci/.+|\.buildkite/.+\.ya?ml|\.drone\.ya?ml)"
)
"""The files that continuous integration reads."""
HOOK_FILES = re.compile(r"\.pre-commit-config\.ya?ml|lefthook\.ya?ml|\.husky/[^/]+")
_LIMIT = 2000


_PREPARES = re.compile(
    r"(?:set|cd|echo|export|exit|mkdir|if|then|fi|else|done|actions/checkout|actions/setup-\w+)\b(?!.*&&)|#"
)


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
        direct = list(_without_uncalled(direct))
        reached = list(direct)
        seen = {(command.path, command.line, command.text, command.idle) for command in reached}
        queue = list(direct)
        while queue and len(reached) < _LIMIT:
            caller = queue.pop(0)
            for command in self._called(caller):
                # What stops nothing stops nothing through its tasks either.
                found = replace(
                    command,
                    idle=caller.idle or command.idle,
                    only=caller.only,
                    folder=command.folder or (caller.folder if command.path == caller.path else ""),
                )
                key = (found.path, found.line, found.text, found.idle)
                if key not in seen:
                    seen.add(key)
                    reached.append(found)
                    queue.append(found)
        return tuple(reached)

    def find(self, pattern: re.Pattern[str]) -> tuple[Command, ...]:
        """The commands that match a pattern, in order; those that stop nothing (see `Command.idle`) too."""
        return tuple(command for command in self.commands if pattern.search(command.text))

    def quote(self, command: Command, note: str = "") -> Evidence | None:
        """The command's line as evidence."""
        return self.repository.quote(command.path, command.line, note=note)

    def absence(self, what: str) -> Evidence:
        """Evidence that no command does something: the files that were read, as the tree lists them."""
        files = [*self.ci_files, *self.hook_files]
        if files:
            # What the checks really do says more than how a script begins.
            telling = [command for command in self.commands if not _PREPARES.match(command.text)]
            first = next(iter(telling or self.commands), None)
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
        if text is not None:
            yield from ci_commands(text, path, where)

    def _called(self, command: Command) -> Iterator[Command]:
        yield from called_by(command, self.repository)
        if re.search(r"\bpre-commit\s+run\b|pre-commit/action", command.text):
            for path in self.hook_files:
                yield from self._file(path, "ci")


def _without_uncalled(commands: list[Command]) -> Iterator[Command]:
    """Reusable workflows and actions count where an active workflow uses them."""
    used = {command.text.split(" ")[0].removeprefix("./") for command in commands if not command.idle}
    for command in commands:
        folder = command.path.rpartition("/")[0]
        if command.reusable and command.path not in used and folder not in used:
            yield replace(command, idle=command.idle or "no workflow uses it")
        else:
            yield command
