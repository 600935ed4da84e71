"""The http check against real servers that answer well and badly."""

import pytest

from shakeout.manifest.model import CheckSpec, Health


def spec(**keys):
    return CheckSpec(kind="http", **keys)


async def ask_one(world, url, **keys):
    world.service("web", url)
    world.checks["it"] = spec(service="web", **keys)
    return (await world.ask())["it"]


async def test_each_service_that_says_where_its_health_is_gets_a_check(world, serve):
    url = await serve(lambda asked: (200, {"ok": True}) if asked.path == "/healthz" else (404, {}))
    world.service("web", url, health=Health(path="/healthz", body={"ok": True}))
    world.service("worker", None)
    results = await world.ask()
    assert {name: result.outcome.value for name, result in results.items()} == {"web-health": "passed"}
    assert results["web-health"].detail == "200 Reason"
    assert results["web-health"].facts["answer"] == {"ok": True}


async def test_another_status_fails_with_the_answer_as_excerpt(world, serve):
    url = await serve(lambda asked: (503, {"ok": False, "error": {"code": "NOT_READY"}}))
    result = await ask_one(world, url, path="/health")
    assert (result.outcome, result.detail) == ("failed", "503 Reason, expected 200")
    assert (result.facts["kind"], result.facts["status"], result.facts["code"]) == ("http-status", 503, "NOT_READY")
    assert '"NOT_READY"' in result.excerpt
    assert result.reproduce == f"curl -sS -i {url}/health"


async def test_one_of_several_statuses_is_enough(world, serve):
    url = await serve(lambda asked: (404, {}))
    assert (await ask_one(world, url, status=[200, 404])).outcome == "passed"


async def test_nothing_listening_fails_as_refused(world, unused_tcp_port):
    result = await ask_one(world, f"http://127.0.0.1:{unused_tcp_port}")
    assert (result.outcome, result.facts["kind"]) == ("failed", "refused")
    assert result.detail == f"nothing listens at 127.0.0.1:{unused_tcp_port} (connection refused)"


async def test_a_service_that_never_answers_fails_within_the_deadline(world, serve):
    url = await serve(lambda asked: (200, {}, {}, 5.0))
    result = await ask_one(world, url, deadline=0.3)
    assert (result.outcome, result.facts["kind"]) == ("failed", "no-answer")
    assert result.seconds < 3


@pytest.mark.parametrize(
    ("expected", "outcome"),
    [
        ({"ready": True}, "passed"),
        ({"parts.0.state": "up"}, "passed"),
        ({"ready": 1}, "failed"),
        ({"ready": False}, "failed"),
        ({"parts.1.state": "up"}, "failed"),
        ({"missing": None}, "failed"),
        ({"nothing": None}, "passed"),
    ],
)
async def test_json_is_compared_at_dotted_paths(world, serve, expected, outcome):
    url = await serve(lambda asked: (200, {"ready": True, "nothing": None, "parts": [{"state": "up"}]}))
    assert (await ask_one(world, url, json=expected)).outcome == outcome


async def test_a_wrong_value_is_named_with_what_was_expected(world, serve):
    url = await serve(lambda asked: (200, {"backing": {"db": "down"}}))
    result = await ask_one(world, url, json={"backing.db": "up"})
    assert result.detail == '200 Reason, but backing.db is "down"'
    assert (result.expected, result.actual) == ('backing.db: "up"', 'backing.db: "down"')
    assert result.facts["wrong"] == [{"path": "backing.db", "expected": "up", "seen": "down"}]


async def test_a_body_that_is_not_json_fails_where_json_is_expected(world, serve):
    url = await serve(lambda asked: (200, b"<html>", {"content-type": "text/html"}))
    assert (await ask_one(world, url, json={"ok": True})).outcome == "failed"


async def test_a_missing_text_fails(world, serve):
    url = await serve(lambda asked: (200, b"<title>Acme</title>"))
    assert (await ask_one(world, url, contains="Acme")).outcome == "passed"
    world.checks["it"] = spec(service="web", contains="Globex")
    assert (await world.ask())["it"].outcome == "failed"


async def test_method_headers_and_body_are_sent(world, serve):
    seen = []
    url = await serve(lambda asked: (seen.append(asked), (201, {}))[1])
    await ask_one(world, url, path="/v1", method="PUT", headers={"X-Team": "blue"}, send={"a": 1}, status=201)
    assert (seen[0].method, seen[0].path, seen[0].headers["x-team"], seen[0].json()) == ("PUT", "/v1", "blue", {"a": 1})


async def test_a_header_that_holds_a_secret_is_not_in_the_command_line(world, serve):
    url = await serve(lambda asked: (500, {}))
    result = await ask_one(world, url, headers={"Authorization": "Bearer abc123abc123"})
    assert 'Authorization: $AUTHORIZATION"' in result.reproduce
    assert "abc123" not in repr(result)


async def test_a_slow_answer_is_degraded(world, serve):
    url = await serve(lambda asked: (200, {}, {}, 0.15))
    result = await ask_one(world, url, slower_than="100ms")
    assert result.outcome == "degraded"
    assert result.expected == "an answer within 0.1 s"


async def test_a_restarted_service_is_degraded_with_the_count(world, serve):
    url = await serve(lambda asked: (200, {}))
    world.service("web", url, health=Health(), restarts=2)
    result = (await world.ask())["web-health"]
    assert (result.outcome, result.facts["restarts"]) == ("degraded", 2)
    assert result.detail == "200 Reason, but it was restarted 2 times since the release began"


async def test_redirects_are_told_and_not_followed_unless_asked(world, serve):
    url = await serve(
        lambda asked: (302, {}, {"location": "/there"}) if asked.path == "/" else (200, {"at": asked.path})
    )
    world.service("web", url)
    world.checks = {
        "plain": spec(service="web"),
        "right": spec(service="web", status=302, location="/there"),
        "wrong": spec(service="web", status=302, location="/elsewhere"),
        "followed": spec(service="web", follow_redirects=True, json={"at": "/there"}),
    }
    outcomes = {name: result.outcome.value for name, result in (await world.ask()).items()}
    assert outcomes == {"plain": "failed", "right": "passed", "wrong": "failed", "followed": "passed"}


async def test_a_certificate_is_verified_and_its_end_is_told(world, serve, make_tls):
    for days, name in ((100, "long"), (3, "short"), (-1, "over")):
        tls, certificate = make_tls(days)
        url = await serve(lambda asked: (200, {}), tls)
        world.checks |= {
            name: spec(url=url, tls={"ca_file": str(certificate)}),
            f"{name}-unknown": spec(url=url),
            f"{name}-unverified": spec(url=url, tls={"verify": False}),
        }
    results = await world.ask()
    assert {name: result.outcome.value for name, result in results.items()} == {
        "long": "passed",
        "long-unknown": "failed",
        "long-unverified": "passed",
        "short": "degraded",
        "short-unknown": "failed",
        "short-unverified": "passed",
        "over": "failed",
        "over-unknown": "failed",
        "over-unverified": "passed",
    }
    assert results["over"].facts["kind"] == "tls"
    assert results["short"].detail == "200 Reason, but its certificate ends in 3 days"


async def test_an_address_may_be_built_from_a_service(world, serve):
    world.service("web", await serve(lambda asked: (200, {"path": asked.path})))
    world.checks["it"] = spec(url="${services.web.url}/deep", json={"path": "/deep"})
    assert (await world.ask())["it"].outcome == "passed"


async def test_a_check_without_an_address_is_inconclusive(world):
    world.checks = {"none": spec(), "unknown": spec(url="${services.web.url}/x")}
    assert {result.outcome.value for result in (await world.ask()).values()} == {"inconclusive"}


async def test_only_the_beginning_of_a_large_answer_is_read(world, serve):
    url = await serve(lambda asked: (200, b"x" * 5_000_000))
    assert (await ask_one(world, url, contains="xxx")).outcome == "passed"
