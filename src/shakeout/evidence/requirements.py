"""Which packages the repository asks for, in every usual file, each with its line."""

from __future__ import annotations

import ast
import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository

FILES = re.compile(
    r"(?:.*/)?(?:[\w.-]*requirements[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.(?:txt|in)|pyproject\.toml|setup\.cfg"
    r"|setup\.py|Pipfile|environment\.ya?ml|package\.json)"
)
LOCKS = re.compile(r"(?:.*/)?(?:poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock)")
_OTHER = re.compile(r"dev|test|ci|lint|docs?|local|typing|optional|check", re.IGNORECASE)
_NAME = re.compile(r"\s*[\"']?([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?=[\"',;<>=!~ @#]|$)")

# Import names that are not the distribution's own: only those that many projects use.
DISTRIBUTIONS = {
    "yaml": ("pyyaml",), "cv2": ("opencv-python", "opencv-python-headless"), "PIL": ("pillow",),
    "bs4": ("beautifulsoup4",), "sklearn": ("scikit-learn",), "dateutil": ("python-dateutil",),
    "dotenv": ("python-dotenv",), "jwt": ("pyjwt",), "jose": ("python-jose",), "decouple": ("python-decouple",),
    "MySQLdb": ("mysqlclient",), "psycopg2": ("psycopg2", "psycopg2-binary"), "Crypto": ("pycryptodome",),
    "OpenSSL": ("pyopenssl",), "rest_framework": ("djangorestframework",), "corsheaders": ("django-cors-headers",),
    "environ": ("django-environ",), "git": ("gitpython",), "github": ("pygithub",), "slugify": ("python-slugify",),
    "multipart": ("python-multipart",), "magic": ("python-magic",), "docx": ("python-docx",), "attr": ("attrs",),
    "websocket": ("websocket-client",), "socketio": ("python-socketio",), "telegram": ("python-telegram-bot",),
    "googleapiclient": ("google-api-python-client",), "serial": ("pyserial",), "zmq": ("pyzmq",), "fitz": ("pymupdf",),
    "kafka": ("kafka-python",), "ldap": ("python-ldap",), "grpc": ("grpcio",), "pkg_resources": ("setuptools",),
    "flask_sqlalchemy": ("flask-sqlalchemy",), "dns": ("dnspython",), "faiss": ("faiss-cpu",), "nacl": ("pynacl",),
    "markdown": ("markdown",), "usb": ("pyusb",), "whitenoise": ("whitenoise",), "consul": ("python-consul",),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """One package that a file asks for: normalised name, group (`main` or another's name), and where."""

    name: str
    group: str
    at: Locator


def normalised(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(module: str) -> tuple[tuple[str, ...], bool]:
    """The distributions that may provide an import, the usual one first, and whether that is only assumed."""
    top = module.partition(".")[0]
    if top == "google" and module.startswith("google.cloud."):
        return (normalised("-".join(module.split(".")[:3])), "google-cloud"), False
    known = DISTRIBUTIONS.get(top)
    if known:
        return known, False
    return (normalised(top), f"python-{normalised(top)}"), True


class Requirements:
    """Every requirement of the repository at one commit."""

    described_as = Repository.described_as
    made_from = (Repository,)

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    @cached_property
    def files(self) -> tuple[str, ...]:
        return tuple(path for path in self.repository.paths if FILES.fullmatch(path))

    @cached_property
    def all(self) -> tuple[Requirement, ...]:
        found = []
        for path in self.files:
            for name, group, line in read_requirements(path, self.repository.text(path) or ""):
                at = Locator(source="file", path=path, line=line, commit=self.repository.commit)
                found.append(Requirement(name=name, group=group, at=at))
        return tuple(found)

    def files_for(self, path: str | None, *, node: bool = False) -> tuple[str, ...]:
        """The files that a source file's packages are asked for in: those of the nearest folder above it."""
        kind = [name for name in self.files if (posixpath.basename(name) == "package.json") is node]
        folder = posixpath.dirname(path or "")
        while True:
            here = [name for name in kind if _home(name) == folder]
            if here or not folder:
                return tuple(here) or (tuple(kind) if len({_home(name) for name in kind}) == 1 else ())
            folder = posixpath.dirname(folder)

    def locked(self, names: tuple[str, ...]) -> Locator | None:
        """Where a lock file has one of the packages."""
        for path in self.repository.paths:
            if LOCKS.fullmatch(path):
                for number, row in enumerate(self.repository.lines(path), 1):
                    match = re.match(r"\s*name = \"([^\"]+)\"|\s*\"([\w.-]+)\": \{", row)
                    if match and normalised(match[1] or match[2]) in names:
                        return Locator(source="file", path=path, line=number, commit=self.repository.commit)
        return None


def _home(path: str) -> str:
    """The folder that a requirements file is about (`requirements/prod.txt` is about the folder above)."""
    folder = posixpath.dirname(path)
    return posixpath.dirname(folder) if posixpath.basename(folder) == "requirements" else folder


def read_requirements(path: str, text: str) -> Iterator[tuple[str, str, int]]:
    """(normalised name, group, line) of every package that a file asks for."""
    name = posixpath.basename(path)
    if name == "pyproject.toml":
        yield from _pyproject(text)
    elif name == "Pipfile":
        yield from _sections(text, {"packages": "main", "dev-packages": "dev"})
    elif name == "setup.cfg":
        yield from _setup_cfg(text)
    elif name == "setup.py":
        yield from _setup_py(text)
    elif name == "package.json":
        yield from _package_json(text)
    elif name.startswith("environment."):
        for number, row in enumerate(text.split("\n"), 1):
            match = re.match(r"\s*-\s+([A-Za-z0-9][\w.-]*)", row)
            if match:
                yield normalised(match[1]), "main", number
    else:
        stem = name.rsplit(".", 1)[0].replace("requirements", "")
        group = stem.strip("-_.") if _OTHER.search(stem) else "main"
        for number, row in enumerate(text.split("\n"), 1):
            yield from _requirement(row, group, number)


def _requirement(row: str, group: str, number: int) -> Iterator[tuple[str, str, int]]:
    row = row.strip()
    egg = re.search(r"#egg=([\w.-]+)", row)
    if egg:
        yield normalised(egg[1]), group, number
    elif row and not row.startswith(("#", "-", "http:", "https:", "git+", ".", "/")):
        match = _NAME.match(row)
        if match:
            yield normalised(match[1]), group, number


def _pyproject(text: str) -> Iterator[tuple[str, str, int]]:
    section = key = ""
    inside = False
    for number, row in enumerate(text.split("\n"), 1):
        stripped = row.split(" #", 1)[0].strip()
        head = re.fullmatch(r"\[+([^\[\]]+)\]+", stripped)
        if head:
            section, inside = head[1].strip(), False
            continue
        entry = re.match(r"([\w.\"-]+)\s*=\s*(.*)", stripped) if not inside else None
        if entry:
            key, stripped = entry[1].strip('"'), entry[2]
            if re.fullmatch(r"tool\.poetry(\.group\.[\w-]+)?\.(dev-)?dependencies", section):
                group = re.search(r"group\.([\w-]+)", section)
                named = group[1] if group else "dev" if "dev-" in section else "main"
                if key != "python":
                    yield normalised(key), named, number
                continue
            inside = stripped.startswith("[")
        if not inside:
            continue
        group_name = _group(section, key)
        if group_name:
            for item in re.findall(r"\"([^\"]+)\"|'([^']+)'", stripped):
                yield from _requirement(item[0] or item[1], group_name, number)
        if stripped.endswith("]"):
            inside = False


def _group(section: str, key: str) -> str | None:
    if section == "project" and key == "dependencies":
        return "main"
    if section in {"project.optional-dependencies", "dependency-groups"}:
        return key
    return None


def _sections(text: str, groups: dict[str, str]) -> Iterator[tuple[str, str, int]]:
    group: str | None = None
    for number, row in enumerate(text.split("\n"), 1):
        head = re.fullmatch(r"\s*\[([\w-]+)\]\s*", row)
        if head:
            group = groups.get(head[1])
        elif group and (match := re.match(r"\"?([A-Za-z0-9][\w.-]*)\"?\s*=", row)):
            yield normalised(match[1]), group, number


def _setup_cfg(text: str) -> Iterator[tuple[str, str, int]]:
    section, group = "", None
    for number, row in enumerate(text.split("\n"), 1):
        head = re.fullmatch(r"\[([\w.]+)\]\s*", row)
        key = re.match(r"([\w-]+)\s*=\s*(.*)", row)
        if head:
            section, group = head[1], None
        elif key:
            group = "main" if section == "options" and key[1] == "install_requires" else None
            group = key[1] if section == "options.extras_require" else group
            if group:
                yield from _requirement(key[2], group, number)
        elif group and row[:1] in " \t":
            yield from _requirement(row, group, number)


def _setup_py(text: str) -> Iterator[tuple[str, str, int]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.keyword) and node.arg == "install_requires" else None
        if isinstance(value, ast.List | ast.Tuple):
            for item in value.elts:
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    yield from _requirement(item.value, "main", item.lineno)


def _package_json(text: str) -> Iterator[tuple[str, str, int]]:
    try:
        data = json.loads(text)
    except ValueError:
        return
    rows = text.split("\n")
    for section, group in (("dependencies", "main"), ("devDependencies", "dev"), ("optionalDependencies", "main")):
        start = next((number for number, row in enumerate(rows) if f'"{section}"' in row), 0)
        table = data.get(section) if isinstance(data, dict) else None
        for name in table if isinstance(table, dict) else ():
            line = next((number for number, row in enumerate(rows[start:], start + 1) if f'"{name}"' in row), 1)
            yield name, group, line
