"""Access tokens: what is accepted, and the code of every refusal."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shakeout.console.environment import Environment, SettingsError
from shakeout.console.tokens import TokenRefused, Tokens, TokenSettings, bearer, key_id

KEY = "the-first-key-of-the-test"
OTHER = "another-key-of-the-test-suite"
NOW = 1_800_000_000.0
CLAIMS = {
    "iss": "shakeout-auth",
    "aud": "shakeout-console",
    "sub": "account-1",
    "email": "ada@example.com",
    "iat": int(NOW),
    "exp": int(NOW) + 60,
    "jti": "token-1",
    "sid": "session-1",
}


def tokens(*keys: str, now: float = NOW, **more: Any) -> Tokens:
    return Tokens(TokenSettings(keys=keys or (KEY,), **more), clock=lambda: now)


def encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def made(claims: object = CLAIMS, *, key: str = KEY, **header: Any) -> str:
    """A token made by the standard library alone, from RFC 7515 and RFC 7518."""
    head = {"alg": "HS256", "typ": "JWT", "kid": key_id(key), **header}
    signed = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())}"


def refusal(token: str, verifier: Tokens | None = None) -> TokenRefused:
    with pytest.raises(TokenRefused) as raised:
        (verifier or tokens()).verify(token)
    return raised.value


def issue(signer: Tokens, **more: Any) -> str:
    return signer.issue(account_id="account-1", email="ada@example.com", session_id="session-1", **more)[0]


def test_an_issued_token_says_what_was_put_in():
    signer = tokens()
    token, claims = signer.issue(account_id="account-1", email="ada@example.com", session_id="session-1")
    assert signer.verify(token) == claims
    assert (claims.issued_at, claims.expires_at) == (NOW, NOW + 900)


def test_a_token_made_by_other_code_after_the_standards_is_accepted():
    claims = tokens().verify(made())
    assert (claims.account_id, claims.email, claims.session_id) == ("account-1", "ada@example.com", "session-1")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_every_algorithm_that_can_be_set_signs_and_verifies(algorithm):
    both = tokens(algorithm=algorithm)
    assert both.verify(issue(both)).account_id == "account-1"


def test_the_lifetime_can_be_shortened_and_not_lengthened():
    signer = tokens(seconds=100)
    for wished, given_ in ((5, 5), (100, 100), (5000, 100), (None, 100)):
        _, claims = signer.issue(account_id="a", email="b", session_id="c", seconds=wished)
        assert claims.expires_at - claims.issued_at == given_


def test_the_first_key_signs_and_every_key_verifies():
    old, rotated = tokens(KEY), tokens(OTHER, KEY)
    assert rotated.verify(issue(old)).account_id == "account-1"
    assert refusal(issue(rotated), old).code == "TOKEN_KEY_UNKNOWN"


def test_an_unknown_key_is_refused_with_both_key_ids():
    refused = refusal(issue(tokens(OTHER)))
    assert refused.code == "TOKEN_KEY_UNKNOWN"
    assert key_id(KEY) in refused.message
    assert key_id(OTHER) in refused.message


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "someone-else"}, "TOKEN_ISSUER_WRONG"),
        ({"iss": None}, "TOKEN_ISSUER_WRONG"),
        ({"aud": "another-app"}, "TOKEN_AUDIENCE_WRONG"),
        ({"aud": ["another-app"]}, "TOKEN_AUDIENCE_WRONG"),
        ({"exp": int(NOW)}, "TOKEN_EXPIRED"),
        ({"exp": int(NOW) - 1000}, "TOKEN_EXPIRED"),
        ({"iat": int(NOW) + 60}, "TOKEN_NOT_YET_VALID"),
        ({"exp": None}, "TOKEN_MALFORMED"),
        ({"exp": "soon"}, "TOKEN_MALFORMED"),
        ({"exp": True}, "TOKEN_MALFORMED"),
        ({"exp": 1e300}, "TOKEN_MALFORMED"),
        ({"exp": float("nan")}, "TOKEN_MALFORMED"),
        ({"sub": ""}, "TOKEN_MALFORMED"),
        ({"sub": 5}, "TOKEN_MALFORMED"),
        ({"sid": None}, "TOKEN_MALFORMED"),
        ({"email": ["x"]}, "TOKEN_MALFORMED"),
    ],
)
def test_a_claim_that_is_wrong_has_its_own_code(claims, code):
    assert refusal(made(CLAIMS | claims)).code == code


@pytest.mark.parametrize("claims", [[], "text", 5, None])
def test_claims_that_are_not_an_object_are_malformed(claims):
    assert refusal(made(claims)).code == "TOKEN_MALFORMED"


def test_a_signer_whose_clock_is_a_little_ahead_is_accepted():
    assert tokens().verify(made(CLAIMS | {"iat": int(NOW) + 4})).issued_at == NOW + 4


def test_an_audience_may_be_one_of_a_list():
    assert tokens().verify(made(CLAIMS | {"aud": ["x", "shakeout-console"]})).account_id == "account-1"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256", "", None, 5, ["HS256"]])
def test_another_algorithm_is_refused_whatever_the_signature(algorithm):
    assert refusal(made(alg=algorithm)).code == "TOKEN_ALGORITHM_WRONG"


def test_a_token_without_signature_is_refused():
    head, claims, _ = made(alg="none").split(".")
    assert refusal(f"{head}.{claims}.").code == "TOKEN_ALGORITHM_WRONG"
    head, claims, _ = made().split(".")
    assert refusal(f"{head}.{claims}.").code == "TOKEN_SIGNATURE_INVALID"


@pytest.mark.parametrize("kid", [None, 5, ["x"], "", "00000000"])
def test_a_key_id_that_is_not_known_is_refused(kid):
    assert refusal(made(kid=kid)).code == "TOKEN_KEY_UNKNOWN"


def test_claims_changed_after_signing_are_refused():
    head, _, signature = made().split(".")
    forged = encoded(json.dumps(CLAIMS | {"sub": "account-2"}).encode())
    assert refusal(f"{head}.{forged}.{signature}").code == "TOKEN_SIGNATURE_INVALID"


def test_a_critical_header_that_we_do_not_know_is_refused():
    assert refusal(made(crit=["b64"], b64=False)).code == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "token", ["", "x", "a.b", "a.b.c", "a.b.c.d", "....", "é.é.é", "e30.e30.e30é", "W10.e30.x", "x" * 9000, "[" * 5000]
)
def test_what_is_no_token_is_refused_and_never_an_exception(token):
    assert refusal(token).code in {"TOKEN_MALFORMED", "TOKEN_ALGORITHM_WRONG"}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(place=st.integers(0, len(made()) - 1), letter=st.sampled_from("AZaz09-_.=é\n"))
def test_no_changed_letter_goes_unnoticed(place, letter):
    token = made()
    changed = token[:place] + letter + token[place + 1 :]
    try:
        claims = tokens().verify(changed)
    except TokenRefused:
        return
    # Base64's last letter holds bits that mean nothing: the content is the same then.
    assert changed == token or place == len(token) - 1
    assert claims == tokens().verify(token)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_any_text_is_refused(text):
    assert refusal(text).code.startswith("TOKEN_")


def test_a_refusal_is_logged_with_what_was_compared_and_without_the_token(caplog):
    token = made(CLAIMS | {"iss": "someone\nERROR forged line"})
    with caplog.at_level(logging.WARNING):
        refusal(token)
    [record] = caplog.records
    line = record.getMessage()
    assert record.levelname == "WARNING"
    assert line.startswith("token refused: code=TOKEN_ISSUER_WRONG expected=shakeout-auth seen='someone")
    assert "\n" not in line
    assert all(part not in line for part in token.split("."))


def test_the_settings_never_show_a_key():
    assert KEY not in repr(TokenSettings(keys=(KEY,)))


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "TOKEN_MISSING"),
        ("", "TOKEN_MISSING"),
        ("  ", "TOKEN_MISSING"),
        ("Bearer", "TOKEN_MALFORMED"),
        ("Bearer ", "TOKEN_MALFORMED"),
        ("Basic YTpi", "TOKEN_MALFORMED"),
    ],
)
def test_a_header_without_a_bearer_token_is_refused(header, code):
    with pytest.raises(TokenRefused) as raised:
        bearer(header)
    assert raised.value.code == code


def test_the_scheme_is_read_in_any_case():
    assert bearer("bearer  abc") == "abc"


def test_settings_come_from_the_environment():
    environment = Environment({"TOKEN_KEY": f"{KEY}, {OTHER}", "TOKEN_ISSUER": "me", "TOKEN_SECONDS": "30"})
    found = TokenSettings.read(environment)
    environment.finish()
    assert found == TokenSettings(keys=(KEY, OTHER), issuer="me", seconds=30)
    assert found.fingerprint()["token_key_id"] == hashlib.sha256(KEY.encode()).hexdigest()[:8]


def test_every_wrong_setting_is_told_at_once_and_no_key_is_shown():
    environment = Environment({"TOKEN_KEY": "short-key", "TOKEN_ALGORITHM": "none", "TOKEN_SECONDS": "x"})
    TokenSettings.read(environment)
    with pytest.raises(SettingsError) as raised:
        environment.finish()
    assert [fault.split(":")[0] for fault in raised.value.faults] == ["TOKEN_KEY", "TOKEN_ALGORITHM", "TOKEN_SECONDS"]
    assert "short-key" not in str(raised.value)
