"""
Writes the pages of docs/reference that code knows; `--check` only says which of them are not what they should be.

A generator is a function without arguments that returns the file's text; add it to `GENERATORS`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

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


GENERATORS: dict[str, Callable[[], str]] = {
    "manifest.md": manifest_page,
    "shakeout.schema.json": manifest_schema,
    "report.schema.json": report_schema,
}


def main(arguments: list[str]) -> int:
    """0 where everything is as it should be, or has been written; 1 where `--check` found a difference."""
    check = "--check" in arguments
    stale = []
    for name, generate in GENERATORS.items():
        path = REFERENCE / name
        text = generate()
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
