"""The pages in a real Chromium, before real auth, backend and frontend processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed"),
    # Chromium ends every request when an interface comes or goes, as each network of containers does.
    pytest.mark.xdist_group("engine"),
]

expect = playwright_api.expect
expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
EMAIL, PASSWORD = "ops@example.com", "tall-grass-7-lanterns"
COMMIT = "8f3c2a91d7e64b05a1c9f2e87b6d4035c1ae9f72"
REPORT = json.loads((Path(__file__).parent / "staging_report.json").read_text())
HOSTILE = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(question, *, seconds: float = 60.0, what: str = "") -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class Console:
    """The three services as processes, and the backend's API as a deployment uses it."""

    def __init__(self, folder: Path, history_url: str) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("auth", "backend", "frontend")}
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        self.environment = {
            "PATH": os.environ["PATH"],
            "COMMIT": COMMIT,
            "TOKEN_KEY": "a-key-for-tests-that-is-long-enough",
            "DATABASE_URL": f"sqlite:///{folder}/accounts.db",
            "DATA_DIR": str(folder),
            "HISTORY_URL": history_url,
            "SPOOL_DIR": str(folder / "spool"),
            "ALLOWED_ORIGINS": self.urls["frontend"],
            "AUTH_URL": self.urls["auth"],
            "BACKEND_URL": self.urls["backend"],
            "SIGN_IN_LIMIT": "100",
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.client = httpx2.Client(timeout=10, trust_env=False)
        self.token = ""

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", f"shakeout.console.{name}"],
                env={**self.environment, "PORT": str(self.ports[name])},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def ready(self, name: str) -> None:
        def answers() -> bool:
            assert self.processes[name].poll() is None, (self.folder / f"{name}.log").read_text()
            try:
                return self.client.get(f"{self.urls[name]}/health").status_code == 200
            except httpx2.TransportError:
                return False

        wait_until(answers, what=f"{name} is ready")

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def up(self) -> None:
        for name in self.ports:
            self.start(name)
        for name in self.ports:
            self.ready(name)
        self.post("auth", "/v1/accounts", {"email": EMAIL, "password": PASSWORD})
        self.token = self.post("auth", "/v1/sessions", {"email": EMAIL, "password": PASSWORD})["access_token"]

    def down(self) -> None:
        self.client.close()
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for name in list(self.processes):
            self.stop(name)

    def post(self, service: str, path: str, body: dict[str, object]) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.client.post(self.urls[service] + path, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def begin(self, run: str, environment: str = "staging", **more: str) -> str:
        start = {"id": run, "application": "orders", "environment": environment, "commit": COMMIT, "target": "local"}
        self.post("backend", "/v1/runs", {"run": start | more})
        return run

    def tell(self, run: str, *events: dict[str, object]) -> None:
        self.post("backend", f"/v1/runs/{run}/events", {"events": list(events)})

    def finish(self, run: str, **changes: object) -> None:
        self.post("backend", f"/v1/runs/{run}/report", {"report": REPORT | changes})


class Visit:
    """One browser window with nothing remembered; at the end it must have met no error and no other origin."""

    def __init__(self, browser, console: Console, **options: object) -> None:
        self.console = console
        self.errors: list[str] = []
        self.expected: list[str] = []
        self.origins: set[str] = set()
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.origins.add(urlsplit(request.url).netloc))
        self.page.on("websocket", lambda live: self.origins.add(urlsplit(live.url).netloc))

    def open(self, path: str = "/") -> None:
        self.page.goto(self.console.urls["frontend"] + path)

    def sign_in(self, path: str = "/", password: str = PASSWORD) -> None:
        self.open(path)
        self.page.get_by_label("Email").fill(EMAIL)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def close(self) -> None:
        self.context.close()
        self.check()

    def check(self) -> None:
        own = {urlsplit(url).netloc for url in self.console.urls.values()}
        assert self.origins - {""} <= own
        unexpected = [text for text in self.errors if not any(re.search(known, text) for known in self.expected)]
        assert unexpected == []
        self.errors.clear()
        self.expected.clear()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=SWITCHES)
        yield browser
        browser.close()


def console_with(history_url: str, folder: Path) -> Iterator[Console]:
    with ExitStack() as stack:
        console = Console(folder, history_url)
        stack.callback(console.down)
        console.up()
        yield console


@pytest.fixture(scope="module")
def console(tmp_path_factory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("console")
    yield from console_with(f"chdb:///{folder}/history", folder)


@pytest.fixture
def visit(browser, console) -> Iterator[Visit]:
    visit = Visit(browser, console)
    yield visit
    visit.close()


@pytest.fixture(scope="module")
def window(browser, console) -> Iterator[Visit]:
    visit = Visit(browser, console)
    visit.sign_in()
    expect(heading(visit.page, "Runs")).to_be_visible()
    yield visit
    visit.close()


@pytest.fixture
def reader(window) -> Iterator[Visit]:
    """A window that has signed in already, for tests that only look at pages."""
    yield window
    window.check()


@pytest.fixture(scope="module")
def finished(console) -> str:
    """A finished run with the three issues of the sample report."""
    run = console.begin("orders-finished")
    console.finish(run)
    return run


def heading(page, name: str | re.Pattern[str]):
    return page.get_by_role("heading", level=1, name=name)


def test_signing_in_shows_the_runs_and_keeps_no_access_token_outside_memory(visit, finished):
    visit.sign_in()
    expect(heading(visit.page, "Runs")).to_be_visible()
    stored = visit.page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")
    assert [list(part) for part in json.loads(stored)[:2]] == [["shakeout.refresh"], []]
    assert "eyJ" not in stored  # an access token starts so


def test_a_wrong_password_is_told_and_not_more(visit):
    visit.expected.append("401")
    visit.sign_in(password="not-the-password")
    expect(visit.page.get_by_role("alert")).to_contain_text(re.compile("wrong", re.IGNORECASE))
    expect(heading(visit.page, "Sign in")).to_be_visible()
    expect(visit.page.get_by_label("Password")).to_be_focused()


def test_an_account_can_be_created(visit):
    visit.open()
    visit.page.get_by_role("button", name="Create an account").click()
    visit.page.get_by_label("Email").fill("new-colleague@example.com")
    visit.page.get_by_label("Password").fill("nine-quiet-harbours")
    visit.page.get_by_role("button", name="Create account").click()
    expect(heading(visit.page, "Runs")).to_be_visible()
    expect(visit.page.get_by_role("banner")).to_contain_text("new-colleague@example.com")


def test_a_session_lives_through_a_reload_by_a_refresh_token_that_is_replaced(visit, finished):
    visit.sign_in()
    expect(heading(visit.page, "Runs")).to_be_visible()
    before = visit.page.evaluate("sessionStorage.getItem('shakeout.refresh')")
    visit.page.reload()
    expect(heading(visit.page, "Runs")).to_be_visible()
    assert visit.page.evaluate("sessionStorage.getItem('shakeout.refresh')") not in (None, before)


def test_signing_out_revokes_the_session(visit):
    visit.sign_in()
    expect(heading(visit.page, "Runs")).to_be_visible()
    token = visit.page.evaluate("sessionStorage.getItem('shakeout.refresh')")
    visit.page.get_by_role("button", name="Sign out").click()
    expect(heading(visit.page, "Sign in")).to_be_visible()
    expect(visit.page.get_by_role("status")).to_contain_text("You are signed out.")
    assert visit.page.evaluate("sessionStorage.length") == 0
    url = f"{visit.console.urls['auth']}/v1/sessions/refresh"
    assert visit.console.client.post(url, json={"refresh_token": token}).status_code == 401


def test_the_list_shows_each_run_and_can_be_filtered_by_environment(reader, finished):
    production = reader.console.begin("orders-production", "production")
    reader.console.finish(production, environment="production", status="SUCCESSFUL", issues=[])
    reader.open()
    row = reader.page.get_by_role("row").filter(has_text=f"run {finished}")
    expect(row).to_contain_text("Failed")
    expect(row).to_contain_text(COMMIT[:10])
    expect(row.get_by_role("cell").nth(4)).to_contain_text(re.compile("7 passed\\s*3 failed\\s*3 other"))
    expect(row.get_by_role("cell").nth(5)).to_have_text("3")
    reader.page.get_by_label("Environment").select_option("production")
    expect(row).to_have_count(0)
    expect(reader.page.get_by_role("row").filter(has_text="orders-production")).to_contain_text("Successful")
    assert reader.page.url.endswith("/?environment=production")
    reader.page.go_back()
    expect(row).to_be_visible()


def test_the_list_can_be_filtered_by_status(reader, finished):
    reader.open("/?status=INCONCLUSIVE")
    expect(reader.page.get_by_text("No run matches this filter.")).to_be_visible()
    reader.page.get_by_label("Status").select_option("FAILED")
    expect(reader.page.get_by_role("row").filter(has_text=f"run {finished}")).to_be_visible()


def test_older_runs_are_a_page_away(reader):
    for number in range(30):
        reader.console.begin(f"paged-{number:02}", "paging", started_at=f"2025-09-03T12:{number:02}:00Z")
    reader.open("/?environment=paging")
    expect(reader.page.get_by_role("row")).to_have_count(26)
    reader.page.get_by_role("link", name="Older").click()
    expect(reader.page.get_by_role("row")).to_have_count(6)
    expect(reader.page.get_by_role("row").last).to_contain_text("paged-00")


def test_a_live_run_shows_events_as_they_come_and_its_end(reader):
    run = reader.console.begin("live")
    reader.open(f"/runs/{run}")
    page = reader.page
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    check = {"name": "backend-health", "service": "backend", "seconds": 0.01}
    reader.console.tell(run, {"kind": "progress", "message": "Asking the first check"})
    expect(page.get_by_role("log")).to_contain_text("Asking the first check")
    reader.console.tell(run, {"kind": "check", **check, "outcome": "failed", "detail": "503"})
    row = page.get_by_role("row").filter(has_text="backend-health")
    expect(row).to_contain_text("failed")
    reader.console.tell(run, {"kind": "check", **check, "outcome": "passed", "detail": "200 OK"})
    expect(row).to_contain_text("passed")
    expect(row).to_have_count(1)
    reader.console.tell(run, {"kind": "service", **REPORT["services"][0]}, {"kind": "issue", **REPORT["issues"][1]})
    expect(page.get_by_role("row").filter(has_text="auth-00042-kep")).to_be_visible()
    expect(page.get_by_role("link", name=REPORT["issues"][1]["title"])).to_be_visible()
    reader.console.finish(run)
    expect(page.get_by_role("link", name="Read the report")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="post-deploy-auth-test")).to_contain_text("failed")


def test_a_page_opened_late_shows_what_has_happened_already(reader):
    run = reader.console.begin("late")
    reader.console.tell(run, {"kind": "progress", "message": "Before anybody looked"})
    reader.open(f"/runs/{run}")
    expect(reader.page.get_by_role("log")).to_contain_text("Before anybody looked")


def test_a_live_run_is_taken_up_again_where_it_broke_off(reader):
    reader.expected.append("WebSocket|ERR_CONNECTION")
    console, run = reader.console, reader.console.begin("broken-off")
    reader.open(f"/runs/{run}")
    console.tell(run, {"kind": "progress", "message": "before the break"})
    log = reader.page.get_by_role("log")
    expect(log).to_contain_text("before the break")
    console.stop("backend")
    expect(reader.page.get_by_text("Not connected")).to_be_visible()
    console.start("backend")
    console.ready("backend")
    console.tell(run, {"kind": "progress", "message": "after the break"})
    expect(log).to_contain_text("after the break", timeout=40_000)
    expect(log.get_by_text("before the break")).to_have_count(1)


def test_a_protocol_mismatch_is_told_with_both_versions(visit):
    visit.expected.append("WebSocket")
    run = visit.console.begin("other-protocol")

    def newer(route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"protocol": 99})

    visit.page.route("**/config.json", newer)
    visit.sign_in(f"/runs/{run}")
    alert = visit.page.get_by_role("alert").filter(has_text="Versions differ.")
    expect(alert).to_contain_text("This page speaks protocol 99 and the backend speaks protocol 1.")


def test_a_report_shows_each_issue_with_its_chain_and_evidence(reader, finished):
    reader.open(f"/runs/{finished}/report")
    page = reader.page
    expect(heading(page, "Deployment analysis report")).to_be_visible()
    issue = page.get_by_role("article", name=REPORT["issues"][1]["title"])
    layers = issue.locator(".layer").all_inner_texts()
    assert layers == ["symptom", "mechanism", "declaration", "change", "guard"]
    for why in REPORT["issues"][1]["whys"]:
        expect(issue).to_contain_text(why["question"])
        expect(issue).to_contain_text(why["answer"])
        for evidence in why["evidence"]:
            expect(issue).to_contain_text(evidence["locator"])
            assert evidence["quote"] in issue.locator(".quote").all_text_contents()
    expect(issue).to_contain_text("+from orders.settings import env")
    expect(issue).to_contain_text("The script runs under another Python version")
    expect(issue).to_contain_text("proved")
    expect(page.get_by_role("heading", name="Next steps")).to_be_visible()


def test_a_chain_says_where_its_evidence_ends(reader, finished):
    reader.open(f"/runs/{finished}/issues/protocol-version-skew")
    expect(heading(reader.page, REPORT["issues"][2]["title"])).to_be_visible()
    expect(reader.page.get_by_role("listitem").filter(has_text="Unknown beyond here")).to_be_visible()
    expect(reader.page.locator(".strength.consistent")).to_have_count(1)
    expect(reader.page.get_by_text("Possible root cause", exact=True).first).to_be_visible()


def test_text_from_data_is_never_run(reader):
    run = reader.console.begin("hostile")
    check = {"name": HOSTILE, "question": HOSTILE, "outcome": "failed", "detail": HOSTILE, "excerpt": HOSTILE}
    issue = {
        **REPORT["issues"][0],
        "title": HOSTILE,
        "symptoms": [HOSTILE],
        "fixes": [{"kind": "words", "summary": HOSTILE}],
    }
    services = [{"name": HOSTILE, "url": "javascript:document.title='taken'", "status": "deployed"}]
    reader.console.finish(run, checks=[check], issues=[issue], services=services)
    reader.open(f"/runs/{run}/report")
    expect(reader.page.get_by_role("row").filter(has_text="onerror").last).to_contain_text(HOSTILE)
    assert reader.page.locator("img, #app script, [onerror], a[href^='javascript:']").count() == 0
    assert "taken" not in reader.page.title()


def test_trends_are_drawn_and_told_as_tables(reader, finished):
    reader.open("/trends")
    days = reader.page.get_by_role("table", name="By day")
    expect(days.get_by_role("row")).not_to_have_count(0)
    expect(reader.page.get_by_role("table", name="By check")).to_contain_text("post-deploy-auth-test")
    expect(reader.page.locator("canvas")).to_have_count(2)


def test_every_page_can_be_reached_and_used_by_keyboard(reader, finished):
    reader.open()
    page = reader.page
    expect(heading(page, "Runs")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_role("link", name=re.compile(f"run {finished}")).focus()
    page.keyboard.press("Enter")
    expect(heading(page, re.compile("orders"))).to_be_focused()


def test_no_page_scrolls_sideways_on_a_phone(reader, finished):
    reader.page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/", f"/runs/{finished}", f"/runs/{finished}/report", "/trends"):
        reader.open(path)
        expect(reader.page.get_by_role("table").first).to_be_visible()
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= 390, path
    reader.page.set_viewport_size({"width": 1280, "height": 720})


def test_an_address_without_a_run_is_told_plainly(reader):
    reader.expected.append("404")
    reader.open("/runs/no-such-run")
    expect(reader.page.get_by_role("alert")).to_contain_text("RUN_UNKNOWN")


TELL_ALL_THAT_IS_SHOWN = """
    new MutationObserver(() => told(document.querySelector(".boot")?.textContent ?? ""))
        .observe(document, {subtree: true, childList: true, characterData: true});
"""


class Refused:
    """Requests of a page that a browser ends as it ends all of them when the network changes, `times` for each."""

    def __init__(self, visit: Visit, *paths: str, times: int) -> None:
        self.left = dict.fromkeys(paths, times)
        visit.expected.append("ERR_|Failed to load")
        visit.page.route("**/*", self.answer)

    def answer(self, route) -> None:
        path = urlsplit(route.request.url).path
        if self.left.get(path, 0) > 0:
            self.left[path] -= 1
            route.abort("internetdisconnected")
        else:
            route.continue_()


def test_pages_whose_files_or_first_answers_are_refused_come_by_themselves(visit):
    Refused(visit, "/static/app.js", "/static/lib/html.js", "/static/css/base.css", "/config.json", times=1)
    told: list[str] = []

    def keep(text: str) -> None:
        told.append(text)

    visit.page.expose_function("told", keep)
    visit.page.add_init_script(TELL_ALL_THAT_IS_SHOWN)  # it is there for a second, between two looks of a busy machine
    visit.open()
    expect(heading(visit.page, "Sign in")).to_be_visible()
    assert any(re.search(r"does not send .*Trying again in 1 s \(1 of 5\)", text) for text in told), told
    assert visit.page.evaluate("sessionStorage.length") == 0


def test_pages_whose_files_never_come_say_so_and_stop_asking(visit):
    Refused(visit, "/static/lib/html.js", times=99)
    visit.page.add_init_script("sessionStorage.setItem('shakeout.tries', '5')")
    visit.open()
    expect(visit.page.locator(".boot")).to_have_text(re.compile(r"does not send /static/lib/html.js. Try again"))
    expect(visit.page.get_by_role("link", name="Try again")).to_be_visible()


def test_history_that_cannot_be_reached_is_told_above_every_page(browser, tmp_path):
    for console in console_with(f"http://127.0.0.1:{free_port()}/shakeout", tmp_path):
        console.finish(console.begin("kept-on-disk"))
        visit = Visit(browser, console)
        visit.sign_in()
        banner = visit.page.get_by_role("status", name="State of the services")
        expect(banner).to_contain_text(re.compile("ClickHouse"), timeout=20_000)
        expect(visit.page.get_by_text("History is out of date.")).to_be_visible()
        expect(visit.page.get_by_role("row").filter(has_text="kept-on-disk")).to_be_visible()
        visit.close()
