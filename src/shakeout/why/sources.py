"""The evidence sources that a run has, looked up by type."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


class Sources:
    """
    Holds one object for each type of evidence source.

    A source class may say in `described_as` what a person would have to give for it to be there, for example
    "the repository (`--repo DIR`)"; that text goes into the report where the source is missing.
    A source class whose objects are made from other sources says so in `made_from`, a tuple of their types: it is made
    when it is first asked for.
    """

    def __init__(self, *sources: object) -> None:
        self._sources: list[object] = list(sources)

    def add(self, source: object) -> None:
        self._sources.append(source)

    def get(self, kind: type[T]) -> T | None:
        """The first source of that type (or a subtype), made from others where it can be; None where there is none."""
        found = next((source for source in self._sources if isinstance(source, kind)), None)
        needed: tuple[type[Any], ...] = getattr(kind, "made_from", ())
        if found is None and needed:
            parts = [self.get(part) for part in needed]
            if all(part is not None for part in parts):
                found = kind(*parts)
                self._sources.append(found)
        return found


def describe(kind: type[Any]) -> str:
    """What a person would have to give for a source of this type to be there."""
    return str(getattr(kind, "described_as", kind.__name__))
