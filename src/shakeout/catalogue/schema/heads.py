"""Migrations that two branches added beside each other."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of
from shakeout.catalogue.process.claims import LastWords
from shakeout.catalogue.process.family import own
from shakeout.catalogue.schema.claims import schema
from shakeout.catalogue.symptoms import CheckFailed, DeploymentFailed, ErrorLogged
from shakeout.catalogue.tooling import told_by
from shakeout.evidence.migrations import Migrations
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.repository import Commit
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Because, Claim, Layer, Remedy, claim
from shakeout.why.links import Unknown

_DJANGO = re.compile(r"multiple leaf nodes in the migration graph: \((?P<names>[\w, ]{1,2000}) in (?P<app>\w{1,100})\)")
_ALEMBIC = re.compile(r"\bMultiple head revisions are present\b")
_REVISION = re.compile(r"^(?P<key>revision|down_revision)(?::[^=\n]{1,60})?\s*=\s*(?P<value>.+)$", re.M)
_ID = re.compile(r"['\"](\w{1,60})['\"]")


@claim(Layer.DECLARATION)
class MigrationsDiverge(Claim):
    """Migrations of one application come after the same one, so that no order of them is known; `at` is the later."""

    names: tuple[str, ...]
    at: Locator

    def __str__(self) -> str:
        return f"{', '.join(self.names[:-1])} and {self.names[-1]} come beside each other, and neither after the other"

    def title(self) -> str:
        return f"The migrations {' and '.join(self.names)} come beside each other"

    def why(self) -> str:
        return f"Why does {self.at.path} not come after the other?"

    def blamed(self) -> Locator | None:
        return None


@schema.rule
def migrations_diverge(
    effect: ErrorLogged | CheckFailed | DeploymentFailed | ExceptionRaised | LastWords,
    log: ErrorLog,
    migrations: Migrations,
) -> Iterator[Because]:
    """
    Two migrations were added beside each other.

    ## What you see
    `Conflicting migrations detected; multiple leaf nodes in the migration graph` from Django, `Multiple head revisions
    are present` from Alembic, when migrations are applied.

    ## Why it happens
    Two branches each added a migration after the same one, and both were merged.

    ## How we know
    The tool says so, and the repository has the migrations: files of those names, or revisions after which no other
    comes.

    ## What to change
    Add a migration that comes after both; the tools make it.
    """
    for occurrence, text in _said(effect, log):
        match = _DJANGO.search(text)
        if match is not None:
            names = [name.strip() for name in match["names"].split(",")]
            end = f"{match['app']}/migrations"
            paths = [
                path
                for name in names
                for path, tool in migrations.files
                if tool == "django" and f"/{path}".endswith(f"/{end}/{name}.py")
            ]
            command = "python manage.py makemigrations --merge"
        elif _ALEMBIC.search(text):
            paths, command = _heads(migrations), "alembic merge heads"
        else:
            continue
        if len(paths) < 2:
            return
        added = [(migrations.repository.change_of(path, lambda text: text is not None), path) for path in paths]
        later = max(added, key=lambda one: one[0].date if one[0] is not None else "")[1]
        shown = [quote for path in paths if (quote := _after(path, migrations)) is not None]
        at = (
            shown[paths.index(later)].locator
            if len(shown) == len(paths)
            else Locator(source="file", path=later, line=1)
        )
        names = [posixpath.splitext(posixpath.basename(path))[0] for path in paths]
        fix = Remedy("command", "add a migration that comes after both", command=command)
        yield Because(MigrationsDiverge(tuple(names), at), [*shown, *evidence_of(occurrence)[:1]], fix=fix)
        return


@schema.rule
def migration_added_beside(diverging: MigrationsDiverge, migrations: Migrations) -> Iterator[Because | Unknown]:
    """
    The later of two commits added a migration beside one that was there.

    ## What you see
    Two migrations that follow the same one.

    ## Why it happens
    Each was right on its branch; nothing looked at them together.

    ## How we know
    The commits that added the files; of these the later one.

    ## What to change
    Merge the migrations, and let a check of them run on what is merged.
    """
    added: Commit | None = migrations.repository.change_of(diverging.at.path, lambda text: text is not None)
    if added is None:
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
    else:
        yield Because(introduced(added, f"added {diverging.at.path}"), [added.evidence()])


def _said(
    effect: ErrorLogged | CheckFailed | DeploymentFailed | ExceptionRaised | LastWords, log: ErrorLog
) -> Iterator[tuple[Occurrence, str]]:
    if isinstance(effect, LastWords):
        yield from ((one, one.text) for one in own(log, effect.service))
    else:
        yield from told_by(effect, log)


def _after(path: str, migrations: Migrations) -> Evidence | None:
    """The line of a migration that says what it comes after."""
    rows = migrations.repository.lines(path)
    for number, row in enumerate(rows, 1):
        if re.match(r"\s*(?:dependencies\s*=|down_revision\b)", row):
            one = row.rstrip().endswith("[") and number < len(rows)
            return migrations.repository.quote(path, number, number + 1 if one else None)
    return None


def _heads(migrations: Migrations) -> list[str]:
    """The revisions of Alembic after which no other comes."""
    own_: dict[str, str] = {}
    followed: set[str] = set()
    for path, tool in migrations.files:
        if tool != "alembic":
            continue
        for match in _REVISION.finditer(migrations.repository.text(path) or ""):
            found = _ID.findall(match["value"])
            if match["key"] == "revision" and found:
                own_[found[0]] = path
            elif match["key"] == "down_revision":
                followed |= set(found)
    return [path for revision, path in own_.items() if revision not in followed]
