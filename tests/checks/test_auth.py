"""The auth check against a small service whose rules can be broken one at a time."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from shakeout.checks.tokens import forgeries, read_token
from shakeout.manifest.model import CheckSpec

KEY = b"a-key-of-the-small-service"


def encode(value):
    return (
        base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode())
        .rstrip(b"=")
        .decode()
    )


class Small:
    """Accounts and tokens in a few lines; each rule in `broken` is not kept."""

    def __init__(self, *broken):
        self.broken, self.accounts, self.refresh, self.revoked, self.count = set(broken), {}, {}, set(), 0

    def token(self, seconds):
        self.count += 1
        now = int(time.time())
        head = {"alg": "HS256", "kid": "k1"}
        text = f"{encode(head)}.{encode({'iat': now, 'exp': now + seconds, 'jti': self.count})}"
        return f"{text}.{encode(hmac.new(KEY, text.encode(), hashlib.sha256).digest())}"

    def pair(self, seconds=900):
        self.count += 1
        refresh = f"refresh-{self.count}-{'x' * 20}"
        self.refresh[refresh] = True
        return 200, {"access_token": self.token(seconds), "refresh_token": refresh, "expires_in": seconds}

    def refuse(self, code, status=401):
        return status, {"ok": False, "error": {"code": code, "message": f"refused: {code.lower()}"}}

    def verdict(self, asked):
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            return None if "missing" in self.broken else "TOKEN_MISSING"
        text, _, signature = token.rpartition(".")
        right = encode(hmac.new(KEY, text.encode(), hashlib.sha256).digest())
        if signature != right and not (
            ("forged" in self.broken and signature) or ("unsigned" in self.broken and not signature)
        ):
            return "TOKEN_SIGNATURE_INVALID"
        claims = read_token(token)[1]
        if claims["exp"] <= time.time() and "expired" not in self.broken:
            return "TOKEN_EXPIRED"
        if token in self.revoked and "revoked" not in self.broken:
            return "TOKEN_REVOKED"
        return "TOKEN_KEY_UNKNOWN" if "accepted" in self.broken else None

    def __call__(self, asked):
        body = asked.json() if asked.body else {}
        match asked.method, asked.path:
            case "POST", "/v1/accounts":
                if "sign-up" in self.broken:
                    return self.refuse("INVALID", 422)
                self.accounts[body["email"]] = body["password"]
                return 201, {"ok": True}
            case "POST", "/v1/sessions":
                if "sign-in" in self.broken or self.accounts.get(body["email"]) != body["password"]:
                    return self.refuse("WRONG_CREDENTIALS")
                lifetime = 900 if "lifetime" in self.broken else body.get("expires_in", 900)
                return (200, {"ok": True}) if "no-token" in self.broken else self.pair(lifetime)
            case "POST", "/v1/sessions/refresh":
                known = self.refresh.get(body["refresh_token"])
                if not known:
                    return self.refuse("REFRESH_TOKEN_REUSED")
                if "same-refresh" in self.broken:
                    return 200, {"access_token": self.token(900), "refresh_token": body["refresh_token"]}
                self.refresh[body["refresh_token"]] = "reused" in self.broken
                return self.pair()
            case "POST", "/v1/sessions/revoke":
                self.revoked.add(asked.headers["authorization"].removeprefix("Bearer "))
                return 200, {"ok": True}
            case "GET", "/v1/me":
                code = self.verdict(asked)
                return self.refuse(code) if code else (200, {"ok": True})
        return 404, {}


@pytest.fixture
def ask(world, serve):
    async def start(*broken, **keys):
        world.service("auth", await serve(Small(*broken)))
        world.checks["auth"] = CheckSpec(kind="auth", service="auth", **{"leeway": 0.3, **keys})
        return await world.ask()

    return start


def bad(results):
    return {name for name, result in results.items() if result.outcome not in {"passed", "skipped"}}


async def test_a_service_that_keeps_the_rules_passes_every_question(ask):
    results = await ask()
    assert {name: result.outcome.value for name, result in results.items()} == dict.fromkeys(
        [
            "auth-sign-up",
            "auth-sign-in",
            "auth-token-accepted",
            "auth-token-missing",
            "auth-token-expired",
            "auth-token-forged",
            "auth-token-revoked",
            "auth-refresh-rotates",
        ],
        "passed",
    )


@pytest.mark.parametrize(
    ("broken", "red"),
    [
        ("sign-up", {"auth-sign-up"}),
        ("sign-in", {"auth-sign-in"}),
        ("accepted", {"auth-token-accepted"}),
        ("missing", {"auth-token-missing"}),
        ("expired", {"auth-token-expired"}),
        ("forged", {"auth-token-forged"}),
        ("unsigned", {"auth-token-forged"}),
        ("revoked", {"auth-token-revoked"}),
        ("same-refresh", {"auth-refresh-rotates"}),
        ("reused", {"auth-refresh-rotates"}),
    ],
)
async def test_a_broken_rule_turns_its_question_red_and_no_other(ask, broken, red):
    results = await ask(broken)
    assert bad(results) == red
    assert all(results[name].outcome == "failed" for name in red)


async def test_a_refused_token_gives_its_code_and_key(ask):
    result = (await ask("accepted"))["auth-token-accepted"]
    assert (result.facts["code"], result.facts["token"]["key_id"]) == ("TOKEN_KEY_UNKNOWN", "k1")
    assert '"Authorization: Bearer $TOKEN"' in result.reproduce


async def test_no_token_or_password_is_recorded(ask, world):
    results = await ask("accepted", "reused", "expired")
    recorded = "".join(path.read_text() for path in (world.folder / "checks").iterdir())
    for secret in world.shared["secrets"]:
        assert secret not in recorded
        assert secret not in repr(results)


async def test_an_answer_without_a_token_is_inconclusive(ask):
    assert (await ask("no-token"))["auth-sign-in"].outcome == "inconclusive"


async def test_a_service_that_gives_no_short_token_leaves_expiry_inconclusive(ask):
    result = (await ask("lifetime"))["auth-token-expired"]
    assert (result.outcome, "900" in result.detail) == ("inconclusive", True)


async def test_what_does_not_exist_is_not_asked(ask):
    results = await ask(revoke=None, refresh=None, expires_in=None)
    assert set(results) == {
        "auth-sign-up",
        "auth-sign-in",
        "auth-token-accepted",
        "auth-token-missing",
        "auth-token-forged",
    }


async def test_an_assumed_service_of_another_kind_is_inconclusive_and_not_red(world, serve):
    world.service("auth", await serve(lambda asked: (404, {})))
    results = await world.ask()
    assert {result.outcome.value for result in results.values()} <= {"inconclusive", "skipped"}
    assert "disabled: true" in results["auth-sign-up"].detail


async def test_an_existing_account_is_used_with_its_secret(world, serve, monkeypatch):
    small = Small()
    small.accounts["ops@example.com"] = "plum-orchard"
    monkeypatch.setenv("OPS_PASSWORD", "plum-orchard")
    world.service("auth", await serve(small))
    account = {"email": "ops@example.com", "password": {"env": "OPS_PASSWORD"}}
    world.checks["login"] = CheckSpec(kind="auth", service="auth", account=account)
    results = await world.ask("login-sign-in", "login-token-accepted")
    assert {name: result.outcome.value for name, result in results.items()} == {
        "login-sign-in": "passed",
        "login-token-accepted": "passed",
    }


async def test_the_account_is_new_and_at_example_com(world, serve):
    small = Small()
    world.service("auth", await serve(small))
    await world.ask("auth-sign-up")
    world.shared.clear()
    await world.ask("auth-sign-up")
    assert len(small.accounts) == 2
    assert all(email.endswith("@example.com") for email in small.accounts)


def test_forgeries_of_a_token_differ_from_it_and_from_each_other():
    token = Small().token(900)
    forged = [value for _, value in forgeries(token)]
    assert len({token, *forged}) == 4
    assert [how for how, _ in forgeries("opaque-token")] == ["one character changed"]
