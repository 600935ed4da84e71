"""What Kubernetes puts in front of a container's lines: prefixes, timestamps, the runtime's own log format."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Wrapped
from shakeout.logs.values import time

_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
_REPLICA = re.compile(r"-[a-f0-9]{6,10}-[a-z0-9]{5}\Z|-\d{1,3}\Z|-[a-z0-9]{5}\Z")


class Prefixed:
    """`[pod/backend-7d9f8-abcde/app] text` of `kubectl logs --prefix`, with a time if `--timestamps` was given."""

    name = "kubectl-prefix"
    rank = 30
    _form = re.compile(
        rf"\[pod/(?P<pod>[\w.-]{{1,253}})/(?P<container>[\w.-]{{1,63}})\] (?:(?P<time>{_STAMP}) ?)?(?P<rest>.*)", re.S
    )

    def unwrap(self, line: str) -> Wrapped | None:
        match = self._form.match(line)
        if match is None:
            return None
        moment, doubt = time(match["time"]) if match["time"] else (None, None)
        return Wrapped(
            rest=match["rest"],
            stream=f"{match['pod']}/{match['container']}",
            time=moment,
            time_doubt=doubt,
            service=_REPLICA.sub("", match["pod"]),
            labels={"pod": match["pod"], "container": match["container"], "instance": match["pod"]},
        )


class Runtime:
    """`2025-09-03T10:00:00.123456789Z stderr F text`, the log file of a container runtime; P is a part of a line."""

    name = "container-runtime"
    rank = 31
    _form = re.compile(rf"(?P<time>{_STAMP}) (?P<stream>stdout|stderr) (?P<tag>[FP](?::\w+)?) (?P<rest>.*)", re.S)

    def unwrap(self, line: str) -> Wrapped | None:
        match = self._form.match(line)
        if match is None:
            return None
        moment, doubt = time(match["time"])
        return Wrapped(
            rest=match["rest"],
            stream=match["stream"],
            time=moment,
            time_doubt=doubt,
            labels={"stream": match["stream"]},
            partial=match["tag"].startswith("P"),
        )


class Timestamped:
    """`2025-09-03T10:00:00.123456789Z text` of `kubectl logs --timestamps` and `docker logs --timestamps`."""

    name = "timestamped"
    rank = 45
    _form = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7,9}Z) ?(?P<rest>.*)", re.S)

    def unwrap(self, line: str) -> Wrapped | None:
        match = self._form.match(line)
        if match is None:
            return None
        moment, doubt = time(match["time"])
        return Wrapped(rest=match["rest"], time=moment, time_doubt=doubt)


FORMATS = (Prefixed(), Runtime(), Timestamped())
