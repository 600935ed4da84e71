"""`shakeout up --prove`: the fix is deployed, and the checks that failed are asked again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

WEB = "  web:\n    run: ${python} server.py\n    health: {}\n"
MISSPELT = "  web:\n    run: pyton3 server.py\n    health: {}\n"


def test_a_fix_that_helps_is_proved_by_deploying_it(shop) -> None:
    shop.change("Name the interpreter", WEB, MISSPELT)
    done = shop.run("up", "--prove", "--format", "json")
    assert done.status == 1, done.err
    (issue,) = done.json["issues"]
    assert issue["root_cause"]["claim"] == "CommandNotFound"
    assert issue["proof"]["status"] == "proved", issue["proof"]
    assert issue["proof"]["detail"] == "with this change, 3 of 3 failed checks pass"
    assert "web: ready" in done.err
    assert shop.processes() == []
    assert list((shop.folder / ".shakeout" / "trials").iterdir()) == []
    assert shop.repository.git("status", "--porcelain", "--untracked-files=no") == ""
    assert shop.repository.git("rev-parse", "HEAD") == shop.commit


def test_a_trial_that_was_killed_is_stopped_by_down(shop) -> None:
    shop.change("Name the interpreter", WEB, MISSPELT)
    progress = shop.folder.parent / "progress"
    with progress.open("w") as file:
        command = [sys.executable, "-m", "shakeout", "up", "--prove"]
        process = subprocess.Popen(command, cwd=shop.folder, stdout=file, stderr=file)
        try:
            until = time.monotonic() + 60
            while "web: ready" not in progress.read_text() and time.monotonic() < until:
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()
    (place,) = (shop.folder / ".shakeout" / "trials").iterdir()
    (state,) = (place / "state").glob("*.json")
    folder = Path(json.loads(state.read_text())["folder"])
    assert folder.is_dir()
    assert shop.run("down").out == "stopped: local (a fix that was tried)\n"
    assert not folder.exists() and not place.exists()
    assert shop.run("down").out == "nothing was running\n"


def test_a_fix_that_does_not_help_is_not_proved_and_says_why(shop) -> None:
    also = MISSPELT.replace("    health: {}\n", "    health: {status: 418}\n")
    shop.change("Name the interpreter, and expect another answer", WEB, also)
    shop.change(
        "Expect it soon", "needs: [stock]\n    start: {deadline: 10s}", "needs: [stock]\n    start: {deadline: 3s}"
    )
    done = shop.run("up", "--prove", "--format", "json")
    (issue,) = done.json["issues"]
    assert issue["proof"]["status"] == "not proved"
    assert "0 of 3 failed checks pass; web is not deployed: it is not ready" in issue["proof"]["detail"]
    assert shop.processes() == []


def test_without_it_the_fix_is_asked_of_the_source_only(shop) -> None:
    shop.change("Name the interpreter", WEB, MISSPELT)
    done = shop.run("up", "--format", "json")
    (issue,) = done.json["issues"]
    assert issue["proof"]["status"] == "proved"
    assert "asked of the source" in issue["proof"]["detail"]
    assert "web: ready" not in done.err
