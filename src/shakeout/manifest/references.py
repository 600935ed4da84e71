"""What the parts of a manifest say about each other, checked on the document, so that broken parts hide no fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shakeout.errors import ManifestFault
from shakeout.manifest.document import Document
from shakeout.manifest.interpolation import BadReference, Reference, split, words
from shakeout.manifest.model import CHECK_KINDS
from shakeout.manifest.secret_names import looks_secret
from shakeout.manifest.wording import KeyPath, did_you_mean, one_of, seen

SECRET_SOURCES = ("env", "file", "generate", "secret_manager")


def reference_faults(document: Document) -> Iterator[ManifestFault]:
    """Every fault between parts: names that nothing has, cycles, literal secrets, references that mean nothing."""
    yield from _names(document)
    yield from _cycles(document)
    yield from _secret_sources(document)
    yield from _variables(document)
    yield from _interpolations(document)


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` where it is a mapping, otherwise an empty one."""
    return value if isinstance(value, Mapping) else {}


def service_paths(document: Document) -> Iterator[KeyPath]:
    """The path of every service and of every override of one."""
    for name in mapping(document.value(("services",))):
        yield ("services", name)
    for environment in mapping(document.value(("environments",))):
        for name in mapping(document.value(("environments", environment, "services"))):
            yield ("environments", environment, "services", name)


def _known(document: Document, path: KeyPath, name: Any, section: str, what: str) -> Iterator[ManifestFault]:
    valid = list(mapping(document.value((section,))))
    if isinstance(name, str) and name not in valid:
        expected = one_of(valid, f"{what}:") if valid else f"{what} (there is none in {section})"
        yield document.fault(path, expected, seen(name), did_you_mean(name, valid))


def _names(document: Document) -> Iterator[ManifestFault]:
    services = mapping(document.value(("services",)))
    backing = mapping(document.value(("backing_services",)))
    for name in backing:
        if name in services:
            yield document.fault(
                ("backing_services", name),
                "a name that no service has",
                f"{seen(name)} (the service is at line {document.line(('services', name))})",
            )
        path: KeyPath = ("backing_services", name, "reported_by")
        yield from _known(document, path, document.value(path), "services", "one of the services")
    for name in services:
        needs = document.value(("services", name, "needs"))
        for index, need in enumerate(needs if isinstance(needs, list) else ()):
            if isinstance(need, str) and need not in services and need not in backing:
                valid = [*services, *backing]
                expected = one_of(valid, "one of the services or backing services:")
                yield document.fault(
                    ("services", name, "needs", index), expected, seen(need), did_you_mean(need, valid)
                )
    for path in service_paths(document):
        for variable, secret in mapping(document.value((*path, "secrets"))).items():
            yield from _known(document, (*path, "secrets", variable), secret, "secrets", "one of the secrets")
    for check, spec in mapping(document.value(("checks",))).items():
        yield from _check(document, ("checks", check), spec, known=False)
    for environment in mapping(document.value(("environments",))):
        here: KeyPath = ("environments", environment)
        for section, what in (
            ("services", "one of the services"),
            ("backing_services", "one of the backing services"),
            ("secrets", "one of the secrets"),
        ):
            for name in mapping(document.value((*here, section))):
                yield from _known(document, (*here, section, name), name, section, what)
        for check, spec in mapping(document.value((*here, "checks"))).items():
            known = check in mapping(document.value(("checks",)))
            yield from _check(document, (*here, "checks", check), spec, known=known)


def _check(document: Document, path: KeyPath, spec: Any, *, known: bool) -> Iterator[ManifestFault]:
    spec = mapping(spec)
    kind = spec.get("kind")
    if isinstance(kind, str) and kind not in CHECK_KINDS:
        yield document.fault((*path, "kind"), one_of(CHECK_KINDS), seen(kind), did_you_mean(kind, CHECK_KINDS))
    if kind is None and not known and path[0] == "environments":
        yield document.fault((*path, "kind"), one_of(CHECK_KINDS), "nothing", did_you_mean_check(document, path))
    yield from _known(document, (*path, "service"), spec.get("service"), "services", "one of the services")


def did_you_mean_check(document: Document, path: KeyPath) -> str | None:
    """The hint for an environment's check that was meant to change one of `checks`."""
    return did_you_mean(str(path[-1]), mapping(document.value(("checks",))))


def _cycles(document: Document) -> Iterator[ManifestFault]:
    services = mapping(document.value(("services",)))
    edges = {
        name: [need for need in _list(mapping(service).get("needs")) if isinstance(need, str) and need in services]
        for name, service in services.items()
    }
    done: set[str] = set()
    for start in edges:
        # Depth first without recursion; `trail` is the way from `start` to here.
        trail: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, leaving = stack.pop()
            if leaving:
                trail.pop()
                done.add(name)
                continue
            if name in trail:
                cycle = trail[trail.index(name) :]
                yield _cycle(document, edges, cycle)
                continue
            if name in done:
                continue
            trail.append(name)
            stack.append((name, True))
            stack.extend((need, False) for need in reversed(edges[name]))


def _cycle(document: Document, edges: Mapping[str, list[str]], cycle: list[str]) -> ManifestFault:
    def at(name: str, need: str) -> KeyPath:
        needs = _list(document.value(("services", name, "needs")))
        return ("services", name, "needs", needs.index(need))

    first = min(range(len(cycle)), key=lambda index: document.line(("services", cycle[index])))
    ordered = cycle[first:] + cycle[:first]
    pairs = list(zip(ordered, ordered[1:] + ordered[:1], strict=True))
    steps = [f"{name} needs {need} (line {document.line(at(name, need))})" for name, need in pairs]
    return document.fault(
        ("services", ordered[0], "needs"),
        "services that can be started one after the other",
        f"a cycle: {', '.join(steps)}",
        at=at(*pairs[0]),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _secret_sources(document: Document) -> Iterator[ManifestFault]:
    paths: list[KeyPath] = [("secrets", name) for name in mapping(document.value(("secrets",)))]
    for environment in mapping(document.value(("environments",))):
        here: KeyPath = ("environments", environment, "secrets")
        paths += [(*here, name) for name in mapping(document.value(here))]
    for path in paths:
        secret = document.value(path)
        if not isinstance(secret, Mapping) or not set(secret) <= set(SECRET_SOURCES):
            continue
        given = [key for key in SECRET_SOURCES if secret.get(key) not in {None, False}]
        if len(given) != 1:
            got = " and ".join(given) if given else "none of them"
            yield document.fault(path, f"exactly one of {', '.join(SECRET_SOURCES)}", got)


def _variables(document: Document) -> Iterator[ManifestFault]:
    own = [("environments", name, "options") for name in mapping(document.value(("environments",)))]
    for path in (*service_paths(document), *own):
        environment = mapping(document.value((*path, "environment")))
        for variable, value in environment.items():
            here = (*path, "environment", variable)
            if variable in mapping(document.value((*path, "secrets"))):
                line = document.line((*path, "secrets", variable))
                yield document.fault(here, "each variable once", f"a second one (secrets has it at line {line})")
            elif isinstance(value, str) and looks_secret(variable, value):
                yield document.fault(
                    here,
                    "no secret in the file",
                    "one as literal text",
                    f"give it in `secrets` by `env`, `file` or `generate`, and name it as `secrets: {{{variable}: …}}`",
                )


def _interpolations(document: Document) -> Iterator[ManifestFault]:
    for path in document.lines:
        value = document.value(path)
        if not isinstance(value, str) or "${" not in value:
            continue
        allowed = roots_at(path)
        try:
            pieces = split(value)
        except BadReference as error:
            yield document.fault(path, error.expected, error.seen, error.hint)
            continue
        for piece in pieces:
            if isinstance(piece, Reference):
                yield from _reference(document, path, piece, allowed)
    yield from _commands(document)


_ANYWHERE = frozenset({"env", "commit", "environment", "repository"})
_SERVICE = _ANYWHERE | {"python", "port", "data", "services", "backing", "secrets"}


def roots_at(path: KeyPath) -> frozenset[str]:
    """The references that the value at `path` may hold; none where a value is taken as it is."""
    if path[:1] == ("environments",) and len(path) > 2:
        path = path[2:]
    match path:
        case ("services", _, "run", *_):
            return _SERVICE - {"secrets"}
        case ("services", _, "environment", _):
            return _SERVICE
        case ("services", _, "options", "logs", *_):
            return _ANYWHERE | {"python"}
        case ("services", _, "url" | "image" | "pin") | ("services", _, "options", *_):
            return _ANYWHERE
        case ("services", _, "build", "arguments", _):
            return _ANYWHERE
        case ("backing_services", _, "url"):
            return _ANYWHERE | {"data", "services", "secrets"}
        case ("backing_services", _, "image"):
            return _ANYWHERE
        case ("options", "backing", _, "environment", _):
            return _ANYWHERE | {"secrets"}
        case ("options", "environment", _):
            return _SERVICE - {"port"}
        case ("options", "run" | "stop" | "logs", *_):
            return _SERVICE - {"secrets", "port"}
        case ("secrets", _, "file" | "secret_manager") | ("options", *_):
            return _ANYWHERE
        case ("checks", _, *rest) if rest and rest[0] not in {"kind", "service", "deadline"}:
            return _SERVICE - {"secrets", "port"}
    return frozenset()


def _reference(
    document: Document, path: KeyPath, reference: Reference, allowed: frozenset[str]
) -> Iterator[ManifestFault]:
    if not allowed:
        yield document.fault(path, "a value as it is", str(reference), "write $${ for the text ${")
    elif reference.root not in allowed:
        yield document.fault(path, f"a reference to {one_of(sorted(allowed))}", str(reference))
    elif reference.root in {"services", "backing", "secrets"}:
        section = "backing_services" if reference.root == "backing" else reference.root
        valid = list(mapping(document.value((section,))))
        if reference.name not in valid:
            what = section.replace("_", " ")
            expected = one_of(valid, f"one of the {what}:") if valid else f"no reference ({section} is empty)"
            yield document.fault(path, expected, str(reference), did_you_mean(reference.name, valid))


def _commands(document: Document) -> Iterator[ManifestFault]:
    for path in service_paths(document):
        run = document.value((*path, "run"))
        if run is None:
            continue
        try:
            empty = not words(run) if isinstance(run, str) else run == []
        except BadReference:
            continue
        except ValueError:
            yield document.fault((*path, "run"), "a command with its quotes closed", seen(run))
            continue
        if empty:
            yield document.fault((*path, "run"), "a command", "an empty one")
