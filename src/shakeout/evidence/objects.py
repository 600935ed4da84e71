"""Reads git objects through one `cat-file --batch` process: an answer costs about 0.1 ms."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from shakeout.evidence import git

OBJECT_LIMIT = 64 * 1024 * 1024
"""Bytes of the largest blob that is read; a larger one is treated as unreadable."""


class ObjectReader:
    """
    A `git cat-file --batch-command` process.

    Names with a line feed cannot be asked for (git's protocol is by line) and are answered as missing.
    """

    def __init__(self, folder: Path) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """End the process; a later question starts a new one."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(OSError):  # a process that has ended by itself takes no last words
                    pipe.close()
        process.wait(timeout=10)

    def info(self, name: str) -> tuple[str, str, int] | None:
        """(hash, type, size in bytes) of an object such as `HEAD:src/app.py`, None where there is none."""
        head = self._ask("info", name)
        return head if head is None else (head[0], head[1], head[2])

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        """(hash, type, content) of an object, None where there is none or it is larger than OBJECT_LIMIT."""
        found = self.info(name)
        if found is None or found[2] > OBJECT_LIMIT:
            return None
        head = self._ask("contents", name)
        if head is None:
            return None
        output = self._output()
        content = output.read(head[2])
        output.read(1)
        return head[0], head[1], content

    def _output(self) -> IO[bytes]:
        process = self._process
        if process is None or process.stdout is None:
            raise git.GitError(["cat-file"], "the process is gone")
        return process.stdout

    def _ask(self, verb: str, name: str) -> tuple[str, str, int] | None:
        if "\n" in name or "\0" in name:
            return None
        process = self._start()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(f"{verb} {name}\n".encode("utf-8", "surrogateescape"))
            process.stdin.flush()
            line = process.stdout.readline().decode("utf-8", "replace").rstrip("\n")
        except (BrokenPipeError, OSError):
            self.close()
            return None
        parts = line.rsplit(" ", 2)
        if len(parts) != 3 or not parts[2].isdigit():
            return None
        return parts[0], parts[1], int(parts[2])

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()  # one that ended by itself still holds its pipes
            self._process = subprocess.Popen(
                git.command(self._folder, ["cat-file", "--batch-command"]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=git.environment(),
            )
        return self._process
