"""Which variables look as if they hold a secret."""

from __future__ import annotations

import re

_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PASS|SECRET|TOKEN|APIKEY|CREDENTIALS?"
    r"|(?:API|SECRET|PRIVATE|ACCESS|SIGNING|ENCRYPTION|TOKEN|JWT|SESSION|MASTER|AUTH)_?KEYS?)$",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"(?:|true|false|yes|no|on|off|none|null|disabled|optional|required|[0-9]{1,3})", re.IGNORECASE)


def secret_name(variable: str) -> bool:
    """Whether a variable's name says that it holds a secret: `DB_PASSWORD`, `TOKEN_KEY`; not `TOKEN_SECONDS`."""
    return _NAME.search(variable) is not None


def looks_secret(variable: str, value: str) -> bool:
    """Whether `value` is a secret written out: the name says so, and nothing in the value refers to anything."""
    return secret_name(variable) and "${" not in value.replace("$${", "") and not _PLAIN.fullmatch(value.strip())
