"""Every way in which a service can fail to start, with real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time

from shakeout.manifest.model import Health

IN_PYTHON = "import os, signal, socket, subprocess, sys, time\nport = int(os.environ['PORT'])\n"


def quoted(stage, revision):
    """The line of the run's folder that a failure points at."""
    at = revision.failure.at
    return (stage.run_folder / at.path).read_text().splitlines()[at.line - 1]


async def test_a_command_that_does_not_exist(stage):
    revision = await stage.one(("no-such-program", "--port", "1"))
    assert (revision.status, revision.failure.reason) == ("failed", "command-not-found")
    assert revision.failure.facts["problem"] == "command-absent"
    assert "'no-such-program' on PATH (/usr/local/sbin" in revision.failure.message
    assert json.loads(quoted(stage, revision))["event"] == "not-started"


async def test_a_script_that_is_not_in_the_commit(stage):
    revision = await stage.one(("./run.sh",))
    assert revision.failure.facts["problem"] == "command-absent"
    assert "./run.sh" in revision.failure.message


async def test_a_script_that_may_not_be_executed(stage):
    stage.script("#!/bin/sh\n", "run.sh")
    revision = await stage.one(("./run.sh",))
    assert (revision.failure.reason, revision.failure.facts["problem"]) == ("command-not-found", "not-executable")


async def test_a_script_whose_interpreter_does_not_exist(stage):
    (stage.repository.folder / "run.sh").write_text("#!/opt/nothing/python9 -u\n")
    (stage.repository.folder / "run.sh").chmod(0o755)
    stage.repository.commit()
    revision = await stage.one(("./run.sh",))
    assert (revision.failure.reason, revision.failure.facts["problem"]) == ("command-not-found", "interpreter-absent")
    assert "/opt/nothing/python9" in revision.failure.message


async def test_a_file_that_is_no_program(stage):
    (stage.repository.folder / "run").write_bytes(b"\x00\x01neither\n")
    (stage.repository.folder / "run").chmod(0o755)
    stage.repository.commit()
    revision = await stage.one(("./run",))
    assert (revision.failure.reason, revision.failure.facts["problem"]) == ("command-not-found", "not-a-program")


async def test_a_working_folder_that_is_not_in_the_commit(stage):
    revision = await stage.one("server.py", path="apps/web")
    assert (revision.failure.reason, revision.failure.facts["problem"]) == (
        "command-not-found",
        "working-folder-absent",
    )
    assert "apps/web" in revision.failure.message


async def test_a_working_folder_outside_the_repository_is_refused(stage):
    revision = await stage.one("server.py", path="../..")
    assert revision.failure.reason == "rejected"


async def test_an_exit_is_seen_at_once_with_its_status_and_its_last_words(stage):
    began = time.monotonic()
    script = stage.script("import sys\nprint('no such table: users', file=sys.stderr)\nsys.exit(3)\n")
    revision = await stage.one(script, deadline=60)
    assert time.monotonic() - began < 10
    assert revision.failure.reason == "exited"
    assert revision.failure.facts["exit_status"] == 3
    assert "exited with status 3" in revision.failure.message
    assert [entry.message for entry in await stage.target.logs("web")] == ["no such table: users"]
    assert json.loads(quoted(stage, revision))["exit_status"] == 3


async def test_an_exit_with_status_0_is_a_failure_too(stage):
    revision = await stage.one(stage.script("print('done')"))
    assert (revision.failure.reason, revision.failure.facts["exit_status"]) == ("exited", 0)


async def test_a_signal_is_named(stage):
    revision = await stage.one(stage.script(f"{IN_PYTHON}os.kill(os.getpid(), signal.SIGSEGV)"))
    assert (revision.failure.reason, revision.failure.facts["signal"]) == ("killed", "SIGSEGV")


async def test_a_service_that_never_listens(stage):
    revision = await stage.one(stage.script(f"{IN_PYTHON}time.sleep(60)"), deadline=0.6)
    assert revision.failure.reason == "never-listened"
    assert revision.failure.facts["listening"] == []
    assert str(revision.failure.facts["port"]) in revision.failure.message
    assert "never-listened" in quoted(stage, revision)


async def test_a_service_that_listens_on_another_port(stage):
    script = stage.script(f"{IN_PYTHON}s = socket.create_server(('127.0.0.1', 0))\ntime.sleep(60)")
    revision = await stage.one(script, deadline=2)
    assert revision.failure.reason == "never-listened"
    (address,) = revision.failure.facts["listening"]
    assert address.startswith("127.0.0.1:")
    assert f"it listens on {address}" in revision.failure.message


async def test_a_service_whose_child_listens_on_another_address_only(stage):
    child = "import os, socket, time; s = socket.create_server(('127.0.0.9', int(os.environ['PORT']))); time.sleep(60)"
    script = stage.script(
        f"{IN_PYTHON}subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)\ntime.sleep(60)"
    )
    revision = await stage.one(script, deadline=3)
    assert revision.failure.reason == "never-listened"
    assert revision.failure.facts["listening"] == [f"127.0.0.9:{revision.failure.facts['port']}"]


async def test_a_service_that_answers_500(stage):
    revision = await stage.one(("/bin/sh", "-c", f"exec {sys.executable} server.py 500 broken"), deadline=2.5)
    assert revision.failure.reason == "not-ready"
    assert (revision.failure.facts["status"], revision.failure.facts["body"]) == (500, "broken")
    assert "GET /health answers 500: broken" in revision.failure.message


async def test_a_service_that_answers_something_else_than_expected(stage):
    revision = await stage.one(
        ("/bin/sh", "-c", f"""exec {sys.executable} server.py 200 '{{"ready": false}}'"""),
        deadline=2.5,
        health=Health(body={"ready": True}),
    )
    assert revision.failure.reason == "not-ready"
    assert "ready is false, expected true" in revision.failure.message


async def test_a_service_that_accepts_and_never_answers(stage):
    script = stage.script(f"{IN_PYTHON}s = socket.create_server(('127.0.0.1', port))\ntime.sleep(60)")
    revision = await stage.one(script, deadline=4.5)
    assert revision.failure.reason == "not-ready"
    assert "has no answer within 2 s" in revision.failure.message


async def test_without_a_health_address_listening_is_enough(stage):
    script = stage.script(f"{IN_PYTHON}s = socket.create_server(('127.0.0.1', port))\ntime.sleep(60)")
    revision = await stage.one(script, health=None)
    assert revision.status == "deployed"


async def test_waiting_is_told_with_its_reason(stage):
    await stage.one("server.py 503", deadline=2.5)
    told = [line for line in stage.progress if line.startswith("waiting for web")]
    assert told
    assert "s of 2.5 s) because GET /health answers 503: {}" in told[-1]


async def test_what_needs_a_failed_service_is_blocked(stage):
    release = await stage.deploy(
        stage.service("auth", ("no-such-program",)),
        stage.service("backend", needs=("auth",)),
        stage.service("frontend", needs=("backend", "database")),
        stage.service("docs"),
    )
    assert [revision.status for revision in release.revisions] == ["failed", "blocked", "blocked", "deployed"]
    assert release.revisions[1].failure.facts == {"blocked_by": ["auth"]}
    assert release.revisions[2].failure.facts == {"blocked_by": ["backend"]}
    assert not release.deployed


async def test_independent_services_start_together_and_needed_ones_first(stage):
    order = stage.repository.folder / "order"
    server = (stage.repository.folder / "server.py").read_text()
    slow = stage.script(f"import time\ntime.sleep(1)\nopen({str(order)!r}, 'a').write('slow ')\n{server}", "slow.py")
    after = stage.script(f"open({str(order)!r}, 'a').write('after ')\n{server}", "after.py")
    release = await stage.deploy(
        stage.service("one", slow), stage.service("two", slow), stage.service("three", after, needs=("one", "two"))
    )
    assert release.deployed
    assert order.read_text() == "slow slow after "
    one, two, _ = release.revisions
    assert abs((one.started_at - two.started_at).total_seconds()) < min(one.ready_seconds, two.ready_seconds)


async def test_a_fixed_port_that_is_taken_names_who_has_it(stage):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        revision = await stage.one("server.py", port=port)
    assert revision.failure.reason == "port-in-use"
    assert revision.failure.facts["held_by"]["pid"] > 0
    assert f"port {port} is in use by process" in revision.failure.message


async def test_a_fixed_port_is_used(stage):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    revision = await stage.one("server.py", port=port)
    assert revision.url == f"http://127.0.0.1:{port}"


async def test_a_port_that_somebody_takes_before_the_service_does_is_noticed(stage):
    # Here, the test itself listens in between.
    script = stage.script(f"{IN_PYTHON}time.sleep(0.7)\nsocket.create_server(('127.0.0.1', port))")
    deploying = asyncio.ensure_future(stage.one(script))
    with socket.create_server(("127.0.0.1", await stage.started_port())):
        revision = await deploying
    assert revision.failure.reason == "exited"
    assert revision.failure.facts["port_in_use"] is True
    assert "its log says that its address is in use" in revision.failure.message


async def test_a_stranger_that_answers_on_the_port_is_not_the_service(stage):
    script = stage.script(f"{IN_PYTHON}time.sleep(60)")
    deploying = asyncio.ensure_future(stage.one(script, health=None, deadline=1.5))
    with socket.create_server(("127.0.0.1", await stage.started_port())):
        revision = await deploying
    assert revision.failure.reason == "never-listened"
    assert any("belongs to process" in line for line in stage.progress)


async def test_a_service_that_crashes_and_recovers_tells_its_restarts(stage):
    marker = stage.repository.folder.parent / "crashes"
    server = (stage.repository.folder / "server.py").read_text()
    script = stage.script(
        f"import sys\nn = len(open({str(marker)!r}, 'a+').read()) if 0 else 0\n"
        f"f = open({str(marker)!r}, 'a+'); f.seek(0); n = len(f.read()); f.write('x'); f.close()\n"
        f"if n < 2: sys.exit(1)\n{server}"
    )
    revision = await stage.one(script, restarts=3)
    assert (revision.status, revision.restarts) == ("deployed", 2)
    assert any("after 2 restarts" in line for line in stage.progress)
    item = (await stage.target.inventory()).get("web")
    assert (item.state, item.restarts) == ("running", 2)


async def test_a_crash_loop_fails_before_the_deadline(stage):
    began = time.monotonic()
    revision = await stage.one(stage.script("raise SystemExit(7)"), restarts=2, deadline=60)
    assert time.monotonic() - began < 10
    assert (revision.failure.reason, revision.failure.facts["restarts"]) == ("exited", 2)
    assert "the last of 3 starts" in revision.failure.message


async def test_a_crash_after_readiness_is_in_the_inventory(stage):
    revision = await stage.one(stage.script((stage.repository.folder / "server.py").read_text() + "\n", "twice.py"))
    os.kill(revision.facts["pid"], signal.SIGKILL)
    await stage.until(lambda: "exited" in (stage.run_folder / "platform" / "web.jsonl").read_text())
    item = (await stage.target.inventory()).get("web")
    assert item.state == "exited"
    assert item.facts["last_exit"]["signal"] == "SIGKILL"


async def test_a_service_without_a_command_is_rejected(stage):
    revision = await stage.one(())
    assert revision.failure.reason == "rejected"


async def test_a_service_that_others_deploy_is_external(stage):
    revision = await stage.one((), url="https://auth.staging.example.com/")
    assert (revision.status, revision.url) == ("external", "https://auth.staging.example.com")


async def test_an_unknown_late_reference_is_rejected_by_name(stage):
    revision = await stage.one("server.py", environment={"API": "${services.nobody.url}"})
    assert revision.failure.reason == "rejected"
    assert "${services.nobody.url}" in revision.failure.message
