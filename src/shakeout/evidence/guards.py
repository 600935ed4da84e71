"""Looks for guards: the checks of the repository that would have stopped a cause before it was deployed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from typing import Any

from shakeout.evidence.automation import Automation, Command
from shakeout.evidence.model import Evidence
from shakeout.evidence.repository import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardFinding:
    """Whether a guard is there, the sentence that says so, and what was seen."""

    present: bool
    statement: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Linter:
    """One tool: how it is called, and which of its codes answer a kind of question."""

    name: str
    call: re.Pattern[str]
    codes: dict[str, tuple[str, ...]]
    """Kind of fault to the codes that find it; an empty tuple where the tool always finds it."""
    default: tuple[str, ...]
    """Prefixes of the codes that are on without configuration; an empty text stands for all."""


def _call(names: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?:^|[\s;&|/])(?:python3? -m |uvx? (?:run )?|poetry run |pipx run |hatch run )?(?:{names})(?:\s|$|@)"
    )


LINTERS = (
    _Linter(
        "ruff",
        re.compile(
            r"(?:^|[\s;&|/])ruff(?:\s+check\b|\s+(?!format\b|clean\b|rule\b)[\w.-/]|-pre-commit\b|-check\b)|^ruff$|ruff-action"
        ),
        {
            "undefined-name": ("F821", "F823"),
            "syntax": ("E999", "invalid-syntax"),
            "unused-import": ("F401",),
            "undefined-export": ("F822",),
        },
        ("E4", "E7", "E9", "F"),
    ),
    _Linter(
        "flake8",
        _call("flake8"),
        {
            "undefined-name": ("F821", "F823"),
            "syntax": ("E999",),
            "unused-import": ("F401",),
            "undefined-export": ("F822",),
        },
        ("E", "F", "W", "C9"),
    ),
    _Linter("pyflakes", _call("pyflakes"), {"undefined-name": (), "syntax": (), "unused-import": ()}, ("",)),
    _Linter(
        "pylint",
        _call("pylint"),
        {
            "undefined-name": ("E0602", "undefined-variable"),
            "syntax": ("E0001",),
            "import": ("E0401", "import-error"),
            "attribute": ("E1101", "no-member"),
            "signature": ("E1120", "E1121", "E1123"),
        },
        ("E", "W", "C", "R", "F"),
    ),
    _Linter(
        "mypy",
        _call("mypy"),
        {"undefined-name": (), "syntax": (), "import": (), "attribute": (), "signature": (), "await": ()},
        ("",),
    ),
    _Linter(
        "pyright",
        _call("pyright|basedpyright"),
        {"undefined-name": (), "syntax": (), "import": (), "attribute": (), "signature": (), "await": ()},
        ("",),
    ),
)


class Guards:
    """Answers whether the repository has a guard, by its kind."""

    described_as = Repository.described_as

    def __init__(self, repository: Repository, automation: Automation | None = None) -> None:
        self.repository = repository
        self.automation = automation or Automation(repository)

    def find(self, kind: str, arguments: tuple[str, ...], missing: str) -> GuardFinding | None:
        """
        Look for a guard; None where nothing can look for that kind.

        Kinds: `lint-rule` (argument: a kind of fault that linters and type checkers know), `command` (arguments:
        regular expressions, any of which a command of CI or of a hook has to match), `image-test` and others are
        `command` with their own expressions.
        """
        if kind == "lint-rule":
            return self._lint_rule(arguments[0], missing)
        if kind == "command":
            return self._command(arguments, missing)
        return None

    def _command(self, patterns: tuple[str, ...], missing: str) -> GuardFinding:
        for pattern in patterns:
            for command in self.automation.find(re.compile(pattern)):
                quoted = self.automation.quote(command)
                if quoted is not None:
                    return GuardFinding(
                        present=True, statement=f"{command.path} runs `{command.text}`", evidence=(quoted,)
                    )
        return GuardFinding(present=False, statement=missing, evidence=(self.automation.absence("does this"),))

    def _lint_rule(self, fault: str, missing: str) -> GuardFinding:
        without: list[tuple[_Linter, Command, str, Evidence | None]] = []
        for linter in LINTERS:
            if fault not in linter.codes:
                continue
            for command in self.automation.find(linter.call):
                enabled, reason, setting = self._enabled(linter, fault, command)
                quoted = self.automation.quote(command)
                if enabled and quoted is not None:
                    return GuardFinding(
                        present=True,
                        statement=f"{command.path}:{command.line} runs {linter.name}, which looks for this",
                        evidence=(quoted,),
                    )
                without.append((linter, command, reason, setting))
        for linter, command, reason, setting in without:
            quoted = self.automation.quote(command)
            if quoted is not None:
                found = (quoted,) if setting is None else (quoted, setting)
                statement = (
                    f"{command.path}:{command.line} runs {linter.name} without the rule that finds this ({reason})"
                )
                return GuardFinding(present=False, statement=statement, evidence=found)
        return GuardFinding(present=False, statement=missing, evidence=(self.automation.absence("looks for this"),))

    def _enabled(self, linter: _Linter, fault: str, command: Command) -> tuple[bool, str, Evidence | None]:
        """Whether the linter as called finds this kind of fault; else why not, and the line of the setting."""
        codes = linter.codes[fault]
        if not codes:
            return True, "", None
        selected, ignored = _flags(command.text)
        configured = _CONFIGURATIONS.get(linter.name, _no_configuration)(self.repository)
        select = selected or configured.select or list(linter.default)
        select += configured.extend
        ignore = ignored + configured.ignore
        if any(_covered(code, ignore) for code in codes):
            entry = next(entry for entry in ignore for code in codes if _matches(code, entry))
            return False, f"'{entry}' is ignored", configured.where(self.repository, entry)
        if not any(_covered(code, select) for code in codes):
            where = configured.where(self.repository, "select") if not selected else None
            return False, f"only {', '.join(select)} are selected", where
        return True, "", None


@dataclass(frozen=True, slots=True)
class _Configuration:
    path: str | None
    select: list[str]
    extend: list[str]
    ignore: list[str]

    def where(self, repository: Repository, word: str) -> Evidence | None:
        """The line of the configuration that has a word."""
        if self.path is None:
            return None
        for number, row in enumerate(repository.lines(self.path), 1):
            if word in row and not row.lstrip().startswith("#"):
                return repository.quote(self.path, number)
        return None


def _no_configuration(repository: Repository) -> _Configuration:
    return _Configuration(None, [], [], [])


def _ruff(repository: Repository) -> _Configuration:
    for path in (".ruff.toml", "ruff.toml", "pyproject.toml"):
        text = repository.text(path)
        if text is None:
            continue
        try:
            data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        if path == "pyproject.toml":
            data = data.get("tool", {}).get("ruff", {})
            if not data:
                continue
        lint = {**data, **data.get("lint", {})}
        return _Configuration(
            path,
            _texts(lint.get("select")),
            _texts(lint.get("extend-select")),
            _texts(lint.get("ignore")) + _texts(lint.get("extend-ignore")),
        )
    return _no_configuration(repository)


def _flake8(repository: Repository) -> _Configuration:
    for path in (".flake8", "setup.cfg", "tox.ini"):
        text = repository.text(path)
        parser = ConfigParser(interpolation=None)
        try:
            parser.read_string(text or "")
        except ConfigError:
            continue
        if parser.has_section("flake8"):
            section = parser["flake8"]
            return _Configuration(
                path,
                _split(section.get("select", "")),
                _split(section.get("extend-select", "")),
                _split(section.get("ignore", "")) + _split(section.get("extend-ignore", "")),
            )
    return _no_configuration(repository)


def _pylint(repository: Repository) -> _Configuration:
    for path in (".pylintrc", "pylintrc", "setup.cfg"):
        parser = ConfigParser(interpolation=None)
        try:
            parser.read_string(repository.text(path) or "")
        except ConfigError:
            continue
        for section in parser.sections():
            if parser.has_option(section, "disable"):
                return _Configuration(path, [], [], _split(parser.get(section, "disable")))
    text = repository.text("pyproject.toml")
    try:
        tool = tomllib.loads(text or "").get("tool", {}).get("pylint", {})
    except tomllib.TOMLDecodeError:
        tool = {}
    for section in tool.values():
        if isinstance(section, dict) and "disable" in section:
            return _Configuration("pyproject.toml", [], [], _texts(section["disable"]))
    return _no_configuration(repository)


_CONFIGURATIONS: dict[str, Callable[[Repository], _Configuration]] = {
    "ruff": _ruff,
    "flake8": _flake8,
    "pylint": _pylint,
}


def _flags(text: str) -> tuple[list[str], list[str]]:
    selected: list[str] = []
    ignored: list[str] = []
    for flag, value in re.findall(r"--((?:extend-)?(?:select|ignore)|disable|enable)[= ]([\w,.-]+)", text):
        (ignored if flag in {"ignore", "extend-ignore", "disable"} else selected).extend(_split(value))
    if re.search(r"--exit-zero\b|\|\|\s*true\b", text):
        ignored.append("ALL")
    return selected, ignored


def _covered(code: str, entries: list[str]) -> bool:
    return any(_matches(code, entry) for entry in entries)


def _matches(code: str, entry: str) -> bool:
    return entry in {"", "ALL", "all"} or code.startswith(entry)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return _split(value)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"[\s,]+", re.sub(r"#.*", "", text)) if part]
