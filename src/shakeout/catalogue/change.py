"""Generic: the commit that introduced a declaration. Every family gets it for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.evidence.repository import Commit, Repository
from shakeout.why import Because, Claim, Family, Layer, Strength, claim
from shakeout.why.links import Unknown

change = Family("change", "The commit that introduced what a declaration says")


@claim(Layer.CHANGE)
class IntroducedBy(Claim):
    """A commit introduced (or removed) the very line, file or setting that the evidence points at."""

    commit: str
    date: str
    subject: str
    what: str

    def __str__(self) -> str:
        return f"commit {self.commit[:12]} of {self.date[:10]} ({self.subject}) {self.what}"

    def why(self) -> str:
        return "Why was that change not stopped?"


def introduced(commit: Commit, what: str) -> IntroducedBy:
    """The claim about a commit; `what` completes "commit … " for example `removed the import`."""
    return IntroducedBy(commit.hash, commit.date, commit.subject, what)


@change.rule
def introduced_by_commit(declared: Claim, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit introduced the line that declares it.

    ## What you see
    A root cause with a file and a line, and below it the commit, its date and its subject.

    ## Why it happens
    Every declaration was written once. Knowing the change tells what else came with it, and what to look at or revert.

    ## How we know
    `git blame` of that one line at the deployed commit, through moves and renames and past changes of white space.
    The newest commit is never named for being new.
    Where the history is cut off (a shallow clone), the chain ends with what it would need.

    ## What to change
    Correct the line, or revert the commit where the rest of it is wrong too.
    """
    at = declared.blamed()
    if at is None or at.line is None:
        return
    origin = repository.origin(at.path, at.line)
    if origin is None:
        if repository.is_file(at.path):
            yield Unknown("the history of this repository (`git fetch --unshallow`)")
    elif origin.boundary:
        yield Unknown("the history before the oldest commit here (`git fetch --unshallow`)")
    else:
        yield Because(
            introduced(origin.commit, "introduced that line"), [origin.commit.evidence()], strength=Strength.OBSERVED
        )
