"""A command as it was found, made one that the target can give a port and an interpreter."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from shakeout.manifest.drafting.model import Found, ServiceDraft
from shakeout.manifest.interpolation import escape

_MODULES = {"gunicorn", "uvicorn", "flask", "hypercorn", "daphne", "granian", "waitress", "celery", "streamlit"}
_PORT = re.compile(r"\$\{?PORT(?::?-\d+)?\}?|\$\(PORT\)")
_HOST = re.compile(r"(?<![\d.])0\.0\.0\.0(?![\d.])|\$\{?HOST\b\}?")
_VARIABLE = re.compile(r"(?<!\$)\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*(?::?[-=+?][^{}]*)?\})")


_SHELLS = [[shell, "-c"] for shell in ("sh", "bash", "/bin/sh", "/bin/bash")]
_INNER = re.compile(
    rf"(?P<before>^\s*|(?:&&|\|\||;|\bexec)\s+)(?P<program>python3?|{'|'.join(sorted(_MODULES))})(?=\s)"
)
"""A program of Python where a command begins in the text that a shell is given."""


def runnable(own: ServiceDraft) -> Found | None:
    """
    The command with `${port}` where it names the port, the loopback address, and `${python}` where it needs Python.

    What was changed is said beside it.
    """
    found = own.run
    if found is None:
        return None
    try:
        words = shlex.split(found.value)
    except ValueError:
        return replace(found, unsure="its quotes are not closed")
    changed: list[str] = []
    result: list[str] = []
    told = False
    shell = found.shell and any(_VARIABLE.search(_HOST.sub("", _PORT.sub("", word))) for word in words)
    for word in words:
        text = _PORT.sub("\0", word)
        if text == word and own.port and re.search(rf"(?:^|[:=]){own.port}$", word) and word != words[0]:
            text = word[: -len(str(own.port))] + "\0"
            changed.append(f"{own.port} is now ${{port}}")
        told = told or "\0" in text
        if _HOST.search(text):
            text = _HOST.sub("127.0.0.1", text)
        result.append(escape(text).replace("\0", "${port}"))
    if words[:2] in _SHELLS and len(result) > 2:
        result[2] = _INNER.sub(_interpreted, result[2])
    elif result and result[0] in {"python", "python3"}:
        result[0] = "${python}"
    elif result and result[0] in _MODULES:
        result[:1] = ["${python}", "-m", result[0]]
    if not told and (extra := _address(words)):
        result += extra
        changed.append("the address was added")
    note = "; ".join(dict.fromkeys(changed)) or None
    if any("${python}" in word for word in result):
        note = f"{note}; " if note else ""
        note += "${python} is the interpreter of shakeout"
    text = " ".join(_filled(word) if shell else _word(word) for word in result)
    return replace(found, value=f"sh -c {shlex.quote(f'exec {text}')}" if shell else text, note=note)


def _interpreted(match: re.Match[str]) -> str:
    module = match["program"]
    return match["before"] + ("${python}" if module.startswith("python") else f"${{python}} -m {module}")


def _address(words: list[str]) -> list[str]:
    """How servers that do not read PORT are told where to listen, where the command says nothing of it."""
    said = " ".join(words)
    name = words[0] if words else ""
    if name == "gunicorn" and not re.search(r"(?:^|\s)(?:-b|--bind)", said):
        return ["--bind", "127.0.0.1:${port}"]
    if name in {"uvicorn", "hypercorn", "flask"} and not re.search(r"--port|--bind|-p\b", said):
        return ["--bind", "127.0.0.1:${port}"] if name == "hypercorn" else ["--port", "${port}"]
    if "runserver" in words and not re.search(r"runserver\S* [\d.:]+", said):
        return ["${port}"]
    return []


def _filled(word: str) -> str:
    """A word of which the shell fills in the variables."""
    return f'"{word}"' if "$" in word and not re.search(r'["\\`]', word) else _word(word)


def _word(word: str) -> str:
    return word if re.fullmatch(r"[\w@%+=:,./\-${}]+", word) else shlex.quote(word)
