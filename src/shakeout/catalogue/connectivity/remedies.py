"""What may be done about an address: patches of the manifest that keep every other line."""

from __future__ import annotations

import re
from typing import Any

import yaml

from shakeout.catalogue.connectivity.places import Place
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.patches import unified, with_line
from shakeout.evidence.repository import Repository
from shakeout.why import Remedy

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'#,}]+(?:\$\{[^}]*\}[^\s\"'#,}]*)*")
_NEVER_OFF = {"postgresql", "postgres", "sqlite", "mysql", "mariadb", "mongodb"}
"""Kinds that hold what cannot be done without."""


def switch_off(place: Place, declarations: Declarations, repository: Repository | None) -> Remedy | None:
    """`disabled: true` for the backing service in this environment; None where that is no way out."""
    backing = place.owner
    if backing.name not in declarations.backing_services or backing.kind in _NEVER_OFF:
        return None
    summary = f"switch {backing.name} off in the environment {declarations.environment}: `disabled: true`"
    text = repository.text(declarations.path) if repository is not None else None
    if text is None:
        return None
    after = _disabled(text, declarations.environment, backing.name)
    return Remedy("manifest", summary, patch=unified(declarations.path, text, after)) if after else None


def _disabled(text: str, environment: str, backing: str) -> str | None:
    """The manifest with the backing service switched off in one environment, checked by reading it again."""
    try:
        wanted: Any = yaml.safe_load(text)
        root = yaml.compose(text)
    except yaml.YAMLError:
        return None
    try:
        where = wanted["environments"].get(environment) or {}
        wanted["environments"][environment] = where
        where["backing_services"] = where.get("backing_services") or {}
        where["backing_services"][backing] = {**(where["backing_services"].get(backing) or {}), "disabled": True}
    except (KeyError, TypeError, AttributeError):
        return None
    keys = ["environments", environment, "backing_services", backing]
    rows = text.splitlines(keepends=True)
    node: Any = root
    depth = 0
    line, indent = 0, 0
    for key in keys:
        found = _entry(node, key)
        if found is None:
            break
        line, indent = found[0].start_mark.line, found[0].start_mark.column
        node, depth = found[1], depth + 1
    if depth < 2:
        return None
    flow = isinstance(node, yaml.MappingNode) and node.flow_style
    empty = isinstance(node, yaml.ScalarNode) or (flow and not node.value)
    if flow and not empty:
        return None
    if empty:
        end = node.end_mark
        head = rows[line][: rows[line].index(":", indent) + 1]
        rest = rows[end.line][end.column :] if end.line == line else "\n"
        rows[line] = head + rest
        step = 2
    else:
        step = node.value[0][0].start_mark.column - indent
    added = [f"{' ' * (indent + step * (number + 1))}{key}:\n" for number, key in enumerate(keys[depth:])]
    added.append(f"{' ' * (indent + step * (len(keys) - depth + 1))}disabled: true\n")
    at = (node.value[-1][1].end_mark.line if depth == len(keys) and not empty else line + 1) or line + 1
    if depth == len(keys) and not empty:
        last = node.value[-1]
        at = last[1].start_mark.line + 1 if isinstance(last[1], yaml.ScalarNode) else line + 1
    after = "".join([*rows[:at], *added, *rows[at:]])
    try:
        return after if yaml.safe_load(after) == wanted else None
    except yaml.YAMLError:
        return None


def _entry(node: Any, key: str) -> tuple[Any, Any] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next(((name, value) for name, value in node.value if name.value == key), None)


def replace_address(place: Place, new: str, summary: str, repository: Repository | None) -> Remedy:
    """The declared address replaced on its line; in words where the line is not in the repository."""
    at = place.setting.at
    text = repository.text(at.path) if repository is not None and at is not None else None
    if text is None or at is None or at.line is None or repository is None:
        return Remedy("words", summary)
    row = repository.lines(at.path)[at.line - 1]
    after = _URL.sub(lambda _: new, row, count=1)
    if after == row:
        return Remedy("words", summary)
    return Remedy("manifest", summary, patch=unified(at.path, text, with_line(text, at.line, after)))


def other_scheme(place: Place, repository: Repository | None) -> Remedy:
    """The scheme with TLS made the one without, or the other way round."""
    plain = {"https": "http", "wss": "ws", "rediss": "redis", "clickhouses": "clickhouse", "amqps": "amqp"}
    other = {**plain, **{value: key for key, value in plain.items()}}.get(place.scheme)
    at = place.setting.at
    if other is None:
        return Remedy("words", f"switch TLS at {at} to what {place.target} speaks")
    summary = f"ask {place.target} with {other} at {at}"
    text = repository.text(at.path) if repository is not None and at is not None else None
    if text is None or at is None or at.line is None or repository is None:
        return Remedy("words", summary)
    row = repository.lines(at.path)[at.line - 1]
    after = row.replace(f"{place.scheme}://", f"{other}://", 1)
    return Remedy("manifest", summary, patch=unified(at.path, text, with_line(text, at.line, after)) or None)
