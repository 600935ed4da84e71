"""Migrations of the repository: which one adds or drops a table or a column, and what applies them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.repository import Repository

Tool = Literal["alembic", "django", "sql", "prisma", "knex"]
_SQL_FILE = r"(?:.*/)?(?:migrations?|flyway|liquibase|db|sql|schema|changelog)(?:/.*)?/[^/]+\.sql|[^/]+\.sql"
_FILES: tuple[tuple[Tool, re.Pattern[str]], ...] = (
    ("alembic", re.compile(r"(?:.*/)?versions/[^/]+\.py")),
    ("django", re.compile(r"(?:.*/)?migrations/\d{4}_[^/]+\.py")),
    ("prisma", re.compile(r"(?:.*/)?prisma/migrations/[^/]+/migration\.sql")),
    ("knex", re.compile(r"(?:.*/)?migrations/[^/]+\.(?:js|ts|cjs|mjs)")),
    ("sql", re.compile(_SQL_FILE)),
)
COMMANDS: dict[Tool, tuple[str, str]] = {
    "alembic": (
        r"alembic(\.config)?[^#]*[[:space:]]upgrade|command\.upgrade\(|flask db upgrade",
        "alembic upgrade head",
    ),
    "django": (
        r"manage\.py[\"', ]+migrate|django-admin migrate|call_command\([\"']migrate",
        "python manage.py migrate",
    ),
    "prisma": (r"prisma migrate deploy|prisma db push", "npx prisma migrate deploy"),
    "knex": (r"migrate:latest|migrate\.latest\(", "npx knex migrate:latest"),
    "sql": (
        r"flyway([[:space:]]+[^#]*)?[[:space:]]migrate|psql .*(-f|<)|dbmate up|goose .*up|migrate .*[[:space:]]up"
        r"|liquibase update|sqitch deploy|yoyo apply|initdb\.d",
        "flyway migrate",
    ),
}
"""How each tool's migrations are applied: a POSIX expression that finds it in files, and the usual command."""
STEPS: dict[Tool, str] = {
    "alembic": "upgrade head",
    "django": "manage.py migrate",
    "prisma": "prisma migrate deploy",
    "knex": "migrate:latest",
    "sql": "flyway migrate",
}
"""The text that a usual step has, by which one that is gone is looked for in the history."""
NOT_DEPLOYED = re.compile(r"\.(?:md|rst|txt|adoc)$|(?:^|/)(?:tests?|docs?)/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line of a migration that adds or drops something; `column` is None for a whole table."""

    adds: bool
    table: str
    column: str | None
    tool: Tool
    at: Locator


class Migrations:
    """Every migration of the repository at one commit, in the order of their paths."""

    described_as = Repository.described_as
    made_from = (Repository,)

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    @cached_property
    def files(self) -> tuple[tuple[str, Tool], ...]:
        found = []
        for path in self.repository.paths:
            tool = next((tool for tool, pattern in _FILES if pattern.fullmatch(path)), None)
            if tool is not None and not path.endswith("__init__.py"):
                found.append((path, tool))
        return tuple(found)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for path, tool in self.files for step in self._steps(path, tool))

    def about(self, table: str | None, column: str | None) -> tuple[Step, ...]:
        """The steps about a table or column; where the table is not known, those about the column of any table."""
        wanted = _plain(table) if table else None
        return tuple(
            step
            for step in self.steps
            if (wanted is None or step.table == wanted) and (step.column or "").lower() == (column or "").lower()
        )

    def runner(self, tool: Tool) -> Evidence | None:
        """The line of a deployment file, an image or a script that applies that tool's migrations."""
        for at in self.repository.grep(COMMANDS[tool][0], fixed=False):
            if NOT_DEPLOYED.search(at.path) or at.line is None:
                continue
            row = self.repository.lines(at.path)[at.line - 1]
            if not row.lstrip().startswith(("#", "//")):
                return self.repository.quote(at.path, at.line, note="applies migrations")
        return None

    def folder(self) -> Evidence:
        """The migrations that are there, as evidence of what is not."""
        path = posixpath.dirname(self.files[-1][0]) if self.files else "migrations"
        return self.repository.absence(f"{path}/(a migration for this)")

    def _steps(self, path: str, tool: Tool) -> Iterator[Step]:
        text = self.repository.text(path) or ""
        if tool in {"alembic", "django", "knex"}:
            text = re.split(r"def downgrade|exports\.down|export (?:async )?function down", text)[0]
            found = _python(text, path, tool)
        else:
            found = _sql(text)
        for adds, table, column, place in found:
            at = Locator(source="file", path=path, line=text.count("\n", 0, place) + 1, commit=self.repository.commit)
            yield Step(adds=adds, table=_plain(table), column=column, tool=tool, at=at)


_Found = tuple[bool, str, str | None, int]
_Q = r"[\"'`]"
_ALEMBIC = re.compile(
    rf"op\.(?P<op>create_table|drop_table|add_column|drop_column)\(\s*{_Q}(?P<table>\w+){_Q}"
    rf"(?:,\s*(?:sa\.Column\(\s*)?{_Q}(?P<column>\w+){_Q})?"
)
_ALEMBIC_COLUMN = re.compile(rf"sa\.Column\(\s*{_Q}(\w+){_Q}")
_DJANGO = re.compile(
    rf"migrations\.(?P<op>CreateModel|DeleteModel|AddField|RemoveField)\(\s*(?:model_name=)?(?:name=)?{_Q}(?P<first>\w+){_Q}"
    rf"(?:,\s*(?:name=)?{_Q}(?P<second>\w+){_Q})?"
)
_DJANGO_FIELD = re.compile(rf"\(\s*{_Q}(\w+){_Q},\s*models\.")
_KNEX = re.compile(rf"\.(?P<op>createTable|dropTable|dropTableIfExists)\(\s*{_Q}(?P<table>\w+){_Q}")


def _python(text: str, path: str, tool: Tool) -> Iterator[_Found]:
    if tool == "alembic":
        for match in _ALEMBIC.finditer(text):
            adds = match["op"] in {"create_table", "add_column"}
            column = match["column"] if "column" in match["op"] else None
            yield adds, match["table"], column, match.start()
            if match["op"] == "create_table":
                end = text.find("op.", match.end())
                for one in _ALEMBIC_COLUMN.finditer(text, match.end(), end if end > 0 else len(text)):
                    yield True, match["table"], one[1], one.start()
    elif tool == "django":
        app = posixpath.basename(posixpath.dirname(posixpath.dirname(path)))
        for match in _DJANGO.finditer(text):
            table = f"{app}_{match['first'].lower()}"
            adds = match["op"] in {"CreateModel", "AddField"}
            yield adds, table, match["second"] if "Field" in match["op"] else None, match.start()
            if match["op"] == "CreateModel":
                end = text.find("migrations.", match.end())
                for one in _DJANGO_FIELD.finditer(text, match.end(), end if end > 0 else len(text)):
                    yield True, table, one[1], one.start()
    else:
        for match in _KNEX.finditer(text):
            yield match["op"] == "createTable", match["table"], None, match.start()


_NAME = r"(?:[\"`\[]?\w+[\"`\]]?\.)?[\"`\[]?(\w+)[\"`\]]?"
_CREATE = re.compile(rf"\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?{_NAME}[^(;]*\(", re.IGNORECASE)
_DROP = re.compile(rf"\bdrop\s+table\s+(?:if\s+exists\s+)?{_NAME}", re.IGNORECASE)
_ALTER = re.compile(rf"\balter\s+table\s+(?:only\s+)?(?:if\s+exists\s+)?{_NAME}([^;]*)", re.IGNORECASE)
_PART = re.compile(r"\b(add|drop)\s+(?:column\s+)?(?:if\s+(?:not\s+)?exists\s+)?[\"`]?(\w+)[\"`]?", re.IGNORECASE)
_COLUMN = re.compile(r"(?:^|,|\()\s*[\"`]?(\w+)[\"`]?\s+\w+", re.M)
_NO_COLUMN = frozenset({"primary", "foreign", "unique", "check", "constraint", "key", "index", "exclude"})


def _sql(text: str) -> Iterator[_Found]:
    for match in _CREATE.finditer(text):
        yield True, match[1], None, match.start()
        end = text.find(";", match.end())
        for one in _COLUMN.finditer(text, match.end() - 1, end if end > 0 else len(text)):
            if one[1].lower() not in _NO_COLUMN:
                yield True, match[1], one[1], one.start(1)
    for match in _DROP.finditer(text):
        yield False, match[1], None, match.start()
    for match in _ALTER.finditer(text):
        for part in _PART.finditer(match[2]):
            if part[2].lower() not in _NO_COLUMN:
                yield part[1].lower() == "add", match[1], part[2], match.start(2) + part.start()


def _plain(table: str) -> str:
    return table.rpartition(".")[2].strip("\"'`[]").lower()
