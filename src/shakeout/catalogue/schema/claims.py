"""What can be said about a table or column that is not there, and how databases say so."""

from __future__ import annotations

import re

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Family, GuardSpec, Layer, claim

schema = Family(
    "schema",
    "The database has no such table or column",
    guard=GuardSpec(
        name="check that models and migrations agree",
        kind="command",
        arguments=(
            r"makemigrations\b.*--check",
            r"alembic\s+check",
            r"prisma\s+migrate\s+(?:diff|status)",
            r"flyway\s+(?:info|validate)",
            r"manage\.py\s+migrate\b.*--check",
            r"pytest-alembic|test_migrations|--test-alembic",
            r"squawk|atlas\s+migrate\s+lint",
        ),
        missing="nothing in the repository's checks compares the code with the migrations",
        add="- run: alembic check  # or: python manage.py makemigrations --check",
    ),
)  # fmt: skip

_WORD = r"[\"'`]?([A-Za-z_][\w.]*)[\"'`]?"
_TABLE = (
    re.compile(rf"relation {_WORD} does not exist"),
    re.compile(rf"no such table: {_WORD}"),
    re.compile(r"[Tt]able '([\w.]+)' doesn't exist"),
    re.compile(
        r"(?:Unknown table|Table) (?:expression identifier )?[`']?([\w.]+)[`']? (?:does not exist|doesn't exist)"
    ),
    re.compile(r"[Uu]nknown table (?:expression )?(?:identifier )?[`']([\w.]+)[`']"),
    re.compile(r"The table [`']([\w.]+)[`'] does not exist in the current database"),
)
_COLUMN = (
    re.compile(rf"column {_WORD} of relation {_WORD} does not exist"),
    re.compile(rf"column {_WORD} does not exist"),
    re.compile(rf"no such column: {_WORD}"),
    re.compile(rf"table {_WORD} has no column named {_WORD}"),
    re.compile(r"Unknown column '([\w.]+)' in"),
    re.compile(r"Missing columns: '([\w.]+)'"),
    re.compile(r"Unknown (?:expression )?(?:or function )?identifier [`']([\w.]+)[`']"),
    re.compile(r"No such column ([\w.]+) in table"),
    re.compile(r"The column [`']([\w.]+)[`'] does not exist in the current database"),
)


@claim(Layer.MECHANISM)
class SchemaLacks(Claim):
    """A statement names a table or a column that the database does not have."""

    table: str | None
    column: str | None

    def __str__(self) -> str:
        return f"the database has no {self.thing}"

    def why(self) -> str:
        return f"Why has the database no {self.thing}?"

    @property
    def thing(self) -> str:
        """What is missing, in words."""
        if self.column is None:
            return f"table '{self.table}'"
        return f"column '{self.column}'{f' in {self.table}' if self.table else ''}"


@claim(Layer.DECLARATION)
class NoMigration(Claim):
    """Code names a table or column that no migration of the repository adds."""

    thing: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} needs the {self.thing}, and no migration of the repository adds it"

    def title(self) -> str:
        return f"No migration adds the {self.thing}"

    def why(self) -> str:
        return "Why does no migration add it?"


@claim(Layer.DECLARATION)
class MigrationDropped(Claim):
    """A migration drops a table or column that code still uses."""

    thing: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} drops the {self.thing}, which code still uses"


@claim(Layer.STATE, actionable=True)
class MigrationNotApplied(Claim):
    """A migration adds it, and it was not applied to this database; `runs` says whether anything applies migrations."""

    thing: str
    at: Locator
    runs: bool

    def __str__(self) -> str:
        how = "although a step applies migrations" if self.runs else "and nothing that deploys does so"
        return f"{self.at} adds the {self.thing} and was not applied to this database, {how}"

    def title(self) -> str:
        return f"The migration {self.at.path} was not applied"

    def why(self) -> str:
        return f"Why was {self.at.path} not applied?"

    def blamed(self) -> Locator | None:
        return None


def lacking(text: str) -> SchemaLacks | None:
    """The table or column that a database says it does not have; None for any other text."""
    for pattern in _COLUMN:
        match = pattern.search(text[:8000])
        if match is None:
            continue
        words = list(match.groups())
        if len(words) == 2:
            column, table = words if "relation" in match[0] else words[::-1]
            return SchemaLacks(_last(table), column)
        owner, _, column = words[0].rpartition(".")
        return SchemaLacks(_last(owner) or None, column)
    for pattern in _TABLE:
        match = pattern.search(text[:8000])
        if match is not None:
            return SchemaLacks(_last(match[1]), None)
    return None


def _last(name: str) -> str:
    return name.rpartition(".")[2]
