"""
What a text says of a setting that is missing or refused.

The wordings are those of pydantic-settings, environs, django-environ, python-decouple, Starlette, `os.environ`,
dynaconf, envalid, env-var, dotenv-safe, zod, Spring, Go's envconfig and caarlos0/env, Ruby's ENV.fetch and shells.
Every expression is anchored at a word and bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMIT = 4000
"""Characters of a text that are looked at."""

_NAME = r"['\"`]?\$?\{?(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)\}?['\"`]?"
_NOT_SET = (
    r"(?:(?:is|was|are|were) )?(?:required|missing|not set|unset|not defined|undefined|not provided|not found|empty"
    r"|unbound variable|parameter (?:null or )?not set|must be (?:set|provided|defined|specified|configured)"
    r"|is a required (?:environment )?variable|must not be (?:empty|blank|none)"
    r"|(?:has|have) to be set|not (?:been )?configured|needs to be set)"
)
_MISSING = (
    re.compile(rf"\b{_NAME}: expected [^\n]{{1,200}}, got nothing\b"),
    re.compile(rf"(?i:environment variables?|env(?:ironment)? vars?|settings?|variables?|config(?:uration)?|key)"
               rf"(?i: named| called)?:? ?{_NAME}(?i: environment variable| variable)?[,:]? (?:but )?(?:it )?"
               rf"(?i:{_NOT_SET})"),
    re.compile(rf"(?i:missing|undefined|unset|required|no|set(?: the)?|requires(?: the)?|provide(?: the)?)"
               rf"(?i: (?:required|mandatory|necessary|following))?"
               rf"(?i: (?:env(?:ironment)?(?: variables?| vars?)|variables?|settings?|config(?:uration)?(?: key)?"
               rf"|key)(?:\(s\))?)?"
               rf"(?: (?:in|from) [\w ]{{1,30}})?:?\s{{1,4}}{_NAME}(?![\w.])"),
    re.compile(rf"(?<![\w.$]){_NAME}(?i: environment variable| env var| variable| setting)?:? (?:it )?(?i:{_NOT_SET})"),
    re.compile(rf"\b{_NAME} not found\. Declare it as envvar"),
    re.compile(rf"Could not resolve placeholder {_NAME}"),
    re.compile(rf"required key {_NAME} missing value"),
    re.compile(rf"key not found: {_NAME}"),
)  # fmt: skip
_PYDANTIC = re.compile(r"^(?P<name>[A-Za-z]\w{0,80})\n\s{1,8}(?:Field required|field required)", re.M)
_PYDANTIC_INLINE = re.compile(r"^\d+ validation errors? for \w+", re.M)
_ZOD = re.compile(r"\"path\": ?\[\s{0,20}\"(?P<name>[A-Za-z]\w{0,80})\"\s{0,20}\],[^}]{0,120}\"(?:Required"
                  r"|Invalid input: expected \w+, received undefined)\"")  # fmt: skip
_INVALID = re.compile(rf"\b{_NAME}: expected [^\n]{{1,200}}, got (?!nothing\b)")
_PLAIN_WORDS = frozenset({"ERROR", "WARNING", "CRITICAL", "FATAL", "INFO", "DEBUG", "ENV", "GET", "POST", "HTTP", "URL",
                          "JSON", "SQL", "TLS", "SSL", "NULL", "TODO", "API", "DNS", "TCP", "PID"})  # fmt: skip
_LOOKUPS = ("environ[", "os.getenv", "environ.get", "ENV[", "env[", "getenv(", "environ.__getitem__", "os.environ")


@dataclass(frozen=True, slots=True)
class Said:
    """One variable that a text names; `missing` is False where it is there and refused."""

    variable: str
    missing: bool = True


def settings_in(text: str, type_: str = "") -> tuple[Said, ...]:
    """Every variable that the text says is missing or refused, in the text's order; in upper case."""
    text = text[:LIMIT]
    found: dict[str, Said] = {}
    for pattern in _MISSING:
        for match in pattern.finditer(text):
            name = match["name"]
            if name and name not in _PLAIN_WORDS and len(name) > 2:
                found.setdefault(name, Said(name))
    validation = type_.endswith("ValidationError") or bool(_PYDANTIC_INLINE.search(text))
    for pattern in ((_PYDANTIC,) if validation else ()) + (_ZOD,):
        for match in pattern.finditer(text):
            found.setdefault(match["name"].upper(), Said(match["name"].upper()))
    for match in _INVALID.finditer(text):
        found.setdefault(match["name"], Said(match["name"], missing=False))
    return tuple(found.values())


def key_error(type_: str, message: str, code: str) -> Said | None:
    """The variable of a KeyError that a lookup in the environment raised: `code` is the line that looked it up."""
    match = re.fullmatch(r"['\"]([A-Za-z]\w{0,80})['\"]", message.strip())
    if type_.rpartition(".")[2] != "KeyError" or match is None:
        return None
    return Said(match[1]) if any(word in code for word in _LOOKUPS) else None
