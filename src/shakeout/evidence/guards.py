"""Looks for guards: the checks of the repository that would have stopped a cause before it was deployed."""

from __future__ import annotations

import ast
import fnmatch
import re
from dataclasses import dataclass

from shakeout.evidence.automation import Automation, Command
from shakeout.evidence.linting import (
    LINTERS,
    Configuration,
    Linter,
    applies,
    configuration,
    covers,
    excluded,
    flags,
    matches,
    operands,
    silenced,
)
from shakeout.evidence.model import Evidence
from shakeout.evidence.repository import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardFinding:
    """Whether a guard is there, the sentence that says so, and what was seen."""

    present: bool
    statement: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Gap:
    """Why a check that runs would not have stopped it: in words, and where that is written."""

    reason: str
    evidence: Evidence | None = None


class Guards:
    """Answers whether the repository has a guard, by its kind."""

    described_as = Repository.described_as

    def __init__(self, repository: Repository, automation: Automation | None = None) -> None:
        self.repository = repository
        self.automation = automation or Automation(repository)

    def find(
        self, kind: str, arguments: tuple[str, ...], missing: str, *, path: str | None = None, line: int | None = None
    ) -> GuardFinding | None:
        """
        Look for a guard that would have stopped a cause at `path` and `line`; None where nothing looks for that kind.

        Kinds: `lint-rule` (argument: a kind of fault that linters and type checkers know), `command` (arguments:
        regular expressions, any of which a command of CI or of a hook has to match).
        A check that may fail without consequence, that looks at other files, or that is told to ignore this, is none.
        """
        if kind == "lint-rule":
            return self._lint_rule(arguments[0], missing, path, line)
        if kind == "command":
            return self._command(arguments, missing, path)
        return None

    def _command(self, patterns: tuple[str, ...], missing: str, path: str | None) -> GuardFinding:
        idle: Command | None = None
        for pattern in patterns:
            for command in self.automation.find(re.compile(pattern)):
                quoted = self.automation.quote(command)
                if quoted is None:
                    continue
                if _runs_for(command, path) is None:
                    return GuardFinding(
                        present=True, statement=f"{command.path} runs `{command.text}`", evidence=(quoted,)
                    )
                idle = idle or command
        quoted = self.automation.quote(idle) if idle is not None else None
        if idle is not None and quoted is not None:
            reason = _runs_for(idle, path)
            statement = f"{idle.path}:{idle.line} runs `{idle.text}`, which stops nothing: {reason}"
            return GuardFinding(present=False, statement=statement, evidence=(quoted,))
        return GuardFinding(present=False, statement=missing, evidence=(self.automation.absence("does this"),))

    def _lint_rule(self, fault: str, missing: str, path: str | None, line: int | None) -> GuardFinding:
        without: list[tuple[Linter, Command, _Gap]] = []
        for linter in LINTERS:
            if fault not in linter.codes:
                continue
            for command in self.automation.find(linter.call):
                gap = self._gap(linter, fault, command, path, line)
                quoted = self.automation.quote(command)
                if gap is None and quoted is not None:
                    return GuardFinding(
                        present=True,
                        statement=f"{command.path}:{command.line} runs {linter.name}, which looks for this",
                        evidence=(quoted,),
                    )
                if gap is not None:
                    without.append((linter, command, gap))
        # The check that came nearest says most: one whose gap is written down somewhere.
        without.sort(key=lambda item: item[2].evidence is None)
        for linter, command, gap in without:
            quoted = self.automation.quote(command)
            if quoted is not None:
                found = (quoted,) if gap.evidence is None else (quoted, gap.evidence)
                statement = f"{command.path}:{command.line} runs {linter.name}, which does not stop this: {gap.reason}"
                return GuardFinding(present=False, statement=statement, evidence=found)
        return GuardFinding(present=False, statement=missing, evidence=(self.automation.absence("looks for this"),))

    def _gap(self, linter: Linter, fault: str, command: Command, path: str | None, line: int | None) -> _Gap | None:
        """Why this call of a linter does not stop the fault in that file; None where it does."""
        idle = _runs_for(command, path)
        if idle is not None:
            return _Gap(reason=idle)
        zero = re.search(
            r"--exit-zero\b|(?<![\w-])-e(?=\s|$)" if linter.name == "ruff" else r"--exit-zero\b", command.text
        )
        if zero:
            return _Gap(reason=f"`{zero[0]}` makes it succeed whatever it finds")
        settings = configuration(linter.name, self.repository, path)
        if path is not None:
            gap = self._file_gap(linter, command, settings, path)
            if gap is not None:
                return gap
        gap = self._code_gap(linter, fault, command, settings, path)
        if gap is not None or path is None:
            return gap
        codes = linter.codes[fault]
        for number, comment in silenced(self.repository.lines(path), line, codes, linter.name):
            return _Gap(
                reason=f"a comment silences it (`{comment[-60:]}`)", evidence=self.repository.quote(path, number)
            )
        if linter.name == "mypy" and not _is_checked(self.repository.text(path), line, settings, command.text):
            return _Gap(reason="mypy does not look into functions without types (`check_untyped_defs` is off)")
        return None

    def _file_gap(self, linter: Linter, command: Command, settings: Configuration, path: str) -> _Gap | None:
        targets = () if command.where == "hook" else operands(linter, command.text)
        if targets and not covers(targets, command.folder, path, linter.name):
            where = f" in {command.folder}" if command.folder else ""
            return _Gap(reason=f"it looks at {', '.join(targets)}{where} only, not at {path}")
        if not targets and command.where != "hook":
            if settings.files and not covers(settings.files, "", path, linter.name):
                told = f"it looks at {', '.join(settings.files)} only, not at {path}"
                return _Gap(reason=told, evidence=settings.where(self.repository, settings.files[0].rsplit("/", 1)[-1]))
            if command.folder and not path.startswith(f"{command.folder}/"):
                return _Gap(reason=f"it runs in {command.folder} only, not where {path} is")
        option = re.findall(r"--(?:extend-)?exclude[= ]([^\s]+)", command.text)
        told_to = tuple(part for found in option for part in found.strip("'\"").split(","))
        pattern = excluded(settings.exclude, path) or excluded(told_to, path)
        if pattern is not None:
            return _Gap(reason=f"'{pattern}' is excluded", evidence=settings.where(self.repository, pattern))
        return None

    def _code_gap(
        self, linter: Linter, fault: str, command: Command, settings: Configuration, path: str | None
    ) -> _Gap | None:
        codes = linter.codes[fault]
        if not codes:
            return None
        selected, added, ignored = flags(command.text)
        select = [*(selected or settings.select or linter.default), *settings.extend, *added]
        if re.search(r"--errors-only\b|(?<![\w-])-E(?=\s|$)", command.text) and linter.name == "pylint":
            select = ["E", "F"]
        for entry in (*ignored, *settings.ignore):
            # What is named more exactly counts more: `--disable=all --enable=undefined-variable`.
            exact = any(matches(code, one) and len(one) > len(entry) for code in codes for one in select)
            wide = entry.lower() == "all" and any(
                matches(code, one) for code in codes for one in (*added, *settings.extend)
            )
            if any(matches(code, entry) for code in codes) and not exact and not wide:
                return _Gap(reason=f"'{entry}' is ignored", evidence=settings.where(self.repository, entry))
        if not any(matches(code, entry) for code in codes for entry in select):
            where = settings.where(self.repository, "select") if not selected else None
            shown = ", ".join(select[:12]) or "other rules"
            return _Gap(
                reason=f"only {shown} are selected, without the rule that finds this ({codes[0]})", evidence=where
            )
        for pattern, entries in settings.per_file if path is not None else ():
            hit = next((entry for entry in entries for code in codes if matches(code, entry)), None)
            if hit is not None and path is not None and applies(pattern, path):
                reason = f"'{hit}' is ignored for {pattern}"
                return _Gap(reason=reason, evidence=settings.where(self.repository, pattern))
        return None


def _runs_for(command: Command, path: str | None) -> str | None:
    """Why a command stops nothing, or nothing about this file; None where it does."""
    if command.idle:
        return command.idle
    if path is None:
        return None
    if command.only and not any(_glob(pattern, path) for pattern in command.only):
        return f"the workflow runs for changes of {', '.join(command.only[:4])} only"
    if command.files and not _found(command.files, path, unsure=True):
        return f"the hook gets files that match `{command.files}` only"
    if command.exclude and _found(command.exclude, path, unsure=False):
        return f"the hook leaves out files that match `{command.exclude}`"
    return None


def _glob(pattern: str, path: str) -> bool:
    return fnmatch.fnmatch(path, pattern.replace("**/", "*").replace("**", "*"))


_NESTED = re.compile(r"\([^()]*[+*}][^()]*\)\s*[+*{]")
"""Repetitions of repetitions, which may take for ever."""


def _found(expression: str, path: str, *, unsure: bool) -> bool:
    """Whether a hook's expression matches; `unsure` where it is none that can be tried in short time."""
    if len(expression) > 500 or len(path) > 500 or _NESTED.search(expression):
        return unsure
    try:
        return re.search(expression, path) is not None
    except (re.error, RecursionError):
        return unsure


def _is_checked(text: str | None, line: int | None, settings: Configuration, command: str) -> bool:
    """Whether mypy looks at a line: functions without any annotation are left out unless it is told otherwise."""
    asked = ("check_untyped_defs", "strict", "disallow_untyped_defs")
    if any(str(settings.options.get(name, "")).lower() in {"true", "1"} for name in asked):
        return True
    if "--strict" in command or "--check-untyped-defs" in command or line is None:
        return True
    try:
        tree = ast.parse(text or "")
    except (SyntaxError, ValueError, RecursionError):
        return True
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    if not around:
        return True
    inner = max(around, key=lambda node: node.lineno)
    arguments = [*inner.args.posonlyargs, *inner.args.args, *inner.args.kwonlyargs, inner.args.vararg, inner.args.kwarg]
    return inner.returns is not None or any(one is not None and one.annotation is not None for one in arguments)
