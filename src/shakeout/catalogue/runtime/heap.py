"""The heap of a runtime, which is smaller than the memory that its container may use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of
from shakeout.catalogue.runtime.family import runtime
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Claim, Layer, Remedy, Strength, claim

_NODE = re.compile(r"\bJavaScript heap out of memory\b|\bReached heap limit Allocation failed\b")
_JAVA = re.compile(r"\b(?:Java heap space|GC overhead limit exceeded|Metaspace)\b")
_PHP = re.compile(r"\bAllowed memory size of (?P<bytes>\d{3,15}) bytes exhausted\b")
_SETTINGS = {
    "Node.js": r"max[-_]old[-_]space[-_]size[= ][0-9]+",
    "Java": r"-Xmx[0-9]+[kKmMgG]?|MaxRAMPercentage=[0-9.]+|-XX:MaxMetaspaceSize=[0-9]+",
    "PHP": r"memory_limit[ =:\"',]+[0-9]+[KMG]?",
}


@claim(Layer.STATE, actionable=True)
class HeapUsedUp(Claim):
    """The memory that a runtime gives a program is used up; its container may have more."""

    service: str | None
    runtime: str

    def __str__(self) -> str:
        return f"{self.service or 'the program'} uses all the memory that {self.runtime} gives it"

    def why(self) -> str:
        return f"Why does {self.runtime} give it no more?"


@claim(Layer.DECLARATION)
class HeapLimitDeclared(Claim):
    """A line of the repository says how much memory a runtime gives a program."""

    runtime: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} says how much memory {self.runtime} gives, and that is used up"

    def why(self) -> str:
        return f"Why does {self.at} say so?"


@runtime.rule
def heap_used_up(error: ErrorLogged | ExceptionRaised, log: ErrorLog) -> Iterator[Because]:
    """
    A program used all the memory that its runtime gives it.

    ## What you see
    `JavaScript heap out of memory`, `java.lang.OutOfMemoryError: Java heap space`, `Allowed memory size of 134217728
    bytes exhausted`.

    ## Why it happens
    Node.js, Java and PHP have a limit of their own, below that of the container; it may be reached while the platform
    has memory left, and raising the container's limit alone changes nothing then.

    ## How we know
    The runtime's own last words.

    ## What to change
    Hold less at once; or raise the runtime's limit, and the container's with it.
    """
    occurrence = log.get(error.key)
    if occurrence is None or occurrence.system:
        return
    text = error.message if isinstance(error, ExceptionRaised) else occurrence.text
    java = _JAVA.search(text) if "OutOfMemoryError" in (error.type or text) else None
    named = "Node.js" if _NODE.search(text) else "Java" if java else "PHP" if _PHP.search(text) else None
    if named is not None and (isinstance(error, ExceptionRaised) or occurrence.traceback is None):
        words = Remedy("words", f"hold less in memory at once, or raise {named}'s limit and the container's with it")
        yield Because(HeapUsedUp(occurrence.owner, named), evidence_of(occurrence)[:2], fix=words)


@runtime.rule
def heap_limit_declared(used: HeapUsedUp, repository: Repository) -> Iterator[Because]:
    """
    A line of the repository says how much the runtime gives.

    ## What you see
    `--max-old-space-size=256` in a Dockerfile or a script, `-Xmx512m`, `memory_limit = 128M`.

    ## Why it happens
    The number was chosen for less than the program needs now.

    ## How we know
    Exactly one line of the tree at the deployed commit has such a setting of that runtime.

    ## What to change
    That line, within what the container may use.
    """
    places = [
        at
        for at in repository.grep(_SETTINGS[used.runtime], fixed=False)
        if not at.path.lower().endswith((".md", ".rst", ".txt"))
    ]
    quoted = repository.quote(places[0].path, places[0].line or 1) if len(places) == 1 else None
    if quoted is not None:
        yield Because(HeapLimitDeclared(used.runtime, places[0]), [quoted], strength=Strength.ENTAILED)
