"""The versions check against services that say one commit, another, or none."""

import pytest

from shakeout.manifest.model import Version

SAME, OTHER = "a" * 40, "b" * 40


@pytest.fixture
def deploy(world, serve):
    """`await deploy(name, version=..., bundle=...)` serves these answers as one service's version and bundle."""

    async def start(name, version, bundle=None, commit=SAME, **keys):
        def handler(asked):
            answer = {"/version": version, "/bundle.json": bundle}.get(asked.path)
            return answer if isinstance(answer, tuple) else ((404, {}) if answer is None else (200, answer))

        said = Version(protocol="protocol", bundle="/bundle.json" if bundle is not None else None)
        world.service(name, await serve(handler), commit=commit, version=said, **keys)

    return start


async def outcomes(world):
    results = await world.ask()
    return {name: result.outcome.value for name, result in results.items() if result.kind == "versions"}


async def test_one_commit_everywhere_passes(world, deploy):
    await deploy("backend", {"commit": SAME, "protocol": 1})
    await deploy("frontend", {"commit": SAME[:12], "protocol": 1}, {"commit": SAME, "protocol": 1})
    assert await outcomes(world) == dict.fromkeys(
        ("versions-backend", "versions-frontend", "versions-bundle", "versions-together"), "passed"
    )


async def test_a_process_that_runs_another_commit_than_was_deployed_is_degraded(world, deploy):
    await deploy("backend", {"commit": OTHER})
    result = (await world.ask())["versions-backend"]
    assert result.outcome == "degraded"
    assert result.detail == f"runs commit {OTHER[:12]}, deployed was {SAME[:12]}"
    assert (result.facts["expected_commit"], result.facts["seen_commit"]) == (SAME, OTHER)


@pytest.mark.parametrize(
    "answer",
    [
        {"commit": None},
        {"commit": ""},
        {"commit": "unknown"},
        {},
        (404, {}),
        (500, {"commit": SAME}),
        (200, b"not json"),
        (200, ["a list"]),
    ],
)
async def test_an_unknown_commit_is_inconclusive_and_never_green(world, deploy, answer):
    await deploy("backend", answer)
    await deploy("auth", {"commit": SAME})
    assert await outcomes(world) == {
        "versions-backend": "inconclusive",
        "versions-auth": "passed",
        "versions-together": "inconclusive",
    }


async def test_a_service_that_does_not_answer_fails_and_together_is_unknown(world, deploy, unused_tcp_port):
    await deploy("auth", {"commit": SAME})
    world.service("backend", f"http://127.0.0.1:{unused_tcp_port}", version=Version())
    results = await world.ask()
    assert results["versions-backend"].facts["kind"] == "refused"
    assert (results["versions-backend"].outcome, results["versions-together"].outcome) == ("failed", "inconclusive")


async def test_a_pinned_service_runs_its_pin_and_is_skewed_together(world, deploy):
    await deploy("backend", {"commit": SAME, "protocol": 1})
    await deploy("auth", {"commit": OTHER}, commit=OTHER, pinned=True)
    assert await outcomes(world) == {
        "versions-backend": "passed",
        "versions-auth": "passed",
        "versions-together": "degraded",
    }


async def test_an_old_bundle_with_another_protocol_fails_with_both_numbers(world, deploy):
    await deploy("backend", {"commit": SAME, "protocol": 2})
    await deploy("frontend", {"commit": SAME, "protocol": 2}, {"commit": OTHER, "protocol": 1})
    results = await world.ask()
    assert results["versions-bundle"].outcome == "degraded"
    together = results["versions-together"]
    assert together.outcome == "failed"
    assert together.detail == "frontend bundle speaks protocol 1, backend accepts 2"
    assert (together.facts["client_protocol"], together.facts["server_protocol"]) == (1, 2)
    assert together.facts["services"]["frontend bundle"]["seen_commit"] == OTHER
    assert f"frontend bundle: commit {OTHER[:12]}, protocol 1" in together.excerpt


async def test_an_old_bundle_whose_protocol_is_still_accepted_is_degraded(world, deploy):
    await deploy("backend", {"commit": SAME, "protocol": 2, "accepts": [1, 2]})
    await deploy("frontend", {"commit": OTHER, "protocol": 1}, {"commit": OTHER, "protocol": 1}, commit=OTHER)
    results = await world.ask()
    assert (results["versions-bundle"].outcome, results["versions-together"].outcome) == ("passed", "degraded")


async def test_a_bundle_that_does_not_say_its_commit_is_inconclusive(world, deploy):
    await deploy("frontend", {"commit": SAME}, {"files": {}})
    result = (await world.ask())["versions-bundle"]
    assert result.outcome == "inconclusive"
    assert "has no commit at 'commit'" in result.detail


async def test_a_service_that_is_not_deployed_blocks_its_question_and_the_comparison(world, deploy):
    await deploy("backend", {"commit": SAME})
    world.service("auth", None, version=Version(), status="failed")
    results = await world.ask()
    assert results["versions-backend"].outcome == "passed"
    assert (results["versions-auth"].blocked_by, results["versions-together"].blocked_by) == ("auth", "auth")


async def test_without_any_version_in_the_manifest_nothing_is_planned(world, serve):
    world.service("web", await serve(lambda asked: (200, {})))
    assert await world.ask() == {}
