"""Secrets that the input itself shows by their names, so that they are taken out also where they stand bare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shakeout.evidence.configuration import LARGE, is_configuration, read_configuration
from shakeout.evidence.git import GitError
from shakeout.evidence.redaction import secrets_in
from shakeout.evidence.repository import Repository
from shakeout.logs.errors import LoggedError

FILES = 40
"""Files of configuration that are looked through, those nearest to the root first."""


def shown_secrets(logged: Sequence[LoggedError], repository: Repository | None) -> Iterator[str]:
    """The values of secrets that logged errors, or the repository's configuration, show by their names."""
    for error in logged:
        yield from secrets_in(error.text)
        yield from secrets_in(error.entry.message)
    if repository is None or not logged:
        return
    try:
        found = [path for path in repository.paths if is_configuration(path)]
        chosen = sorted(found, key=lambda path: (path.count("/"), path))[:FILES]
        texts = [(path, repository.text(path) or "") for path in chosen]
    except GitError:
        return  # a damaged repository shows nothing
    for path, text in texts:
        if len(text) > LARGE or next(secrets_in(text), None) is None:
            continue
        for item in read_configuration(path, text, repository.commit):
            if item.value and not item.sample:
                yield from secrets_in(f"{item.name}={item.value}")
