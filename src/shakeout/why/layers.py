"""The six floors that the answers to "why?" walk down."""

from __future__ import annotations

from enum import IntEnum


class Layer(IntEnum):
    """A chain may skip a floor and may stay on one; it never climbs back up."""

    SYMPTOM = 1
    MECHANISM = 2
    STATE = 3
    DECLARATION = 4
    CHANGE = 5
    GUARD = 6

    @property
    def word(self) -> str:
        """The layer's name as reports write it."""
        return self.name.lower()
