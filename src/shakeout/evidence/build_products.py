"""
Files that a build makes: the `.gitignore` line that leaves them out, and the step of the repository that makes them.

Only what the repository itself says counts: a script whose output is that file or its folder, a target of that name, a
generator for such files. What is ignored and made by nothing (logs, uploads, settings) is no product.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from shakeout.evidence.gcloud_patterns import deciding_line, read_lines
from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """A file that a build makes: the `.gitignore` line that leaves it out, and the step that makes it."""

    path: str
    ignored: Locator
    step: str
    """How a person would call the step: `npm run build`, `make protos`, `protoc`."""
    at: Locator
    called: re.Pattern[str]
    """How the step looks where it is run."""


_OUTPUT = re.compile(
    r"(?:--out-?[dD]ir|--outfile|--out|--dist-dir|--output-path|--output|-o|-d)[= ]+[\"']?(?:\./)?([\w.@/-]{1,200})"
    r"|>\s*(?:\./)?([\w.@/-]{1,200})"
)
_TOOLS = (
    (
        re.compile(r"\bvite build\b|\bwebpack\b|\bparcel build\b|\brollup\b|\bng build\b|\bvue-cli-service build\b"),
        "dist",
    ),
    (re.compile(r"\breact-scripts build\b"), "build"),
    (re.compile(r"\bnext build\b"), ".next"),
    (re.compile(r"\bnuxt (?:build|generate)\b"), ".output"),
)
_OUT_DIR = re.compile(r'"outDir"\s*:\s*"([^"\n]{1,200})"')
_COMPILER = re.compile(r"\btsc\b|\bnest build\b|\bttsc\b|\btspc\b")
_PROTOS = re.compile(r"\bgrpc_tools\.protoc\b|\bprotoc\b\s|\bbuf\s+generate\b|\bbetterproto\b")
_TARGET = re.compile(r"^([\w./-]{1,100})\s*:(?!=)")
_TASKS = ("Makefile", "*/Makefile", "*.mk", "*.sh", "justfile", "Taskfile.yml")


def product(repository: Repository, printed: str) -> Product | None:
    """The product that a path (as a running program printed it) is; None where nothing says that a build makes it."""
    parts = [part for part in posixpath.normpath(printed.replace("\\", "/")).split("/") if part not in {"", "."}]
    for start in range(len(parts)):
        path = "/".join(parts[start:])
        if repository.is_file(path):
            return None
        if not _has_place(repository, parts[start:]):
            continue
        ignored = ignored_by(repository, path)
        if ignored is not None:
            step = next(_steps(repository, path), None)
            if step is not None:
                name, at, called = step
                return Product(path=path, ignored=ignored, step=name, at=at, called=called)
    return None


def _has_place(repository: Repository, parts: list[str]) -> bool:
    """Whether a file's folder is in the repository, or the first of its folders that is not is one that is ignored."""
    there = next((count for count in range(len(parts) - 1, 0, -1) if repository.is_folder("/".join(parts[:count]))), 0)
    if there == len(parts) - 1:
        return True
    return ignored_by(repository, "/".join((*parts[: there + 1], "x"))) is not None


def ignored_by(repository: Repository, path: str) -> Locator | None:
    """The line of a `.gitignore` that keeps a path out of the repository."""
    folder = posixpath.dirname(path)
    while True:
        name = posixpath.join(folder, ".gitignore")
        if repository.is_file(name):
            # git anchors a pattern with a slash in it at the folder of its file.
            lines = [
                replace(line, anchored=line.anchored or len(line.parts) > 1)
                for line in read_lines(name, repository.text)
            ]
            found = deciding_line(path.removeprefix(f"{folder}/") if folder else path, lines)
            if found is not None:
                return Locator(source="file", path=name, line=found.line, commit=repository.commit)
        if not folder:
            return None
        folder = posixpath.dirname(folder)


_Step = tuple[str, Locator, re.Pattern[str]]


def _steps(repository: Repository, path: str) -> Iterator[_Step]:
    if re.search(r"_pb2(?:_grpc)?\.pyi?$|_pb\.js$|\.pb\.go$", path):
        yield from _generators(repository, _PROTOS)
    yield from _scripts(repository, path)
    yield from _named(repository, path)


def _at(repository: Repository, path: str, line: int) -> Locator:
    return Locator(source="file", path=path, line=line, commit=repository.commit)


def _scripts(repository: Repository, path: str) -> Iterator[_Step]:
    """The script of the nearest package.json above a file whose output is the file's folder."""
    folder = posixpath.dirname(path)
    while True:
        name = posixpath.join(folder, "package.json")
        text = repository.text(name) if repository.is_file(name) else None
        try:
            data = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            data = {}
        scripts = data.get("scripts") if isinstance(data, dict) else None
        inner = path.removeprefix(f"{folder}/") if folder else path
        for script, command in scripts.items() if isinstance(scripts, dict) else ():
            if isinstance(command, str) and _makes(repository, folder, command, inner):
                rows = (text or "").split("\n")
                line = next((number for number, row in enumerate(rows, 1) if f'"{script}"' in row), 1)
                tool = re.escape(command.split("&&")[-1].strip()[:60])
                called = re.compile(
                    rf"\b(?:npm|pnpm|yarn|bun)\b[^&|;\n]*\b{re.escape(script)}\b|{tool}|\b(?:turbo|nx|lerna)\b"
                )
                yield f"npm run {script}", _at(repository, name, line), called
        if not folder:
            return
        folder = posixpath.dirname(folder)


def _makes(repository: Repository, folder: str, command: str, inner: str) -> bool:
    outputs = {(one or other).rstrip("/") for one, other in _OUTPUT.findall(command)}
    outputs |= {output for tool, output in _TOOLS if tool.search(command)}
    if _COMPILER.search(command):
        for name in ("tsconfig.json", "tsconfig.build.json"):
            text = repository.text(posixpath.join(folder, name)) or ""
            outputs |= {found.removeprefix("./").rstrip("/") for found in _OUT_DIR.findall(text)}
    return any(output and (inner == output or inner.startswith(f"{output}/")) for output in outputs)


def _named(repository: Repository, path: str) -> Iterator[_Step]:
    """A target of that name, or a line of a task that writes the file."""
    for at in repository.grep(path, list(_TASKS)):
        row = repository.lines(at.path)[(at.line or 1) - 1]
        target = _TARGET.match(row)
        written = {one or other for one, other in _OUTPUT.findall(row)}
        if (target is not None and target[1] == path) or path in written:
            yield _task(repository, at)


def _generators(repository: Repository, pattern: re.Pattern[str]) -> Iterator[_Step]:
    """The lines of tasks that run a generator."""
    for word in ("protoc", "buf generate"):
        for at in repository.grep(word, list(_TASKS)):
            row = repository.lines(at.path)[(at.line or 1) - 1]
            if pattern.search(row) and not row.lstrip().startswith("#"):
                name, place, called = _task(repository, at)
                yield name, place, re.compile(f"{called.pattern}|{pattern.pattern}")


def _task(repository: Repository, at: Locator) -> _Step:
    """The task that a line belongs to: the make target above it, or the script that it stands in."""
    rows = repository.lines(at.path)
    base = posixpath.basename(at.path)
    if base in {"Makefile", "justfile"} or base.endswith(".mk"):
        for number in range(at.line or 1, 0, -1):
            target = _TARGET.match(rows[number - 1])
            if target is not None and not rows[number - 1].startswith("."):
                command = "just" if base == "justfile" else "make"
                return f"{command} {target[1]}", at, re.compile(rf"\b{command}\b[^&|;\n]*\b{re.escape(target[1])}\b")
    return at.path, at, re.compile(re.escape(base))
