"""A report becomes what a person or a machine reads, and an exit status."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from shakeout.cli.output import emit, exit_status, results_console
from shakeout.report.model import Report
from shakeout.report.rendering import Format


def present_report(
    report: Report, form: Format | None, output: Path | None, *, quiet: bool, folder: Path | None = None
) -> int:
    """Print the summary, or the report in the form that was asked for; `folder` is where its files lie."""
    to_stdout = form is not None and (output is None or str(output) == "-")
    try:
        if not quiet and not to_stdout:
            from shakeout.cli.summary import print_summary

            print_summary(report, results_console(), folder)
        emit(report, form, output)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); what was found is still told by the exit status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_status(report)
