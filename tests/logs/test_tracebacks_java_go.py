"""Java's stack traces as the installed machine really prints them; Go's from samples."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from shakeout.logs.tracebacks import golang, java

PROGRAM = """
public class Shop {
    static class Lock implements AutoCloseable {
        public void close() { throw new IllegalArgumentException("closing"); }
    }
    static void connect() { throw new IllegalStateException("no connection"); }
    static void session() {
        try (Lock lock = new Lock()) { connect(); } catch (RuntimeException e) { throw new RuntimeException("no session", e); }
    }
    public static void main(String[] arguments) { session(); }
}
"""  # noqa: E501

PANIC = """\
2025/09/03 10:00:00 listening
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a1b2c]

goroutine 1 [running]:
example.com/shop/store.(*Store).Get(0x0, {0xc000012345, 0x3})
\t/src/store/store.go:42 +0x1c
main.serve(...)
\t/src/main.go:17
main.main()
\t/src/main.go:9 +0x25
exit status 2"""


@pytest.mark.skipif(shutil.which("javac") is None, reason="no Java compiler is installed")
def test_java_causes_come_first_and_suppressed_exceptions_are_kept(tmp_path: Path) -> None:
    (tmp_path / "Shop.java").write_text(PROGRAM)
    subprocess.run(["javac", "Shop.java"], cwd=tmp_path, check=True, timeout=100)
    command = ["java", "-XX:TieredStopAtLevel=1", "Shop"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    found = java.parse(result.stderr.splitlines())
    assert found is not None
    assert [(str(one), one.relation) for one in found.exceptions] == [
        ("java.lang.IllegalArgumentException: closing", "suppressed"),
        ("java.lang.IllegalStateException: no connection", "direct cause"),
        ("java.lang.RuntimeException: no session", ""),
    ]
    assert [(frame.path, frame.line, frame.function) for frame in found.last.frames] == [
        ("Shop.java", 10, "Shop.main"),
        ("Shop.java", 8, "Shop.session"),
    ]


def test_java_frames_name_the_source_by_its_package() -> None:
    lines = [
        "com.acme.shop.OrderException: no stock",
        "\tat com.acme.shop.Orders.place(Orders.java:31) ~[shop.jar:1.2]",
        "\tat java.base/java.lang.Thread.run(Thread.java:840)",
        "Caused by: java.net.ConnectException: Connection refused",
        "\tat com.acme.shop.Store$1.open(Store.java:12)",
        "\t... 3 more",
    ]
    found = java.parse(lines)
    assert found is not None
    assert str(found.first) == "java.net.ConnectException: Connection refused"
    assert found.first.frames[0].path == "com/acme/shop/Store.java"
    assert found.last.frames[-1].path == "com/acme/shop/Orders.java"


def test_a_go_panic_has_the_calls_of_its_goroutine() -> None:
    found = golang.parse(PANIC.splitlines())
    assert found is not None
    assert found.last.type == "panic"
    assert found.last.message.startswith("runtime error: invalid memory address or nil pointer dereference")
    assert [(frame.path, frame.line, frame.function) for frame in found.last.frames] == [
        ("/src/main.go", 9, "main.main"),
        ("/src/main.go", 17, "main.serve"),
        ("/src/store/store.go", 42, "example.com/shop/store.(*Store).Get"),
    ]
    assert not found.truncated


def test_a_go_panic_that_was_raised_again_keeps_the_first() -> None:
    text = "panic: first [recovered]\n\tpanic: second\n\ngoroutine 7 [running]:\nmain.f()\n\t/src/main.go:3 +0x1\n"
    found = golang.parse(text.splitlines())
    assert found is not None
    assert [str(one) for one in found.exceptions] == ["panic: first", "panic: second"]


@pytest.mark.parametrize("parse", [java.parse, golang.parse])
def test_nothing_is_found_in_ordinary_text(parse) -> None:  # type: ignore[no-untyped-def]
    assert parse(["hello", "  at home", ""]) is None
