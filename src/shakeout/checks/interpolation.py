"""Addresses in a check's options, which are known only once the release is there."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from shakeout.checks.base import Context
from shakeout.checks.network import address_of
from shakeout.errors import UsageError

_REFERENCE = re.compile(r"\$\{(services|backing_services)\.([a-z][a-z0-9-]*)\.(url|host|port|address)\}")


def resolve(text: str, context: Context) -> str:
    """
    Put addresses in the place of `${services.NAME.url}`, `.host`, `.port`, `.address` and of the same for
    `backing_services`. Raises UsageError where the thing named has no address.
    """
    return _REFERENCE.sub(lambda match: _value(match, context), text)


def _value(match: re.Match[str], context: Context) -> str:
    group, name, part = match[1], match[2], match[3]
    if group == "services":
        url = context.url(name)
    else:
        url = next((each.url for each in context.plan.backing_services if each.name == name), None)
    if not url:
        raise UsageError(f"{match[0]} has no value: {name} has no address in this release")
    if part == "url":
        return url
    parts = urlsplit(url)
    host, port = parts.hostname or "", str(address_of(url)[2])
    return {"host": host, "port": port, "address": f"{host}:{port}"}[part]
