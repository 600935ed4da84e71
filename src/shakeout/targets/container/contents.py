"""Writes down what an image holds, in the form that `evidence.image` reads."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from shakeout.targets.container import commands
from shakeout.targets.container.engine import Command, Engine, EngineError, run_now
from shakeout.targets.container.images import BuiltImage

RECORD = "image.txt"
"""The record of a service's image is `platform/SERVICE.image.txt`."""

_LIMIT = 60_000
"""Files that a record has at most."""
_LEFT_OUT = ("/proc", "/sys", "/dev", "/usr/share", "/usr/include")
_HEAD = 256

Row = tuple[str, str]
"""A path and its line."""


async def record(engine: Engine, image: BuiltImage, origin: Mapping[str, str], container: str | None) -> str:
    """
    The record of an image. `origin` is added to its head (`dockerfile`, `context`, `commit`); `container` is one of its
    containers, which some engines have to be asked for. Raises EngineError.
    """
    rows, program, ids = await asyncio.to_thread(_look, engine, image, container)
    head = {
        "image": image.reference,
        "id": str(image.document.get("Id", "")),
        **origin,
        "architecture": str(image.document.get("Architecture", "")),
        "machine": os.uname().machine,
        "user": str(image.configuration.get("User") or "root"),
        "user id": ids,
        "working folder": str(image.configuration.get("WorkingDir") or "/"),
        "entry point": json.dumps(list(image.entrypoint)) if image.entrypoint else "",
        "command": json.dumps(list(image.command)) if image.command else "",
        "ports": ", ".join(sorted(image.configuration.get("ExposedPorts") or ())),
        "program": program,
        **{f"variable {name}": value for name, _, value in _variables(image)},
    }
    lines = [f"{name}: {' '.join(value.split())}" for name, value in head.items() if value]
    return "\n".join([*lines, "", *(line for _, line in sorted(rows)), ""])


def _variables(image: BuiltImage) -> Iterator[tuple[str, str, str]]:
    for one in image.configuration.get("Env") or ():
        yield str(one).partition("=")


def _look(engine: Engine, image: BuiltImage, container: str | None) -> tuple[list[Row], str, str]:
    """Every file's line, what the program that it starts is, and the ids of its user."""
    if engine.name == "podman" and os.geteuid() == 0:
        done = run_now(engine, Command(words=("image", "mount", image.id)))
        top = Path(done.text.splitlines()[-1]) if done.status == 0 and done.text else None
        if top is not None and top.is_dir():
            try:
                return list(_walk(top)), _program(image, top), _ids(image, top)
            finally:
                run_now(engine, Command(words=("image", "unmount", image.id)))
    return _exported(engine, image, container), "", ""


def _walk(top: Path) -> Iterator[Row]:
    waiting, count = [top], 0
    while waiting and count < _LIMIT:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            place = "/" + os.path.relpath(entry.path, top)
            if place in _LEFT_OUT:
                continue
            found = entry.stat(follow_symlinks=False)
            link = f" -> {os.readlink(entry.path)}" if entry.is_symlink() else ""  # noqa: PTH115 (no Path per file)
            count += 1
            size = 0 if entry.is_dir(follow_symlinks=False) else found.st_size
            yield place, f"{stat.filemode(found.st_mode)} {found.st_uid}:{found.st_gid} {size} {place}{link}"
            if entry.is_dir(follow_symlinks=False) and not _deep(place):
                waiting.append(Path(entry.path))


def _deep(place: str) -> bool:
    """Folders whose inside nobody asks for: compiled modules, what is within an installed package."""
    return place.endswith("/__pycache__") or "/site-packages/" in place or "/node_modules/" in place


def _exported(engine: Engine, image: BuiltImage, container: str | None) -> list[Row]:
    """By reading through a container's whole file system, which every engine can give."""
    own = container is None
    if container is None:
        container = run_now(engine, Command(words=("create", image.id, "true"))).text
    rows: list[Row] = []
    with subprocess.Popen(
        [engine.program, "export", container],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        try:
            rows = list(_members(process.stdout))
        finally:
            process.kill()
    if own:
        run_now(engine, commands.remove(engine, [container]))
    return rows


def _members(stream: IO[bytes]) -> Iterator[Row]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for count, member in enumerate(archive):
            place = "/" + member.name.strip("/")
            if count >= _LIMIT:
                return
            if place.startswith(tuple(f"{one}/" for one in _LEFT_OUT)) or _deep(os.path.dirname(place)):  # noqa: PTH120
                continue
            kind = stat.S_IFDIR if member.isdir() else stat.S_IFLNK if member.issym() else stat.S_IFREG
            mode = stat.filemode(kind | member.mode)
            link = f" -> {member.linkname}" if member.issym() else ""
            yield place, f"{mode} {member.uid}:{member.gid} {member.size} {place}{link}"


def _program(image: BuiltImage, top: Path) -> str:
    """What the program that a container starts is: `/app/run: script for /bin/sh`, `/app/run: ELF of aarch64`."""
    words = (*image.entrypoint, *image.command)
    if not words:
        return ""
    variables = {name: value for name, _, value in _variables(image)}
    folder = str(image.configuration.get("WorkingDir") or "/")
    search = variables.get("PATH", "/usr/local/bin:/usr/bin:/bin").split(":") if "/" not in words[0] else [folder]
    for place in search:
        inside = os.path.join(place, words[0])  # noqa: PTH118 (a path of the image, not of this machine)
        file = _within(top, inside)
        if file is not None and file.is_file():
            with file.open("rb") as opened:
                return f"{inside}: {kind_of(opened.read(_HEAD))}"
    return ""


def _within(top: Path, inside: str) -> Path | None:
    """A path of the image as one of this machine, with links followed within the image."""
    for _ in range(20):
        place = top
        parts = [part for part in inside.split("/") if part not in {"", "."}]
        for index, part in enumerate(parts):
            place = place / part
            if place.is_symlink():
                link = os.readlink(place)  # noqa: PTH115
                above = "/" if link.startswith("/") else "/" + str(place.parent.relative_to(top))
                inside = os.path.normpath(os.path.join(above, link.lstrip("/"), *parts[index + 1 :]))  # noqa: PTH118
                break
        else:
            return place
    return None


_MACHINES = {
    0x03: "i386",
    0x28: "arm",
    0x3E: "x86_64",
    0xB7: "aarch64",
    0xF3: "riscv64",
    0x15: "ppc64le",
    0x16: "s390x",
}


def kind_of(head: bytes) -> str:
    """What a program is, by its first bytes."""
    if head.startswith(b"\x7fELF") and len(head) >= 20:
        number = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
        return f"ELF of {_MACHINES.get(number, f'machine {number}')}"
    if head.startswith(b"#!"):
        line = head[2:].split(b"\n", 1)[0].decode("utf-8", "replace")
        return f"script for {line.strip()}" + (" with a carriage return" if line.endswith("\r") else "")
    return "neither a program nor a script with a #! line"


def _ids(image: BuiltImage, top: Path) -> str:
    """`uid:gid` of the image's user where it is a name, by the image's own passwd file."""
    name, _, group = str(image.configuration.get("User") or "").partition(":")
    try:
        rows = (top / "etc" / "passwd").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for row in rows:
        fields = row.split(":")
        if len(fields) > 3 and name in (fields[0], fields[2]) and name:
            return f"{fields[2]}:{group if group.isdigit() else fields[3]}"
    return ""


async def write(
    engine: Engine, image: BuiltImage, origin: Mapping[str, str], container: str | None, path: Path
) -> None:
    """Write the record, or nothing where the engine cannot be asked."""
    try:
        text = await record(engine, image, origin, container)
    except (EngineError, OSError):
        return
    await asyncio.to_thread(path.write_text, text, encoding="utf-8", errors="replace")
