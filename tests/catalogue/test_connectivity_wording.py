"""What texts of the usual libraries say of a failed connection or an open breaker."""

from __future__ import annotations

import time

import pytest

from shakeout.catalogue.connectivity.wording import address_in, certificate_fault, open_breaker, said


@pytest.mark.parametrize(
    ("text", "kind", "host", "port"),
    [
        (
            'connection to server at "db.internal" (10.0.0.5), port 5432 failed: Connection refused',
            "refused",
            "db.internal",
            5432,
        ),
        ("Error 111 connecting to localhost:6379. Connection refused.", "refused", "localhost", 6379),
        ("[Errno 61] Connect call failed ('127.0.0.1', 28123)", "refused", "127.0.0.1", 28123),
        ("connect ECONNREFUSED ::1:8123", "refused", None, None),
        ("dial tcp 10.0.0.5:5432: connect: connection refused", "refused", "10.0.0.5", 5432),
        ("java.net.ConnectException: Connection to localhost:5432 refused.", "refused", "localhost", 5432),
        ("Error -3 connecting to cache:6379. Temporary failure in name resolution.", "unknown-host", "cache", 6379),
        ("getaddrinfo EAI_AGAIN events.internal", "unknown-host", "events.internal", None),
        ("failed to resolve host 'accounts-db.internal': [Errno -2]", "unknown-host", "accounts-db.internal", None),
        ("java.net.UnknownHostException: db.prod.internal", "unknown-host", "db.prod.internal", None),
        ("dial tcp: lookup db.internal on 127.0.0.53:53: no such host", "unknown-host", "db.internal", None),
        ("http://10.0.0.9:8123 context deadline exceeded", "no-answer", "10.0.0.9", 8123),
        ("dial tcp 10.0.0.9:8123: connect: no route to host", "unreachable", "10.0.0.9", 8123),
        ("postgresql://shop:***@db:5432/shop: server does not support SSL", "wrong-scheme", "db", 5432),
        ("10.0.0.9:6379 Connection reset by peer", "reset", "10.0.0.9", 6379),
        ("auth at http://127.0.0.1:9100 cannot be asked: ConnectError: x", "not-reached", "127.0.0.1", 9100),
    ],
)
def test_a_library_s_words_give_the_kind_and_the_address(
    text: str, kind: str, host: str | None, port: int | None
) -> None:
    found = said(text)
    assert found is not None
    assert (found.kind, found.host, found.port) == (kind, host, port)


@pytest.mark.parametrize(
    "text",
    [
        "the nightly job timed out after 30 s",
        "2025-03-01 12:30:45 worker.py:33 timed out",
        "the order was refused by the payment provider",
        "the upload was reset by the user",
        "user authentication is switched on",
        "no such file: /srv/hosts",
    ],
)
def test_other_failures_are_no_failed_connections(text: str) -> None:
    assert said(text) is None


@pytest.mark.parametrize(
    ("text", "type_", "name"),
    [
        ("SERVICE_UNAVAILABLE: Circuit breaker 'events' is OPEN", "", "events"),
        ("CircuitBreaker 'backendA' is OPEN and does not permit further calls", "", "backendA"),
        ('Circuit "fetch" OPEN until 2024-01-01 (5 failures)', "", "fetch"),
        ("Timeout not elapsed yet, circuit breaker still open", "", None),
        ("Failures threshold reached, circuit breaker opened", "", None),
        ("circuit breaker 'x' is HALF-OPEN after 3 failures", "", "x"),
        ("The circuit is now open and is not allowing calls.", "", None),
        ("Breaker is open", "", None),
        ("no text at all", "shop.calls.CircuitOpenError", None),
    ],
)
def test_an_open_breaker_is_told_by_its_words_or_its_type(text: str, type_: str, name: str | None) -> None:
    found = open_breaker(text, type_)
    assert found is not None and found.name == name


@pytest.mark.parametrize(
    "text", ["circuit breaker 'x' is CLOSED", "the file was opened", "a circuit was drawn", "open the breaker box"]
)
def test_what_is_not_open_is_no_open_breaker(text: str) -> None:
    assert open_breaker(text) is None


def test_a_time_or_a_source_line_is_no_address() -> None:
    assert address_in("at 12:30:45 in worker.py:33") == (None, None)


def test_each_fault_of_a_certificate_has_its_clause() -> None:
    texts = ("certificate has expired", "Hostname mismatch", "self-signed certificate", "unknown authority", "?")
    assert len({certificate_fault(text) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    "piece", ["a.", "circuit breaker ", "connecting to a", "x://a@", "'", "host=a", "is is is ", "lookup a.a"]
)
def test_hostile_texts_are_read_in_bounded_time(piece: str) -> None:
    start = time.perf_counter()
    said(piece * 100_000)
    said("connection refused " + piece * 100_000)
    open_breaker(piece * 100_000)
    assert time.perf_counter() - start < 2
