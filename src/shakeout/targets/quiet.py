"""Waiting until what was written has arrived where it is read: pipes, files and logging services lag a little."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

_LOOKS = 3
"""So many looks without news at least: on a busy machine, time alone may pass without anybody having written."""


async def until_quiet(news: Callable[[], Awaitable[bool]], *, quiet: float, most: float, pause: float) -> bool:
    """
    Look every `pause` seconds until there was no news for `quiet` seconds; at most `most` seconds long.

    Returns whether it became quiet.
    """
    began = last = time.monotonic()
    silent = 0
    while True:
        if await news():
            last, silent = time.monotonic(), 0
        else:
            silent += 1
        now = time.monotonic()
        if silent >= _LOOKS and now - last >= quiet:
            return True
        if now - began >= most:
            return False
        await asyncio.sleep(pause)
