"""Revisions as containers of the real engine."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from fixtures.engine import PYTHON_TAG, RealEngine
from fixtures.rehearsal import APP, PARENT, Clients, Start, service
from shakeout.rehearsal.instances.containers import LABEL

pytestmark = pytest.mark.xdist_group("engine")
SYSTEM = 'log_id("run.googleapis.com/varlog/system")'
SECRET = "a-secret-that-nobody-sees"


@pytest.fixture(scope="module")
def image(engine: RealEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with the application, named as one of a registry."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    content = f'FROM {engine.python}:{PYTHON_TAG}\nCOPY app.py /srv/\nWORKDIR /srv\nCMD ["python3", "app.py"]\n'
    (folder / "Dockerfile").write_text(content, encoding="utf-8")
    name = f"europe-west1-docker.pkg.dev/shop/images/web-{uuid.uuid4().hex[:8]}:1"
    engine.run("build", "--tag", name, str(folder))
    yield name
    engine.run("rmi", "--force", name, check=False)


@pytest.fixture
async def clients(rehearse: Start, engine: RealEngine, image: str) -> Clients:
    started: Clients = await rehearse(engine=engine.engine.name, secrets={"token": SECRET})
    return started


def containers(engine: RealEngine) -> list[str]:
    return engine.run("ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.ID}}").split()


async def test_a_revisions_container_gets_its_contract_and_its_secrets_unseen(
    clients: Clients, engine: RealEngine, image: str
) -> None:
    wanted = service(image=image, COLOUR="blue")
    selector = run_v2.SecretKeySelector(secret="token", version="latest")
    wanted.template.containers[0].env.append(
        run_v2.EnvVar(name="TOKEN", value_source=run_v2.EnvVarSource(secret_key_ref=selector))
    )
    operation = await clients.services.create_service(parent=PARENT, service_id="web", service=wanted)
    made = await operation.result(timeout=60)
    answer = (await clients.http.get(made.uri)).json()
    assert {"PORT", "K_SERVICE", "COLOUR", "TOKEN"} <= set(answer["variables"])
    (container,) = containers(engine)
    assert SECRET not in engine.run("inspect", container)
    assert "started web" in await clients.texts('log_id("run.googleapis.com/stdout")')
    # Another service calls it at the address that it has for everybody else.
    caller = await clients.create("caller", image=image)
    for one, other in ((caller, made), (made, caller)):
        answer = (await clients.http.get(f"{one.uri}/call/{other.uri}/")).json()
        assert answer["revision"] == other.latest_ready_revision.rpartition("/")[2]
    await clients.cloud.__aexit__(None, None, None)
    assert containers(engine) == []


async def test_what_a_container_does_wrong_is_told_as_cloud_run_does(
    rehearse: Start, engine: RealEngine, image: str
) -> None:
    clients = await rehearse(engine=engine.engine.name, startup_seconds=60.0)
    with pytest.raises(exceptions.GoogleAPICallError, match="PORT=8080"):
        await clients.create("loopback", image=image, BIND="127.0.0.1")
    assert "listens on 127.0.0.1:8080" in str(await clients.texts('log_id("shakeout.rehearsal")'))
    with pytest.raises(exceptions.GoogleAPICallError, match="failed to start and listen"):
        await clients.create("ended", image=image, EXIT=3)
    assert "Container called exit(3)." in await clients.texts(SYSTEM)
    with pytest.raises(exceptions.GoogleAPICallError, match=r"Application failed to start: .*no-such-program"):
        await clients.create("lost", image=image, container={"command": ["no-such-program"]})
    with pytest.raises(exceptions.GoogleAPICallError, match=r"Image '.*/none' not found"):
        await clients.create("none", image="europe-west1-docker.pkg.dev/shop/none")
    assert containers(engine) == []


async def test_the_engine_keeps_the_memory_limit(clients: Clients, image: str) -> None:
    made = await clients.create(image=image, container={"resources": {"limits": {"memory": "128Mi"}}})
    assert (await clients.http.get(f"{made.uri}/eat")).status_code == 503
    assert (await clients.until_logged('textPayload:"Memory limit"')).startswith("Memory limit of 128 MiB exceeded")
    assert (await clients.http.get(made.uri)).status_code == 200


async def test_containers_of_a_double_that_was_killed_are_removed_by_the_next(
    rehearse: Start, engine: RealEngine, image: str
) -> None:
    name = f"shakeout-rehearsal-{os.getpid()}-1-00ab"  # our pid, and not our time of start
    engine.run("create", "--name", name, "--label", f"{LABEL}={name}", image)
    await rehearse(engine=engine.engine.name)
    assert containers(engine) == []
