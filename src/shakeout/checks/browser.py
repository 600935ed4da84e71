"""
`browser`: does a page work for a person who opens it?

One question for each entry: the page is opened in a real Chromium, and what a person would notice is looked at.
Failed: nothing answers, another status than expected, the text or the element is not to be seen, an error in the page's
scripts, a script, a style sheet or a call of the page that cannot be loaded. Inconclusive: playwright or a browser is
not there. The page as it was seen lies in `checks/<name>.png` of the run's folder.

Facts: `url`, `status`, `title`, `errors` (of the page's scripts and console), `requests` (list of `{url, status}` or
`{url, error}`, those that failed), `screenshot`; where nothing answers those of `shakeout.checks.network`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shakeout.checks.answers import inconclusive, not_reached, passed
from shakeout.checks.base import Answer, Check, Context, Outcome
from shakeout.checks.client import ask_http
from shakeout.checks.deadline import remaining
from shakeout.checks.interpolation import resolve
from shakeout.checks.kinds import Configured, Kind, Options, TLSOptions
from shakeout.checks.network import NotReached
from shakeout.errors import UsageError
from shakeout.manifest.plan import Plan

if TYPE_CHECKING:
    from playwright.async_api import Page, Request, Response

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
"""Programs that are looked for, in this order; without one, playwright's own browser is tried."""

_SWITCHES = ("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync")
_COUNTED = frozenset({"document", "script", "stylesheet", "fetch", "xhr"})
"""Kinds of requests without which a page does not work; a missing picture is no failure."""

_SHOWN = 10


class BrowserOptions(Options):
    """What to open and what has to be seen there."""

    path: str = "/"
    """Path on the service; or `url`, a whole address, which may hold `${services.NAME.url}`."""
    url: str | None = None
    status: int = 200
    title: str | None = None
    """Text that the title must hold."""
    contains: str | None = None
    """Text that must be to be seen on the page."""
    selector: str | None = None
    """A CSS selector whose first element must be to be seen."""
    errors: bool = True
    """Whether errors of the page's scripts, and what it cannot load, are failures."""
    ignore: tuple[str, ...] = ()
    """Texts of errors, or parts of addresses, that are known and let pass."""
    tls: TLSOptions = TLSOptions()


@dataclass
class _Seen:
    """What went wrong while the page was open (without slots: playwright puts a mark on whoever listens)."""

    errors: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _failed(self, request: Request) -> None:
        # A page that is left, or asks again, ends its own requests: that is no failure.
        if request.resource_type in _COUNTED and request.failure != "net::ERR_ABORTED":
            self.requests.append({"url": request.url, "error": request.failure or "no answer"})

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type in _COUNTED - {"document"}:
            self.requests.append({"url": response.url, "status": response.status})

    @property
    def disturbed(self) -> bool:
        """Whether a network interface of this machine came or went meanwhile: Chromium then ends every request."""
        return any("net::ERR_NETWORK_CHANGED" in line for line in self.lines())

    def clear(self) -> None:
        """Forget what was seen, to look once more."""
        self.errors.clear()
        self.requests.clear()

    def without(self, ignored: Sequence[str]) -> _Seen:
        """The same without what is known and let pass; Chromium's own line about a failed request is said once."""
        requests = [item for item in self.requests if not any(text in item["url"] for text in ignored)]
        errors = [text for text in self.errors if not any(one in text for one in ignored)]
        errors = [text for text in errors if not text.startswith("Failed to load resource")]
        return _Seen(list(dict.fromkeys(errors)), requests)

    def lines(self) -> Iterator[str]:
        for request in self.requests:
            yield f"{request['url']}: {request.get('error') or request.get('status')}"
        yield from self.errors


def expand(entry: Configured[BrowserOptions], plan: Plan) -> Iterator[Check]:
    """One question."""
    where = entry.options.url or entry.options.path
    subject = f"{entry.spec.service} " if entry.spec.service else ""

    async def ask(context: Context) -> Answer:
        return await ask_page(entry, context)

    yield Check(
        name=entry.name,
        kind=KIND.name,
        question=f"Does the page {subject}{where} work in a browser?",
        ask=ask,
        service=entry.spec.service,
        required=entry.spec.required,
        deadline=entry.spec.deadline,
    )


async def ask_page(entry: Configured[BrowserOptions], context: Context) -> Answer:
    """Open the page and judge what is there."""
    options = entry.options
    url = _address(entry, context)
    again = f"chromium {url}"
    try:
        await ask_http("GET", url, tls=options.tls)  # who does not answer is told as every check tells it
    except NotReached as error:
        return not_reached(error.fault, expected=f"a page at {url}", reproduce=again, url=url)
    if find_spec("playwright") is None:
        return inconclusive("playwright is not installed: pip install 'shakeout[browser]'", url=url)
    from playwright.async_api import Error

    seen = _Seen()
    try:
        async with _page(options) as page:
            seen.listen(page)
            problem, status = await _look(page, url, options)
            if seen.disturbed:
                seen.clear()
                problem, status = await _look(page, url, options)
            picture = await _picture(page, entry.name, context.run_folder)
            title, text = await page.title(), (await page.inner_text("body"))[:1500]
    except _NoBrowserError as error:
        return inconclusive(str(error), reproduce=again, url=url)
    except Error as error:
        return inconclusive(f"the browser gave up: {_first_line(error)}", reproduce=again, url=url)
    found = seen.without(options.ignore)
    facts = {
        "url": url,
        "status": status,
        "title": title,
        "errors": found.errors[:_SHOWN],
        "requests": found.requests[:_SHOWN],
        "screenshot": picture,
    }
    wrong = list(found.lines()) if options.errors else []
    if problem is None and not wrong:
        return passed(f"{status}, '{title}'" if title else f"{status}", **facts)
    detail = problem or (f"the page cannot load {wrong[0]}" if found.requests else f"an error on the page: {wrong[0]}")
    return Answer(
        outcome=Outcome.FAILED,
        detail=detail,
        expected=_expected(options),
        actual="; ".join([*([problem] if problem else []), *wrong[:_SHOWN]]),
        excerpt="\n".join([*wrong[:_SHOWN], *([""] if wrong else []), f"title: {title}", text]).strip(),
        reproduce=again,
        facts=facts,
    )


def _address(entry: Configured[BrowserOptions], context: Context) -> str:
    if entry.options.url is not None:
        return resolve(entry.options.url, context)
    base = context.url(entry.spec.service) if entry.spec.service else None
    if not base:
        raise UsageError(
            f"check {entry.name} has no address: neither 'url' nor a service that has one",
            hint="give the check a service, or a whole 'url'",
        )
    return base + "/" + entry.options.path.lstrip("/")


class _NoBrowserError(Exception):
    """There is no browser that can be started; the text says so."""


@asynccontextmanager
async def _page(options: BrowserOptions) -> AsyncIterator[Page]:
    """A new page in a browser of its own, without anything that was kept; ends with the block."""
    from playwright.async_api import Error, async_playwright

    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    # Chromium has no sandbox for root.
    switches = [*_SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as driver:
        try:
            browser = await driver.chromium.launch(executable_path=program, args=switches, timeout=remaining() * 1000)
        except Error as error:
            raise _NoBrowserError(
                f"no browser can be started ({_first_line(error)}); install Chromium: apt-get install chromium"
            ) from error
        try:
            context = await browser.new_context(ignore_https_errors=not options.tls.verify or bool(options.tls.ca_file))
            yield await context.new_page()
        finally:
            await browser.close()


async def _look(page: Page, url: str, options: BrowserOptions) -> tuple[str | None, int | None]:
    """What is not as expected, or None; and the status of the page."""
    from playwright.async_api import TimeoutError as TooLate

    response = await page.goto(url, wait_until="load", timeout=remaining() * 1000)
    status = response.status if response is not None else None
    if status != options.status:
        return f"{status}, expected {options.status}", status
    if options.selector is not None:
        try:
            await page.locator(options.selector).first.wait_for(state="visible", timeout=remaining() * 900)
        except TooLate:
            return f"no element {options.selector} is to be seen", status
    if options.contains is not None:
        try:
            await page.get_by_text(options.contains).first.wait_for(state="visible", timeout=remaining() * 900)
        except TooLate:
            return f"the text '{options.contains}' is not to be seen", status
    if options.title is not None and options.title not in await page.title():
        return f"the title is '{await page.title()}'", status
    if options.selector is None and options.contains is None:
        with suppress(TooLate):  # what the page asks for by itself belongs to it; some keep asking
            await page.wait_for_load_state("networkidle", timeout=min(3.0, remaining() / 2) * 1000)
    return None, status


async def _picture(page: Page, name: str, folder: Path) -> str:
    path = Path("checks") / f"{name}.png"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=folder / path, timeout=remaining() * 1000)
    return path.as_posix()


def _expected(options: BrowserOptions) -> str:
    parts = [f"status {options.status}"]
    parts += [f"a title with '{options.title}'"] if options.title else []
    parts += [f"the text '{options.contains}'"] if options.contains else []
    parts += [f"an element {options.selector}"] if options.selector else []
    parts += ["no error on the page"] if options.errors else []
    return ", ".join(parts)


def _first_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error).strip().split("\n", 1)[0])[:200]


KIND = Kind(name="browser", options=BrowserOptions, expand=expand, order=80)
