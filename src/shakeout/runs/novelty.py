"""What a run's logs say that an earlier one's did not, as the report shows it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import msgspec

from shakeout.evidence.redaction import redact
from shakeout.logs.entry import LogEntry
from shakeout.report.model import LogChange, Report, Status

SHOWN = 40
"""Changes that a report shows at most: those that matter first."""


def log_changes(baseline: Iterable[LogEntry], current: Iterable[LogEntry]) -> tuple[LogChange, ...]:
    """The templates that differ, new ones first, at most SHOWN; nothing where either side has no entry."""
    from shakeout.logs.events import events
    from shakeout.logs.novelty import changes
    from shakeout.logs.templates.miner import TemplateMiner

    before, after = TemplateMiner(), TemplateMiner()
    before.add_entries(events(baseline))
    after.add_entries(events(current))
    found: list[LogChange] = []
    for change in changes(before, after)[:SHOWN]:
        evidence = change.template.evidence()
        found.append(
            LogChange(
                kind=change.kind,
                template=redact(change.template.text)[:500],
                before=change.before,
                after=change.after,
                ratio=round(change.ratio, 3) if math.isfinite(change.ratio) else None,
                p=float(f"{change.p:.3g}"),
                sure=change.sure,
                severities=dict(sorted(change.template.severities.items())),
                evidence=(evidence,) if evidence is not None and change.after else (),
            )
        )
    return tuple(found)


def last_good_run(home: Path, environment: str, before: str) -> Path | None:
    """The folder of the newest run of an environment that was successful and has logs, older than the run `before`."""
    for folder in sorted((home / "runs").glob("*"), reverse=True):
        if folder.name >= before or not (folder / "logs").is_dir():
            continue
        try:
            report = msgspec.json.decode((folder / "run.json").read_bytes(), type=Report)
        except (OSError, msgspec.DecodeError):
            continue
        if report.status is Status.SUCCESSFUL and report.environment == environment:
            return folder
    return None
