"""Commands of CI and hook files: GitHub Actions, GitLab CI, Cloud Build, pre-commit, and others by their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import yaml

from shakeout.evidence.automation_model import Command, swallowed

_STOPPING = {
    "push", "pull_request", "pull_request_target", "merge_group", "workflow_call", "workflow_run", "release",
    "deployment", "create",
}  # fmt: skip
"""Events of GitHub that happen before something is deployed, as far as anyone can tell."""
_NOT_JOBS = {
    "stages", "variables", "include", "default", "workflow", "image", "services", "cache", "before_script",
    "after_script", "pages",
}  # fmt: skip
_KEYS = {
    "run", "script", "before_script", "after_script", "args", "entrypoint", "command", "commands", "entry", "uses",
}  # fmt: skip


def ci_commands(text: str, path: str, where: str) -> Iterator[Command]:
    """Every command of one file, with why it stops nothing where that is so. Nothing for a file that is no YAML."""
    if not path.endswith((".yml", ".yaml")):
        yield from plain_commands(text, path, where)
        return
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError):
        return
    if not isinstance(root, yaml.MappingNode):
        return
    reader = _Reader(text.split("\n"), path, where)
    if path.startswith(".github/"):
        yield from reader.github(root)
    elif "gitlab" in path:
        yield from reader.gitlab(root)
    elif "cloudbuild" in path.rsplit("/", 1)[-1]:
        yield from reader.cloud_build(root)
    elif "pre-commit" in path:
        yield from reader.pre_commit(root)
    else:
        yield from reader.walk(root, None)


def plain_commands(text: str, path: str, where: str, via: str | None = None) -> Iterator[Command]:
    """Each line that is no comment; lines that end in a backslash with the next one."""
    rows = text.split("\n")
    number = 0
    while number < len(rows):
        start, row = number, rows[number].strip()
        while row.endswith("\\") and number + 1 < len(rows):
            number += 1
            row = f"{row[:-1].rstrip()} {rows[number].strip()}"
        number += 1
        if row and not row.startswith(("#", "//")):
            yield Command(text=row, path=path, line=start + 1, where=where, via=via, idle=swallowed(row))


class _Reader:
    def __init__(self, rows: list[str], path: str, where: str) -> None:
        self.rows = rows
        self.path = path
        self.where = where

    # -- GitHub -------------------------------------------------------------------------------------------------

    def github(self, root: Any) -> Iterator[Command]:
        if self.path.startswith(".github/actions/"):
            for step in _items(_get(_get(root, "runs"), "steps")):
                yield from self._github_step(step, Command(text="", path="", line=1, where="", reusable=True))
            return
        idle, only, reusable = _github_trigger(_get(root, "on") or _get(root, "true"))
        folder = _text(_get(_get(_get(root, "defaults"), "run"), "working-directory"))
        for name, job in _pairs(_get(root, "jobs")):
            reason = idle or _off(job) or _tolerated(job, "continue-on-error", f"the job {name}")
            inner = _text(_get(_get(_get(job, "defaults"), "run"), "working-directory")) or folder
            context = Command(
                text="", path="", line=1, where="", idle=reason, folder=inner, only=only, reusable=reusable
            )
            uses = _get(job, "uses")
            if uses is not None:
                yield self._command(_text(uses), uses.start_mark.line + 1, context, "uses")
            for step in _items(_get(job, "steps")):
                yield from self._github_step(step, context)

    def _github_step(self, step: Any, context: Command) -> Iterator[Command]:
        reason = context.idle or _off(step) or _tolerated(step, "continue-on-error", "the step")
        folder = _text(_get(step, "working-directory")) or context.folder
        context = replace(context, idle=reason, folder=folder.removeprefix("./").rstrip("/"))
        run, uses = _get(step, "run"), _get(step, "uses")
        if run is not None:
            yield from self._script(run, context)
        if uses is not None:
            given = [_text(value) for _, value in _pairs(_get(step, "with"))]
            words = " ".join([_text(uses), *given])
            yield self._command(" ".join(words.split()), uses.start_mark.line + 1, context, "uses")

    # -- GitLab -------------------------------------------------------------------------------------------------

    def gitlab(self, root: Any) -> Iterator[Command]:
        jobs = [(name, job) for name, job in _pairs(root) if isinstance(job, yaml.MappingNode)]
        extended = {text for _, job in jobs for text in _texts(_get(job, "extends"))}
        for key in ("before_script", "after_script"):
            yield from self._scripts(_get(root, key), Command(text="", path="", line=1, where=""))
        for name, job in jobs:
            if name in _NOT_JOBS and name != "pages":
                continue
            reason = _tolerated(job, "allow_failure", f"the job {name}")
            if name.startswith(".") and name not in extended:
                reason = f"no job extends {name}"
            whens = [_text(_get(rule, "when")) for rule in _items(_get(job, "rules"))]
            when = _text(_get(job, "when"))
            if when in {"manual", "never"} or (whens and all(one in {"manual", "never"} for one in whens)):
                reason = reason or f"the job {name} runs by hand only"
            for key in ("before_script", "script"):
                yield from self._scripts(_get(job, key), Command(text="", path="", line=1, where="", idle=reason))

    def _scripts(self, node: Any, context: Command) -> Iterator[Command]:
        for item in _items(node) or ([node] if isinstance(node, yaml.ScalarNode) else []):
            if isinstance(item, yaml.ScalarNode):
                yield from self._script(item, context)
            else:
                yield from self._scripts(item, context)

    # -- Cloud Build --------------------------------------------------------------------------------------------

    def cloud_build(self, root: Any) -> Iterator[Command]:
        for step in _items(_get(root, "steps")):
            reason = _tolerated(step, "allowFailure", "the step")
            folder = _text(_get(step, "dir")).removeprefix("./").rstrip("/")
            context = Command(text="", path="", line=1, where="", idle=reason, folder=folder)
            script = _get(step, "script")
            if script is not None:
                yield from self._script(script, context)
            args = _get(step, "args")
            parts = [item for item in _items(args) if isinstance(item, yaml.ScalarNode)]
            for item in parts:
                if item.style in {"|", ">"}:
                    yield from self._script(item, context)
            words = [item.value for item in parts if item.style not in {"|", ">"}]
            if words:
                text = " ".join([_text(_get(step, "entrypoint")), *words]).strip()
                text = text.removeprefix("bash -c ").removeprefix("sh -c ").removeprefix("-c ")
                yield self._command(text, parts[0].start_mark.line + 1, context, "args")

    # -- pre-commit ---------------------------------------------------------------------------------------------

    def pre_commit(self, root: Any) -> Iterator[Command]:
        everywhere = _text(_get(root, "exclude"))
        for repo in _items(_get(root, "repos")):
            for hook in _items(_get(repo, "hooks")):
                name = _get(hook, "id")
                if name is None:
                    continue
                stages = _texts(_get(hook, "stages"))
                idle = "the hook runs by hand only" if stages and set(stages) == {"manual"} else ""
                words = [_text(_get(hook, "entry")) or _text(name), *_texts(_get(hook, "args"))]
                exclude = [one for one in (everywhere, _text(_get(hook, "exclude"))) if one]
                context = Command(
                    text="", path="", line=1, where="", idle=idle, files=_text(_get(hook, "files")),
                    exclude="|".join(f"(?:{one})" for one in exclude),
                )  # fmt: skip
                yield self._command(" ".join(words), name.start_mark.line + 1, context, _text(name))

    # -- any other ----------------------------------------------------------------------------------------------

    def walk(self, node: Any, key: str | None) -> Iterator[Command]:
        """Scalars below the keys that hold commands; a key with a list of words is one command."""
        context = Command(text="", path="", line=1, where="")
        if isinstance(node, yaml.MappingNode):
            for name, value in _pairs(node):
                yield from self.walk(value, name)
        elif isinstance(node, yaml.SequenceNode):
            if key in {"args", "entrypoint"} and node.value:
                yield self._command(" ".join(_texts(node)), node.value[0].start_mark.line + 1, context, key)
            for item in node.value:
                yield from self.walk(item, key)
        elif isinstance(node, yaml.ScalarNode) and key in _KEYS:
            yield from self._script(node, context)

    # -- commands -----------------------------------------------------------------------------------------------

    def _script(self, node: Any, context: Command) -> Iterator[Command]:
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            return
        start = node.start_mark.line
        if node.style != "|":
            line = start + (2 if node.style == ">" else 1)
            yield self._command(" ".join(node.value.split()), line, context, "script")
            return
        count = len(node.value.rstrip("\n").split("\n"))
        block = "\n".join(self.rows[start + 1 : start + 1 + count])
        folder, ignored = context.folder, ""
        for found in plain_commands(block, self.path, self.where, "script"):
            if found.text.startswith("cd ") and "&&" not in found.text:
                folder = _joined(folder, found.text[3:].strip())
            ignored = ignored if not found.text.startswith("set ") else found.idle
            idle = context.idle or found.idle or ignored
            yield replace(
                found, line=found.line + start + 1, idle=idle, folder=folder, only=context.only,
                reusable=context.reusable,
            )  # fmt: skip

    def _command(self, text: str, line: int, context: Command, via: str) -> Command:
        folder = context.folder
        if text.startswith("cd ") and "&&" in text:
            folder = _joined(folder, text[3:].split("&&", 1)[0].strip())
        return replace(
            context, text=text, path=self.path, line=line, where=self.where, via=via,
            idle=context.idle or swallowed(text), folder=folder,
        )  # fmt: skip


def _joined(folder: str, other: str) -> str:
    other = other.strip("'\"").removeprefix("./").rstrip("/")
    return "" if other in {"", ".", ".."} or other.startswith(("$", "/")) else f"{folder}/{other}".lstrip("/")


def _github_trigger(node: Any) -> tuple[str, tuple[str, ...], bool]:
    """(why nothing is stopped, globs of files, whether another workflow has to call it)."""
    events = dict(_pairs(node)) if isinstance(node, yaml.MappingNode) else dict.fromkeys(_texts(node))
    stopping = {name: value for name, value in events.items() if name in _STOPPING}
    if events and not stopping:
        return f"the workflow runs on {', '.join(sorted(events))} only", (), False
    globs = [_texts(_get(value, "paths")) for value in stopping.values()]
    only = tuple(glob for found in globs for glob in found) if globs and all(globs) else ()
    return "", only, set(stopping) == {"workflow_call"}


def _off(node: Any) -> str:
    condition = _text(_get(node, "if")).replace("${{", "").replace("}}", "").strip()
    return "it is switched off (`if: false`)" if condition.lower() == "false" else ""


def _tolerated(node: Any, key: str, what: str) -> str:
    value = _get(node, key)
    if isinstance(value, yaml.MappingNode) or _text(value).lower() == "true":
        return f"{what} may fail (`{key}`)"
    return ""


def _get(node: Any, key: str) -> Any:
    return next((value for name, value in _pairs(node) if name == key), None)


def _pairs(node: Any) -> list[tuple[str, Any]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(name.value, value) for name, value in node.value if isinstance(name, yaml.ScalarNode)]


def _items(node: Any) -> list[Any]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _text(node: Any) -> str:
    return str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""


def _texts(node: Any) -> list[str]:
    return [_text(item) for item in _items(node)] or ([_text(node)] if _text(node) else [])
