"""`shakeout templates`: the events of logs, each with its count and an example, or the event of every line."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich.table import Table
from rich.text import Text

from shakeout.cli.output import results_console
from shakeout.evidence.redaction import redact

if TYPE_CHECKING:  # the miner's engine takes a quarter of a second to load, which no other verb should pay
    import polars as pl

    from shakeout.logs.templates import Template, TemplateMiner


class TemplateFormat(StrEnum):
    """How templates are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def templates(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG", help="Log files; - for standard input.")],
    form: Annotated[
        TemplateFormat, typer.Option("--format", help="A table for people, or JSON or CSV for programs.")
    ] = TemplateFormat.TABLE,
    lines: Annotated[bool, typer.Option("--lines", help="One row for each line of the input, in its order.")] = False,
    content: Annotated[
        bool, typer.Option("--content", help="Each line is the bare message: there is no prefix to take off.")
    ] = False,
) -> int:
    """Show the events of logs, each with its count."""
    from shakeout.logs.templates import TemplateMiner, mine, mine_stream

    miner = TemplateMiner(numbered=lines)
    for log in logs:
        if str(log) == "-":
            mine_stream(sys.stdin.buffer, miner, path="-", content=content)
        elif lines or content or not _is_structured(log) or not _mine_entries(log, miner):
            mine(log, miner, content=content)
    if lines:
        _write_lines(miner, form, sys.stdout)
    else:
        _write_templates(miner, form, sys.stdout)
    return 0


def _is_structured(log: Path) -> bool:
    """Whether a file holds JSON, or is compressed: then it is read by entries, as any evidence is."""
    try:
        with log.open("rb") as file:
            head = file.read(4096).lstrip()
            if head.startswith(b"["):
                return head[1:].lstrip()[:1] in {b"{", b"]"}
            return head.startswith((b"{", b"\x1f\x8b"))
    except OSError:
        return False


def _mine_entries(log: Path, miner: TemplateMiner) -> bool:
    """Add a file by the entries that it is read as; False where it holds none, so that its lines are taken."""
    from shakeout.logs.reading import read_evidence

    before = miner.lines
    with read_evidence([log]) as found:
        miner.add_entries(found.entries())
    return miner.lines > before


def _write_templates(miner: TemplateMiner, form: TemplateFormat, out: TextIO) -> None:
    found = miner.snapshot()
    if form is TemplateFormat.JSON:
        document = {
            "schema_version": 1,
            "lines": miner.lines,
            "overflow": miner.overflowed,
            "templates": [_as_json(template) for template in found],
        }
        out.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    elif form is TemplateFormat.CSV:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("template_id", "count", "first", "last", "template", "example", "locator"))
        rows.writerows(_as_row(template) for template in found)
    else:
        results_console().print(_as_table(found))
        bound = "; more different lines than are kept: counts marked ~ are estimates" if miner.overflowed else ""
        out.write(f"{len(found)} templates in {miner.lines} lines{bound}\n")


def _as_json(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "template": redact(template.text),
        "count": template.count,
        "estimated": template.estimated,
        "first": template.first.isoformat() if template.first else None,
        "last": template.last.isoformat() if template.last else None,
        "severities": dict(template.severities),
        "services": dict(template.services),
        "instances": list(template.instances),
        "values": [
            {"kind": values.kind, "samples": [redact(sample) for sample in values.samples]}
            for values in template.values
        ],
        "examples": [{"line": redact(example.text), "locator": str(example.locator)} for example in template.examples],
    }


def _as_row(template: Template) -> Sequence[object]:
    example = template.example
    return (
        template.id,
        template.count,
        template.first.isoformat() if template.first else "",
        template.last.isoformat() if template.last else "",
        redact(template.text),
        redact(example.text) if example else "",
        example.locator if example else "",
    )


def _as_table(found: Sequence[Template]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("count", justify="right")
    table.add_column("id")
    table.add_column("template", overflow="fold")
    table.add_column("first seen at")
    for template in found:
        example = template.example
        table.add_row(
            f"~{template.count}" if template.estimated else str(template.count),
            template.id,
            Text(redact(template.text)),
            Text(str(example.locator) if example else ""),
        )
    return table


def _write_lines(miner: TemplateMiner, form: TemplateFormat, out: TextIO) -> None:
    import polars as pl

    texts = pl.DataFrame(
        {"template_id": [t.id for t in miner.snapshot()], "template": [redact(t.text) for t in miner.snapshot()]},
        schema={"template_id": pl.String, "template": pl.String},
    )
    if form is TemplateFormat.CSV:
        out.flush()
        out.buffer.write(b"line,template_id,template\n")
        for portion in _rows(miner, texts):
            buffer = io.BytesIO()
            portion.write_csv(buffer, include_header=False)
            out.buffer.write(buffer.getbuffer())
        return
    for portion in _rows(miner, texts):
        for line, number, text in portion.iter_rows():
            if form is TemplateFormat.JSON:
                row = {"line": line, "template_id": number, "template": text}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
            else:
                out.write(f"{line:>8}  {number}  {text}\n")


def _rows(miner: TemplateMiner, texts: pl.DataFrame) -> Iterator[pl.DataFrame]:
    start = 1
    for ids in miner.numbers():
        portion = ids.alias("template_id").to_frame().join(texts, on="template_id", how="left", maintain_order="left")
        yield portion.with_row_index("line", offset=start)
        start += len(ids)


VERB = templates
