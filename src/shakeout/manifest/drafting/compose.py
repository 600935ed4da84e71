"""Compose files: services that are built here, and backing services by their images."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from shakeout.manifest.drafting import values
from shakeout.manifest.drafting.lined import Lined, read
from shakeout.manifest.drafting.model import BackingDraft, Draft, Found, ServiceDraft, plain
from shakeout.manifest.drafting.tree import Tree

_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_KINDS = (
    ("postgresql", re.compile(r"(?:^|/)(?:postgres|postgis|pgvector|timescaledb|cloudsql)"), 5432),
    ("clickhouse", re.compile(r"(?:^|/)clickhouse"), 8123),
    ("redis", re.compile(r"(?:^|/)(?:redis|valkey|keydb|dragonfly)"), 6379),
)
_OTHER = re.compile(
    r"(?:^|/)(?:mysql|mariadb|mongo|rabbitmq|kafka|nats|memcached|elasticsearch|opensearch|minio|mailhog|mailpit)"
)
_URL = re.compile(r"https?://[^\s/'\"]+(?::\d+)?(?P<path>/[\w./-]*)")


def detect(tree: Tree, draft: Draft) -> None:
    """Read the compose file that is nearest to the top."""
    path = next(iter(tree.find(*_FILES)), None)
    documents = read(tree.text(path)) if path else []
    if path is None or not documents:
        return
    base = posixpath.dirname(path)
    found = documents[0].get("services") or Lined({}, 1)
    for name, service in found.items():
        _place(path, base, name, service, draft)
    for name, service in found.items():
        own = draft.services.get(plain(name))
        if own is not None:
            _fill(path, base, service, own, draft, tree)


def _place(path: str, base: str, name: str, service: Lined, draft: Draft) -> None:
    at, own = f"{path}:{service.line}", plain(name)
    image, build = service.text("image"), service.get("build")
    if build is None and image is not None:
        kind = next(((kind, port) for kind, pattern, port in _KINDS if pattern.search(image)), None)
        if kind is None and _OTHER.search(image):
            kind = ("other", 0)
        if kind is not None:
            made = BackingDraft(name=own, kind=kind[0], at=at, port=kind[1] or None)
            line = service.get("image")
            made.image = Found(value=values.quoted(image), at=f"{path}:{line.line if line else service.line}")
            for port, where in _ports(service):
                made.published = Found(value=str(port), at=f"{path}:{where}")
                break
            draft.backing[own] = made
            return
    folder = posixpath.normpath(posixpath.join(base, _context(build) or ".")) if build is not None else base or "."
    draft.services[own] = ServiceDraft(name=own, at=at, folder=folder)


def _fill(path: str, base: str, service: Lined, own: ServiceDraft, draft: Draft, tree: Tree) -> None:
    build = service.get("build")
    if build is not None:
        dockerfile = build.text("dockerfile") or "Dockerfile"
        place = posixpath.normpath(posixpath.join(own.folder, dockerfile))
        own.dockerfile = Found(value=place, at=f"{path}:{build.line}")
        own.context = Found(value=own.folder, at=f"{path}:{build.line}")
        if (stage := build.get("target")) is not None:
            own.stage = Found(value=values.quoted(str(stage.value)), at=f"{path}:{stage.line}")
        # Where the context is wider than the service, its files are beside its Dockerfile.
        if tree.has(place) and posixpath.dirname(place):
            own.folder = posixpath.dirname(place)
    elif (image := service.get("image")) is not None:
        own.image = Found(value=values.quoted(str(image.value)), at=f"{path}:{image.line}")
    command = service.get("command")
    words = _words(command)
    if command is not None and words:
        own.run = Found(value=shlex.join(words), at=f"{path}:{command.line}")
    for port, _ in _ports(service, inside=True):
        own.port = port
    needs = service.get("depends_on")
    for name, line in [*((name, value.line) for name, value in (needs.items() if needs else ()))] or (
        [(str(item.value), item.line) for item in needs.each()] if needs else []
    ):
        if draft.called(name):
            own.needs[plain(name)] = Found(value=plain(name), at=f"{path}:{line}")
    test = service.get("healthcheck", "test")
    if test is not None and (match := _URL.search(" ".join(_words(test)))):
        own.health = Found(value=match["path"], at=f"{path}:{test.line}")
    for variable, value, line in variables(service.get("environment")):
        values.add(draft, own, variable, value, f"{path}:{line}", inside=True)
    files = service.get("env_file")
    for item in [*(files.each() if files else ()), *([files] if files and isinstance(files.value, str) else [])]:
        name = item.value if isinstance(item.value, str) else item.text("path")
        draft.notes.append(f"{path}:{item.line} reads {name}, which is not copied: it may hold secrets")


def variables(environment: Lined | None) -> Iterator[tuple[str, str | None, int]]:
    """(name, value, line) of a mapping, of a list of `NAME=value`, or of a list of `{name, value}`."""
    if environment is None:
        return
    for key, given in environment.items():
        yield key, given.value if isinstance(given.value, str) else None, given.line
    for item in environment.each():
        if isinstance(item.value, str):
            name, equals, value = item.value.partition("=")
            yield name, value if equals else f"${{{name}}}", item.line
        elif (name := item.text("name") or "") and item.get("valueFrom") is None:
            yield name, item.text("value"), item.line


def _context(build: Lined | None) -> str | None:
    if build is None:
        return None
    return build.value if isinstance(build.value, str) else build.text("context")


def _words(value: Lined | None) -> list[str]:
    if value is None:
        return []
    if isinstance(value.value, str):
        try:
            return shlex.split(value.value)
        except ValueError:
            return []
    return [str(item.value) for item in value.each()]


def _ports(service: Lined, *, inside: bool = False) -> Iterator[tuple[int, int]]:
    """(port on this machine, or inside, line) of each published port."""
    ports = service.get("ports")
    for item in ports.each() if ports else ():
        if isinstance(item.value, str):
            numbers = re.findall(r"(?:^|:)(?:\$\{\w+:-)?(\d{2,5})(?=[:}/]|$)", item.value)
            chosen = numbers[-1:] if inside else numbers[-2:-1]
        else:
            chosen = [item.text("target" if inside else "published") or ""]
        if chosen and chosen[0].isdigit():
            yield int(chosen[0]), item.line
