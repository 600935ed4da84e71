"""A tool that a script calls and that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of
from shakeout.catalogue.scripts.family import calls, named, scripts
from shakeout.catalogue.tooling import Stopped, told_by
from shakeout.evidence.model import Locator
from shakeout.evidence.patches import nearest, unified, with_line
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.tracebacks.model import Frame
from shakeout.why import Because, Claim, Layer, Remedy, claim

_TOOL = r"['\"‘’`]?(?P<tool>[\w./+-]{1,200}?)['\"‘’`]?"
_PLACE = r"^(?P<path>[^\s:]{1,300})"
_ABSENT = (
    re.compile(rf"{_PLACE}: line (?P<line>\d{{1,6}}): {_TOOL}: (?:command not found|No such file or directory)$", re.M),
    re.compile(rf"{_PLACE}: (?:line )?(?P<line>\d{{1,6}}): {_TOOL}: not found$", re.M),
    re.compile(rf"\bcommand not found: {_TOOL}$", re.M),
    re.compile(rf"^(?:/usr/bin/)?env: {_TOOL}: No such file or directory$", re.M),
    re.compile(rf"\bexec: {_TOOL}: executable file not found in \$PATH"),
    re.compile(rf"\bspawn {_TOOL} ENOENT\b"),
    re.compile(rf"^make(?:\[\d+\])?: {_TOOL}: (?:No such file or directory|Command not found)$", re.M),
)  # fmt: skip
_PYTHON = re.compile(r"No such file or directory: '(?P<tool>[^'\n]{1,200})'")
_CALLED_BY = re.compile(r"(?:^|/)(?:subprocess\.py|asyncio/|os\.py|pty\.py|child_process|node:internal)")
_KNOWN = (
    "aws", "az", "bash", "buildah", "bun", "cat", "cp", "curl", "docker", "docker-compose", "envsubst", "flyctl",
    "gcloud", "git", "go", "gunicorn", "gzip", "heroku", "helm", "jq", "kubectl", "kustomize", "make", "node",
    "npm", "npx", "pip", "pnpm", "podman", "poetry", "psql", "python", "python3", "rsync", "scp", "sed", "skaffold",
    "ssh", "tar", "terraform", "uv", "uvicorn", "wget", "yarn", "yq",
)  # fmt: skip


@claim(Layer.STATE, actionable=True)
class ToolNotInstalled(Claim):
    """A program that a script calls is not where the script runs."""

    tool: str

    def __str__(self) -> str:
        return f"there is no program '{self.tool}' where the script runs"

    def why(self) -> str:
        return f"Why is '{self.tool}' called?"


@claim(Layer.DECLARATION)
class ToolCalled(Claim):
    """A line of the repository calls a program that is not there."""

    tool: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} calls '{self.tool}', which is not there"

    def title(self) -> str:
        return f"{named(self.at.path)} calls '{self.tool}', which is not installed where the script runs"

    def why(self) -> str:
        return f"Why does {self.at} call '{self.tool}'?"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """A tool that is not there, and the script's line as printed, where it was."""

    tool: str
    path: str | None = None
    line: int | None = None


def absent_tool(occurrence: Occurrence, text: str) -> _Seen | None:
    """The program that a text says is not there; of exceptions only those that the starting of a program raised."""
    frames: tuple[Frame, ...] = occurrence.traceback.first.frames if occurrence.traceback is not None else ()
    match = _PYTHON.search(text)
    if match and frames and _CALLED_BY.search(frames[-1].path):
        return _Seen(tool=match["tool"])
    for pattern in _ABSENT:
        found = pattern.search(text[:20_000])
        if found is not None:
            groups = found.groupdict()
            line = groups.get("line")
            return _Seen(tool=found["tool"], path=groups.get("path"), line=int(line) if line else None)
    return None


@scripts.rule
def tool_not_installed(effect: Stopped, log: ErrorLog) -> Iterator[Because]:
    """
    A program that the script calls is not there.

    ## What you see
    `deploy.sh: line 12: gcloud: command not found`, `spawn kubectl ENOENT`, exit status 127, or a `FileNotFoundError`
    that ends in `subprocess.py`.

    ## Why it happens
    The program is not installed on the machine that deploys or not on its `PATH`, its name is misspelt, or a script
    was moved.

    ## How we know
    The shell, or the function that starts programs, says so and names it.

    ## What to change
    Install it there, or correct the line that calls it, which the next link names.
    """
    for occurrence, text in told_by(effect, log):
        seen = absent_tool(occurrence, text)
        if seen is not None:
            words = Remedy("words", f"install '{seen.tool}' where the script runs, or put it on its PATH")
            yield Because(ToolNotInstalled(seen.tool), evidence_of(occurrence)[:2], fix=words)
            return


@scripts.rule
def tool_called(
    absent: ToolNotInstalled, log: ErrorLog, repository: Repository, paths: SourcePaths
) -> Iterator[Because]:
    """
    A line of the repository calls that program.

    ## What you see
    The name of the program in a deploy script, a Makefile or a workflow.

    ## Why it happens
    The line was written on a machine that has the program, or the name has a slip.

    ## How we know
    The shell or the traceback names the line, and it holds the program's name; where nothing names a line, exactly one
    line of the repository's scripts holds it.

    ## What to change
    Install the program where the script runs, or call another.
    """
    for occurrence in log:
        text = f"{occurrence.type}: {occurrence.text}" if occurrence.type else occurrence.text
        seen = absent_tool(occurrence, text)
        if seen is None or seen.tool != absent.tool:
            continue
        at = _called_at(seen, occurrence, repository, paths)
        quoted = repository.quote(at.path, at.line or 1) if at is not None else None
        if at is not None and quoted is not None:
            fix = _spelt(absent.tool, at, repository) or Remedy(
                "words", f"install '{absent.tool}' where the script runs, or call another program at {at}"
            )
            yield Because(ToolCalled(absent.tool, at), [quoted, *evidence_of(occurrence)[:1]], fix=fix)
            return


def _called_at(seen: _Seen, occurrence: Occurrence, repository: Repository, paths: SourcePaths) -> Locator | None:
    """The line that calls the tool: the one that was printed, else the only one of the scripts that it can be."""
    path = paths.find(seen.path, seen.line) if seen.path and seen.line else None
    if path is not None and seen.line is not None:
        rows = repository.lines(path)
        if seen.line <= len(rows) and seen.tool in rows[seen.line - 1]:
            return Locator(source="file", path=path, line=seen.line, commit=repository.commit)
    frames = occurrence.traceback.first.frames if occurrence.traceback is not None else ()
    own = [(found, frame) for frame in frames if (found := paths.find(frame.path, frame.line, frame.code))]
    for found, frame in reversed(own):
        rows = repository.lines(found)
        if frame.line and frame.line <= len(rows) and seen.tool in rows[frame.line - 1]:
            return Locator(source="file", path=found, line=frame.line, commit=repository.commit)
    within = [found for found, _ in own] or ([path] if path else [])
    places = calls(repository, seen.tool, within)
    return places[0] if len(places) == 1 else None


def _spelt(tool: str, at: Locator, repository: Repository) -> Remedy | None:
    """A patch where the name is nearly that of a well-known program, and stands on the line once."""
    meant = nearest(tool, _KNOWN, cutoff=0.8)
    text = repository.text(at.path)
    row = repository.lines(at.path)[(at.line or 1) - 1]
    if tool in _KNOWN or meant is None or text is None or row.count(tool) != 1:
        return None
    patch = unified(at.path, text, with_line(text, at.line or 1, row.replace(tool, meant)))
    return Remedy("patch", f"call '{meant}' at {at}", patch=patch)


__all__ = ["ExceptionRaised", "ToolCalled", "ToolNotInstalled", "absent_tool"]
