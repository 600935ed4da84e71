"""Waiting until a service is ready: with a deadline, with a reason, and not a moment longer than it lives."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx2

from shakeout.targets import failures
from shakeout.targets.base import Failure, Progress
from shakeout.targets.health import Answer, ask, connects
from shakeout.targets.watched import WatchedService

_TELL_FIRST, _TELL_CHANGE, _TELL_AGAIN = 0.5, 1.0, 5.0
_SHORTEST, _LONGEST, _EAGER = 0.01, 0.2, 1.0

T = TypeVar("T")


async def until_ready(watched: WatchedService, client: httpx2.AsyncClient, progress: Progress) -> Failure | None:
    """
    Wait until the service answers its health address as the manifest expects, or, where it has none, listens on its
    port. Returns None when it is ready, otherwise why it is not.
    """
    service = watched.service
    teller = _Teller(service.name, service.start.deadline, progress)
    answer: Answer | None = None
    pause = _SHORTEST
    while True:
        if failure := watched.ended():
            return failure
        if watched.log.process is None:
            why = _restarting(watched)
        else:
            question = ask(client, watched.url, service.health) if service.health else connects(watched.port)
            answer = await _while_it_lives(watched, question) or answer
            if answer and answer.well:
                # Whoever answers must be the service: another program may have taken the port.
                listening = watched.listening()
                if watched.listens(listening):
                    if failure := watched.ended():
                        return failure
                    if watched.log.process is not None:
                        return None
                elif watched.pids():
                    answer = Answer(well=False, refused=True, why=watched.somebody_else())
            why = answer.why if answer else "it has only just started"
        if watched.seconds >= service.start.deadline:
            return watched.late(answer)
        if teller.due(why, watched.seconds):
            teller.tell(why, watched.redact(why + _instead(watched, answer)), watched.seconds)
        await asyncio.sleep(min(pause, max(0.0, service.start.deadline - watched.seconds)))
        if watched.seconds > _EAGER:
            pause = min(pause * 1.3, _LONGEST)


async def _while_it_lives(watched: WatchedService, question: Coroutine[Any, Any, T]) -> T | None:
    """The answer, or None where the service ends first or the deadline comes."""
    task = asyncio.ensure_future(question)
    began = len(watched.log.events)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=0.02)
            watched.log.new()
            over = any(event.name == "exited" for event in watched.log.events[began:])
            if not task.done() and (over or watched.seconds >= watched.service.start.deadline + 0.5):
                return None
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _restarting(watched: WatchedService) -> str:
    event = watched.log.last("exited")
    if event is None:
        return "it is being started"
    return f"{failures.how_it_ended(event)} and is started again"


def _instead(watched: WatchedService, answer: Answer | None) -> str:
    if answer is None or not answer.refused or watched.seconds < 1:
        return ""
    listening = watched.listening()
    return f"; it listens on {', '.join(map(str, listening))}" if listening else ""


class _Teller:
    """Says why we wait: not in the first half second, then when the reason changes, and every few seconds."""

    def __init__(self, service: str, deadline: float, progress: Progress) -> None:
        self._service = service
        self._deadline = deadline
        self._progress = progress
        self._why = ""
        self._told = -_TELL_AGAIN

    def due(self, why: str, seconds: float) -> bool:
        gap = _TELL_AGAIN if why == self._why else _TELL_CHANGE
        return seconds >= _TELL_FIRST and seconds - self._told >= gap

    def tell(self, why: str, shown: str, seconds: float) -> None:
        self._why, self._told = why, seconds
        self._progress(f"waiting for {self._service} ({seconds:.0f} s of {self._deadline:g} s) because {shown}")
