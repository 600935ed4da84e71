"""
The catalogue: all rules, one failure family in each file.

Families are found by walking this package; nothing has to be registered anywhere.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from shakeout.why.rule import Family, Rule


@cache
def families() -> tuple[Family, ...]:
    """Every family of the package, by name."""
    found: dict[str, Family] = {}
    for module in pkgutil.walk_packages(__path__, __name__ + "."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Family):
                if value.name in found and found[value.name] is not value:
                    raise TypeError(f"{module.name}: expected a family name of its own, got '{value.name}' again")
                found[value.name] = value
    return tuple(found[name] for name in sorted(found))


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of every family, by name; names are unique."""
    found: dict[str, Rule] = {}
    for family in families():
        for rule in family.rules:
            if rule.name in found:
                raise TypeError(f"{rule.where}: expected a rule name of its own, got '{rule.name}' again")
            found[rule.name] = rule
    return tuple(found[name] for name in sorted(found))
