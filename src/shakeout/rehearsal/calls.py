"""
Every call that the double answers, by the name that its protocol gives it, with the message that it takes.

The table is all that an interface needs to know: gRPC serves it as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from google.cloud import run_v2
from google.cloud.logging_v2 import types as logging
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_pb2

from shakeout.rehearsal.faults import Guard
from shakeout.rehearsal.logs.service import Logging
from shakeout.rehearsal.operations import Operations
from shakeout.rehearsal.revisions import Revisions
from shakeout.rehearsal.services import Services

RUN = "google.cloud.run.v2"
LOGGING = "google.logging.v2.LoggingServiceV2"
OPERATIONS = "google.longrunning.Operations"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One method: `service` and `method` as in the protocol, `takes` its request's class, `answer` what does it."""

    service: str
    method: str
    takes: Any
    answer: Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """One method with requests and answers that come one after the other."""

    service: str
    method: str
    takes: Any
    answer: Callable[[AsyncIterator[Any]], AsyncIterator[Any]]


def calls(services: Services, revisions: Revisions, operations: Operations, logs: Logging, guard: Guard) -> list[Call]:
    """The table; `guard` stands before each call."""
    of_services, of_revisions = f"{RUN}.Services", f"{RUN}.Revisions"
    rows: list[tuple[str, str, Any, Callable[[Any], Awaitable[Any]]]] = [
        (of_services, "CreateService", run_v2.CreateServiceRequest, services.create),
        (of_services, "GetService", run_v2.GetServiceRequest, services.get),
        (of_services, "ListServices", run_v2.ListServicesRequest, services.list_all),
        (of_services, "UpdateService", run_v2.UpdateServiceRequest, services.update),
        (of_services, "DeleteService", run_v2.DeleteServiceRequest, services.delete),
        (of_services, "GetIamPolicy", iam_policy_pb2.GetIamPolicyRequest, services.get_policy),
        (of_services, "SetIamPolicy", iam_policy_pb2.SetIamPolicyRequest, services.set_policy),
        (of_services, "TestIamPermissions", iam_policy_pb2.TestIamPermissionsRequest, services.test_permissions),
        (of_revisions, "GetRevision", run_v2.GetRevisionRequest, revisions.get),
        (of_revisions, "ListRevisions", run_v2.ListRevisionsRequest, revisions.list_all),
        (of_revisions, "DeleteRevision", run_v2.DeleteRevisionRequest, revisions.delete),
        (OPERATIONS, "GetOperation", operations_pb2.GetOperationRequest, operations.get),
        (OPERATIONS, "WaitOperation", operations_pb2.WaitOperationRequest, operations.wait),
        (OPERATIONS, "ListOperations", operations_pb2.ListOperationsRequest, operations.list_all),
        (OPERATIONS, "DeleteOperation", operations_pb2.DeleteOperationRequest, operations.delete),
        (LOGGING, "ListLogEntries", logging.ListLogEntriesRequest, logs.list_entries),
        (LOGGING, "WriteLogEntries", logging.WriteLogEntriesRequest, logs.write_entries),
        (LOGGING, "ListLogs", logging.ListLogsRequest, logs.list_logs),
    ]
    return [
        Call(service=service, method=method, takes=takes, answer=guard.around(method, answer))
        for service, method, takes, answer in rows
    ]


def streams(logs: Logging) -> list[Stream]:
    """The calls that are streams."""
    return [
        Stream(service=LOGGING, method="TailLogEntries", takes=logging.TailLogEntriesRequest, answer=logs.tail_entries)
    ]


def by_name(table: Sequence[Call]) -> Callable[[str, Any], Awaitable[Any]]:
    """Makes calls by their method's name."""
    answers = {call.method: call.answer for call in table}

    async def ask(method: str, request: Any) -> Any:
        return await answers[method](request)

    return ask
