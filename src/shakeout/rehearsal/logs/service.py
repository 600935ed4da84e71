"""Cloud Logging's service: reading, writing and following entries."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable

from google.cloud.logging_v2 import types

from shakeout.rehearsal.answers import RefusedError
from shakeout.rehearsal.logs.logbook import Entry, Logbook
from shakeout.rehearsal.logs.query import QueryError, compile_query

_PAGE = 50
_LARGEST = 1000
_PATIENCE = 0.5


class Logging:
    """The service over one logbook."""

    def __init__(self, logbook: Logbook) -> None:
        self._logbook = logbook

    async def list_entries(self, request: types.ListLogEntriesRequest) -> types.ListLogEntriesResponse:
        matches = _matcher(request.filter, list(request.resource_names))
        order = request.order_by.strip() or "timestamp asc"
        if order not in {"timestamp asc", "timestamp desc", "timestamp"}:
            raise RefusedError("INVALID_ARGUMENT", f"order_by: {order!r} is not 'timestamp asc' or 'timestamp desc'.")
        found = [entry for entry in self._logbook if matches(entry)]
        found.sort(key=_moment, reverse=order.endswith("desc"))
        start = int(request.page_token) if request.page_token.isdigit() else 0
        end = start + min(request.page_size or _PAGE, _LARGEST)
        token = str(end) if end < len(found) else ""
        answer = types.ListLogEntriesResponse(next_page_token=token)
        types.ListLogEntriesResponse.pb(answer).entries.extend(found[start:end])
        return answer

    async def write_entries(self, request: types.WriteLogEntriesRequest) -> types.WriteLogEntriesResponse:
        if request.dry_run:
            return types.WriteLogEntriesResponse()
        pb = types.WriteLogEntriesRequest.pb(request)
        for given in pb.entries:
            entry = type(given)()
            entry.CopyFrom(given)
            entry.log_name = entry.log_name or pb.log_name
            if not entry.resource.type:
                entry.resource.CopyFrom(pb.resource)
            for name, value in pb.labels.items():
                entry.labels.setdefault(name, value)
            if not entry.log_name:
                raise RefusedError("INVALID_ARGUMENT", "log_name: is required")
            self._logbook.add(entry)
        return types.WriteLogEntriesResponse()

    async def list_logs(self, request: types.ListLogsRequest) -> types.ListLogsResponse:
        names = sorted({entry.log_name for entry in self._logbook if entry.log_name.startswith(f"{request.parent}/")})
        return types.ListLogsResponse(log_names=names)

    async def tail_entries(
        self, requests: AsyncIterator[types.TailLogEntriesRequest]
    ) -> AsyncIterator[types.TailLogEntriesResponse]:
        """What is written from now on and matches the newest request."""
        request = await anext(aiter(requests))
        matches = _matcher(request.filter, list(request.resource_names))
        _, number = self._logbook.since(0)
        while True:
            await self._logbook.wait(_PATIENCE)
            entries, number = self._logbook.since(number)
            found = [entry for entry in entries if matches(entry)]
            if found:
                answer = types.TailLogEntriesResponse()
                types.TailLogEntriesResponse.pb(answer).entries.extend(found)
                yield answer


def _matcher(text: str, resources: list[str]) -> Callable[[Entry], bool]:
    """Whether an entry is of one of the resources and matches the filter."""
    if not resources:
        raise RefusedError("INVALID_ARGUMENT", "resource_names: At least one resource name is required.")
    try:
        query = _compiled(text)
    except QueryError as error:
        raise RefusedError("INVALID_ARGUMENT", f"Unparseable filter: {error}") from error
    projects = tuple(f"{'/'.join(name.split('/')[:2])}/" for name in resources)
    return lambda entry: entry.log_name.startswith(projects) and query(entry)


_compiled = functools.lru_cache(64)(compile_query)


def _moment(entry: Entry) -> tuple[int, int]:
    return entry.timestamp.seconds, entry.timestamp.nanos
