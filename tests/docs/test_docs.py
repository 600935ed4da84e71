"""The documentation says what is true: links resolve, commands exist, the tutorial runs as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from shakeout.cli import make_app
from shakeout.manifest.loading import parse_manifest
from shakeout.manifest.planning import make_plan

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"(?:`(?P<file>[\w./-]+)`:\n\n)?```(?P<form>\w+)\n(?P<body>.*?)```", re.S)


def blocks(page: Path, *forms: str) -> Iterator[re.Match[str]]:
    return (match for match in BLOCK.finditer(page.read_text("utf-8")) if match["form"] in forms)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every `shakeout …` and `make …` line of a page's shell blocks."""
    for block in blocks(page, "sh", "console", "yaml"):
        for line in block["body"].replace("\\\n", " ").splitlines():
            text = re.sub(r"^\s*(?:- run: |\$ )?", "", line).partition(" #")[0]
            for part in re.split(r"\||&&|;", text):
                if re.match(r"\s*(shakeout|make) ", part):
                    yield shlex.split(part)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_resolves(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    assert [link for link in targets if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_on_a_page_exists(page: Path) -> None:
    group: Any = typer.main.get_command(make_app())
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for program, verb, *words in commands(page):
        if program == "make":
            assert verb in targets, f"make {verb}"
            continue
        assert verb in group.commands, f"shakeout {verb}"
        known = {name for item in group.commands[verb].params for name in item.opts}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given - known == set(), f"shakeout {verb}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_yaml_is_yaml(page: Path) -> None:
    for block in blocks(page, "yaml"):
        yaml.safe_load(block["body"])


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        waiting += [found for link in links if (found := (page.parent / link).resolve()).is_file()]
    assert set(PAGES) - reached == set()


@pytest.mark.parametrize("environment", ["local", "staging"])
def test_the_manifest_of_the_readme_makes_a_plan(environment: str, tmp_path: Path) -> None:
    text = next(block["body"] for block in blocks(ROOT / "README.md", "yaml") if "services:" in block["body"])
    plan = make_plan(
        parse_manifest(text, path=tmp_path / "shakeout.yaml"),
        environment=environment,
        commit="a" * 40,
        dirty=False,
        repository=tmp_path,
        caller={},
    )
    assert [service.name for service in plan.services] == ["backend", "frontend"]


def test_the_statuses_of_the_readme_are_those_of_the_reference() -> None:
    readme = re.findall(r"^\| (\d) \|", (ROOT / "README.md").read_text("utf-8"), re.M)
    reference = re.findall(r"^\| (\d) \|", (ROOT / "docs" / "reference" / "exit-statuses.md").read_text("utf-8"), re.M)
    assert readme == reference == ["0", "1", "2", "3", "4"]


def shape(text: str) -> list[str]:
    """Lines with hashes, numbers, units of time and widths taken out."""
    result = []
    for line in text.splitlines():
        plain = re.sub(r"\b[0-9a-f]{12}\b", "HASH", line)
        plain = re.sub(r"\d{4}-\d\d-\d\d", "DATE", plain)
        plain = " ".join(re.sub(r"\d+(\.\d+)?( m?s\b)?", "N", plain).split())
        if plain:
            result.append(plain)
    return result


def test_the_tutorial_runs_as_it_stands_and_prints_what_it_shows(tmp_path: Path) -> None:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
    }
    folder, out, shown = tmp_path, "", 0
    for block in blocks(ROOT / "docs" / "tutorial.md", "sh", "python", "yaml", "text"):
        body = block["body"]
        if block["file"]:
            (folder / block["file"]).write_text(body)
        elif block["form"] == "sh":
            done = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", body.replace("\nshakeout", "\nset +e\nshakeout")],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            out = done.stdout
            expected = 1 if "--prove" in body else 0
            assert done.returncode == expected, f"{body}\n{out}\n{done.stderr}"
            folder = tmp_path / "parcels"
        else:
            missing = [line for line in shape(body) if line not in shape(out)]
            assert missing == [], f"the tutorial shows what was not printed; printed was:\n{out}"
            shown += 1
    assert shown == 5
