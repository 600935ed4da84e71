"""
`${…}` in the manifest's values.

Known early, from the caller: `${env.NAME}`, `${env.NAME:-default}`, `${secrets.NAME}`, `${python}`, `${commit}`,
`${environment}`, `${repository}`, and `${backing.NAME.url}`, which is the word `disabled` for a backing service that
is switched off. Known late, from the target: `${port}`, `${data}`, `${services.NAME.url}`, and `.host`, `.port` and
`.address` (`host:port`) of the same.

`$${` is the text `${`. A text with late references stays a template, and `resolve_late` finishes it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shakeout.errors import DeploymentError
from shakeout.manifest.wording import nearest, visible

DISABLED = "disabled"
"""What the url of a backing service is, where it is switched off."""

EARLY = ("env", "secrets", "python", "commit", "environment", "repository", "backing")
LATE = ("port", "data", "services")

_OPEN = re.compile(r"(\$+)\{")
_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_FORMS: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?P<root>env)\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^{}]*))?", re.DOTALL),
    re.compile(rf"(?P<root>secrets)\.(?P<name>{_NAME})"),
    re.compile(rf"(?P<root>services)\.(?P<name>{_NAME})\.(?P<attribute>url|public_url|host|port|address)"),
    re.compile(rf"(?P<root>backing)\.(?P<name>{_NAME})\.(?P<attribute>url)"),
    re.compile(r"(?P<root>python|commit|environment|repository|port|data)"),
)
KNOWN = (
    "${env.NAME}",
    "${secrets.NAME}",
    "${services.NAME.url}",
    "${services.NAME.public_url}",
    "${backing.NAME.url}",
    "${port}",
    "${data}",
    "${python}",
    "${commit}",
    "${environment}",
    "${repository}",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """One `${…}`: `text` is what stands between the braces."""

    text: str
    root: str
    name: str = ""
    attribute: str = ""
    default: str | None = None

    @property
    def late(self) -> bool:
        """Whether only the target knows it."""
        return self.root in LATE

    def __str__(self) -> str:
        return f"${{{self.text}}}"


class BadReference(ValueError):
    """A `${…}` that means nothing; says what was expected, what is there, and what to do."""

    def __init__(self, expected: str, seen: str, hint: str | None = None) -> None:
        super().__init__(expected, seen, hint)
        self.expected = expected
        self.seen = seen
        self.hint = hint


Piece = str | Reference


def split(text: str) -> tuple[Piece, ...]:
    """
    `text` as plain pieces and references, escapes undone; raises BadReference.

    Of the dollars before a brace every pair is one dollar, so `$${` is the text `${`, and `$$${port}` is a dollar and
    the port.
    """
    pieces: list[Piece] = []
    position = 0
    for match in _OPEN.finditer(text):
        if match.start() < position:
            continue
        dollars = len(match.group(1))
        pieces.append(text[position : match.start()] + "$" * (dollars // 2))
        position = match.end()
        if dollars % 2 == 0:
            pieces.append("{")
            continue
        end = text.find("}", position)
        if end < 0:
            raise BadReference(
                "a closing brace", f"{visible(text[match.end() - 2 :], 60)} without one", "write $${ for the text ${"
            )
        pieces.append(_reference(text[position:end]))
        position = end + 1
    pieces.append(text[position:])
    return _joined(pieces)


def template(pieces: Iterable[Piece]) -> str:
    """The text that `split` turns into `pieces` again."""
    out = ""
    plain = ""
    for piece in pieces:
        if isinstance(piece, str):
            plain += piece
            continue
        out += _escaped(plain, before_reference=True) + str(piece)
        plain = ""
    return out + _escaped(plain, before_reference=False)


def plain(pieces: Iterable[Piece]) -> str | None:
    """The text without any escape, or None where a reference is left in it."""
    out = ""
    for piece in pieces:
        if not isinstance(piece, str):
            return None
        out += piece
    return out


def escape(text: str) -> str:
    """`text` written so that interpolation leaves it as it is."""
    return template([text])


@dataclass(frozen=True, kw_only=True, slots=True)
class LateValues:
    """
    What only the target knows: the service's own port, the addresses of services by name (without trailing slash), and
    the folder for this release's own data. `None` or absent: not known, and asking for it is a DeploymentError.

    `services` are the addresses by which services reach each other, `public` those by which everybody else reaches
    them, where they differ.
    """

    port: int | None = None
    data: str | None = None
    services: Mapping[str, str] = field(default_factory=dict)
    public: Mapping[str, str] = field(default_factory=dict)


def resolve_late(text: str, values: LateValues) -> str:
    """`text` with its late references replaced and its escapes undone; DeploymentError where a value is not known."""
    try:
        pieces = split(text)
    except BadReference as error:
        raise DeploymentError(f"expected {error.expected}, got {error.seen}", hint=error.hint) from error
    return "".join(piece if isinstance(piece, str) else _late_value(piece, values) for piece in pieces)


def late_references(text: str) -> tuple[Reference, ...]:
    """The references that are still open in `text`."""
    return tuple(piece for piece in split(text) if isinstance(piece, Reference))


def words(command: str) -> list[tuple[Piece, ...]]:
    """A command split as a shell would, without cutting inside a reference; ValueError for an open quote."""
    pieces = split(command)
    references = [piece for piece in pieces if isinstance(piece, Reference)]
    if "\0" in command:
        raise ValueError("a command without NUL characters")
    # A reference stands in as one character that no command has, so that a default with a space stays one word.
    masked = "".join(piece if isinstance(piece, str) else "\0" for piece in pieces)
    upcoming = iter(references)
    result = []
    for word in shlex.split(masked):
        parts: list[Piece] = []
        for index, part in enumerate(word.split("\0")):
            if index:
                parts.append(next(upcoming))
            parts.append(part)
        result.append(_joined(parts))
    return result


def _reference(text: str) -> Reference:
    for form in _FORMS:
        if match := form.fullmatch(text):
            groups = match.groupdict()
            return Reference(
                text=text,
                root=groups["root"],
                name=groups.get("name") or "",
                attribute=groups.get("attribute") or "",
                default=groups.get("default"),
            )
    seen = visible("${" + text + "}", 60)
    if re.fullmatch(r"[A-Z_][A-Z0-9_]*(:-.*)?", text, re.DOTALL):
        hint = f"did you mean ${{env.{text.partition(':-')[0]}}}? Write $${{ for the text ${{"
    elif near := nearest(text, [known[2:-1] for known in KNOWN]):
        hint = f"did you mean ${{{near}}}?"
    else:
        hint = "write $${ for the text ${"
    if "{" in text:
        hint = "a reference cannot hold another one"
    raise BadReference("a known reference such as ${env.NAME} or ${services.NAME.url}", seen, hint)


def _late_value(reference: Reference, values: LateValues) -> str:
    value: str | int | None = None
    if reference.root == "port":
        value = values.port
    elif reference.root == "data":
        value = values.data
    elif reference.root == "services" and (url := values.services.get(reference.name)):
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        value = {
            "url": url.rstrip("/"),
            "public_url": values.public.get(reference.name, url).rstrip("/"),
            "host": parts.hostname,
            "port": port,
            "address": f"{parts.hostname}:{port}",
        }[reference.attribute]
    if value is None:
        raise DeploymentError(f"{reference} is not known at this point of the deployment")
    return str(value)


def _joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    result: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str):
            if not piece:
                continue
            if result and isinstance(result[-1], str):
                result[-1] += piece
                continue
        result.append(piece)
    return tuple(result)


def _escaped(text: str, *, before_reference: bool) -> str:
    text = _OPEN.sub(lambda match: match.group(1) * 2 + "{", text)
    if before_reference:
        dollars = len(text) - len(text.rstrip("$"))
        text += "$" * dollars
    return text
