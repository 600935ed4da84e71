"""Commands of the tasks that other commands call: make, just, tox, nox, npm, and scripts of the repository."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import replace

from shakeout.evidence.automation_ci import plain_commands
from shakeout.evidence.automation_model import Command, swallowed
from shakeout.evidence.repository import Repository

_MAKEFILES = ("Makefile", "makefile", "GNUmakefile", "justfile", "Justfile")
_MAKE = re.compile(r"(?:^|[\s;&|(@])(?:g?make|just)\b((?:\s+[\w./=:-]+)*)")
_SCRIPT = re.compile(r"(?:^|[\s;&|\"'=])((?:\./)?(?:[\w.-]+/)*[\w.-]+\.(?:sh|bash|py))\b")
_SHELL_SCRIPT = re.compile(r"(?:^|[\s;&|])((?:\./)?(?:scripts|bin|ci|tools|\.ci)/[\w./-]+)")


def called_by(command: Command, repository: Repository) -> Iterator[Command]:
    """What one command line runs in turn, as far as the repository's own files say."""
    text = command.text
    for found in _MAKE.findall(text):
        words = [word for word in found.split() if "=" not in word and not word.startswith("-")]
        for name in words or [None]:
            yield from _make(name, repository, set())
    for tool, environments in re.findall(r"(?:^|[\s;&|])(tox)\b(?:\s+(?:run\s+)?-e\s*([\w,.{}-]+))?", text):
        if tool:
            yield from _tox(repository, environments.split(",") if environments else [])
    for sessions in re.findall(r"(?:^|[\s;&|])nox\b((?:\s+(?:-s|--session|--sessions)\s+[\w -]+)?)", text):
        yield from _nox(repository, re.findall(r"(?<![\w-])[A-Za-z]\w+", re.sub(r"-{1,2}s\w*", "", sessions)))
    for name in re.findall(r"(?:^|[\s;&|])(?:npm|pnpm|yarn)\s+(?:run(?:-script)?\s+)?([\w:.-]+)", text):
        yield from _npm(repository, name, set())
    for name in dict.fromkeys([*_SCRIPT.findall(text), *_SHELL_SCRIPT.findall(text)]):
        yield from _script(name.removeprefix("./"), repository)


def _make(name: str | None, repository: Repository, above: set[str]) -> Iterator[Command]:
    if name in above:
        return
    for path in _MAKEFILES:
        inside = False
        for number, row in enumerate(repository.lines(path), 1):
            head = re.match(r"([\w./$(){} %-]+?)\s*:(?!=)([^#]*)", row)
            if head and not row.startswith(("\t", " ")) and not row.startswith("."):
                targets = head[1].split()
                if name is None:
                    name = targets[0]
                inside = name in targets
                for needed in head[2].split() if inside else ():
                    yield from _make(needed, repository, above | {name})
            elif inside and row.strip() and row.startswith(("\t", " ")) and not row.strip().startswith("#"):
                text = row.strip()
                ignored = "its failure is ignored (`-` in front of it)" if text.lstrip("@+").startswith("-") else ""
                text = re.sub(r"\$\([A-Z_]+\)/?|\$\{[A-Z_]+\}/?", "", text.lstrip("@-+"))
                yield Command(
                    text=text, path=path, line=number, where="task", via=f"make {name}",
                    idle=ignored or swallowed(text),
                )  # fmt: skip


def _tox(repository: Repository, environments: list[str]) -> Iterator[Command]:
    text = repository.text("tox.ini")
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text or "")
    except ConfigError:
        return
    listed = parser.get("tox", "env_list", fallback=parser.get("tox", "envlist", fallback=""))
    wanted = environments or [part for part in re.split(r"[\s,]+", listed) if part]
    rows = (text or "").split("\n")
    for section in parser.sections():
        name = section.removeprefix("testenv:")
        plain = section == "testenv" and (not wanted or any(f"testenv:{one}" not in parser for one in wanted))
        if not (plain or (section.startswith("testenv:") and name in wanted)):
            continue
        ignored = parser.get(section, "ignore_errors", fallback="") == "true"
        outcome = parser.get(section, "ignore_outcome", fallback="").lower() == "true"
        for row in parser.get(section, "commands", fallback="").split("\n"):
            line = next((number for number, one in enumerate(rows, 1) if row.strip() and row.strip() in one), None)
            if line is not None:
                idle = f"the outcome of {section} is ignored" if ignored or outcome else swallowed(row.strip())
                yield Command(
                    text=row.strip().lstrip("- "), path="tox.ini", line=line, where="task", via=section, idle=idle
                )


def _nox(repository: Repository, sessions: list[str]) -> Iterator[Command]:
    text = repository.text("noxfile.py")
    try:
        tree = ast.parse(text or "")
    except (SyntaxError, ValueError):
        return
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or not node.decorator_list:
            continue
        if sessions and node.name not in sessions:
            continue
        yield from _python_calls(node, "noxfile.py", f"nox {node.name}")


def _npm(repository: Repository, name: str, above: set[str]) -> Iterator[Command]:
    text = repository.text("package.json")
    try:
        scripts = json.loads(text or "{}").get("scripts", {})
    except (ValueError, AttributeError):
        return
    if not isinstance(scripts, dict) or name in above or not isinstance(scripts.get(name), str):
        return
    rows = (text or "").split("\n")
    line = next((number for number, row in enumerate(rows, 1) if f'"{name}"' in row and ":" in row), 1)
    command = scripts[name]
    yield Command(
        text=command, path="package.json", line=line, where="task", via=f"npm run {name}", idle=swallowed(command)
    )


def _script(name: str, repository: Repository) -> Iterator[Command]:
    text = repository.text(name) if repository.is_file(name) else None
    if text is None:
        return
    if name.endswith(".py"):
        try:
            yield from _python_calls(ast.parse(text), name, name)
        except (SyntaxError, ValueError):
            return
        return
    if not text.startswith("#!") and not name.endswith((".sh", ".bash")):
        return
    commands = list(plain_commands(text, name, "task", name))
    strict = re.search(r"^set -\w*e|^#!.*\s-\w*e\b|^set -o errexit", text, re.M) is not None
    for number, command in enumerate(commands):
        last = number == len(commands) - 1
        guarded = strict or last or re.search(r"\|\|\s*(?:exit|return|fail)|^exec |^if ", command.text)
        yield (
            command
            if guarded
            else replace(command, idle=command.idle or f"{name} goes on where it fails (no `set -e`)")
        )


def _python_calls(tree: ast.AST, path: str, via: str) -> Iterator[Command]:
    """The programs that Python code starts with words that stand in it."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in {"run", "check_call", "check_output", "system", "call", "Popen"} or not node.args:
            continue
        first = node.args[0]
        parts = first.elts if isinstance(first, ast.List | ast.Tuple) else node.args
        words = [item.value for item in parts if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        if words:
            text = " ".join(words)
            codes = any(item.arg == "success_codes" for item in node.keywords)
            unchecked = (
                node.func.attr == "run"
                and path != "noxfile.py"
                and not any(
                    item.arg == "check" and isinstance(item.value, ast.Constant) and item.value.value
                    for item in node.keywords
                )
            )
            idle = "its exit status is not looked at" if codes or unchecked else ""
            yield Command(text=text, path=path, line=node.lineno, where="task", via=via, idle=idle)
