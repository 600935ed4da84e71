"""From a refused token to the settings in which two services differ, and the lines that set them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.auth.claims import (
    KeyRotatedInOne,
    TokenRefused,
    TokenSecretDeclared,
    TokenSettingDeclared,
    TokenSettingsDiffer,
)
from shakeout.catalogue.auth.family import auth, newer, refusals, settings_of
from shakeout.catalogue.versions.claims import RunsAnotherCommit
from shakeout.catalogue.versions.family import View
from shakeout.catalogue.versions.remedies import with_value
from shakeout.evidence.declarations import Declarations, Setting
from shakeout.evidence.model import Evidence
from shakeout.evidence.probes import Probes
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy, RuledOut, Strength
from shakeout.why.links import Unknown

_KEYS = {
    "key": ("token_key_id", "key_id"),
    "signature": ("token_key_id", "key_id"),
    "issuer": ("token_issuer", "issuer"),
    "audience": ("token_audience", "audience"),
    "algorithm": ("token_algorithm", "algorithm"),
}
NAMES = {
    "issuer": re.compile(r"ISS(?:UER)?(?:_|$)|AUTHORITY"),
    "audience": re.compile(r"AUD(?:IENCE)?S?(?:_|$)|CLIENT_ID"),
    "algorithm": re.compile(r"ALG(?:ORITHM)?S?(?:_|$)"),
}
SECRET = re.compile(r"(?:TOKEN|JWT|SIGN\w*|AUTH|SESSION|JWKS?|HMAC)_?\w*(?:KEY|SECRET)|^SECRET(?:_KEY)?$", re.I)


@auth.rule
def token_settings_differ(refused: TokenRefused, probes: Probes) -> Iterator[Because | RuledOut | Unknown]:
    """
    Two running services have different settings for the tokens that they share.

    ## What you see
    One service signs tokens that it takes itself, and that another one refuses.

    ## Why it happens
    Key, issuer, audience and algorithm are set for each service. One of them was changed for one service only.

    ## How we know
    What the token says in public, what the refusal says it expected, and what the services' version answers say.

    ## What to change
    The setting of the service that has it otherwise, which the next link names.
    """
    if refused.kind not in _KEYS:
        return
    told, said = _KEYS[refused.kind]
    for refusal in refusals(probes, refused):
        signer, verifier = refusal.signer, refusal.verifier
        if signer is None:
            continue
        theirs = refusal.fingerprints.get(verifier, {}).get(told) or refusal.expected
        ours = refusal.token.get(said) or refusal.fingerprints.get(signer, {}).get(told) or refusal.seen
        if ours is None or theirs is None:
            continue
        note = f"{signer}: {_shown(refused.kind)} {ours}; {verifier}: {theirs}"
        if str(ours) == str(theirs):
            yield RuledOut(f"{signer} and {verifier} have another {_shown(refused.kind)}", refusal.evidence(note))
            continue
        kind = "key" if refused.kind in {"key", "signature"} else refused.kind
        values = ("", "") if kind == "key" else (str(ours), str(theirs))
        claim = TokenSettingsDiffer(kind, signer, values[0], verifier, values[1])
        yield Because(claim, refusal.evidence(note))
        return
    if not refusals(probes, refused):
        yield Unknown("the token settings of both services")


@auth.rule
def token_setting_is_otherwise(
    differ: TokenSettingsDiffer, declarations: Declarations, repository: Repository | None
) -> Iterator[Because | Unknown]:
    """
    The manifest gives one service another token setting than the other.

    ## What you see
    Tokens are refused for their issuer, their audience or their algorithm.

    ## Why it happens
    The setting was written down, or changed, for one of the services that share tokens.

    ## How we know
    The manifest's line has the very value that the service runs with. Where both services have such a line, the one
    that was introduced later is taken.

    ## What to change
    Give both the same value; best from one place.
    """
    if differ.kind == "key":
        return
    found: dict[str, tuple[str, Setting]] = {}
    agrees = False
    for service, value, other in (
        (differ.signer, differ.signed, differ.accepted),
        (differ.verifier, differ.accepted, differ.signed),
    ):
        for variable, setting in settings_of(declarations, service).items():
            if NAMES[differ.kind].search(variable.upper()):
                agrees = agrees or setting.value == other
                if setting.value == value:
                    found.setdefault(service, (variable, setting))
    if not found and agrees:
        return  # the manifest gives both the same: what differs is not from there
    if not found:
        yield Unknown(f"where {differ.signer} and {differ.verifier} take the token's {differ.kind} from")
        return
    if len(found) == 2:
        settings = found[differ.signer][1], found[differ.verifier][1]
        later = newer(repository, *settings)
        service = differ.signer if later is settings[0] else differ.verifier
    else:
        service = next(iter(found))
    variable, setting = found[service]
    partner = differ.verifier if service == differ.signer else differ.signer
    evidence = [_quote(declarations, found[name][1]) for name in (service, partner) if name in found]
    if setting.at is None or evidence[0] is None:
        return
    right = differ.accepted if service == differ.signer else differ.signed
    summary = f"let {service} and {partner} use the same {differ.kind}: {variable} is to be '{right}'"
    yield Because(
        TokenSettingDeclared(service, variable, setting.value, partner, setting.at),
        [item for item in evidence if item is not None],
        fix=with_value(repository, setting.at, variable, right, summary),
    )


@auth.rule
def token_secret_is_another(
    differ: TokenSettingsDiffer, declarations: Declarations, repository: Repository | None
) -> Iterator[Because]:
    """
    The manifest gives two services their token key from two places.

    ## What you see
    Every token is refused for its signature or for a key that is not known.

    ## Why it happens
    Each service names a secret of its own, or one has a fixed text where the other has a secret.

    ## How we know
    The two lines of the manifest, side by side, and the fingerprints of the keys that the services run with.

    ## What to change
    Name one secret in both. Where keys are to be replaced one by one, let both verify with old and new for a while.
    """
    if differ.kind != "key":
        return
    pair = _key_settings(differ, declarations)
    if pair is None:
        return
    variable, settings, names = pair
    if names[0] == names[1]:
        return
    later = newer(repository, *settings)
    plain = [index for index, setting in enumerate(settings) if setting.name.startswith("environment.")]
    default = plain[0] if len(plain) == 1 else 1
    index = settings.index(later) if later is not None else default
    services = (differ.signer, differ.verifier)
    chosen, other = settings[index], settings[1 - index]
    evidence = [_quote(declarations, chosen), _quote(declarations, other)]
    if chosen.at is None or evidence[0] is None:
        return
    summary = f"let {services[index]} take {variable} from the same secret as {services[1 - index]}"
    fix = (
        with_value(repository, chosen.at, variable, names[1 - index], summary)
        if not plain
        else Remedy("words", summary)
    )
    yield Because(
        TokenSecretDeclared(services[index], variable, services[1 - index], chosen.at),
        [item for item in evidence if item is not None],
        fix=fix,
    )


@auth.rule
def key_rotated_in_one(differ: TokenSettingsDiffer, declarations: Declarations) -> Iterator[Because]:
    """
    A key was replaced, and only one of the services that share it runs with the new one.

    ## What you see
    Tokens are refused from one moment on, without any deployment.

    ## Why it happens
    Services read a secret when they start. The one that was not started again has the old key.

    ## How we know
    Both services name the same secret in the manifest, and run with keys of different fingerprints.

    ## What to change
    Start the other service again. Next time, let both verify with old and new key before one signs with the new.
    """
    if differ.kind != "key":
        return
    pair = _key_settings(differ, declarations)
    if pair is None or pair[2][0] != pair[2][1] or not all(s.name.startswith("secrets.") for s in pair[1]):
        return
    evidence = [item for setting in pair[1] if (item := _quote(declarations, setting)) is not None]
    if evidence:
        summary = f"start {differ.signer} and {differ.verifier} again, so that both read the secret anew"
        yield Because(
            KeyRotatedInOne(differ.signer, differ.verifier),
            evidence,
            strength=Strength.ENTAILED,
            fix=Remedy("words", summary),
        )


@auth.rule
def token_code_is_another(
    differ: TokenSettingsDiffer, probes: Probes, declarations: Declarations | None
) -> Iterator[Because]:
    """
    The services run different commits, and what they write into tokens changed in between.

    ## What you see
    Tokens are refused after a release that one of the services did not take part in.

    ## Why it happens
    The default of a setting stands in the code, and the two services run two versions of that code.

    ## How we know
    The services run different commits, and no line of the manifest sets the value.

    ## What to change
    Deploy both from one commit.
    """
    if differ.kind == "key":
        return
    for service, value in ((differ.signer, differ.signed), (differ.verifier, differ.accepted)):
        known = settings_of(declarations, service) if declarations is not None else {}
        if any(setting.value == value for setting in known.values()):
            return
    view = View.of(probes)
    for claim in view.strangers():
        if isinstance(claim, RunsAnotherCommit) and claim.service in {differ.signer, differ.verifier} and view.evidence:
            yield Because(claim, view.evidence[:2], strength=Strength.CONSISTENT)


def _key_settings(
    differ: TokenSettingsDiffer, declarations: Declarations
) -> tuple[str, tuple[Setting, Setting], tuple[str, str]] | None:
    """The variable that holds the key, its settings at both services, and the secrets (or texts) that they name."""
    ours, theirs = settings_of(declarations, differ.signer), settings_of(declarations, differ.verifier)
    for variable in sorted(set(ours) & set(theirs), key=lambda name: (not SECRET.search(name), name)):
        if not SECRET.search(variable):
            return None
        names = _named(declarations, variable, ours[variable]), _named(declarations, variable, theirs[variable])
        if names[0] is not None and names[1] is not None:
            return variable, (ours[variable], theirs[variable]), (names[0], names[1])
    return None


def _named(declarations: Declarations, variable: str, setting: Setting) -> str | None:
    """The secret's name as the manifest's line has it; for a fixed text, the setting's own name."""
    if setting.name.startswith("environment."):
        return f"the text of {setting.at}"
    return declarations.secret_name(setting)


def _quote(declarations: Declarations, setting: Setting) -> Evidence | None:
    name = declarations.secret_name(setting)
    return declarations.quote(setting.at, note=f"from the secret called '{name}'" if name else "")


def _shown(kind: str) -> str:
    return "key" if kind in {"key", "signature"} else kind
