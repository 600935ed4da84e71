"""What a run is asked to do, made from the manifest and the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shakeout.errors import UsageError
from shakeout.evidence import git
from shakeout.evidence.repository import Repository
from shakeout.manifest.loading import LoadedManifest, find_manifest, load_manifest
from shakeout.manifest.plan import Plan
from shakeout.manifest.planning import make_plan, resolve_pins
from shakeout.runs.folder import home_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The manifest, the plan and the repository of one run; `home` is where its folder is made."""

    loaded: LoadedManifest
    plan: Plan
    repository: Repository
    home: Path
    caller: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The variables of whoever asked, which the manifest may refer to."""


def make_request(
    *,
    manifest: Path | None,
    environment: str | None,
    revision: str,
    dirty: bool,
    caller: Mapping[str, str],
    folder: Path | None = None,
    home: Path | None = None,
) -> Request:
    """
    Load the manifest and make the plan; `home` is where runs are kept, by default beside the manifest.

    Raises ManifestError with every fault of the manifest, UsageError where there is no manifest or no repository.
    """
    path = manifest or find_manifest(folder or Path.cwd())
    loaded = load_manifest(path)
    top = repository_folder(path.resolve().parent)
    repository = Repository(top, revision)
    plan = make_plan(
        loaded,
        environment=environment,
        commit=repository.commit,
        dirty=dirty,
        repository=top,
        caller=caller,
    )
    return Request(
        loaded=loaded,
        plan=resolve_pins(plan, repository.resolve),
        repository=repository,
        home=home or home_of(path),
        caller=dict(caller),
    )


def not_deployed(request: Request, shown: int = 3) -> Iterator[str]:
    """What to say where the commit is deployed and the working tree holds something else."""
    if request.plan.dirty:
        return
    top = request.repository.folder
    try:
        listed = git.text(top, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal")
    except git.GitError:
        return
    read = request.loaded.path.resolve()
    paths = [row[3:] for row in listed.split("\0") if row and (top / row[3:]).resolve() not in {read, request.home}]
    if paths:
        names = ", ".join(sorted(paths)[:shown]) + (", …" if len(paths) > shown else "")
        yield f"not deployed, since not committed: {names} (`--dirty` deploys the working tree)"


def repository_folder(folder: Path) -> Path:
    """The top folder of the work tree that `folder` is in; UsageError where it is in none or has no commit."""
    try:
        top = Path(os.fsdecode(git.run(folder, "rev-parse", "--show-toplevel").removesuffix(b"\n")))
    except git.GitError as error:
        raise UsageError(
            "the manifest is not in a git repository",
            expected="a work tree, since a commit is what is deployed",
            seen=error.detail or "none",
            where=str(folder),
            hint="git init && git add . && git commit",
        ) from error
    try:
        str(top).encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(
            "the repository's path cannot be used",
            expected="a path in UTF-8, since reports hold it",
            seen=repr(os.fsencode(top)),
            hint="rename the folder",
        ) from error
    try:
        git.text(top, "rev-parse", "--verify", "--quiet", "HEAD")
    except git.GitError as error:
        raise UsageError(
            "the repository has no commit yet",
            expected="a commit to deploy",
            seen="none",
            where=str(top),
            hint="git add . && git commit, or deploy the working tree after a first commit: --dirty",
        ) from error
    return top
