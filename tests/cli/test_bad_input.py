"""Whatever is wrong around it, shakeout says one clear thing and exits with the right status."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shakeout.testing import SmallRepository

MANIFEST = "version: 1\napplication: shop\nservices:\n  web: {run: sleep 1}\nenvironments:\n  local: {}\n"


def shakeout(
    folder: Path | str | bytes, *arguments: str, environment: dict[str, str] | None = None, **more: str
) -> tuple[int, str, str]:
    """Status, standard output and standard error of a command line."""
    done = subprocess.run(
        [sys.executable, "-m", "shakeout", *arguments],
        cwd=folder,
        env={**(environment if environment is not None else os.environ), **more},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def refused(outcome: tuple[int, str, str], status: int, *words: str) -> None:
    """The status, nothing on standard output, one error with these words, and no sign of an accident."""
    assert outcome[0] == status, outcome
    assert outcome[1] == ""
    assert "Traceback" not in outcome[2] and "shakeout itself failed" not in outcome[2]
    for word in words:
        assert word in outcome[2]


@pytest.mark.parametrize("verb", ["up", "verify", "report", "down"])
def test_a_folder_without_a_manifest(tmp_path: Path, verb: str) -> None:
    refused(shakeout(tmp_path, verb), 2, "there is no manifest", str(tmp_path))


@pytest.mark.parametrize("verb", ["up", "verify"])
def test_a_manifest_outside_of_a_repository(tmp_path: Path, verb: str) -> None:
    (tmp_path / "shakeout.yaml").write_text(MANIFEST)
    refused(shakeout(tmp_path, verb), 2, "not in a git repository", "git init")


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    SmallRepository(tmp_path).write({"shakeout.yaml": MANIFEST})
    refused(shakeout(tmp_path, "up"), 2, "has no commit yet")


def test_a_bare_repository_as_the_folder(shop, tmp_path: Path) -> None:
    shop.repository.git("clone", "--quiet", "--bare", str(shop.folder), str(tmp_path / "bare.git"))
    refused(shakeout(tmp_path / "bare.git", "up"), 2, "there is no manifest")


@pytest.mark.parametrize("verb", ["up", "report", "down"])
def test_a_manifest_that_is_a_folder(tmp_path: Path, verb: str) -> None:
    (tmp_path / "shakeout.yaml").mkdir()
    refused(shakeout(tmp_path, verb), 2, "there is no manifest")
    refused(shakeout(tmp_path, verb, "--manifest", "shakeout.yaml"), 2)


def test_a_manifest_that_is_no_text(shop) -> None:
    (shop.folder / "shakeout.yaml").write_bytes(b"\xff\xfe\x00")
    refused(shakeout(shop.folder, "up"), 2, "shakeout.yaml:1", "UTF-8")


@pytest.mark.parametrize("place", [".shakeout", ".shakeout/runs"])
def test_runs_that_cannot_be_kept(shop, place: str) -> None:
    (shop.folder / place).parent.mkdir(exist_ok=True)
    (shop.folder / place).touch()
    refused(shakeout(shop.folder, "up"), 2, "the run's folder cannot be made", "Not a directory")
    refused(shakeout(shop.folder, "report"), 2, "there is no run yet")
    assert shakeout(shop.folder, "down")[:2] == (0, "nothing was running\n")


def test_a_state_folder_that_is_none(shop) -> None:
    (shop.folder / ".shakeout").mkdir()
    (shop.folder / ".shakeout" / "state").touch()
    refused(shakeout(shop.folder, "up"), 2, "the state of the environment cannot be kept")


@pytest.mark.parametrize("verb", ["up", "verify", "down"])
def test_a_state_that_cannot_be_read_is_not_guessed_at(shop, verb: str) -> None:
    place = shop.folder / ".shakeout" / "state" / "local.json"
    place.parent.mkdir(parents=True)
    place.write_text("{")
    status, out, err = shakeout(shop.folder, verb)
    assert (status, out) == (3, "") and "the state of an earlier run cannot be read" in err and str(place) in err


@pytest.mark.parametrize("text", ["", "{", "{}", '{"status": "FINE"}'])
def test_a_run_that_cannot_be_read(shop, text: str) -> None:
    run = shop.folder / ".shakeout" / "runs" / "20250101T000000Z-abcdef0"
    run.mkdir(parents=True)
    (run / "run.json").write_text(text)
    refused(shakeout(shop.folder, "report"), 2, "the run cannot be read", "run.json")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(shop) -> None:
    shop.folder.chmod(0o500)
    try:
        refused(shakeout(shop.folder, "up"), 2, "the run's folder cannot be made")
    finally:
        shop.folder.chmod(0o700)


def test_a_file_for_the_report_is_looked_at_before_anything_is_deployed(shop, tmp_path: Path) -> None:
    refused(shakeout(shop.folder, "up", "--output", str(tmp_path)), 2, "the report cannot be written", "a folder")
    assert not (shop.folder / ".shakeout").exists()


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    script = f"mkdir gone; cd gone; rmdir ../gone; {sys.executable} -m shakeout up"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    refused((done.returncode, done.stdout, done.stderr), 2, "the current folder is not there any more")


@pytest.mark.parametrize(
    "arguments", [["up"], ["verify"], ["explain", "server.py", "--repo", "."]], ids=lambda arguments: arguments[0]
)
def test_no_git(shop, arguments: list[str]) -> None:
    refused(shakeout(shop.folder, *arguments, PATH="/nonexistent"), 3, "git is not installed", "what to do")


def test_no_home(shop) -> None:
    bare = {name: value for name, value in os.environ.items() if name != "HOME"}
    assert shakeout(shop.folder, "up", "--quiet", environment=bare) == (0, "", "")


@pytest.mark.parametrize("revision", ["no-such-branch", "--help", "HEAD~99"])
def test_a_revision_that_is_none(shop, revision: str) -> None:
    refused(shakeout(shop.folder, "up", f"--at={revision}"), 2, revision, "--at REVISION")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-file"], "evidence is not there"),
        (["server.py", "--repo", "no-such-folder"], "is not a git repository"),
        (["server.py", "--repo", "/usr/share"], "is not a git repository"),
        (["server.py", "--repo", ".", "--at", "nope"], "the revision nope"),
    ],
)
def test_evidence_that_is_not_there(shop, arguments: list[str], words: str) -> None:
    refused(shakeout(shop.folder, "explain", *arguments), 2, words)


@pytest.mark.parametrize("name", ["with a space", "ä ü 漢字", "$HOME 'quoted' \"twice\"", "-dash", "semi;colon"])
def test_names_of_folders_that_a_shell_would_stumble_over(shop, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    shutil.copytree(shop.folder, folder)
    text = (folder / "shakeout.yaml").read_text()
    script = 'checks:\n  smoke:\n    kind: command\n    run: ${python} "${repository}/smoke.py"\n'
    repository = SmallRepository(folder)
    repository.commit("Ask", {"shakeout.yaml": text + script, "smoke.py": "print('well')\n"})
    assert shakeout(folder, "up", "--quiet", LC_ALL="C") == (0, "", "")


def test_a_folder_whose_name_is_not_utf_8(shop, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/bad\xffname"
    shutil.copytree(os.fsencode(shop.folder), folder)
    refused(shakeout(folder, "up"), 2, "the repository's path cannot be used")


@pytest.fixture
def waiting(shop):
    """A `shakeout up` that waits for a service which never listens; it is interrupted at the end."""
    shop.change("Sleep", "run: ${python} server.py\n    health: {}\n    version: {}\n    start: {deadline: 10s}", SLEEP)
    process = subprocess.Popen(
        [sys.executable, "-m", "shakeout", "up"],
        cwd=shop.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert any("waiting for stock" in line for line in iter(process.stderr.readline, ""))
    yield process
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert shop.processes() == []


SLEEP = "run: sleep 100\n    health: {}\n    version: {}\n    start: {deadline: 90s}"


@pytest.mark.parametrize("verb", ["up", "down"])
def test_a_second_shakeout_does_not_disturb_the_first(shop, waiting: subprocess.Popen[str], verb: str) -> None:
    refused(shakeout(shop.folder, verb, "--quiet"), 2, f"another shakeout (process {waiting.pid})")
    assert waiting.poll() is None


def test_a_report_is_readable_while_another_run_goes_on(shop, waiting: subprocess.Popen[str]) -> None:
    refused(shakeout(shop.folder, "report"), 2, "there is no run yet")


def test_a_form_that_is_asked_for_as_other_tools_have_it_is_told_as_it_is_here(tmp_path: Path) -> None:
    refused(shakeout(tmp_path, "report", "--json"), 2, "No such option: --json", "shakeout report --format json")
