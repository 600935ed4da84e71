"""Which questions are asked: those that the manifest configures, and those that follow from it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pydantic import ValidationError

from shakeout.checks.base import Check
from shakeout.checks.kinds import Configured, all_kinds
from shakeout.errors import ManifestError, ManifestFault
from shakeout.manifest.model import CheckSpec
from shakeout.manifest.plan import Plan

_COMMON_KEYS = ("kind", "service", "required", "deadline", "disabled")


def plan_checks(plan: Plan) -> tuple[Check, ...]:
    """
    Every check to ask of this plan's release, in a stable order: by kind, then as the manifest has them.

    A configured entry takes the place of the default of the same name; `disabled: true` removes an entry, or one
    question of an entry by its full name. Raises ManifestError with every fault of every entry at once.
    """
    entries: dict[str, tuple[CheckSpec, bool]] = {}
    for kind in all_kinds().values():
        entries |= {name: (spec, True) for name, spec in kind.defaults(plan).items()}
    entries |= {name: (spec, False) for name, spec in plan.checks.items()}
    faults: list[ManifestFault] = []
    checks: dict[str, Check] = {}
    order = {name: position for position, name in enumerate(all_kinds())}
    for name, (spec, assumed) in sorted(entries.items(), key=lambda item: order.get(item[1][0].kind, -1)):
        if found := list(_faults(plan, name, spec)):
            faults += found
            continue
        if spec.disabled:
            continue
        kind = all_kinds()[spec.kind]
        options = kind.options.model_validate(spec.options)
        for check in kind.expand(Configured(name=name, spec=spec, options=options, assumed=assumed), plan):
            if check.name in checks:
                faults.append(_fault(plan, name, "", "a name that no other check has", f"'{check.name}' twice"))
            checks[check.name] = check
    if faults:
        raise ManifestError(faults)
    disabled = {name for name, spec in plan.checks.items() if spec.disabled}
    kept = [check for name, check in checks.items() if name not in disabled]
    return tuple(_without_needs(check, disabled) for check in kept)


def _without_needs(check: Check, disabled: set[str]) -> Check:
    return replace(check, needs=tuple(name for name in check.needs if name not in disabled))


def _faults(plan: Plan, name: str, spec: CheckSpec) -> Iterator[ManifestFault]:
    kinds = all_kinds()
    if spec.kind not in kinds:
        yield _fault(
            plan, name, "kind", f"one of {', '.join(sorted(kinds))}", f"'{spec.kind}'", _near(spec.kind, kinds)
        )
        return
    services = [service.name for service in plan.services]
    if spec.service is not None and spec.service not in services:
        hint = _near(spec.service, services)
        yield _fault(plan, name, "service", f"one of {', '.join(services)}", f"'{spec.service}'", hint)
    if spec.disabled:
        return
    model = kinds[spec.kind].options
    try:
        model.model_validate(spec.options)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = ".".join(str(part) for part in detail["loc"])
            if detail["type"] == "extra_forbidden":
                keys = [*_COMMON_KEYS, *(field.alias or key for key, field in model.model_fields.items())]
                yield _fault(plan, name, path, f"a key of kind '{spec.kind}'", f"'{path}'", _near(path, keys))
            elif detail["type"] == "missing":
                yield _fault(plan, name, path, f"a value (kind '{spec.kind}' needs it)", "nothing")
            else:
                yield _fault(plan, name, path, _lower(detail["msg"]), repr(detail["input"])[:120])


def _fault(plan: Plan, name: str, key: str, expected: str, seen: str, hint: str | None = None) -> ManifestFault:
    at = plan.check_setting_at.get(f"{name}.{key}") or plan.check_at.get(name)
    path = f"checks.{name}.{key}" if key else f"checks.{name}"
    line = (at.line or 1) if at else 1
    return ManifestFault(
        file=at.path if at else plan.manifest_path, line=line, path=path, expected=expected, seen=seen, hint=hint
    )


def _near(word: str, words: Iterable[str]) -> str | None:
    match = difflib.get_close_matches(word, list(words), 1)
    return f"did you mean '{match[0]}'?" if match else None


def _lower(text: str) -> str:
    text = text.removeprefix("Value error, ").removeprefix("Input should be ")
    return text[:1].lower() + text[1:]
