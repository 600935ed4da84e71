"""Compiles the machine code of log templates where a C compiler is at hand; without it they take their time."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import zlib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDER = "src/shakeout/logs/templates"
_MADE = "libtemplates.so"


class Compile(BuildHookInterface[Any]):
    """
    Makes a library beside its sources, for a wheel and for an editable installation.

    What is there of an earlier source stays if nothing can be compiled; the program does not use it.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles, and says of the wheel that it is of this platform if that succeeded."""
        folder = Path(self.root, _FOLDER)
        sources = sorted(folder.glob("*.c"))
        made = folder / _MADE
        compiler = shlex.split(os.environ.get("CC") or "cc")
        if shutil.which(compiler[0]) is None:
            self.app.display_warning(f"no C compiler `{compiler[0]}`: log templates will be two times slower")
            return
        scratch = made.with_suffix(f".{os.getpid()}")
        source = b"".join(source.read_bytes() for source in sources)
        origin = f"-DSOURCE={zlib.crc32(source)}u"
        command = [*compiler, "-O3", "-std=c99", "-shared", "-fPIC", origin, *map(str, sources), "-o", str(scratch)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            scratch.unlink(missing_ok=True)
            self.app.display_warning(f"{shlex.join(command)} failed, log templates will be slower: {done.stderr}")
            return
        scratch.replace(made)
        build_data["artifacts"].append(f"{_FOLDER}/{_MADE}")
        build_data["pure_python"] = False
        platform = re.sub(r"[^0-9A-Za-z]", "_", sysconfig.get_platform())
        build_data["tag"] = f"py3-none-{platform}"
