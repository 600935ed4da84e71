"""The revisions of the API: get, list, delete."""

from __future__ import annotations

from typing import Any

from google.cloud import run_v2

from shakeout.rehearsal.answers import RefusedError
from shakeout.rehearsal.names import ServiceName
from shakeout.rehearsal.operations import Operations
from shakeout.rehearsal.records import RevisionRecord, ServiceRecord, copy_revision
from shakeout.rehearsal.services import Services, paged


class Revisions:
    """The revisions of the services in `services`."""

    def __init__(self, services: Services, operations: Operations) -> None:
        self._services = services
        self._operations = operations

    async def get(self, request: run_v2.GetRevisionRequest) -> run_v2.Revision:
        _, revision = self._find(request.name)
        return copy_revision(revision.message)

    async def list_all(self, request: run_v2.ListRevisionsRequest) -> run_v2.ListRevisionsResponse:
        record = self._services.find(ServiceName.parse(request.parent))
        newest_first = [copy_revision(one.message) for one in reversed(record.revisions.values())]
        page, token = paged(newest_first, request.page_size, request.page_token)
        return run_v2.ListRevisionsResponse(revisions=page, next_page_token=token)

    async def delete(self, request: run_v2.DeleteRevisionRequest) -> Any:
        record, revision = self._find(request.name)
        if revision.id in record.percents or revision.id in record.tags.values():
            raise RefusedError(
                "FAILED_PRECONDITION",
                f"Revision '{revision.id}' cannot be deleted: it is referenced by the traffic of its service.",
            )
        if revision is record.newest:
            raise RefusedError(
                "FAILED_PRECONDITION", f"Revision '{revision.id}' cannot be deleted: it is the latest created one."
            )
        if request.validate_only:
            return self._operations.done(record.name.location, revision.message)
        del record.revisions[revision.id]

        async def work() -> run_v2.Revision:
            if revision.pool:
                await revision.pool.close()
            return copy_revision(revision.message)

        return self._operations.start(record.name.location, revision.message, work)

    def _find(self, full: str) -> tuple[ServiceRecord, RevisionRecord]:
        name, short = ServiceName.of_revision(full)
        record = self._services.find(name)
        revision = record.revisions.get(short)
        if revision is None:
            raise RefusedError(
                "NOT_FOUND",
                f"Resource '{short}' of kind 'REVISION' in region '{name.location.region}' in project "
                f"'{name.location.project}' does not exist.",
            )
        return record, revision
