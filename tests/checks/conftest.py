"""Small real servers, and a plan and a context to ask them with."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shakeout.checks.base import Answer, Check, CheckResult, Context
from shakeout.checks.planning import plan_checks
from shakeout.checks.runner import run_checks
from shakeout.manifest.model import CheckSpec
from shakeout.manifest.plan import BackingServicePlan, Plan, ServicePlan
from shakeout.targets.base import Release, Revision

COMMIT = "a" * 40


@dataclass
class Asked:
    """One request as a server read it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Told:
    """What a server answers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0

    def encode(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"content-type": "application/json", "content-length": str(len(body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} Reason", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join([*lines, "connection: close", "", ""])).encode() + body


Handler = Callable[[Asked], Any]
"""Gives a tuple: status, then a JSON body (or bytes), headers, and seconds to wait before it is sent."""


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A real HTTP server on a free loopback port; gives its address without a trailing slash."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, path, _ = head[0].split(" ", 2)
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            told = Told(*handler(Asked(method, path, headers, body)))
            await asyncio.sleep(told.after)
            writer.write(told.encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        server.close()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """`await serve(handler)` starts a server that lives until the test ends."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler, tls: ssl.SSLContext | None = None) -> str:
            return await stack.enter_async_context(serving(handler, tls))

        yield start


@dataclass
class World:
    """A plan, its release and a run folder; `ask` runs its checks."""

    folder: Path
    services: list[ServicePlan] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    backing: list[BackingServicePlan] = field(default_factory=list)
    checks: dict[str, CheckSpec] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    shared: dict[str, Any] = field(default_factory=dict)
    checkout: Path | None = None

    def service(self, name: str, url: str | None = None, *, commit: str = COMMIT, **keys: Any) -> None:
        revision = {key: keys.pop(key) for key in ("restarts", "status", "failure") if key in keys}
        self.services.append(ServicePlan(name=name, command=("true",), path=".", commit=commit, **keys))
        status = revision.pop("status", "deployed")
        self.revisions.append(Revision(service=name, id=f"{name}-1", commit=commit, status=status, url=url, **revision))

    @property
    def plan(self) -> Plan:
        return Plan(
            application="acme",
            environment="test",
            target="local",
            repository=str(self.folder),
            manifest_path="shakeout.yaml",
            commit=COMMIT,
            dirty=False,
            services=tuple(self.services),
            backing_services=tuple(self.backing),
            checks=self.checks,
            secret_values=self.secrets,
        )

    @property
    def context(self) -> Context:
        release = Release(
            id="r1",
            application="acme",
            environment="test",
            target="local",
            commit=COMMIT,
            dirty=False,
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
            revisions=tuple(self.revisions),
        )
        return Context(
            plan=self.plan,
            release=release,
            run_folder=self.folder,
            checkout=self.checkout or self.folder,
            shared=self.shared,
        )

    async def ask(self, *names: str, **keys: Any) -> dict[str, CheckResult]:
        """Run the planned checks, or only those of these names, and give their results by name."""
        checks = [check for check in plan_checks(self.plan) if not names or check.name in names]
        results = await self.run(checks, **keys)
        return {result.name: result for result in results}

    async def run(self, checks: Iterable[Check], **keys: Any) -> tuple[CheckResult, ...]:
        return await run_checks(list(checks), self.context, **{"progress": lambda line: None, **keys})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def question() -> Callable[..., Check]:
    """`question("name", ask, needs=(...))` makes a check."""

    def make(name: str, ask: Callable[[Context], Awaitable[Answer]], **keys: Any) -> Check:
        return Check(name=name, kind="http", question=f"{name}?", ask=ask, **keys)

    return make


@pytest.fixture(scope="session")
def make_tls(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[ssl.SSLContext, Path]]:
    """`make_tls(days)` gives a server's TLS settings, with a self-signed certificate for 127.0.0.1, and its file."""

    def make(days: int) -> tuple[ssl.SSLContext, Path]:
        folder = tmp_path_factory.mktemp("tls")
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        made = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shakeout test")])
        now = datetime.now(UTC)
        signed = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(made.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days, hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(made, hashes.SHA256())
        )
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        key.write_bytes(
            made.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context, certificate

    return make


@pytest.fixture(scope="session")
def server_tls(make_tls: Callable[[int], tuple[ssl.SSLContext, Path]]) -> ssl.SSLContext:
    return make_tls(100)[0]


@pytest.fixture
def unused_tcp_port() -> Iterator[int]:
    """A port on which nothing listens, held so that nobody else takes it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
