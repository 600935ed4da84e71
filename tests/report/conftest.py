"""Reports to render: one with everything in it, one that is well, one with nothing."""

from __future__ import annotations

import pytest

from shakeout.checks.base import CheckResult, Outcome
from shakeout.evidence.model import Evidence, Locator
from shakeout.report.model import (
    Change,
    Fix,
    Guard,
    Issue,
    Priority,
    Proof,
    Recommendation,
    ReleaseSummary,
    Report,
    RootCause,
    RuledOut,
    ServiceSummary,
    Status,
    Unexplained,
    Why,
)

COMMIT = "3f9c1e7a" * 5


def seen(kind: str, path: str, line: int | None, quote: str, note: str = "") -> Evidence:
    locator = Locator(source="file" if kind in {"file", "configuration"} else kind, path=path, line=line)
    return Evidence(kind=kind, locator=locator, quote=quote, note=note)  # type: ignore[arg-type]


def check(name: str, outcome: Outcome, detail: str, service: str | None = None, **more: object) -> CheckResult:
    values = {"kind": "http", "question": f"Does {name} hold?", "required": True, "seconds": 0.012, **more}
    return CheckResult(name=name, outcome=outcome, detail=detail, service=service, **values)  # type: ignore[arg-type]


@pytest.fixture
def full() -> Report:
    """A run with three issues, of which one is fully explained, one partly and one not at all."""
    breaker = "CircuitBreakerOpenError: SERVICE_UNAVAILABLE: Circuit breaker 'clickhouse' is OPEN"
    return Report(
        status=Status.SUCCESSFUL_WITH_ISSUES,
        application="parcel-desk",
        environment="staging",
        target="cloud-run",
        run="20250903-101500-3f9c1e7a",
        date="2025-09-03T10:15:00+00:00",
        release=ReleaseSummary(id="r-17", commit=COMMIT, subject="Move the desk's settings into one module"),
        services=(
            ServiceSummary(
                name="backend",
                revision="backend-00017",
                url="https://backend-staging.example.run.app",
                status="deployed",
                version="1.4.0",
                commit=COMMIT,
                seconds=3.2,
                restarts=1,
            ),
            ServiceSummary(
                name="auth",
                revision="auth-00009",
                url="https://auth.staging.example.com",
                status="external",
            ),
            ServiceSummary(
                name="frontend",
                revision="frontend-00021",
                url="https://frontend-staging.example.run.app",
                status="deployed",
                version="1.3.9",
                commit="b" * 40,
                seconds=1.1,
            ),
        ),
        checks=(
            check("backend-health", Outcome.PASSED, "200 OK", "backend"),
            check("auth-health", Outcome.PASSED, "200 OK", "auth"),
            check("frontend-health", Outcome.DEGRADED, "200 OK, slower than 2 s", "frontend", seconds=2.4),
            check("accounts", Outcome.PASSED, "connected, as auth reports it", "auth", kind="database"),
            check("clickhouse", Outcome.FAILED, "circuit breaker open", "backend", kind="analytics", required=False),
            check("sign-in", Outcome.FAILED, "name 'env' is not defined", "auth", kind="command"),
            check("live", Outcome.SKIPPED, "blocked by sign-in", "backend", kind="websocket", blocked_by="sign-in"),
            check("bundle", Outcome.INCONCLUSIVE, "the bundle does not say its commit", "frontend", kind="versions"),
        ),
        issues=(
            Issue(
                id="name-not-imported-1c2d3e4f",
                title="name 'env' is not defined in scripts/check_auth.py",
                priority=Priority.HIGH,
                symptoms=("sign-in failed: name 'env' is not defined",),
                service="auth",
                checks=("sign-in",),
                whys=(
                    Why(
                        layer="mechanism",
                        question="Why did the check sign-in fail?",
                        answer="Because the name env is looked up and bound nowhere",
                        rule="undefined-name",
                        strength="observed",
                        evidence=(
                            seen(
                                "log",
                                "logs/check-sign-in.log",
                                4,
                                'Traceback (most recent call last):\n  File "scripts/check_auth.py", line 12, in main\n'
                                "    base = env[\"AUTH_URL\"]\nNameError: name 'env' is not defined",
                            ),
                        ),
                    ),
                    Why(
                        layer="declaration",
                        question="Why is env bound nowhere?",
                        answer="Because scripts/check_auth.py uses it at line 12 and no longer imports it",
                        rule="import-lost",
                        strength="observed",
                        evidence=(seen("file", "scripts/check_auth.py", 12, '    base = env["AUTH_URL"]'),),
                    ),
                    Why(
                        layer="change",
                        question="Why is it no longer imported?",
                        answer="Because 91ab33c0d1e2 took out the line `from desk.settings import env`",
                        rule="introduced-by",
                        strength="observed",
                        evidence=(seen("commit", "scripts/check_auth.py", 3, "-from desk.settings import env"),),
                    ),
                ),
                ruled_out=(
                    RuledOut(
                        claim="desk.settings defines no env at this commit",
                        evidence=(seen("file", "desk/settings.py", 8, "env = Settings.from_environment()"),),
                    ),
                ),
                root_cause=RootCause(
                    claim="ImportLost",
                    statement="the import of env was taken out and its use was left",
                    layer="change",
                    locators=("scripts/check_auth.py:3", "scripts/check_auth.py:12"),
                    introduced_by=Change(
                        commit="91ab33c0d1e2" + "0" * 28,
                        date="2025-09-02T16:40:11+02:00",
                        subject="Tidy imports",
                    ),
                ),
                guard=Guard(
                    name="ruff F821",
                    present=False,
                    statement="CI runs ruff without the undefined-name rule",
                    evidence=(seen("configuration", "pyproject.toml", 41, 'select = ["E", "I"]'),),
                    add='[tool.ruff.lint]\nselect = ["E", "F", "I"]',
                ),
                fixes=(
                    Fix(
                        kind="patch",
                        summary="Import env again in scripts/check_auth.py",
                        patch="--- a/scripts/check_auth.py\n+++ b/scripts/check_auth.py\n@@ -1,3 +1,4 @@\n import sys\n"
                        "+from desk.settings import env\n import httpx2\n-import os\n",
                    ),
                ),
                proof=Proof(status="proved", detail="with this change, 1 of 1 failed checks passes"),
                expected="exit status 0",
                actual="exit status 1",
                excerpt="NameError: name 'env' is not defined",
                reproduce="python scripts/check_auth.py --url https://auth.staging.example.com",
                evidence=(seen("probe", "probes/sign-in.json", None, '{"exit_status": 1}'),),
            ),
            Issue(
                id="nothing-listens-5a6b7c8d",
                title="Nothing answers at ch.staging.example.internal:8443",
                priority=Priority.CRITICAL,
                symptoms=(breaker, "clickhouse failed: circuit breaker open"),
                service="backend",
                checks=("clickhouse",),
                whys=(
                    Why(
                        layer="state",
                        question="Why is the circuit breaker open?",
                        answer="Because nothing answers at ch.staging.example.internal:8443",
                        rule="address-unknown",
                        strength="entailed",
                        evidence=(
                            seen("log", "logs/backend.log", 210, breaker, note="seen 41 times"),
                            seen(
                                "log",
                                "logs/backend.log",
                                198,
                                "ERROR history ch.staging.example.internal:8443: Name or service not known",
                            ),
                        ),
                    ),
                ),
                root_cause=RootCause(
                    claim="AddressUnknown",
                    statement="no server has the name ch.staging.example.internal",
                    layer="state",
                    locators=("shakeout.yaml:41",),
                    introduced_by=None,
                ),
                unknown="unknown beyond here: needs platform access (--platform)",
                rivals=("a firewall drops the connection: the name does not resolve at all",),
                fixes=(
                    Fix(kind="manifest", summary="Switch clickhouse off in staging: `disabled: true`"),
                    Fix(kind="command", summary="Look the name up", command="getent hosts ch.staging.example.internal"),
                ),
            ),
            Issue(
                id="bundle-commit-unknown-0f0f0f0f",
                title="The frontend's bundle does not say its commit",
                priority=Priority.MEDIUM,
                symptoms=("bundle: commit missing",),
                service="frontend",
                checks=("bundle",),
            ),
        ),
        unexplained=(
            Unexplained(
                symptom="ERROR worker heartbeat lost",
                needs="the worker's own logs",
                count=3,
                evidence=(seen("log", "logs/backend.log", 88, "ERROR worker heartbeat lost"),),
            ),
        ),
        recommendations=(
            Recommendation(
                priority=Priority.CRITICAL,
                text="Deploy ClickHouse, or switch it off",
                issue="nothing-listens-5a6b7c8d",
            ),
            Recommendation(priority=Priority.HIGH, text="Import env again", issue="name-not-imported-1c2d3e4f"),
            Recommendation(priority=Priority.LOW, text="Log WebSocket events with their field", issue=None),
        ),
        next_steps=("Switch ClickHouse off in staging", "Import env again", "Deploy again and run every check"),
        notes=("The working tree was not clean; the commit was deployed without its changes.",),
        seconds={"deploy": 4.31, "verify": 2.6, "explain": 0.41, "report": 0.02, "total": 7.34},
    )


@pytest.fixture
def well() -> Report:
    """A run with nothing wrong."""
    return Report(
        status=Status.SUCCESSFUL,
        application="parcel-desk",
        environment="local",
        target="local",
        run="run-1",
        date="2025-09-03T10:15:00+00:00",
        release=ReleaseSummary(id="r-1", commit=COMMIT),
        services=(
            ServiceSummary(name="auth", revision="auth-1", url="http://127.0.0.1:9001", status="deployed", seconds=0.7),
        ),
        checks=(check("auth-health", Outcome.PASSED, "200 OK", "auth"),),
        seconds={"total": 1.5},
    )


@pytest.fixture
def nothing() -> Report:
    """A run that found out nothing at all."""
    return Report(
        status=Status.INCONCLUSIVE,
        application=None,
        environment=None,
        target=None,
        run=None,
        date=None,
        release=ReleaseSummary(id=None, commit=None),
    )


NASTY = (
    "a|b `tick` ```fence``` <script>alert(1)</script> </details> *bold* _x_ [link](javascript:alert(1)) ]]> --> &amp; "
    "\x1b[31mred\x1b[0m \x00 \x07 \u202eright-to-left \ud800 {{ 7*7 }} {% raw %} ${env} ::error::x\r\n# heading\n- item"
)


@pytest.fixture
def nasty() -> Report:
    """Every text is hostile."""
    proof = seen("log", NASTY[:60], 1, NASTY, NASTY[:40])
    return Report(
        status=Status.FAILED,
        application=NASTY,
        environment=NASTY,
        target=NASTY,
        run=NASTY,
        date=NASTY,
        release=ReleaseSummary(id=NASTY, commit=NASTY, subject=NASTY, commit_from=NASTY),
        services=(
            ServiceSummary(name=NASTY, revision=NASTY, url=f"javascript:{NASTY}", status="failed", detail=NASTY),
            ServiceSummary(name="a", revision="b", url='https://example.com/"><script>x</script>', status="deployed"),
        ),
        checks=(
            check(
                NASTY, Outcome.FAILED, NASTY, NASTY, expected=NASTY, excerpt=NASTY, facts={NASTY: {NASTY: float("nan")}}
            ),
            check("plain", Outcome.INCONCLUSIVE, NASTY),
            check("other", Outcome.SKIPPED, NASTY, blocked_by=NASTY),
        ),
        issues=(
            Issue(
                id=NASTY,
                title=NASTY,
                priority=Priority.CRITICAL,
                symptoms=(NASTY, NASTY),
                service=NASTY,
                checks=(NASTY,),
                whys=(Why(layer=NASTY, question=NASTY, answer=NASTY, rule=NASTY, strength=NASTY, evidence=(proof,)),),
                ruled_out=(RuledOut(claim=NASTY, evidence=(proof,)),),
                root_cause=RootCause(
                    claim=NASTY,
                    statement=NASTY,
                    layer=NASTY,
                    locators=(NASTY,),
                    introduced_by=Change(commit=NASTY, date=NASTY, subject=NASTY),
                ),
                guard=Guard(name=NASTY, present=None, evidence=(proof,), statement=NASTY, add=NASTY),
                fixes=(Fix(kind="patch", summary=NASTY, patch=NASTY, command=NASTY),),
                proof=Proof(status=NASTY, detail=NASTY),
                unknown=NASTY,
                rivals=(NASTY,),
                evidence=(proof,),
                expected=NASTY,
                actual=NASTY,
                excerpt=NASTY,
                reproduce=NASTY,
            ),
        ),
        unexplained=(Unexplained(symptom=NASTY, needs=NASTY, evidence=(proof,)),),
        recommendations=(Recommendation(priority=Priority.LOW, text=NASTY, issue=NASTY),),
        next_steps=(NASTY,),
        notes=(NASTY,),
        seconds={NASTY: 1.0},
    )
