"""
The files of the pages, read once at start.

They are served from memory, so what `/bundle.json` lists is what a browser gets, whatever happens to the folder later;
and a request can only name a file that was read, never a path.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).resolve().parent / "static"
INDEX = "index.html"
_INLINE = re.compile(rb"<script>(.*?)</script>", re.S)

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".md": "text/markdown; charset=utf-8",
    "": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One served file; `sha256` is of `content`, and `packed` is the same content as gzip where that is smaller."""

    content: bytes
    packed: bytes | None
    sha256: str
    media_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """Every file by the path under which it is served: `index.html`, `static/app.js`, …"""

    files: Mapping[str, File]

    @property
    def digests(self) -> dict[str, str]:
        """sha256 by served path, in the order of the paths."""
        return {path: file.sha256 for path, file in self.files.items()}

    @property
    def inline_scripts(self) -> tuple[str, ...]:
        """The scripts that stand in the document itself, each as a source of a Content-Security-Policy."""
        found = _INLINE.findall(self.files[INDEX].content) if INDEX in self.files else []
        return tuple(f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in found)

    @classmethod
    def read(cls, folder: Path = FOLDER) -> Bundle:
        """Read every file under `folder` with a known type; hidden files and links that lead outside are left out."""
        folder = folder.resolve()
        files: dict[str, File] = {}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            hidden = any(part.startswith(".") for part in name.split("/"))
            if hidden or path.suffix not in _TYPES or not path.is_file() or not path.resolve().is_relative_to(folder):
                continue
            files[name if name == INDEX else f"static/{name}"] = _file(path)
        return cls(files=MappingProxyType(dict(sorted(files.items()))))


def _file(path: Path) -> File:
    content = path.read_bytes()
    packed = gzip.compress(content, 6, mtime=0)
    return File(
        content=content,
        packed=packed if len(packed) < len(content) else None,
        sha256=hashlib.sha256(content).hexdigest(),
        media_type=_TYPES[path.suffix],
    )
