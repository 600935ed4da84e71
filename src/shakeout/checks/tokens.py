"""
Access tokens in checks: handed from the auth check to later ones, read without being trusted, and forged.

Reading needs no key: header and claims of a JSON Web Token (RFC 7519) are only encoded.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from shakeout.checks.base import Context
from shakeout.checks.kinds import Configured, all_kinds
from shakeout.checks.records import keep_secret
from shakeout.manifest.plan import Plan

_HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def leave_token(context: Context, token: str, header: str = "Authorization", scheme: str = "Bearer") -> None:
    """Keep an accepted token for later checks; it is taken out of everything recorded from now on."""
    keep_secret(context, token)
    context.shared["token"] = token
    context.shared["token_header"] = {header: f"{scheme} {token}".strip()}


def token_header(context: Context) -> Mapping[str, str]:
    """The header that carries the token which the auth check left; empty where there is none."""
    return dict(context.shared.get("token_header", {}))


def account_check(plan: Plan) -> tuple[str, ...]:
    """
    The question that must have passed before a token is used elsewhere: that it is accepted, or, where that is not
    asked, that signing in works. Empty where no account is planned.
    """
    entries = {name: spec for name, spec in plan.checks.items() if spec.kind == "auth" and not spec.disabled}
    kind = all_kinds()["auth"]
    for name, spec in (entries or kind.defaults(plan)).items():
        if spec.disabled or (name in plan.checks and plan.checks[name].disabled):
            continue
        try:
            options = kind.options.model_validate(spec.options)
        except ValidationError:
            return ()
        entry = Configured(name=name, spec=spec, options=options, assumed=name not in plan.checks)
        asked = {check.name for check in kind.expand(entry, plan)}
        asked -= {each for each, other in plan.checks.items() if other.disabled}
        return next(((each,) for each in (f"{name}-token-accepted", f"{name}-sign-in") if each in asked), ())
    return ()


def read_token(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JSON Web Token; two empty objects where it is not one."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}, {}
    header, claims = _decoded(parts[0]), _decoded(parts[1])
    return (header, claims) if header is not None and claims is not None else ({}, {})


def token_facts(token: str) -> dict[str, Any]:
    """What a token says in public: `key_id`, `algorithm`, `issuer`, `audience`, `issued_at`, `expires_at`."""
    header, claims = read_token(token)
    values = {
        "key_id": header.get("kid"),
        "algorithm": header.get("alg"),
        "issuer": claims.get("iss"),
        "audience": claims.get("aud"),
        "issued_at": claims.get("iat"),
        "expires_at": claims.get("exp"),
    }
    return {name: value for name, value in values.items() if value is not None}


def forgeries(token: str) -> Iterator[tuple[str, str]]:
    """
    What was forged and the forged token: one signature byte changed; signed with another key; not signed at all.

    A token that is not a JSON Web Token is only changed in its last character but one.
    """
    header, _ = read_token(token)
    if not header:
        position = max(0, len(token) - 2)
        changed = "A" if token[position] != "A" else "B"
        yield "one character changed", token[:position] + changed + token[position + 1 :]
        return
    first, second, signature = token.split(".")
    raw = bytearray(_bytes(signature))
    if raw:
        raw[len(raw) // 2] ^= 1
    yield "one signature byte changed", f"{first}.{second}.{_text(bytes(raw) or b'x')}"
    algorithm = header.get("alg") if header.get("alg") in _HASHES else "HS256"
    signed = f"{_json({**header, 'alg': algorithm})}.{second}"
    other = hmac.new(secrets.token_bytes(32), signed.encode(), _HASHES[str(algorithm)]).digest()
    yield "signed with another key", f"{signed}.{_text(other)}"
    yield "not signed (algorithm none)", f"{_json({**header, 'alg': 'none'})}.{second}."


def _decoded(part: str) -> dict[str, Any] | None:
    try:
        value = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _json(value: Mapping[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())
