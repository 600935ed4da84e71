"""A first manifest of a repository: everything that is found, put together, and held against the schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shakeout.errors import ManifestError, UsageError
from shakeout.manifest.drafting import compose, deployments, questions, sources
from shakeout.manifest.drafting.model import Draft, EnvironmentDraft, Found, plain
from shakeout.manifest.drafting.rendering import render
from shakeout.manifest.drafting.tree import Tree
from shakeout.manifest.loading import parse_manifest

LOOKED_FOR = (
    "compose files, Dockerfiles, Cloud Run YAML, Procfiles, package.json with a start script, Python requirements with "
    "Django, Flask, FastAPI, gunicorn or uvicorn"
)
_ROUNDS = 100


def draft_of(folder: Path, environments: Sequence[str] = ()) -> str:
    """
    The text of a first manifest for the repository in `folder`, which loads without a fault.

    `environments` are written beside `local`, also where nothing was found of them; by default those that were found.
    Raises UsageError where no service was found.
    """
    tree = Tree(folder)
    draft = Draft(application=Found(value=plain(folder.resolve().name), at="the folder's name"))
    compose.detect(tree, draft)
    sources.dockerfiles(tree, draft)
    sources.procfiles(tree, draft)
    sources.packages(tree, draft)
    sources.python_apps(tree, draft)
    deployments.cloud_run(tree, draft)
    deployments.commands(tree, draft)
    deployments.examples(tree, draft)
    questions.questions(tree, draft)
    if not draft.services:
        raise UsageError(
            "nothing was found that could be deployed",
            expected=LOOKED_FOR,
            seen=f"{len(tree.paths)} file{'' if len(tree.paths) == 1 else 's'} without any of them",
            where=str(folder),
            hint="write a manifest after docs/tutorial.md",
        )
    _choose(draft, environments)
    return _valid(render(draft))


def _choose(draft: Draft, wanted: Sequence[str]) -> None:
    """Only the environments that are asked for; one of which nothing was found is a comment to fill in."""
    draft.environments.pop("local", None)
    if not wanted:
        return
    for name in wanted:
        if name != "local" and name not in draft.environments:
            found = Found(value="local", at="--environment", note="nothing of the repository tells how it is deployed")
            draft.environments[name] = EnvironmentDraft(name=name, target=found)
    draft.environments = {name: one for name, one in draft.environments.items() if name in wanted}


def _valid(text: str) -> str:
    """The text, in which each line that shakeout itself would refuse is a comment with the reason."""
    for _ in range(_ROUNDS):
        try:
            parse_manifest(text)
        except ManifestError as error:
            fault = error.faults[0]
            lines = text.split("\n")
            row = lines[fault.line - 1]
            indent = len(row) - len(row.lstrip())
            lines[fault.line - 1] = f"{row[:indent]}# {row.lstrip()}; unsure: expected {fault.expected}"
            text = "\n".join(lines)
        else:
            return text
    raise UsageError("no manifest can be made of what was found", hint="write one after docs/tutorial.md")
