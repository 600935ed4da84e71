"""Whether Node.js reads a file as an ES module or as CommonJS, and which line of the repository decides that."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass
from typing import Literal

from shakeout.evidence.javascript import code
from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository

Decided = Literal["type", "no type", "ending"]

_TYPE = re.compile(r'"type"\s*:\s*"(?:module|commonjs)"')
# In code whose texts are blanked; `import(…)` is allowed in both kinds.
_ES_LINE = re.compile(r"^\s*(?:import(?:\s+[\w$*{]|\s*[*{]|\s*;?\s*$)|export(?:\s|[*{]))|\bimport\.meta\b")
_QUOTED = re.compile(r"(['\"`])([^'\"`\n]{1,300})\1")
_COMMON_LINE = re.compile(
    r"(?<![.\w$])require\s*\(|(?<![.\w$])module\s*\.\s*exports\b|(?<![.\w$])exports\s*[.\[]"
    r"|(?<![.\w$])(?:__dirname|__filename)(?![\w$])"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleKind:
    """
    What Node.js takes a file for: an ES module or, where `module` is False, CommonJS.

    `at` is what decides: the line of a package.json that says so, the package.json that says nothing, or the file
    itself, whose ending says it. None where there is no package.json above the file, which makes it CommonJS.
    """

    module: bool
    decided: Decided
    at: Locator | None

    @property
    def word(self) -> str:
        return kind_word(module=self.module)


def kind_word(*, module: bool) -> str:
    """How a kind of module is called in a sentence."""
    return "an ES module" if module else "CommonJS"


def kind_of(repository: Repository, path: str) -> ModuleKind | None:
    """What Node.js takes a file of the repository for; None for other files, and where package.json is no JSON."""
    ending = posixpath.splitext(path)[1]
    if ending in {".mjs", ".cjs"}:
        at = Locator(source="file", path=path, line=1, commit=repository.commit)
        return ModuleKind(module=ending == ".mjs", decided="ending", at=at)
    if ending != ".js":
        return None
    package = package_of(repository, path)
    if package is None:
        return ModuleKind(module=False, decided="no type", at=None)
    text = repository.text(package) or ""
    said = type_in(text)
    if said is None:
        return None
    line = next((number for number, row in enumerate(text.split("\n"), 1) if said and _TYPE.search(row)), None)
    at = Locator(source="file", path=package, line=line, commit=repository.commit)
    return ModuleKind(module=said == "module", decided="type" if line is not None else "no type", at=at)


def package_of(repository: Repository, path: str) -> str | None:
    """The package.json that Node.js asks about a file: that of the nearest folder above it."""
    folder = posixpath.dirname(path)
    while True:
        found = posixpath.join(folder, "package.json")
        if repository.is_file(found):
            return found
        if not folder:
            return None
        folder = posixpath.dirname(folder)


def type_in(text: str | None) -> str | None:
    """What a package.json says of its type: `module`, `commonjs`, or nothing (an empty text); None if unreadable."""
    try:
        data = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return None
    said = data.get("type") if isinstance(data, dict) else None
    return said if said in {"module", "commonjs"} else ""


def written_for(text: str, line: int) -> bool | None:
    """Whether a line is written as an ES module's (True) or as CommonJS (False); None where it may be either."""
    rows, plain = text.split("\n"), code(text).split("\n")
    if not 1 <= line <= len(rows):
        return None
    row = plain[line - 1]
    common, module = _COMMON_LINE.search(row) is not None, _ES_LINE.search(row) is not None
    return module if common is not module else None


def package_named(specifier: str) -> str:
    """The package that an import names: `@scope/name` or `name`, without what lies within it."""
    parts = specifier.split("/")
    return "/".join(parts[:2]) if specifier.startswith("@") else parts[0]


def specifier_in(row: str, tail: str) -> str | None:
    """The text between quotation marks in a line of code by which it imports what ends with `tail`."""
    found = (match[2] for match in _QUOTED.finditer(row))
    return next((name for name in found if f"/{name}".endswith(f"/{tail}")), None)
