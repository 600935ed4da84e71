"""Is a word that differs between otherwise equal lines a value (a name) or part of what the line says?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from shakeout.logs.templates.fold import SIGN

ANNOUNCES = frozenset(
    [
        "user",
        "username",
        "login",
        "account",
        "principal",
        "owner",
        "uid",
        "host",
        "hostname",
        "node",
        "machine",
        "peer",
        "domain",
        "file",
        "filename",
        "path",
        "directory",
        "folder",
        "package",
        "class",
        "bean",
        "database",
        "schema",
        "table",
        "bucket",
        "queue",
        "topic",
        "tenant",
        "customer",
        "client_id",
        "named",
        "called",
        "name",
    ]
)
"""Words after which a name follows: `for user alice`, `on host db-a`."""

PREPOSITIONS = frozenset(["for", "from", "by", "to", "on", "at", "of", "in", "with", "into", "via", "as"])

STATES = frozenset(["is", "are", "was", "were", "be", "been", "became", "becomes", "not"])
"""Words after which it is said what something is: `the breaker is open`, `is closed`, `is half-open`."""

NOTHING = frozenset({"null", "none", "nil", "undefined", "nan", "n/a", "unknown", "-", ""})
"""How programs write a value that is not there."""

QUOTES = frozenset("\"'`")

_LITERALS = NOTHING | {"true", "false"}
_ENCLOSE = frozenset("\"'[(`")
_FIELDS = frozenset("=|")
_OPENERS = frozenset("\"'[(:")
_ALTERNATIVES = frozenset(["true", "false", "yes", "no", "on", "off", "enabled", "disabled", "ok", "up", "down"])
_PREDICATE = re.compile(
    r"[a-z]+(?:ed|ing|ent)|is|are|was|were|has|had|have|not|no|and|or|for|to|in|on|of|at|from|by|with|can|cannot|could|will|"
    r"does|did|do|must|may|should|the|a|an|than|that|due|but|if|when|while",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(rf"[0-9_@$\\{SIGN}]|\w[.]\w|::|^[/~]|[a-z][A-Z]")
_NAMELIKE = re.compile(r"\w(?:.*\w)?", re.DOTALL)
_CODE = re.compile(r"[A-Z][A-Z0-9_]*\.?")
_NUMBERED = re.compile(r"(\w*[A-Za-z_])([0-9]+)")
_HEX = re.compile(r"[0-9a-f]{6,}|[0-9A-F]{6,}")
_SHORT_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")

AGREED = 5
KINDS_OF_KNOWN = 3
KINDS_BESIDE_A_VALUE = 4
KINDS_OF_NAME = 2
KINDS_OF_NUMBERED = 3
KINDS_OF_QUOTED_AGREED = 3
KINDS_OF_SUBJECT_AGREED = 5
KINDS_OF_IDENTIFIER = 4
KINDS_OF_SETTING = 4
KINDS_OF_WORD = 6
KINDS_OF_WORD_AGREED = 4
KINDS_OF_CODE = 9
KINDS_OF_CODE_ALONE = 5
KINDS_OF_SUBJECT = 24
KINDS_OF_STRANGER = 48
KINDS_OF_OBJECT = 3
KINDS_OF_TEXT = 4
KINDS_OF_CODE_OF_SETTINGS = 2
SETTINGS = 3
"""
How many different words one place must show before they are values: after a word that announces a name; of identifiers
(digits, dots, inner capitals); after `=` or a preposition; of plain words; of codes in capitals, which programs
enumerate (fewer where nothing else in the line differs: two states that differ together are a transition); and at the
beginning of a line, where the subject stands that names the event: of identifiers two dozen, of plain words as many as
nothing but names are (verbs and components are fewer), and codes always name it. The more the lines agree on otherwise
(`AGREED` words), the fewer kinds it takes in quotes and at the beginning. Objects (`is_object`) are known by few, or by
one more behind a colon, where a text may stand that tells events apart; codes behind `=` among `SETTINGS` others that
hold values by two.
"""


@lru_cache(maxsize=1 << 14)
def is_word(token: str) -> bool:
    """Whether a token can be a value at all: it has a letter or a digit, or a value's sign, or is the root path."""
    return SIGN in token or token == "/" or any(character.isalnum() for character in token)


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """
    Where a place stands.

    `before` and `earlier` are the two tokens in front of it (without space); `numbered`: a number in brackets is glued
    to it, as in `name(3)`; `whole`: quotes or brackets hold nothing else; `first`: it begins the line; `alone`: no
    other place differs, or in no code; `agreed`: how many words of the lines are equal; `settings`: how many values
    stand behind `=` beside this; `names`: how many of the words are names elsewhere (`names`); `sides`: all words stand
    for one another at the side of most lines; `opened`: words in it were found to be values where everything else was
    equal.
    """

    before: str
    earlier: str
    numbered: bool
    whole: bool
    first: bool
    alone: bool
    agreed: int
    settings: int
    names: int
    sides: bool
    opened: bool


def varies(values: Iterable[str], context: Context) -> bool:
    """Whether the words seen at one place (the rest of the line being equal) are values."""
    before, earlier = context.before, context.earlier
    seen = set(values)
    signed = SIGN in seen
    words = {word for word in seen if word != SIGN}
    lower = {word.lower() for word in words}
    if signed and lower <= _LITERALS:
        return True
    if _alternatives(lower):
        return False
    numbered = any(SIGN in word for word in seen)
    if context.whole and (signed or (numbered and (before not in QUOTES or all(map(_joined, words))))):
        return True
    if signed and all((_SHORT_HEX if before == "=" else _HEX).fullmatch(word) for word in words):
        return True
    if signed and all(_IDENTIFIER.search(word) or word.lower() in NOTHING for word in words):
        return True
    if not signed and _counted(words):
        return True
    kinds = len(words - {word for word in words if word.lower() in NOTHING}) + signed
    if context.numbered and kinds >= KINDS_OF_NUMBERED:
        return True
    identifiers = sum(1 for word in words if _IDENTIFIER.search(word) and not _CODE.fullmatch(word))
    coded = is_code(words)
    if coded and context.settings >= SETTINGS and kinds >= KINDS_OF_CODE_OF_SETTINGS:
        return True
    if _predicates(words):
        return kinds >= KINDS_OF_SUBJECT and not context.first
    if context.sides or (context.names >= KINDS_OF_KNOWN and context.names * 2 > len(words)):
        return True
    if signed and (context.opened or kinds >= KINDS_BESIDE_A_VALUE):
        return True
    if before in _FIELDS and any(SIGN in word for word in seen):
        return True
    if context.first:
        if context.agreed >= AGREED:
            return kinds >= KINDS_OF_SUBJECT_AGREED
        return kinds >= (KINDS_OF_SUBJECT if identifiers * 2 >= len(words) else KINDS_OF_STRANGER) and not coded
    setting = before == "=" or before in _ENCLOSE
    if (before in QUOTES or context.whole) and context.agreed >= AGREED and kinds >= KINDS_OF_QUOTED_AGREED:
        return True
    if coded:
        return kinds >= (KINDS_OF_SETTING if setting else KINDS_OF_CODE_ALONE if context.alone else KINDS_OF_CODE)
    if all("/" in word or "\\" in word for word in words):
        return kinds >= KINDS_OF_NAME
    if words and all(word.endswith(SIGN) for word in words):
        return kinds >= KINDS_OF_NAME
    if before.lower() in ANNOUNCES or (before in _OPENERS and earlier.lower() in ANNOUNCES):
        return kinds >= KINDS_OF_NAME
    if identifiers * 2 > len(words):
        return kinds >= KINDS_OF_IDENTIFIER
    if setting or before.lower() in PREPOSITIONS:
        return kinds >= KINDS_OF_SETTING
    return kinds >= (KINDS_OF_WORD_AGREED if context.agreed >= AGREED else KINDS_OF_WORD)


def is_object(words: set[str], *, text: bool, alone: bool) -> bool:
    """
    Whether words that stand by themselves are values: `moved to left`, `paid by card`.

    `text`: they are behind a colon; `alone`: no other place differs, or in no code.
    """
    return (
        len(words) >= (KINDS_OF_TEXT if text else KINDS_OF_OBJECT)
        and (alone or not is_code(words))
        and all(map(_NAMELIKE.fullmatch, words))
        and not _alternatives({word.lower() for word in words})
        and not _predicates(words)
        and sum(1 for word in words if _IDENTIFIER.search(word) and not _CODE.fullmatch(word)) * 2 <= len(words)
    )


def is_code(words: set[str]) -> bool:
    """Whether most words are in capitals, as programs write what they enumerate."""
    return sum(map(_is_code, words)) * 2 > len(words - {SIGN})


@lru_cache(maxsize=1 << 14)
def _is_code(word: str) -> bool:
    return len(word) > 1 and _CODE.fullmatch(word) is not None


def _predicates(words: set[str]) -> bool:
    return sum(1 for word in words if _PREDICATE.fullmatch(word)) * 2 >= max(1, len(words))


def _alternatives(lower: set[str]) -> bool:
    """Whether words are the two sides of a switch, or the same with one name in front: `power_on`, `power_off`."""
    return {word.rpartition("_")[2] for word in lower} <= _ALTERNATIVES | NOTHING


def surely(words: set[str], names: frozenset[str]) -> bool:
    """Whether most of what differs at a place are values by their look, or by what is known, rather than by number."""
    if SIGN in words:
        return True
    known = sum(1 for word in words if word in names or _IDENTIFIER.search(word))
    return known * 4 >= len(words) * 3


def _joined(word: str) -> bool:
    """Whether a word is a name that is joined by underscores, or has a number."""
    return "_" in word or SIGN in word


def _counted(words: Iterable[str]) -> bool:
    """Whether words are one name with different numbers, counted from zero or at least three: `eth0`, `eth1`."""
    found = [_NUMBERED.fullmatch(word) for word in words]
    if not all(found) or len(found) < 2:
        return False
    parts = [match.groups() for match in found if match is not None]
    numbers = {number for _, number in parts}
    return len({name for name, _ in parts}) == 1 and (len(numbers) > 2 or "0" in numbers)
