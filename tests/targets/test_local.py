"""The local target's main path, with real processes."""

from __future__ import annotations

import httpx2


async def test_a_service_is_started_awaited_logged_and_stopped(stage, processes_with):
    script = stage.script("print('hello', flush=True)\n" + (stage.repository.folder / "server.py").read_text())
    revision = await stage.one(script)
    assert revision.status == "deployed", revision.failure
    assert httpx2.get(revision.url + "/health").status_code == 200
    assert [entry.message for entry in await stage.target.logs()] == ["hello"]
    assert processes_with(stage.target.checkout.parent.parent)
    folder = stage.target.checkout.parent.parent
    await stage.target.stop(stage.progress.append)
    assert processes_with(folder) == []
    assert not folder.exists()
