"""The evidence sources that a run has, looked up by type."""

from __future__ import annotations

import inspect
import typing
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

    def replaced(self, *sources: object) -> Sources:
        """The same sources, except that each of these takes the place of those of its type."""
        kinds = {type(source) for source in sources}
        return Sources(*sources, *(source for source in self._sources if type(source) not in kinds))

    def built_on(self, *sources: object) -> list[object]:
        """The sources that are made from others, made anew from these; `sources` themselves come first."""
        new = list(sources)
        waiting = [type(found) for found in self._sources if not any(type(found) is type(one) for one in new)]
        for kind in sorted(waiting, key=lambda kind: len(_made_from(kind))):
            needed = _made_from(kind)
            given = [next((one for one in new if isinstance(one, part)), None) for part in needed]
            if needed and all(one is not None for one in given):
                new.append(kind(*given))
        return new

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


def _made_from(kind: type[Any]) -> tuple[type[Any], ...]:
    """The types of what a source class has to be given; empty where it is not made from classes alone."""
    parameters = [item for item in inspect.signature(kind).parameters.values() if item.default is item.empty]
    hints = typing.get_type_hints(kind.__init__)
    found = tuple(hints.get(item.name) for item in parameters)
    classes = tuple(part for part in found if isinstance(part, type) and part.__module__.startswith("shakeout."))
    return classes if len(classes) == len(parameters) else ()


def describe(kind: type[Any]) -> str:
    """What a person would have to give for a source of this type to be there."""
    return str(getattr(kind, "described_as", kind.__name__))
