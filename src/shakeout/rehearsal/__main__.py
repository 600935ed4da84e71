"""
`python -m shakeout.rehearsal`: a double in a process of its own.

It reads its order, one line of JSON (see `order.py`), from standard input, answers with one line of JSON that says
where it can be reached, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys

from shakeout.rehearsal.double import Rehearsal
from shakeout.rehearsal.names import ServiceName
from shakeout.rehearsal.order import Ready, decode_order, encode


async def rehearse() -> None:
    """Until standard input ends, or a signal comes."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**26)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    line = await reader.readline()
    if not line:
        return
    order = decode_order(line)
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)
    async with Rehearsal(order.settings) as cloud:
        for full, port in order.ports.items():
            name = ServiceName.parse(full)
            cloud.reserve(name.id, project=name.location.project, region=name.location.region, port=port)
        ready = Ready(run=cloud.run_address, logging=cloud.logging_address, rest=cloud.rest_url)
        sys.stdout.buffer.write(encode(ready))
        sys.stdout.buffer.flush()
        ending = [asyncio.ensure_future(over.wait()), asyncio.ensure_future(reader.read())]
        await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
        for task in ending:
            task.cancel()
    if order.folder:
        await asyncio.to_thread(shutil.rmtree, order.folder, ignore_errors=True)
    transport.close()


def main() -> None:
    asyncio.run(rehearse())


if __name__ == "__main__":
    main()
