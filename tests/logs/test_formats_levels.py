"""A level that stands where syslog has its host is a level."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.logs.entry import Severity
from shakeout.logs.reading import read_evidence


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("2026-02-01T10:00:00Z ERROR denied: Permission 'a.b.c' denied", Severity.ERROR),
        ("2026-02-01T10:00:00Z WARNING cache: 3 entries dropped", Severity.WARNING),
        ("2026-02-01T10:00:00.123Z INFO worker[7]: ready", Severity.INFO),
    ],
)
def test_a_level_before_a_word_and_a_colon_is_the_severity(tmp_path: Path, line: str, severity: Severity) -> None:
    place = tmp_path / "app.log"
    place.write_text(line + "\n")
    with read_evidence([place]) as found:
        (entry,) = found.entries()
    assert entry.severity == severity
    assert "host" not in entry.labels
