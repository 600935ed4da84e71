"""Reads a service's settings from its environment, and tells every fault at once."""

from __future__ import annotations

from collections.abc import Mapping

from shakeout.errors import UsageError


class SettingsError(UsageError):
    """The environment of a service is wrong; `faults` has one line per variable, and never a secret."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Environment:
    """
    Environment variables, read by type.

    A fault is noted and a stand-in is returned, so that all faults are found in one go; call `finish` before the
    values are used. An empty variable counts as not set.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._faults: list[str] = []

    def fault(self, name: str, expected: str, seen: str) -> None:
        """Note that the variable `name` is wrong."""
        self._faults.append(f"{name}: expected {expected}, got {seen}")

    def get(self, name: str) -> str | None:
        """The variable without surrounding blanks, or None when it is not set or empty."""
        return self._values.get(name, "").strip() or None

    def text(self, name: str, default: str | None = None, *, expected: str = "a value") -> str:
        """The variable, or `default`; a fault when there is neither."""
        value = self.get(name) or default
        if value is None:
            self.fault(name, expected, "nothing (it is not set)")
        return value or ""

    def integer(self, name: str, default: int | None = None, *, minimum: int = 0, maximum: int = 2**31 - 1) -> int:
        """The variable as a whole number between `minimum` and `maximum`, or `default`."""
        text = self.get(name)
        expected = f"a whole number from {minimum} to {maximum}"
        if text is None:
            if default is None:
                self.fault(name, expected, "nothing (it is not set)")
            return minimum if default is None else default
        if not (text.isascii() and text.isdigit()) or not minimum <= int(text[:12]) <= maximum:
            self.fault(name, expected, repr(text[:40]))
            return minimum
        return int(text)

    def listed(self, name: str) -> tuple[str, ...]:
        """The variable's values, separated by commas; empty when it is not set."""
        return tuple(part.strip() for part in (self.get(name) or "").split(",") if part.strip())

    def finish(self) -> None:
        """Raise `SettingsError` when any variable was wrong."""
        if self._faults:
            raise SettingsError(tuple(self._faults))
