"""What Dockerfiles, Procfiles, package.json and the code itself say of a service."""

from __future__ import annotations

import json
import posixpath
import re
import shlex

from shakeout.evidence.dockerfile import NAMES as DOCKERFILES
from shakeout.evidence.dockerfile import instructions
from shakeout.manifest.drafting import values
from shakeout.manifest.drafting.model import Draft, Found, ServiceDraft, plain
from shakeout.manifest.drafting.tree import Tree

_FLASK = re.compile(r"^(?P<name>\w+)(?:: [\w.]+)? = (?:flask\.)?Flask\(", re.M)
_ASGI = re.compile(r"^(?P<name>\w+)(?:: [\w.]+)? = (?:\w+\.)?(?:FastAPI|Starlette|Litestar|Quart)\(", re.M)
_HEALTH_TEST = re.compile(r"https?://[^\s/'\"]+(?P<path>/[\w./-]*)")


def dockerfiles(tree: Tree, draft: Draft) -> None:
    """Each Dockerfile is a service, unless the compose file has it already; its last stage says how it is started."""
    for path in tree.paths:
        if not DOCKERFILES.fullmatch(path):
            continue
        folder, name = posixpath.dirname(path) or ".", posixpath.basename(path)
        suffix = re.sub(r"(?i)^(?:docker|container)file[.-]?|\.(?:docker|container)file$", "", name)
        own = next((one for one in draft.services.values() if one.dockerfile and one.dockerfile.value == path), None)
        own = own or (draft.of_folder(folder) if not suffix else None)
        if own is None:
            called = plain(suffix or posixpath.basename(folder) if folder != "." or suffix else draft.application.value)
            own = draft.services.setdefault(called, ServiceDraft(name=called, at=f"{path}:1", folder=folder))
        if own.dockerfile is None:
            own.dockerfile = Found(value=path, at=f"{path}:1")
            own.context = _context(tree, path, folder)
        _instructions(tree, draft, own, path)
        if own.run is not None and own.path is None and _from_top(tree, own):
            own.path = Found(value=".", at=own.run.at)


def _from_top(tree: Tree, own: ServiceDraft) -> bool:
    """Whether a command names its files from the repository's top, and not from the folder of the service."""
    if own.run is None or own.context is None or own.context.value != ".":
        return False
    words = shlex.split(own.run.value)
    return any(tree.has(word) for word in words) and not any(tree.has(f"{own.folder}/{word}") for word in words)


def _context(tree: Tree, path: str, folder: str) -> Found:
    """The folder from which the COPY lines find their files: the Dockerfile's own, or the repository."""
    for one in instructions(tree.text(path)):
        sources = (
            [word for word in one.text.split()[:-1] if not word.startswith(("-", "["))] if one.word == "COPY" else []
        )
        for source in sources:
            if "--from" in one.text or any(sign in source for sign in "*?$") or source in {".", "./"}:
                continue
            below = posixpath.normpath(posixpath.join(folder, source))
            inside = any(found == below or found.startswith(f"{below}/") for found in tree.paths)
            if not inside and any(
                found == source or found.startswith(f"{source.rstrip('/')}/") for found in tree.paths
            ):
                return Found(value=".", at=f"{path}:{one.line}")
    return Found(value=folder, at=f"{path}:1")


def _instructions(tree: Tree, draft: Draft, own: ServiceDraft, path: str) -> None:
    entry: list[str] = []
    run: Found | None = None
    for one in instructions(tree.text(path)):
        if one.word == "FROM":
            entry, run = [], None
        elif one.word == "EXPOSE" and (match := re.search(r"\d{2,5}", one.text)):
            own.port = own.port or int(match[0])
        elif one.word == "ENV":
            for name, value in re.findall(r"([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|\S+)", one.text):
                if not re.match(r"PYTHON|PIP_|NODE_ENV$|DEBIAN|LANG$|LC_|UV_|POETRY_|VIRTUAL_ENV", name):
                    values.add(draft, own, name, value.strip("\"'"), f"{path}:{one.line}", inside=True)
        elif one.word == "HEALTHCHECK" and own.health is None and (match := _HEALTH_TEST.search(one.text)):
            own.health = Found(value=match["path"], at=f"{path}:{one.line}")
        elif one.word in {"ENTRYPOINT", "CMD"}:
            words = _exec(one.text)
            if one.word == "ENTRYPOINT":
                entry = words
            elif words and not (entry and re.search(r"entrypoint|tini|dumb-init", entry[0])):
                run = Found(value=shlex.join([*entry, *words]), at=f"{path}:{one.line}")
            elif words:
                run = Found(value=shlex.join(words), at=f"{path}:{one.line}")
    if run is None and entry:
        run = Found(value=shlex.join(entry), at=f"{path}:1")
    own.run = own.run or run


def _exec(text: str) -> list[str]:
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            return []
        words = [str(word) for word in found] if isinstance(found, list) else []
        if words[:2] in (["sh", "-c"], ["/bin/sh", "-c"], ["bash", "-c"]) and len(words) == 3:
            return _exec(words[2])
        return words
    text = text.strip().removeprefix("exec ")
    if re.search(r"[;&|<>`]|\$\(", text):
        return ["sh", "-c", text]
    try:
        return shlex.split(text)
    except ValueError:
        return []


def procfiles(tree: Tree, draft: Draft) -> None:
    """Each process of a Procfile; `web` is the folder's own service."""
    for path in tree.find("Procfile"):
        folder = posixpath.dirname(path) or "."
        for number, row in enumerate(tree.lines(path), 1):
            match = re.match(r"(?P<name>[A-Za-z][\w-]*):\s*(?P<command>\S.*)", row)
            if match is None:
                continue
            if match["name"] == "release":
                draft.notes.append(f"{path}:{number} is run once for each release: {match['command']}")
                continue
            words = _exec(match["command"])
            own = draft.of_folder(folder) if match["name"] == "web" else _known(draft, match["name"], words)
            if own is None or own.at.startswith(f"{path}:"):
                stem = draft.application.value if folder == "." else posixpath.basename(folder)
                name = plain(stem if match["name"] == "web" else f"{stem}-{match['name']}")
                own = draft.services.setdefault(name, ServiceDraft(name=name, at=f"{path}:{number}", folder=folder))
            if own.run is None and words:
                own.run = Found(value=shlex.join(words), at=f"{path}:{number}", shell=True)


def _known(draft: Draft, process: str, words: list[str]) -> ServiceDraft | None:
    """The service that is this process: the one of its name, or the one that is started by the same command."""
    same = [one for one in draft.services.values() if words and one.run and one.run.value == shlex.join(words)]
    return draft.services.get(plain(process)) or next(iter(same), None)


def packages(tree: Tree, draft: Draft) -> None:
    """A package.json with a `start` script is a service."""
    for path in tree.find("package.json"):
        folder = posixpath.dirname(path) or "."
        try:
            data = json.loads(tree.text(path))
        except ValueError:
            draft.notes.append(f"{path} is no JSON")
            continue
        scripts = data.get("scripts") if isinstance(data, dict) else None
        start = scripts.get("start") if isinstance(scripts, dict) else None
        if not isinstance(start, str) or not start.strip() or data.get("workspaces"):
            continue
        at = f"{path}:{_line(tree, path)}"
        own = draft.of_folder(folder)
        if own is None:
            stem = draft.application.value if folder == "." else posixpath.basename(folder)
            own = draft.services.setdefault(plain(stem), ServiceDraft(name=plain(stem), at=at, folder=folder))
        if own.run is None or own.run.value in {"npm start", "npm run start", "yarn start", "pnpm start"}:
            simple = re.fullmatch(r"node [\w./=-]+(?: [\w./=-]+)*", start)
            own.run = Found(value=start if simple else "npm run start", at=at)


def python_apps(tree: Tree, draft: Draft) -> None:
    """Folders with requirements that name a web framework, where nothing else said how they are started."""
    for path in tree.find("requirements*.txt", "pyproject.toml", "manage.py"):
        folder = posixpath.dirname(path) or "."
        own = draft.of_folder(folder)
        if own is not None and own.run is not None:
            continue
        text = "" if path.endswith("manage.py") else tree.text(path).lower()
        found = _python_command(tree, folder, text)
        if found is None:
            continue
        if own is None:
            stem = draft.application.value if folder == "." else posixpath.basename(folder)
            own = draft.services.setdefault(plain(stem), ServiceDraft(name=plain(stem), at=found.at, folder=folder))
        own.run = found


def _python_command(tree: Tree, folder: str, requirements: str) -> Found | None:
    files = [path for path in tree.within(folder) if path.endswith(".py")]
    server = "gunicorn" if "gunicorn" in requirements else "uvicorn" if "uvicorn" in requirements else None
    wsgi = [path for path in files if path.endswith("/wsgi.py") and tree.has(f"{folder}/manage.py".removeprefix("./"))]
    candidates: list[tuple[str, str]] = []
    for path in wsgi:
        module = _module(path, folder)
        candidates.append((f"gunicorn {module}:application" if server == "gunicorn" else "", f"{path}:1"))
    for path in files if not wsgi else ():
        for pattern, kind in ((_FLASK, "flask"), (_ASGI, "asgi")):
            for match in pattern.finditer(tree.text(path)):
                name = f"{_module(path, folder)}:{match['name']}"
                if kind == "asgi":
                    command = (
                        f"uvicorn {name}"
                        if server != "gunicorn"
                        else f"gunicorn -k uvicorn.workers.UvicornWorker {name}"
                    )
                else:
                    command = f"gunicorn {name}" if server == "gunicorn" else f"flask --app {name} run"
                candidates.append((command, f"{path}:{tree.text(path).count(chr(10), 0, match.start()) + 1}"))
    if not candidates:
        return None
    command, at = candidates[0]
    if not command:
        return Found(value="python manage.py runserver --noreload", at=at, unsure="a server for development")
    more = f"{len(candidates)} applications were found" if len(candidates) > 1 else None
    return Found(value=command, at=at, unsure=more)


def _module(path: str, folder: str) -> str:
    below = path if folder == "." else path[len(folder) + 1 :]
    return below.removesuffix(".py").removesuffix("/__init__").removeprefix("src/").replace("/", ".")


def _line(tree: Tree, path: str) -> int:
    return next((number for number, row in enumerate(tree.lines(path), 1) if '"start"' in row), 1)
