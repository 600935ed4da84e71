"""
Why a token is refused, read from codes, exception types and messages.

The wordings are those of the console, PyJWT, python-jose, joserfc and Authlib, jsonwebtoken and jose for Node.js,
golang-jwt, and jjwt and java-jwt for Java. What is matched is bounded and anchored to words; a text that says nothing
of tokens is left alone.
"""

from __future__ import annotations

import re

LIMIT = 2000

_KINDS = {
    "key": re.compile(
        r"TOKEN_KEY_UNKNOWN|PyJWKClientError|Unable to find a signing key|JWKSNoMatchingKey|ERR_JWKS_NO_MATCHING_KEY"
        r"|no applicable key found|SigningKeyNotFoundError|\bkid\b.{0,80}(?:not found|unknown|no match)"
        r"|(?:unknown|no such|no matching) (?:signing )?(?:key id|kid\b)"
        r"|signed with (?:an unknown )?key .{1,60}verifies with"
    ),
    "algorithm": re.compile(
        r"TOKEN_ALGORITHM_WRONG|InvalidAlgorithmError|(?:specified )?alg(?:orithm)? value is not allowed"
        r"|ERR_JOSE_ALG_NOT_ALLOWED|invalid algorithm|\"alg\" \(Algorithm\) Header Parameter"
        r"|signing method \S{1,20} is invalid|unexpected signing method|AlgorithmMismatchException",
        re.I,
    ),
    "issuer": re.compile(
        r"TOKEN_ISSUER_WRONG|InvalidIssuerError|jwt issuer invalid|Invalid issuer\b|unexpected \"iss\" claim"
        r"|token has invalid issuer|invalid claim: ['\"]?iss|Expected iss claim to be|Claim 'iss' value",
        re.I,
    ),
    "audience": re.compile(
        r"TOKEN_AUDIENCE_WRONG|InvalidAudienceError|jwt audience invalid|Audience doesn't match|Invalid audience\b"
        r"|unexpected \"aud\" claim|token has invalid audience|invalid claim: ['\"]?aud|Expected aud claim to be"
        r"|Claim 'aud' value",
        re.I,
    ),
    "not-yet-valid": re.compile(
        r"TOKEN_NOT_YET_VALID|ImmatureSignatureError|token is not (?:yet valid|valid yet)|jwt not active|NotBeforeError"
        r"|\"(?:nbf|iat)\" claim timestamp check failed|token used before issued|PrematureJwtException"
        r"|can'?t be used before",
        re.I,
    ),
    "expired": re.compile(
        r"TOKEN_EXPIRED|ExpiredSignature|Signature has expired|jwt expired|TokenExpired|token (?:is|has) expired"
        r"|\"exp\" claim timestamp check failed|ExpiredJwtException|ExpiredTokenError",
        re.I,
    ),
    "signature": re.compile(
        r"TOKEN_SIGNATURE_INVALID|InvalidSignatureError|Signature verification failed|invalid signature\b"
        r"|ERR_JWS_SIGNATURE_VERIFICATION_FAILED|JWSSignatureVerificationFailed|BadSignatureError"
        r"|JWT signature does not match|SignatureVerificationException|signature is invalid|bad_signature",
        re.I,
    ),
}
_ABOUT = re.compile(
    r"jwt|jws|jose|jwk|token|bearer|claim|\bkid\b|(?:Immature|Expired|Invalid)\w{0,12}(?:Signature|Issuer|Audience|Algorithm)",
    re.I,
)


def kind_of(text: str) -> str | None:
    """Why a token is refused (a key of `claims.WRONG`); None where the text does not say that one is."""
    text = text[:LIMIT]
    if not _ABOUT.search(text):
        return None
    return next((kind for kind, words in _KINDS.items() if words.search(text)), None)
