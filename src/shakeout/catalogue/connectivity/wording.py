"""
What a text says of a connection that failed: which kind of failure, and to which address.

The wordings are those of psycopg, asyncpg, redis-py, aiohttp, httpx, urllib3, asyncio, ClickHouse's drivers, libpq,
OpenSSL, Node.js, Java and Go. Error numbers and SQLSTATE are taken before words. Every expression is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from shakeout.logs.quotes import quoted_only

LIMIT = 6000
"""Characters of a text that are looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A kind of failure (the keys of `KINDS`) and the address, as far as the text has one."""

    kind: str
    host: str | None = None
    port: int | None = None
    name: str | None = None
    """The database that is missing, or the part of a certificate that is wrong."""


KINDS: dict[str, re.Pattern[str]] = {
    "starting": re.compile(
        r"\b57P03\b|the database system is (?:starting up|not yet accepting|shutting down)|CannotConnectNowError"
        r"|\bLOADING (?:Redis|Valkey|\w+) is loading|loading the dataset in memory|is still starting",
        re.I,
    ),
    "too-many-connections": re.compile(
        r"\b53300\b|too many clients already|too many connections|remaining connection slots are reserved"
        r"|TooManyConnectionsError|max number of clients reached|ER_CON_COUNT_ERROR",
        re.I,
    ),
    "wrong-credentials": re.compile(
        r"\b28P01\b|\b28000\b|password authentication failed|no password supplied|no pg_hba\.conf entry"
        r"|\brole \"[^\"]{1,80}\" does not exist|\bCode: (?:516|19[2-4])\b|AUTHENTICATION_FAILED"
        r"|\bNOAUTH\b|\bWRONGPASS\b|\bredis\.exceptions\.AuthenticationError\b"
        r"|invalid username-password pair|InvalidPasswordError|InvalidAuthorizationSpecification|Access denied for user"
        r"|ER_ACCESS_DENIED|SASL authentication failed|refused the user or the password|client sent AUTH, but no",
        re.I,
    ),
    "database-missing": re.compile(
        r"\b3D000\b|\bdatabase \"[^\"]{1,80}\" does not exist|\bCode: 81\b|\bUNKNOWN_DATABASE\b|unknown database\b"
        r"|InvalidCatalogNameError|has no such database",
        re.I,
    ),
    "file-missing": re.compile(r"unable to open database file|\bthere is no file /|SQLITE_CANTOPEN", re.I),
    "wrong-scheme": re.compile(
        r"WRONG_VERSION_NUMBER|wrong version number|server does not support SSL|RECORD_LAYER_FAILURE"
        r"|record layer failure|PACKET_LENGTH_TOO_LONG|packet length too long"
        r"|first record does not look like a TLS handshake|server gave HTTP response to HTTPS client"
        r"|sent an HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port"
        r"|Unsupported or unrecognized SSL message|not an SSL/TLS record|rejected SSL upgrade",
        re.I,
    ),
    "tls": re.compile(
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|\bx509: |PKIX path|self[- ]signed certificate"
        r"|certificate (?:has|is) expired|CERT_HAS_EXPIRED|hostname mismatch|ERR_TLS_CERT_ALTNAME_INVALID"
        r"|UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify the first certificate|SSLHandshakeException"
        r"|certificate is not valid for|doesn't match '?[\w*.-]{1,100}'?$|could not be reached over TLS",
        re.I,
    ),
    "unknown-host": re.compile(
        r"\bENOTFOUND\b|\bEAI_AGAIN\b|\bEAI_NONAME\b|\bgaierror\b|name or service not known"
        r"|nodename nor servname provided|temporary failure in name resolution|no address associated with hostname"
        r"|could not translate host name|: no such host\b|UnknownHostException|NameResolutionError"
        r"|failed to resolve (?:host )?'|could not resolve host|\bname does not resolve|host name that does not resolve"
        r"|\bNXDOMAIN\b|\[Errno -[235]\]|Error -[235] connecting to",
        re.I,
    ),
    "not-the-service": re.compile(r"does not answer as \w{1,40} does|NotClickHouseError", re.I),
    "refused": re.compile(
        r"\bECONNREFUSED\b|\bconnection ?refused\b|\[Errno (?:111|61)\]|WinError 10061|Error (?:111|61) connecting to"
        r"|actively refused it|refused the connection|ConnectionRefused|\bConnection to [\w.:-]{1,200} refused"
        # the system's own words, and PostgreSQL's, in other languages
        r"|Verbindungsaufbau abgelehnt|Connexion refus\u00e9e|Conexi\u00f3n (?:rehusada|rechazada)"
        r"|Connessione rifiutata|Conex\u00e3o recusada|\u63a5\u7d9a\u3092\u62d2\u5426",
        re.I,
    ),
    "unreachable": re.compile(
        r"\bEHOSTUNREACH\b|\bENETUNREACH\b|no route to host|network is unreachable|\[Errno (?:113|101)\]"
        r"|NoRouteToHostException",
        re.I,
    ),
    "no-answer": re.compile(
        r"\bETIMEDOUT\b|\[Errno (?:110|60)\]|connection timed out|connect(?:ion)? ?timeout|timed out|timeout expired"
        r"|did not answer in time|context deadline exceeded|i/o timeout|(?:Read|Connect|Pool|Server|Socket)Timeout",
        re.I,
    ),
    "reset": re.compile(
        r"\bECONNRESET\b|connection reset|\[Errno (?:104|54)\]|server disconnected|remote end closed connection"
        r"|server closed the connection unexpectedly|socket hang up|connection aborted",
        re.I,
    ),
    "not-reached": re.compile(
        r"all connection attempts failed|cannot connect to host|could not connect to server|failed to connect"
        r"|error connecting to|cannot be asked: ConnectError|connection to server at \"",
        re.I,
    ),
}
"""Kind of failure to its wordings, the more telling kinds first."""

_HOST = r"(?P<host>\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?)"
_PORT = r"(?P<port>\d{1,5})(?!\d)"
_ADDRESSES = (
    re.compile(rf"\b(?:ENOTFOUND|EAI_AGAIN|lookup|UnknownHostException:?|could not resolve host:?) {_HOST}", re.I),
    re.compile(
        r"(?:host name|failed to resolve(?: host)?|could not translate host name) ['\"](?P<host>[\w.-]{1,253})['\"]",
        re.I,
    ),
    re.compile(r"server at \"(?P<host>[^\"\s]{1,253})\"(?: \([^)]{1,60}\))?, port (?P<port>\d{1,5})"),
    re.compile(
        r"[\u00bb\u00ab\"] ?(?P<host>[\w.-]{1,253}) ?[\u00bb\u00ab\"](?: \([^)]{1,60}\))?,? (?:Port|port|puerto|porta) "
        r"(?P<port>\d{1,5})"
    ),
    re.compile(r"\bhost(?:=|: )['\"]?(?P<host>[\w.:-]{1,253}?)['\"]?,? port(?:=|: )['\"]?(?P<port>\d{1,5})"),
    re.compile(rf"connect(?:ing)? to (?:host )?{_HOST}:{_PORT}", re.I),
    re.compile(rf"(?<![\w+.-])[a-z][a-z0-9+.-]{{1,30}}://(?:[^\s/@'\"]{{1,200}}@)?{_HOST}(?::{_PORT})?", re.I),
    re.compile(
        rf"(?:\bE[A-Z]{{5,15}}|\bdial tcp|\bConnection to|\bConnect to|\bat|\bto|\baddress[=:]) {_HOST}:{_PORT}"
    ),
    re.compile(rf"address[=:] ?{_HOST}:{_PORT}"),
    re.compile(rf"\(['\"]{_HOST}['\"], {_PORT}"),
    re.compile(rf"(?<![\w./:-]){_HOST}:{_PORT}(?![\w:])"),
)
_ASIDE = re.compile(
    r"\(Background on this error at: [^)\s]{1,300}\)"
    r"|\b(?:for (?:further|more) (?:information|details|help),? (?:visit|see|go to)|see(?: also)?|documentation(?: at)?"
    r"|read more(?: at)?|help|docs?|reference)[ :]{1,3}<?https?://[^\s>]{1,500}",
    re.I,
)
"""Where to read more: no address that anything connects to."""
_LOOKUP = re.compile(r"dial tcp: lookup (?P<host>[\w.-]{1,253})(?: on [\d.:\[\]a-fA-F]{3,60})?:")
_NO_HOST = re.compile(
    r"\d{1,9}|.*\.(?:py|js|ts|mjs|go|java|rb|php|rs|sql|log|ya?ml|json|toml|c|cpp|h)|Code|Errno", re.I
)
_DATABASE = re.compile(
    r"\bdatabase [\"'`]?(?P<a>[\w-]{1,80})[\"'`]? (?:does not exist|doesn't exist)"
    r"|unknown database [\"'`]?(?P<b>[\w-]{1,80})",
    re.I,
)


@lru_cache(maxsize=8192)
def said(text: str) -> Said | None:
    """What a text says of a failed connection, None where it says nothing of one."""
    text = _ASIDE.sub("", text[:LIMIT])
    kind = next((kind for kind, words in KINDS.items() if words.search(text)), None)
    if kind is None:
        return None
    host, port = address_in(text)
    if kind in {"no-answer", "reset"} and host is None:
        return None  # something timed out; nothing says that it was a connection
    if quoted_only(text, KINDS[kind]):
        return None  # somebody's words, which the message repeats
    database = _DATABASE.search(text) if kind == "database-missing" else None
    return Said(kind=kind, host=host, port=port, name=(database["a"] or database["b"]) if database else None)


def address_in(text: str) -> tuple[str | None, int | None]:
    """The first address that a text names, by the forms that libraries write."""
    text = _ASIDE.sub("", text)
    match = _LOOKUP.search(text)
    if match:
        return match["host"].rstrip("."), None
    for pattern in _ADDRESSES:
        for match in pattern.finditer(text):
            host = match["host"].strip("[]").rstrip(".")
            port = match.groupdict().get("port")
            if not _NO_HOST.fullmatch(host) and (port is None or 0 < int(port) < 65536):
                return host, int(port) if port else None
    return None, None


_TLS = (
    ("it has expired", re.compile(r"expired", re.I)),
    (
        "it is for another host",
        re.compile(r"hostname mismatch|ALTNAME|not valid for|doesn't match|name mismatch", re.I),
    ),
    ("it is signed by itself", re.compile(r"self[- ]signed", re.I)),
    (
        "its issuer is not trusted",
        re.compile(r"local issuer|unknown authority|PKIX path|verify the first|unknown ca", re.I),
    ),
)


def certificate_fault(text: str) -> str:
    """What is wrong with a certificate, as a clause."""
    return next((clause for clause, words in _TLS if words.search(text)), "it was not accepted")


_BREAKER = re.compile(
    r"circuit[ -]?breaker:? ?(?:with name )?(?:['\"`](?P<a>[^'\"`\n]{1,80})['\"`]"
    r"|(?P<b>(?!is\b|has\b|still\b|state\b)[\w.-]{1,80}))?"
    r",? ?(?:(?:is|has|was|now|currently|still|been|in|state|half)[ :=-]{1,2}){0,3}"
    r"(?:half[- _])?(?:open(?:ed)?\b|tripped\b)"
    r"|\bcircuit ['\"`]?(?P<c>(?!is\b)[\w.-]{1,80})['\"`]? (?:is |still )?open(?:ed)?\b"
    r"|\b(?:circuit|breaker) (?:is |has |still |now ){1,2}open(?:ed)?\b|short-circuited and (?:is OPEN|fallback)"
    r"|\bEOPENBREAKER\b",
    re.I,
)
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|while|once|unless|until|after|before|should|would|could|may|might|can|never|not|no)\b"
    r"(?:\s(?:the|a|an|this|its|our|your|their|any|each|that))?\s*\Z",
    re.I,
)
"""What stands before words about a breaker that is not said to be open now."""
_BREAKER_TYPE = re.compile(
    r"(?:CircuitBreaker(?:Open)?(?:Error|Exception)|CallNotPermittedException|BrokenCircuit(?:Error|Exception)"
    r"|CircuitOpen(?:Error|Exception)?|OpenCircuit(?:Error|Exception)|BreakerOpen(?:Error|Exception)|OpenedState"
    r"|CircuitBroken)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenBreaker:
    """A breaker that is said to be open; `name` where the text has it."""

    name: str | None


@lru_cache(maxsize=8192)
def open_breaker(text: str, type_: str = "") -> OpenBreaker | None:
    """The breaker that a text (and the error's type) says is open or half-open, None where it says no such thing."""
    match = _BREAKER.search(text[:LIMIT])
    said = match is not None and not quoted_only(text[:LIMIT], _BREAKER)
    if match and said and _CONDITION.search(text, max(0, match.start() - 60), match.start()) is None:
        return OpenBreaker(name=match["a"] or match["b"] or match["c"])
    if _BREAKER_TYPE.fullmatch(type_.rpartition(".")[2]):
        return OpenBreaker(name=None)
    return None
