"""
The SQL of the history: one set of statements for chDB and for ClickHouse servers from 18.16 on.

Every table is append-only. A row that is written twice has the same key, and no reader sees it twice: reads group by
the key, whether or not ClickHouse has merged the duplicates away. Old servers give integers of 64 bits as text.
"""

from __future__ import annotations

TABLES = {
    "runs": "shakeout_runs",
    "checks": "shakeout_checks",
    "issues": "shakeout_issues",
    "services": "shakeout_services",
    "events": "shakeout_events",
    "probes": "shakeout_probes",
}

CREATE = (
    """
    CREATE TABLE IF NOT EXISTS shakeout_runs (
        id String, version UInt64, application String, environment String, commit String, target String,
        state String, status String, started_ms Int64, finished_ms Int64, seconds Float64, report String,
        passed UInt32, failed UInt32, checks UInt32, issues UInt32
    ) ENGINE = ReplacingMergeTree ORDER BY (id, version)
    """,
    """
    CREATE TABLE IF NOT EXISTS shakeout_checks (
        run String, version UInt64, position UInt32, name String, kind String, service String, outcome String,
        detail String, seconds Float64, environment String, day Int32, document String
    ) ENGINE = ReplacingMergeTree ORDER BY (run, version, position)
    """,
    """
    CREATE TABLE IF NOT EXISTS shakeout_issues (
        run String, version UInt64, position UInt32, id String, title String, priority String, document String
    ) ENGINE = ReplacingMergeTree ORDER BY (run, version, position)
    """,
    """
    CREATE TABLE IF NOT EXISTS shakeout_services (
        run String, version UInt64, position UInt32, name String, url String, status String, revision String,
        document String
    ) ENGINE = ReplacingMergeTree ORDER BY (run, version, position)
    """,
    """
    CREATE TABLE IF NOT EXISTS shakeout_events (
        run String, sequence UInt64, id String, at_ms Int64, kind String, document String
    ) ENGINE = ReplacingMergeTree ORDER BY (run, sequence, id)
    """,
    """
    CREATE TABLE IF NOT EXISTS shakeout_probes (
        slot UInt8, at_ms UInt64, mark String
    ) ENGINE = ReplacingMergeTree(at_ms) ORDER BY slot
    """,
)

PING = "SELECT 1 AS one"

_RUNS = """
    SELECT id, max(version) AS newest, argMax(state, version) AS state, argMax(status, version) AS status,
        argMaxIf(application, version, application != '') AS application,
        argMaxIf(environment, version, environment != '') AS environment,
        argMaxIf(commit, version, commit != '') AS commit, argMaxIf(target, version, target != '') AS target,
        argMin(started_ms, version) AS started_ms, max(finished_ms) AS finished_ms,
        argMax(seconds, version) AS seconds,
        argMax(passed, version) AS passed, argMax(failed, version) AS failed,
        argMax(checks, version) AS checks, argMax(issues, version) AS issues{more}
    FROM shakeout_runs {where} GROUP BY id
"""


def quote(value: str) -> str:
    """A text as a SQL literal."""
    for character, escape in (("\\", "\\\\"), ("'", "\\'"), ("\0", "\\0"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(character, escape)
    return f"'{value}'"


def insert(table: str) -> str:
    """The start of an insert; rows follow as JSON objects, one a line."""
    return f"INSERT INTO {TABLES[table]} FORMAT JSONEachRow"


def runs(
    *, limit: int, before: tuple[int, str] | None = None, environment: str | None = None, status: str | None = None
) -> str:
    """The newest runs by start; `before` is the (started_ms, id) of the last one of the page before."""
    conditions = ["1"]
    if before is not None:
        started_ms, run = int(before[0]), quote(before[1])
        conditions.append(f"(started_ms < {started_ms} OR (started_ms = {started_ms} AND id < {run}))")
    if environment is not None:
        conditions.append(f"environment = {quote(environment)}")
    if status is not None:
        conditions.append(f"status = {quote(status)}")
    return (
        f"SELECT * FROM ({_RUNS.format(more='', where='')}) WHERE {' AND '.join(conditions)} "
        f"ORDER BY started_ms DESC, id DESC LIMIT {int(limit)}"
    )


def run(name: str, *, report: bool = False) -> str:
    """One run; with its report as text when asked for."""
    more = ", argMax(report, version) AS report" if report else ""
    return _RUNS.format(more=more, where=f"WHERE id = {quote(name)}")


def items(table: str, run: str, version: int) -> str:
    """The checks, issues or services of a run's report, in its order."""
    return (
        f"SELECT position, any(document) AS document FROM {TABLES[table]} "
        f"WHERE run = {quote(run)} AND version = {int(version)} GROUP BY position ORDER BY position"
    )


def events(*, run: str | None, since: int, limit: int) -> str:
    """Events with a greater sequence, oldest first, of one run or of all."""
    where = f"run = {quote(run)}" if run is not None else f"sequence > {int(since)}"
    return (
        "SELECT run, id, min(sequence) AS first, argMin(at_ms, sequence) AS at_ms, "
        f"argMin(document, sequence) AS document FROM shakeout_events WHERE {where} "
        f"GROUP BY run, id HAVING first > {int(since)} ORDER BY first LIMIT {int(limit)}"
    )


def trend_days(*, since_ms: int, environment: str | None = None) -> str:
    """Finished and running runs by UTC day (days since 1970); mean seconds of the finished ones."""
    where = f"started_ms >= {int(since_ms)}" + (f" AND environment = {quote(environment)}" if environment else "")
    return (
        "SELECT intDiv(started_ms, 86400000) AS day, count() AS runs, "
        "countIf(status = 'SUCCESSFUL' OR status = 'SUCCESSFUL with ISSUES') AS passed, "
        "countIf(status = 'FAILED') AS failed, avgIf(seconds, state = 'finished') AS mean "
        f"FROM ({_RUNS.format(more='', where='')}) WHERE {where} GROUP BY day ORDER BY day"
    )


def trend_checks(*, since_day: int, environment: str | None = None) -> str:
    """How each check went over the runs since a day; quantiles are exact, in seconds."""
    where = f"day >= {int(since_day)}" + (f" AND environment = {quote(environment)}" if environment else "")
    return (
        "SELECT name, countIf(outcome = 'passed') AS passed, countIf(outcome = 'failed') AS failed, "
        "quantileExact(0.5)(seconds) AS p50, quantileExact(0.95)(seconds) AS p95 FROM ("
        "SELECT run, version, position, any(name) AS name, any(outcome) AS outcome, any(seconds) AS seconds "
        f"FROM shakeout_checks WHERE {where} "
        "AND (run, version) IN (SELECT id, max(version) FROM shakeout_runs GROUP BY id) "
        "GROUP BY run, version, position) GROUP BY name ORDER BY name LIMIT 1000"
    )


def probe(mark: str, slot: int) -> str:
    """How many rows of a probe can be read back."""
    return f"SELECT count() AS found FROM shakeout_probes WHERE slot = {int(slot)} AND mark = {quote(mark)}"
