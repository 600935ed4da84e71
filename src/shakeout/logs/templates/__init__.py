"""Templates: the events of a log, each with its count, its values and an example."""

from __future__ import annotations

from shakeout.logs.templated import Templates, templates_of
from shakeout.logs.templates.files import mine, mine_stream
from shakeout.logs.templates.miner import TemplateMiner
from shakeout.logs.templates.model import OVERFLOW, Example, Template, Values, identity
from shakeout.logs.templates.prefix import Layout, layout_of

__all__ = [
    "OVERFLOW",
    "Example",
    "Layout",
    "Template",
    "TemplateMiner",
    "Templates",
    "Values",
    "identity",
    "layout_of",
    "mine",
    "mine_stream",
    "templates_of",
]
