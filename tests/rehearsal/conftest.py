"""The double, for the tests of this folder."""

from __future__ import annotations

from fixtures.rehearsal import clients, rehearse

__all__ = ["clients", "rehearse"]
