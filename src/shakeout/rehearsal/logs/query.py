"""
Cloud Logging's query language, as far as tools use it.

`AND`, `OR`, `NOT` and `-`, brackets, comparisons (`=`, `!=`, `<`, `<=`, `>`, `>=`, `:`, `=~`, `!~`) of a field with a
value or with values in brackets, `field:*`, `log_id("…")`, and plain words, which are looked for everywhere. `OR` binds
closer than `AND`, as Google's "Logging query language" says; two terms side by side are joined by `AND`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from google.logging.type import log_severity_pb2
from google.protobuf import json_format

Query = Callable[[Any], bool]
"""Whether an entry (`google.logging.v2.LogEntry`) is meant."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<comment>--[^\n]*)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<operator><=|>=|!=|=~|!~|[=<>:()])
    | (?P<minus>-(?=[^\s\d-]))
    | (?P<word>(?:[^\s"()=<>:!]|"(?:[^"\\]|\\.)*"|!(?![=~]))+)
    )""",
    re.X,
)
_COMPARISONS = {"=", "!=", "<", "<=", ">", ">=", ":", "=~", "!~"}
_TIMES = {"timestamp", "receiveTimestamp"}


class QueryError(Exception):
    """A filter that is not in the language; the text says where."""


def compile_query(text: str) -> Query:
    """What a filter means; an empty one means everything. Raises QueryError."""
    parser = _Parser(list(_tokens(text)))
    if not parser.left:
        return lambda entry: True
    query = parser.all_of()
    if parser.left:
        raise QueryError(f"unexpected {parser.left[0]!r}")
    return query


def _tokens(text: str) -> Iterator[str]:
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if not match or match.end() == position:
            raise QueryError(f"syntax error at character {position + 1}: {stripped[position : position + 20]!r}")
        position = match.end()
        if not match["comment"]:
            yield match["string"] or match["operator"] or match["minus"] or match["word"]


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.left = tokens

    def all_of(self) -> Query:
        """Terms joined by AND, said or not."""
        queries = [self.any_of()]
        while self.left and self.left[0] != ")":
            if self.left[0] == "AND":
                self.take()
            queries.append(self.any_of())
        return queries[0] if len(queries) == 1 else lambda entry: all(query(entry) for query in queries)

    def any_of(self) -> Query:
        queries = [self.term()]
        while self.left and self.left[0] == "OR":
            self.take()
            queries.append(self.term())
        return queries[0] if len(queries) == 1 else lambda entry: any(query(entry) for query in queries)

    def term(self) -> Query:
        token = self.take()
        if token in {"NOT", "-"}:
            inner = self.term()
            return lambda entry: not inner(entry)
        if token == "(":
            query = self.all_of()
            self.expect(")")
            return query
        if token in _COMPARISONS or token in {")", "AND", "OR"}:
            raise QueryError(f"unexpected {token!r}")
        if token in {"log_id", "SEARCH", "search"} and self.left[:1] == ["("]:
            self.take()
            value = _plain(self.take())
            self.expect(")")
            if token == "log_id":
                wanted = f"/logs/{quote(value, safe='')}"
                return lambda entry: entry.log_name.endswith(wanted)
            return _everywhere(value)
        if self.left and self.left[0] in _COMPARISONS:
            return self.comparison(token)
        return _everywhere(_plain(token))

    def comparison(self, field: str) -> Query:
        keys, operator = _keys(field), self.take()
        if self.left[:1] != ["("]:
            return _compare(keys, operator, _plain(self.take()))
        # field=("a" OR "b"), and the same with AND.
        self.take()
        values, any_is_enough = [_plain(self.take())], True
        while self.left and self.left[0] != ")":
            word = self.take()
            if word not in {"OR", "AND"}:
                raise QueryError(f"expected OR, AND or ')', got {word!r}")
            any_is_enough = word == "OR"
            values.append(_plain(self.take()))
        self.expect(")")
        queries = [_compare(keys, operator, value) for value in values]
        if any_is_enough:
            return lambda entry: any(query(entry) for query in queries)
        return lambda entry: all(query(entry) for query in queries)

    def take(self) -> str:
        if not self.left:
            raise QueryError("unexpected end")
        return self.left.pop(0)

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise QueryError(f"expected {token!r}")


def _plain(token: str) -> str:
    if token.startswith('"') and token.endswith('"') and len(token) > 1:
        return re.sub(r'\\(["\\])', r"\1", token[1:-1])
    return token


def _keys(field: str) -> tuple[str, ...]:
    """`resource.labels."a.b"` as its parts."""
    parts = re.findall(r'"(?:[^"\\]|\\.)*"|[^."]+', field)
    return tuple(_plain(part) for part in parts)


def _compare(keys: tuple[str, ...], operator: str, wanted: str) -> Query:
    if operator in {"=~", "!~"}:
        try:
            pattern = re.compile(wanted)
        except re.error as error:
            raise QueryError(f"invalid regular expression {wanted!r}: {error}") from error
        matches: Query = lambda entry: any(pattern.search(_text(value)) for value in _values(entry, keys))  # noqa: E731
        return matches if operator == "=~" else lambda entry: not matches(entry)
    if operator == ":":
        if wanted == "*":
            return lambda entry: bool(_values(entry, keys))
        lowered = wanted.lower()
        return lambda entry: any(lowered in _text(value).lower() for value in _values(entry, keys))
    if operator == "!=":
        equal = _compare(keys, "=", wanted)
        return lambda entry: not equal(entry)
    order = _ordering(keys, wanted)

    def holds(entry: Any) -> bool:
        return any(_holds(operator, order(value)) for value in _values(entry, keys))

    return holds


def _ordering(keys: tuple[str, ...], wanted: str) -> Callable[[Any], int | None]:
    """How a value compares with the wanted one: below, equal, above; None where they cannot be compared."""
    if keys == ("severity",):
        try:
            level = log_severity_pb2.LogSeverity.Value(wanted.upper())
        except ValueError:
            raise QueryError(f"{wanted!r} is not a severity") from None
        return lambda value: _sign(int(value) - level)
    if len(keys) == 1 and _camel(keys[0]) in _TIMES:
        try:
            moment = datetime.fromisoformat(wanted)
        except ValueError:
            raise QueryError(f"{wanted!r} is not a time") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return lambda value: _sign((value - moment).total_seconds())

    def order(value: Any) -> int | None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return _sign(value - float(wanted))
            except ValueError:
                return None
        left, right = _text(value).lower(), wanted.lower()
        return (left > right) - (left < right)

    return order


def _holds(operator: str, order: int | None) -> bool:
    if order is None:
        return False
    return {"=": order == 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _values(entry: Any, keys: tuple[str, ...]) -> list[Any]:
    """What an entry has in a field; nothing where it has no such field."""
    first = _camel(keys[0])
    if first in _TIMES and len(keys) == 1:
        found = entry.timestamp if first == "timestamp" else entry.receive_timestamp
        return [found.ToDatetime(UTC)]
    if first == "severity":
        return [entry.severity]
    if first == "logName":
        return [entry.log_name]
    if first == "resource" and keys[1:2] == ("type",):
        return [entry.resource.type]
    if first == "resource" and keys[1:2] == ("labels",) and len(keys) == 3:
        return [entry.resource.labels[keys[2]]] if keys[2] in entry.resource.labels else []
    value: Any = json_format.MessageToDict(entry)
    for key in keys:
        if not isinstance(value, dict):
            return []
        value = value.get(key, value.get(_camel(key)))
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _everywhere(wanted: str) -> Query:
    lowered = wanted.lower()

    def found(entry: Any) -> bool:
        return any(lowered in text.lower() for text in _texts(json_format.MessageToDict(entry)))

    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield _text(value)
