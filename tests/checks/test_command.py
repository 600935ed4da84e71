"""The command check with scripts that end well, badly, and never."""

import os
import sys
import textwrap
import time
from pathlib import Path

import pytest

from shakeout.checks.command import read_exception
from shakeout.manifest.model import CheckSpec


@pytest.fixture
def run(world):
    """`await run(script, ...)` runs a Python script of the checkout as the check `it`."""

    async def start(script, **keys):
        folder = world.folder / "checkout" / "scripts"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "check.py").write_text(textwrap.dedent(script))
        world.checkout = world.folder / "checkout"
        command = keys.pop("run", [sys.executable, "scripts/check.py"])
        world.checks["it"] = CheckSpec(kind="command", run=command, **keys)
        return (await world.ask("it"))["it"]

    return start


def log_of(world):
    return (world.folder / "checks" / "it.log").read_text()


async def test_exit_status_0_passes_and_the_output_of_both_streams_is_kept(world, run):
    result = await run("import sys; print('out'); print('err', file=sys.stderr)")
    assert (result.outcome, result.facts["exit_status"]) == ("passed", 0)
    assert sorted(log_of(world).split()) == ["err", "out"]


async def test_another_exit_status_fails_with_the_last_line(run):
    result = await run("print('first'); print('cannot sign in'); raise SystemExit(3)")
    assert (result.outcome, result.detail) == ("failed", "exit status 3: cannot sign in")
    assert (result.facts["kind"], result.facts["exit_status"]) == ("exit-status", 3)


async def test_an_expected_status_and_text_decide(run):
    assert (await run("print('3 of 3'); raise SystemExit(4)", status=4, contains="3 of 3")).outcome == "passed"
    result = await run("print('2 of 3'); raise SystemExit(4)", status=4, contains="3 of 3")
    assert (result.outcome, result.facts["kind"]) == ("failed", "output")


async def test_a_traceback_is_read_with_its_place_in_the_repository(run):
    result = await run(
        """
        def check():
            print(env("URL"))

        check()
        """
    )
    assert (result.outcome, result.facts["kind"]) == ("failed", "exception")
    assert result.detail == "NameError: name 'env' is not defined (exit status 1)"
    assert result.facts["exception"] == {
        "type": "NameError",
        "text": "name 'env' is not defined",
        "frames": [
            {"path": "scripts/check.py", "line": 5, "function": "<module>"},
            {"path": "scripts/check.py", "line": 3, "function": "check"},
        ],
    }
    assert "NameError" in result.excerpt


async def test_addresses_are_in_the_environment_and_nothing_of_the_caller_is(world, run, monkeypatch):
    monkeypatch.setenv("CALLERS_OWN", "leak")
    monkeypatch.setenv("PASSED_ON", "wanted")
    world.service("back-end", "http://127.0.0.1:9")
    result = await run(
        "import os; print(sorted(os.environ.items())); raise SystemExit(1)",
        environment={"TARGET": "${services.back-end.url}/x"},
        pass_environment=["PASSED_ON"],
    )
    text = log_of(world)
    assert "('BACK_END_URL', 'http://127.0.0.1:9')" in text
    assert "('TARGET', 'http://127.0.0.1:9/x')" in text
    assert "('PASSED_ON', 'wanted')" in text
    assert "leak" not in text
    again = "BACK_END_URL=http://127.0.0.1:9 TARGET=http://127.0.0.1:9/x "
    assert result.reproduce == f"{again}{sys.executable} scripts/check.py"


async def test_arguments_are_filled_in(world, run):
    world.service("web", "http://127.0.0.1:9")
    await run("import sys; print(sys.argv[1])", run=f"{sys.executable} scripts/check.py ${{services.web.url}}/y")
    assert log_of(world) == "http://127.0.0.1:9/y\n"


async def test_a_secret_reaches_the_script_and_no_record(world, run, monkeypatch):
    monkeypatch.setenv("STAGING_PASSWORD", "plum-orchard-9")
    result = await run(
        "import os; print(len(os.environ['PW']), os.environ['PW']); raise SystemExit(1)",
        secrets={"PW": {"env": "STAGING_PASSWORD"}},
    )
    assert log_of(world) == "14 [redacted]\n"
    assert "plum-orchard" not in repr(result)


async def test_a_secret_that_is_not_set_is_inconclusive(run):
    result = await run("", secrets={"PW": {"env": "NOT_SET_ANYWHERE"}})
    assert (result.outcome, "NOT_SET_ANYWHERE is not set" in result.detail) == ("inconclusive", True)


async def test_a_program_that_is_not_there_fails_as_command_not_found(run):
    result = await run("", run="no-such-program --now")
    assert (result.outcome, result.facts["kind"]) == ("failed", "command-not-found")


async def test_a_file_that_may_not_be_run_fails_as_permission_denied(run):
    assert (await run("", run="./scripts/check.py")).facts["kind"] == "permission-denied"


async def test_a_signal_is_named(run):
    result = await run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert (result.outcome, result.facts["signal"]) == ("failed", "SIGSEGV")


async def test_past_the_deadline_the_whole_process_group_is_ended(world, run):
    script = """
        import os, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(os.getpid(), child.pid, flush=True)
        time.sleep(60)
        """
    result = await run(script, deadline=1.5)
    assert (result.outcome, result.facts["kind"]) == ("failed", "deadline")
    assert result.seconds < 4
    for process in log_of(world).split():
        assert not is_alive(int(process))


async def test_a_child_that_outlives_the_script_is_ended(world, run):
    result = await run(
        """
        import subprocess, sys
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid)
        """
    )
    assert (result.outcome, is_alive(int(log_of(world)))) == ("passed", False)


async def test_a_flood_of_output_is_bounded(world, run, monkeypatch):
    monkeypatch.setattr("shakeout.checks.command.OUTPUT_LIMIT", 100_000)
    result = await run("import sys; sys.stdout.write('x' * 5_000_000); raise SystemExit(1)")
    assert result.facts["exit_status"] == 1
    assert 100_000 <= len(log_of(world)) < 300_000
    assert len(result.excerpt) <= 2000


def test_the_last_traceback_counts_and_a_cut_one_is_none():
    whole = 'Traceback (most recent call last):\n  File "/a.py", line 1, in f\nx.Odd: one\n'
    other = 'Traceback (most recent call last):\n  File "/b.py", line 2, in g\nKeyError\n'
    assert read_exception(whole + other, Path("/"))["type"] == "KeyError"
    assert read_exception(whole.splitlines()[0], Path("/")) is None
    assert read_exception("all well", Path("/")) is None


def is_alive(process):
    for _ in range(50):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.02)
    os.kill(process, 9)
    return True
