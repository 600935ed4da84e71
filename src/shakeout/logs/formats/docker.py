"""Docker and Podman: json-file logs, the prefix of `compose logs`, and what `inspect` prints."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry
from shakeout.logs.formats.base import SKIP, Documents, PlatformDocument, Record, Skip, Wrapped
from shakeout.logs.values import time


class _Line(msgspec.Struct, gc=False):
    log: str
    stream: str
    time: str = ""
    attrs: dict[str, str] = {}


_DECODER = msgspec.json.Decoder(_Line)


class JsonFile:
    """One line of `/var/lib/docker/containers/…-json.log`. A line without its end is continued by the next one."""

    name = "docker-json-file"
    rank = 20

    def read_record(self, record: Record) -> LogEntry | Skip | None:
        from shakeout.logs.text import text_entry

        try:
            line = _DECODER.decode(record.raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        found = record.locate("log")
        text = record.join(line.stream, line.log, found)
        if text is None:
            return SKIP
        moment, doubt = time(line.time)
        wrapped = Wrapped(
            rest=text[0],
            stream=line.stream,
            time=moment,
            time_doubt=doubt,
            labels={"stream": line.stream, **line.attrs},
            service=line.attrs.get("com.docker.compose.service"),
        )
        return text_entry(
            text[0],
            text[1],
            stream=f"{record.path}/{line.stream}",
            sequence=record.next(),
            wrapped=wrapped,
        )


class ComposePrefix:
    """`backend-1  | text` of `docker compose logs`, with a time after the bar if `--timestamps` was given."""

    name = "compose"
    rank = 40
    _form = re.compile(
        r"(?P<container>[a-zA-Z0-9][\w.-]{0,100})\s{1,40}\| ?(?:(?P<time>\d{4}-\d\d-\d\dT[\d:.]{8,20}Z) ?)?"
        r"(?P<rest>.*)",
        re.S,
    )
    _number = re.compile(r"[-_]\d{1,3}\Z")

    def unwrap(self, line: str) -> Wrapped | None:
        match = self._form.match(line)
        if match is None:
            return None
        moment, doubt = time(match["time"]) if match["time"] else (None, None)
        container = match["container"]
        return Wrapped(
            rest=match["rest"],
            stream=container,
            time=moment,
            time_doubt=doubt,
            service=self._number.sub("", container),
            labels={"container": container},
        )


class Inspect:
    """`docker inspect` and `podman inspect` of containers and images."""

    name = "docker-inspect"
    rank = 20

    def hint(self, head: bytes) -> bool:
        return b'"Id"' in head and (b'"State"' in head or b'"RepoTags"' in head or b'"Config"' in head)

    def read_document(self, value: Any, text: str, locator: Locator) -> Documents | None:
        items = value if isinstance(value, list) else [value]
        found = []
        for item in items:
            if not isinstance(item, dict) or not isinstance(item.get("Id"), str):
                return None
            container = isinstance(item.get("State"), dict)
            names = item.get("RepoTags") if isinstance(item.get("RepoTags"), list) else []
            name = str(item.get("Name") or (names or [item["Id"][:12]])[0]).lstrip("/")
            found.append(
                PlatformDocument(kind="container" if container else "image", name=name, data=item, locator=locator)
            )
        return Documents(documents=found) if found else None


FORMATS = (JsonFile(), ComposePrefix(), Inspect())
