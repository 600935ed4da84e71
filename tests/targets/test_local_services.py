"""What a service gets to see, and what is kept of what it writes."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta

from shakeout.targets.capture import last_lines, log_path

DUMP = "import json, os, sys\nprint(json.dumps(dict(os.environ)), flush=True)\n"


async def messages(stage, script, **settings):
    """What a script writes, as (stream, message)."""
    await stage.one(stage.script(script), **settings)
    return [(entry.stream, entry.message) for entry in await stage.target.logs()]


async def test_nothing_of_the_callers_environment_leaks_in(stage, monkeypatch):
    monkeypatch.setenv("CALLERS_OWN", "value")
    revision = await stage.one(
        stage.script(DUMP),
        environment={"GREETING": "hello", "SELF": "${services.web.url}/x", "STORE": "${data}/db", "MARK": "$${no}"},
        secret_environment={"SIGNING": "s3cr3t-${raw}"},
    )
    entry = (await stage.target.logs("web"))[0]
    seen = json.loads(entry.message)
    port = str(revision.facts["port"])
    assert seen.pop("HOME").endswith("/home/web")
    assert seen.pop("TMPDIR").endswith("/tmp/web")
    assert seen.pop("STORE").endswith("/data/db")
    assert seen.pop("PATH").startswith("/usr/local/sbin:")
    assert seen.pop("SIGNING") == "[redacted]"
    seen.pop("LC_CTYPE", None)  # set by Python itself in some locales
    assert seen == {
        "LANG": "C.UTF-8",
        "HOST": "127.0.0.1",
        "PORT": port,
        "COMMIT": stage.repository.head,
        "GREETING": "hello",
        "SELF": f"http://127.0.0.1:{port}/x",
        "MARK": "${no}",
    }


async def test_no_descriptor_of_the_caller_leaks_in(stage):
    held = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        written = await messages(stage, "import os\nprint(sorted(os.listdir('/proc/self/fd')), flush=True)")
    finally:
        os.close(held)
    assert written == [("stdout", "['0', '1', '2', '3']")]  # the fourth is the listing's own


async def test_output_keeps_order_stream_and_time(stage):
    before = datetime.now(UTC)
    await stage.one(
        stage.script(
            "import sys, time\nfor n in range(5):\n    print('out', n, flush=True)\n    time.sleep(0.02)\n"
            "    print('err', n, file=sys.stderr, flush=True)\n    time.sleep(0.02)\n"
        )
    )
    entries = await stage.target.logs("web")
    expected = [(stream, f"{word} {n}") for n in range(5) for stream, word in (("stdout", "out"), ("stderr", "err"))]
    assert [(entry.stream, entry.message) for entry in entries] == expected
    times = [entry.time for entry in entries]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= datetime.now(UTC)
    assert times[-1] - times[0] > timedelta(seconds=0.1)


async def test_locators_point_at_the_very_line(stage):
    await stage.one(stage.script("for n in range(30): print('line', n)"))
    lines = log_path(stage.run_folder, "web").read_text().splitlines()
    assert len(lines) == 30
    for entry in last_lines(stage.run_folder, "web", 3):
        assert lines[entry.locator.line - 1].endswith(f"stdout {entry.message}")
    assert [entry.message for entry in last_lines(stage.run_folder, "web", 3)] == ["line 27", "line 28", "line 29"]
    assert (entry.locator.source, entry.locator.path) == ("log", "logs/web.log")


async def test_a_last_line_without_an_end_is_kept(stage):
    assert await messages(stage, "print('one'); print('half', end='')") == [("stdout", "one"), ("stdout", "half")]


async def test_a_very_long_line_is_split_with_a_mark(stage):
    written = await messages(stage, "print('x' * 100_000 + 'end')")
    pieces = [message for _, message in written]
    assert all(piece.endswith(" [line goes on]") for piece in pieces[:-1])
    assert "".join(piece.removesuffix(" [line goes on]") for piece in pieces) == "x" * 100_000 + "end"
    assert all(len(piece) < 17_000 for piece in pieces)


async def test_binary_output_is_replaced(stage):
    script = "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe\\x00ok\\r\\n\\x1b[31mred\\x1b[0m \\x1b]0;x\\x07\\n')"
    assert await messages(stage, script) == [
        ("stdout", "\ufffd\ufffd\\x00ok"),
        ("stdout", "red \\x1b]0;x\\x07"),
    ]


async def test_secrets_are_redacted_before_they_reach_the_disk(stage):
    pem = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n-----END KEY-----"
    script = (
        "import os\nprint('key is', os.environ['SIGNING'])\n"
        "print('a' * 16_375 + os.environ['SIGNING'] + 'b' * 20_000)\n"
        "print(os.environ['PEM'])\nprint('postgresql://app:hunter22@db.example.com/shop')"
    )
    secrets = {"SIGNING": "kee-r4b-9z8y7x6w", "PEM": pem}
    written = await messages(stage, script, secret_environment=secrets)
    raw = log_path(stage.run_folder, "web").read_text()
    for secret in ("kee-r4b", "9z8y7x6w", "MIIEvQIBADANBgkq", "hunter22"):
        assert secret not in raw
    assert written[0] == ("stdout", "key is [redacted]")
    for file in stage.run_folder.rglob("*"):
        assert file.is_dir() or "kee-r4b" not in file.read_text()


async def test_a_secret_in_the_command_is_in_no_record(stage):
    command = ("/bin/sh", "-c", "exit 4", "--key=topsecretvalue1")
    revision = await stage.one(command, secret_environment={"KEY": "topsecretvalue1"})
    assert "topsecretvalue1" not in repr(revision)
    records = [file.read_text() for file in stage.run_folder.rglob("*.jsonl")]
    assert records and not any("topsecretvalue1" in text for text in records)


async def test_logs_of_all_services_are_merged_by_time(stage):
    one = stage.script("print('first', flush=True)\n" + (stage.repository.folder / "server.py").read_text(), "one.py")
    two = stage.script("print('second', flush=True)\n" + (stage.repository.folder / "server.py").read_text(), "two.py")
    release = await stage.deploy(stage.service("zeta", one), stage.service("alpha", two, needs=("zeta",)))
    assert release.deployed
    entries = await stage.target.logs()
    for _ in range(100):  # a line is written down a moment after the service has printed it
        if len(entries) == 2:
            break
        await asyncio.sleep(0.05)
        entries = await stage.target.logs()
    assert [(entry.service, entry.message) for entry in entries] == [("zeta", "first"), ("alpha", "second")]
    assert entries[0].labels == {"revision": release.revisions[0].id, "commit": stage.repository.head}


async def test_a_pinned_service_runs_from_its_own_commit(stage):
    server = (stage.repository.folder / "server.py").read_text()
    old = stage.repository.commit(version__txt="old")
    new = stage.repository.commit(version__txt="new")
    script = "print(open('version.txt').read(), flush=True)\n" + server
    name = stage.script(script)
    pinned = stage.repository.head
    stage.repository.commit(version__txt="newest")
    release = await stage.deploy(
        stage.service("web", name),
        stage.service("auth", name, commit=pinned, pinned=True),
        stage.service("gone", name, commit="1" * 40, pinned=True),
    )
    assert old != new
    assert [entry.message for entry in await stage.target.logs("web")] == ["newest"]
    assert [entry.message for entry in await stage.target.logs("auth")] == ["new"]
    assert release.revision("auth").commit == pinned
    assert (release.revision("gone").status, release.revision("gone").failure.reason) == ("failed", "rejected")
    assert "1" * 40 in release.revision("gone").failure.message
    assert stage.target.checkout.joinpath("version.txt").read_text() == "newest"


async def test_a_dirty_release_runs_the_work_tree(stage):
    stage.repository.commit(version__txt="committed", __gitignore="ignored.txt\n")
    server = (stage.repository.folder / "server.py").read_text()
    read = "import os\nprint(open('version.txt').read(), sorted(os.listdir('.')), flush=True)\n"
    stage.repository.write(version__txt="edited", app__py=read + server, ignored__txt="x")
    release = await stage.deploy(stage.service("web", "app.py"), dirty=True)
    (entry,) = await stage.target.logs("web")
    assert entry.message == "edited ['.gitignore', 'app.py', 'server.py', 'version.txt']"
    assert release.dirty and release.revisions[0].dirty
    assert release.revisions[0].id.endswith("-dirty")


async def test_the_inventory_is_what_the_platform_says(stage):
    import socket

    from shakeout.manifest.plan import BackingServicePlan

    with socket.create_server(("127.0.0.1", 0)) as database, socket.create_server(("127.0.0.1", 0)) as other:
        port, gone = database.getsockname()[1], other.getsockname()[1]
        other.close()
        plans = (
            BackingServicePlan(name="accounts", kind="postgresql", url=f"postgresql://app:pw12345@127.0.0.1:{port}/x"),
            BackingServicePlan(name="clickhouse", kind="clickhouse", url=f"http://127.0.0.1:{gone}/"),
            BackingServicePlan(name="files", kind="sqlite", url="sqlite:///${data}/absent.db"),
            BackingServicePlan(name="cache", kind="redis", disabled=True),
            BackingServicePlan(name="mail", kind="other"),
        )
        revision = await stage.one("server.py", **{})
        stage.target._plan = stage.plan(*stage.target._plan.services, backing_services=plans)
        inventory = await stage.target.inventory()
    web = inventory.get("web")
    assert (web.state, web.process, web.commit) == ("running", revision.facts["pid"], stage.repository.head)
    assert web.listening == (f"127.0.0.1:{revision.facts['port']}",)
    assert {item.name: item.state for item in inventory.items[1:]} == {
        "accounts": "running",
        "clickhouse": "absent",
        "files": "absent",
        "cache": "absent",
        "mail": "unknown",
    }
    assert inventory.get("accounts").address == f"127.0.0.1:{port}"
    assert inventory.get("clickhouse").facts["reason"]
    assert "pw12345" not in repr(inventory)
