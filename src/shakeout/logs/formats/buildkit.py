"""BuildKit's plain progress: `#8 2.114 text` of the eighth step, after 2.114 seconds."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Wrapped


class BuildKit:
    """
    Steps run at the same time, so each is a stream of its own; lines of the builder itself have no step.

    The calls of PHP's stack traces are numbered in the same way and are no steps.
    """

    name = "buildkit"
    rank = 45
    _form = re.compile(
        r"#(?P<step>\d{1,4}) (?!\S+\(\d+\): |\[internal function\]|\{main\})"
        r"(?:(?P<after>\d{1,6}\.\d{1,3}) )?(?P<rest>.*)",
        re.S,
    )

    def unwrap(self, line: str) -> Wrapped | None:
        match = self._form.match(line)
        return Wrapped(rest=match["rest"], stream=f"#{match['step']}") if match is not None else None


FORMATS = (BuildKit(),)
