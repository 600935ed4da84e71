"""The report as HTML: self-contained, without script, readable where people read."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from shakeout.report.html import render
from shakeout.report.model import Report

VOID = {"meta", "br"}
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "article", "footer", "div"),
    *("h1", "h2", "h3", "h4", "p", "ul", "ol", "li", "dl", "dt", "dd", "b", "br", "a", "span", "code", "pre"),
    *("details", "summary", "table", "thead", "tbody", "tr", "th", "td"),
}


class Outline(HTMLParser):
    """Which elements there are, whether they nest, and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")


def outline(report: Report) -> Outline:
    parser = Outline()
    parser.feed(render(report))
    parser.close()
    return parser


@pytest.mark.parametrize("name", ["full", "well", "nothing", "nasty"])
def test_the_page_is_well_formed_and_holds_only_plain_elements(name: str, request: pytest.FixtureRequest) -> None:
    found = outline(request.getfixturevalue(name))
    assert (found.faults, found.open) == ([], [])
    assert found.tags <= ALLOWED
    assert found.attributes <= {"lang", "charset", "name", "content", "class", "id", "href"}


@pytest.mark.parametrize("name", ["full", "nasty"])
def test_the_page_loads_nothing(name: str, request: pytest.FixtureRequest) -> None:
    text = render(request.getfixturevalue(name))
    style = re.search("(?s)<style>(.*)</style>", text)
    assert style is not None
    assert not re.search(r"@import|url\(", style[1])
    links = outline(request.getfixturevalue(name)).links
    assert all(link.startswith(("#", "https://")) for link in links)


def test_control_characters_are_made_visible(nasty: Report) -> None:
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", render(nasty))


def test_code_in_backticks_is_marked_as_code(full: Report) -> None:
    assert "took out the line <code>from desk.settings import env</code>" in render(full)


def test_every_quote_is_on_the_page(full: Report) -> None:
    text = render(full)
    for issue in full.issues:
        for why in issue.whys:
            for item in why.evidence:
                first = item.quote.splitlines()[0].strip()
                assert first.replace("'", "&#39;").replace('"', "&#34;") in text


def test_the_same_report_gives_the_same_page(full: Report) -> None:
    assert render(full) == render(full)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize("name", ["full", "nasty"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(
    name: str, width: int, browser: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(request.getfixturevalue(name)), "utf-8")
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("dialog", lambda dialog: complaints.append("a dialog"))
    page.on("request", lambda request: complaints.extend([request.url] if not request.url.startswith("file:") else []))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    context.close()


def test_what_is_folded_on_the_screen_is_on_paper(full: Report, browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(full), "utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    folded = page.locator("details pre").last
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert page.evaluate("document.querySelector('details pre').getBoundingClientRect().height") > 0
    page.close()
