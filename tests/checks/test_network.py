"""Each way of not reaching an address, made real, and what it is called."""

import asyncio
import socket
import ssl

import httpx2
import pytest

from shakeout.checks.client import ask_http
from shakeout.checks.deadline import deadline
from shakeout.checks.network import NotReached, address_of, classify, try_address


async def fault_of(url, seconds=2.0):
    with deadline(seconds), pytest.raises(NotReached) as caught:
        await ask_http("GET", url)
    return caught.value.fault


@pytest.fixture
def closed_port():
    """A port on which nothing listens, held so that nobody else takes it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
async def listener():
    """`await listener(talk)` listens and lets `talk(reader, writer)` treat each connection."""
    servers = []

    async def start(talk, tls=None):
        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
        servers.append(server)
        return server.sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()


async def test_a_closed_port_is_refused(closed_port):
    fault = await fault_of(f"http://127.0.0.1:{closed_port}/")
    assert (fault.kind, fault.host, fault.port) == ("refused", "127.0.0.1", closed_port)
    assert fault.facts()["address"] == f"127.0.0.1:{closed_port}"


async def test_a_closed_port_of_a_name_with_two_addresses_is_refused(closed_port):
    assert (await fault_of(f"http://localhost:{closed_port}/")).kind == "refused"


async def test_a_name_without_an_address_is_an_unknown_host():
    fault = await fault_of("http://clickhouse.invalid:8123/")
    assert (fault.kind, fault.host) == ("unknown-host", "clickhouse.invalid")


async def test_a_name_that_is_no_name_is_an_unknown_host():
    assert (await fault_of(f"http://{'a' * 70}.example:80/")).kind in {"unknown-host", "invalid-address"}


async def test_a_listener_that_never_answers_is_no_answer(listener):
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    fault = await fault_of(f"http://127.0.0.1:{await listener(silent)}/", seconds=0.3)
    assert (fault.kind, fault.phase) == ("no-answer", "answer")


async def test_a_listener_that_never_accepts_is_no_answer():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with socket.socket() as one, socket.socket() as two:
            for client in (one, two):
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", port))
            fault = await fault_of(f"http://127.0.0.1:{port}/", seconds=0.5)
    assert (fault.kind, fault.phase) == ("no-answer", "connect")


async def test_an_answer_without_end_is_no_answer(listener):
    async def drips(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nx")
        await reader.read()
        writer.close()

    assert (await fault_of(f"http://127.0.0.1:{await listener(drips)}/", seconds=0.4)).kind == "no-answer"


async def test_tls_to_a_plain_port_is_a_wrong_scheme(listener):
    async def plain(reader, writer):
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    fault = await fault_of(f"https://127.0.0.1:{await listener(plain)}/")
    assert fault.kind == "wrong-scheme"
    assert str(fault).endswith("was asked with https and speaks plain text")


async def test_plain_text_to_a_tls_port_is_a_wrong_scheme(listener, server_tls):
    async def never(reader, writer):
        writer.close()

    fault = await fault_of(f"http://127.0.0.1:{await listener(never, server_tls)}/")
    assert fault.kind == "wrong-scheme"
    assert str(fault).endswith("was asked with http and speaks TLS")


async def test_a_certificate_that_nobody_signed_is_tls(serve, server_tls):
    url = await serve(lambda asked: (200, {}), server_tls)
    fault = await fault_of(url)
    assert fault.kind == "tls"
    assert "certificate verify failed" in fault.message


async def test_a_connection_reset_before_the_answer_is_reset(listener):
    async def resets(reader, writer):
        await reader.read(10)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        writer.transport.abort()

    assert (await fault_of(f"http://127.0.0.1:{await listener(resets)}/")).kind == "reset"


async def test_a_connection_closed_before_the_answer_is_reset(listener):
    async def closes(reader, writer):
        await reader.read(10_000)
        writer.close()

    assert (await fault_of(f"http://127.0.0.1:{await listener(closes)}/")).kind == "reset"


async def test_a_connection_closed_within_the_answer_is_reset(listener):
    async def half(reader, writer):
        await reader.read(10_000)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nx")
        writer.close()

    assert (await fault_of(f"http://127.0.0.1:{await listener(half)}/")).kind == "reset"


async def test_an_answer_that_is_not_http_is_not_http(listener):
    async def other(reader, writer):
        writer.write(b"220 mail.example.com ESMTP\r\n\r\n")
        await reader.read(10_000)
        writer.close()

    assert (await fault_of(f"http://127.0.0.1:{await listener(other)}/")).kind == "not-http"


async def test_an_address_with_an_unknown_scheme_is_invalid():
    assert (await fault_of("gopher://127.0.0.1/")).kind == "invalid-address"


async def test_an_open_port_has_no_fault_and_a_closed_one_is_refused(listener, closed_port):
    async def closes(reader, writer):
        writer.close()

    assert await try_address("127.0.0.1", await listener(closes)) is None
    fault = await try_address("127.0.0.1", closed_port, scheme="postgresql")
    assert (fault.kind, fault.scheme) == ("refused", "postgresql")


def test_an_error_of_any_other_class_keeps_its_text():
    fault = classify(ValueError("odd"), "http://a.example")
    assert (fault.kind, fault.message) == ("other", "odd")


def test_the_cause_deep_inside_decides():
    error = httpx2.ConnectError("all attempts failed")
    error.__cause__ = ExceptionGroup("both", [OSError("first"), ssl.SSLCertVerificationError("expired")])
    assert classify(error, "https://a.example").kind == "tls"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a.example/x", ("https", "a.example", 443)),
        ("http://[::1]:8080", ("http", "::1", 8080)),
        ("postgresql://u:p@db/x", ("postgresql", "db", 5432)),
        ("http://a:99999999", ("", "", 0)),
    ],
)
def test_address_of(url, address):
    assert address_of(url) == address
