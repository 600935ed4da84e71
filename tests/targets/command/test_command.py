"""The team's own deploy command: what it is given, what it says, and what is made of its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shakeout.cli.execute import execute
from shakeout.errors import ManifestError
from shakeout.report.model import Report
from shakeout.runs.pipeline import Run
from shakeout.runs.request import make_request
from shakeout.runs.stopping import stop_left
from shakeout.runs.targets import make_target
from shakeout.why.layers import Layer

pytestmark = pytest.mark.xdist_group("command")


def outcomes(report: Report) -> dict[str, str]:
    return {result.name: str(result.outcome) for result in report.checks}


def services(report: Report) -> dict[str, str]:
    return {service.name: service.status for service in report.services}


def rules_of(report: Report) -> list[str | None]:
    return [why.rule for issue in report.issues for why in issue.whys]


def test_the_script_deploys_and_everything_is_verified_and_taken_down(team) -> None:
    finished = team.run()
    report = finished.report
    assert report.status == "SUCCESSFUL", [(item.name, item.detail) for item in report.checks]
    assert set(outcomes(report).values()) == {"passed"}
    assert services(report) == {"stock": "deployed", "web": "deployed"}
    assert all(service.url.startswith("http://127.0.0.1:") for service in report.services)
    assert any("deploy | WEB_URL=http://127.0.0.1:" in line for line in team.lines)
    assert "stopped web" in (finished.folder.path / "deployment" / "stop.log").read_text()
    assert team.processes() == []
    assert list((team.folder.parent / "temporary").iterdir()) == []
    assert not list((team.home / "state").glob("*.json"))


def test_a_script_that_fails_halfway_is_explained_and_what_it_deployed_is_still_asked(team) -> None:
    text = (team.folder / "scripts/deploy.py").read_text()
    broken = text.replace("def start(name):", "def start(name):\n    if name == 'web':\n        tell(name)")
    change = team.change("Tell the team what is deployed", {"scripts/deploy.py": broken})
    team.change("Write a manual", {"MANUAL.md": "words"})
    report = team.run().report
    assert report.status == "FAILED"
    assert services(report) == {"stock": "deployed", "web": "blocked"}
    assert outcomes(report)["stock-health"] == "passed" and outcomes(report)["web-health"] == "skipped"
    issue = team.issue(report)
    assert issue.root_cause.claim == "NameNeverBound" or "tell" in issue.root_cause.statement
    assert issue.root_cause.introduced_by.commit == change
    assert issue.root_cause.locators[0].startswith("scripts/deploy.py:")
    assert issue.priority == "CRITICAL"
    assert any("exited with status 1" in note and "deployment/output.log" in note for note in report.notes)


def test_a_script_that_fails_when_all_is_deployed_is_no_success(team) -> None:
    text = (team.folder / "scripts/deploy.py").read_text()
    team.change("Check it", {"scripts/deploy.py": f"{text}\nprint('the smoke test failed')\nsys.exit(3)\n"})
    report = team.run().report
    assert report.status == "FAILED"
    assert set(outcomes(report).values()) == {"passed"}
    issue = team.issue(report)
    assert issue.priority == "HIGH"
    quotes = [item.quote for item in issue.evidence]
    assert "the smoke test failed" in quotes
    layers = [Layer[why.layer.upper()] for why in issue.whys]
    assert layers == sorted(layers) and all(why.evidence for why in issue.whys)


SWALLOWED = """
import logging
try:
    open("no-such-file")
except OSError:
    logging.exception("no settings of its own; the usual ones are taken")
for attempt in (1, 2):
    print("ERROR connection to 127.0.0.1:9 refused, trying again")
try:
    ask_for_a_token()
except Exception as error:
    print(f"the sign-in test failed: {error}")
"""


def test_a_test_that_failed_and_that_the_script_went_on_after_is_an_issue(team) -> None:
    text = (team.folder / "scripts/deploy.py").read_text()
    change = team.change("Test sign-in after a deployment", {"scripts/deploy.py": text + SWALLOWED})
    team.change("Write a manual", {"MANUAL.md": "words"})
    report = team.run().report
    assert report.status == "SUCCESSFUL with ISSUES"
    issue = team.issue(report)
    assert issue.priority == "HIGH" and "ask_for_a_token" in issue.title
    assert issue.root_cause.introduced_by.commit == change


def test_what_a_script_got_over_is_no_issue(team) -> None:
    text = (team.folder / "scripts/deploy.py").read_text()
    noise = SWALLOWED.replace("ask_for_a_token()", "raise TimeoutError('no answer yet')")
    team.change("Say what goes on", {"scripts/deploy.py": text + noise})
    report = team.run().report
    assert (report.status, report.issues) == ("SUCCESSFUL", ())


BASH = """\
#!/usr/bin/env bash
set -euo pipefail
echo "building $SHAKEOUT_COMMIT"
wobble --deploy web
"""
ARGUMENTS = """
import argparse
argparse.ArgumentParser().parse_args()
"""
NODE = """\
const services = ["stock", "web"];
console.log("deploying", services.join(", "));
for (const name of services) announce(name);
"""


def test_a_bash_script_that_calls_a_tool_that_is_not_there(team) -> None:
    change = team.change("Deploy by wobble", {"up.sh": BASH})
    team.change("Use it", old="${python} scripts/deploy.py", new="bash up.sh")
    issue = team.issue(team.run().report)
    assert issue.root_cause.claim == "ToolCalled" and issue.root_cause.locators == ("up.sh:4",)
    assert issue.root_cause.introduced_by.commit == change


def test_a_node_script_that_throws_says_its_line(team) -> None:
    team.change("Deploy by node", {"up.mjs": NODE}, old="${python} scripts/deploy.py", new="node up.mjs")
    issue = team.issue(team.run().report)
    text = " ".join(why.answer for why in issue.whys)
    assert "announce is not defined" in text and "up.mjs:3" in text


@pytest.mark.parametrize(
    ("run", "files", "claim", "place"),
    [
        ("./up.sh", {"up.sh": BASH}, "NotExecutable", "up.sh:1"),
        ("wobble --deploy", {}, "CommandNotFound", "shakeout.yaml:18"),
        ("${python} scripts/deploy.py --zone", {"scripts/deploy.py": ARGUMENTS}, "OptionPassed", "shakeout.yaml:18"),
        ("${python} up.py", {"up.py": "import os\nprint(os.environ['ZONE'])\n"}, "SettingMissing", "shakeout.yaml:20"),
    ],
)  # fmt: skip
def test_a_command_that_cannot_do_its_work(team, run: str, files: dict[str, str], claim: str, place: str) -> None:
    change = team.change("Deploy in another way", files, old="${python} scripts/deploy.py", new=run)
    report = team.run().report
    assert report.status == "FAILED"
    issue = team.issue(report)
    assert issue.root_cause is not None, issue
    assert (issue.root_cause.claim, issue.root_cause.locators[0]) == (claim, place)
    assert issue.root_cause.introduced_by.commit == change


@pytest.mark.parametrize(
    ("said", "claim"),
    [
        ("ERROR: (gcloud.run.deploy) PERMISSION_DENIED: Permission 'run.services.update' denied on 'projects/p'",
         "PermissionMissing"),
        ("ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
         "EngineNotRunning"),
        ("ERROR: Quota exceeded for quota metric 'Write requests' and limit 'per minute'", "QuotaExceeded"),
        ("Error response from daemon: manifest for registry.example.com/shop/web:9.9 not found: manifest unknown",
         "ImageDeclared"),
    ],
)  # fmt: skip
def test_what_a_tool_of_the_script_says_is_the_cause(team, said: str, claim: str) -> None:
    script = f"echo 'deploying'\ncat <<'END'\n{said}\nEND\necho 'the deployment failed, see above'\nexit 1\n"
    team.change("Deploy by bash", {"up.sh": script}, old="${python} scripts/deploy.py", new="bash up.sh")
    issue = team.issue(team.run().report)
    assert issue.root_cause is not None and issue.root_cause.claim == claim, issue.whys
    assert any(said in item.quote for why in issue.whys for item in why.evidence)


def test_the_working_tree_is_deployed_with_dirty(team) -> None:
    (team.folder / "scripts/deploy.py").write_text("raise SystemExit('not committed yet')\n")
    request = make_request(
        manifest=team.folder / "shakeout.yaml", environment=None, revision="HEAD", dirty=True, caller=dict(os.environ)
    )
    try:
        report = execute(Run(request=request, target=make_target(request), progress=team.lines.append)).report
    finally:
        request.repository.close()
    assert report.status == "FAILED" and report.release.dirty
    assert any("not committed yet" in line for line in team.lines)


PYTEST = {
    "release/test_release.py": """\
    import os


    def test_the_page_is_there():
        assert os.environ["SHAKEOUT_COMMIT"]


    def test_a_person_can_sign_in():
        assert env("AUTH_URL")
    """,
    "up.sh": """\
    echo WEB_URL=http://127.0.0.1:9
    echo STOCK_URL=http://127.0.0.1:9
    "$PYTHON" -m pytest -q -p no:cacheprovider release
    """,
}


@pytest.mark.parametrize("style", ["long", "short", "native"])
def test_a_failing_test_of_the_script_is_explained_by_its_own_line(team, style: str) -> None:
    files = {**PYTEST, "up.sh": PYTEST["up.sh"].replace("-q", f"-q --tb={style}")}
    change = team.change("Check sign-in", files)
    manifest = team.manifest().replace("${python} scripts/deploy.py", "bash up.sh")
    team.change("Test", {"shakeout.yaml": manifest.replace("MARK:", "PYTHON: ${python}\n        MARK:")})
    report = team.run().report
    found = [issue for issue in report.issues if "release/test_release.py:9" in str(issue.root_cause)]
    assert found, [(issue.title, issue.root_cause) for issue in report.issues]
    assert found[0].root_cause.introduced_by.commit == change


def test_the_script_sees_what_the_manifest_passes_and_nothing_else(team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKING", "not for it")
    text = "import json, os, subprocess\nprint(json.dumps(dict(os.environ)))\n"
    text += "print(subprocess.run(['git', 'status', '--short', '-b'], capture_output=True, text=True).stdout)\n"
    text += "print('head', subprocess.run(['git', 'rev-parse', 'HEAD'], capture_output=True, text=True).stdout)\n"
    text += "print('tag', subprocess.run(['git', 'describe', '--tags'], capture_output=True, text=True).stdout)\n"
    text += "raise SystemExit('the key is ' + os.environ['DEPLOY_KEY'] + ' ' + os.environ['API_TOKEN'])\n"
    manifest = team.manifest().replace("environment:\n", "environment:\n        DEPLOY_KEY: ${secrets.key}\n", 1)
    manifest = manifest.replace("    options:", "    pass_environment: [API_TOKEN, ZONE]\n    options:")
    manifest += "secrets: {key: {env: KEY}}\n"
    team.change("Look around", {"scripts/deploy.py": text, "shakeout.yaml": manifest})
    team.repository.git("tag", "v1.0")
    (team.folder / "server.py").write_text("changed in the work tree only")
    caller = {"KEY": "word-of-the-key-that-nobody-may-see", "API_TOKEN": "another-word-of-it", "ZONE": "a"}
    finished = team.run(caller=caller)
    log = (finished.folder.path / "deployment" / "output.log").read_text()
    seen = json.loads(next(line for line in log.splitlines() if " stdout {" in line).split(" stdout ", 1)[1])
    assert {"LEAKING", "KEY", "PYTEST_CURRENT_TEST"}.isdisjoint(seen)
    assert seen["SHAKEOUT_COMMIT"] == team.commit and seen["SHAKEOUT_ENVIRONMENT"] == "staging" and seen["ZONE"] == "a"
    assert f"head {team.commit}" in log and "tag v1.0" in log and " M " not in log and "?? " not in log
    for path in finished.folder.path.rglob("*"):
        text = path.read_text() if path.is_file() else ""
        assert "word-of-the-key" not in text and "another-word" not in text, path


SLOW = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("STOCK_URL=http://127.0.0.1:9", flush=True)
print("waiting for the rollout", flush=True)
time.sleep(600)
"""


def test_a_script_past_its_deadline_is_ended_with_its_children(team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shakeout.targets.script.running.GRACE", 0.3)
    team.change("Wait", {"scripts/deploy.py": SLOW}, old="      stop:", new="      deadline: 1.5s\n      stop:")
    report = team.run().report
    assert report.status == "FAILED"
    issue = next(issue for issue in report.issues if issue.root_cause and issue.root_cause.claim == "DeadlinePassed")
    assert issue.root_cause.locators == ("shakeout.yaml:19",)
    assert "waiting for the rollout" in issue.root_cause.statement
    assert team.processes() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_end_of_shakeout_ends_the_script_and_its_children(team, number: signal.Signals) -> None:
    quick = (team.folder / "scripts/deploy.py").read_text()
    team.change("Wait", {"scripts/deploy.py": SLOW.replace("signal.signal(", "(lambda *_: 0)(")})
    process = subprocess.Popen(
        [sys.executable, "-m", "shakeout", "up"],
        cwd=team.folder,
        env={**os.environ, "TMPDIR": str(team.folder.parent / "temporary")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    team.until(lambda: len(team.processes()) >= 2)
    process.send_signal(number)
    process.wait(30)
    team.until(lambda: team.processes() == [])
    team.change("Wait no more", {"scripts/deploy.py": quick})
    assert team.run().report.status == "SUCCESSFUL"
    assert [place.name for place in (team.folder.parent / "temporary").iterdir()] == []


def test_a_release_without_a_stop_command_stays_and_the_next_one_does_not_end_it(team) -> None:
    team.change("Never stop", old="      stop: ${python} scripts/stop.py\n", new="")
    first = team.run()
    assert first.report.status == "SUCCESSFUL"
    old = team.processes()
    assert len(old) == 2 and any("stays where it was deployed" in line for line in team.lines)
    assert len(list((team.folder.parent / "temporary").iterdir())) == 1
    team.change("Break it", {"scripts/deploy.py": "raise SystemExit('no')\n"})
    assert team.run().report.status == "FAILED"
    assert set(old) <= set(team.processes()), "a failed deployment must leave the old release serving"
    assert stop_left(team.folder / "shakeout.yaml", team.home, None, os.environ, team.lines.append) == ["staging"]
    assert team.processes() == []
    assert list((team.folder.parent / "temporary").iterdir()) == []


def test_a_kept_release_can_be_verified_and_is_taken_down_by_the_teams_own_command(team) -> None:
    kept = team.run(keep=True)
    assert kept.kept and len(team.processes()) == 2
    done = subprocess.run(
        [sys.executable, "-m", "shakeout", "verify", "--format", "json"],
        cwd=team.folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {item["outcome"] for item in json.loads(done.stdout)["checks"]} == {"passed"}
    assert stop_left(team.folder / "shakeout.yaml", team.home, None, os.environ, team.lines.append) == ["staging"]
    assert any("stop | stopped web" in line for line in team.lines)
    assert team.processes() == [] and list((team.folder.parent / "temporary").iterdir()) == []


def test_a_stop_command_that_fails_is_told_and_can_be_tried_again(team) -> None:
    stop = (team.folder / "scripts/stop.py").read_text()
    broken = f"import os\nif not os.path.exists(os.environ['PIDS'] + '-again'): raise SystemExit('not now')\n{stop}"
    team.change("Ask twice", {"scripts/stop.py": broken})
    assert team.run().report.status == "SUCCESSFUL"
    assert any("the release is not taken down" in line for line in team.lines)
    assert len(team.processes()) == 2
    Path(f"{team.pids}-again").touch()
    stop_left(team.folder / "shakeout.yaml", team.home, None, os.environ, team.lines.append)
    assert team.processes() == []


LOGS = """
import datetime, json, os
now = datetime.datetime.now(datetime.timezone.utc).isoformat()
resource = {"type": "cloud_run_revision", "labels": {"service_name": "web-staging"}}
text = '''Traceback (most recent call last):
  File "/app/server.py", line %d, in status
    return zone
NameError: name 'zone' is not defined'''
since = "since " + os.environ["SHAKEOUT_SINCE"]
entries = [
    {"severity": "INFO", "timestamp": now, "textPayload": since, "resource": resource},
    {"severity": "ERROR", "timestamp": now, "textPayload": text, "resource": resource},
]
print(json.dumps(entries, indent=1))
"""


def test_logs_that_a_command_fetches_are_read_and_explain(team) -> None:
    server = (team.folder / "server.py").read_text()
    server = server.replace("send_response(200)", "send_response(self.status())")
    server = server.replace("def log_message", "def status(self):\n        try:\n            return zone\n"
                            "        except NameError:\n            return 500\n\n    def log_message")  # fmt: skip
    number = server.splitlines().index("            return zone") + 1
    manifest = team.manifest().replace("      stop:", "      logs: ${python} scripts/logs.py\n      stop:")
    files = {"scripts/logs.py": LOGS % number, "shakeout.yaml": manifest, "server.py": server}
    change = team.change("Answer by zone", files)
    report = team.run().report
    assert outcomes(report)["web-health"] == "failed"
    found = [issue for issue in report.issues if issue.root_cause and "zone" in issue.root_cause.statement]
    assert found, [(issue.title, issue.whys) for issue in report.issues]
    assert found[0].root_cause.introduced_by.commit == change
    locators = [str(item.locator) for why in found[0].whys for item in why.evidence]
    assert any(at.startswith("fetched/all.log:") for at in locators)


def test_a_service_without_an_address_is_a_finding(team) -> None:
    team.change("Say less", {"scripts/deploy.py": 'print("STOCK_URL=http://127.0.0.1:9")\n'})
    report = team.run().report
    assert services(report)["web"] == "failed"
    assert "AddressNotTold" in {issue.root_cause.claim for issue in report.issues if issue.root_cause}


def test_no_fix_is_tried_by_deploying_it_over_the_release(team) -> None:
    team.change("Slip", {"scripts/deploy.py": "import sys\nprint(sy.argv)\n"})
    report = team.run(prove=True).report
    issue = team.issue(report)
    assert issue.proof is None or issue.proof.status == "not tried"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("      run: ${python} scripts/deploy.py\n", "", "options.run: expected a command"),
        ("run: ${python} scripts/deploy.py", 'run: "python \'up"', "with its quotes closed"),
        ("      stop:", "      dedline: 3s\n      stop:", "did you mean deadline?"),
        (
            "health: {}\n    version: {path: /}\n    needs",
            "options: {url_pattern: 'x'}\n    needs",
            "exactly one group",
        ),
        ("PIDS:", "DB_PASSWORD: word\n        PIDS:", "no secret in the file"),
    ],
)
def test_wrong_options_are_faults_with_their_line(team, old: str, new: str, words: str) -> None:
    team.change("Slip", old=old, new=new)
    with pytest.raises(ManifestError) as caught:
        make_target(team.request())
    assert words in str(caught.value), str(caught.value)
