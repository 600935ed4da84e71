"""Linters and type checkers: what each finds, at which files a call looks, and what its configuration leaves out."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass, field
from typing import Any

from shakeout.evidence.model import Evidence
from shakeout.evidence.repository import Repository


@dataclass(frozen=True, slots=True)
class Linter:
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


_PYFLAKES = {"undefined-name": ("F821", "F823"), "unused-import": ("F401",), "undefined-export": ("F822",)}

LINTERS = (
    Linter(
        "ruff",
        re.compile(
            r"(?:^|[\s;&|/])ruff(?:\s+check\b|\s+(?!format\b|clean\b|rule\b|version\b)[\w.-/]|-pre-commit\b|-check\b)"
            r"|^ruff$|ruff-action|(?:^|[\s;&|/])ruff\s*$"
        ),
        {**_PYFLAKES, "syntax": ("E999", "invalid-syntax"), "type-checking-import": ("TC004", "TCH004")},
        ("E4", "E7", "E9", "F"),
    ),
    Linter(
        "flake8",
        _call("flake8"),
        {**_PYFLAKES, "syntax": ("E999",), "type-checking-import": ("TC004",)},
        ("E", "F", "W", "C9"),
    ),
    Linter("pyflakes", _call("pyflakes"), {"undefined-name": (), "syntax": (), "unused-import": ()}, ("",)),
    Linter(
        "pylint",
        _call("pylint"),
        {
            "undefined-name": ("E0602", "undefined-variable"),
            "possibly-unbound": ("E0606", "possibly-used-before-assignment"),
            "type-checking-import": ("E0601", "used-before-assignment"),
            "global-never-set": ("W0601", "global-variable-undefined"),
            "syntax": ("E0001",),
            "import": ("E0401", "import-error"),
            "attribute": ("E1101", "no-member"),
            "signature": ("E1120", "E1121", "E1123"),
        },
        ("E", "W", "C", "R", "F"),
    ),
    Linter(
        "mypy",
        _call("mypy|dmypy run"),
        {
            "undefined-name": (), "syntax": (), "import": (), "attribute": (), "signature": (), "await": (),
            "global-never-set": (), "possibly-unbound": ("possibly-undefined",),
        },
        (),
    ),
    Linter(
        "pyright",
        _call("pyright|basedpyright"),
        {
            "undefined-name": (), "syntax": (), "import": (), "attribute": (), "signature": (), "await": (),
            "possibly-unbound": ("reportPossiblyUnbound", "reportPossiblyUnboundVariable"),
        },
        (),
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """What a linter's configuration says; `per_file` has globs with the codes that are ignored there."""

    path: str | None = None
    select: tuple[str, ...] = ()
    extend: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Where it looks without being told; empty for everywhere."""
    options: dict[str, Any] = field(default_factory=dict)

    def where(self, repository: Repository, word: str) -> Evidence | None:
        """The line of the configuration that has a word."""
        if self.path is None:
            return None
        for number, row in enumerate(repository.lines(self.path), 1):
            if word in row and not row.lstrip().startswith(("#", ";")):
                return repository.quote(self.path, number)
        return None


def configuration(linter: str, repository: Repository, path: str | None) -> Configuration:
    """The configuration that counts for a file: for ruff the nearest one above it, else the one at the top."""
    reader = _READERS.get(linter)
    return reader(repository, path) if reader is not None else Configuration()


def operands(linter: Linter, text: str) -> tuple[str, ...]:
    """The files and folders that a command line names to the linter; empty where it names none."""
    segment = next((part for part in re.split(r"&&|\|\||;|\|", text) if linter.call.search(part)), "")
    try:
        words = shlex.split(segment, comments=True)
    except ValueError:
        words = segment.split()
    start = next((number for number, word in enumerate(words) if re.search(rf"(^|/){linter.name}", word)), -1)
    if start < 0:
        return ()
    found: list[str] = []
    skip = False
    for word in words[start + 1 :]:
        if skip or word in {"check", "run"} or word.startswith("-"):
            skip = word in _WITH_VALUE
            continue
        if word.startswith((">", "<", "2>")) or word.startswith("$"):
            continue
        found.append(word)
    return tuple(found)


_WITH_VALUE = {
    "--select", "--ignore", "--extend-select", "--extend-ignore", "--config", "--output-format", "--exclude", "-p",
    "--extend-exclude", "--per-file-ignores", "--rcfile", "--disable", "--enable", "-d", "-e", "-j", "--jobs",
    "--config-file", "--format", "--max-line-length", "--python-version", "-f", "--target-version", "--load-plugins",
}  # fmt: skip


def covers(targets: tuple[str, ...], folder: str, path: str, linter: str) -> bool:
    """Whether a call that names these files and folders, in that folder, looks at a file."""
    for target in targets or (".",):
        place = target.removeprefix("./").rstrip("/")
        if linter in {"pylint", "mypy"} and not place.endswith(".py") and "/" not in place and "." in place.strip("."):
            place = place.replace(".", "/")
        if place.startswith("../"):
            continue
        full = folder if place in {"", "."} else f"{folder}/{place}".lstrip("/")
        if not full or path == full or path.startswith(f"{full}/") or fnmatch.fnmatch(path, full):
            return True
        if linter in {"pylint", "mypy"} and path.startswith(f"src/{full}/"):
            return True
    return False


def excluded(patterns: tuple[str, ...], path: str) -> str | None:
    """The pattern that keeps a file out, by itself or by a folder that it is in."""
    parts = path.split("/")
    places = ["/".join(parts[: number + 1]) for number in range(len(parts))]
    for pattern in patterns:
        wanted = pattern.strip().removeprefix("./").rstrip("/")
        for place in places if wanted else ():
            if fnmatch.fnmatch(place, wanted) or fnmatch.fnmatch(place.rsplit("/", 1)[-1], wanted):
                return pattern
    return None


def applies(pattern: str, path: str) -> bool:
    """Whether a pattern of per-file-ignores is about a file: `*` matches across folders, `!` turns it round."""
    if pattern.startswith("!"):
        return not applies(pattern[1:], path)
    wanted = pattern.removeprefix("./").replace("**/", "*").replace("**", "*")
    return fnmatch.fnmatch(path, wanted) or fnmatch.fnmatch(path.rsplit("/", 1)[-1], pattern) or (
        pattern.startswith("**/") and fnmatch.fnmatch(f"/{path}", f"*/{pattern[3:]}")
    )  # fmt: skip


def _ruff(repository: Repository, path: str | None) -> Configuration:
    folder = (path or "").rpartition("/")[0]
    while True:
        for name in (".ruff.toml", "ruff.toml", "pyproject.toml"):
            place = f"{folder}/{name}".lstrip("/")
            data = _toml(repository.text(place))
            if data is not None and name == "pyproject.toml":
                data = data.get("tool", {}).get("ruff")
            if data:
                return _ruff_settings(place, folder, data)
        if not folder:
            return Configuration()
        folder = folder.rpartition("/")[0]


def _ruff_settings(place: str, folder: str, data: dict[str, Any]) -> Configuration:
    lint = {**data, **data.get("lint", {})}
    per_file = [*lint.get("per-file-ignores", {}).items(), *lint.get("extend-per-file-ignores", {}).items()]
    prefix = f"{folder}/" if folder else ""
    return Configuration(
        path=place,
        select=_texts(lint.get("select")),
        extend=_texts(lint.get("extend-select")),
        ignore=_texts(lint.get("ignore")) + _texts(lint.get("extend-ignore")),
        per_file=tuple(
            (pattern if pattern.startswith(("!", "*")) or "/" not in pattern else prefix + pattern, _texts(codes))
            for pattern, codes in per_file
        ),
        exclude=_texts(data.get("exclude")) + _texts(data.get("extend-exclude")) + _texts(lint.get("exclude")),
        files=_texts(data.get("include")) if "include" in data else (),
    )


def _flake8(repository: Repository, path: str | None) -> Configuration:
    for place in (".flake8", "setup.cfg", "tox.ini"):
        parser = _ini(repository.text(place))
        if parser is None or not parser.has_section("flake8"):
            continue
        section = parser["flake8"]

        def listed(*names: str, values: Any = section) -> tuple[str, ...]:
            return tuple(
                part for name in names for part in _split(values.get(name, values.get(name.replace("-", "_"), "")))
            )

        per_file = []
        for row in section.get("per-file-ignores", section.get("per_file_ignores", "")).split("\n"):
            pattern, colon, codes = row.partition(":")
            if colon:
                per_file += [(one, _split(codes)) for one in _split(pattern)]
        return Configuration(
            path=place,
            select=listed("select"),
            extend=listed("extend-select"),
            ignore=listed("ignore", "extend-ignore"),
            per_file=tuple(per_file),
            exclude=listed("exclude", "extend-exclude"),
        )
    return Configuration()


def _pylint(repository: Repository, path: str | None) -> Configuration:
    for place in (".pylintrc", "pylintrc", "setup.cfg", "tox.ini"):
        parser = _ini(repository.text(place))
        sections = (
            [name for name in parser.sections() if place.endswith("rc") or name.startswith("pylint")] if parser else []
        )
        found = {option: value for name in sections for option, value in (parser[name].items() if parser else ())}
        if found:
            return Configuration(
                path=place,
                extend=_split(found.get("enable", "")),
                ignore=_split(found.get("disable", "")),
                exclude=_split(found.get("ignore", "")),
            )
    tool = (_toml(repository.text("pyproject.toml")) or {}).get("tool", {}).get("pylint", {})
    sections_of = [tool, *(value for value in tool.values() if isinstance(value, dict))]
    values = {key: value for section in sections_of for key, value in section.items()}
    if not values:
        return Configuration()
    return Configuration(
        path="pyproject.toml",
        extend=_texts(values.get("enable")),
        ignore=_texts(values.get("disable")),
        exclude=_texts(values.get("ignore")),
    )


def _mypy(repository: Repository, path: str | None) -> Configuration:
    for place in ("mypy.ini", ".mypy.ini", "setup.cfg"):
        parser = _ini(repository.text(place))
        if parser is not None and parser.has_section("mypy"):
            return _mypy_settings(place, dict(parser["mypy"]))
    settings = (_toml(repository.text("pyproject.toml")) or {}).get("tool", {}).get("mypy")
    return _mypy_settings("pyproject.toml", settings) if settings else Configuration()


def _mypy_settings(place: str, settings: dict[str, Any]) -> Configuration:
    packages = tuple(name.replace(".", "/") for name in _texts(settings.get("packages")))
    return Configuration(
        path=place,
        select=("misc",),
        extend=_texts(settings.get("enable_error_code")),
        ignore=tuple(code for code in _texts(settings.get("disable_error_code")) if code == "name-defined"),
        files=_texts(settings.get("files")) + packages,
        options=settings,
    )


def _pyright(repository: Repository, path: str | None) -> Configuration:
    place = "pyrightconfig.json" if repository.is_file("pyrightconfig.json") else "pyproject.toml"
    if place.endswith(".json"):
        try:
            settings: Any = json.loads(repository.text(place) or "{}")
        except ValueError:
            settings = {}
    else:
        settings = (_toml(repository.text(place)) or {}).get("tool", {}).get("pyright", {})
    if not isinstance(settings, dict) or not settings:
        return Configuration()
    strict = settings.get("typeCheckingMode") == "strict"
    raised = [name for name, value in settings.items() if name.startswith("report") and value in {"error", True}]
    return Configuration(
        path=place,
        select=("-",),
        extend=(*raised, *(["reportPossiblyUnbound"] if strict else [])),
        exclude=_texts(settings.get("exclude")) + _texts(settings.get("ignore")),
        files=_texts(settings.get("include")),
    )


_READERS: dict[str, Callable[[Repository, str | None], Configuration]] = {
    "ruff": _ruff,
    "flake8": _flake8,
    "pylint": _pylint,
    "mypy": _mypy,
    "pyright": _pyright,
}


def flags(text: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The codes that a command line selects, adds, and ignores."""
    selected: list[str] = []
    added: list[str] = []
    ignored: list[str] = []
    expression = r"--((?:extend-)?(?:select|ignore)|disable|enable|enable-error-code)(?:=|\s+)([\w,.-]+)"
    for flag, value in re.findall(expression, text):
        place = ignored if flag in {"ignore", "extend-ignore", "disable"} else selected if flag == "select" else added
        place.extend(_split(value))
    return tuple(selected), tuple(added), tuple(ignored)


def matches(code: str, entry: str) -> bool:
    """Whether an entry of a configuration is about a code: by its beginning, or by `ALL`."""
    return entry in {"", "ALL", "all"} or (code.startswith(entry) and bool(entry))


def silenced(rows: tuple[str, ...], line: int | None, codes: tuple[str, ...], linter: str) -> Iterator[tuple[int, str]]:
    """(line, comment) of comments that keep the linter from telling of a line."""
    whole = {"ruff": r"#\s*(?:ruff|flake8)\s*:\s*noqa", "flake8": r"#\s*flake8\s*:\s*noqa"}.get(linter)
    if linter == "pylint":
        whole = r"#\s*pylint\s*:\s*(?:skip-file|disable=)"
    elif linter in {"mypy", "pyright"}:
        whole = r"^#\s*(?:mypy|type)\s*:\s*ignore" if linter == "mypy" else r"^#\s*pyright\s*:\s*(?:basic|ignore)"
    own = {
        "pylint": r"#\s*pylint\s*:\s*disable=",
        "mypy": r"#\s*type:\s*ignore",
        "pyright": r"#\s*(?:type|pyright):\s*ignore",
    }
    on_line = re.compile(own.get(linter, r"#\s*noqa\b"), re.I)
    in_file = re.compile(whole, re.I) if whole else None
    for number, row in enumerate(rows, 1):
        at_line = number == line and on_line.search(row)
        in_all = in_file.search(row) if in_file is not None and row.lstrip().startswith("#") else None
        found = at_line or in_all
        if found:
            rest = re.match(r"\s*[:=\[]?\s*([A-Za-z0-9 ,-]*)", row[found.end() :])
            named = _split(rest[1]) if rest else ()
            if not named or any(matches(code, name) for code in codes for name in named) or not codes:
                yield number, row.strip()


def _toml(text: str | None) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text) if text is not None else None
    except tomllib.TOMLDecodeError:
        return None


def _ini(text: str | None) -> ConfigParser | None:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text or "")
    except ConfigError:
        return None
    return parser


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return _split(value)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[\s,]+", re.sub(r"[#;].*", "", text)) if part)
