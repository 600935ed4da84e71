"""Token settings in which the repository itself makes two services differ, where no running system was asked."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.auth.claims import TokenRefused, TokenSecretDeclared, TokenSettingDeclared
from shakeout.catalogue.auth.family import auth
from shakeout.catalogue.auth.settings import NAMES, SECRET
from shakeout.evidence.configuration import Configuration, ConfigurationValue
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy, Strength
from shakeout.why.links import Unknown


@auth.rule
def settings_disagree_in_repository(
    refused: TokenRefused, settings: Configuration, repository: Repository, declarations: Declarations | None
) -> Iterator[Because | Unknown]:
    """
    Files of the repository give two services different values of the setting that a token was refused for.

    ## What you see
    `Audience doesn't match`, `Invalid issuer`, `Signature verification failed` in one service's log.

    ## Why it happens
    The setting is written down for each service, and was changed for one of them.

    ## How we know
    Of the variables that are about the part of the token that was refused, exactly one is set for two services, to two
    values; the service that refused is one of the two. The line that was introduced later is taken.

    ## What to change
    Give both the same value; best from one place.
    """
    pattern = SECRET if refused.kind in {"key", "signature"} else NAMES.get(refused.kind)
    if declarations is not None or pattern is None:
        return
    found: dict[str, dict[str, ConfigurationValue]] = {}
    for one in settings.real:
        if one.scope is not None and pattern.search(one.name.upper()):
            found.setdefault(one.name, {}).setdefault(one.scope, one)
    pairs = [list(each.values()) for each in found.values() if len(each) == 2 and _differ(*each.values())]
    if len(pairs) != 1:
        if found:
            yield Unknown(
                "the values with which both services run (the files of the repository agree, or name several)"
            )
        return
    (pair,) = pairs
    scope = settings.scope_of(refused.service)
    if refused.service is not None and scope not in {one.scope for one in pair}:
        return
    later, other = _later_first(pair, repository)
    quotes = [repository.quote(one.at.path, one.at.line or 1, note=f"of {one.scope}") for one in (later, other)]
    mine, theirs = str(later.scope), str(other.scope)
    claim: TokenSecretDeclared | TokenSettingDeclared = (
        TokenSecretDeclared(mine, later.name, theirs, later.at)
        if pattern is SECRET
        else TokenSettingDeclared(mine, later.name, later.value or "", theirs, later.at)
    )
    fix = Remedy("words", f"let {mine} and {theirs} have the same {later.name}")
    yield Because(claim, [item for item in quotes if item is not None], strength=Strength.ENTAILED, fix=fix)


def _differ(one: ConfigurationValue, other: ConfigurationValue) -> bool:
    """Whether two places give different values, or take them from different secrets; a reference tells of no value."""
    if one.value is not None and other.value is not None:
        return one.value != other.value
    return (
        one.value is None and other.value is None and bool(one.refers and other.refers) and one.refers != other.refers
    )


def _later_first(
    pair: list[ConfigurationValue], repository: Repository
) -> tuple[ConfigurationValue, ConfigurationValue]:
    first, second = pair
    origins = [repository.origin(one.at.path, one.at.line or 1) for one in pair]
    hashes = [origin.commit.hash for origin in origins if origin is not None]
    later = len(hashes) == 2 and hashes[0] != hashes[1] and repository.is_ancestor(hashes[1], hashes[0])
    return (first, second) if later else (second, first)
