"""The analytics check against a real ClickHouse server, and against services that tell of one."""

import pytest

from shakeout.manifest.model import CheckSpec, Health
from shakeout.manifest.plan import BackingServicePlan


def backing(world, url=None, **keys):
    world.backing = [BackingServicePlan(name="clickhouse", kind="clickhouse", url=url, **keys)]


async def test_a_real_server_answers_and_takes_inserts_and_keeps_nothing(world, clickhouse_server):
    backing(world, clickhouse_server.url)
    results = await world.ask()
    assert {name: result.outcome.value for name, result in results.items()} == {
        "analytics-query": "passed",
        "analytics-insert": "passed",
    }
    assert results["analytics-query"].facts["server_version"] in results["analytics-query"].detail
    assert clickhouse_server.query("SELECT count() FROM system.tables WHERE name LIKE 'shakeout_check%'").strip() == "0"
    assert "plum-orchard" not in repr(results)


async def test_a_wrong_password_is_told(world, clickhouse_server):
    backing(world, f"http://default:wrong-plum@{clickhouse_server.address}/default")
    for result in (await world.ask()).values():
        assert (result.outcome, result.facts["kind"]) == ("failed", "wrong-credentials")
        assert "wrong-plum" not in repr(result)
        assert "$CLICKHOUSE_PASSWORD" in result.reproduce


async def test_a_missing_database_is_told(world, clickhouse_server):
    backing(world, clickhouse_server.url.removesuffix("/default") + "/nowhere")
    results = await world.ask()
    assert results["analytics-insert"].facts["kind"] == "database-missing"
    assert results["analytics-insert"].facts["clickhouse_code"] == 81


async def test_nothing_at_the_address_is_refused(world, unused_tcp_port):
    backing(world, f"http://127.0.0.1:{unused_tcp_port}/default")
    for result in (await world.ask()).values():
        assert (result.outcome, result.facts["kind"]) == ("failed", "refused")
        assert result.facts["address"] == f"127.0.0.1:{unused_tcp_port}"


async def test_another_web_server_is_not_clickhouse(world, serve):
    backing(world, await serve(lambda asked: (404, {"error": "no such page"})))
    for result in (await world.ask()).values():
        assert (result.outcome, result.facts["kind"]) == ("failed", "not-clickhouse")


async def test_a_web_server_that_says_200_to_everything_does_not_pass(world, serve):
    backing(world, await serve(lambda asked: (200, b"<html>welcome</html>")))
    assert {result.outcome.value for result in (await world.ask()).values()} <= {"failed", "inconclusive"}


@pytest.fixture
def telling(world, serve):
    """A service that tells of its ClickHouse and has a probe; gives the results."""

    async def start(entry=None, probe=(200, {"ok": True, "inserted": 1, "read": 1}), **keys):
        asked_probe = []

        def handler(asked):
            if asked.path == "/health":
                said = entry.pop(0) if isinstance(entry, list) and len(entry) > 1 else entry
                return 200, {"backing_services": {"clickhouse": said[0] if isinstance(said, list) else said}}
            asked_probe.append(asked)
            return probe

        world.service("backend", await serve(handler), health=Health())
        world.shared |= {"token": "t0ken-of-a-test", "token_header": {"Authorization": "Bearer t0ken-of-a-test"}}
        backing(world, "chdb:///data/history", reported_by="backend")
        world.checks["analytics"] = CheckSpec(kind="analytics", **keys)
        names = [f"analytics-{each}" for each in ("reported", "query", "insert", "breaker")]
        return await world.ask(*names), asked_probe

    return start


def up(**breaker):
    return {"status": "up", "breaker": {"name": "clickhouse", "state": "closed", "failures": 0, **breaker}}


async def test_clickhouse_inside_a_service_is_asked_through_it_once(telling):
    results, asked = await telling(up())
    assert {result.outcome.value for result in results.values()} == {"passed"}
    assert len(results) == 4
    assert len(asked) == 1
    assert asked[0].headers["authorization"] == "Bearer t0ken-of-a-test"


@pytest.mark.parametrize(
    ("breaker", "outcome", "detail"),
    [
        ({"state": "open", "failures": 5}, "failed", "circuit breaker 'clickhouse' is OPEN after 5 failures"),
        ({"state": "half-open"}, "degraded", "circuit breaker 'clickhouse' is HALF-OPEN"),
        ({"state": "closed", "failures": 2}, "degraded", "circuit breaker 'clickhouse' is CLOSED after 2 failures"),
    ],
)
async def test_the_breakers_state_decides(telling, breaker, outcome, detail):
    results, _ = await telling(up(**breaker))
    assert (results["analytics-breaker"].outcome, results["analytics-breaker"].detail) == (outcome, detail)
    assert results["analytics-breaker"].facts["breaker"]["state"] == breaker["state"]


async def test_a_service_without_a_breaker_is_inconclusive(telling):
    results, _ = await telling({"status": "up"})
    assert results["analytics-breaker"].outcome == "inconclusive"


async def test_a_service_that_says_down_is_red(telling):
    results, _ = await telling({"status": "down", "detail": "refused"})
    assert results["analytics-reported"].outcome == "failed"


async def test_a_service_that_cannot_say_yet_is_asked_again(telling):
    results, _ = await telling([{"status": "unknown", "detail": "no answer yet"}] * 3 + [up()])
    assert results["analytics-reported"].outcome == "passed"


async def test_a_service_that_can_never_say_is_red(telling, monkeypatch):
    monkeypatch.setattr("shakeout.checks.reported._PATIENCE", 0.4)
    results, _ = await telling({"status": "unknown", "detail": "no answer yet"})
    assert results["analytics-reported"].outcome == "failed"
    assert results["analytics-reported"].actual == "unknown: no answer yet"


async def test_an_open_breaker_in_the_probe_is_told_with_its_code(telling):
    error = {"code": "SERVICE_UNAVAILABLE", "message": "Circuit breaker 'clickhouse' is OPEN"}
    results, _ = await telling(up(), (503, {"ok": False, "error": error}))
    for name in ("analytics-query", "analytics-insert"):
        assert results[name].outcome == "failed"
        assert results[name].detail == "SERVICE_UNAVAILABLE: Circuit breaker 'clickhouse' is OPEN"
        assert (results[name].facts["code"], results[name].facts["error"]) == ("SERVICE_UNAVAILABLE", error)


@pytest.mark.parametrize("answer", [{"ok": True}, {"ok": True, "inserted": 0, "read": 0}])
async def test_a_probe_that_names_no_rows_does_not_pass(telling, answer):
    results, _ = await telling(up(), (200, answer))
    assert {results["analytics-query"].outcome.value, results["analytics-insert"].outcome.value} == {"failed"}


async def test_a_disabled_clickhouse_is_not_asked(world):
    backing(world, disabled=True)
    assert await world.ask() == {}
