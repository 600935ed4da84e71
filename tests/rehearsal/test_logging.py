"""Cloud Logging, by Google's own client library, and its query language."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud.logging_v2 import types
from google.logging.type import log_severity_pb2
from google.protobuf import json_format

from fixtures.rehearsal import Clients
from shakeout.rehearsal.logs.query import QueryError, compile_query


async def test_a_json_line_becomes_a_structured_entry(clients: Clients) -> None:
    made = await clients.create()
    await clients.http.get(f"{made.uri}/json")
    await clients.until_logged('jsonPayload.message="broken"')
    [entry] = await clients.logs('jsonPayload.message="broken"')
    assert dict(entry.json_payload) == {"message": "broken", "order": 7.0}
    assert entry.severity == log_severity_pb2.ERROR


async def test_entries_come_in_pages_and_in_the_order_that_is_asked_for(clients: Clients) -> None:
    entries = [types.LogEntry(text_payload=f"line {number}") for number in range(7)]
    log = {"log_name": "projects/shop/logs/own", "resource": {"type": "global"}}
    await clients.logging.write_log_entries({**log, "entries": entries})
    request: dict[str, Any] = {"resource_names": ["projects/shop"], "page_size": 3, "order_by": "timestamp desc"}
    found = [entry.text_payload async for entry in await clients.logging.list_log_entries(request)]
    assert found == [f"line {number}" for number in reversed(range(7))]
    assert [log async for log in await clients.logging.list_logs(parent="projects/shop")] == [log["log_name"]]
    assert await clients.logs(project="other") == []


async def test_new_entries_can_be_followed(clients: Clients) -> None:
    async def requests() -> AsyncIterator[types.TailLogEntriesRequest]:
        yield types.TailLogEntriesRequest(resource_names=["projects/shop"], filter='textPayload:"started"')
        await asyncio.sleep(20)

    stream = await clients.logging.tail_log_entries(requests=requests())
    creating = asyncio.ensure_future(clients.create())
    answer = await anext(aiter(stream))
    assert answer.entries[0].resource.labels["service_name"] == "web"
    await creating
    stream.cancel()


async def test_a_filter_that_is_none_is_refused(clients: Clients) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="Unparseable filter"):
        await clients.logs("severity>=(")
    with pytest.raises(exceptions.InvalidArgument, match="resource name"):
        await clients.logging.list_log_entries({"filter": ""})


ENTRY = {
    "logName": "projects/shop/logs/run.googleapis.com%2Fstderr",
    "resource": {"type": "cloud_run_revision", "labels": {"service_name": "web", "location": "europe-west1"}},
    "labels": {"run.googleapis.com/commit": "abc", "instanceId": "00ff"},
    "timestamp": "2026-01-02T03:04:05.5Z",
    "severity": "WARNING",
    "textPayload": 'Connection to "db" failed: timeout (3 tries)',
    "httpRequest": {"status": 503, "requestUrl": "http://shop/a"},
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        'resource.type="cloud_run_revision"',
        "resource.type = cloud_run_revision\nresource.labels.service_name = web",
        'resource.type="cloud_run_revision" AND resource.labels.service_name="web" severity>=WARNING',
        "severity=(ERROR OR WARNING)",
        "severity>INFO severity<ERROR",
        'timestamp>="2026-01-02T03:04:05Z" AND timestamp<"2026-01-02T03:04:06+00:00"',
        'textPayload:"CONNECTION"',
        'textPayload=~"tries\\)$"',
        'textPayload!~"^refused"',
        "NOT severity=ERROR",
        "-severity=ERROR",
        'labels."run.googleapis.com/commit"="abc"',
        "httpRequest.status>=500 httpRequest.status!=504",
        "http_request.status=503",
        'log_id("run.googleapis.com/stderr")',
        'logName="projects/shop/logs/run.googleapis.com%2Fstderr"',
        "labels.instanceId:*",
        '"\\"db\\" failed"',
        "timeout",
        "severity=ERROR OR severity=WARNING AND timeout",
        "(severity=ERROR OR timeout) AND NOT (refused OR absent) -- a comment",
        'jsonPayload.message!="x"',
    ],
)
def test_a_query_finds_what_it_means(text: str) -> None:
    assert compile_query(text)(json_format.ParseDict(ENTRY, types.LogEntry.pb()()))


@pytest.mark.parametrize(
    "text",
    [
        'resource.type="gce_instance"',
        "severity>=ERROR",
        'timestamp<"2026-01-02T03:04:05Z"',
        'textPayload:"refused"',
        "NOT timeout",
        "jsonPayload.message:*",
        'jsonPayload.message="x"',
        "httpRequest.status<500",
        'log_id("run.googleapis.com/stdout")',
        "severity=WARNING AND (refused OR absent)",
        "severity=ERROR OR refused timeout",
    ],
)
def test_a_query_leaves_out_what_it_does_not_mean(text: str) -> None:
    assert not compile_query(text)(json_format.ParseDict(ENTRY, types.LogEntry.pb()()))


@pytest.mark.parametrize(
    "text", ["severity>=", "(a", "a)", "severity>=LOUD", 'timestamp>"soon"', 'textPayload=~"("', "AND", '"open']
)
def test_a_query_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(QueryError):
        compile_query(text)
