"""The lines of the manifest that ask the platform for what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.cloud_run.claims import (
    CallersRefused,
    ImageDeclared,
    ImageUnavailable,
    NetworkAbsent,
    NotAllowed,
    OptionDeclared,
    SecretDeclared,
    SecretUnreadable,
    SettingRefused,
)
from shakeout.catalogue.cloud_run.family import cloud_run
from shakeout.catalogue.process.family import manifest_patch
from shakeout.catalogue.runtime.memory import MemoryLimitExceeded
from shakeout.evidence.declarations import Declarations, Setting
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.platform import Platform
from shakeout.why import Because, Claim, Remedy, Strength

_FIELDS = (
    ("memory", "memory"),
    ("cpu", "cpu"),
    ("timeout", "timeout"),
    ("concurrency", "concurrency"),
    ("min", "min_instances"),
    ("max", "max_instances"),
    ("instance", "max_instances"),
    ("service_account|serviceaccount", "service_account"),
    ("connector|network|vpc", "vpc"),
    ("cloudsql|cloud sql", "cloud_sql"),
    ("label", "labels"),
    ("probe", "startup_probe"),
    ("ingress", "ingress"),
    ("execution", "execution_environment"),
)
"""Words of a refusal, and the option that each is about."""
_FIELD = re.compile(r"\b(?:spec|template|metadata)\.[\w.\[\]]{1,200}")
_CLOSED = re.compile(r"\bpublic:\s*false\b")
_UNIT = re.compile(r"(?P<number>\d+) ?(?P<unit>[KMG])i?B?")


@cloud_run.rule
def deployed_image_declared(unavailable: ImageUnavailable, declarations: Declarations) -> Iterator[Because]:
    """
    A line of the manifest names the image.

    ## What you see
    An image that the platform does not find or may not read, and a line that names it.

    ## Why it happens
    The registry or the name was changed in one place only, or the image of this commit was never pushed.

    ## How we know
    The manifest's line for the service in this environment is where the image's name comes from.

    ## What to change
    The line, or what is in the registry.
    """
    declared = declarations.services.get(unavailable.service)
    setting = declared.settings.get("image") if declared is not None else None
    quote = declarations.quote(setting.at) if setting is not None else None
    if setting is not None and setting.at is not None and quote is not None and setting.value == unavailable.image:
        yield Because(ImageDeclared(unavailable.service, setting.at), [quote])


@cloud_run.rule
def secret_declared(unreadable: SecretUnreadable, declarations: Declarations, platform: Platform) -> Iterator[Because]:
    """
    A line of the manifest names the secret.

    ## What you see
    A secret that is not there or may not be read, and a line that names it.

    ## Why it happens
    The name has a slip, or the version was destroyed when the secret was rotated.

    ## How we know
    Just one line of the manifest names this secret as one of the secret manager's, and a variable of the service is
    taken from it.

    ## What to change
    The name or the version on that line, or the secret itself.
    """
    item = platform.get(unreadable.service)
    name = unreadable.secret.partition(",")[0]
    references = (item.facts.get("secrets") or {}) if item is not None else {}
    if not any(name in re.split(r"[/:]", str(reference)) for reference in references.values()):
        return
    word = re.compile(rf"secret_manager:\s*[\"']?(?:[\w./-]*/)?{re.escape(name)}(?![\w-])")
    rows = [number for number, row in enumerate(declarations.lines, 1) if word.search(row)]
    if len(rows) == 1:
        at = Locator(source="file", path=declarations.path, line=rows[0])
        quote = declarations.quote(at)
        if quote is not None:
            # A name alone is right or wrong only by what is in the secret manager; a missing version is the line's own.
            strength = Strength.ENTAILED if unreadable.denied else Strength.OBSERVED
            yield Because(SecretDeclared(unreadable.service, unreadable.secret, at), [quote], strength=strength)


@cloud_run.rule
def option_declared(
    effect: SettingRefused | NetworkAbsent | NotAllowed | CallersRefused | MemoryLimitExceeded,
    declarations: Declarations,
) -> Iterator[Because]:
    """
    A line of the manifest sets the option that the platform does not go along with.

    ## What you see
    A refused setting, a network that is not there, an account that may not be used, a closed service or a memory limit,
    and a line that sets just that.

    ## Why it happens
    The option was chosen for another project or region, or for less than the service needs.

    ## How we know
    The option that the platform's words are about is set on one line, for the service or for its whole environment. For
    a memory limit the amount is the same.

    ## What to change
    The value on that line.
    """
    found = _option(effect, declarations)
    if found is None:
        return
    option, setting = found
    quote = declarations.quote(setting.at)
    if quote is not None and setting.at is not None:
        yield Because(
            OptionDeclared(effect.service or "the service", option, setting.at),
            [quote],
            fix=_fix(effect, declarations, setting.at, quote),
        )


def _option(effect: Claim, declarations: Declarations) -> tuple[str, Setting] | None:
    """The option that the claim is about, with its line."""
    service = str(getattr(effect, "service", ""))
    if isinstance(effect, NetworkAbsent):
        names = ["vpc.connector", "vpc.network", "vpc.subnetwork", "vpc"]
    elif isinstance(effect, NotAllowed):
        names = ["service_account"] if "actas" in effect.permission.lower() else []
    elif isinstance(effect, CallersRefused):
        names = ["public"]
    elif isinstance(effect, MemoryLimitExceeded):
        names = ["memory"]
    elif isinstance(effect, SettingRefused):
        # Where the field itself is named, other words of the message are only about it.
        field = _FIELD.search(effect.message)
        about = (field[0] if field is not None else effect.message).lower()
        names = [option for words, option in _FIELDS if re.search(words, about)]
    else:
        names = []
    for name in names:
        setting = _setting(declarations, service, name)
        if setting is None:
            continue
        if isinstance(effect, CallersRefused) and not _CLOSED.search(_row(declarations, setting)):
            continue
        if isinstance(effect, MemoryLimitExceeded) and not _same_amount(declarations.quote(setting.at), effect.limit):
            continue
        return name, setting
    return None


def _row(declarations: Declarations, setting: Setting) -> str:
    """The manifest's line of a setting."""
    quote = declarations.quote(setting.at)
    return quote.quote if quote is not None else ""


def _setting(declarations: Declarations, service: str, name: str) -> Setting | None:
    """The service's own option of that name, else the environment's."""
    declared = declarations.services.get(service)
    own = declared.settings.get(f"options.{name}") if declared is not None else None
    return own or declarations.options.get(name)


def _same_amount(quote: Evidence | None, limit: str | None) -> bool:
    wanted = _UNIT.search(limit or "")
    if quote is None or wanted is None:
        return False
    amounts = {(found["number"], found["unit"]) for found in _UNIT.finditer(quote.quote)}
    number, unit = int(wanted["number"]), wanted["unit"]
    same = {(str(number), unit)} | ({(str(number // 1024), "G")} if unit == "M" and number % 1024 == 0 else set())
    return bool(amounts & same)


def _fix(effect: Claim, declarations: Declarations, at: Locator, quote: Evidence) -> Remedy | None:
    if isinstance(effect, CallersRefused):
        words = f"open it to everybody: {at}"
        return manifest_patch(declarations, at, "public: false", "public: true", words) or Remedy("words", words)
    if isinstance(effect, MemoryLimitExceeded) and (amount := re.search(r"memory: *[\"']?(\d+)(Mi|Gi)", quote.quote)):
        more = f"{amount[0][: amount.start(1) - amount.start()]}{int(amount[1]) * 4}{amount[2]}"
        return manifest_patch(declarations, at, amount[0], more, f"give it four times the memory: {at}")
    return None
