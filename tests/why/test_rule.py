"""What makes a function a rule."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shakeout.evidence.model import Evidence, Locator
from shakeout.why import Because, Claim, Family, Layer, RuledOut, claim

EVIDENCE = Evidence(kind="file", locator=Locator(source="file", path="a", line=1), quote="x")


@claim(Layer.SYMPTOM)
class Late(Claim):
    train: str

    def __str__(self) -> str:
        return f"{self.train} is late"


class Timetable:
    pass


def test_a_rule_is_named_after_its_function_and_asks_for_sources_by_type() -> None:
    family = Family("trains", "Trains")

    @family.rule
    def snow_on_the_line(late: Late, timetable: Timetable) -> Iterator[Because]:
        """
        Snow.

        ## What you see
        a
        ## Why it happens
        b
        ## How we know
        c
        ## What to change
        d
        """
        yield from ()

    (rule,) = family.rules
    assert rule.name == "snow-on-the-line"
    assert rule.effects == (Late,)
    assert rule.sources == (Timetable,)
    assert rule.summary == "Snow."
    assert rule.optional == frozenset()


def test_a_source_that_may_be_none_is_optional() -> None:
    family = Family("trains", "Trains")

    @family.rule
    def snow_on_the_line(late: Late, timetable: Timetable | None) -> Iterator[Because]:
        """
        Snow.

        ## What you see
        a
        ## Why it happens
        b
        ## How we know
        c
        ## What to change
        d
        """
        yield from ()

    (rule,) = family.rules
    assert rule.sources == (Timetable,)
    assert rule.optional == {0}


def test_a_page_with_other_headings_is_refused_with_file_and_line() -> None:
    family = Family("trains", "Trains")

    def no_page(late: Late) -> Iterator[Because]:
        """Snow."""
        yield from ()

    with pytest.raises(TypeError, match=r"test_rule\.py:\d+: expected the headings What you see"):
        family.rule(no_page)


def test_a_page_with_an_empty_part_is_refused() -> None:
    family = Family("trains", "Trains")

    def empty_part(late: Late) -> Iterator[Because]:
        """
        Snow.

        ## What you see
        ## Why it happens
        b
        ## How we know
        c
        ## What to change
        d
        """
        yield from ()

    with pytest.raises(TypeError, match="expected text below the heading 'What you see'"):
        family.rule(empty_part)


def test_a_link_without_evidence_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="no evidence"):
        Because(Late("RE 1"), [])


def test_nothing_is_ruled_out_without_evidence() -> None:
    with pytest.raises(ValueError, match="without evidence"):
        RuledOut(Late("RE 1"), [])


def test_a_claim_without_a_statement_is_refused() -> None:
    with pytest.raises(TypeError, match="__str__"):

        @claim(Layer.STATE)
        class Silent(Claim):
            pass


def test_equal_claims_are_one_claim() -> None:
    assert Late("RE 1") == Late("RE 1")
    assert len({Late("RE 1"), Late("RE 1"), Late("RE 2")}) == 2
