"""Why a table or column is not there: no migration, one that was not applied, or one that dropped it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import ExceptionRaised, raised_in
from shakeout.catalogue.frames import own_frame, quoted
from shakeout.catalogue.schema.claims import (
    MigrationDropped,
    MigrationNotApplied,
    NoMigration,
    SchemaLacks,
    lacking,
    schema,
)
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.migrations import COMMANDS, NOT_DEPLOYED, STEPS, Migrations
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, RuledOut, Strength
from shakeout.why.links import Unknown


@schema.rule
def schema_lacks(raised: ExceptionRaised | ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    The database says that a table or a column does not exist.

    ## What you see
    `relation "orders" does not exist`, `no such column: orders.total`, `Table 'shop.orders' doesn't exist`,
    `Unknown column`, `UNKNOWN_TABLE`, mostly wrapped in an error of the library that was used.

    ## Why it happens
    Code and schema were not deployed together.

    ## How we know
    The database's own words, whichever library hands them on.

    ## What to change
    The next link says whether a migration is missing, was not applied, or took it away.
    """
    occurrence = log.get(raised.key)
    if occurrence is None:
        return
    if isinstance(raised, ErrorLogged):
        if occurrence.traceback is not None or occurrence.type:
            return
        found = lacking(raised.text)
    else:
        found = lacking(raised.message)
    if found is not None:
        yield Because(found, occurrence.evidence[:2])


def _needed_at(lacks: SchemaLacks, repository: Repository, paths: SourcePaths, log: ErrorLog) -> Locator | None:
    """The line of a model that declares it; else the application's line that asked for it."""
    words = [lacks.column] if lacks.column else [lacks.table or ""]
    model = _model(lacks, repository)
    if model is not None:
        return model
    for item in log:
        raised = raised_in(item)
        if raised is not None and lacking(raised.message) == lacks:
            at = own_frame(raised, paths, log)
            if at is not None:
                return at
    found = repository.grep(words[0], ["*.py", "*.js", "*.ts", "*.java", "*.go"])
    return next((at for at in found if not re.search(r"migrations?/|versions/|tests?/", at.path)), None)


def _model(lacks: SchemaLacks, repository: Repository) -> Locator | None:
    table = (lacks.table or "").lower()
    app, _, model = table.partition("_")
    patterns = [rf"(__tablename__|db_table)[[:space:]]*=[[:space:]]*[\"']{table}[\"']", rf"@@map\(\"{table}\"\)"]
    places = [at for one in patterns if table for at in repository.grep(one, ["*.py", "*.prisma"], fixed=False)]
    if not places and model:
        places = [
            at
            for at in repository.grep(r"^class [A-Za-z0-9_]+\(.*(models\.)?Model", [f"*{app}/models*"], fixed=False)
            if repository.lines(at.path)[(at.line or 1) - 1].split("(")[0].split()[-1].lower() == model.replace("_", "")
        ]
    if not places:
        return None
    start = places[0]
    if lacks.column is None:
        return start
    column = re.compile(rf"\s+{re.escape(lacks.column.removesuffix('_id'))}(?:_id)?\s*(?::|=)")
    for number, row in enumerate(repository.lines(start.path)[start.line or 0 :], (start.line or 0) + 1):
        if re.match(r"class |def ", row):
            break
        if column.match(row):
            return Locator(source="file", path=start.path, line=number, commit=repository.commit)
    return None


@schema.rule
def no_migration_adds_it(
    lacks: SchemaLacks, migrations: Migrations, paths: SourcePaths, log: ErrorLog
) -> Iterator[Because | Unknown]:
    """
    No migration of the repository adds the table or column.

    ## What you see
    A new field works on the developer's machine, whose database was made anew or changed by hand.

    ## Why it happens
    The model was changed, and the migration for it was never made or never committed.

    ## How we know
    The migrations of the repository (Alembic, Django, Prisma, Knex, SQL files) are read; none adds what the database
    does not have. The line that declares or asks for it is quoted.

    ## What to change
    Make the migration and commit it together with the model.
    """
    if migrations.about(lacks.table, lacks.column):
        return
    if not migrations.files:
        yield Unknown("where the schema is made (the repository has no migrations)")
        return
    at = _needed_at(lacks, migrations.repository, paths, log)
    seen = quoted(paths, at)
    if at is None or not seen:
        return
    tool = migrations.files[-1][1]
    made = {"alembic": "alembic revision --autogenerate", "django": "python manage.py makemigrations"}
    fix = Remedy("command", f"make the migration that adds the {lacks.thing}", command=made.get(tool))
    if tool not in made:
        fix = Remedy("words", f"write a migration that adds the {lacks.thing}")
    yield Because(NoMigration(lacks.thing, at), [*seen, migrations.folder()], strength=Strength.ENTAILED, fix=fix)


@schema.rule
def migration_dropped_it(lacks: SchemaLacks, migrations: Migrations, paths: SourcePaths) -> Iterator[Because]:
    """
    A migration took the table or column away while code still uses it.

    ## What you see
    Errors begin with the migration, in the version that still runs or in a part that was forgotten.

    ## Why it happens
    Dropping and ceasing to use were done in one deployment, or in the wrong order.

    ## How we know
    The last step about it, in the order of the migrations, drops it.

    ## What to change
    Stop to use it first, and drop it with a later deployment.
    """
    steps = migrations.about(lacks.table, lacks.column)
    if steps and not steps[-1].adds:
        yield Because(MigrationDropped(lacks.thing, steps[-1].at), quoted(paths, steps[-1].at))


@schema.rule
def migration_not_applied(
    lacks: SchemaLacks, migrations: Migrations, paths: SourcePaths
) -> Iterator[Because | RuledOut | Unknown]:
    """
    The migration is in the repository and was not applied to this database.

    ## What you see
    A table or column does not exist right after a deployment, and a migration for it was deployed with it.

    ## Why it happens
    Nothing that deploys applies migrations, or the step that does failed or ran against another database.

    ## How we know
    A migration adds it, no later one drops it, and the database says that it is not there. Whether any file of the
    deployment applies migrations is looked for, and shown.

    ## What to change
    Apply the migrations, and let the deployment do so before it sends traffic.
    """
    steps = migrations.about(lacks.table, lacks.column)
    if not steps or not steps[-1].adds:
        return
    step = steps[-1]
    runner = migrations.runner(step.tool)
    evidence: list[Evidence] = [*quoted(paths, step.at)]
    if runner is not None:
        evidence.append(runner)
        yield Unknown("the database's own list of migrations, and the output of the step that applies them")
    else:
        evidence.append(migrations.repository.absence(".github/workflows"))
    yield Because(
        MigrationNotApplied(lacks.thing, step.at, runner is not None), evidence, strength=Strength.ENTAILED,
        fix=Remedy("command", "apply the migrations to this database", command=COMMANDS[step.tool][1]),
    )  # fmt: skip


@schema.rule
def migration_step_changed(missing: MigrationNotApplied, migrations: Migrations) -> Iterator[Because | Unknown]:
    """
    A commit took away the step that applies migrations, or added a migration that nothing applies.

    ## What you see
    A database that was right until a deployment changed.

    ## Why it happens
    The step stood in a command or a script, and was lost when that was rewritten.

    ## How we know
    The newest commit after the migration that took the command of its tool out of a file. Where no file has such a
    command, the commit that added the migration. Where one has it, and none lost it, no commit is to blame by what the
    repository shows.

    ## What to change
    Put the step back where the deployment runs it.
    """
    repository = migrations.repository
    tool = next((tool for path, tool in migrations.files if path == missing.at.path), None)
    origin = repository.origin(missing.at.path, missing.at.line or 1)
    if tool is None or origin is None or origin.boundary:
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
        return
    for path, commit in repository.lost(STEPS[tool]):
        if not NOT_DEPLOYED.search(path) and repository.is_ancestor(origin.commit.hash, commit.hash):
            yield Because(introduced(commit, f"took '{STEPS[tool]}' out of {path}"), [commit.evidence()])
            return
    if not missing.runs:
        yield Because(introduced(origin.commit, "added that migration"), [origin.commit.evidence()])
