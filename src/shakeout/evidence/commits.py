"""What a commit says of itself, and where a line came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.redaction import redact


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit's header; `date` is ISO 8601 with the zone that the commit has. No person is kept."""

    hash: str
    date: str
    subject: str
    parents: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        return self.hash[:12]

    def evidence(self) -> Evidence:
        """The commit as evidence: its subject, found in its header."""
        return Evidence(
            kind="commit",
            locator=Locator(source="commit", path=self.hash, commit=self.hash),
            quote=self.subject,
            note=f"commit {self.short} of {self.date}",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class LineOrigin:
    """Where blame says that a line came from: its commit, and its path and line there. `boundary`: history ends."""

    commit: Commit
    path: str
    line: int
    boundary: bool


def parse_commit(hash_: str, content: str) -> Commit:
    """A commit from the content of its object; its subject is redacted."""
    header, _, message = content.partition("\n\n")
    parents = tuple(row.split(" ", 1)[1] for row in header.split("\n") if row.startswith("parent "))
    committer = next((row for row in header.split("\n") if row.startswith("committer ")), "")
    return Commit(hash=hash_, date=_date(committer), subject=redact(message.strip().split("\n", 1)[0]), parents=parents)


def _date(committer: str) -> str:
    try:
        seconds, zone = committer.rsplit("> ", 1)[1].split(" ")
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])) * (-1 if zone[0] == "-" else 1)
        return datetime.fromtimestamp(int(seconds), UTC).astimezone(timezone(offset)).isoformat()
    except (IndexError, ValueError, OverflowError, OSError):
        return "unknown date"
