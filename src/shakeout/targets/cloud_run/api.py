"""The calls to Cloud Run and Cloud Logging, each with a deadline, and again where the platform asks for patience."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.api_core.retry_async import AsyncRetry
from google.cloud import run_v2
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2AsyncClient
from google.cloud.logging_v2.services.logging_service_v2.transports import LoggingServiceV2GrpcAsyncIOTransport
from google.cloud.logging_v2.types import ListLogEntriesRequest, LogEntry
from google.cloud.run_v2.services.revisions.transports import RevisionsGrpcAsyncIOTransport
from google.cloud.run_v2.services.services.transports import ServicesGrpcAsyncIOTransport
from google.protobuf.field_mask_pb2 import FieldMask

from shakeout.targets.base import Progress
from shakeout.targets.cloud_run.conditions import one_line, status_name
from shakeout.targets.cloud_run.endpoints import Endpoints, credentials, is_loopback
from shakeout.targets.cloud_run.names import parent
from shakeout.targets.cloud_run.options import EnvironmentOptions

T = TypeVar("T")

CALL_SECONDS = 30.0
"""How long one call may take."""
PATIENCE, DOUBLE_PATIENCE = 120.0, 10.0
"""How long a call is made again while the platform, or a double of it, asks for patience (quota, overload)."""
PAGE = 1000

_PATIENT = (exceptions.ResourceExhausted, exceptions.ServiceUnavailable, exceptions.DeadlineExceeded)


class Api:
    """The calls of one release, by short names of services; close it when the release is over."""

    def __init__(self, options: EnvironmentOptions, endpoints: Endpoints, progress: Progress) -> None:
        self.options = options
        self.endpoints = endpoints
        self._progress = progress
        self._channels: list[Any] = []
        self._credentials: Any = None
        place = endpoints.run or f"{options.region}-run.googleapis.com"
        self._services = self._client(place, run_v2.ServicesAsyncClient, ServicesGrpcAsyncIOTransport)
        self._revisions = self._client(place, run_v2.RevisionsAsyncClient, RevisionsGrpcAsyncIOTransport)
        self._logging = self._client(
            endpoints.logging or "logging.googleapis.com",
            LoggingServiceV2AsyncClient,
            LoggingServiceV2GrpcAsyncIOTransport,
        )

    async def close(self) -> None:
        """Give up the connections; can be called twice."""
        for client in (self._services, self._revisions, self._logging):
            await client.transport.close()
        self._channels.clear()

    # -- services

    async def service(self, name: str) -> run_v2.Service | None:
        """The service, or None where there is none."""
        try:
            return await self._call("GetService", self._services.get_service, name=self._path(name))
        except exceptions.NotFound:
            return None

    async def services(self) -> list[run_v2.Service]:
        """Every service of the project in the region."""

        async def all_of(**options: Any) -> list[run_v2.Service]:
            return [one async for one in await self._services.list_services(parent=parent(self.options), **options)]

        return await self._call("ListServices", all_of)

    async def create(self, name: str, service: run_v2.Service) -> None:
        """Begin to create a service; returns when the platform has taken it. One that is there already is accepted."""
        request = run_v2.CreateServiceRequest(parent=parent(self.options), service_id=name, service=service)
        await self._call("CreateService", self._services.create_service, request=request)

    async def update(self, service: run_v2.Service, *fields: str) -> None:
        """Begin to change a service, or only some fields; its etag makes sure that nobody else did in between."""
        request = run_v2.UpdateServiceRequest(service=service)
        if fields:
            request.update_mask = FieldMask(paths=fields)
        await self._call("UpdateService", self._services.update_service, request=request)

    async def delete(self, name: str, etag: str) -> None:
        """Begin to delete a service; none is well too."""
        try:
            request = run_v2.DeleteServiceRequest(name=self._path(name), etag=etag)
            await self._call("DeleteService", self._services.delete_service, request=request)
        except exceptions.NotFound:
            return

    async def revision(self, service: str, name: str) -> run_v2.Revision | None:
        """A revision of a service, or None while there is none."""
        try:
            path = f"{self._path(service)}/revisions/{name}"
            return await self._call("GetRevision", self._revisions.get_revision, name=path)
        except exceptions.NotFound:
            return None

    # -- logs

    async def entries(self, wanted: str, limit: int) -> list[LogEntry]:
        """At most `limit` log entries that a filter lets through, the oldest first."""
        request = ListLogEntriesRequest(
            resource_names=[f"projects/{self.options.project}"],
            filter=wanted,
            order_by="timestamp asc",
            page_size=min(PAGE, limit),
        )

        async def some(**options: Any) -> list[LogEntry]:
            found: list[LogEntry] = []
            async for entry in await self._logging.list_log_entries(request=request, **options):
                found.append(entry)
                if len(found) >= limit:
                    break
            return found

        return await self._call("ListLogEntries", some)

    # -- how calls are made

    async def _call(self, called: str, call: Callable[..., Awaitable[T]], /, **arguments: Any) -> T:
        told: set[str] = set()

        def tell(error: Exception) -> None:
            status = status_name(error) if isinstance(error, exceptions.GoogleAPICallError) else type(error).__name__
            if status not in told:
                told.add(status)
                self._progress(
                    f"waiting for {called} because the platform answers {status}: {one_line(str(error))[:200]}"
                )

        again = AsyncRetry(
            predicate=lambda error: isinstance(error, _PATIENT),
            initial=0.2,
            maximum=10.0,
            multiplier=2.0,
            timeout=DOUBLE_PATIENCE if self.endpoints.double else PATIENCE,
            on_error=tell,
        )
        try:
            return await again(call)(**arguments, timeout=CALL_SECONDS, retry=None)
        except exceptions.RetryError as error:
            if isinstance(error.cause, exceptions.GoogleAPICallError):
                raise error.cause from error
            raise

    def _client(self, place: str, client: Any, transport: Any) -> Any:
        if is_loopback(place):
            channel = grpc.aio.insecure_channel(place, options=[("grpc.enable_http_proxy", 0)])
            self._channels.append(channel)
            return client(transport=transport(channel=channel))
        self._credentials = self._credentials or credentials()
        return client(credentials=self._credentials, client_options=ClientOptions(api_endpoint=place))

    def _path(self, name: str) -> str:
        return f"{parent(self.options)}/services/{name}"
