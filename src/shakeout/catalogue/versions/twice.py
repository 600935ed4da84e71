"""Where source code says which protocol it speaks."""

from __future__ import annotations

import re

from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository


def declared(repository: Repository, protocol: str) -> list[Locator]:
    """
    The lines of code or of data, outside tests and documentation, that give a protocol's version this value.

    Such a line assigns the value to a name that ends in `protocol` or `protocol_version`, in any case.
    """
    value = re.escape(protocol)
    name = r"(protocol|PROTOCOL|Protocol)([_-]?[vV][eE][rR][sS][iI][oO][nN])?"
    pattern = rf"{name}[\"']?( ?: ?[a-zA-Z]+)? *(:|=|:=) *[\"']?{value}[\"']?[;,)]? *(#.*|//.*)?$"
    found = repository.grep(pattern, fixed=False)
    return [at for at in found if not _ASIDE.search(at.path)]


_ASIDE = re.compile(
    r"(?:^|/)(?:tests?|docs?|spec|fixtures|__tests__|node_modules|vendor)/|\.md$|\.rst$|(?:^|/)test_|\.test\."
)
