"""The manifest as a scratch copy of the repository has it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from shakeout.errors import InputError
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.repository import Repository
from shakeout.manifest.loading import LoadedManifest, parse_manifest
from shakeout.manifest.plan import Plan
from shakeout.manifest.planning import make_plan, resolve_pins
from shakeout.runs.request import Request
from shakeout.runs.sources import declarations_of


def replan(request: Request, copy: Repository, folder: Path) -> tuple[LoadedManifest, Plan]:
    """
    The manifest and the plan of a run's environment at the copy's commit; the manifest is written into `folder`.

    Raises ManifestError where the manifest there is wrong, InputError where there is none.
    """
    name = request.plan.manifest_path
    text = copy.text(name)
    if text is None:
        raise InputError("the manifest is not there", expected=name, seen="no such file", where=str(copy.folder))
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    loaded = parse_manifest(text, file=name, path=path)
    plan = make_plan(
        loaded,
        environment=request.plan.environment,
        commit=copy.commit,
        dirty=False,
        repository=folder,
        caller=request.caller,
    )
    return loaded, resolve_pins(plan, copy.resolve)


def redeclared(request: Request, copy: Repository) -> Declarations:
    """The declarations of a run's environment at the copy's commit; raises as `replan` does."""
    with tempfile.TemporaryDirectory(prefix="shakeout-manifest-") as folder:
        _, plan = replan(request, copy, Path(folder))
        return declarations_of(plan, Path(folder) / request.plan.manifest_path)
