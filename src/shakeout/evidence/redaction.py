"""
Takes secrets out of text, by shape and by value.

Every pattern begins with fixed text and has bounds, so that time is linear in the text; most text is let through after
a few substring searches. Ordinary text stays: hashes, UUIDs, commit ids, paths, names of secrets, identities of
service accounts. A key that makes its value a secret (`password=`) wins over the value's shape.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MARK = "[redacted]"

# Tokens that their issuers made recognisable: a fixed beginning, then letters.
_TOKENS = re.compile(
    r"""
      \b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b
    | \bAIza[0-9A-Za-z_-]{30,50}
    | \bya29\.[0-9A-Za-z_-]{16,2048}
    | \bGOCSPX-[0-9A-Za-z_-]{20,64}
    | \b1//0[0-9A-Za-z_-]{20,512}
    | \bgh[pousr]_[A-Za-z0-9]{20,255}
    | \bgithub_pat_[A-Za-z0-9_]{20,255}
    | \bgl(?:pat|ptt|rt|dt|cbt|soat)-[A-Za-z0-9_.-]{16,255}
    | \bxox[abceoprs]-[A-Za-z0-9-]{10,255}
    | \bxapp-[A-Za-z0-9-]{10,255}
    | (?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,255}
    | \b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,255}
    | \bwhsec_[A-Za-z0-9+/=]{16,255}
    | \bsk-(?:[a-z]{2,10}-){0,3}[A-Za-z0-9_-]{20,255}
    | \bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}
    | \bSK[0-9a-f]{32}\b
    | \bnpm_[A-Za-z0-9]{30,64}
    | \bpypi-[A-Za-z0-9_-]{16,512}
    | \bhf_[A-Za-z0-9]{30,64}
    | \bdo[opr]_v1_[0-9a-f]{32,64}
    | \bhv[sbr]\.[A-Za-z0-9_-]{20,512}
    | \bdckr_pat_[A-Za-z0-9_-]{20,64}
    | \bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}
    | \bdapi[0-9a-f]{32}
    | \bAGE-SECRET-KEY-1[A-Z0-9]{40,80}
    | (?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{30,40}
    | \beyJ[A-Za-z0-9_-]{8,8192}(?:\.[A-Za-z0-9_-]{0,16384}){1,4}
    | \$argon2(?:id|i|d)\$[A-Za-z0-9$=,+/]{20,400}
    | \$2[abxy]\$\d\d\$[A-Za-z0-9./]{20,80}
    | \bpbkdf2_sha256\$\d{1,9}\$[A-Za-z0-9$=+/]{20,200}
    """,
    re.X,
)
_TOKEN_STARTS = (
    "AKIA", "ASIA", "ABIA", "ACCA", "AIza", "ya29.", "GOCSPX-", "1//0", "ghp_", "gho_", "ghu_", "ghs_", "ghr_",
    "github_pat_", "glpat-", "glptt-", "glrt-", "gldt-", "glcbt-", "glsoat-", "xox", "xapp-", "hooks.slack.com",
    "sk_", "rk_", "pk_", "whsec_", "sk-", "SG.", "SK", "npm_", "pypi-", "hf_", "_v1_", "hvs.", "hvb.", "hvr.",
    "dckr_pat_", "shp", "dapi", "AGE-SECRET", ":AA", "eyJ", "$argon2", "$2", "pbkdf2_",
)  # fmt: skip

_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"[^-]{0,40000}(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"
)
# One line of such a block, where lines are seen one by one: 64 characters of base64, in both cases.
_KEY_LINE = re.compile(r"(?m)^(?=[^\n]{0,63}[A-Z])(?=[^\n]{0,63}[a-z])(?=[^\n]{0,63}[0-9+/])[A-Za-z0-9+/]{64}\r?$")

# user:password@host: the user stays. A password may hold `@`, and `/` where what follows the colon is no port.
_URL = re.compile(
    r"(?<=:)(\\?/\\?/[^\s:/@\"'\\<>]{0,128}):(?!\d{1,5}(?:[/?#\s\"']|$))([^\s\"'<>]{1,300})@(?=[\w\[/.%-])"
)
_URL_PORT = re.compile(r"(?<=:)(\\?/\\?/[^\s:/@\"'\\<>]{0,128}):(\d{1,5})@(?=[\w\[])")

_HEADER = re.compile(
    r"(?i)\b(authorization|proxy-authorization|x-api-key|x-auth-token|x-goog-api-key|x-amz-security-token)"
    r"([\"']?\s{0,3}[:=]\s{0,3}[\"']?)((?:bearer|basic|digest|token|apikey|negotiate)\s{1,3})?([^\s\"',]{4,8192})"
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic)(\s{1,3})([A-Za-z0-9+/=_.~-]{8,8192})")
_COOKIE = re.compile(r"(?i)\b((?:set-)?cookie[\"']?\s{0,3}[:=]\s{0,3}[\"']?)(?=[^\s\"'=;]{1,128}=)([^\"'\r\n]{1,8192})")

_NAME = (
    r"password|passwd|passphrase|pgpass|pwd|secret|token|credentials?|jwt"
    r"|(?:api|private|access|account|auth|encryption|signing|signature|master|app|shared|shared[_-]?access|session|hmac)[_-]?key"
)
_WORDS = ("pass", "pwd", "secret", "token", "credential", "jwt", "key", "sig", "identified by")
_PAIR = re.compile(
    rf"(?i)(?P<name>{_NAME}|\b(?:sig|signature|x-amz-signature|x-goog-signature)(?==))(?P<rest>[\w.-]{{0,40}})"
    r"(?P<sign>\\?[\"']?\]?\s{0,3}(?:=>|:=|[=:])\s{0,3})"
    r"(?:[rbuf]?\\?\"(?P<double>[^\"\\\n]{1,4096})|[rbuf]?'(?P<single>[^'\n]{1,4096})|(?P<bare>[^\s\"',;&)}\]>\\]{1,4096}))"
)
_OPTION = re.compile(
    rf"(?i)(?P<option>(?<![\w-])--?(?:[\w-]{{0,30}}-)?(?:{_NAME})\s{{1,3}})(?P<value>[^\s\"'-][^\s\"']{{3,512}})"
)
_LOGIN = re.compile(r"(?i)\b(login\s{1,3}\S{1,128}\s{1,3}password\s{1,3})(\S{1,512})")
_USER = re.compile(r"((?<![\w-])(?:-u|--user)[ =]\s{0,3}[\"']?[^\s:\"']{1,128}:)([^\s\"']{1,512})")
_SQL = re.compile(r"(?i)\b((?:password|(?<!revision )identified\s{1,3}by)\s{1,3})('[^'\n]{1,512}'|\"[^\"\n]{1,512}\")")
_NAMED = re.compile(
    rf"(?i)(\bname[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?[\w.-]{{0,60}}?(?:{_NAME})[\w.-]{{0,40}}[\"']?\s{{0,40}},?\s{{0,40}}"
    r"[\"']?value[\"']?\s{0,3}[:=]\s{0,3})(\"[^\"\n]{1,4096}\"|'[^'\n]{1,4096}'|[^\s\"',}]{1,4096})"
)
_INPUT = re.compile(
    rf"(?im)^([\w.]{{0,80}}?(?:{_NAME})[\w.]{{0,40}}\r?\n[ \t]{{1,8}}[^\n]{{0,400}}?input_value=)"
    r"('[^'\n]{0,4096}'|\"[^\"\n]{0,4096}\")"
)
_MAIL = re.compile(
    r"(?<![\w.%+/:-])[A-Za-z0-9](?:[\w.%+-]{0,62}[A-Za-z0-9_])?@(?=[A-Za-z0-9])(?:[A-Za-z0-9-]{1,63}\.){1,6}"
    r"(?P<top>[A-Za-z]{2,18})\b(?![:(]?/|:[\w~])"
)
_NO_TOP = frozenset((
    "service", "socket", "timer", "target", "slice", "scope", "mount", "path", "device", "swap", "png", "jpg",
    "jpeg", "gif", "svg", "webp", "js", "mjs", "ts", "css", "json", "py", "pyc", "gz", "zip", "tar", "log", "txt",
    "md", "yaml", "yml", "toml", "lock", "go", "rs", "java", "rb", "php", "sh", "so",
))  # fmt: skip
_IDENTITY = ("gserviceaccount.com",)

# What follows the name says that the value is about the secret, not the secret.
_ABOUT = re.compile(
    r"(?i)(?:error|exception|warning|failure|expired|s?[_.-]?(?:name|type|id|ids|kid|key[_-]?id|file|path|dir|url|uri"
    r"|seconds|minutes|days|ttl|expiry|expires?(?:_?in|_?at)?|issuer|audience|algorithm|count|length|len|limit|version"
    r"|ref|present|set|exists|valid|policy|required|enabled|disabled|mode|status|state|usage|urls?|class|provider"
    r"|manager|store|scopes?|field|fingerprint|prefix|endpoint|env|variable|reset|changed))$|^s$"
)
_PLAIN = frozenset((
    "none", "null", "nil", "true", "false", "missing", "required", "expired", "invalid", "malformed", "unknown",
    "empty", "unset", "denied", "revoked", "rejected", "present", "absent", "wrong", "str", "string", "optional",
    "field", "value", "yes", "no", "ok", "set", "failed", "error", "undefined", "not", "is", "was", "has", "for",
    "from", "bytes", "int", "bool", "dict", "list", "object", "secretstr", "authentication", "verification",
    "validation", "must", "should", "cannot", "could", "provided", "given", "configured", "default", "signature",
    "incorrect", "mismatch", "changeme",
))  # fmt: skip
_HOLDER = re.compile(
    r"(?:\$\{?|\{\{?|<|%|\*{3}|\[redacted|projects/|/run/secrets/|/var/run/secrets/|os\.|self\.|settings\.)"
)
_PROSE = re.compile(r"[ \t]+(?:[A-Za-z]{2,}|\()")


_KNOWN: ContextVar[tuple[str, ...]] = ContextVar("known secrets", default=())
_ORDINARY = re.compile(r"[a-z]{1,15}|[A-Z]?[a-z]{1,15}|[A-Z]{1,15}|\d{1,11}|[/.].*|\w{1,40}://[^@]*")


@contextmanager
def knowing(values: Iterable[str]) -> Iterator[None]:
    """
    Within this context `redact` takes out these values wherever they stand, also without a name beside them.

    Words, numbers, paths and addresses without a password are left alone: replacing them would destroy ordinary text.
    """
    kept = {value for value in values if len(value) >= 8 and _ORDINARY.fullmatch(value) is None and MARK not in value}
    before = _KNOWN.set(tuple(sorted(kept, key=lambda value: (-len(value), value))))
    try:
        yield
    finally:
        _KNOWN.reset(before)


def secrets_in(text: str) -> Iterator[str]:
    """The values that a name beside them, or their place in an address, makes secrets."""
    for match in _PAIR.finditer(text):
        found = _value_of(match)
        if found is not None:
            yield found[1]
    if "://" in text:
        yield from (match[2] for match in _URL.finditer(text) if _secret(match[2]))


class Redactor:
    """
    Takes out known secret values as well as secret shapes.

    `values` are the secrets of one release; values shorter than four characters are left alone, since replacing them
    would destroy ordinary text.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = sorted({value for value in values if len(value) >= 4}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for value in self._values:
            if value in text:
                text = text.replace(value, MARK)
        return redact(text)


def redact(text: str) -> str:
    """
    Return `text` with everything that has the shape of a secret replaced by `[redacted]`.

    Redacting twice changes nothing more. Takes about 5 µs for a line without anything suspicious.
    """
    for known in _KNOWN.get():
        if known in text:
            text = text.replace(known, MARK)
    if "@" in text:
        if "//" in text or "\\/" in text:
            text = _URL.sub(rf"\1:{MARK}@", text)
            text = _URL_PORT.sub(rf"\1:{MARK}@", text)
        text = _MAIL.sub(_mail, text)
    if any(map(text.__contains__, _TOKEN_STARTS)):
        text = _TOKENS.sub(MARK, text)
    if "PRIVATE KEY" in text:
        text = _KEY_BLOCK.sub(MARK, text)
    if len(text) >= 64:
        text = _KEY_LINE.sub(MARK, text)
    low = text.lower()
    if "auth" in low or "x-" in low or "bearer" in low or "basic" in low:
        text = _HEADER.sub(_header, text)
        text = _SCHEME.sub(_scheme, text)
    if "cookie" in low:
        text = _COOKIE.sub(_cookie, text)
    if any(map(low.__contains__, _WORDS)):
        text = _pairs(text, low)
    if "-u" in text:
        text = _USER.sub(_second, text)
    return text


def _pairs(text: str, low: str) -> str:
    """Values that a name beside them makes secret."""
    if "input_value" in low:
        text = _INPUT.sub(_quoted, text)
    if "value" in low and "name" in low:
        text = _NAMED.sub(_named, text)
    if "--" in text or " -" in text:
        text = _OPTION.sub(_option, text)
    if "login" in low:
        text = _LOGIN.sub(_second, text)
    if "'" in text or '"' in text:
        text = _SQL.sub(_quoted, text)
    return _PAIR.sub(_pair, text)


def _pair(match: re.Match[str]) -> str:
    whole = match[0]
    found = _value_of(match)
    if found is None:
        return whole
    cut = found[0] - match.start()
    return whole[:cut] + MARK + whole[cut + len(found[1]) :]


def _value_of(match: re.Match[str]) -> tuple[int, str] | None:
    """(where it begins, the secret) of a name with a value; None where the value is none."""
    if _ABOUT.search(match["rest"]):
        return None
    value = match["double"] or match["single"]
    start = match.start("double") if match["double"] else match.start("single")
    if value is None:
        value, start = match["bare"], match.start("bare")
        if match["sign"][-1] in " \t" and _PROSE.match(match.string, match.end(), match.end() + 40) and value.isalpha():
            return None  # `token: signature verification failed`
        if value.isdigit() and len(value) < 5:
            return None
        if value.endswith((":", ".")) and value[:-1].lower() in _PLAIN:
            return None
    return (start, value) if _secret(value) else None


def _secret(value: str) -> bool:
    """Whether a value beside a secret's name may be the secret; placeholders and words about it are not."""
    return len(value) > 1 and value.lower().strip(".,:!") not in _PLAIN and _HOLDER.match(value) is None


def _second(match: re.Match[str]) -> str:
    return match[1] + MARK if _secret(match[2]) else match[0]


def _quoted(match: re.Match[str]) -> str:
    quote, value = match[2][0], match[2][1:-1]
    return f"{match[1]}{quote}{MARK}{quote}" if _secret(value) else match[0]


def _named(match: re.Match[str]) -> str:
    if _ABOUT.search(re.split(r"[\"'\s,]", match[1].lstrip("nameNAME\"': ="))[0]):
        return match[0]
    return _quoted(match) if match[2][0] in "\"'" else _second(match)


def _option(match: re.Match[str]) -> str:
    value = match["value"]
    return match["option"] + MARK if _secret(value) and not value.startswith("-") else match[0]


def _header(match: re.Match[str]) -> str:
    if not _secret(match[4]) or (match[3] is None and match[4].isalpha() and match[4].islower()):
        return match[0]
    return f"{match[1]}{match[2]}{match[3] or ''}{MARK}"


def _scheme(match: re.Match[str]) -> str:
    value = match[3]
    if match[1].lower() == "basic":
        try:
            secret = b":" in base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            secret = False
    else:
        secret = any(one.isdigit() for one in value) or (not value.islower() and not value.istitle())
    return f"{match[1]}{match[2]}{MARK}" if secret else match[0]


def _cookie(match: re.Match[str]) -> str:
    return match[1] + MARK


def _mail(match: re.Match[str]) -> str:
    if match["top"].lower() in _NO_TOP or match[0].endswith(_IDENTITY):
        return match[0]
    return MARK
