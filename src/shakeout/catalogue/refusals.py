"""Refusals: a server that answers does not do the work, at a limit of its own or for want of a right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of, raised_in
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.quotes import quoted_only
from shakeout.why import Because, Claim, Family, GuardSpec, Layer, Remedy, claim

refusals = Family(
    "refusals",
    "A server that answers refuses the work: a limit of its own, or a right that is not granted",
    guard=GuardSpec(
        name="check of the deployed environment",
        kind="command",
        arguments=(r"\bshakeout\s+(?:up|verify)\b", r"\b(?:k6|locust|vegeta|artillery|wrk)\b"),
        missing="nothing in the repository's checks asks the deployed environment to do such work",
        add="- run: shakeout verify --environment NAME  # after each deployment: writes and reads as the services do",
    ),
)

_LIMITS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "has too many parts that wait to be merged{table}, so that it takes no more rows",
        re.compile(r"\bTOO_MANY_PARTS\b|\bCode: 252\b|\bToo many parts \(\d"),
        "insert in fewer and larger batches (or with async_insert=1), and partition by less",
    ),
    (
        "stops a query at its memory limit",
        re.compile(r"\bMEMORY_LIMIT_EXCEEDED\b|\bCode: 241\b|\bMemory limit \((?:total|for query|for user)\) exceeded"),
        "let the query read or group less at once, or raise max_memory_usage where the server has more",
    ),
    (
        "stops a query at its time limit",
        re.compile(r"\bTIMEOUT_EXCEEDED\b|\bCode: 159\b|\bTimeout exceeded: elapsed \d"),
        "let the query read less (its sorting key, a smaller span), or raise max_execution_time",
    ),
    (
        "runs as many queries as it may at once",
        re.compile(r"\bTOO_MANY_SIMULTANEOUS_QUERIES\b|\bCode: 202\b|\bToo many simultaneous queries\b"),
        "ask for less at once, or raise max_concurrent_queries",
    ),
    (
        "has no room left on its disk",
        re.compile(r"\bNOT_ENOUGH_SPACE\b|\bCode: 243\b|\bCannot reserve [\d.]+ \w+, not enough space\b"),
        "free room on the server's disk, or let old partitions expire (TTL)",
    ),
    (
        "takes no change{table}: it is read only",
        re.compile(r"\bTABLE_IS_READ_ONLY\b|\bCode: 242\b|\bCode: 164\b.*readonly|Table is in readonly mode"),
        "bring back what the table's replicas agree by (Keeper or ZooKeeper), or let the user write",
    ),
)
_CLICKHOUSE = re.compile(r"\bDB::Exception\b|\bclickhouse(?:[_-](?:driver|connect))?\b|\bCode: \d{1,4}\. ", re.I)
_TABLE = re.compile(r"\bin table '?(?P<table>[\w.`]{1,120})|\bTable (?P<other>[\w.`]{1,120}) is read[ -]only")
_GRANTS = (
    re.compile(
        r"necessary to have (?:the )?grant (?P<right>[A-Z][A-Z ]{2,60}?(?:\([\w, ]{1,200}\))?) ON "
        r"(?P<on>[\w.*`]{1,120}[\w*`])"
    ),
    re.compile(
        r"\bpermission denied for (?P<kind>table|relation|sequence|schema|view|function|database) "
        r"(?P<on>[\w.\"]{1,120})"
    ),
    re.compile(r"\b(?P<right>[A-Z]{4,20}) command denied to user [^\n]{1,200}? for table [`']?(?P<on>[\w.]{1,120})"),
    re.compile(r"\bNOPERM [^\n]{0,80}?no permissions? to run the '(?P<on>[\w|]{1,60})' command"),
)


@claim(Layer.STATE, actionable=True)
class ServerLimitReached(Claim):
    """ClickHouse refuses or stops work at a limit of its own; `what` completes its name."""

    what: str

    def __str__(self) -> str:
        return f"ClickHouse {self.what}"


@claim(Layer.STATE, actionable=True)
class GrantMissing(Claim):
    """The user that a service is on a database has not the right to do something there."""

    right: str | None
    on: str

    def __str__(self) -> str:
        return f"the database's user has no right{f' to {self.right}' if self.right else ''} on {self.on}"

    def why(self) -> str:
        return "Why was that right not granted?"


def _text(error: ErrorLogged | ExceptionRaised, log: ErrorLog) -> tuple[str, Occurrence] | None:
    """What an error says, once: of an exception, by the exception."""
    occurrence = log.get(error.key)
    if occurrence is None or (isinstance(error, ErrorLogged) and raised_in(occurrence) is not None):
        return None
    text = f"{error.type}: {error.message}" if isinstance(error, ExceptionRaised) else occurrence.text
    return text[:6000], occurrence


@refusals.rule
def server_limit_reached(error: ErrorLogged | ExceptionRaised, log: ErrorLog) -> Iterator[Because]:
    """
    ClickHouse stops or refuses work at a limit of its own.

    ## What you see
    `Code: 252. DB::Exception: Too many parts (301 …)`, `Memory limit (total) exceeded`, `Timeout exceeded: elapsed
    30.0 seconds`, `Too many simultaneous queries`.

    ## Why it happens
    Many small inserts make parts faster than they are merged; a query reads or groups more than the server allows.
    The server is there and the connection works.

    ## How we know
    The server's own code or its name, in a message that is ClickHouse's.

    ## What to change
    The work that is asked of it, and only then the limit.
    """
    said = _text(error, log)
    if said is None or _CLICKHOUSE.search(said[0]) is None:
        return
    text, occurrence = said
    for what, words, remedy in _LIMITS:
        if words.search(text) is not None and not quoted_only(text, words):
            table = _TABLE.search(text)
            name = (table["table"] or table["other"]).strip("`") if table is not None else ""
            where = what.format(table=f" in {name}" if name else "")
            yield Because(ServerLimitReached(where), evidence_of(occurrence)[:2], fix=Remedy("words", remedy))
            return


@refusals.rule
def grant_missing(error: ErrorLogged | ExceptionRaised, log: ErrorLog) -> Iterator[Because]:
    """
    The user of a database has not the right to do what a service asks for.

    ## What you see
    `Not enough privileges … the grant INSERT(id, at) ON shop.events` (ClickHouse, 497), `permission denied for table
    orders` (PostgreSQL, 42501), `INSERT command denied to user` (MySQL), `NOPERM` (Redis).

    ## Why it happens
    A table was made by another user, or the service's user got fewer rights than the one that developers use.

    ## How we know
    The server's own words, which name the right or the object. The user and the password were accepted.

    ## What to change
    Grant the right to that user, in the migration that makes the object.
    """
    said = _text(error, log)
    if said is None:
        return
    text, occurrence = said
    for pattern in _GRANTS:
        found = pattern.search(text)
        if found is not None and not quoted_only(text, pattern):
            groups = found.groupdict()
            on = f"the {groups['kind']} {found['on']}" if groups.get("kind") else found["on"]
            missing = GrantMissing((groups.get("right") or "").strip() or None, on.replace('"', "").replace("`", ""))
            words = Remedy("words", f"grant it to the service's user on {missing.on}, in the migration that makes it")
            yield Because(missing, evidence_of(occurrence)[:2], fix=words)
            return
