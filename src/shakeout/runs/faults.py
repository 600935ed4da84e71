"""
Faults that can be injected: each one is a commit, or a few, and the truth about it.

`faults/NAME/` holds `fault.toml` and one patch for each commit, in the order of their names. What stands before the
first `diff --git` of a patch is the commit's message. A name that ends in `.side.patch` is committed to a side branch
that begins there; one that ends in `.merge.patch` merges that branch (each conflict as the main branch has it) and
puts its own diff, if it has one, into the merge commit: so a merge can lose or add what neither side did.
`inject` clones the application with its history, puts harmless commits before, between and after, so that the newest
commit is never the answer by luck, and leaves the rest to a run.
"""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shakeout.errors import UsageError
from shakeout.evidence import git

HARMLESS = "docs/explanation/diary.md"
"""The file that the harmless commits write to; it is in no service."""

SIDE = "side"
"""The branch that `.side.patch` commits to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """
    What an explanation of the fault has to find.

    `locator` is `path:line`, `path`, or None where nothing is declared at all. `guard` is the guard's name. `change`
    is the patch whose commit is to be named, None where none is. `symptoms` are checks that go red, where it matters.
    """

    claim: str
    layer: str
    priority: str
    locator: str | None = None
    guard: str | None = None
    change: str | None = None
    symptoms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault: its patches in order, what else to set, and the truth (several where it has several root causes)."""

    name: str
    family: str
    summary: str
    truths: tuple[Truth, ...]
    patches: tuple[Path, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tag to the patch after which it is set, or `base`."""
    environment: str = "local"
    rehearsal: tuple[str, ...] = ()
    """Faults of the double, where the environment is rehearsed on one (`quota:CreateService:2`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Injected:
    """A scratch repository with faults in it. `commits` maps `fault/patch file` to the full hash of its commit."""

    folder: Path
    commits: Mapping[str, str]
    variables: Mapping[str, str]


def load_faults(folder: Path) -> dict[str, Fault]:
    """Every fault below a folder, by name; UsageError where one cannot be read."""
    return {path.parent.name: load_fault(path.parent) for path in sorted(folder.glob("*/fault.toml"))}


def load_fault(folder: Path) -> Fault:
    """One fault; UsageError where its file is not there or holds something else than it should."""
    place = folder / "fault.toml"
    try:
        data = tomllib.loads(place.read_text(encoding="utf-8"))
        truths = data["truth"] if isinstance(data["truth"], list) else [data["truth"]]
        patches = tuple(sorted(folder.glob("*.patch")))
        if not patches:
            raise KeyError("a file ending in .patch")
        return Fault(
            name=folder.name,
            family=data["family"],
            summary=data["summary"],
            truths=tuple(Truth(**{**truth, "symptoms": tuple(truth.get("symptoms", ()))}) for truth in truths),
            patches=patches,
            variables=dict(data.get("variables", {})),
            tags=dict(data.get("tags", {})),
            environment=data.get("environment", "local"),
            rehearsal=tuple(data.get("rehearsal", ())),
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise UsageError(
            f"the fault {folder.name} cannot be read",
            expected="fault.toml with family, summary and truth, and at least one patch",
            seen=f"{type(error).__name__}: {error}",
            where=str(place),
        ) from error


def choose(folder: Path, names: Sequence[str]) -> tuple[Fault, ...]:
    """The faults of those names; UsageError that lists them all where one is unknown."""
    known = {path.parent.name for path in folder.glob("*/fault.toml")}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"there is no fault {', '.join(unknown)}",
            expected=f"one of: {', '.join(sorted(known)) or 'none'}",
            seen=", ".join(unknown),
            where=str(folder),
        )
    return tuple(load_fault(folder / name) for name in names)


def inject(source: Path, scratch: Path, faults: Sequence[Fault]) -> Injected:
    """
    Clone `source` at its HEAD into `scratch` with its history, and commit the faults on top.

    Raises UsageError where a patch does not fit, naming it.
    """
    head = git.text(source, "rev-parse", "HEAD").strip()
    scratch.parent.mkdir(parents=True, exist_ok=True)
    _git(scratch.parent, "clone", "--quiet", "--no-checkout", "--no-hardlinks", str(source), scratch.name)
    _git(scratch, "checkout", "--quiet", "-B", "main", head)
    writer = _Writer(scratch, int(git.text(scratch, "log", "-1", "--format=%ct").strip()))
    commits: dict[str, str] = {}
    variables: dict[str, str] = {}
    for fault in faults:
        for tag, after in fault.tags.items():
            if after == "base":
                _git(scratch, "tag", "--force", tag, "HEAD")
        for patch in fault.patches:
            writer.harmless()
            commits[f"{fault.name}/{patch.name}"] = writer.write(patch)
            for tag, after in fault.tags.items():
                if after == patch.name:
                    _git(scratch, "tag", "--force", tag, "HEAD")
        variables.update(fault.variables)
    for _ in range(2):
        writer.harmless()
    return Injected(folder=scratch, commits=commits, variables=variables)


class _Writer:
    """Makes commits one hour apart, by nobody in particular."""

    def __init__(self, folder: Path, moment: int) -> None:
        self._folder = folder
        self._moment = moment
        self._count = 0

    def harmless(self) -> None:
        """A commit that changes nothing that runs."""
        self._count += 1
        place = self._folder / HARMLESS
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a", encoding="utf-8") as diary:
            diary.write(f"Entry {self._count}: looked at the release, nothing to change.\n")
        self._commit(f"Write entry {self._count} of the diary")

    def write(self, patch: Path) -> str:
        """Commit one patch: on the main branch, on a side branch, or as the merge of that; returns the full hash."""
        if patch.name.endswith(".side.patch"):
            _git(self._folder, "checkout", "--quiet", "-B", SIDE)
            try:
                return self.apply(patch)
            finally:
                _git(self._folder, "checkout", "--quiet", "main")
        if patch.name.endswith(".merge.patch"):
            _git(self._folder, "merge", "--quiet", "--no-ff", "--no-commit", "--strategy-option=ours", SIDE)
        return self.apply(patch)

    def apply(self, patch: Path) -> str:
        """Commit one patch under its own message; returns the full hash."""
        text = patch.read_text(encoding="utf-8")
        message, mark, _ = text.partition("diff --git ")
        message = message.strip()
        if not mark and patch.name.endswith(".merge.patch"):
            return self._commit(message)
        try:
            _git(self._folder, "apply", "--index", "--whitespace=nowarn", str(patch.resolve()))
        except UsageError as error:
            raise UsageError(
                f"the patch {patch.parent.name}/{patch.name} does not fit this commit",
                expected="a patch that applies to the application's HEAD",
                seen=error.seen,
                where=str(patch),
                hint="make the patch anew",
            ) from error
        return self._commit(message or patch.stem)

    def _commit(self, message: str) -> str:
        self._moment += 3600
        date = f"{self._moment} +0000"
        _git(self._folder, "add", "--all", ".")
        _git(self._folder, "commit", "--quiet", "--no-verify", "--message", message, date=date)
        return git.text(self._folder, "rev-parse", "HEAD").strip()


def _git(folder: Path, *arguments: str, date: str | None = None) -> None:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Example",
        "GIT_AUTHOR_EMAIL": "dev@example.com",
        "GIT_COMMITTER_NAME": "Example",
        "GIT_COMMITTER_EMAIL": "dev@example.com",
    }
    if date:
        environment |= {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-C", str(folder), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise UsageError(f"git {arguments[0]} failed", seen=done.stderr.strip(), where=str(folder))
