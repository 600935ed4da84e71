"""A breaker is laid to an address firmly only where something ties the two together."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.runs.offline import Question, check_arguments, explain_offline


@pytest.mark.parametrize(
    ("failure", "breaker", "opening"),
    [
        ("connect ECONNREFUSED smtp.example.com:25", "Circuit breaker 'ledger' is OPEN", "Possibly because"),
        ("ledger: connect ECONNREFUSED 192.0.2.4:8123", "Circuit breaker 'ledger' is OPEN", "Because"),
        ("connect ECONNREFUSED 192.0.2.4:8123", "The circuit breaker is open", "Because"),
    ],
)
def test_an_address_that_the_breaker_is_not_called_after_is_a_possibility(
    failure: str, breaker: str, opening: str, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    log.write_text(f"2026-02-01T09:59:00Z ERROR pay {failure}\n2026-02-01T10:00:00Z ERROR pay {breaker}\n")
    report = explain_offline(Question(evidence=check_arguments([str(log)]), repository=None, at=None))
    answers = [why.answer for issue in report.issues for why in issue.whys if why.rule == "connections-behind-breaker"]
    assert answers and all(answer.startswith(f"{opening} connections to ") for answer in answers)
