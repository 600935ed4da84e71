"""`shakeout up` on a small application: what is green, what goes red, and how it exits."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def runs(shop) -> list[Path]:
    return sorted((shop.folder / ".shakeout" / "runs").iterdir())


def test_a_healthy_application_exits_0_and_leaves_a_report_in_three_forms(shop, outcomes) -> None:
    done = shop.run("up", "--format", "json")
    assert done.status == 0, done.err
    report = done.json
    assert report["status"] == "SUCCESSFUL"
    assert report["issues"] == []
    assert set(outcomes(report).values()) == {"passed"}
    assert report["release"]["commit"] == shop.commit
    (run,) = runs(shop)
    assert {"report.md", "report.html", "report.json", "run.json", "release.json"} <= {
        path.name for path in run.iterdir()
    }
    assert shop.processes() == []


def test_results_go_to_standard_output_and_progress_to_standard_error(shop) -> None:
    done = shop.run("up", "--format", "json")
    json.loads(done.out)
    assert "web: ready" in done.err and "web: ready" not in done.out


def test_quiet_prints_nothing(shop) -> None:
    done = shop.run("up", "--quiet")
    assert (done.status, done.out, done.err) == (0, "", "")


def test_the_summary_names_services_checks_and_where_the_report_lies(shop) -> None:
    done = shop.run("up")
    assert "SUCCESSFUL" in done.out and "web-health" in done.out and "http://127.0.0.1:" in done.out
    assert f".shakeout/runs/{runs(shop)[0].name}/report.md" in done.out
    assert "\x1b" not in done.out


BROKEN = {
    "a command that does not exist": (
        "run: ${python} server.py\n    health: {}\n    version: {}\n    needs",
        "run: no-such-program\n    health: {}\n    version: {}\n    needs",
    ),
    "a service that exits at once": (
        "run: ${python} server.py\n    health: {}\n    version: {}\n    needs",
        "run: ${python} -c 'raise SystemExit(3)'\n    health: {}\n    version: {}\n    needs",
    ),
    "a service that never listens": (
        "run: ${python} server.py\n    health: {}\n    version: {}\n    needs: [stock]\n    start: {deadline: 10s}",
        "run: sleep 60\n    health: {}\n    version: {}\n    needs: [stock]\n    start: {deadline: 1s}",
    ),
    "a service that answers 500": (
        'needs: [stock]\n    start: {deadline: 10s}\n    environment: {COMMIT: "${commit}"}',
        'needs: [stock]\n    start: {deadline: 2s}\n    environment: {COMMIT: "${commit}", ANSWER: "500"}',
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_service_is_red_alone_and_leaves_no_process(shop, outcomes, what: str) -> None:
    shop.change("Change the web service", *BROKEN[what])
    done = shop.run("up", "--format", "json")
    assert done.status == 1, done.err
    report = done.json
    assert report["status"] == "FAILED"
    services = {service["name"]: service["status"] for service in report["services"]}
    assert services == {"stock": "deployed", "web": "failed"}
    found = outcomes(report)
    assert found["stock-health"] == "passed" and found["web-health"] != "passed"
    assert len(report["issues"]) == 1, [issue["title"] for issue in report["issues"]]
    assert shop.processes() == []


def test_a_service_of_another_commit_is_not_green(shop, outcomes) -> None:
    first = shop.commit
    shop.change("Hold the web service back", "    needs: [stock]", f"    needs: [stock]\n    pin: {first}")
    report = shop.run("up", "--format", "json").json
    assert outcomes(report)["versions-together"] != "passed"
    assert outcomes(report)["web-health"] == "passed"


def test_a_service_that_does_not_say_its_commit_is_not_green(shop) -> None:
    shop.change("Look elsewhere", "version: {}\n    start", "version: {commit: no.such.field}\n    start")
    done = shop.run("up", "--format", "json")
    assert done.status == 4, done.err
    assert done.json["status"] == "INCONCLUSIVE"


def test_the_working_tree_is_deployed_with_dirty_and_the_report_says_so(shop) -> None:
    (shop.folder / "server.py").write_text((shop.folder / "server.py").read_text().replace("asked", "was asked"))
    report = shop.run("up", "--dirty", "--format", "json").json
    assert report["release"]["dirty"] is True
    assert any("working tree" in note for note in report["notes"])
    assert "was asked" in (runs(shop)[0] / "logs" / "web.log").read_text()


def test_what_is_not_committed_is_said_to_be_not_deployed(shop) -> None:
    assert "not deployed" not in shop.run("up").out
    (shop.folder / "forgotten.py").write_text("x = 1\n")
    done = shop.run("up")
    assert (done.status, done.err.count("Traceback")) == (0, 0)
    assert "not deployed, since not committed: forgotten.py" in " ".join(done.out.split())
    assert "not deployed" not in shop.run("up", "--dirty").out


def test_a_wrong_manifest_exits_2_and_names_the_line(shop) -> None:
    shop.change("Slip", "    needs: [stock]", "    neds: [stock]")
    done = shop.run("up")
    assert done.status == 2
    assert "shakeout.yaml:" in done.err and "needs" in done.err
    assert done.out == ""


def test_an_unknown_option_exits_2(shop) -> None:
    assert shop.run("up", "--no-such-option").status == 2


def test_a_folder_without_a_manifest_exits_2_and_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "shakeout", "up"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "shakeout init" in done.stderr


def test_keep_leaves_it_running_verify_asks_it_and_down_stops_it(shop, outcomes) -> None:
    kept = shop.run("up", "--keep")
    assert kept.status == 0 and "Still running" in kept.out
    try:
        assert len(shop.processes()) == 2
        verified = shop.run("verify", "--format", "json")
        assert verified.status == 0, verified.err
        assert set(outcomes(verified.json).values()) == {"passed"}
    finally:
        down = shop.run("down")
    assert down.status == 0 and "stopped: local" in down.out
    assert shop.processes() == []
    assert shop.run("down").out == "nothing was running\n"


def test_verify_without_a_release_exits_2_and_says_how(shop) -> None:
    done = shop.run("verify")
    assert done.status == 2
    assert "--url" in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_still_writes_its_report_and_leaves_no_process(shop, number: signal.Signals) -> None:
    shop.change(
        "Wait long",
        'start: {deadline: 10s}\n    environment: {COMMIT: "${commit}"}\nenvironments',
        'start: {deadline: 60s}\n    environment: {COMMIT: "${commit}"}\nenvironments',
    )
    shop.change(
        "Sleep",
        "run: ${python} server.py\n    health: {}\n    version: {}\n    needs",
        "run: sleep 100\n    health: {}\n    version: {}\n    needs",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "shakeout", "up"],
        cwd=shop.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "waiting for web" in line:
            break
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert process.returncode in {1, 4}
    assert "interrupted" in out
    assert (runs(shop)[0] / "report.md").is_file()
    end = time.monotonic() + 5
    while shop.processes() and time.monotonic() < end:
        time.sleep(0.05)
    assert shop.processes() == []


def test_an_interruption_while_services_are_stopped_loses_neither_the_result_nor_anything_that_runs(shop) -> None:
    slow = "import signal\nimport time\nsignal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), os._exit(0)))\n"
    server = (shop.folder / "server.py").read_text(encoding="utf-8").replace("STATUS = int", f"{slow}STATUS = int")
    shop.commit = shop.repository.commit("Take leave slowly", {"server.py": server})
    process = subprocess.Popen(
        [sys.executable, "-m", "shakeout", "up"],
        cwd=shop.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while not list(shop.folder.glob(".shakeout/runs/*/report.json")) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, "SUCCESSFUL" in out) == (0, True), err
    assert shop.processes() == []
    assert not (shop.folder / ".shakeout" / "state" / "local.json").exists()


def test_an_earlier_run_is_reported_again_in_any_form(shop) -> None:
    shop.run("up", "--quiet")
    for form, start in (
        ("json", "{"),
        ("html", "<!doctype html>"),
        ("junit", "<?xml"),
        ("sarif", "{"),
        ("markdown", "# "),
    ):
        done = shop.run("report", "--format", form)
        assert done.status == 0 and done.out.lower().startswith(start), form


def test_a_report_written_to_a_file_takes_its_form_from_the_ending(shop) -> None:
    done = shop.run("up", "--output", "out/result.json")
    assert done.status == 0
    assert json.loads((shop.folder / "out" / "result.json").read_text())["schema_version"] == 1
