"""`shakeout explain --rule NAME`: names that nobody has are answered with those that may have been meant."""

from __future__ import annotations

import pytest

from shakeout.catalogue import rules
from shakeout.cli.explain import alike

PAGES = {rule.name: rule.page for rule in rules()}


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("exclude-from-build-contxt", "excluded-from-build-context"),
        ("ModuleNotFound", "module-not-found"),
        ("undefinedname", "name-bound-nowhere"),
    ],
)
def test_a_name_that_is_nearly_one_is_answered_with_it(asked: str, meant: str) -> None:
    assert meant in alike(asked, PAGES)


def test_a_name_that_means_nothing_is_answered_with_none() -> None:
    assert alike("zzz", PAGES) == ()
