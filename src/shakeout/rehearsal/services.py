"""The services of the API: create, get, list, update, delete, and their access policy."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from google.cloud import run_v2
from google.iam.v1 import iam_policy_pb2, policy_pb2

from shakeout.rehearsal.answers import RefusedError
from shakeout.rehearsal.names import Location, ServiceName
from shakeout.rehearsal.operations import Operations
from shakeout.rehearsal.reconciling import Reconciler
from shakeout.rehearsal.records import ServiceRecord, copy_service
from shakeout.rehearsal.settings import Settings
from shakeout.rehearsal.templates import check, fill_in

_PAGE = 100


class Services:
    """`known` maps full names to records, and is shared with whoever answers requests."""

    def __init__(
        self, settings: Settings, known: dict[str, ServiceRecord], operations: Operations, reconciler: Reconciler
    ) -> None:
        self._settings = settings
        self._known = known
        self._operations = operations
        self._reconciler = reconciler

    def find(self, name: ServiceName) -> ServiceRecord:
        """The service's record; RefusedError where there is none."""
        record = self._known.get(str(name))
        if record is None:
            raise RefusedError(
                "NOT_FOUND",
                f"Resource '{name.id}' of kind 'SERVICE' in region '{name.location.region}' in project "
                f"'{name.location.project}' does not exist.",
            )
        return record

    async def create(self, request: run_v2.CreateServiceRequest) -> Any:
        name = ServiceName(Location.parse(request.parent), request.service_id)
        if str(name) in self._known:
            raise RefusedError("ALREADY_EXISTS", f"Resource '{name.id}' already exists.")
        service = copy_service(request.service)
        check(name, service)
        record = ServiceRecord(name=name, message=service)
        now = datetime.now(UTC)
        service.name, service.uid, service.generation = str(name), str(uuid.uuid4()), 1
        service.create_time = now
        service.creator = service.last_modifier = self._caller(name)
        fill_in(service, self._settings)
        return self._change(record, service, request.validate_only)

    async def update(self, request: run_v2.UpdateServiceRequest) -> Any:
        name = ServiceName.parse(request.service.name)
        if str(name) not in self._known and request.allow_missing:
            made = run_v2.CreateServiceRequest(
                parent=str(name.location),
                service=request.service,
                service_id=name.id,
                validate_only=request.validate_only,
            )
            return await self.create(made)
        record = self.find(name)
        check_etag(name, request.service.etag, record.message)
        service = masked(record.message, request.service, list(request.update_mask.paths))
        check(name, service)
        service.generation = record.message.generation + 1
        service.last_modifier = self._caller(name)
        fill_in(service, self._settings)
        return self._change(record, service, request.validate_only)

    async def get(self, request: run_v2.GetServiceRequest) -> run_v2.Service:
        return copy_service(self.find(ServiceName.parse(request.name)).message)

    async def list_all(self, request: run_v2.ListServicesRequest) -> run_v2.ListServicesResponse:
        location = Location.parse(request.parent)
        found = [
            copy_service(record.message)
            for record in self._known.values()
            if record.name.location.project == location.project
            and location.region in {"-", record.name.location.region}
        ]
        page, token = paged(found, request.page_size, request.page_token)
        return run_v2.ListServicesResponse(services=page, next_page_token=token)

    async def delete(self, request: run_v2.DeleteServiceRequest) -> Any:
        name = ServiceName.parse(request.name)
        record = self.find(name)
        check_etag(name, request.etag, record.message)
        if request.validate_only:
            return self._operations.done(name.location, record.message)
        del self._known[str(name)]
        record.message.delete_time = datetime.now(UTC)

        async def work() -> run_v2.Service:
            await self._reconciler.remove(record)
            return copy_service(record.message)

        return self._operations.start(name.location, record.message, work)

    # -- who may call it

    async def get_policy(self, request: Any) -> Any:
        record = self.find(ServiceName.parse(request.resource))
        return record.policy or policy_pb2.Policy(etag=b"ACAB")

    async def set_policy(self, request: Any) -> Any:
        record = self.find(ServiceName.parse(request.resource))
        record.policy = policy_pb2.Policy()
        record.policy.CopyFrom(request.policy)
        record.policy.etag = uuid.uuid4().bytes[:8]
        return record.policy

    async def test_permissions(self, request: Any) -> Any:
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=request.permissions)

    def _change(self, record: ServiceRecord, service: run_v2.Service, validate_only: bool) -> Any:
        if validate_only:
            return self._operations.done(record.name.location, service)
        self._reconciler.prepare(record, service)
        self._known[str(record.name)] = record
        generation = record.message.generation

        async def work() -> run_v2.Service:
            await self._reconciler.reconcile(record, generation)
            return copy_service(record.message)

        return self._operations.start(record.name.location, copy_service(record.message), work)

    def _caller(self, name: ServiceName) -> str:
        return f"rehearsal@{name.location.project}.iam.gserviceaccount.com"


def check_etag(name: ServiceName, etag: str, current: run_v2.Service) -> None:
    """RefusedError where the caller saw another state than the current one."""
    if etag and etag != current.etag:
        raise RefusedError(
            "ABORTED", f"Conflict for resource '{name.id}': version '{etag}' was specified but current version is "
            f"'{current.etag}'.",
        )  # fmt: skip


def masked(old: run_v2.Service, new: run_v2.Service, paths: list[str]) -> run_v2.Service:
    """The service as it is to be: everything from `new`, or only the fields that the mask names."""
    kept = ("name", "uid", "generation", "create_time", "creator", "observed_generation", "conditions", "etag",
            "terminal_condition", "latest_ready_revision", "latest_created_revision", "traffic_statuses", "uri",
            "urls", "reconciling", "update_time")  # fmt: skip
    result = copy_service(old)
    if not paths or paths == ["*"]:
        result = copy_service(new)
        for field in kept:
            setattr(result, field, getattr(old, field))
        return result
    for path in paths:
        _copy_path(run_v2.Service.pb(new), run_v2.Service.pb(result), path.split("."))
    return result


def _copy_path(source: Any, target: Any, keys: list[str]) -> None:
    field = source.DESCRIPTOR.fields_by_name.get(keys[0])
    if field is None:
        raise RefusedError("INVALID_ARGUMENT", f"update_mask: {keys[0]!r} is not a field.")
    single = field.message_type is not None and not hasattr(getattr(source, keys[0]), "__len__")
    if len(keys) > 1 and single:
        _copy_path(getattr(source, keys[0]), getattr(target, keys[0]), keys[1:])
        return
    target.ClearField(keys[0])
    if single:
        if source.HasField(keys[0]):
            getattr(target, keys[0]).CopyFrom(getattr(source, keys[0]))
    elif field.message_type is not None or hasattr(getattr(source, keys[0]), "MergeFrom"):
        getattr(target, keys[0]).MergeFrom(getattr(source, keys[0]))
    else:
        setattr(target, keys[0], getattr(source, keys[0]))


def paged(items: list[Any], size: int, token: str) -> tuple[list[Any], str]:
    """One page of the items, and the token of the next; RefusedError for a token that is none."""
    if token and not token.isdigit():
        raise RefusedError("INVALID_ARGUMENT", "The page token is not valid.")
    start = int(token or 0)
    end = start + (size or _PAGE)
    return items[start:end], str(end) if end < len(items) else ""
