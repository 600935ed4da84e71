"""Sign-up, sign-in, protected calls, revocation: on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select

from fixtures.auth import PASSWORD, environ
from shakeout.console.auth.database import Database
from shakeout.console.auth.models import Account
from shakeout.console.auth.passwords import Passwords
from shakeout.console.auth.settings import AuthSettings


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_new_account_is_answered_with_its_id_and_address(auth):
    answer = auth.post("/v1/accounts", email="Ada@Example.com", password=PASSWORD)
    assert answer.status_code == 201
    account = answer.json()["account"]
    assert account == {"id": account["id"], "email": "ada@example.com"}
    assert len(account["id"]) == 32


def test_an_address_has_one_account_in_whatever_case(auth):
    auth.post("/v1/accounts", email="ada@example.com", password=PASSWORD)
    answer = auth.post("/v1/accounts", email="ADA@example.com", password="another-password")
    assert code(answer) == (409, "ACCOUNT_EXISTS")
    assert answer.json()["error"]["field"] == "email"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody", "password": PASSWORD}, "email"),
        ({"email": "a\x00@example.com", "password": PASSWORD}, "email"),
        ({"email": "a" * 250 + "@example.com", "password": PASSWORD}, "email"),
        ({"email": "ada@example.com", "password": "short"}, "password"),
        ({"email": "ada@example.com", "password": "x" * 1025}, "password"),
        ({"email": "ada@example.com"}, "password"),
        ({"email": "ada@example.com", "password": PASSWORD, "admin": True}, "admin"),
    ],
)
def test_wrong_input_names_the_field_and_never_repeats_the_password(start_auth, tmp_path, body, field):
    answer = start_auth(f"sqlite:///{tmp_path}/a.db").post("/v1/accounts", **body)
    assert code(answer) == (422, "INVALID")
    assert answer.json()["error"]["field"] == field
    assert body.get("password", PASSWORD) not in answer.text


def test_signing_in_gives_a_token_that_opens_the_protected_call(auth):
    pair = auth.signed_in("Ada@example.com")
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 900)
    assert auth.get("/v1/me", pair["access_token"]).json()["account"]["email"] == "ada@example.com"


def test_without_a_token_the_protected_call_is_refused(auth):
    answer = auth.get("/v1/me")
    assert code(answer) == (401, "TOKEN_MISSING")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_wrong_password_and_an_unknown_account_are_answered_alike(auth):
    auth.post("/v1/accounts", email="ada@example.com", password=PASSWORD)
    wrong = auth.post("/v1/sessions", email="ada@example.com", password="not-the-password")
    unknown = auth.post("/v1/sessions", email="nobody@example.com", password="not-the-password")
    assert code(wrong) == (401, "WRONG_CREDENTIALS")
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)


def test_an_unknown_account_takes_as_long_as_a_wrong_password(start_auth, database_url):
    """Counted, not timed: the same number of verifications, against hashes of the same cost."""
    verified: list[str] = []

    class Counting(Argon2Hasher):
        def verify(self, password, hash):
            verified.append(str(hash).rpartition("$")[0].rpartition("$")[0])
            return super().verify(password, hash)

    auth = start_auth(database_url, passwords=Passwords(Counting()))
    auth.post("/v1/accounts", email="ada@example.com", password=PASSWORD)
    costs = []
    for email in ("ada@example.com", "nobody@example.com"):
        verified.clear()
        assert code(auth.post("/v1/sessions", email=email, password="not-it")) == (401, "WRONG_CREDENTIALS")
        costs.append(list(verified))
    assert costs[0] == costs[1]
    assert len(costs[0]) == 1 and "m=" in costs[0][0]


def test_the_lifetime_that_was_asked_for_is_kept(auth):
    pair = auth.signed_in(expires_in=5)
    assert pair["expires_in"] == 5
    auth.clock.ahead = 4
    assert auth.get("/v1/me", pair["access_token"]).status_code == 200
    auth.clock.ahead = 6
    assert code(auth.get("/v1/me", pair["access_token"])) == (401, "TOKEN_EXPIRED")


@pytest.mark.parametrize("wished", [0, -1, 901, "5", 1.5, True])
def test_a_lifetime_that_cannot_be_is_refused(start_auth, tmp_path, wished):
    auth = start_auth(f"sqlite:///{tmp_path}/a.db")
    answer = auth.post("/v1/sessions", email="ada@example.com", password=PASSWORD, expires_in=wished)
    assert code(answer) == (422, "INVALID")
    assert answer.json()["error"]["field"] == "expires_in"


def test_after_revocation_the_access_token_and_the_refresh_token_are_refused(auth):
    pair, other = auth.signed_in(), auth.signed_in()
    assert auth.post("/v1/sessions/revoke", pair["access_token"]).json() == {"ok": True}
    assert code(auth.get("/v1/me", pair["access_token"])) == (401, "TOKEN_REVOKED")
    assert code(auth.post("/v1/sessions/revoke", pair["access_token"])) == (401, "TOKEN_REVOKED")
    assert code(auth.post("/v1/sessions/refresh", refresh_token=pair["refresh_token"])) == (401, "TOKEN_REVOKED")
    assert auth.get("/v1/me", other["access_token"]).status_code == 200


def test_introspection_knows_an_accepted_a_revoked_and_a_forged_token(auth):
    token = auth.signed_in()["access_token"]
    found = auth.post("/v1/tokens/introspect", token=token).json()
    assert found["active"]
    assert found["account"]["email"] == "ada@example.com"
    assert found["expires_at"].endswith("Z")
    auth.post("/v1/sessions/revoke", token)
    revoked = auth.post("/v1/tokens/introspect", token=token).json()
    assert revoked == {"ok": True, "active": False, "reason": "TOKEN_REVOKED"}
    head, claims, _ = token.split(".")
    forged = auth.post("/v1/tokens/introspect", token=f"{head}.{claims}.AAAA").json()
    assert forged == {"ok": True, "active": False, "reason": "TOKEN_SIGNATURE_INVALID"}


def test_a_token_of_another_services_key_is_told_apart_from_a_forged_one(start_auth, tmp_path):
    here = start_auth(f"sqlite:///{tmp_path}/a.db")
    there = start_auth(f"sqlite:///{tmp_path}/b.db", TOKEN_KEY="the-key-of-another-installation")
    assert code(here.get("/v1/me", there.signed_in()["access_token"])) == (401, "TOKEN_KEY_UNKNOWN")


def test_a_token_of_a_session_that_this_database_does_not_have_is_refused(start_auth, tmp_path):
    here, there = (start_auth(f"sqlite:///{tmp_path}/{name}.db") for name in "ab")
    assert code(here.get("/v1/me", there.signed_in()["access_token"])) == (401, "TOKEN_REVOKED")


def test_too_many_tries_are_refused_until_a_minute_has_passed(start_auth, database_url):
    auth = start_auth(database_url, SIGN_IN_LIMIT="3")
    auth.post("/v1/accounts", email="ada@example.com", password=PASSWORD)
    for _ in range(3):
        assert code(auth.post("/v1/sessions", email="ada@example.com", password="guess"))[0] == 401
    right = auth.post("/v1/sessions", email="Ada@example.com", password=PASSWORD)
    assert code(right) == (429, "RATE_LIMITED")
    assert 0 < int(right.headers["retry-after"]) <= 60
    assert auth.post("/v1/accounts", email="eve@example.com", password=PASSWORD).status_code == 201
    assert auth.post("/v1/sessions", email="eve@example.com", password=PASSWORD).status_code == 200


def test_signing_in_clears_the_tries(start_auth, tmp_path):
    auth = start_auth(f"sqlite:///{tmp_path}/a.db", SIGN_IN_LIMIT="2")
    for _ in range(4):
        auth.signed_in()


def test_passwords_are_stored_as_argon2id_and_nothing_secret_in_clear(start_auth, tmp_path):
    auth = start_auth(f"sqlite:///{tmp_path}/a.db")
    pair = auth.signed_in()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"$argon2id$" in stored
    for secret in (PASSWORD, pair["access_token"], pair["refresh_token"]):
        assert secret.encode() not in stored


def test_a_hash_of_another_cost_is_renewed_at_the_next_sign_in(start_auth, database_url):
    start_auth(database_url).signed_in()
    dearer = Passwords(Argon2Hasher(time_cost=2, memory_cost=256, parallelism=1))
    auth = start_auth(database_url, passwords=dearer)
    auth.signed_in()
    database = Database(AuthSettings.from_environment(environ(database_url)).database)
    with database.transaction() as session:
        [account] = session.scalars(select(Account)).all()
    database.close()
    assert "m=256,t=2,p=1" in account.password_hash
