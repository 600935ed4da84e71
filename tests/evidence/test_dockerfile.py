"""What a Dockerfile says: which file lies where in the image, and which Python is there."""

from __future__ import annotations

import pytest

from shakeout.evidence.dockerfile import Dockerfile, instructions


@pytest.mark.parametrize(
    ("text", "path", "places"),
    [
        ("FROM x\nCOPY . .\n", "a/b.py", ["/a/b.py"]),
        ("FROM x\nWORKDIR /app\nCOPY . .\n", "a/b.py", ["/app/a/b.py"]),
        ("FROM x\nWORKDIR /app\nWORKDIR src\nCOPY a ./a\n", "a/b.py", ["/app/src/a/b.py"]),
        ("FROM x\nCOPY a /srv\n", "a/b.py", ["/srv/b.py"]),
        ("FROM x\nCOPY a/b.py /srv/c.py\n", "a/b.py", ["/srv/c.py"]),
        ("FROM x\nCOPY a/b.py /srv/\n", "a/b.py", ["/srv/b.py"]),
        ("FROM x\nCOPY *.py /srv/\n", "b.py", ["/srv/b.py"]),
        ("FROM x\nCOPY *.py /srv/\n", "a/b.py", []),
        ('FROM x\nCOPY ["a b.py", "/srv/"]\n', "a b.py", ["/srv/a b.py"]),
        ("FROM x\nADD --chown=1:1 a /srv/a\n", "a/b.py", ["/srv/a/b.py"]),
        ("FROM x\nCOPY --exclude=a/b.py a /srv/a\n", "a/b.py", []),
        ("FROM x\nCOPY \\\n  # a comment\n  a \\\n  /srv/a\n", "a/b.py", ["/srv/a/b.py"]),
        ("FROM x AS one\nCOPY . /src\nFROM y\nCOPY --from=one /src/a /app/a\n", "a/b.py", ["/app/a/b.py"]),
        ("FROM x AS one\nCOPY . /src\nFROM y\nCOPY --from=one /src/c /app/c\n", "a/b.py", []),
        ("FROM x AS one\nCOPY . /src\nFROM y\nCOPY --from=0 /src /app\n", "a/b.py", ["/app/a/b.py"]),
        ("FROM x AS one\nCOPY . /src\nFROM one\nRUN true\n", "a/b.py", ["/src/a/b.py"]),
        ("FROM x AS one\nCOPY . /src\nFROM y\nRUN true\n", "a/b.py", []),
        ("FROM x\nRUN <<END\nCOPY . /no\nEND\nCOPY c /c\n", "a/b.py", []),
        ("FROM x AS a\nCOPY --from=b / /\nFROM y AS b\nCOPY --from=a / /\n", "a/b.py", []),
    ],
)
def test_a_file_is_copied_to(text: str, path: str, places: list[str]) -> None:
    assert [place for place, _ in Dockerfile(text).places(path)] == places


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("FROM python:3.12-slim\n", (3, 12)),
        ("FROM registry.example.com/mirror/python:3.9.18-bookworm@sha256:0\n", (3, 9)),
        ("ARG PY=3.10\nFROM python:${PY}-slim\n", (3, 10)),
        ("FROM python:3.8 AS build\nFROM build\n", (3, 8)),
        ("FROM ghcr.io/astral-sh/uv:python3.13-bookworm\n", (3, 13)),
        ("FROM python:3.8 AS build\nFROM debian:12\n", None),
        ("FROM python:slim\n", None),
        ("FROM node:20\n", None),
    ],
)
def test_the_python_of_an_image_is(text: str, version: tuple[int, int] | None) -> None:
    found = Dockerfile(text).python
    assert (found[0] if found else None) == version


def test_an_instruction_has_its_first_line() -> None:
    assert [(one.word, one.line) for one in instructions("# x\nFROM a\nRUN b \\\n  c\nCMD d\n")] == [
        ("FROM", 2), ("RUN", 3), ("CMD", 5),
    ]  # fmt: skip
