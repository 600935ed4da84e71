"""The real `gcloud`, talking to the double."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.rehearsal import IMAGE, Clients

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")
REGION = ("--region", "europe-west1")


@dataclass
class Gcloud:
    environment: dict[str, str]

    async def __call__(self, *words: str, succeeds: bool = True) -> str:
        """Standard output, or standard error where it is to fail."""
        process = await asyncio.create_subprocess_exec(
            "gcloud", *words, env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        assert (process.returncode == 0) == succeeds, err.decode()
        return (out if succeeds else err).decode()


@pytest.fixture
def gcloud(clients: Clients, tmp_path: Path) -> Gcloud:
    token = tmp_path / "token"
    token.write_text("any text", encoding="utf-8")
    environment = clients.cloud.gcloud_environment(token)
    return Gcloud({"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CLOUDSDK_CORE_PROJECT": "shop", **environment})


async def test_gcloud_lists_and_describes_what_the_client_library_made(clients: Clients, gcloud: Gcloud) -> None:
    made = await clients.create(COLOUR="blue")
    [listed] = json.loads(await gcloud("run", "services", "list", *REGION, "--format=json"))
    assert listed["status"]["url"] == made.uri
    described = json.loads(await gcloud("run", "services", "describe", "web", *REGION, "--format=json"))
    container = described["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["env"]) == (IMAGE, [{"name": "COLOUR", "value": "blue"}])
    ready = next(one for one in described["status"]["conditions"] if one["type"] == "Ready")
    assert ready["status"] == "True"
    revision = described["status"]["latestReadyRevisionName"]
    assert made.latest_ready_revision.endswith(f"/{revision}")


async def test_gcloud_reads_the_logs_of_a_service(clients: Clients, gcloud: Gcloud) -> None:
    await clients.create()
    query = 'resource.type="cloud_run_revision" AND resource.labels.service_name="web" AND textPayload="started web"'
    [entry] = json.loads(await gcloud("logging", "read", query, "--format=json"))
    assert entry["textPayload"] == "started web"
    assert entry["logName"] == "projects/shop/logs/run.googleapis.com%2Fstdout"


async def test_gcloud_deploys_without_traffic_shifts_it_and_deletes(clients: Clients, gcloud: Gcloud) -> None:
    deploy = ("run", "deploy", "web", f"--image={IMAGE}", *REGION)
    await gcloud(*deploy, "--allow-unauthenticated")
    [service] = [one async for one in await clients.services.list_services(parent="projects/shop/locations/-")]
    first = (await clients.http.get(service.uri)).json()["revision"]
    error = await gcloud(*deploy, "--no-traffic", "--tag=next", "--set-env-vars=EXIT=3", succeeds=False)
    assert "is not ready and cannot serve traffic" in error
    assert (await clients.http.get(service.uri)).json()["revision"] == first
    await gcloud(*deploy, "--no-traffic", "--tag=next", "--remove-env-vars=EXIT")
    assert (await clients.http.get(service.uri)).json()["revision"] == first
    await gcloud("run", "services", "update-traffic", "web", "--to-tags=next=100", *REGION)
    assert (await clients.http.get(service.uri)).json()["revision"] != first
    await gcloud("run", "services", "delete", "web", *REGION)
    assert [one async for one in await clients.services.list_services(parent="projects/shop/locations/-")] == []


async def test_gcloud_is_told_what_is_not_there(gcloud: Gcloud) -> None:
    assert "Cannot find service [web]" in await gcloud("run", "services", "describe", "web", *REGION, succeeds=False)
