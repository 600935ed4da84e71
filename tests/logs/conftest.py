"""What several tests of log templates need."""

from __future__ import annotations

import pytest

from shakeout.logs.templates import compiled


@pytest.fixture(params=["machine code", "numpy"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words and prefixes are found by machine code where there is some, and without."""
    if request.param == "numpy":
        monkeypatch.setattr(compiled, "_library", lambda: None)
