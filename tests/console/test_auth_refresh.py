"""Refresh tokens: rotation, reuse, families, and what happens at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from fixtures.auth import CHEAP, KEY, PASSWORD
from shakeout.console.auth.accounts import Accounts, Pair
from shakeout.console.auth.database import Database
from shakeout.console.auth.models import RefreshToken, SignInSession
from shakeout.console.auth.settings import AuthSettings
from shakeout.console.service import ConsoleError


def refresh(auth, token):
    return auth.post("/v1/sessions/refresh", refresh_token=token)


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def accounts_on() -> Iterator[Callable[[str], Accounts]]:
    """More services on the same database, as other processes would have them."""
    opened: list[Database] = []

    def another(url: str) -> Accounts:
        settings = AuthSettings.from_environment({"PORT": "0", "DATABASE_URL": url, "TOKEN_KEY": KEY})
        opened.append(Database(settings.database))
        return Accounts(settings, opened[-1], passwords=CHEAP)

    yield another
    for database in opened:
        database.close()


def test_a_refresh_gives_a_new_pair_that_works(auth):
    first = auth.signed_in()
    second = refresh(auth, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert auth.get("/v1/me", second["access_token"]).status_code == 200
    assert refresh(auth, second["refresh_token"]).status_code == 200


def test_a_token_used_twice_revokes_the_whole_family_and_no_other(auth):
    first, other = auth.signed_in(), auth.signed_in()
    second = refresh(auth, first["refresh_token"]).json()
    assert code(refresh(auth, first["refresh_token"])) == (401, "REFRESH_TOKEN_REUSED")
    assert code(refresh(auth, second["refresh_token"])) == (401, "TOKEN_REVOKED")
    for pair in (first, second):
        assert code(auth.get("/v1/me", pair["access_token"])) == (401, "TOKEN_REVOKED")
    assert code(refresh(auth, first["refresh_token"])) == (401, "REFRESH_TOKEN_REUSED")
    assert auth.get("/v1/me", other["access_token"]).status_code == 200
    assert refresh(auth, other["refresh_token"]).status_code == 200


def test_an_unknown_and_an_expired_refresh_token_are_refused(auth):
    pair = auth.signed_in()
    assert code(refresh(auth, "never-seen")) == (401, "REFRESH_TOKEN_UNKNOWN")
    auth.clock.ahead = 1_209_601
    # The keeper may have deleted the row already; it is refused either way.
    assert code(refresh(auth, pair["refresh_token"]))[1] in {"REFRESH_TOKEN_EXPIRED", "REFRESH_TOKEN_UNKNOWN"}


def test_of_many_refreshes_with_one_token_at_once_exactly_one_wins(auth, accounts_on):
    services = [accounts_on(auth.url) for _ in range(4)]
    for _ in range(5):
        token = auth.signed_in()["refresh_token"]
        together = threading.Barrier(8)

        def use(number: int, token: str = token, together: threading.Barrier = together) -> Pair | str:
            together.wait(10)
            try:
                return services[number % len(services)].refresh(token)
            except ConsoleError as error:
                return error.code

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(use, range(8)))
        winners = [result for result in results if isinstance(result, Pair)]
        assert len(winners) == 1
        assert [result for result in results if isinstance(result, str)] == ["REFRESH_TOKEN_REUSED"] * 7
        # Two holders of one token cannot be told apart, so the winner is signed out as well.
        assert code(auth.get("/v1/me", winners[0].access_token)) == (401, "TOKEN_REVOKED")
        assert code(refresh(auth, winners[0].refresh_token)) == (401, "TOKEN_REVOKED")


def test_a_revocation_at_the_same_moment_is_never_undone(auth, accounts_on):
    service = accounts_on(auth.url)
    for _ in range(10):
        pair = auth.signed_in()
        claims = service.verify(pair["access_token"])
        together = threading.Barrier(2)

        def use(token: str = pair["refresh_token"], together: threading.Barrier = together) -> Pair | None:
            together.wait(10)
            try:
                return service.refresh(token)
            except ConsoleError:
                return None

        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(use)
            together.wait(10)
            service.revoke(claims)
            result = running.result(10)
        if result is not None:
            assert code(auth.get("/v1/me", result.access_token)) == (401, "TOKEN_REVOKED")
            assert code(refresh(auth, result.refresh_token)) == (401, "TOKEN_REVOKED")


def test_expired_rows_are_deleted_and_living_ones_kept(auth, accounts_on):
    service = accounts_on(auth.url)
    auth.signed_in("old@example.com")
    service._clock = lambda: auth.clock() + 1_209_600
    with service._database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(RefreshToken)) == 1
    assert service.clean_up() == 1, "the refresh token; the session stays until its last access token is over"
    service._clock = lambda: auth.clock() + 1_209_600 + 901
    living = auth.signed_in("new@example.com")
    service._clock = lambda: auth.clock() + 1_209_600 - 10
    assert service.clean_up() == 0
    service._clock = lambda: auth.clock() + 1_209_600 + 901
    assert service.clean_up() == 3, "both sessions, and the second refresh token"
    with service._database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(SignInSession)) == 0
    assert code(auth.get("/v1/me", living["access_token"])) == (401, "TOKEN_REVOKED")


def test_parallel_sign_ins_all_succeed(auth, accounts_on):
    auth.signed_in()
    service = accounts_on(auth.url)

    def sign_in(number: int) -> Pair:
        return service.sign_in("ada@example.com", PASSWORD, address=f"10.0.0.{number}")

    with ThreadPoolExecutor(8) as pool:
        pairs = list(pool.map(sign_in, range(16)))
    assert len({pair.refresh_token for pair in pairs}) == 16
