"""Which variable an error is about, in the words of the usual libraries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import own_frame
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.model import Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog

Way = Literal["unset", "refused"]

_NAME = r"([A-Za-z_][A-Za-z0-9_]{1,80})"
_UPPER = r"[\"'`]?\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{4,})\b[\"'`]?"
_READS = re.compile(
    r"environ|getenv|process\.env|\bENV(?:\[|\.fetch\b)|\benv\b|\benv[.\[(]|\bconfig\(|import\.meta\.env|os\.Getenv|System\.getenv"
)
_BARE = re.compile(r"(?<![\w.])(?:environ|env)\b")
_BOUND = re.compile(
    r"import\b[^\n]*\b(?:environ|env)\b|^\s*(?:(?:const|let|var)\s+)?\{?\s*(?:environ|env)\b[^\n]*=[^=]"
)
_SAYS_SO = re.compile(r"\benv(?:iron|ironment)?\b|envvar|\bsetting|\bconfig", re.I)
_UNSET = (
    re.compile(rf"\bkey not found: \"{_NAME}\""),  # Ruby's ENV.fetch
    re.compile(rf"Environment variable \"?{_NAME}\"? not set"),  # environs
    re.compile(rf"{_NAME} not found\. Declare it as envvar"),  # python-decouple
    re.compile(rf"[Ss]et the {_NAME} environment variable"),  # django-environ and Django's documentation
    re.compile(rf"The {_NAME} setting must not be empty"),  # Django
    re.compile(
        r"(?:[Mm]issing|[Rr]equired|[Uu]ndefined|[Uu]nset|[Nn]o)\b[\w ]{0,30}\b(?:env(?:ironment)?(?: variable)?s?"
        rf"|setting|variable|configuration|config|secret)\b[^A-Z\n]{{0,20}}{_UPPER}"
    ),
    re.compile(
        rf"{_UPPER}[^.\n]{{0,30}}\b(?:is (?:not set|missing|required|undefined|not defined|not configured|unset|empty)"
        r"|must be (?:set|defined|provided)|not set|not defined in the environment|environment variable is)\b"
    ),
    re.compile(rf"(?:[Ee]nvironment variable|env var) {_UPPER} (?:is )?(?:required|not found|missing|not set)"),
)
_REFUSED = (
    re.compile(rf"Environment variable \"?{_NAME}\"? invalid"),  # environs
    re.compile(rf"[Ii]nvalid (?:value )?(?:for |of )?(?:the )?(?:environment variable )?{_UPPER}"),
    re.compile(
        rf"{_UPPER}[^.\n]{{0,40}}\b(?:is (?:not (?:a )?valid|invalid)|must be (?:an?|one of)|must (?:start|begin))\b"
    ),
)
_KINDS = re.compile(
    r"invalid literal for int|could not convert string to float|[Ii]nvalid (?:truth value|URL|port|DSN|connection)"
    r"|[Cc]ould not parse|Can't load plugin|must specify one of the following schemes|No scheme supplied"
    r"|unknown url type|[Pp]ort (?:could not be cast|out of range|should be)|Not a boolean|ERR_INVALID_URL"
    r"|Invalid header value|Incorrect padding|Could not deserialize key|Unsupported database"
    r"|No connection adapters|illegal characters|Request URL is missing an? '?https?://"
)
_HEAD = re.compile(r"\d+ validation errors? for (\w+)")
_FIELD = re.compile(r"^(\w[\w.]{0,200})\n {1,8}(.{0,2000}?)\[type=(\w+)", re.M)


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """A variable that an error is about, and the line that reads it."""

    variable: str
    way: Way
    at: Locator | None


def about(
    raised: ExceptionRaised | ErrorLogged,
    paths: SourcePaths,
    log: ErrorLog | None,
    declared: Callable[[], frozenset[str]],
) -> Iterator[About]:
    """
    Each variable that an error names, or that the failing line reads.

    `declared` gives the names that the repository's configuration sets: on a failing line, they count as variables too.
    """
    repository = paths.repository
    if isinstance(raised, ErrorLogged):
        yield from _by_text(raised.text, repository, None, declared)
        return
    at = own_frame(raised, paths, log)
    row = _row(repository, at)
    if raised.simple_type == "ValidationError" and _HEAD.search(raised.message):
        yield from _pydantic(raised.message, repository)
    elif raised.simple_type in {"KeyError", "ImproperlyConfigured"} and (
        match := re.fullmatch(rf"'{_NAME}'", raised.message.strip())
    ):
        if at is None or not _reads(row, repository.lines(at.path)):
            return
        if match[1] in row:
            yield About(variable=match[1], way="unset", at=at)
        elif match[1].isupper() and (read := _reading(repository, match[1])) is not None:
            yield About(variable=match[1], way="unset", at=read)
    elif raised.simple_type not in {"NameError", "ModuleNotFoundError", "AttributeError"}:
        found = list(_by_text(raised.message, repository, at, declared))
        if not found and _KINDS.search(raised.message):
            found = list(_on_line(repository, at, declared()))
        yield from found


def _row(repository: Repository, at: Locator | None) -> str:
    rows = repository.lines(at.path) if at is not None else ()
    return rows[at.line - 1] if at is not None and at.line and at.line <= len(rows) else ""


def _by_text(
    text: str, repository: Repository, at: Locator | None, declared: Callable[[], frozenset[str]]
) -> Iterator[About]:
    for way, patterns in (("unset", _UNSET), ("refused", _REFUSED)):
        for pattern in patterns:
            match = pattern.search(text[:4000])
            if match is None or text[: match.start()].endswith("name "):
                continue  # `name 'X' is not defined` is Python's, of a name
            read = _reading(repository, match[1])
            known = _SAYS_SO.search(match[0]) or _is_read(repository, read or at, match[1]) or match[1] in declared()
            if known and (read is not None or at is not None):
                yield About(variable=match[1], way="unset" if way == "unset" else "refused", at=read or at)
                return


def _is_read(repository: Repository, at: Locator | None, variable: str) -> bool:
    """Whether a line names a variable in a file that reads the environment: the words of a text alone do not say so."""
    row = _row(repository, at)
    if at is None or re.search(rf"\b{re.escape(variable)}\b", row) is None:
        return False
    return _READS.search(row) is not None or any(_READS.search(other) for other in repository.lines(at.path))


def _reads(row: str, rows: Sequence[str]) -> bool:
    """Whether a line reads the environment; what is only called `env` has to be that by another line of the file."""
    found = [match[0] for match in _READS.finditer(row) if not _BARE.match(row, match.start())]
    if found or _READS.search(row) is None:
        return bool(found)
    return any(_BOUND.search(other) for other in rows)


def _on_line(repository: Repository, at: Locator | None, declared: frozenset[str]) -> Iterator[About]:
    """The variables that the failing statement reads, by their own name or through a name that was read before."""
    row = _row(repository, at)
    words = dict.fromkeys(re.findall(r"[A-Za-z_]\w*", row))
    for word in words:
        if word in declared and (_READS.search(row) or word.isupper()):
            yield About(variable=word, way="refused", at=at)
        elif word.upper() in declared and len(word) > 3:
            read = _reading(repository, word.upper())
            if read is not None:
                yield About(variable=word.upper(), way="refused", at=read)
        else:
            yield from _given(word, repository, declared)


def _given(word: str, repository: Repository, declared: frozenset[str]) -> Iterator[About]:
    """The variable that a name was given at one place of the code: `TOKEN = os.environ["PAYMENT_TOKEN"]`."""
    pattern = rf"^[[:space:]]*(self\.)?{word}[[:space:]]*(:[^=]*)?=[^=].*(environ|getenv|env[.(\[]|config\()"
    places = repository.grep(pattern, ["*.py", "*.js", "*.ts"], fixed=False) if len(word) > 2 else ()
    for at in places if len(places) == 1 else ():
        for name in re.findall(r"[\"'.](\w+)\b", _row(repository, at)):
            if name in declared:
                yield About(variable=name, way="refused", at=at)


def _reading(repository: Repository, variable: str) -> Locator | None:
    """The first line of the code that reads a variable."""
    found = repository.grep(variable, ["*.py", "*.js", "*.mjs", "*.cjs", "*.ts", "*.go", "*.java"])
    reads = [at for at in found if _READS.search(_row(repository, at)) and not re.search(r"(?:^|/)tests?/", at.path)]
    other = [at for at in found if not re.search(r"(?:^|/)tests?/", at.path)]
    return next(iter([*reads, *other]), None)


def _pydantic(message: str, repository: Repository) -> Iterator[About]:
    """Fields of a settings class: the variable is the prefix and the field's name, or its alias."""
    head = _HEAD.search(message)
    model = head[1] if head else ""
    place = next(iter(repository.grep(rf"^class {model}\(", ["*.py"], fixed=False)), None)
    if place is None or not re.search(r"Settings|BaseConfig", _row(repository, place)):
        return
    rows = repository.lines(place.path)
    body = rows[place.line or 0 :]
    prefix = next((found[1] for row in rows if (found := re.search(r"env_prefix\s*=\s*[\"'](\w*)[\"']", row))), "")
    for field, _, kind in _FIELD.findall(message):
        name = field.split(".")[0]
        alias = next((row for row in rows if re.search(rf"alias\s*=\s*[\"']{re.escape(name)}[\"']", row)), None)
        line = next(
            (
                number
                for number, row in enumerate(body, (place.line or 0) + 1)
                if re.match(rf"\s+{re.escape(name)}\s*:", row) or row == alias
            ),
            place.line,
        )
        own = f"{prefix}{name}".upper()
        variable = name.upper() if alias or name.upper().startswith(prefix.upper() or "\0") else own
        yield About(
            variable=variable,
            way="unset" if kind == "missing" else "refused",
            at=Locator(source="file", path=place.path, line=line, commit=repository.commit),
        )
