"""Whether a backing service is there, as its own address says."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from urllib.parse import urlsplit

from shakeout.manifest.plan import BackingServicePlan
from shakeout.targets.base import Running

_TRY_SECONDS = 2.0
_PORTS = {"postgresql": 5432, "postgres": 5432, "redis": 6379, "http": 80, "https": 443, "clickhouse": 9000}


async def look(plan: BackingServicePlan, url: str | None) -> Running:
    """
    `running` where something accepts connections at the address (or the file or folder exists), `absent` where not,
    `unknown` where there is no address to try. `url` is the resolved one; only its host and port, or path, come out.
    """
    facts: dict[str, object] = {"kind": plan.kind, "disabled": plan.disabled}
    if plan.disabled or not url:
        return _running(plan, "absent" if plan.disabled else "unknown", None, facts)
    parts = urlsplit(url)
    scheme = parts.scheme.partition("+")[0]
    if scheme in {"sqlite", "chdb", "file"}:
        # sqlite:///relative/path and sqlite:////absolute/path, as SQLAlchemy writes them.
        path = Path(parts.path[1:] if scheme == "sqlite" else parts.path)
        if not path.is_absolute():
            return _running(plan, "unknown", str(path), facts | {"reason": "the path is relative to a service"})
        return _running(plan, "running" if os.access(path, os.F_OK) else "absent", str(path), facts)
    try:
        port = parts.port or _PORTS.get(scheme)
    except ValueError:
        port = None
    if not parts.hostname or port is None:
        return _running(plan, "unknown", parts.hostname, facts | {"reason": "the address names no host and port"})
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    error = await _connection_error(parts.hostname, port)
    if error:
        return _running(plan, "absent", f"{host}:{port}", facts | {"reason": error})
    return _running(plan, "running", f"{host}:{port}", facts)


async def _connection_error(host: str, port: int) -> str | None:
    try:
        async with asyncio.timeout(_TRY_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return f"no answer within {_TRY_SECONDS:.0f} s"
    except OSError as error:
        return error.strerror or str(error)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return None


def _running(plan: BackingServicePlan, state: str, address: str | None, facts: dict[str, object]) -> Running:
    return Running(name=plan.name, kind="backing service", state=state, address=address, facts=facts)
