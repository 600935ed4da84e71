"""The folder of one run: `.shakeout/runs/<run>/`, which holds everything that the run saw and wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from shakeout.errors import UsageError
from shakeout.targets.base import Release

HOME = Path(".shakeout")
"""Where shakeout keeps its runs and state, below the folder of the manifest."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's folder; `id` is its name."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    def save(self, name: str, value: Any) -> Path:
        """Write a value as JSON, in one step; a number that is none (NaN) is null."""
        place = self.path / name
        draft = place.with_name(f".{name}.part")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
        draft.replace(place)
        return place

    def write(self, name: str, text: str) -> Path:
        """Write a text file, in one step."""
        place = self.path / name
        draft = place.with_name(f".{name}.part")
        draft.write_text(text, encoding="utf-8", errors="replace")
        draft.replace(place)
        return place

    def release(self) -> Release | None:
        """The release that the run made, None where it made none."""
        place = self.path / "release.json"
        return msgspec.json.decode(place.read_bytes(), type=Release) if place.is_file() else None


def home_of(manifest: Path) -> Path:
    """Where runs and state of a manifest's application are kept."""
    return manifest.resolve().parent / HOME


def new_run(home: Path, commit: str, moment: datetime) -> RunFolder:
    """Make a run's folder, named by its UTC time and commit; a name that is taken gets a number."""
    base = f"{moment:%Y%m%dT%H%M%SZ}-{commit[:7]}"
    for number in range(1, 1000):
        path = home / "runs" / (base if number == 1 else f"{base}-{number}")
        try:
            path.mkdir(parents=True)
            ignore = home / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(
                "the run's folder cannot be made",
                expected="a folder that may be written",
                seen=error.strerror or str(error),
                where=str(path),
                hint=f"look at {home}: runs and their reports are kept there",
            ) from error
        return RunFolder(path)
    raise UsageError(f"too many runs of one second in {home / 'runs'}", hint="remove old runs")


def find_run(home: Path, name: str | None) -> RunFolder:
    """
    A run by its name (or the start of it), by default the newest that has a report.

    Raises UsageError where there is none, or where the start fits several.
    """
    runs = sorted(path for path in (home / "runs").glob("*") if path.is_dir())
    known = [path for path in runs if (path / "run.json").is_file()]
    if name is None:
        if not known:
            raise UsageError(
                "there is no run yet",
                expected="a run's folder with a report",
                seen="none",
                where=str(home / "runs"),
                hint="shakeout up",
            )
        return RunFolder(known[-1])
    fitting = [path for path in known if path.name == name] or [path for path in known if path.name.startswith(name)]
    if len(fitting) != 1:
        raise UsageError(
            f"the run '{name}' is not known" if not fitting else f"'{name}' is the start of {len(fitting)} runs",
            expected="the name of one run",
            seen=", ".join(path.name for path in (fitting or known)[-5:]) or "no runs",
            where=str(home / "runs"),
        )
    return RunFolder(fitting[0])
