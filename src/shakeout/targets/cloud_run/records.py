"""What Cloud Logging has of a release, written to `logs/SERVICE.log` in the run's folder as lines of output are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.cloud.logging_v2.types import LogEntry as CloudEntry
from google.protobuf.json_format import MessageToDict

from shakeout.targets.capture import SYSTEM, log_path
from shakeout.targets.cloud_run.api import Api
from shakeout.targets.cloud_run.conditions import call_failure
from shakeout.targets.lines import LineSplitter, format_line
from shakeout.targets.quiet import until_quiet

LIMIT = 5000
"""How many entries one look takes in at most; the next look goes on from there."""
_LATE = timedelta(seconds=15)
"""How late an entry may come in after a younger one."""
_FAILED = 500
_QUIET = 3.0
"""Seconds without a new entry after which no more are waited for. Google states no bound for how late they come."""
_QUIET_DOUBLE = 0.5


def log_filter(services: Mapping[str, str], since: datetime) -> str:
    """
    The filter of Cloud Logging for some revisions since a moment; `services` maps revisions to services' names.

    What the platform itself says of a revision is among it; requests only where they failed.
    """
    revisions = " OR ".join(f'"{revision}"' for revision in sorted(services))
    names = " OR ".join(f'"{name}"' for name in sorted(set(services.values())))
    return (
        'resource.type="cloud_run_revision"'
        f" AND resource.labels.service_name=({names})"
        f" AND resource.labels.revision_name=({revisions})"
        f' AND timestamp>="{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"'
        f" AND (NOT httpRequest.status<{_FAILED})"
    )


class Recorder:
    """Takes in the entries of one release, each once, in files that only grow; `redact` takes secrets out of them."""

    def __init__(self, api: Api, run_folder: Path, since: datetime, redact: Callable[[str], str]) -> None:
        self._api = api
        self._run_folder = run_folder
        self._since = since - timedelta(seconds=2)
        self._redact = redact
        self.problem: str | None = None
        self._seen: set[tuple[str, str]] = set()
        self._services: dict[str, tuple[str, str]] = {}

    @property
    def double(self) -> bool:
        """Whether the logs are those of a double, which has them at once."""
        return self._api.endpoints.double

    def follow(self, service: str, cloud_name: str, revision: str) -> None:
        """Take in what this revision writes, as the output of the manifest's `service`."""
        self._services[revision] = (service, cloud_name)

    async def take(self) -> int:
        """Take in what is new; returns how many entries that were. Where they cannot be read, `problem` says why."""
        try:
            return await self._take() if self._services else 0
        except GoogleAPICallError as error:
            failure = call_failure(error, "ListLogEntries", {})
            self.problem = f"the logs could not be read, so what they would tell is missing ({failure.message})"
            return 0

    async def take_late(self) -> None:
        """Take in what is new until nothing new has come for a while: entries arrive later than they are written."""

        async def news() -> bool:
            return await self.take() > 0

        quiet = _QUIET_DOUBLE if self.double else _QUIET
        await until_quiet(news, quiet=quiet, most=_LATE.total_seconds(), pause=quiet / 5)

    async def _take(self) -> int:
        count = 0
        while True:
            wanted = log_filter({revision: name for revision, (_, name) in self._services.items()}, self._since)
            entries = await self._api.entries(wanted, LIMIT)
            new = [entry for entry in entries if (entry.insert_id, entry.log_name) not in self._seen]
            self._seen |= {(entry.insert_id, entry.log_name) for entry in new}
            self._write(new)
            count += len(new)
            if entries:
                self._since = max(self._since, _time(entries[-1]) - (_LATE if len(entries) < LIMIT else timedelta()))
            if len(entries) < LIMIT or not new:
                return count

    def _write(self, entries: Iterable[CloudEntry]) -> None:
        rows: dict[str, list[str]] = {}
        for entry in entries:
            service = self._services.get(entry.resource.labels.get("revision_name", ""), ("", ""))[0]
            if service:
                rows.setdefault(service, []).extend(lines(entry, self._redact))
        for service, found in rows.items():
            path = log_path(self._run_folder, service)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8", errors="replace", newline="\n") as file:
                file.writelines(found)


def lines(entry: CloudEntry, redact: Callable[[str], str]) -> Iterator[str]:
    """The lines of a log file that an entry makes: the service's own output as it was, the platform's as `system`."""
    log = entry.log_name.rpartition("/")[2].replace("%2F", "/").rpartition("/")[2]
    stream = log if log in {"stdout", "stderr"} else SYSTEM if log in {"system", "requests"} else "stdout"
    splitter = LineSplitter(redact)
    text = _text(entry)
    for line in [*splitter.feed((text + "\n").encode("utf-8", "replace")), *splitter.close()]:
        yield format_line(_time(entry), stream, line)


def _text(entry: CloudEntry) -> str:
    if entry.text_payload:
        return str(entry.text_payload).removesuffix("\n")
    raw = CloudEntry.pb(entry)
    if raw.HasField("json_payload"):
        payload = _whole(MessageToDict(raw.json_payload))
        severity = raw.severity and CloudEntry.to_dict(entry, use_integers_for_enums=False).get("severity")
        return json.dumps({**({"severity": severity} if severity else {}), **payload}, ensure_ascii=False)
    if raw.HasField("http_request"):
        request = entry.http_request
        return f"{request.request_method} {request.request_url} {request.status}"
    return ""


def _whole(value: Any) -> Any:
    """Numbers without a fraction as whole numbers, which is how they were written."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _time(entry: CloudEntry) -> datetime:
    moment = entry.timestamp or entry.receive_timestamp
    return moment.astimezone(UTC) if isinstance(moment, datetime) else datetime.now(UTC)
