"""Short ways to say what came of a question."""

from __future__ import annotations

from typing import Any

from shakeout.checks.base import Answer, Outcome
from shakeout.checks.client import Reply
from shakeout.checks.network import NetworkFault


def passed(detail: str, **facts: Any) -> Answer:
    """It is as it should be."""
    return Answer(outcome=Outcome.PASSED, detail=detail, facts=facts)


def inconclusive(detail: str, *, reproduce: str | None = None, **facts: Any) -> Answer:
    """It could not be asked, or the answer could not be read; `detail` says why."""
    return Answer(outcome=Outcome.INCONCLUSIVE, detail=detail, reproduce=reproduce, facts=facts)


def not_reached(fault: NetworkFault, *, expected: str, reproduce: str | None = None, **facts: Any) -> Answer:
    """Nothing usable came back from the address."""
    return Answer(
        outcome=Outcome.FAILED,
        detail=str(fault),
        expected=expected,
        actual=str(fault),
        excerpt=fault.message,
        reproduce=reproduce,
        facts={**fault.facts(), **facts},
    )


def refused_answer(
    reply: Reply, *, detail: str, expected: str, actual: str | None = None, reproduce: str | None = None, **facts: Any
) -> Answer:
    """An HTTP answer came, and it is not the one that was expected."""
    code = reply.error_code()
    return Answer(
        outcome=Outcome.FAILED,
        detail=detail,
        expected=expected,
        actual=actual or (f"{reply.summary} ({code})" if code else reply.summary),
        excerpt=reply.excerpt(),
        reproduce=reproduce,
        facts={"status": reply.status, **({"code": code} if code else {}), **facts},
    )
