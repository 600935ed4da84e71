"""A small application on a double of Cloud Run, and runs of it in this process."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shakeout.rehearsal import Command, Rehearsal
from shakeout.rehearsal.faults import Faults
from shakeout.runs.pipeline import Finished, Run
from shakeout.runs.request import Request, make_request
from shakeout.targets.cloud_run.endpoints import Endpoints
from shakeout.targets.cloud_run.target import CloudRunTarget
from shakeout.testing import SmallRepository

PROJECT, REGION = "shop-staging", "europe-west1"
SERVER = """
import http.server, os, sys
print("shop begins", flush=True)
if os.environ.get("EXIT"): sys.exit(int(os.environ["EXIT"]))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ["K_REVISION"].encode()
        public = os.environ.get("BROKEN_AT", "").partition("//")[2]
        broken = self.path == "/page" and (os.environ.get("BROKEN") or public == self.headers["Host"])
        self.send_response(500 if broken else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
MANIFEST = f"""
version: 1
application: shop
services:
  web:
    run: python server.py
    health: {{path: /}}
    image: registry.example.com/shop/web:${{commit}}
    environment: {{COMMIT: "${{commit}}"}}
secrets:
  key: {{secret_manager: shop-key}}
environments:
  staging:
    target: cloud-run
    options: {{project: {PROJECT}, region: {REGION}, public: true, deadline: 60s}}
checks:
  page: {{kind: http, service: web, path: /page}}
"""


@dataclass
class Shop:
    """The double, the repository, and what was told during runs."""

    cloud: Rehearsal
    endpoints: Endpoints
    repository: SmallRepository
    home: Path
    told: list[str] = field(default_factory=list)

    def request(self, **variables: str) -> Request:
        """Commit the manifest with these variables of the service, and ask for that commit."""
        rows = ", ".join(f'{name}: "{value}"' for name, value in {"COMMIT": "${commit}", **variables}.items())
        self.write(MANIFEST.replace('COMMIT: "${commit}"', rows))
        return self.asked()

    def write(self, manifest: str) -> None:
        self.repository.commit("Change the shop", {"shakeout.yaml": manifest})

    def asked(self) -> Request:
        return make_request(
            manifest=self.repository.folder / "shakeout.yaml",
            environment="staging",
            revision="HEAD",
            dirty=False,
            caller={},
            home=self.home,
        )

    async def release(self, **variables: str) -> Finished:
        """One whole run."""
        return await self.run(self.request(**variables))

    async def run(self, request: Request) -> Finished:
        try:
            target = CloudRunTarget(self.home / "state", self.endpoints)
            return await Run(request=request, target=target, progress=self.told.append).execute()
        finally:
            request.repository.close()

    def traffic(self) -> dict[str, dict[str, int]]:
        """Who has traffic, by service."""
        return {record.name.id: dict(record.percents) for record in self.cloud.services.values()}

    def tags(self) -> list[str]:
        return [tag for record in self.cloud.services.values() for tag in record.tags]


@asynccontextmanager
async def opened(folder: Path, faults: tuple[str, ...] = (), **settings: Any) -> AsyncIterator[Shop]:
    """The shop, with a double that has these faults."""
    repository = SmallRepository(folder / "shop")
    repository.commit("Open the shop", {"server.py": SERVER, "shakeout.yaml": MANIFEST})
    words = (sys.executable, "-I", "-S", "server.py")
    commands: Mapping[str, Command] = {
        "registry.example.com/shop/web": Command(words=words, folder=folder / "shop"),
        "registry.example.com/other": Command(words=words, folder=folder / "shop"),
    }
    async with Rehearsal(commands=commands, project=PROJECT, faults=Faults.parse(faults), **settings) as cloud:
        address = cloud.reserve("web", project=PROJECT, region=REGION) if hasattr(cloud, "reserve") else ""
        endpoints = Endpoints(run=cloud.run_address, logging=cloud.logging_address, addresses={"web": address})
        yield Shop(cloud, endpoints, repository, folder / "home")
