"""What an answer at a health address says, in few words."""

from __future__ import annotations

import httpx2
import pytest

from shakeout.manifest.model import Health
from shakeout.targets.health import ask


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<!doctype html>\n<html><head><title>Bad\nRequest (400)</title></head><body><h1>No</h1></body></html>",
         "GET /health answers 400: Bad Request (400)"),
        ("<html><style>h1 {}</style><h1>No server</h1> is there</html>", "GET /health answers 400: No server is there"),
        ("Invalid host header", "GET /health answers 400: Invalid host header"),
        ('{"detail": "<none>"}', "GET /health answers 400: <none>"),
        ("", "GET /health answers 400"),
    ],
)  # fmt: skip
async def test_an_answer_is_told_by_what_a_person_reads_of_it(body: str, told: str) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(400, text=body))
    async with httpx2.AsyncClient(transport=transport) as client:
        answer = await ask(client, "http://127.0.0.1:1", Health())
    assert answer.why == told
    assert answer.body == " ".join(body.split())
