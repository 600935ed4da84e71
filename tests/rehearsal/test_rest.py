"""Version 2 of the API as JSON over HTTP, and the same refusals as over gRPC."""

from __future__ import annotations

import asyncio

from fixtures.rehearsal import IMAGE, PARENT, Clients, Start
from shakeout.rehearsal.faults import Faults


async def test_a_service_is_made_changed_and_read_as_json(clients: Clients) -> None:
    http, base = clients.http, f"{clients.cloud.rest_url}/v2"
    body = {"template": {"containers": [{"image": IMAGE}]}, "invokerIamDisabled": True}
    operation = (await http.post(f"{base}/{PARENT}/services?serviceId=web", json=body)).json()
    async with asyncio.timeout(20):
        while not operation.get("done"):
            await asyncio.sleep(0.05)
            operation = (await http.get(f"{base}/{operation['name']}")).json()
    made = operation["response"]
    assert (await http.get(made["uri"])).status_code == 200
    assert made["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    name = f"{base}/{PARENT}/services/web"
    changed = await http.patch(f"{name}?updateMask=labels", json={"labels": {"colour": "blue"}, "description": "no"})
    assert changed.status_code == 200
    found = (await http.get(name)).json()
    assert found["labels"] == {"colour": "blue"}
    assert "description" not in found
    [revision] = (await http.get(f"{name}/revisions")).json()["revisions"]
    assert revision["name"] == made["latestReadyRevision"]
    assert (await http.delete(name)).status_code == 200


async def test_a_refusal_has_googles_shape(rehearse: Start) -> None:
    clients = await rehearse(faults=Faults.parse(["quota:ListServices:1"]))
    answer = await clients.http.get(f"{clients.cloud.rest_url}/v2/{PARENT}/services")
    assert answer.status_code == 429
    assert answer.json()["error"]["status"] == "RESOURCE_EXHAUSTED"
    absent = await clients.http.get(f"{clients.cloud.rest_url}/v2/{PARENT}/services/web")
    assert (absent.status_code, absent.json()["error"]["code"]) == (404, 404)
    wrong = await clients.http.post(f"{clients.cloud.rest_url}/v2/{PARENT}/services", content=b"[1")
    assert wrong.status_code == 400
    unknown = await clients.http.get(f"{clients.cloud.rest_url}/v9/everything")
    assert "does not know GET /v9/everything" in unknown.json()["error"]["message"]
