"""One run, many renderers: each format is a module of this package with `render(report) -> str`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from enum import StrEnum
from typing import cast

from shakeout.report.model import Report


class Format(StrEnum):
    """The forms that a report can take; each is the name of a module of `shakeout.report`."""

    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"
    JUNIT = "junit"
    SARIF = "sarif"
    GITHUB = "github"


FILES = {"report.md": Format.MARKDOWN, "report.html": Format.HTML, "report.json": Format.JSON}
"""What lies in every run's folder."""


def render(report: Report, form: Format) -> str:
    """The report in one form; the same report gives the same text, byte for byte."""
    module = importlib.import_module(f"shakeout.report.{form.value}")
    return cast("Callable[[Report], str]", module.render)(report)
