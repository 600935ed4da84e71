"""What holds of `explain` whatever it reads: it runs nothing, connects to nothing, repeats itself, tells no secret."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shakeout.errors import InputError
from shakeout.report.model import Report, Status
from shakeout.report.rendering import Format, render
from shakeout.runs.offline import Question, check_arguments, explain_offline
from shakeout.testing import SmallRepository

TRACEBACK = """Traceback (most recent call last):
  File "/app/shop/prices.py", line 5, in total
    return sum(items) * FACTOR
NameError: name 'FACTOR' is not defined"""
BEFORE = "from shop import limits\n\n\ndef total(items):\n    return sum(items) * limits.FACTOR\n"
AFTER = "from shop import limits\n\n\ndef total(items):\n    return sum(items) * FACTOR\n"


def entry(text: str, number: int = 0, **more: object) -> dict[str, object]:
    return {
        "insertId": f"e{number}",
        "logName": "projects/acme/logs/run.googleapis.com%2Fstderr",
        "timestamp": f"2026-02-01T10:00:{number:02d}Z",
        "severity": "ERROR",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "shop"}},
        "textPayload": text,
        **more,
    }


def logs(place: Path, *texts: str) -> Path:
    place.write_text(json.dumps([entry(text, number) for number, text in enumerate(texts)]))
    return place


def shop(folder: Path) -> SmallRepository:
    """A repository whose newest commit is the cause of TRACEBACK."""
    made = SmallRepository(folder)
    made.commit("Add prices", {"shop/prices.py": BEFORE, "shop/limits.py": "FACTOR = 2\n", "shop/__init__.py": ""})
    made.commit("Read the factor directly", {"shop/prices.py": AFTER})
    return made


def ask(evidence: Path, repository: Path | None = None, at: str | None = None) -> Report:
    return explain_offline(Question(evidence=check_arguments([str(evidence)]), repository=repository, at=at))


def every_form(report: Report, capsys: pytest.CaptureFixture[str]) -> str:
    """All six formats and the summary, one after another."""
    from shakeout.cli.output import results_console
    from shakeout.cli.summary import print_summary

    print_summary(report, results_console())
    return "\n".join([*(render(report, form) for form in Format), capsys.readouterr().out])


# -- nothing is executed, nothing is connected ------------------------------------------------------------------------

WATCHED = """
import json, os, sys
seen = []
def watch(event, arguments):
    if event == "subprocess.Popen":
        seen.append(["program", os.fsdecode(arguments[0])])
    elif event.startswith(("os.exec", "os.posix_spawn", "os.system", "os.fork", "socket.connect", "socket.bind",
                           "socket.getaddrinfo", "socket.sendto")):
        seen.append([event, repr(arguments)])
    elif event == "exec" and arguments and getattr(arguments[0], "co_filename", "").startswith(sys.argv[1]):
        seen.append(["code", arguments[0].co_filename])
    elif event == "open" and isinstance(arguments[0], str) and os.path.abspath(arguments[0]).startswith(sys.argv[1]):
        if arguments[2] & (os.O_WRONLY | os.O_RDWR):
            seen.append(["write", arguments[0]])
sys.addaudithook(watch)
from shakeout.cli import run
status = run(sys.argv[3:])
open(sys.argv[2], "w").write(json.dumps({"status": status, "seen": seen}))
"""


def poison(repository: SmallRepository, sentinel: Path) -> None:
    """Everything in a repository that some tool runs of itself would now write the sentinel."""
    folder = repository.folder
    script = folder / "poison.sh"
    script.write_text(f"#!/bin/sh\necho run >> '{sentinel}'\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    code = f"open({str(sentinel)!r}, 'a').write('run')\n"
    names = ("setup.py", "conftest.py", "sitecustomize.py", "usercustomize.py", "yaml.py", "msgspec.py", "shop.pth")
    files: dict[str, str | None] = dict.fromkeys(names, code)
    files |= {
        ".envrc": f"touch '{sentinel}'\n",
        ".gitattributes": "* diff=poison filter=poison merge=poison\n",
        "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'conftest'\nbackend-path = ['.']\n",
        "git": script.read_text(),
    }
    repository.commit("Set the project up", files)
    (folder / "git").chmod(0o755)
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    for name in (
        "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.gitProxy", "core.askPass",
        "core.alternateRefsCommand", "diff.external", "diff.poison.textconv", "diff.poison.command",
        "filter.poison.clean", "filter.poison.smudge", "filter.poison.process", "merge.poison.driver", "gpg.program",
        "gpg.ssh.program", "credential.helper", "uploadpack.packObjectsHook", "pager.log", "pager.blame",
        "sequence.editor", "trailer.sign.command", "interactive.diffFilter", "remote.origin.vcs",
    ):  # fmt: skip
        repository.git("config", name, str(script))
    for verb in ("blame", "rev-list", "cat-file", "ls-tree", "grep", "log", "rev-parse"):
        repository.git("config", f"alias.{verb}", f"!{script}")
    for name, value in (
        ("core.hooksPath", str(hooks)), ("log.showSignature", "true"), ("filter.poison.required", "true"),
        ("remote.origin.url", f"ext::{script}"), ("remote.origin.promisor", "true"),
        ("remote.origin.partialclonefilter", "blob:none"), ("extensions.partialClone", "origin"),
    ):  # fmt: skip
        repository.git("config", name, value)


def test_only_git_is_run_and_nothing_of_a_poisoned_repository(tmp_path: Path) -> None:
    sentinel, told, output = tmp_path / "sentinel", tmp_path / "told.json", tmp_path / "report.json"
    repository = shop(tmp_path / "repository")
    poison(repository, sentinel)
    sentinel.unlink(missing_ok=True)  # git itself may have run a hook while the configuration was written
    program = tmp_path / "elsewhere" / "watched.py"
    program.parent.mkdir()
    program.write_text(WATCHED)
    arguments = ["explain", str(logs(tmp_path / "logs.json", TRACEBACK)), "--repo", ".", "-o", str(output)]
    done = subprocess.run(
        [sys.executable, str(program), f"{repository.folder}/", str(told), *arguments],
        cwd=repository.folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    answer = json.loads(told.read_text())
    assert answer["status"] == 1, done.stderr
    assert {tuple(item) for item in answer["seen"]} == {("program", "git")}
    assert json.loads(output.read_text())["issues"][0]["root_cause"]["locators"] == ["shop/prices.py:5"]
    assert not sentinel.exists()


def test_the_poison_works() -> None:
    """The watch sees what it is there to see: a program that is not git, and a connection."""
    code = WATCHED.replace("from shakeout.cli import run\nstatus = run(sys.argv[3:])", "").partition("open(sys.argv")[0]
    act = (
        "import socket, subprocess\nsubprocess.run(['true'])\n"
        "try: socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError: pass\nprint(json.dumps(seen))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{act}", "/nowhere"], capture_output=True, text=True, check=True, timeout=60
    )
    kinds = {kind for kind, _ in json.loads(done.stdout)}
    assert {"program", "socket.connect"} <= kinds


# -- the same input, the same report ----------------------------------------------------------------------------------


def test_the_report_is_the_same_whatever_the_machine_is_set_to(tmp_path: Path) -> None:
    repository = shop(tmp_path / "repository")
    many = [TRACEBACK, *(f"ValueError: order {word} has no total" for word in ("one", "two", "three")), "disk is full"]
    logs(tmp_path / "logs.json", *many)
    outputs = []
    for number, (seed, zone, language) in enumerate(
        [("0", "UTC", "C"), ("1", "Asia/Tokyo", "C.UTF-8"), ("4242", "America/Lima", "de_DE.UTF-8")]
    ):
        output = tmp_path / f"{number}.json"
        command = [sys.executable, "-c", "import sys; from shakeout.cli import run; sys.exit(run(sys.argv[1:]))"]
        done = subprocess.run(
            [*command, "explain", "logs.json", "--repo", str(repository.folder), "-q", "-o", str(output)],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language},
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        outputs.append({**json.loads(output.read_text()), "seconds": None})
    assert json.dumps(outputs[0]) == json.dumps(outputs[1]) == json.dumps(outputs[2])


def test_only_the_seconds_differ_between_two_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = shop(tmp_path / "repository")
    evidence = logs(tmp_path / "logs.json", TRACEBACK, "it is broken")
    texts = []
    for _ in range(2):
        report = ask(evidence, repository.folder)
        object.__setattr__(report, "seconds", {})
        texts.append(every_form(report, capsys))
    assert texts[0] == texts[1]


# -- secrets and control characters -----------------------------------------------------------------------------------

WORD = "corr" + "ect-h0rse-battery"
TOKEN = "gh" + "p_" + "a1B2c3D4e5F6" * 3
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiI3IiwiaWF0IjoxfQ" + "." + "Q" * 20 + "x7" * 12


def test_no_form_of_the_report_holds_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = SmallRepository(tmp_path / "repository")
    settings = f'DATABASE_PASSWORD = "{WORD}"\nurl = "postgresql://shop:{WORD}@db/shop" + HOST; token = "{TOKEN}"\n'
    repository.commit(f"Rotate the password={WORD}", {"shop/settings.py": settings})
    evidence = logs(
        tmp_path / "logs.json",
        "Traceback (most recent call last):\n"
        '  File "/app/shop/settings.py", line 2, in <module>\n'
        f'    url = "postgresql://shop:{WORD}@db/shop" + HOST; token = "{TOKEN}"\n'
        "NameError: name 'HOST' is not defined",
        f"connection to postgresql://shop:{WORD}@db:5432/shop failed: timeout",
        f"DATABASE_PASSWORD={WORD}\nSESSION_TOKEN={TOKEN}\nfatal: cannot start",
        f"ValueError: Authorization: Bearer {JWT} was rejected for jane.roe" + "@" + "mail.example.com",
        f'{{"message": "failed", "env": {{"API_KEY": "{TOKEN}"}}}}',
        f"remote error: https://x-access-token:{TOKEN}@github.com/acme/shop.git not found",
    )
    report = ask(evidence, repository.folder)
    assert report.status is Status.FAILED
    told = every_form(report, capsys)
    for secret in (WORD, TOKEN, JWT, "jane.roe"):
        assert secret not in told
        assert json.dumps(secret)[1:-1] not in told
    assert "HOST" in told


CONTROLS = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \x00 \x08\x08 \u202e \u2066 \r overwritten"


@pytest.mark.parametrize("form", [*Format, None])
def test_no_form_of_the_report_holds_control_characters(
    form: Format | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither from logs, nor from paths, nor from subjects of commits."""
    from shakeout.cli.output import results_console
    from shakeout.cli.summary import print_summary

    repository = SmallRepository(tmp_path / "repository")
    subject = "Read it \x1b[2J directly \x9b1m"
    repository.commit(subject, {"shop/prices.py": AFTER.replace("FACTOR", "FACTOR  # \x1b[31m \u202e")})
    evidence = logs(tmp_path / "logs.json", TRACEBACK, f"it failed {CONTROLS}", f"Key{CONTROLS}Error: {CONTROLS}")
    report = ask(evidence, repository.folder)
    if form is None:
        print_summary(report, results_console())
        text = capsys.readouterr().out
    else:
        text = render(report, form)
    strange = {character for character in text if ord(character) < 32 or 127 <= ord(character) < 160} - {"\n", "\t"}
    strange |= set(text) & {"\u202e", "\u2066"}
    assert not strange, sorted(map(hex, map(ord, strange)))


# -- hostile input ----------------------------------------------------------------------------------------------------


def test_archives_and_links_lead_nowhere_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outside = tmp_path / "outside.log"
    outside.write_text("ERROR the outside secret failed\n")
    inside = tmp_path / "given"
    inside.mkdir()
    (inside / "link.log").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    with zipfile.ZipFile(inside / "a.zip", "w") as archive:
        archive.writestr("../../escaped.log", "ERROR escaping failed\n")
        archive.writestr("/tmp/absolute-escape.log", "ERROR absolute failed\n")
    with tarfile.open(inside / "b.tar.gz", "w:gz") as tar:
        link = tarfile.TarInfo("evil")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        tar.addfile(link)
        data = b"ERROR through the link failed\n"
        member = tarfile.TarInfo("evil/planted.log")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    (inside / "fine.log").write_text("ERROR the store failed\n")
    told = every_form(ask(inside), capsys)
    assert "outside secret" not in told
    assert "the store failed" in told
    assert not (tmp_path / "planted.log").exists() and not (tmp_path / "escaped.log").exists()
    assert not Path("/tmp/absolute-escape.log").exists()


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("zeros.log", "w", force_zip64=True) as member:
            for _ in range(200):
                member.write(b"0" * (1 << 20))
        archive.writestr("fine.log", "ERROR the store failed\n")
    report = ask(bomb)
    assert any("zeros.log" in note for note in report.notes)
    assert any("the store failed" in item.symptom for item in report.unexplained)


STRANGE_PATHS = (
    "--output=owned.py", "-c core.pager=x.py", "new\nline.py", "quote'\"`$(touch owned).py", "tab\there.py",
    ":(exclude)shop.py", "caf\u00e9 \U0001f4a5.py",
)  # fmt: skip


@pytest.mark.parametrize("path", STRANGE_PATHS)
def test_paths_that_look_like_something_else_are_paths(path: str, tmp_path: Path) -> None:
    repository = SmallRepository(tmp_path / "repository")
    repository.commit("Add it", {path: BEFORE, "shop/limits.py": "FACTOR = 2\n"})
    change = repository.commit("Read the factor directly", {path: AFTER})
    if "\n" not in path:
        evidence = logs(tmp_path / "logs.json", TRACEBACK.replace("shop/prices.py", path.replace('"', '\\"')))
    else:
        evidence = logs(tmp_path / "logs.json", TRACEBACK)
    report = ask(evidence, repository.folder)
    assert report.issues or report.unexplained
    if not set(path) & set("\n\"'"):
        (issue,) = report.issues
        assert issue.root_cause is not None and issue.root_cause.introduced_by is not None
        assert issue.root_cause.introduced_by.commit == change
    for form in Format:
        render(report, form)
    assert not list(tmp_path.rglob("owned*")) or path.startswith("--output")


@pytest.mark.parametrize("at", ["--output=x", "-1", "HEAD\n", "main:shop", ":/Add", "$(touch x)", "0" * 40, "@{-1}"])
def test_a_revision_that_is_none_is_said_to_be_none(at: str, tmp_path: Path) -> None:
    repository = shop(tmp_path / "repository")
    evidence = logs(tmp_path / "logs.json", TRACEBACK)
    with pytest.raises(InputError, match="is not in the repository"):
        ask(evidence, repository.folder, at)


# -- every kind of repository -----------------------------------------------------------------------------------------


def _bare(made: SmallRepository, place: Path) -> Path:
    made.git("clone", "--quiet", "--bare", ".", str(place))
    return place


def _sha256(made: SmallRepository, place: Path) -> Path:
    again = SmallRepository.__new__(SmallRepository)
    again.folder, again._count = place, 0
    place.mkdir()
    again.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    again.commit("Add prices", {"shop/prices.py": BEFORE, "shop/limits.py": "FACTOR = 2\n", "shop/__init__.py": ""})
    again.commit("Read the factor directly", {"shop/prices.py": AFTER})
    return place


def _submodule(made: SmallRepository, place: Path) -> Path:
    inner = SmallRepository(place.parent / "inner")
    inner.commit("Begin", {"x.py": "x = 1\n"})
    made.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.folder), "vendored")
    made.commit("Vendor it")
    return made.folder


def _packed(made: SmallRepository, place: Path) -> Path:
    made.git("gc", "--quiet")
    made.git("commit-graph", "write")
    return made.folder


def _work_tree_below(made: SmallRepository, place: Path) -> Path:
    return made.folder / "shop"


@pytest.mark.parametrize("kind", [_bare, _sha256, _submodule, _packed, _work_tree_below])
def test_the_cause_is_found_in_every_kind_of_repository(kind: object, tmp_path: Path) -> None:
    assert callable(kind)
    folder = kind(shop(tmp_path / "repository"), tmp_path / "other")
    (issue,) = ask(logs(tmp_path / "logs.json", TRACEBACK), folder).issues
    assert issue.root_cause is not None and issue.root_cause.introduced_by is not None
    assert issue.root_cause.locators == ("shop/prices.py:5",)
    assert issue.root_cause.introduced_by.subject == "Read the factor directly"


def test_missing_objects_are_not_fetched_and_not_guessed(tmp_path: Path) -> None:
    made = shop(tmp_path / "repository")
    made.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    made.git("clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{made.folder}", str(partial))
    report = ask(logs(tmp_path / "logs.json", TRACEBACK), partial)
    assert report.status is Status.FAILED
    assert all(issue.root_cause is None or issue.root_cause.introduced_by is None for issue in report.issues)
    counted = subprocess.run(
        ["git", "-C", str(partial), "count-objects", "-v"], capture_output=True, text=True, check=True
    )
    assert "in-pack: 6" in counted.stdout  # two commits with two trees each, and no file


@pytest.mark.parametrize("name", ["HEAD:shop/prices.py", "HEAD~1:shop/prices.py", "HEAD~1", "HEAD:shop", "HEAD^{tree}"])
def test_a_damaged_object_is_no_crash(name: str, tmp_path: Path) -> None:
    made = shop(tmp_path / "repository")
    hash_ = made.git("rev-parse", name)
    place = made.folder / ".git" / "objects" / hash_[:2] / hash_[2:]
    place.chmod(0o644)
    place.write_bytes(b"damaged")
    report = ask(logs(tmp_path / "logs.json", TRACEBACK), made.folder)
    assert report.status is Status.FAILED
    for form in Format:
        render(report, form)


def test_an_empty_repository_and_no_repository_are_said(tmp_path: Path) -> None:
    evidence = logs(tmp_path / "logs.json", TRACEBACK)
    empty = SmallRepository(tmp_path / "empty")
    with pytest.raises(InputError, match="has no commit"):
        ask(evidence, empty.folder)
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="is not a git repository"):
        ask(evidence, tmp_path / "none")
    with pytest.raises(InputError):
        ask(evidence, tmp_path / "absent")


def test_a_huge_file_of_the_repository_is_left_alone(tmp_path: Path) -> None:
    made = SmallRepository(tmp_path / "repository")
    made.commit("Add it", {"shop/prices.py": AFTER})
    with (made.folder / "shop" / "prices.py").open("a") as file:
        for _ in range(70):
            file.write("# " + "x" * (1 << 20) + "\n")
    made.commit("Let it grow")
    report = ask(logs(tmp_path / "logs.json", TRACEBACK), made.folder)
    assert report.status is Status.FAILED
    assert len(render(report, Format.JSON)) < 1 << 20


# -- what is said when there is nothing to say ------------------------------------------------------------------------


@pytest.fixture
def program() -> Iterator[list[str]]:
    return iter([[sys.executable, "-c", "import sys; from shakeout.cli import run; sys.exit(run(sys.argv[1:]))"]])


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "empty"), (b"\n \n", "empty"), (b"\x7fELF" + bytes(2000), "binary"), (None, "no such file")],
)
def test_nothing_to_read_is_no_clean_bill(
    content: bytes | None, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from shakeout.cli import run

    place = tmp_path / "logs.json"
    if content is not None:
        place.write_bytes(content)
    assert run(["explain", str(place)]) == 2
    assert why in capsys.readouterr().err


def test_logs_without_a_failure_are_no_issue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from shakeout.cli import run

    calm = [entry(f"INFO: request {number} done, errors=0", number, severity="INFO") for number in range(20)]
    place = tmp_path / "logs.json"
    place.write_text(json.dumps(calm))
    assert run(["explain", str(place)]) == 0
    assert "hold no error" in " ".join(capsys.readouterr().out.split())


def test_no_error_in_a_log_that_is_cut_off_is_no_success(tmp_path: Path) -> None:
    place = tmp_path / "app.json"
    place.write_text('[{"severity": "INFO", "timestamp": "2026-01-05T10:00:00Z", "textPayload": "ready"}, {"sev')
    report = ask(place)
    assert report.status is Status.INCONCLUSIVE and not report.issues


def test_what_no_rule_knows_is_unexplained_and_counted(tmp_path: Path) -> None:
    report = ask(logs(tmp_path / "logs.json", *["FluxError: the flux of capacitor 7 went astray"] * 4))
    (item,) = report.unexplained
    assert not report.issues
    assert item.count == 4
    assert "flux" in item.evidence[0].quote


def test_an_interrupt_ends_it_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    """While it waits for standard input that never ends."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; from shakeout.cli import run; sys.exit(run(sys.argv[1:]))", "explain", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    assert process.stdin is not None
    try:
        process.stdin.write("ERROR one\n" * 200_000)  # more than a pipe holds: it is reading once this returns
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 4
    assert error.strip() == "interrupted"
    assert output == ""
    assert not list(temporary.iterdir())
