"""Where results and progress go."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from rich.console import Console

from shakeout.errors import UsageError
from shakeout.report import github
from shakeout.report.model import Report, Status
from shakeout.report.rendering import Format, render


class _Console(Console):
    """Leaves it to the caller what it means that nobody reads any more; the library would exit with status 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def results_console() -> Console:
    """For people, on standard output: colours only on a terminal and without `NO_COLOR`, at most 110 columns."""
    plain = not sys.stdout.isatty() or bool(os.environ.get("CI"))
    width = min(Console().width, 110) if sys.stdout.isatty() else 110
    return _Console(width=width, highlight=False, no_color=plain or None, force_terminal=False if plain else None)


class ProgressLines:
    """Progress on standard error: one plain line for each message, with the seconds since the start."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._start = time.monotonic()
        self._console = _Console(stderr=True, highlight=False, soft_wrap=True)
        self._last = ""

    def __call__(self, line: str) -> None:
        if self._quiet or line == self._last:
            return
        self._last = line
        seconds = time.monotonic() - self._start
        try:
            if self._console.is_terminal and not os.environ.get("CI"):
                self._console.print(f"[dim]{seconds:5.1f}s[/dim] {_escaped(line)}")
            else:
                print(f"{seconds:5.1f}s {line}", file=sys.stderr, flush=True)
        except OSError:
            self._quiet = True  # nobody listens any more, which is no reason to stop half-way


def emit(report: Report, form: Format | None, output: Path | None) -> None:
    """Write the report in one form to a file or to standard output; does nothing without a form and a file."""
    if form is None and output is None:
        return
    text = render(report, form or _form_of(output))
    if form is Format.GITHUB:
        _add_job_summary(report)
    if output is None or str(output) == "-":
        # Every form is UTF-8 by its own definition, whatever the locale says.
        data = (text if text.endswith("\n") else text + "\n").encode("utf-8", "replace")
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            "the report cannot be written",
            expected="a file that may be written",
            seen=error.strerror or str(error),
            where=str(output),
            hint="name another: --output FILE",
        ) from error


def _add_job_summary(report: Report) -> None:
    """In a GitHub workflow, add the report to the step's page; not being able to is no reason to fail."""
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if not place:
        return
    try:
        with Path(place).open("a", encoding="utf-8", errors="replace") as file:
            file.write(github.summary(report))
    except OSError as error:
        print(f"the job summary cannot be written: {place}: {error.strerror}", file=sys.stderr)


def exit_status(report: Report) -> int:
    """0 nothing found, 1 issues found, 4 inconclusive."""
    if report.status is Status.SUCCESSFUL:
        return 0
    return 4 if report.status is Status.INCONCLUSIVE else 1


def _form_of(output: Path | None) -> Format:
    endings = {
        ".md": Format.MARKDOWN,
        ".html": Format.HTML,
        ".json": Format.JSON,
        ".xml": Format.JUNIT,
        ".sarif": Format.SARIF,
    }
    return endings.get(output.suffix if output else "", Format.MARKDOWN)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
