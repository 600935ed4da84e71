"""From protocols and versions that differ to the commits that run, and what made them differ."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.symptoms import CheckFailed
from shakeout.catalogue.versions.claims import (
    BundleCommitted,
    BundleOfAnotherCommit,
    CommitSettingLiteral,
    DeployedElsewhere,
    ImageFixed,
    PinnedInManifest,
    ProtocolsDiffer,
    RunsAnotherCommit,
    SameNumberOtherMessages,
)
from shakeout.catalogue.versions.family import BUNDLE, View, same, versions
from shakeout.catalogue.versions.remedies import with_value, without_setting
from shakeout.evidence.declarations import Declarations, Declared, Setting
from shakeout.evidence.model import Evidence
from shakeout.evidence.platform import Platform
from shakeout.evidence.probes import Probes
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy, RuledOut, Strength
from shakeout.why.links import Unknown

GATE = Remedy(
    "command",
    "add the version gate to the deployment: it compares commits and protocols, and fails where they do not fit",
    command="shakeout verify --environment NAME",
)


@versions.rule
def another_commit_runs(
    effect: ProtocolsDiffer | SameNumberOtherMessages | CheckFailed,
    probes: Probes,
    repository: Repository | None,
    platform: Platform | None,
) -> Iterator[Because | RuledOut]:
    """
    The services of one release run different commits.

    ## What you see
    Two services that do not understand each other; or everything works, and the version page shows two commits.

    ## Why it happens
    One service was held back, skipped by the deployment, or is deployed by somebody else.

    ## How we know
    Each running service says which commit it was built from, and the frontend's bundle says so of itself.

    ## What to change
    Deploy all services from one commit. What made one of them differ is in the next link.
    """
    view = View.of(probes)
    evidence = _with_order(view, repository)
    evidence += [item for row in platform or () if row.kind == "service" for item in row.evidence[:1] if row.pinned]
    strangers = view.strangers()
    if isinstance(effect, CheckFailed):
        probe = probes.get(effect.check)
        if probe is None or probe.kind != "versions" or "bundle_commit" in probe.facts:
            return
        own = probe.facts.get("service")
        if own is not None and probe.facts.get("state") != "different":
            return
        for claim in strangers:
            if own in {None, claim.service}:
                yield Because(claim, [*probe.evidence[:1], *(item for item in evidence if item not in probe.evidence)])
        return
    sides = {effect.client, effect.server}
    for claim in strangers:
        if claim.service in sides and evidence:
            yield Because(claim, evidence)
    if not any(claim.service in sides for claim in strangers) and evidence:
        commits = {view.commit(side) for side in sides if side}
        if len(commits) == 1 and None not in commits and len(sides - {None}) == 2:
            yield RuledOut(f"{effect.client} and {effect.server} run different commits", evidence)


@versions.rule
def bundle_of_another_commit(
    effect: ProtocolsDiffer | SameNumberOtherMessages | CheckFailed, probes: Probes
) -> Iterator[Because]:
    """
    The frontend serves files of another commit than its own.

    ## What you see
    The frontend's version page names the new commit, and browsers still behave as before the release.

    ## Why it happens
    The bundle was built once and copied, or a cache, a CDN or an image layer between the service and its files is
    stale.

    ## How we know
    The document beside the bundle names its commit, and the service that serves it names another one.

    ## What to change
    Build the bundle in the same step as the service. Empty the cache that lies between.
    """
    view = View.of(probes)
    if isinstance(effect, CheckFailed):
        probe = probes.get(effect.check)
        if probe is None or probe.kind != "versions":
            return
        own = probe.facts.get("service")
        if own is not None and "bundle_commit" not in probe.facts:
            return
        concerned = {str(own)} if own is not None else {each.service for each in view.speakers.values()}
    else:
        concerned = {side for side in (effect.client, effect.server) if side}
    for name in sorted(concerned):
        bundle = view.speakers.get(name + BUNDLE)
        service = view.speakers.get(name)
        running = service.commit if service is not None else None
        if bundle is None or bundle.commit is None or running is None or same(bundle.commit, running):
            continue
        yield Because(BundleOfAnotherCommit(name, bundle.commit, running), view.evidence[:2])


@versions.rule
def pinned_in_manifest(
    running: RunsAnotherCommit, declarations: Declarations, repository: Repository | None
) -> Iterator[Because]:
    """
    The manifest pins a service to a revision of its own.

    ## What you see
    One service stays at an old commit through every release.

    ## Why it happens
    Somebody held it back, for a test or until a bug is mended, and nobody let it go again; or it is still being held
    back, and what it has to fit to has moved on.

    ## How we know
    The pin's line in the manifest, which resolves to the very commit that the service runs.

    ## What to change
    Take the pin out, so that all services are deployed from one commit; or pin those that have to fit to it too.
    """
    service = declarations.get(running.service)
    setting = service.settings.get("pin") if service is not None else None
    if setting is None or setting.at is None or not same(setting.value, running.commit):
        return
    quoted = declarations.quote(setting.at, note=f"resolves to commit {running.commit[:12]}")
    if quoted is not None:
        summary = f"deploy {running.service} from the release's commit: take its pin out of {setting.at.path}"
        yield Because(
            PinnedInManifest(running.service, running.commit, setting.at),
            [quoted],
            fixes=(without_setting(repository, setting.at, "pin", summary), GATE),
        )


@versions.rule
def commit_setting_is_literal(
    running: RunsAnotherCommit, declarations: Declarations, repository: Repository | None
) -> Iterator[Because]:
    """
    A setting that tells a service its commit is a fixed text.

    ## What you see
    A service names the same commit after every release, whatever was deployed.

    ## Why it happens
    The commit was written into the manifest by hand, instead of the reference that follows the release.

    ## How we know
    The manifest's line has the very commit that the service names, and no pin deploys it from there.

    ## What to change
    Write the reference `${commit}` in its place.
    """
    service = declarations.get(running.service)
    if service is None or "pin" in service.settings:
        return
    for name, setting in sorted(service.settings.items()):
        variable = name.removeprefix("environment.")
        if variable == name or setting.at is None or not re.fullmatch(r"[0-9a-fA-F]{7,64}", setting.value):
            continue
        quoted = declarations.quote(setting.at)
        # Only a text that stands on that line is a fixed one; `${commit}` has the same value and does not.
        if quoted is None or not same(setting.value, running.commit) or setting.value not in quoted.quote:
            continue
        summary = f"let {variable} of {running.service} follow the release: `{variable}: ${{commit}}`"
        yield Because(
            CommitSettingLiteral(running.service, variable, running.commit, setting.at),
            [quoted],
            fixes=(with_value(repository, setting.at, variable, "${commit}", summary), GATE),
        )


@versions.rule
def image_is_fixed(running: RunsAnotherCommit, declarations: Declarations) -> Iterator[Because]:
    """
    A service runs from an image whose name does not follow the release.

    ## What you see
    A deployment succeeds and changes nothing: the service runs the commit that its image was built from once.

    ## Why it happens
    The image is named by a tag that somebody wrote down, or by one that moves, such as `latest`.

    ## How we know
    The manifest's line names the image without a reference to the release's commit.

    ## What to change
    Name the image by the commit: `image: registry.example.com/name:${commit}`.
    """
    image = _unpinned(declarations, running.service, "image")
    if image is None or image.at is None:
        return
    quoted = declarations.quote(image.at)
    if quoted is not None and "${" not in quoted.quote and running.other[:7] not in image.value:
        known = running.commit[:7] in image.value
        yield Because(
            ImageFixed(running.service, image.value, image.at),
            [quoted],
            strength=Strength.OBSERVED if known else Strength.ENTAILED,
            fixes=(Remedy("words", f"name the image of {running.service} by the release: `:${{commit}}`"), GATE),
        )


@versions.rule
def deployed_elsewhere(running: RunsAnotherCommit, declarations: Declarations) -> Iterator[Because]:
    """
    A service is not part of the release: somebody else deploys it.

    ## What you see
    One service moves at its own pace, and does not always fit the others.

    ## Why it happens
    The manifest only says where it answers.

    ## How we know
    The manifest's line with its address, and no command, image or build for it.

    ## What to change
    Deploy it with the others, or let its protocol be compatible with the releases on both sides of a change.
    """
    url = _unpinned(declarations, running.service, "url")
    service = declarations.get(running.service)
    if url is None or url.at is None or service is None or service.value("run") or service.value("image"):
        return
    quoted = declarations.quote(url.at)
    if quoted is not None:
        yield Because(
            DeployedElsewhere(running.service, url.at),
            [quoted],
            strength=Strength.ENTAILED,
            fixes=(Remedy("words", f"deploy {running.service} from commit {running.other[:12]} too"), GATE),
        )


@versions.rule
def bundle_is_committed(stale: BundleOfAnotherCommit, repository: Repository) -> Iterator[Because | Unknown]:
    """
    The bundle was built once and put into the repository.

    ## What you see
    The served files name an old commit after every release.

    ## Why it happens
    What a build makes was committed, and no build makes it again.

    ## How we know
    The commit that the bundle names stands in a file of the repository.

    ## What to change
    Take the built files out of the repository and build them with each release.
    """
    places = repository.grep(stale.commit) or repository.grep(stale.commit[:12])
    if not places:
        yield Unknown(f"what lies between {stale.service} and its files (a cache, a CDN, an image layer)")
    for at in places[:1]:
        quoted = repository.quote(at.path, at.line or 0)
        if quoted is not None:
            yield Because(
                BundleCommitted(stale.service, stale.commit, at),
                [quoted],
                fix=Remedy("words", f"build the bundle of {stale.service} with each release, and do not commit it"),
            )


def _unpinned(declarations: Declarations, name: str, key: str) -> Setting | None:
    service: Declared | None = declarations.get(name)
    if service is None or "pin" in service.settings:
        return None
    return service.settings.get(key)


def _with_order(view: View, repository: Repository | None) -> list[Evidence]:
    """What the versions checks saw, with how far the commits are apart."""
    found = list(view.evidence[:2])
    strangers = view.strangers()
    if repository is None or not strangers or not found or len(strangers) > 1:
        return found
    stranger = strangers[0]
    if repository.describe(stranger.commit) is None:
        note = f"commit {stranger.commit[:12]} of {stranger.service} is not in this repository"
    elif repository.is_ancestor(stranger.commit, stranger.other):
        note = f"{stranger.service} is the older one: its commit comes before {stranger.other[:12]}"
    elif repository.is_ancestor(stranger.other, stranger.commit):
        note = f"{stranger.service} is the newer one: its commit comes after {stranger.other[:12]}"
    else:
        note = "neither commit comes before the other"
    first = found[0]
    return [Evidence(kind=first.kind, locator=first.locator, quote=first.quote, note=note), *found[1:]]
