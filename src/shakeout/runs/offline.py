"""`explain`: from exported logs and a repository to a report, with no running system at all."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePath
from typing import BinaryIO, Literal

from shakeout.catalogue.exceptions import exceptions
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.catalogue.tooling import is_told
from shakeout.errors import InputError
from shakeout.evidence.automation import Automation
from shakeout.evidence.guards import Guards
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.redaction import knowing
from shakeout.evidence.repository import Repository
from shakeout.logs.entry import LogEntry
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.errors import LoggedError, errors
from shakeout.logs.normal import coarse
from shakeout.logs.platform_words import KERNEL, how_ended
from shakeout.logs.quotes import spoken
from shakeout.logs.reading import EvidenceInput, read_evidence
from shakeout.logs.requests import Requests
from shakeout.logs.templated import Templates
from shakeout.report.building import next_steps, recommendations
from shakeout.report.model import Issue, LogChange, ReleaseSummary, Report, Status, Unexplained
from shakeout.runs.errorlogs import occurrences
from shakeout.runs.explaining import explain
from shakeout.runs.novelty import log_changes
from shakeout.runs.secrets import shown_secrets
from shakeout.runs.states import occurrences_of
from shakeout.why.engine import Symptom
from shakeout.why.sources import Sources

_HOST = re.compile(r"\bhttps?://([a-z][a-z0-9-]{1,60})(?=[.:/])", re.I)
_HASH = re.compile(r"[0-9a-f]{7,40}")
_COMMIT_LABELS = ("commit", "commit-sha", "commit_sha", "git-commit", "revision-commit", "vcs-ref", "sha")

DOUBTFUL = 50
"""Lines without a severity that are looked at where nothing else reads like a failure."""
NAMED = 200
"""Characters of an error's first line by which it is named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What `explain` is asked: the evidence, the repository's folder and the revision where they are known."""

    evidence: Sequence[Path | Literal["-"]]
    repository: Path | None = None
    at: str | None = None
    stdin: BinaryIO | None = None
    baseline: Path | None = None


def explain_offline(question: Question) -> Report:
    """
    Read the evidence, explain what it shows, and return the report.

    Raises InputError where nothing can be read, or where the repository or the revision is not there.
    """
    start = time.monotonic()
    repository = Repository(question.repository, question.at or "HEAD") if question.repository else None
    try:
        with read_evidence(question.evidence, stdin=question.stdin) as found:
            return _explain(question, found, repository, start)
    finally:
        if repository is not None:
            repository.close()


def _explain(question: Question, found: EvidenceInput, repository: Repository | None, start: float) -> Report:
    watch = _Watch()
    logged = list(errors(watch.over(found.suspects())))
    if not watch.count and not found.documents and next(found.entries(), None) is None:
        raise InputError(
            "the evidence holds no log entry",
            where=", ".join(found.paths[:5]),
            expected="log entries, or what a platform printed of its state",
            seen="; ".join(str(note) for note in found.notes[:5]) or "nothing that is an entry",
        )
    commit, commit_from, repository = _deployed_commit(question, watch, repository)
    with knowing(shown_secrets(logged, repository)):
        return _told(question, found, logged, watch, (commit, commit_from, repository), start)


def _told(
    question: Question,
    found: EvidenceInput,
    logged: Sequence[LoggedError],
    watch: _Watch,
    deployed: tuple[str | None, str | None, Repository | None],
    start: float,
) -> Report:
    commit, commit_from, repository = deployed
    stated = list(occurrences_of(found.documents, found.resolve))
    named = _named_files(logged, stated, found.paths)
    log = ErrorLog([*occurrences(_owned(logged, named), found.resolve), *stated])
    read = time.monotonic()
    sources = Sources(log, Templates(found.entries), Requests(found.entries, partial(_service, named=named)))
    if repository is not None:
        sources.add(repository)
        sources.add(SourcePaths(repository))
        sources.add(Guards(repository, Automation(repository)))
    explanation = explain(_symptoms(log), sources)
    issues = tuple(issue for issue in explanation.issues if _is_explained(issue))
    hinted = () if explanation.issues else _hinted(log, sources)
    unexplained = tuple(
        _unexplained(
            [issue for issue in explanation.issues if not _is_explained(issue)], log, repository=repository is not None
        )
    )
    described = repository.describe(repository.commit) if repository is not None and commit else None
    end = time.monotonic()
    return Report(
        status=_status(
            failed=bool(issues or unexplained),
            unsure=bool(hinted) or any(note.kind == "truncated" for note in found.notes),
        ),
        application=None,
        environment=None,
        target=None,
        run=None,
        date=watch.newest.isoformat(timespec="seconds") if watch.newest else None,
        release=ReleaseSummary(
            id=None, commit=commit, subject=described.subject if described else None, commit_from=commit_from
        ),
        issues=issues,
        unexplained=unexplained,
        log_changes=_log_changes(question.baseline, found),
        baseline=str(question.baseline) if question.baseline else None,
        recommendations=recommendations(issues),
        next_steps=next_steps(issues, unexplained, ()),
        notes=(*_notes(found, log), *hinted, *explanation.notes),
        seconds={"read": round(read - start, 3), "explain": round(end - read, 3), "total": round(end - start, 3)},
    )


def _named_files(logged: Sequence[LoggedError], stated: Sequence[Occurrence], paths: Sequence[str]) -> frozenset[str]:
    """
    What files may be called so that they are a service's: `kubectl logs backend > backend.log`.

    That is a service that the platform's own state names. Where one of several files is called after the host of an
    address that an error has, all of them are services'.
    """
    owners = {item.owner for item in stated if item.owner is not None}
    files = {_stem(path) for path in paths}
    texts = (error.traceback.first.message if error.traceback is not None else error.text for error in logged)
    hosts = {host.lower() for text in texts for host in _HOST.findall(text[:3000])} if len(files) > 1 else set()
    return frozenset(owners | (files if files & hosts else set()))


def _stem(path: str) -> str:
    return PurePath(path).name.partition(".")[0]


def _service(entry: LogEntry, *, named: frozenset[str]) -> str | None:
    """The service of an entry, by the name of its file where the entry itself does not say it."""
    return entry.service or (stem if (stem := _stem(entry.locator.path)) in named else None)


def _owned(logged: Iterable[LoggedError], named: frozenset[str]) -> Iterator[LoggedError]:
    """The errors, those without a service with the one after which their file is called."""
    for error in logged:
        yield replace(error, service=_service(error.entry, named=named)) if error.service is None else error


class _Watch:
    """Remembers the times and commits of the entries that pass."""

    def __init__(self) -> None:
        self.oldest: datetime | None = None
        self.newest: datetime | None = None
        self.commits: dict[str, int] = {}
        self.count = 0

    def over(self, entries: Iterable[LogEntry]) -> Iterable[LogEntry]:
        for entry in entries:
            self.count += 1
            if entry.time is not None:
                if self.oldest is None or entry.time < self.oldest:
                    self.oldest = entry.time
                if self.newest is None or entry.time > self.newest:
                    self.newest = entry.time
            for label in _COMMIT_LABELS if entry.labels else ():
                value = entry.labels.get(label)
                if value is not None and _HASH.fullmatch(value):
                    self.commits[value] = self.commits.get(value, 0) + 1
            yield entry


def _deployed_commit(
    question: Question, watch: _Watch, repository: Repository | None
) -> tuple[str | None, str | None, Repository | None]:
    """(commit, how it was found, the repository at that commit)."""
    labelled = sorted(watch.commits, key=lambda commit: (-watch.commits[commit], commit))
    if repository is None:
        return (labelled[0], "the labels of the log entries", None) if labelled else (None, None, None)
    if question.at is not None:
        return repository.commit, f"--at {question.at}", repository
    for commit in labelled:
        full = repository.resolve(commit)
        if full is not None:
            return full, "the labels of the log entries", repository.at(full)
    if watch.oldest is not None:
        before = repository.before(watch.oldest)
        if before is not None:
            how = f"the newest commit before the first log entry ({watch.oldest.isoformat(timespec='seconds')})"
            return before, how, repository.at(before)
    return repository.commit, "the repository's HEAD, since the evidence names no commit and no time", repository


def _log_changes(baseline: Path | None, found: EvidenceInput) -> tuple[LogChange, ...]:
    if baseline is None:
        return ()
    with read_evidence([baseline]) as earlier:
        return log_changes(earlier.entries(), found.entries())


def _claim(item: Occurrence) -> ErrorLogged:
    """The error as a person would name it: its first line, and of a long one the beginning."""
    first = item.text.strip().split("\n", 1)[0]
    return ErrorLogged(item.owner, item.key, item.type, first if len(first) <= NAMED else f"{first[: NAMED - 1]}…")


def _symptoms(log: ErrorLog) -> tuple[Symptom, ...]:
    return tuple(
        Symptom(
            claim=_claim(item),
            evidence=item.evidence,
            service=item.owner,
            weight=2,
            count=item.count,
        )
        for item in log
        if _is_symptom(item)
    )


def _hinted(log: ErrorLog, sources: Sources) -> tuple[str, ...]:
    """
    What lines without a severity tell of in words that a rule knows; whether it was handled, they do not say.

    A log with such lines and no error is not called clean.
    """
    doubtful = [
        item for item in log if not _is_symptom(item) and (item.traceback is not None or spoken(item.text) is None)
    ][:DOUBTFUL]
    if not doubtful:
        return ()
    symptoms = [Symptom(claim=_claim(item), evidence=item.evidence, service=item.owner) for item in doubtful]
    known = [issue for issue in explain(symptoms, sources).issues if _is_explained(issue)]
    return tuple(
        f"a line without a severity tells of a failure, and not whether it was handled: {issue.title} "
        f"({issue.evidence[0].locator})"
        for issue in known[:5]
        if issue.evidence
    )


def _is_symptom(item: Occurrence) -> bool:
    """An error; or, without a severity, a tool's word that it was stopped, or a platform's that a process ended."""
    kernel = KERNEL.search(item.text) is not None
    return item.error or kernel or is_told(item.text) or (item.system and how_ended(item.text) is not None)


_RESTATING = frozenset({*(rule.name for rule in exceptions.rules), "ended-by-exception"})
"""Rules that say which exception it was: that is no explanation of it."""


def _is_explained(issue: Issue) -> bool:
    return issue.root_cause is not None or any(
        why.rule is not None and why.rule not in _RESTATING for why in issue.whys
    )


def _needed(needs: str, *, repository: bool) -> str:
    """What would take an unexplained error further; what was given already does not."""
    if needs and not repository:
        return f"more evidence: {needs}"
    nobody = "a person: no rule of the catalogue explains it from this evidence"
    return f"{nobody} (not given: {needs})" if needs else nobody


def _unexplained(issues: Iterable[Issue], log: ErrorLog, *, repository: bool) -> Iterable[Unexplained]:
    """Errors that differ only in numbers as one, with the count of all; the most frequent first."""
    counts = {str(_claim(item)): item for item in log}
    found: dict[tuple[str | None, str, str], Unexplained] = {}
    for issue in issues:
        symptom = issue.symptoms[0].split(" (seen ", 1)[0]
        _, needs_more, needs = (issue.unknown or "").partition("unknown beyond here: needs ")
        occurrence: Occurrence | None = counts.get(symptom)
        count = occurrence.count if occurrence else 1
        key = (issue.service, coarse(symptom), needs)
        if key in found:
            found[key] = replace(found[key], count=found[key].count + count)
        else:
            more = _needed(needs if needs_more else "", repository=repository)
            found[key] = Unexplained(
                symptom=f"{symptom}{_first(issue, symptom)}", needs=more, count=count, evidence=issue.evidence
            )
    return sorted(found.values(), key=lambda item: -item.count)


def _first(issue: Issue, symptom: str) -> str:
    """What is known of an error that nothing explains: its first cause, if that is another one, and its place."""
    said = next((why.answer.removeprefix("Because ") for why in issue.whys if why.rule in _RESTATING), "")
    error, raised, place = said.rpartition(" was raised")
    known = symptom.endswith(error) or (symptom.endswith("…") and error.startswith(symptom.partition(": ")[2][:80]))
    if not raised or (known and not place):
        return ""
    told = f"raised{place}" if known else said
    return f" ({told if len(told) <= NAMED else f'{told[: NAMED - 1]}…'})"


def _status(*, failed: bool, unsure: bool) -> Status:
    return Status.FAILED if failed else Status.INCONCLUSIVE if unsure else Status.SUCCESSFUL


def _notes(found: EvidenceInput, log: ErrorLog) -> Iterable[str]:
    yield from (str(note) for note in found.notes[:20])
    doubtful = [item for item in log if not _is_symptom(item) and not item.system]
    if doubtful:
        first = doubtful[0]
        yield (
            f"{sum(item.count for item in doubtful)} lines without a severity read like failures and were not "
            f"explained, the first at {first.evidence[0].locator}: {_claim(first).text}"
        )
    if not any(_is_symptom(item) for item in log):
        yield f"the logs hold no error ({len(found.paths)} files read); nothing was verified"


def check_arguments(evidence: Sequence[str]) -> tuple[Path | Literal["-"], ...]:
    """The paths of a command line; InputError names all that are not there."""
    paths: list[Path | Literal["-"]] = ["-" if text == "-" else Path(text) for text in evidence]
    missing = [str(path) for path in paths if isinstance(path, Path) and not path.exists()]
    if missing:
        raise InputError(
            "evidence is not there",
            expected="files, folders, archives, or - for standard input",
            seen=f"no such file: {', '.join(missing)}",
            hint="name the exported logs, for example: shakeout explain logs.json --repo .",
        )
    return tuple(paths)
