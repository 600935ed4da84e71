"""
Access tokens: signed, short-lived, verified by every service with the same code.

A token is a JSON Web Token (RFC 7519) in compact form, signed with HMAC (RFC 7518, section 3.2). Its header names the
key by `kid`, the first eight hexadecimal digits of the key's SHA-256, so that a key that differs between two services
is told apart from a forged signature. Its claims are iss, aud, sub (account id), email, iat, exp, jti and sid (the
session).
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
import uuid
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OctKey

from shakeout.console.environment import Environment

ALGORITHMS = ("HS256", "HS384", "HS512")
SHORTEST_KEY = 16
LONGEST_TOKEN = 8192
CLOCK_TOLERANCE = 5
"""Seconds by which the signer's clock may be ahead of ours. Expiry has no tolerance."""

_log = logging.getLogger(__name__)


class TokenRefused(Exception):
    """
    A token is not accepted.

    `code` is one of TOKEN_MISSING, TOKEN_MALFORMED, TOKEN_EXPIRED, TOKEN_SIGNATURE_INVALID, TOKEN_KEY_UNKNOWN,
    TOKEN_ISSUER_WRONG, TOKEN_AUDIENCE_WRONG, TOKEN_ALGORITHM_WRONG, TOKEN_NOT_YET_VALID, TOKEN_REVOKED.
    `expected` and `seen` are what was compared; neither ever holds a token or a key.
    """

    def __init__(self, code: str, message: str, *, expected: str, seen: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.expected = expected
        self.seen = seen


def refuse(code: str, message: str, *, expected: str, seen: str) -> NoReturn:
    """Log the refusal at WARNING (code, expected, seen; never the token) and raise `TokenRefused`."""
    _log.warning("token refused: code=%s expected=%s seen=%s", code, expected, seen)
    raise TokenRefused(code, message, expected=expected, seen=seen)


def key_id(key: str) -> str:
    """The public name of a key: the first eight hexadecimal digits of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenSettings:
    """How tokens are signed and what is accepted: the first key signs, all keys verify; `seconds` is the lifetime."""

    keys: tuple[str, ...] = field(repr=False)
    issuer: str = "shakeout-auth"
    audience: str = "shakeout-console"
    algorithm: str = "HS256"
    seconds: int = 900

    @classmethod
    def read(cls, environment: Environment) -> TokenSettings:
        """Read TOKEN_KEY, _ISSUER, _AUDIENCE, _ALGORITHM and TOKEN_SECONDS; faults go to `environment`."""
        keys = environment.listed("TOKEN_KEY")
        if not keys:
            environment.fault("TOKEN_KEY", "one key or more, separated by commas", "nothing (it is not set)")
        for place, key in enumerate(keys, 1):
            if len(key.encode()) < SHORTEST_KEY:
                environment.fault("TOKEN_KEY", f"keys of {SHORTEST_KEY} bytes or more", f"{len(key)} in key {place}")
        algorithm = environment.text("TOKEN_ALGORITHM", "HS256")
        if algorithm not in ALGORITHMS:
            environment.fault("TOKEN_ALGORITHM", f"one of {', '.join(ALGORITHMS)}", repr(algorithm[:40]))
        return cls(
            keys=keys,
            issuer=environment.text("TOKEN_ISSUER", "shakeout-auth"),
            audience=environment.text("TOKEN_AUDIENCE", "shakeout-console"),
            algorithm=algorithm,
            seconds=environment.integer("TOKEN_SECONDS", 900, minimum=1, maximum=86_400),
        )

    @property
    def key_id(self) -> str:
        """The id of the key that signs."""
        return key_id(self.keys[0])

    def fingerprint(self) -> dict[str, str]:
        """What `/version` shows, so that two services can be compared without their keys."""
        return {
            "token_key_id": self.key_id,
            "token_issuer": self.issuer,
            "token_audience": self.audience,
            "token_algorithm": self.algorithm,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """What an accepted token says. Times are seconds since 1970."""

    account_id: str
    email: str
    token_id: str
    session_id: str
    issued_at: int
    expires_at: int


class Tokens:
    """Signs and verifies access tokens; safe to share between threads. `clock` gives seconds since 1970."""

    def __init__(self, settings: TokenSettings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._clock = clock
        self._keys = {key_id(key): OctKey.import_key(key) for key in settings.keys}

    def issue(self, *, account_id: str, email: str, session_id: str, seconds: int | None = None) -> tuple[str, Claims]:
        """A signed token and what it says. `seconds` shortens the lifetime; it cannot lengthen it."""
        now = int(self._clock())
        claims = Claims(
            account_id=account_id,
            email=email,
            token_id=uuid.uuid4().hex,
            session_id=session_id,
            issued_at=now,
            expires_at=now + min(seconds or self.settings.seconds, self.settings.seconds),
        )
        payload = {
            "iss": self.settings.issuer,
            "aud": self.settings.audience,
            "sub": claims.account_id,
            "email": claims.email,
            "iat": claims.issued_at,
            "exp": claims.expires_at,
            "jti": claims.token_id,
            "sid": claims.session_id,
        }
        name = self.settings.key_id
        algorithm = self.settings.algorithm
        header = {"alg": algorithm, "kid": name}
        return jwt.encode(header, payload, self._keys[name], algorithms=[algorithm]), claims

    def verify(self, token: str) -> Claims:
        """The claims of an accepted token. Raises `TokenRefused`, and logs why. Revocation is not known here."""
        payload = self._payload(token, self._key(_header(token)))
        for claim, code, expected in (
            ("iss", "TOKEN_ISSUER_WRONG", self.settings.issuer),
            ("aud", "TOKEN_AUDIENCE_WRONG", self.settings.audience),
        ):
            seen = payload.get(claim)
            if seen != expected and not (claim == "aud" and isinstance(seen, list) and expected in seen):
                word = "issuer" if claim == "iss" else "audience"
                message = f"The token's {word} is {_shown(seen)}; this service accepts {expected!r}."
                refuse(code, message, expected=expected, seen=_shown(seen))
        claims = _claims(payload)
        now = self._clock()
        if claims.expires_at <= now:
            late = f"{int(now - claims.expires_at)} s ago"
            refuse("TOKEN_EXPIRED", f"The token expired {late}.", expected=f"exp after {int(now)}", seen=f"exp {late}")
        if claims.issued_at > now + CLOCK_TOLERANCE:
            early = f"{int(claims.issued_at - now)} s ahead"
            message = f"The token was issued {early} of this service's clock."
            refuse("TOKEN_NOT_YET_VALID", message, expected=f"iat up to {int(now)}", seen=f"iat {early}")
        return claims

    def _key(self, header: dict[str, Any]) -> OctKey:
        algorithm, name = header.get("alg"), header.get("kid")
        if algorithm != self.settings.algorithm:
            message = f"The token is signed with {_shown(algorithm)}; this service accepts {self.settings.algorithm}."
            refuse("TOKEN_ALGORITHM_WRONG", message, expected=self.settings.algorithm, seen=_shown(algorithm))
        key = self._keys.get(name) if isinstance(name, str) else None
        if key is None:
            known = ", ".join(self._keys)
            message = f"The token was signed with key {_shown(name)}; this service verifies with {known}."
            refuse("TOKEN_KEY_UNKNOWN", message, expected=known, seen=_shown(name))
        return key

    def _payload(self, token: str, key: OctKey) -> dict[str, Any]:
        try:
            return jwt.decode(token, key, algorithms=[self.settings.algorithm]).claims
        except BadSignatureError:
            message = "The token's signature does not match its content."
            refuse("TOKEN_SIGNATURE_INVALID", message, expected="a signature by the named key", seen="another one")
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            _malformed(type(error).__name__)


def bearer(header: str | None) -> str:
    """The token in an Authorization header (RFC 6750). Raises `TokenRefused`: TOKEN_MISSING or TOKEN_MALFORMED."""
    if not header or not header.strip():
        refuse("TOKEN_MISSING", "No access token was sent.", expected="Authorization: Bearer <token>", seen="no header")
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        _malformed("no bearer token in the Authorization header")
    return token.strip()


def _header(token: str) -> dict[str, Any]:
    if len(token) > LONGEST_TOKEN:
        _malformed(f"{len(token)} characters")
    parts = token.split(".")
    if len(parts) != 3:
        _malformed(f"{len(parts)} parts" if len(parts) > 1 else "1 part")
    try:
        header = json.loads(urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (ValueError, RecursionError):
        _malformed("a header that cannot be read")
    if not isinstance(header, dict):
        _malformed("a header that is not an object")
    return header


def _claims(payload: dict[str, Any]) -> Claims:
    texts = {name: payload.get(name) for name in ("sub", "email", "jti", "sid")}
    times = {name: payload.get(name) for name in ("iat", "exp")}
    for name, value in texts.items():
        if not isinstance(value, str) or not value:
            _malformed(f"no text in claim {name}")
    for name, time_value in times.items():
        if not isinstance(time_value, int | float) or isinstance(time_value, bool) or not abs(time_value) < 2**53:
            _malformed(f"no time in claim {name}")
    return Claims(
        account_id=str(texts["sub"]),
        email=str(texts["email"]),
        token_id=str(texts["jti"]),
        session_id=str(texts["sid"]),
        issued_at=int(times["iat"] or 0),
        expires_at=int(times["exp"] or 0),
    )


def _malformed(seen: str) -> NoReturn:
    message = f"The token cannot be read: {seen}."
    refuse("TOKEN_MALFORMED", message, expected="a signed token of three parts", seen=seen)


def _shown(value: object) -> str:
    """A value out of a token that nobody has vouched for, as one short printable line."""
    return "none" if value is None else ascii(value)[:60]
