"""
Writes the pages of docs/reference that code knows; `--check` only says which of them are not what they should be.

A generator is a function without arguments that returns the file's text; add it to `GENERATORS`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum, EnumType
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"


def manifest_page() -> str:
    """The manifest's reference, from the annotated file and the schema."""
    from shakeout.manifest.reference import markdown

    return markdown((REFERENCE / "shakeout.yaml").read_text("utf-8"))


def manifest_schema() -> str:
    """The manifest's JSON Schema."""
    from shakeout.manifest.reference import json_schema

    return json_schema()


def report_schema() -> str:
    """The report's JSON Schema."""
    from shakeout.report.schema import render_schema

    return render_schema()


def websocket_page() -> str:
    """The live protocol's reference, from its schema."""
    from shakeout.console.protocol import render_markdown

    return render_markdown()


def cli_page() -> str:
    """The command line's reference, from the application itself."""
    import typer

    from shakeout.cli import EXIT_STATUSES, make_app

    group: Any = typer.main.get_command(make_app())
    lines = [
        "# The command line",
        "",
        "<!-- Generated from src/shakeout/cli by scripts/docs.py. -->",
        "",
        "Results go to standard output, progress and errors to standard error.",
        "Lines are plain where standard output is no terminal or `CI` is set; `NO_COLOR` takes the colours away.",
        "",
        f"{EXIT_STATUSES}",
        "[Exit statuses](exit-statuses.md) says more.",
    ]
    for name, verb in sorted(group.commands.items()):
        lines += ["", f"## `shakeout {name}`", "", *_sentences(verb.help)]
        arguments = [item for item in verb.params if not item.opts[0].startswith("-")]
        lines += ["", "| argument | meaning |", "| --- | --- |"] if arguments else []
        lines += [f"| `{item.metavar}` | {item.help} |" for item in arguments]
        lines += ["", "| option | meaning | default |", "| --- | --- | --- |"]
        lines += [_option(item) for item in verb.params if item.opts[0].startswith("-") and item.name != "help"]
    return "\n".join(lines) + "\n"


def _sentences(text: str) -> list[str]:
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return "\n\n".join(part.replace(". ", ".\n") for part in paragraphs).split("\n")


def _option(item: Any) -> str:
    kind = item.type_descriptor.annotation
    choices = ", ".join(f"`{member.value}`" for member in kind) if isinstance(kind, EnumType) else ""
    value = item.metavar or ("" if item.is_flag else kind.__name__.upper())
    names = ", ".join(f"`{' '.join(part for part in (name, value) if part)}`" for name in item.opts)
    meaning = item.help + (f" One of {choices}." if choices else "")
    meaning += " Can be given more than once." if item.multiple else ""
    meaning += f" Also by the environment variable `{item.envvar}`." if item.envvar else ""
    shown = item.show_default if isinstance(item.show_default, str) else item.default
    if isinstance(shown, Enum):
        shown = shown.value
    default = f"`{shown}`" if shown not in (None, False, "") and not isinstance(item.show_default, str) else shown or ""
    return f"| {names} | {meaning} | {default} |"


GENERATORS: dict[str, Callable[[], str]] = {
    "manifest.md": manifest_page,
    "shakeout.schema.json": manifest_schema,
    "report.schema.json": report_schema,
    "websocket.md": websocket_page,
    "cli.md": cli_page,
}


def rule_pages() -> dict[str, str]:
    """A page for each rule of the catalogue, from its docstring, and the list of all by family."""
    from shakeout.catalogue import families

    note = "<!-- Generated from src/shakeout/catalogue by scripts/docs.py. -->"
    pages: dict[str, str] = {}
    index = [
        "# Rules",
        "",
        note,
        "",
        "Each rule explains one kind of claim by another, from evidence.",
        "`shakeout explain --rule NAME` prints a rule's page, `--rule all` lists them.",
    ]
    for family in families():
        index += ["", f"## {family.name}", "", f"{family.summary}.", ""]
        for rule in sorted(family.rules, key=lambda found: found.name):
            index.append(f"- [{rule.name}]({rule.name}.md): {rule.summary}")
            lines = [
                f"# {rule.name}",
                "",
                note,
                "",
                f"Family: [{family.name}](README.md#{family.name})",
                "",
                rule.page.strip(),
            ]
            if rule.guard is not None:
                lines += [
                    "",
                    "## Guard",
                    "",
                    f"The {rule.guard.name} would have stopped it:",
                    "",
                    "```text",
                    rule.guard.add,
                    "```",
                ]
            pages[f"rules/{rule.name}.md"] = "\n".join(lines) + "\n"
    pages["rules/README.md"] = "\n".join(index) + "\n"
    return pages


def main(arguments: list[str]) -> int:
    """0 where everything is as it should be, or has been written; 1 where `--check` found a difference."""
    check = "--check" in arguments
    stale = []
    texts = {name: generate() for name, generate in GENERATORS.items()} | rule_pages()
    for path in sorted(REFERENCE.glob("rules/*.md")):
        if path.relative_to(REFERENCE).as_posix() not in texts:
            stale.append(path.relative_to(ROOT).as_posix())
            if not check:
                path.unlink()
    for name, text in texts.items():
        path = REFERENCE / name
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT).as_posix())
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    for name in stale:
        print(f"{name}: {'differs; run python scripts/docs.py' if check else 'written'}", file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
