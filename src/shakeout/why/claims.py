"""Claims: typed statements about the system, each at one layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import ClassVar, TypeVar, dataclass_transform

from shakeout.evidence.model import Locator
from shakeout.why.layers import Layer


class Claim:
    """
    What every claim has: a layer, a statement (`str`), and its own question.

    Two claims are the same claim when they are equal, so a field that should not tell two causes apart (a count, a
    sample) does not belong in one. Claims are hashable; their fields are.
    """

    layer: ClassVar[Layer]
    actionable: ClassVar[bool] = False
    """Whether a STATE claim may be a root cause: nothing is declared, so there is nothing deeper to change."""

    def why(self) -> str:
        """The question that the next link answers."""
        return f"Why is it that {self}?"

    def title(self) -> str:
        """A heading for the issue of which this claim is the root cause or the symptom."""
        return str(self)

    @property
    def locators(self) -> tuple[Locator, ...]:
        """Every place that the claim's fields name, in their order."""
        found = (getattr(self, item.name) for item in fields(self))  # type: ignore[arg-type]
        return tuple(value for value in found if isinstance(value, Locator))

    def blamed(self) -> Locator | None:
        """
        The repository line whose introduction explains this claim; None where another rule explains it.

        By default the claim's first place in the repository, for a claim about a declaration.
        """
        if self.layer is not Layer.DECLARATION:
            return None
        return next((at for at in self.locators if at.source == "file" and at.line is not None), None)

    @property
    def type_name(self) -> str:
        """The claim's type, as JSON names it."""
        return type(self).__name__


C = TypeVar("C", bound=Claim)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def claim(layer: Layer, *, actionable: bool = False) -> Callable[[type[C]], type[C]]:
    """Make a class a claim of one layer: a frozen dataclass that can state itself and ask its own why."""

    def decorate(cls: type[C]) -> type[C]:
        if "__str__" not in vars(cls):
            raise TypeError(f"{cls.__module__}.{cls.__qualname__}: expected a __str__ that states the claim, got none")
        cls.layer = layer
        cls.actionable = actionable or layer >= Layer.DECLARATION
        return dataclass(frozen=True)(cls)

    return decorate
