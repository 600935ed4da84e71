"""Docker, Podman, Kubernetes and journald: logs with their prefixes, and platform state."""

# ruff: noqa: E501
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.errors import errors
from shakeout.logs.reading import EvidenceInput, read_evidence

Read = Callable[..., EvidenceInput]
LINES = [
    "Traceback (most recent call last):",
    '  File "/app/main.py", line 3, in serve',
    "    connect()",
    "OSError: no",
]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def make(text: str, name: str = "input") -> EvidenceInput:
        path = tmp_path / name
        path.write_text(text)
        return read_evidence([path])

    return make


def check(evidence: EvidenceInput) -> list[LogEntry]:
    """Every message stands at its locator; suspects give the same errors."""
    with evidence:
        entries = list(evidence.entries())
        for entry in entries:
            assert (entry.quote or entry.message) in evidence.resolve(entry.locator)
        assert list(errors(entries)) == list(errors(evidence.suspects()))
    return entries


def test_docker_json_file_has_streams_times_and_inner_levels(read: Read) -> None:
    rows = [
        {"log": "INFO:     started\n", "stream": "stderr", "time": "2025-09-03T10:00:00.1Z"},
        {
            "log": "[2025-09-03 10:00:00 +0000] [7] [ERROR] no ledger\n",
            "stream": "stderr",
            "time": "2025-09-03T10:00:00.2Z",
        },
        {"log": '{"level":"error","msg":"boom \\"x\\""}\n', "stream": "stdout", "time": "2025-09-03T10:00:00.3Z"},
    ]
    entries = check(read("\n".join(map(json.dumps, rows))))
    assert [(one.message, one.severity) for one in entries] == [
        ("started", Severity.INFO), ("no ledger", Severity.ERROR), ('boom "x"', Severity.ERROR)
    ]  # fmt: skip
    assert entries[0].labels["stream"] == "stderr"


def test_a_line_that_docker_split_is_one_entry(read: Read) -> None:
    long = "ERROR: " + "x" * (2 * 16384 - 7) + "the end"
    parts = [long[:16384], long[16384 : 2 * 16384], long[2 * 16384 :] + "\n"]
    rows = [{"log": part, "stream": "stdout", "time": "2025-09-03T10:00:00.1Z"} for part in parts]
    (entry,) = check(read("\n".join(map(json.dumps, rows))))
    assert entry.message.endswith("the end")
    assert (entry.locator.line, entry.locator.end_line) == (1, 3)


def test_compose_prefixes_give_services_and_keep_streams_apart(read: Read) -> None:
    text = "\n".join(f"backend-1  | {line}\nfrontend-1 | GET / 200" for line in LINES)
    entries = check(read(text))
    assert {one.service for one in entries} == {"backend", "frontend"}
    (error,) = errors(entries)
    assert (error.service, str(error.traceback and error.traceback.last)) == ("backend", "OSError: no")


def test_kubectl_prefixes_and_times(read: Read) -> None:
    text = "\n".join(
        f"[pod/backend-7d9f8c6b5-abcde/app] 2025-09-03T10:00:00.{n}23456789Z {line}" for n, line in enumerate(LINES)
    )
    entries = check(read(text))
    (error,) = errors(entries)
    assert error.service == "backend"
    assert error.entry.labels["pod"] == "backend-7d9f8c6b5-abcde"
    assert error.traceback and not error.traceback.truncated


def test_the_container_runtimes_own_files_and_split_lines(read: Read) -> None:
    text = (
        "2025-09-03T10:00:00.123456789Z stderr F ERROR: no ledger\n"
        "2025-09-03T10:00:01.123456789Z stdout P first half, \n"
        "2025-09-03T10:00:01.123456789Z stdout F second half\n"
    )
    entries = check(read(text))
    assert sorted(one.message for one in entries) == ["first half, second half", "no ledger"]


def test_times_alone_in_front_of_lines(read: Read) -> None:
    entries = check(read("\n".join(f"2025-09-03T10:00:00.12345678{n}Z {line}" for n, line in enumerate(LINES))))
    (error,) = errors(entries)
    assert error.type == "OSError"
    assert error.first is not None


def test_objects_lists_and_events_of_kubernetes(read: Read) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "backend-1"}, "status": {"phase": "Failed"}}
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "backend-1.17"}, "type": "Warning", "reason": "BackOff",
        "message": "Back-off restarting failed container", "lastTimestamp": "2025-09-03T10:00:00Z",
        "involvedObject": {"kind": "Pod", "name": "backend-1"},
    }  # fmt: skip
    with read(json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod, event]}, indent=1)) as evidence:
        assert [(one.kind, one.name) for one in evidence.documents] == [("pod", "backend-1"), ("event", "backend-1.17")]
        (entry,) = evidence.entries()
        assert entry.message in evidence.resolve(entry.locator) or entry.locator.line == 1
    assert (entry.severity, entry.system, entry.labels["object"]) == (Severity.ERROR, True, "pod/backend-1")


def test_yaml_of_kubernetes_and_of_cloud_run(read: Read) -> None:
    text = (
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: backend\n"
        "spec:\n  template:\n    spec:\n      containers:\n      - env:\n        - name: PORT\n          value: no\n"
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: auth\n"
    )
    with read(text) as evidence:
        service, deployment = evidence.documents
    assert (service.kind, service.name) == ("cloud-run-service", "backend")
    assert service.data["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] == "no"
    assert (deployment.kind, deployment.name) == ("deployment", "auth")


DESCRIBE = """\
Name:             backend-1
Namespace:        shop
Node:             node-1/10.0.0.9
Labels:           app=backend
Containers:
  app:
    Image:          registry.example.com/backend:1
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
    Restart Count:  5
Events:
  Type     Reason   Age                From     Message
  ----     ------   ----               ----     -------
  Normal   Pulled   5m                 kubelet  Container image already present
  Warning  BackOff  1m (x12 over 4m)   kubelet  Back-off restarting failed container app
"""


def test_the_text_of_describe(read: Read) -> None:
    with read(DESCRIBE) as evidence:
        (document,) = evidence.documents
        entries = list(evidence.entries())
        assert all(one.message in evidence.resolve(one.locator) for one in entries)
    app = document.data["Containers"]["app"]
    assert (document.kind, document.name) == ("pod-description", "backend-1")
    assert app["Last State"] == "Terminated"
    assert app["Last State detail"] == {"Reason": "OOMKilled", "Exit Code": "137"}
    assert [(one.severity, one.message) for one in entries] == [
        (Severity.INFO, "Container image already present"),
        (Severity.ERROR, "Back-off restarting failed container app"),
    ]


def test_tables_of_events_and_of_pods(read: Read) -> None:
    events = (
        "LAST SEEN   TYPE      REASON      OBJECT          MESSAGE\n"
        "2m          Warning   Unhealthy   pod/backend-1   Readiness probe failed: connection refused\n"
    )
    with read(events, "events") as evidence:
        (entry,) = evidence.entries()
        assert entry.message in evidence.resolve(entry.locator)
    assert (entry.message, entry.severity) == ("Readiness probe failed: connection refused", Severity.WARNING)
    with read(
        "NAME        READY   STATUS             RESTARTS   AGE\nbackend-1   0/1     CrashLoopBackOff   5          3m\n"
    ) as evidence:
        (document,) = evidence.documents
    assert document.data["rows"] == [
        {"NAME": "backend-1", "READY": "0/1", "STATUS": "CrashLoopBackOff", "RESTARTS": "5", "AGE": "3m"}
    ]


def test_what_inspect_prints(read: Read) -> None:
    value = [
        {
            "Id": "f" * 64,
            "Name": "/backend",
            "State": {"Status": "exited", "ExitCode": 3, "OOMKilled": False},
            "Config": {},
        }
    ]
    with read(json.dumps(value, indent=4)) as evidence:
        (document,) = evidence.documents
        assert list(evidence.entries()) == []
    assert (document.kind, document.name, document.data["State"]["ExitCode"]) == ("container", "backend", 3)


def test_journald_has_units_priorities_and_bytes(read: Read) -> None:
    common = {
        "_SYSTEMD_UNIT": "backend.service",
        "_PID": "7",
        "__REALTIME_TIMESTAMP": "1756893600123456",
        "_HOSTNAME": "n1",
    }
    rows = [
        {**common, "PRIORITY": "3", "MESSAGE": "no ledger"},
        {**common, "PRIORITY": "6", "MESSAGE": list("bytes é".encode())},
        {**common, "PRIORITY": "5", "SYSLOG_IDENTIFIER": "systemd", "UNIT": "backend.service",
         "MESSAGE": "backend.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED"},
    ]  # fmt: skip
    with read("\n".join(map(json.dumps, rows))) as evidence:
        entries = list(evidence.entries())
    assert [(one.message[:12], one.severity, one.service) for one in entries] == [
        ("no ledger", Severity.ERROR, "backend"),
        ("bytes é", Severity.INFO, "backend"),
        ("backend.serv", Severity.NOTICE, "backend"),
    ]
    assert entries[0].time is not None and entries[0].time.year == 2025
    assert entries[2].system


def test_the_short_text_of_journalctl(read: Read) -> None:
    text = "Sep 03 10:00:00 n1 backend[77]: ERROR: no ledger\nSep 03 10:00:01 n1 systemd[1]: backend.service: Failed with result 'exit-code'.\n"
    entries = check(read(text))
    assert [(one.message[:9], one.service, one.system) for one in entries] == [
        ("no ledger", "backend", False), ("backend.s", "backend", True)
    ]  # fmt: skip
    assert entries[0].time_doubt


def test_buildkits_steps_are_streams_of_their_own(read: Read) -> None:
    text = "#7 [2/3] RUN a\n#8 [3/3] RUN b\n#7 0.10 Traceback (most recent call last):\n#8 0.11 ERROR: no b\n#7 0.12 ValueError: a\n"
    entries = check(read(text))
    assert [(one.message, one.stream[-2:]) for one in entries] == [
        ("[2/3] RUN a", "#7"), ("[3/3] RUN b", "#8"), ("Traceback (most recent call last):", "#7"),
        ("no b", "#8"), ("ValueError: a", "#7"),
    ]  # fmt: skip
