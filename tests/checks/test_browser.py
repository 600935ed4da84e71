"""The browser check in a real Chromium, against pages that work and pages that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.checks import browser
from shakeout.manifest.model import CheckSpec

pytest.importorskip("playwright", reason="playwright is not installed")
pytestmark = [
    pytest.mark.skipif(
        not any(Path(f"/usr/bin/{name}").exists() for name in browser.BROWSERS), reason="no Chromium is installed"
    ),
    # Chromium ends every request when an interface comes or goes, as each network of containers does.
    pytest.mark.xdist_group("engine"),
]

PAGE = (
    """<!doctype html><title>Parcel desk</title><link rel="icon" href="data:,"><p id="hello">Good morning</p>{more}"""
)


def site(pages):
    """A handler for pages by path: text is HTML, a number a status."""

    def handler(asked):
        page = pages.get(asked.path, 404)
        if isinstance(page, int):
            return (page, {"error": "no"})
        kind = "text/javascript" if asked.path.endswith(".js") else "text/html"
        return (200, page.encode(), {"content-type": kind})

    return handler


async def ask_one(world, url, **keys):
    world.service("web", url)
    world.checks["page"] = CheckSpec(kind="browser", service="web", deadline=40, **keys)
    return (await world.ask("page"))["page"]


async def test_a_page_that_works_passes_and_leaves_its_picture(world, serve):
    script = "<script>fetch('/data').then(r => r.json()).then(d => hello.textContent = d.word)</script>"
    url = await serve(site({"/": PAGE.format(more=script), "/data": '{"word": "Good evening"}'}))
    result = await ask_one(world, url, title="Parcel", contains="Good evening", selector="#hello")
    assert (str(result.outcome), result.detail, result.actual) == ("passed", "200, 'Parcel desk'", None)
    assert (world.folder / result.facts["screenshot"]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("more", "keys", "told"),
    [
        ("<script>start_desk()</script>", {}, "start_desk is not defined"),
        ("<script src='/gone.js'></script>", {}, "cannot load http"),
        ("<script>fetch('/broken')</script>", {}, "/broken: 500"),
        ("", {"contains": "Good night"}, "the text 'Good night' is not to be seen"),
        ("<p id='late' hidden>x</p>", {"selector": "#late"}, "no element #late is to be seen"),
        ("", {"title": "Orders"}, "the title is 'Parcel desk'"),
    ],
)
async def test_what_a_person_would_notice_turns_it_red(world, serve, more, keys, told):
    url = await serve(site({"/": PAGE.format(more=more), "/broken": 500}))
    world.service("web", url)
    world.checks["page"] = CheckSpec(kind="browser", service="web", deadline=8, **keys)
    result = (await world.ask("page"))["page"]
    assert result.outcome == "failed"
    assert told in result.detail
    assert "title: Parcel desk" in result.excerpt


async def test_known_errors_are_let_pass(world, serve):
    more = "<script src='/gone.js'></script><script>console.error('old widget')</script>"
    url = await serve(site({"/": PAGE.format(more=more)}))
    assert (await ask_one(world, url, ignore=["gone.js", "old widget"])).outcome == "passed"


async def test_a_missing_page_is_not_green(world, serve):
    url = await serve(site({}))
    result = await ask_one(world, url, path="/desk")
    assert (result.outcome, result.detail) == ("failed", "404, expected 200")


async def test_nothing_listening_is_told_as_by_every_check(world, unused_tcp_port):
    result = await ask_one(world, f"http://127.0.0.1:{unused_tcp_port}")
    assert (result.outcome, result.facts["kind"]) == ("failed", "refused")


async def test_without_a_browser_it_is_inconclusive(world, serve, monkeypatch, tmp_path):
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    url = await serve(site({"/": PAGE.format(more="")}))
    result = await ask_one(world, url)
    assert result.outcome == "inconclusive"
    assert "no browser can be started" in result.detail
