"""Secrets and config maps of Kubernetes that a container is started with: not there, or without the key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.configuration.claims import (
    StoredAskedFor,
    StoredKeyAbsent,
    StoredObjectAbsent,
    configuration,
)
from shakeout.catalogue.exceptions import evidence_of
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.kubernetes_references import Stored, asked_for, declared_objects
from shakeout.evidence.model import Evidence
from shakeout.evidence.patches import nearest, unified, with_line
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Because, GuardSpec, Remedy, Strength

_OBJECT = re.compile(
    r"\b(?P<kind>secret|configmap)s? \"(?:[a-z0-9-]{1,63}/)?(?P<name>[a-z0-9.-]{1,253})\" not found", re.I
)
_KEY = re.compile(
    r"couldn't find key (?P<key>[\w.-]{1,253}) in (?P<kind>Secret|ConfigMap) (?:[a-z0-9-]{1,63}/)?"
    r"(?P<name>[a-z0-9.-]{1,253})"
)
_MOUNTED = re.compile(
    r"volume \"(?P<volume>[\w.-]{1,253})\" ?: references non-existent (?P<kind>secret|config) key: "
    r"(?P<key>[\w.-]{1,253})"
)
_REFUSED = re.compile(r"\bCreateContainerConfigError\b")

_GUARD = GuardSpec(
    name="wait for the rollout",
    kind="command",
    arguments=(
        r"\bkubectl\s+rollout\s+status\b", r"\bkubectl\s+wait\b", r"\bkubectl\s+get\s+secrets?\b",
        r"\bhelm\b.*(?:--wait|--atomic)\b", r"shakeout\s+(?:up|verify)",
    ),
    missing="nothing in the repository's checks waits until what was rolled out runs",
    add="- run: kubectl rollout status deployment/NAME --timeout=2m  # after each deployment",
)  # fmt: skip

Absent = StoredObjectAbsent | StoredKeyAbsent


def _kind(word: str) -> Stored:
    return "secret" if word.lower() == "secret" else "config map"


def _said(text: str, service: str | None) -> Absent | None:
    """What a platform's line says is not there."""
    if (found := _KEY.search(text)) is not None:
        return StoredKeyAbsent(_kind(found["kind"]), found["name"], found["key"], service)
    if (found := _MOUNTED.search(text)) is not None:
        return StoredKeyAbsent(_kind(found["kind"]), None, found["key"], service, volume=found["volume"])
    if (found := _OBJECT.search(text)) is not None:
        return StoredObjectAbsent(_kind(found["kind"]), found["name"], service)
    return None


def _of(error: ErrorLogged, log: ErrorLog) -> tuple[Absent, Occurrence, Strength] | None:
    """What is not there by the error itself; of a container that only "is not started", by its pod's one event."""
    occurrence = log.get(error.key)
    if occurrence is None or not occurrence.system:
        return None
    own = _said(occurrence.text, occurrence.owner)
    if own is not None:
        return own, occurrence, Strength.OBSERVED
    if _REFUSED.search(occurrence.text) is None:
        return None
    others = {found: item for item in log.of("service", occurrence.owner) if (found := _said(item.text, item.owner))}
    if len(others) != 1 or occurrence.owner is None:
        return None
    ((found, item),) = others.items()
    return found, item, Strength.ENTAILED


@configuration.rule(guard=_GUARD)
def stored_object_absent(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    A secret or a config map that a container is started with does not exist.

    ## What you see
    `CreateContainerConfigError`, `Error: secret "orders-db" not found`, `MountVolume.SetUp failed for volume "tls" :
    secret "web-tls" not found`.

    ## Why it happens
    It was never created in this namespace, was deleted, has another name, or what creates it (an operator, a pipeline)
    did not run.

    ## How we know
    The platform's own event names the object and says that it is not found. That it exists and lacks a key is told in
    other words, and by another rule.

    ## What to change
    Create it in that namespace, or correct the name where the manifest asks for it.
    """
    found = _of(error, log)
    if found is not None and isinstance(found[0], StoredObjectAbsent):
        absent, item, strength = found
        yield Because(absent, evidence_of(item)[:2], strength=strength)


@configuration.rule(guard=_GUARD)
def stored_key_absent(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    A secret or a config map is there, and has no key of that name.

    ## What you see
    `Error: couldn't find key password in Secret staging/orders-db`, `references non-existent secret key: ca.crt`.

    ## Why it happens
    The key has another name in the object, or was not put in when the object was made.

    ## How we know
    The platform's own event names the key, and the object or the volume; it says so of objects that exist.

    ## What to change
    Add the key to the object, or ask for the one that it has.
    """
    found = _of(error, log)
    if found is not None and isinstance(found[0], StoredKeyAbsent):
        absent, item, strength = found
        yield Because(absent, evidence_of(item)[:2], strength=strength)


@configuration.rule(guard=_GUARD)
def stored_object_asked_for(absent: StoredObjectAbsent | StoredKeyAbsent, repository: Repository) -> Iterator[Because]:
    """
    A manifest of the repository asks for it.

    ## What you see
    `secretKeyRef` with the name and the key, in a Deployment, CronJob or the like.

    ## Why it happens
    The manifest and the object are written by different hands, the object often outside of the repository.

    ## How we know
    Exactly one line of the repository's manifests asks for that object, or for that key of it. Where a manifest of the
    repository also declares the object, its keys are compared.

    ## What to change
    That line, or the object.
    """
    if absent.name is None:
        return
    key = absent.key if isinstance(absent, StoredKeyAbsent) else None
    places = asked_for(repository, absent.kind, absent.name, key)
    if len(places) != 1:
        return
    (at,) = places
    declared = list(declared_objects(repository, absent.kind))
    known = [one.name for one in declared]
    evidence: list[Evidence] = [piece for piece in (repository.quote(at.path, at.line or 1),) if piece is not None]
    asked = key or absent.name
    if key is not None:
        own = [one for one in declared if one.name == absent.name]
        known = [name for one in own for name in one.keys]
        evidence += [
            piece for one in own[:1] if (piece := repository.quote(one.at.path, one.at.line or 1, note="declares it"))
        ]
    like = nearest(asked, known)
    fix = Remedy("words", f"create what {at} asks for where the service runs, or ask for what is there")
    if like is not None:
        text = repository.text(at.path) or ""
        row = text.split("\n")[(at.line or 1) - 1]
        patch = unified(at.path, text, with_line(text, at.line or 1, row.replace(asked, like)))
        fix = Remedy("patch", f"ask for '{like}' at {at}", patch=patch)
    if evidence:
        yield Because(StoredAskedFor(absent.kind, absent.name, key, like, at), evidence, fix=fix)
