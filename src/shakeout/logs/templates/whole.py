"""Parts of a line that are one value however long they are: statements, objects, addresses, lists, runs of settings."""

from __future__ import annotations

import re

from shakeout.logs.templates.fold import SIGN

SAYS = frozenset(["msg", "message", "text", "log", "event", "err", "error", "reason", "cause", "detail", "description"])
"""Settings in which programs write what they say; all others are values if they are quoted."""

VALUES = 8
"""How many values a line must have that is of an access log."""

SPOKEN = 3
"""How many words must be said before an object for it to be a value; else it is what the line says."""

RANDOM = 20
"""Letters and digits of a word from which on it may be an identifier that the fold left alone."""

_NEAR = 60
_STATEMENT = re.compile(
    r": (?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|MERGE INTO|BEGIN|COMMIT|ROLLBACK)\b.*"
)
_ASKED = re.compile(r"(?i:\b(statement|query|sql|execute)(?: [^\s:]{1,40})?$)")
_SAID = "|".join(sorted(SAYS))
_SETTING = rf"""(?!(?:{_SAID}):)[a-z][\w-]*: (?:"[^"]*"|(?![A-Z]{{2,}}\b)[^\s",:]+)"""
_ENDS_SET = re.compile(rf"(?:^|\s){_SETTING}, $")
_SETTINGS = re.compile(rf"(?<=, ){_SETTING}(?:, {_SETTING}){{2,}}")
_LITERAL = re.compile(r""": (?:'[^'\s]*'|"[^"\s]*"|\[[^\[\]]*\]|\{[^{}]*\}|None|True|False|null|nil)$""")
_YIELDS = re.compile(rf"(?i:(?:\b(?:in|after|took) {SIGN}(?: [a-z]+)?|\b(?:value|result|return)\w*(?: \w+)?))$")
_BRACE = re.compile("[{}]")
_SAYING = re.compile(rf"(?i:(?:{_SAID}|action|outcome|result|state|status)\w*[\"']? ?[:=])")
_SPOKEN = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{3,}(?![0-9A-Za-z])")
_URN = re.compile(rf"\b[au]rn:[\w.:/+{SIGN}-]+")
_INDEXED = re.compile(rf"[\w{SIGN}]\[")
_INDEX = rf"\[(?:\"[^\"\s]*\"|'[^'\s]*'|[0-9A-Za-z_:.{SIGN}-]*{SIGN}[0-9A-Za-z_:.{SIGN}-]*)\]"
_ADDRESS = re.compile(
    rf"(?<![\w./{SIGN}-])(?:[\w{SIGN}-]+\.[\w.{SIGN}-]*[\w{SIGN}-]|{SIGN}|unknown)"
    rf"(?:{_INDEX}(?:\.[\w.{SIGN}-]*[\w{SIGN}-])?)+(?=[\s:,;]|$)"
)
_NAME = rf"[\w./{SIGN}-]+"
_NAMES = re.compile(rf"(\[|(?<=\w)\(|\((?=[^()]*{SIGN})){_NAME}(?:, {_NAME})+(?=[)\]])")
_STAND_IN = re.compile(
    r"(?<![\w.<-])(?:[\w.-]+/)?<(?:[A-Z]{3,}|none|null|nil|unknown|unset|empty|anonymous|unnamed)>(?![\w>])"
)
_PRODUCT = rf"(?!HTTP/)[A-Za-z][\w-]*/{SIGN}"
_AGENT = re.compile(rf"(?<![\w./{SIGN}-]){_PRODUCT}(?: \([^()]*\)| {_PRODUCT})*(?![\w./-])")
_ENDS = r"[^\s=:,;()\[\]{}<>\"'|]"
_PLAIN = re.compile(rf"(?<!{_ENDS})(?:(?!{SIGN}){_ENDS})+(?!{_ENDS})")
_SENTENCE = re.compile(rf"(?<!{_ENDS})[A-Za-z']+[ ,:]+[A-Za-z']+(?!{_ENDS})")
_REQUEST = re.compile(rf'"(?:(?:[A-Z]{{3,}}|{SIGN}) )?[^"\s]+ HTTP/{SIGN}"')
_OF_CLIENT = re.compile(r'"[^"]*"[^"]*"|\{')
_LONG = re.compile(rf"[0-9A-Za-z]{{{RANDOM},}}")
_HUMP = re.compile(r"[a-z](?=[A-Z])")


def whole(text: str) -> str:
    """The text of a key with the sign for each of such parts."""
    if ": " in text:
        text = _with_statement(text)
        if text.count(": ") > 2:
            text = _with_settings(text)
        text = _LITERAL.sub(_if_yielded, text)
    if '{"' in text or "{'" in text:
        text = _with_objects(text)
    if "rn:" in text:
        text = _URN.sub(SIGN, text)
    if "<" in text:
        text = _STAND_IN.sub(SIGN, text)
    if f"/{SIGN}" in text:
        text = _AGENT.sub(SIGN, text)
    if "[" in text and _INDEXED.search(text):
        text = _ADDRESS.sub(SIGN, text)
    if ", " in text:
        text = _NAMES.sub(rf"\1{SIGN}", text)
    text = _LONG.sub(_random, text)
    return _without_words(text) if f'HTTP/{SIGN}"' in text else text


def _without_words(text: str) -> str:
    """
    The sign for every word of a line of an access log: at most one word for four values, no two in a row.

    Where nothing is said of the client, the method of a request may tell events apart.
    """
    record = _REQUEST.sub(f'"{SIGN} HTTP/{SIGN}"', text)
    values = record.count(SIGN) + record.count('"-"')
    if values < VALUES or _SENTENCE.search(record) or not _OF_CLIENT.search(record):
        return text
    few = sum(any(map(str.isalpha, word)) for word in _PLAIN.findall(record)) * 4 <= values
    return _PLAIN.sub(SIGN, record) if few else text


def _with_statement(text: str) -> str:
    """The sign for what a database was asked, with the name by which it was, `query: SELECT ...`, `execute s7: ...`."""
    found = _STATEMENT.search(text)
    asked = _ASKED.search(text, max(0, found.start() - _NEAR), found.start()) if found else None
    return f"{text[: asked.end(1)]}: {SIGN}" if asked else text


def _with_settings(text: str) -> str:
    """The sign for three settings and more at the end of a text, `name: value, name: value`, that says something."""
    runs = list(_SETTINGS.finditer(text))
    if not runs or runs[-1].end() < len(text) or _ENDS_SET.search(text[: runs[-1].start()]):
        return text
    return text[: runs[-1].start()] + SIGN


def _if_yielded(found: re.Match[str]) -> str:
    """The sign for a literal that something yielded: `done in 3 s: None`, `value was: [1, 2]`."""
    yielded = _YIELDS.search(found.string, max(0, found.start() - _NEAR), found.start())
    return found[0] if not yielded or _SAYING.search(found[0]) else f": {SIGN}"


def _with_objects(text: str) -> str:
    """The sign for each object behind a mark, `made from spec={"port": 1}`, in a text that says something before it."""
    parts: list[str] = []
    begun, done, depth = 0, 0, 0
    for brace in _BRACE.finditer(text):
        at = brace.start()
        if not depth:
            if text[at + 1 : at + 2] in ('"', "'") and at and not text[at - 1].isspace():
                begun, depth = at, 1
        elif brace[0] == "{":
            depth += 1
        else:
            depth -= 1
            if not depth and not _SAYING.search(text, begun, at) and len(_SPOKEN.findall(text, 0, begun)) >= SPOKEN:
                parts += (text[done:begun], SIGN)
                done = at + 1
    return "".join((*parts, text[done:]))


def _random(found: re.Match[str]) -> str:
    """The sign for letters that no person put together: as many capitals as others, one here and one there."""
    word = found[0]
    capitals = sum(map(str.isupper, word))
    return SIGN if capitals * 3 > len(word) and len(_HUMP.findall(word)) * 6 > len(word) else word
