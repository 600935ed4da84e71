"""What would change on Cloud Run: two services compared setting by setting. Pure: no call is made here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.cloud import run_v2

from shakeout.targets.cloud_run.names import RELEASE

_UNSET = frozenset({"", "0", "0s", "[]", "{}", "false"})
_VALUES = frozenset({"env"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One setting that is different: `before` is None where it is new, `after` where it goes."""

    setting: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.setting}: {self.after}"
        if self.after is None:
            return f"- {self.setting}: {self.before}"
        return f"~ {self.setting}: {self.before} -> {self.after}"


def changes(there: run_v2.Service | None, wanted: run_v2.Service) -> tuple[Change, ...]:
    """The settings that a deployment would change, by name; the release's own name is not one of them."""
    old = settings(there) if there is not None else {}
    new = settings(wanted)
    found = []
    for setting in sorted(old.keys() | new.keys()):
        before, after = old.get(setting), new.get(setting)
        if before != after:
            found.append(Change(setting=setting, before=before, after=after))
    return tuple(found)


def settings(service: run_v2.Service) -> dict[str, str]:
    """
    A service's settings by dotted name: labels, ingress, and everything of its template but the revision's name.

    A variable's value that comes from a secret is the secret's name and version. What is not set is left out.
    """
    data = run_v2.Service.to_dict(service, always_print_fields_with_no_presence=False, use_integers_for_enums=False)
    template = dict(data.get("template") or {})
    for name in ("revision", "annotations"):
        template.pop(name, None)
    kept = {name: data[name] for name in ("labels", "ingress", "invoker_iam_disabled") if name in data}
    for part in (kept, template):
        labels = {name: value for name, value in (part.get("labels") or {}).items() if name != RELEASE}
        part["labels"] = labels
    found = dict(_flat(kept, ""))
    containers = template.pop("containers", [])
    found |= dict(_flat(template, ""))
    for number, container in enumerate(containers):
        prefix = "" if len(containers) == 1 else f"{container.get('name') or f'container {number + 1}'}."
        found |= dict(_flat(container, prefix))
    return {name: value for name, value in found.items() if value not in _UNSET}


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        name = f"{prefix}{key}"
        if key in _VALUES and isinstance(item, list):
            yield from ((f"{name}.{one.get('name')}", _variable(one)) for one in item)
        elif isinstance(item, Mapping):
            yield from _flat(item, f"{name}.")
        elif isinstance(item, list):
            yield name, json.dumps(item, sort_keys=True)
        else:
            yield name, str(item).lower() if isinstance(item, bool) else str(item)


def _variable(variable: Mapping[str, Any]) -> str:
    reference = (variable.get("value_source") or {}).get("secret_key_ref")
    if reference:
        return f"the secret {reference.get('secret')}, version {reference.get('version') or 'latest'}"
    return str(variable.get("value") or "''")
