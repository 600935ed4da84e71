"""What can be wrong with a declared value, seen from the value and from the way in which it was refused."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_PLACEHOLDER = re.compile(
    r"change[-_ ]?me.*|<[^<>\n]{1,60}>|to[-_]?do|fix[-_]?me|x{3,}|your[-_].{1,60}|replace[-_ ]?(?:me|this).*"
    r"|(?:insert|put|add|enter)[-_ ].{1,40}[-_ ]here|placeholder|example|dummy|\.{3}|none|null|undefined|\?+"
    r"|secret[-_]goes[-_]here",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"invalid literal for int|int_parsing|valid integer|to float|float_parsing|must be an? (?:int|number)"
)
_BOOLEAN = re.compile(r"bool_parsing|valid boolean|truth value|Not a boolean|must be a bool")
_ADDRESS = re.compile(
    r"url|dsn|scheme|parse|plugin|adapters|Unsupported database|could not be cast|Invalid port|Port|host", re.IGNORECASE
)
_SQL = frozenset(["postgresql", "postgres", "psql", "pgsql", "mysql", "mariadb", "sqlite", "oracle", "mssql"])
_QUEUES = frozenset(["redis", "rediss", "amqp", "amqps", "kafka", "sqs", "memory", "filesystem"])
_SCHEMES = {
    "DATABASE": _SQL,
    "POSTGRES": frozenset({"postgresql", "postgres"}),
    "REDIS": frozenset({"redis", "rediss", "unix"}),
    "BROKER": _QUEUES,
    "AMQP": frozenset({"amqp", "amqps"}),
    "MONGO": frozenset({"mongodb"}),
}
"""Words in a variable's name, and the schemes that such an address may have."""
_BOOLEANS = frozenset(["true", "false", "1", "0", "yes", "no", "on", "off", "t", "f", "y", "n"])


def problem_of(name: str, value: str, text: str = "") -> str | None:
    """
    What is wrong with a value, as the end of "to a value that …"; None where nothing can be seen.

    `text` is what the program said when it refused the value.
    """
    if not value:
        return "is empty"
    if value.endswith(("\n", "\\n")):
        return "ends in a line break"
    if value.strip() in {"", '""', "''"}:
        return "is blank"
    if value != value.strip():
        return "has white space around it"
    if _PLACEHOLDER.fullmatch(value.strip("\"'")):
        return "is a placeholder"
    if value[0] in "\"'" and value[-1] == value[0] and len(value) > 1:
        return "has quotation marks around it"
    if _NUMBER.search(text) and not re.fullmatch(r"[-+]?\d+(?:\.\d+)?", value):
        return "is no number"
    if _BOOLEAN.search(text) and value.lower() not in {
        "true",
        "false",
        "1",
        "0",
        "yes",
        "no",
        "on",
        "off",
        "t",
        "f",
        "y",
        "n",
    }:
        return "is neither true nor false"
    if _ADDRESS.search(text) and re.search(r"URL|URI|DSN|BROKER|ENDPOINT|ADDRESS|BACKEND|HOST", name):
        return _address(name, value, text)
    return None


def _address(name: str, value: str, text: str) -> str | None:
    if "://" not in value:
        return "has no scheme (nothing like https:// before the host)" if not name.endswith("HOST") else None
    scheme = value.split("://", 1)[0].lower()
    for word, known in _SCHEMES.items():
        if word in name and scheme.split("+")[0] not in known:
            return f"has the scheme '{scheme}'"
    if re.search(r"plugin: sqlalchemy\.dialects:postgres$|dialects:postgres\b(?!ql)", text) and scheme == "postgres":
        return "has the scheme 'postgres', which this library calls 'postgresql'"
    plugin = re.search(r"Can't load plugin: sqlalchemy\.dialects:([\w.]+)", text)
    if plugin and scheme.replace("+", ".") == plugin[1]:
        return f"has the scheme '{scheme}', which no installed driver takes"
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return "has a port that is no number"
    if not parts.hostname and scheme not in {"sqlite", "file", "unix", "memory"}:
        return "names no host"
    if re.search(r"scheme", text) and scheme in {"http", "https", "ws", "wss", "tcp"}:
        return f"has the scheme '{scheme}'"
    return None
