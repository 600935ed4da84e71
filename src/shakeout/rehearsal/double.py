"""The double as a whole: its parts put together, started and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shakeout.rehearsal.calls import by_name, calls, streams
from shakeout.rehearsal.deploying import Deployer
from shakeout.rehearsal.faults import Guard
from shakeout.rehearsal.grpc_server import GrpcServer
from shakeout.rehearsal.ingress.gate import Gate
from shakeout.rehearsal.instances.choosing import choose_runner
from shakeout.rehearsal.logs.logbook import Logbook
from shakeout.rehearsal.logs.service import Logging
from shakeout.rehearsal.operations import Operations
from shakeout.rehearsal.reconciling import Reconciler
from shakeout.rehearsal.records import ServiceRecord
from shakeout.rehearsal.rest.routes import Routes
from shakeout.rehearsal.rest.server import NOWHERE, RestServer
from shakeout.rehearsal.revisions import Revisions
from shakeout.rehearsal.services import Services
from shakeout.rehearsal.settings import Command, Settings

_CLOSE_SECONDS = 5.0


class Rehearsal:
    """
    A double of Cloud Run and of what of Cloud Logging belongs to it, on loopback, as an asynchronous context manager.

    `settings` says what may be said; `commands` and `secrets` are short for those settings. When it ends, nothing is
    left: no process, no container, no folder.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        commands: Mapping[str, Command] | None = None,
        secrets: Mapping[str, str | Mapping[str, str]] | None = None,
        **others: Any,
    ) -> None:
        given = {"commands": commands or {}, "secrets": secrets or {}, **others}
        self.settings = settings or Settings(**given)
        self.logbook = Logbook()
        self.services: dict[str, ServiceRecord] = {}
        self.run_address = ""
        self.logging_address = ""
        self.rest_url = ""

    async def __aenter__(self) -> Self:
        self._folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="shakeout-rehearsal-"))
        self._operations = Operations()
        self._gate = Gate(self.logbook)
        self._runner = await asyncio.to_thread(choose_runner, self.settings, self._folder, self._gate)
        deployer = Deployer(settings=self.settings, runner=self._runner, logbook=self.logbook)
        self._reconciler = Reconciler(deployer, self._gate.address, self._gate.forget)
        services = Services(self.settings, self.services, self._operations, self._reconciler)
        revisions = Revisions(services, self._operations)
        logs = Logging(self.logbook)
        guard = Guard(self.settings.faults, self.settings.project_number)
        table = calls(services, revisions, self._operations, logs, guard)
        self._grpc = GrpcServer(table, streams(logs))
        self._rest = RestServer(Routes(by_name(table)))
        self.run_address = self.logging_address = await self._grpc.start()
        self.rest_url = await self._rest.start()
        return self

    def reserve(self, service: str, *, project: str, region: str, port: int | None = None) -> str:
        """The URL that a service will have, also before it is there and after it was deleted; on a port, if given."""
        return self._gate.reserve(f"projects/{project}/locations/{region}/services/{service}", port)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for closing in (self._grpc.stop(), self._rest.stop(), self._operations.close()):
            await _within(_CLOSE_SECONDS, closing)
        for record in list(self.services.values()):
            await self._reconciler.remove(record)
        await _within(_CLOSE_SECONDS, self._gate.stop())
        await self._runner.close()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    def gcloud_environment(self, token_file: Path) -> dict[str, str]:
        """
        The variables that make the real `gcloud` talk to the double, and to nothing else.

        `token_file` is a file with any text, which stands for an access token; its folder gets gcloud's own settings.
        """
        endpoint = f"http://{NOWHERE}/"
        apis = ("RUN", "LOGGING", "SERVICEUSAGE")
        return {
            **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}": endpoint for api in apis},
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token_file),
            "CLOUDSDK_CONFIG": str(token_file.parent / "gcloud"),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_CORE_CHECK_GCE_METADATA": "0",
            "http_proxy": self.rest_url,
            "https_proxy": self.rest_url,
            "no_proxy": "",
        }


async def _within(seconds: float, closing: Coroutine[Any, Any, None]) -> None:
    """Do it, and give it up when it takes too long: what has been started has to be ended in any case."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await closing
