"""How builders and installers of packages say what stopped them."""

from __future__ import annotations

import re

PACKAGE = re.compile(r"^\[[\w,.-]{1,200}\]")
"""Extras of a requirement (`[argon2]`), which are no part of its version."""

_STEP = (
    re.compile(r"\bprocess \"(?:/bin/(?:ba|a)?sh -c )?(?P<command>[^\n]{1,600}?)\" did not complete successfully\b"),
    re.compile(r"\bThe command '(?:/bin/(?:ba|a)?sh -c )?(?P<command>[^\n]{1,600}?)' returned a non-zero code\b"),
    re.compile(r"\bwhile running runtime: [^\n]{0,200}\bbuilding at STEP \"RUN (?P<command>[^\n]{1,600}?)\": "),
    re.compile(r"\bbuilding at STEP \"RUN (?P<command>[^\n]{1,600}?)\": (?:while running|exit status)"),
)
_NAME = r"(?P<package>@?[A-Za-z0-9][\w.-]{0,100}(?:/[\w.-]{1,100})?)"
_NO_PACKAGE = (
    re.compile(
        rf"(?:Could not find a version that satisfies the requirement|No matching distribution found for) {_NAME}"
        r"(?P<wanted>(?:\[[\w,.-]{1,200}\])?(?:[=~<>!]=?[^\s()]{1,200})?)"
    ),
    re.compile(rf"\bNo matching version found for {_NAME}@(?P<wanted>[^\s.]{{1,60}}(?:\.[^\s.]{{1,30}}){{0,4}})"),
    re.compile(rf"'{_NAME}@(?P<wanted>[^'\n]{{1,100}})' is not in (?:this|the npm) registry"),
    re.compile(rf"\bCouldn't find any versions for \"{_NAME}\" that matches \"(?P<wanted>[^\"\n]{{1,100}})\""),
    re.compile(rf"\bBecause there is no version of {_NAME}(?P<wanted>[=~<>!]=?[^\s,]{{1,100}})"),
    re.compile(rf"\bBecause {_NAME} was not found in the package registry\b(?P<wanted>)"),
)


_STOPPED = re.compile(
    r"\bnpm (?:ERR!|error) (?:Lifecycle script|code [A-Z\d]|errno \d)"
    r"|\bOCI runtime (?:create|exec) failed\b|\bError response from daemon: (?!No such container)"
    r"|\bFailed at step [A-Z]{3,20} spawning /"
)


def is_stopped(text: str) -> bool:
    """Whether a builder, an installer or a container engine says that it could not go on."""
    return failed_step(text) is not None or package_in(text) is not None or _STOPPED.search(text[:4000]) is not None


def failed_step(text: str) -> str | None:
    """The command of a build step that a builder says failed."""
    match = next((found for pattern in _STEP if (found := pattern.search(text[:4000]))), None)
    return match["command"] if match is not None else None


def package_in(text: str) -> tuple[str, str] | None:
    """(package, what was wanted of it) that an installer says is not to be had."""
    match = next((found for pattern in _NO_PACKAGE if (found := pattern.search(text[:4000]))), None)
    if match is None:
        return None
    wanted = match["wanted"] or ""
    return match["package"].rstrip("."), f"@{wanted}" if wanted and wanted[0] not in "[=~<>!" else wanted
