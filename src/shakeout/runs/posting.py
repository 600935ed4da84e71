"""Shows a run in a console while it goes on: best effort, bounded in time, and never in the way of the run itself."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from shakeout.checks.base import CheckResult
from shakeout.errors import UsageError
from shakeout.manifest.plan import Plan
from shakeout.report.json import to_json, to_value
from shakeout.report.model import Report
from shakeout.runs.folder import RunFolder
from shakeout.targets.base import Progress

CALL_SECONDS = 5.0
"""How long one call of the console may take."""

END_SECONDS = 10.0
"""How long the end of a run waits until all of it has been posted."""

_BATCH = 200
_TOKEN, _EMAIL, _PASSWORD = "SHAKEOUT_CONSOLE_TOKEN", "SHAKEOUT_CONSOLE_EMAIL", "SHAKEOUT_CONSOLE_PASSWORD"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run, as the backend takes it."""

    document: Mapping[str, Any]


class PostingError(Exception):
    """The console did not take something; the text completes "the run is not shown in the console: …"."""


class Posting:
    """
    Posts one run to a console, from a thread of its own.

    `address` is the console's, as people open it in a browser. Who posts is said by the environment variables
    SHAKEOUT_CONSOLE_TOKEN, or SHAKEOUT_CONSOLE_EMAIL and SHAKEOUT_CONSOLE_PASSWORD. The first failure ends the posting
    and is handed to `failed` once, from whichever thread sees it. Raises UsageError where the address is none.
    """

    def __init__(self, address: str, environ: Mapping[str, str], failed: Callable[[str], None]) -> None:
        if not address.startswith(("http://", "https://")) or address.rstrip("/").count("/") < 2:
            raise UsageError(
                "the console's address is not understood",
                expected="the address that the console has in a browser, for example https://console.example.com",
                seen=address,
                where="--console",
            )
        self._console = _Console(address.rstrip("/"), environ)
        self._failed = failed
        self._jobs: queue.SimpleQueue[Event | tuple[str, Any] | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="posting", daemon=True)

    def begin(self, folder: RunFolder, plan: Plan) -> None:
        """The run has begun; its name in the console is that of its folder."""
        names = ("application", "environment", "commit", "target")
        run = {"id": folder.id} | {name: getattr(plan, name) for name in names}
        self._jobs.put(("/v1/runs", {"run": run}))
        self._console.run = folder.id
        self._thread.start()

    def progress(self, progress: Progress) -> Progress:
        """A progress that is shown in the console, too."""

        def both(line: str) -> None:
            progress(line)
            self._add({"kind": "progress", "text": line})

        return both

    def result(self, result: CheckResult) -> None:
        """One check has its answer."""
        self._add({"kind": "check", "event_id": f"check-{result.name}", "check": to_value(result)})

    def end(self, report: Report) -> None:
        """The run has its report; returns when all is posted, at the latest after END_SECONDS."""
        if not self._thread.is_alive():
            return
        self._jobs.put((f"/v1/runs/{self._console.run}/report", {"report": to_json(report)}))
        self._jobs.put(None)
        self._thread.join(END_SECONDS)
        if self._thread.is_alive():
            self._fail(f"{self._console.address} did not take it within {END_SECONDS:.0f} s")

    def _add(self, event: Mapping[str, Any]) -> None:
        if not self._over.is_set():
            self._jobs.put(Event(event))

    def _fail(self, why: str) -> None:
        if not self._over.is_set():
            self._over.set()
            self._failed(f"the run is not shown in the console: {why}")

    def _work(self) -> None:
        try:
            for path, body in self._calls():
                self._console.post(path, body)
        except PostingError as error:
            self._fail(str(error))
        finally:
            self._console.close()

    def _calls(self) -> Iterator[tuple[str, Any]]:
        """The calls to make, in order, until the end: events that wait go together."""
        events: list[Any] = []
        while True:
            job = self._jobs.get()
            if isinstance(job, Event):
                events.append(job.document)
            if events and (self._jobs.empty() or len(events) == _BATCH or not isinstance(job, Event)):
                yield f"/v1/runs/{self._console.run}/events", {"events": events}
                events = []
            if job is None:
                return
            if not isinstance(job, Event):
                yield job


class _Console:
    """The two addresses behind the one that people know, and a token."""

    def __init__(self, address: str, environ: Mapping[str, str]) -> None:
        self.address = address
        self.run = ""
        self._given = environ.get(_TOKEN) or None
        self._account = (environ.get(_EMAIL) or "", environ.get(_PASSWORD) or "")
        self._token: str | None = None
        self._services: Mapping[str, Any] = {}
        self._client: httpx2.Client | None = None

    def post(self, path: str, body: Any) -> None:
        """Post to the backend; signs in first, and once again where a token has come to its end."""
        self._sign_in()
        answer = self._call("POST", self._services["backend_url"] + path, body)
        if answer.status_code == 401 and not self._given:
            self._token = None
            self._sign_in()
            answer = self._call("POST", self._services["backend_url"] + path, body)
        self._check(answer, "backend")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _sign_in(self) -> None:
        if not self._services:
            answer = self._call("GET", f"{self.address}/config.json")
            found = _json(answer)
            if not (isinstance(found.get("auth_url"), str) and isinstance(found.get("backend_url"), str)):
                raise PostingError(f"{self.address}/config.json is not that of a console ({answer.status_code})")
            self._services = found
        if self._token is not None:
            return
        self._token = self._given
        if self._token is None:
            email, password = self._account
            if not (email and password):
                raise PostingError(f"nobody to post as: set {_TOKEN}, or {_EMAIL} and {_PASSWORD}")
            answer = self._call(
                "POST", f"{self._services['auth_url']}/v1/sessions", {"email": email, "password": password}
            )
            self._token = str(self._check(answer, "auth").get("access_token"))

    def _call(self, method: str, url: str, body: Any = None) -> httpx2.Response:
        if self._client is None:
            loopback = self.address.startswith(("http://127.", "http://localhost"))
            self._client = httpx2.Client(timeout=CALL_SECONDS, trust_env=not loopback)
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            return self._client.request(method, url, json=body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise PostingError(
                f"{url.partition('/v1/')[0]} gives no answer ({error or type(error).__name__})"
            ) from error

    def _check(self, answer: httpx2.Response, service: str) -> Mapping[str, Any]:
        found = _json(answer)
        if answer.is_success:
            return found
        error = found.get("error")
        said = f"{error.get('code')}: {error.get('message')}" if isinstance(error, Mapping) else "no reason given"
        raise PostingError(f"{service} answers {answer.status_code}, {said}")


def _json(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
