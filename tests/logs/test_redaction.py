"""Secrets of every shape disappear; ordinary text stays. Every secret here is put together when the tests run."""

from __future__ import annotations

import base64
import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shakeout.evidence.redaction import MARK, Redactor, knowing, redact, secrets_in

_random = random.Random(7)


def some(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(_random.choice(letters) for _ in range(length))


def jwt() -> str:
    parts = ['{"alg":"HS256"}', '{"sub":"7","iat":1}']
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "." + some(43)


HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
PASSWORD = "corr" + "ect-h0rse"
BEGIN = "-----BEG" + "IN "
KEY = "\n".join(some(64) for _ in range(4))

# (what it is, text with {} where the secret stands, the secret)
SECRETS = [
    ("AWS key id", "using {} in eu-west-1", "AKIA" + some(16, UPPER)),
    ("AWS temporary key id", "id={}", "ASIA" + some(16, UPPER)),
    ("AWS secret key", "aws_secret_access_key = {}", some(40)),
    ("AWS signature", "GET /b?X-Amz-Signature={}&X-Amz-Date=1", some(64, HEX)),
    ("Google API key", "https://maps.example.com/v1?key={}", "AIza" + some(35)),
    ("Google access token", "token {}", "ya29." + some(60)),
    ("Google client secret", "client {}", "GOCSPX-" + some(28)),
    ("GitHub token", "https://x-access-token:{}@github.com/acme/shop", "ghp_" + some(36)),
    ("GitHub token alone", "remote: {} rejected", "gho_" + some(36)),
    ("GitHub fine-grained", "{}", "github_pat_" + some(40)),
    ("GitLab token", "PRIVATE-TOKEN: {}", "glpat-" + some(20)),
    ("Slack token", "slack said invalid_auth for {}", "xoxb-" + some(12) + "-" + some(24)),
    ("Slack hook", "POST hooks.slack.com/services/{} 404", f"T{some(8, UPPER)}/B{some(8, UPPER)}/{some(24)}"),
    ("Stripe key", "Invalid API Key provided: {}", "sk_" + "live_" + some(24)),
    ("Stripe webhook secret", "{}", "whsec_" + some(32)),
    ("model provider key", "Incorrect key: {}.", "sk-" + "proj-" + some(40)),
    ("SendGrid", "{}", "SG." + some(22) + "." + some(43)),
    ("npm", "//registry.example.com/:_authToken={}", "npm_" + some(36)),
    ("PyPI", "{}", "pypi-" + some(60)),
    ("Hugging Face", "{}", "hf_" + some(34)),
    ("Vault", "{}", "hvs." + some(40)),
    ("DigitalOcean", "{}", "dop_v1_" + some(64, HEX)),
    ("Telegram", "bot{}/getMe", "123456789:AA" + some(33)),
    ("Azure storage", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=x", some(86) + "=="),
    ("SAS", "https://a.blob.example.com/c?sv=2021&sig={}&se=1", some(43)),
    ("JWT", "rejected {} (expired)", jwt()),
    ("bearer", "Authorization: Bearer {}", some(40)),
    ("bearer in JSON", '{{"headers": {{"authorization": "Bearer {}"}}}}', some(40)),
    ("bearer alone", "sent bearer {} upstream", some(32)),
    ("basic", "Authorization: Basic {}", base64.b64encode(b"shop:" + PASSWORD.encode()).decode()),
    ("basic alone", "curl said Basic {}", base64.b64encode(b"shop:" + PASSWORD.encode()).decode()),
    ("header", "x-api-key: {}", some(24)),
    ("cookie", "Cookie: session={}; theme=dark", some(40)),
    ("set-cookie", "set-cookie: sid={}; HttpOnly; Path=/", some(40)),
    ("basic-auth URL", "cloning https://shop:{}@git.example.com/shop.git", PASSWORD),
    ("connection string", "postgresql://shop:{}@db.internal:5432/shop", PASSWORD),
    ("connection string with @", "postgres://shop:{}@10.0.0.5/shop", "p@ss" + "w0rd"),
    ("connection string with slash", "postgres://shop:{}@10.0.0.5/shop", "pa/ss" + "w0rd"),
    ("connection string of digits", "postgres://shop:{}@db/shop", "12" + "345"),
    ("driver URL", "mongodb+srv://shop:{}@c0.example.net/?w=1", PASSWORD),
    ("no user", "redis://:{}@cache:6379/0", PASSWORD),
    ("escaped slashes", '{{"url": "postgres:\\/\\/shop:{}@db\\/shop"}}', PASSWORD),
    ("key words", "host=db user=shop password={} dbname=shop", PASSWORD),
    ("key words quoted", "host=db password='{}'", "two words " + "here"),
    ("ODBC", "Driver=x;UID=sa;PWD={};", PASSWORD),
    ("environment", "DATABASE_PASSWORD={}", PASSWORD),
    ("environment JSON", '{{"DB_PASSWORD": "{}"}}', PASSWORD),
    ("environment YAML", "  SESSION_SECRET: {}", PASSWORD),
    ("environment block", '{{"name": "TOKEN_KEY", "value": "{}"}}', PASSWORD),
    ("environment block YAML", "- name: TOKEN_KEY\n  value: {}", PASSWORD),
    ("export", "export STRIPE_API_KEY={}", some(20)),
    ("repr", "Settings(host='db', password='{}')", PASSWORD),
    ("dict repr", "{{'secret_key': '{}', 'debug': True}}", PASSWORD),
    ("local variable", "    token = '{}'", PASSWORD),
    ("escaped JSON", '{{"m": "{{\\"password\\": \\"{}\\"}}"}}', PASSWORD),
    ("query", "GET /login?user=a&access_token={}&x=1", some(20)),
    ("signing key", "SIGNING_KEY={}", some(32, HEX)),
    ("option", "mytool --password {} --host db", PASSWORD),
    ("option with =", "mytool --api-key={} run", PASSWORD),
    ("curl user", "curl -u shop:{} https://example.com", PASSWORD),
    ("netrc", "machine git.example.com login shop password {}", PASSWORD),
    ("SQL", "ALTER ROLE shop WITH PASSWORD '{}'", PASSWORD),
    ("pydantic", "token_key\n  Too short [type=string, input_value='{}', input_type=str]", PASSWORD),
    ("argon2", "hash {}", "$argon2id$v=19$m=65536,t=3,p=4$" + some(22) + "$" + some(43)),
    ("bcrypt", "hash {}", "$2b$12$" + some(53)),
    ("private key", f"{BEGIN}PRIVATE KEY-----\n{{}}\n-----END PRIVATE KEY-----", KEY),
    ("escaped key", f'"{BEGIN}EC PRIVATE KEY-----\\n{{}}\\n-----END EC PRIVATE KEY-----"', "\\n".join(KEY.split())),
    ("cut private key", f"{BEGIN}OPENSSH PRIVATE KEY-----\n{{}}", KEY),
    ("line of a private key", "{}", "Aa0" + some(61)),
    ("e-mail", "user {} not found", "jane.roe" + "@" + "mail.example.com"),
    ("e-mail in JSON", '{{"email":"{}"}}', "jane+shop" + "@" + "example.org"),
]  # fmt: skip

ORDINARY = [
    "commit 0123456789abcdef0123456789abcdef01234567",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "request 123e4567-e89b-12d3-a456-426614174000 failed",
    'File "/usr/src/app/accounts/token_store.py", line 12, in read_token',
    "    return self.tokens[token]",
    "password authentication failed for user \"shop\"",
    "FATAL:  password authentication failed for user \"shop\"",
    "KeyError: 'DATABASE_PASSWORD'",
    "DATABASE_PASSWORD: field required",
    "environment variable API_KEY is missing",
    "API_KEY: missing",
    "token: signature verification failed",
    "InvalidTokenError: Signature has expired",
    "jose.exceptions.ExpiredSignatureError: Signature has expired.",
    "TOKEN_ISSUER_WRONG expected=shakeout-auth seen=other",
    "token_type: Bearer expires_in: 900",
    "max_tokens=4096 tokens: 12",
    "WWW-Authenticate: Bearer realm=\"shop\"",
    "Basic authentication required",
    "bearer authentication required",
    "secret projects/harbour/secrets/db-password/versions/latest was not found",
    "secret: projects/harbour/secrets/db-password/versions/latest",
    "password_file=/run/secrets/db",
    "password=${DB_PASSWORD}",
    "password=None",
    "token=***",
    "primary_key=17 partition_key=region cache_key=items",
    "CircuitBreakerOpenError: SERVICE_UNAVAILABLE: Circuit breaker 'clickhouse' is OPEN",
    "GET https://backend-staging.example.run.app:8443/health 200",
    "connecting to postgresql://shop@db.internal:5432/shop",
    "http://127.0.0.1:8123/?query=SELECT%201",
    "git@github.com:acme/shop.git",
    "backend@harbour.iam.gserviceaccount.com lacks run.services.get",
    "getty@tty1.service: failed",
    "lodash@4.17.21, @scope/name@1.2.3",
    "image gcr.io/harbour/backend@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "Secret \"db-credentials\" not found",
    "unexpected token: punc (,)",
    "SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
    "2025-09-03T10:00:00.123Z ERROR app.auth token expired",
    "skipping sk-learn and risk-free tasks",
    "the cookie is missing",
    "Session id: 42",
    "token_key_id=1a2b3c4d expected=5e6f7a8b",
    "TypeError: 'NoneType' object is not subscriptable",
]  # fmt: skip


@pytest.mark.parametrize(("text", "secret"), [row[1:] for row in SECRETS], ids=[row[0] for row in SECRETS])
def test_a_secret_disappears(text: str, secret: str) -> None:
    found = redact(text.format(secret))
    assert secret not in found
    assert MARK in found
    for part in secret.split("\n"):
        assert part not in found


ONE_LINE = [row for row in SECRETS if "\n" not in row[1] and "line of" not in row[0] and row[1] != "{}"]


@pytest.mark.parametrize(("text", "secret"), [row[1:] for row in ONE_LINE], ids=[row[0] for row in ONE_LINE])
def test_a_secret_disappears_within_a_line_of_log(text: str, secret: str) -> None:
    assert secret not in redact(f"2025-09-03 10:00:00 ERROR app.db {text.format(secret)}")


@pytest.mark.parametrize(("text", "secret"), [row[1:] for row in SECRETS], ids=[row[0] for row in SECRETS])
def test_redacting_twice_changes_nothing_more(text: str, secret: str) -> None:
    once = redact(text.format(secret))
    assert redact(once) == once


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_the_user_and_the_host_of_an_address_stay() -> None:
    text = "postgresql://shop:" + PASSWORD + "@db.internal:5432/shop"
    assert redact(text) == f"postgresql://shop:{MARK}@db.internal:5432/shop"


def test_known_values_are_taken_out_wherever_they_stand() -> None:
    assert Redactor(["plainvalue"])("xxplainvaluexx") == f"xx{MARK}xx"
    assert Redactor(["abc"])("abc") == "abc"


@given(st.text(alphabet=string.ascii_letters + string.digits + "-._~", min_size=8, max_size=60))
def test_any_password_in_an_address_disappears(password: str) -> None:
    found = redact(f"cannot reach postgresql://shop:{password}@db.example.com:5432/shop")
    assert found == f"cannot reach postgresql://shop:{MARK}@db.example.com:5432/shop"


@given(st.text(max_size=400))
def test_any_text_is_redacted_without_a_crash_and_for_good(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(
    st.lists(
        st.sampled_from(
            [
                "password=",
                "token: ",
                "://",
                "@",
                ":",
                "'",
                "Bearer ",
                "eyJ",
                ".",
                "a" * 30,
                "\n",
                "name: ",
                "value: ",
                "-u ",
                "Cookie: a=",
            ]
        ),
        max_size=40,
    )
)
def test_pieces_of_secrets_are_redacted_for_good(pieces: list[str]) -> None:
    once = redact("".join(pieces))
    assert redact(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        "password",
        "password=",
        "a@",
        "://a:",
        "eyJ",
        "Bearer ",
        "cookie=a",
        "-u a:",
        "x.",
        "token ",
        "name: token ",
        '\\"',
        "A",
        "--a-",
        BEGIN + "PRIVATE KEY-----",
        "aA0",
        "password = '",
        "a.b@c.",
        "1.",
        "input_value=",
        "token\n ",
    ],
)
def test_time_is_linear_in_hostile_text(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        begin = time.perf_counter()
        redact(text)
        return time.perf_counter() - begin

    seconds(1000)
    assert min(seconds(200_000) for _ in range(2)) < 2.0


def test_a_value_that_a_name_showed_to_be_a_secret_is_taken_out_where_it_stands_bare() -> None:
    shown = list(
        secrets_in("LEDGER_PASSWORD=Tr4wler-Mast url=postgres://app:h4rbour!Light@db/ledger TOKEN_URL=/t/abc1")
    )
    assert shown == ["Tr4wler-Mast", "h4rbour!Light"]
    with knowing(shown):
        assert redact("login as app with Tr4wler-Mast failed") == f"login as app with {MARK} failed"
    assert redact("login as app with Tr4wler-Mast failed").count(MARK) == 0


@pytest.mark.parametrize("word", ["postgres", "Password", "12345678", "/run/secrets/db", "short1"])
def test_ordinary_text_stays_although_a_secret_has_the_same_value(word: str) -> None:
    with knowing([word]):
        assert redact(f"cannot use {word} here") == f"cannot use {word} here"
