"""Releases on the double: verified beside what serves, given the traffic, verified again, or rolled back by traffic."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from google.cloud import run_v2

from shakeout.errors import DeploymentError, UsageError
from shakeout.rehearsal.names import Location, ServiceName
from shakeout.runs.attached import attach
from shakeout.targets.cloud_run.api import Api
from shakeout.targets.cloud_run.names import environment_options
from shakeout.targets.cloud_run.target import CloudRunTarget
from targets.cloud_run.shop import MANIFEST, PROJECT, REGION, opened

pytestmark = pytest.mark.xdist_group("cloud-run-target")


def noted(finished: object) -> str:
    return "; ".join(finished.report.notes)  # type: ignore[attr-defined]


async def test_a_release_is_verified_twice_and_then_has_all_of_the_traffic(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        first = await shop.release()
        assert str(first.report.status) == "SUCCESSFUL", first.report
        assert "verified twice" in noted(first)
        second = await shop.release(COLOUR="blue")
        (share,) = shop.traffic()["web"].items()
        revision = second.report.services[0].revision
        assert share == (revision, 100)
        assert shop.tags() == []
        assert (
            second.report.services[0].url
            == shop.cloud.services[f"projects/{PROJECT}/locations/{REGION}/services/web"].message.uri
        )
        message = shop.cloud.services[f"projects/{PROJECT}/locations/{REGION}/services/web"].message
        assert message.template.labels["commit"] == second.report.release.commit
        log = (second.folder.path / "logs" / "web.log").read_text()
        assert " stdout shop begins" in log
        assert " system " in log


async def test_a_release_whose_required_check_fails_never_has_traffic(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        first = await shop.release()
        before = shop.traffic()
        finished = await shop.release(BROKEN="1")
        assert str(finished.report.status) == "FAILED"
        assert "rolled back before it had any traffic: the required check page failed" in noted(finished)
        assert shop.traffic() == before
        assert shop.tags() == []
        assert not any("has the traffic" in line for line in shop.told[-3:])
        # `shakeout verify` knows which one serves now.
        request = shop.asked()
        attached = attach(request.plan, request.home, {})
        request.repository.close()
        assert attached.release.id == first.report.release.id != finished.report.release.id
        assert attached.release.revisions[0].url == first.report.services[0].url
        # What was rolled back is not picked up again by what comes next.
        assert str((await shop.release(COLOUR="green")).report.status) == "SUCCESSFUL"


async def test_a_first_release_that_fails_leaves_no_service(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        finished = await shop.release(BROKEN="1")
        assert str(finished.report.status) == "FAILED"
        assert shop.traffic() == {}
        request = shop.asked()
        with pytest.raises(UsageError, match="nothing is known to run in staging"):
            attach(request.plan, request.home, {})
        request.repository.close()


async def test_what_fails_only_with_traffic_gives_it_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        await shop.release()
        before = shop.traffic()
        finished = await shop.release(BROKEN_AT="${services.web.url}")
        assert "rolled back after it had the traffic: the required check page failed" in noted(finished)
        assert any("has the traffic" in line for line in shop.told)
        assert shop.traffic() == before


async def test_quota_and_overload_are_waited_for_and_said(tmp_path: Path) -> None:
    async with opened(tmp_path, faults=("quota:CreateService:2", "unavailable:GetRevision:1")) as shop:
        finished = await shop.release()
        assert str(finished.report.status) == "SUCCESSFUL"
        assert any(
            "waiting for CreateService because the platform answers RESOURCE_EXHAUSTED" in line for line in shop.told
        )
        assert any("waiting for GetRevision because the platform answers UNAVAILABLE" in line for line in shop.told)


async def test_logs_that_may_not_be_read_hold_no_release_back(tmp_path: Path) -> None:
    async with opened(tmp_path, faults=("deny:logging.logEntries.list",)) as shop:
        finished = await shop.release()
        assert str(finished.report.status) == "SUCCESSFUL"
        assert "logs could not be read" in noted(finished) + " ".join(shop.told)


async def test_a_project_that_may_not_be_looked_at_is_said_before_anything_is_done(tmp_path: Path) -> None:
    async with opened(tmp_path, faults=("deny:run.services.get",)) as shop:
        finished = await shop.release()
        assert "nothing was deployed" in noted(finished)
        assert "run.services.get" in noted(finished)
        assert str(finished.report.status) == "INCONCLUSIVE"


async def test_a_container_that_exits_is_told_by_its_status(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        finished = await shop.release(EXIT="3")
        release = finished.folder.release()
        assert release is not None
        failure = release.revisions[0].failure
        assert failure is not None
        assert (failure.reason, failure.facts["exit_status"]) == ("exited", 3)
        assert failure.facts["platform_reason"] == "HEALTH_CHECK_CONTAINER_ERROR"


async def test_services_that_are_not_in_the_manifest_are_left_alone(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        api = Api(environment_options(shop.asked().plan), shop.endpoints, lambda line: None)
        other = run_v2.Service(
            template=run_v2.RevisionTemplate(containers=[run_v2.Container(image="registry.example.com/other:1")])
        )
        await api.create("other", other)
        record = shop.cloud.services[str(ServiceName(Location(PROJECT, REGION), "other"))]
        async with asyncio.timeout(20):
            while record.message.reconciling:  # noqa: ASYNC110 (the double changes it)
                await asyncio.sleep(0.05)
        before = (record.message.etag, dict(record.percents))
        await shop.release()
        await shop.release(BROKEN="1")
        assert (record.message.etag, dict(record.percents)) == before
        await api.close()


async def test_the_plan_says_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        target = CloudRunTarget(tmp_path / "state", shop.endpoints)
        fresh = await target.difference(shop.asked().plan, shop.told.append)
        assert any(str(change).startswith("+ image: registry.example.com/shop/web:") for change in fresh["web"])
        assert shop.traffic() == {}
        await shop.release()
        assert (await target.difference(shop.asked().plan, shop.told.append))["web"] == ()
        traffic = shop.traffic()
        shop.write(
            MANIFEST.replace("path: /page}", "path: /page}\n").replace(
                "    health:", "    options: {memory: 1Gi}\n    health:"
            )
        )
        changed = await target.difference(shop.asked().plan, shop.told.append)
        assert [str(change).partition(":")[0] for change in changed["web"]] == [
            "~ env.COMMIT", "~ image", "~ labels.commit", "~ resources.limits.memory",
        ]  # fmt: skip
        assert shop.traffic() == traffic


async def test_an_address_that_nobody_can_know_is_asked_for_before_anything_is_done(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        shop.endpoints = type(shop.endpoints)(run=shop.endpoints.run, logging=shop.endpoints.logging)
        request = shop.request(OWN="${services.web.url}")
        target = CloudRunTarget(tmp_path / "state", shop.endpoints)
        with pytest.raises(DeploymentError, match="project_number"):
            await target.difference(request.plan, shop.told.append)


async def test_verify_knows_the_release_that_stayed(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        finished = await shop.release()
        request = shop.asked()
        attached = attach(request.plan, request.home, {})
        assert attached.release.revisions[0].url == finished.report.services[0].url
        assert attached.release.commit == request.plan.commit


async def test_an_interrupted_release_leaves_the_old_one_serving(tmp_path: Path) -> None:
    async with opened(tmp_path, faults=("slow:GetRevision:300ms",)) as shop:
        await shop.release()
        before = shop.traffic()
        going = asyncio.create_task(shop.release(COLOUR="red"))
        async with asyncio.timeout(30):
            while not shop.tags():  # noqa: ASYNC110 (the double changes it)
                await asyncio.sleep(0.05)
        going.cancel()
        finished = await going
        assert "the run was interrupted" in noted(finished)
        assert shop.traffic() == before
        assert shop.tags() == []
