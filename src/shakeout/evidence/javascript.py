"""
What a JavaScript file exports and declares, as far as it can be told without running or parsing it as a whole.

Nothing is executed. Comments and texts are blanked first, so that a name in them counts for nothing. Where a form is
not known for certain, the answer is the one that keeps a rule silent.
"""

from __future__ import annotations

import re
from functools import lru_cache

SCRIPTS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
"""How files of JavaScript and TypeScript end."""

_NOISE = re.compile(
    r"//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"",
    re.DOTALL,
)
_EXPORTED = re.compile(r"\bexport\s+(?:async\s+)?(?:function\s*\*?|class|const|let|var|enum|interface|type)\s+([\w$]+)")
_LISTED = re.compile(r"\bexport\s*(?:type\s*)?\{([^{}]*)\}")
_UNPACKED = re.compile(r"\bexport\s+(?:const|let|var)\s*[{\[]([^=]{0,2000})[}\]]\s*=")
_ALL = re.compile(r"\bexport\s*\*(?!\s*as\b)")
_ALL_AS = re.compile(r"\bexport\s*\*\s*as\s+([\w$]+)")
_COMMON = re.compile(r"\bmodule\s*\.\s*exports\b|(?<![.\w$])exports\s*[.\[]")
_PARAMETERS = re.compile(r"\(([^()]*)\)\s*(?:=>|\{)|([\w$]+)\s*=>")
_DECLARED = re.compile(
    r"\b(?:function\s*\*?|class|enum|namespace)\s+([\w$]+)|\b(?:const|let|var)\b([^=;()]*)"
    r"|\bimport\b([\s\w$,{}*]*?)\bfrom\b|\bcatch\s*\(([^()]*)\)"
)
_FURTHER = re.compile(r"\b(?:const|let|var)\b([^;]*)", re.DOTALL)


@lru_cache(maxsize=64)
def code(text: str) -> str:
    """The text with comments and plain texts blanked; every line keeps its number."""
    return _NOISE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def exports(text: str) -> frozenset[str] | None:
    """The names that a module exports; None where that cannot be told (`export *`, CommonJS)."""
    plain = code(text)
    if _ALL.search(plain) or _COMMON.search(plain):
        return None
    found = set(_EXPORTED.findall(plain)) | set(_ALL_AS.findall(plain))
    for listed in (*_LISTED.findall(plain), *_UNPACKED.findall(plain)):
        found |= {words[-1] for item in listed.split(",") if (words := re.findall(r"[\w$]+", item))}
    if re.search(r"\bexport\s+default\b", plain):
        found.add("default")
    return frozenset(found)


def uses(text: str, line: int, name: str) -> bool:
    """Whether a line of the code has a name as a name of its own, not as a property or a key."""
    rows = code(text).split("\n")
    word = re.compile(rf"(?<![.\w$]){re.escape(name)}(?![\w$])")
    return 1 <= line <= len(rows) and word.search(rows[line - 1].replace("...", "   ")) is not None


def may_declare(text: str, name: str) -> bool:
    """Whether the file may declare the name somewhere: as a variable, function, class, import or parameter."""
    plain, word = code(text).replace("...", "   "), re.compile(rf"(?<![.\w$]){re.escape(name)}(?![\w$])")
    parts = [part for found in _DECLARED.findall(plain) for part in found if part]
    parts += [part for found in _PARAMETERS.findall(plain) for part in found if part]
    if any(word.search(part) for part in parts):
        return True
    # `const a = 1, b = 2`: what follows a comma is declared too; `name = 1` alone makes a global of it.
    further = rf"[,{{\[]\s*{re.escape(name)}\s*(?:=(?!=)|[,}}\]])"
    assigned = rf"(?<![.\w$]){re.escape(name)}\s*=(?![=>])"
    return bool(re.search(assigned, plain)) or any(re.search(further, part) for part in _FURTHER.findall(plain))
