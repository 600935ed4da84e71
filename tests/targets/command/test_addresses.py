"""What lines of a deploy command's output announce, and what they do not."""

from __future__ import annotations

import pytest

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry
from shakeout.targets.script.addresses import Announced, Names, announced, names_of


def told(*lines: str, services: tuple[str, ...] = ("backend", "order-desk"), **patterns: str) -> dict[str, Announced]:
    entries = [
        LogEntry(message=line, locator=Locator(source="log", path="o", line=n)) for n, line in enumerate(lines, 1)
    ]
    names = [
        Names(
            service=name,
            called=names_of(name, "staging", "shop"),
            url_pattern=patterns.get(name.replace("-", "_")),
            revision_pattern=patterns.get(f"{name.replace('-', '_')}_revision"),
        )
        for name in services
    ]
    return announced(entries, names)


def urls(*lines: str, **more: str) -> dict[str, str | None]:
    return {name: found.url for name, found in told(*lines, **more).items() if found.url or found.revision}


@pytest.mark.parametrize(
    "line",
    [
        "BACKEND_URL=https://b.example.com",
        'export BACKEND_URL="https://b.example.com/"',
        "backend_url: https://b.example.com",
        "::set-output name=backend_url::https://b.example.com",
        "2026-01-02T10:00:00Z INFO BACKEND_SERVICE_URL=https://b.example.com",
        "backend: https://b.example.com",
        "backend -> https://b.example.com",
        "- **Backend service**: deployed to https://b.example.com",
        "✔ backend is now available at https://b.example.com.",
        "[12:00:01] backend-staging ready: https://b.example.com/",
        "shop-backend listening on https://b.example.com",
        '{"service": "backend", "url": "https://b.example.com"}',
        '{"name": "backend-staging", "uri": "https://b.example.com", "revision": "backend-00042-abc"}',
        '2026-01-02T10:00:00Z deployed {"backend": "https://b.example.com"}',
        '{"services": [{"name": "backend", "address": "https://b.example.com"}]}',
        '{"backend": {"url": "https://b.example.com"}}',
    ],
)
def test_a_line_that_announces_one_service(line: str) -> None:
    assert urls(line) == {"backend": "https://b.example.com"}


@pytest.mark.parametrize(
    "line",
    [
        "backend could not be reached at https://b.example.com",
        "waiting for backend at https://b.example.com",
        "Logs: https://console.example.com/run/backend/logs",
        "backend logs: see https://console.example.com/backend",
        "backend and order-desk share https://b.example.com",
        "pushed backend to https://registry.example.com using https://proxy.example.com",
        "OTHER_BACKEND_OLD_URL=https://b.example.com",
        "DATABASE_URL=https://b.example.com",
        "BACKEND_URL=",
        "BACKEND_URL=postgresql://db.example.com/x",
        "BACKEND_URL=https://user:word@b.example.com",
        '{"service": "backend", "error": "https://b.example.com"}',
        '{"service": "payments", "url": "https://b.example.com"}',
        '{"service": "backend", "url": ',
        "old backend was at https://b.example.com",
        "",
    ],
)
def test_a_line_that_announces_nothing(line: str) -> None:
    assert urls(line) == {}


def test_gcloud_names_the_service_one_line_before_its_address() -> None:
    found = told(
        "Deploying container to Cloud Run service [order-desk-staging] in project [shop] region [europe-west1]",
        "Service [order-desk-staging] revision [order-desk-staging-00042-abc] has been deployed and is serving 100 "
        "percent of traffic.",
        "Service URL: https://order-desk-staging-x.a.run.app",
        "Service [somebody-elses] revision [s-1] has been deployed and is serving 100 percent of traffic.",
        "Service URL: https://somebody.example.com",
    )
    assert found["order-desk"].url == "https://order-desk-staging-x.a.run.app"
    assert found["order-desk"].revision == "order-desk-staging-00042-abc"
    assert found["backend"].url is None


def test_a_pattern_of_the_manifest_wins_and_of_equal_lines_the_last_counts() -> None:
    lines = (
        "BACKEND_URL=https://one.example.com",
        "BACKEND_URL=https://two.example.com",
        "<<api>> https://three.example.com",
    )
    assert urls(*lines) == {"backend": "https://two.example.com"}
    assert urls(*lines, backend=r"<<api>> (\S+)") == {"backend": "https://three.example.com"}
    assert urls(*lines, "backend: https://four.example.com") == {"backend": "https://two.example.com"}


def test_the_line_that_says_it_is_kept() -> None:
    found = told("building", "order_desk_url=https://o.example.com", "ORDER_DESK_REVISION=o-7")
    assert found["order-desk"].url_entry is not None and found["order-desk"].url_entry.locator.line == 2
    assert found["order-desk"].revision == "o-7"


def test_a_name_that_two_services_may_have_says_nothing() -> None:
    found = told("web-app: https://w.example.com", services=("web", "web-app"))
    assert found["web-app"].url == "https://w.example.com" and found["web"].url is None
