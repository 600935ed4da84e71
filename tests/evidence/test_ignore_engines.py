"""
Our reading of `.dockerignore` against the engines themselves: a table of patterns and paths, made by a fixed seed.

Asked are Podman's builder, which builds an image of each pattern set (`FROM scratch`, `COPY . /`) whose files are
listed, and Docker's own client, which filters the build context of the classic builder by itself. Both do not look into
folders that are kept out; BuildKit, which does, cannot be asked here.
"""

from __future__ import annotations

import os
import random
import re
import tarfile
from io import BytesIO
from pathlib import Path
from subprocess import run

import pytest

from fixtures.docker_client import DockerClient
from fixtures.engine import RealEngine
from shakeout.evidence.docker_patterns import BadPatternError, deciding_pattern, read_patterns

NAMES = ("a", "b", "ab", "log", "x.log", "b.py", "a.py", "[a]", "a-b", ".env", "data", "test")
_PATHS = (
    "a/b.py", "a/a.py", "a/x.log", "a/b/a.py", "a/b/x.log", "a/b/data/x.log", "ab/a.py", "ab/b/b.py", "b.py", "a.py",
    "x.log", ".env", "a/.env", "data/a.py", "data/test/b.py", "data/test/x.log", "test/a.py", "test/data/x.log",
    "log/a", "log/b/a", "a-b/a.py", "[a]/b.py", "b/[a]", "b/log/x.log", "b/a/b/a/b.py", "b/test", "data/x.log",
    "data/data/data", "a/log", "b/.env", "ab/x.log",
)  # fmt: skip
_BELOW = (f"{folder}/{path}" for folder in ("test", "b/data") for path in _PATHS if path.count("/") < 3)
PATHS = tuple(dict.fromkeys((*_PATHS, *_BELOW)))
PIECES = (
    "*",
    "**",
    "?",
    "*.log",
    "*.py",
    "a*",
    "*b",
    "[ab]",
    "[^a]",
    "[!a]",
    "[a-b]*",
    "?.py",
    "**.log",
    ".*",
    r"\[a]",
)
SETS = 8
MORE = 60


def pattern(dice: random.Random) -> str:
    parts = [dice.choice(NAMES if dice.random() < 0.4 else PIECES) for _ in range(dice.choice((1, 1, 2, 2, 3)))]
    if dice.random() < 0.1:
        parts.insert(dice.randrange(len(parts)) if len(parts) > 1 else 0, dice.choice((".", "..")))
    text = "/".join(parts)
    text = f"/{text}" if dice.random() < 0.15 else text
    text = f"{text}/" if dice.random() < 0.15 else text
    text = f" {text} " if dice.random() < 0.05 else text
    return f"!{text}" if dice.random() < 0.3 else text


def pattern_sets(count: int) -> list[str]:
    """Ignore files of two to eight lines, with comments and empty lines."""
    dice = random.Random(20250903)
    found = []
    while len(found) < count:
        lines = [pattern(dice) for _ in range(dice.randint(2, 8))]
        if dice.random() < 0.3:
            lines.insert(dice.randrange(len(lines)), dice.choice(("# words", "")))
        text = "\n".join(lines) + "\n"
        try:
            read_patterns(text)
        except BadPatternError:
            continue
        found.append(text)
    return found


def for_podman() -> list[str]:
    """Those without `**` before another letter: Podman 4.3 takes `**.log` for `**/.log`, as old versions of Docker."""
    return [text for text in pattern_sets(MORE) if not re.search(r"\*\*[^/\s]", text)][:SETS]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    for path in PATHS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path, encoding="utf-8")
    (folder / "Containerfile").write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
    return folder


def ours(text: str) -> set[str]:
    patterns = read_patterns(text)

    def out(path: str) -> bool:
        found = deciding_pattern(path, patterns, prunes=True)
        return found is not None

    return {path for path in PATHS if not out(path)}


def of_podman(engine: RealEngine, context: Path, text: str) -> set[str]:
    """The files of an image that Podman's builder makes of the context."""
    (context / ".dockerignore").write_text(text, encoding="utf-8")
    tag = f"localhost/shakeout-test/ignore:{os.getpid()}"
    engine.run("build", "--quiet", "--layers=false", "--tag", tag, str(context))
    container = engine.run("create", tag, "none")
    try:
        done = run([engine.engine.program, "export", container], capture_output=True, check=True)
        with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
            return {member.name for member in archive if member.isfile()} & set(PATHS)
    finally:
        engine.run("rm", "--force", container)
        engine.run("rmi", "--force", tag)


def test_the_table_is_large_enough_and_decides_both_ways() -> None:
    kept = [len(ours(text)) for text in for_podman()]
    assert SETS * len(PATHS) >= 500
    assert 150 < sum(kept) < SETS * len(PATHS) - 150


def test_a_file_in_a_folder_that_is_kept_out_is_brought_back_by_buildkit_alone() -> None:
    patterns = read_patterns("a\n!**/keep.py\n")
    assert deciding_pattern("a/b/keep.py", patterns) is None
    found = deciding_pattern("a/b/keep.py", patterns, prunes=True)
    assert found is not None and found.line == 1
    assert deciding_pattern("a/keep.py", read_patterns("a\n!a/keep.py\n"), prunes=True) is None


@pytest.mark.xdist_group("engine")
def test_podmans_builder_copies_what_we_say(engine: RealEngine, context: Path) -> None:
    wrong = []
    for text in for_podman():
        seen, said = of_podman(engine, context, text), ours(text)
        wrong += [(text, path, "kept" if path in seen else "left out") for path in sorted(seen ^ said)]
    assert wrong == []


@pytest.mark.xdist_group("engine")
def test_dockers_client_sends_what_we_say(docker_client: DockerClient, context: Path) -> None:
    wrong = []
    for text in pattern_sets(MORE):
        (context / ".dockerignore").write_text(text, encoding="utf-8")
        seen, said = docker_client.sent(context) & set(PATHS), ours(text)
        wrong += [(text, path, "sent" if path in seen else "left out") for path in sorted(seen ^ said)]
    assert wrong == []
