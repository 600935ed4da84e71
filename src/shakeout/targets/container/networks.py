"""The network of one release: made, its addresses given out, its names known to every container."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

from shakeout.targets.container import commands
from shakeout.targets.container.engine import Engine, EngineError, ask_json, run

_TRIES = 4
_FIRST = 10
"""Below this, a network's own addresses: its gateway, and what the engine gives out by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """
    A release's network. `addresses` has a fixed one for each name where the engine may have no name server of its own
    (Podman); with Docker it is empty, since Docker's networks know their containers' names.
    """

    name: str
    addresses: dict[str, str] = field(default_factory=dict)


async def make_network(engine: Engine, release: str, application: str, names: Sequence[str]) -> Network:
    """Make the network for containers of these names. Raises EngineError."""
    name = f"shakeout-{release}"
    labels = {commands.RELEASE: release, commands.APPLICATION: application}
    for attempt in range(_TRIES):
        try:
            await run(engine, commands.create_network(name, labels))
            break
        except EngineError:
            # Two releases that begin at once may be given the same addresses: then one of them is refused.
            if attempt == _TRIES - 1:
                raise
            await asyncio.sleep(0.2 * (attempt + 1))
    if engine.name == "docker":
        return Network(name=name)
    (document,) = await ask_json(engine, commands.inspect_network(name))
    subnet = ipaddress.ip_network(document["subnets"][0]["subnet"])
    return Network(name=name, addresses={one: str(subnet[_FIRST + index]) for index, one in enumerate(names)})
