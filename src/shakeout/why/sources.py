"""The evidence sources that a run has, looked up by type."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


class Sources:
    """
    Holds one object for each type of evidence source.

    A source class may say in `described_as` what a person would have to give for it to be there, for example
    "the repository (`--repo DIR`)"; that text goes into the report where the source is missing.
    """

    def __init__(self, *sources: object) -> None:
        self._sources: list[object] = list(sources)

    def add(self, source: object) -> None:
        self._sources.append(source)

    def get(self, kind: type[T]) -> T | None:
        """The first source of that type (or a subtype), None where there is none."""
        return next((source for source in self._sources if isinstance(source, kind)), None)


def describe(kind: type[Any]) -> str:
    """What a person would have to give for a source of this type to be there."""
    return str(getattr(kind, "described_as", kind.__name__))
