"""What of a checkout's folder comes to a build elsewhere, where `gcloud` uploads it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from shakeout.evidence.gcloud_patterns import deciding_line, upload_lines


def lay_out_upload(tree: Path, context: str, folder: Path) -> int:
    """
    Copy to the new folder `folder` what `gcloud` would upload of a folder of the checkout `tree`.

    Returns how many files were left out.
    """
    top = (tree / context).resolve()
    inside = top.relative_to(tree.resolve()).as_posix()

    def read(path: str) -> str | None:
        found = tree / path
        return found.read_text(encoding="utf-8", errors="replace") if found.is_file() else None

    lines = upload_lines("" if inside == "." else inside, read)
    folder.mkdir(parents=True)
    out = 0
    for place, _, names in os.walk(top):
        for name in names:
            source = Path(place, name)
            path = source.relative_to(top)
            if deciding_line(path.as_posix(), lines) is not None:
                out += 1
                continue
            copy = folder / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)
    return out
