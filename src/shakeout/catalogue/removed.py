"""What a newer Python no longer has: the image's version went on, the code or a library did not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import logged, own_frame, quoted
from shakeout.catalogue.syntax import syntax
from shakeout.evidence.model import Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.python_versions import PythonVersions
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Claim, GuardSpec, Layer, Remedy, claim

IMPORTED = GuardSpec(
    name="import by the image's Python",
    kind="command",
    arguments=(
        r"docker(?:\s+compose)?\s+run\b.*(?:python\S*\s+-c|pytest|import|smoke|check)",
        r"python3?\s+-c\s+[\"']?import\b",
        r"container-structure-test",
        r"\b(?:mypy|pyright|basedpyright|pytype)\b",
        r"shakeout\s+(?:up|verify)",
    ),
    missing="nothing in the repository's checks imports the application with the image's Python, or checks its imports",
    add="- run: docker run --rm IMAGE python -c 'import yourpackage.main'  # after the build; compiling is not enough",
)

Version = tuple[int, int]

_MODULES: dict[Version, str] = {
    (3, 10): "formatter parser symbol macpath",
    (3, 11): "binhex",
    (3, 12): "distutils imp asynchat asyncore smtpd",
    (
        3,
        13,
    ): "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr spwd"
    " sunau telnetlib uu xdrlib",
}
_NAMES: dict[tuple[Version, str], str] = {
    (
        (3, 10),
        "collections",
    ): "Awaitable Coroutine AsyncIterable AsyncIterator AsyncGenerator Hashable Iterable Iterator"
    " Generator Reversible Sized Container Callable Collection Set MutableSet Mapping MutableMapping"
    " MappingView KeysView ItemsView ValuesView Sequence MutableSequence ByteString",
    ((3, 11), "asyncio"): "coroutine",
    ((3, 11), "inspect"): "getargspec formatargspec",
    ((3, 9), "base64"): "encodestring decodestring",
    ((3, 9), "fractions"): "gcd",
    ((3, 8), "time"): "clock",
    ((3, 12), "pkgutil"): "ImpImporter ImpLoader",
    ((3, 12), "ssl"): "wrap_socket match_hostname",
    ((3, 12), "configparser"): "SafeConfigParser",
    ((3, 12), "locale"): "format",
    ((3, 13), "locale"): "resetlocale",
    ((3, 13), "unittest"): "makeSuite findTestCases",
}
_SINCE = {
    **{(name, ""): since for since, names in _MODULES.items() for name in names.split()},
    **{(module, name): since for (since, module), names in _NAMES.items() for name in names.split()},
}
_MODULE = re.compile(r"No module named '?(\w+)[\w.]*'?")
_MEMBER = re.compile(r"cannot import name '(\w+)' from '(\w+)'|module '(\w+)' has no attribute '(\w+)'")


@claim(Layer.DECLARATION)
class RemovedFromPython(Claim):
    """A line declares a Python that no longer has what is asked for."""

    what: str
    since: str
    declared: str
    declared_at: Locator

    def __str__(self) -> str:
        return (
            f"{self.declared_at} declares Python {self.declared}, and {self.what} was removed with Python {self.since}"
        )

    def title(self) -> str:
        return f"{self.what} is asked for, which Python {self.declared} no longer has ({self.declared_at})"

    def why(self) -> str:
        return f"Why does {self.declared_at} declare Python {self.declared}?"


@syntax.rule(guard=IMPORTED)
def removed_from_python(
    raised: ExceptionRaised, paths: SourcePaths, versions: PythonVersions, log: ErrorLog | None
) -> Iterator[Because]:
    """
    The code, or a library, needs something that the image's Python no longer has.

    ## What you see
    `No module named 'distutils'`, `cannot import name 'Mapping' from 'collections'`, `module 'asyncio' has no attribute
    'coroutine'`, often from within an installed library, right after the base image was changed.

    ## Why it happens
    Python takes out what was deprecated for years; a newer base image brings the newer Python.

    ## How we know
    The exception names a module or a name of the standard library that was removed, by a table from Python's own
    release notes, and the line that declares a version without it is quoted.

    ## What to change
    Take a version of the library that knows this Python, or change the line that asks; until then run on the older one.
    """
    if raised.simple_type not in {"ModuleNotFoundError", "ImportError", "AttributeError"}:
        return
    module, member = _MODULE.search(raised.message), _MEMBER.search(raised.message)
    if module is not None:
        key = (module[1], "")
    elif member is not None:
        key = (member[2] or member[3], member[1] or member[4])
    else:
        return
    since = _SINCE.get(key)
    at = own_frame(raised, paths, log)
    declared = versions.of(at.path if at is not None else "") if since is not None else None
    if since is None or declared is None or declared.version < since:
        return
    what = ".".join(part for part in key if part)
    words = ".".join(map(str, declared.version))
    evidence = [
        *logged(raised, log),
        *quoted(paths, at, note="asks for it"),
        *quoted(paths, declared.at, note=f"declares Python {words}"),
    ]
    summary = f"use what replaced {what}, or a version of the library that does; or declare an older Python"
    fix = Remedy("words", f"{summary} at {declared.at}")
    yield Because(RemovedFromPython(what, ".".join(map(str, since)), words, declared.at), evidence, fix=fix)
