"""What several tests of log templates need."""

from __future__ import annotations

import pytest

from shakeout.logs.templates import compiled


@pytest.fixture(params=["machine code", "numpy"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words are found by machine code where there is some, and by numpy."""
    if request.param == "numpy":
        monkeypatch.setattr(compiled, "named", lambda block: None)
