"""Services and revisions by Google's own client library."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from fixtures.rehearsal import PARENT, Clients, Start


async def test_a_service_is_created_runs_and_answers(clients: Clients) -> None:
    made = await clients.create()
    assert made.terminal_condition.state == run_v2.Condition.State.CONDITION_SUCCEEDED
    assert (made.generation, made.observed_generation, made.reconciling) == (1, 1, False)
    answer = (await clients.http.get(made.uri)).json()
    assert made.latest_ready_revision.endswith(f"/revisions/{answer['revision']}")
    assert {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"} <= set(answer["variables"])


async def test_a_container_on_loopback_only_is_refused_in_the_services_own_words(rehearse: Start) -> None:
    clients = await rehearse(startup_seconds=1.0)
    with pytest.raises(exceptions.GoogleAPICallError) as caught:
        await clients.create(BIND="127.0.0.1")
    assert "failed to start and listen on the port defined provided by the PORT=8080" in str(caught.value)
    [revision] = await clients.revisions_of()
    states = {one.type_: one.state for one in revision.conditions}
    assert states["Ready"] == run_v2.Condition.State.CONDITION_FAILED
    found = await clients.services.get_service(name=f"{PARENT}/services/web")
    assert (await clients.http.get(found.uri)).status_code == 404
