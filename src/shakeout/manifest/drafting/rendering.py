"""The draft as YAML: each line says where it comes from, and what is unsure is a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shakeout.manifest.drafting.commands import runnable
from shakeout.manifest.drafting.model import BackingDraft, Draft, EnvironmentDraft, Found, ServiceDraft
from shakeout.manifest.drafting.values import quoted

_HEAD = """\
# A first manifest, written by `shakeout init` from what the repository holds.
# Behind each line stands where it comes from. A line that is a comment with a key in it is unsure; look at it, and take
# the # away or the line out. Every key is explained in docs/reference/manifest.md of shakeout.
"""


def render(draft: Draft) -> str:
    """The manifest's text."""
    lines = [*_HEAD.splitlines(), "version: 1", _line(0, "application", draft.application), "", "services:"]
    needs = _without_circles(draft)
    for service in draft.services.values():
        lines += [*_service(service, needs[service.name]), ""]
    if draft.backing:
        lines += ["backing_services:", *(line for one in draft.backing.values() for line in _backing(one)), ""]
    if draft.secrets:
        lines.append("secrets:")
        for name, found in draft.secrets.items():
            lines += [f"  {name}:", _line(4, "env", found)]
        lines.append("")
    lines += ["environments:", "  local: {}"]
    for environment in draft.environments.values():
        lines += _environment(environment)
    if draft.notes:
        lines += ["", "# Seen, and not taken over:", *(f"# - {note}" for note in draft.notes)]
    return "\n".join(lines) + "\n"


def _line(indent: int, key: str, found: Found, value: str | None = None) -> str:
    """One line with its place behind it; a comment where it is unsure."""
    text = f"{key}: {value if value is not None else found.value}"
    told = f"from {found.at}" + (f"; {found.note}" if found.note else "")
    if found.unsure:
        return f"{' ' * indent}# {text}  # {told}; unsure: {found.unsure}"
    return f"{' ' * indent}{text}  # {told}"


def _service(own: ServiceDraft, needs: list[Found]) -> Iterator[str]:
    yield f"  {own.name}:  # from {own.at}"
    run = runnable(own)
    if run is not None:
        yield _line(4, "run", run, quoted(run.value))
    elif own.image is None:
        yield f"    # run: …  # unsure: nothing says how {own.name} is started, which the target local needs"
        yield "    url: http://127.0.0.1:9  # unsure: no address of it is known; nothing answers at this one"
    if own.path is None and own.folder not in {".", ""} and not own.folder.startswith("("):
        yield _line(4, "path", Found(value=own.folder, at=own.run.at if own.run else own.at), quoted(own.folder))
    if own.dockerfile is not None and own.context is not None:
        yield f"    build:  # from {own.dockerfile.at}"
        yield _line(6, "dockerfile", own.dockerfile, quoted(own.dockerfile.value))
        yield _line(6, "context", own.context, quoted(own.context.value))
        yield from ([_line(6, "target", own.stage)] if own.stage else [])
    if own.image is not None:
        yield _line(4, "image", own.image)
        if run is None:
            yield "    url: http://127.0.0.1:9  # unsure: the target local runs no images; nothing answers here"
    if own.health is not None:
        yield _line(4, "health", own.health, "{path: " + quoted(own.health.value) + "}")
    else:
        yield "    # health: {}  # unsure: no line of its code was found that answers for its health"
    if own.version is not None:
        field = own.version.note or "commit"
        found = Found(value=own.version.value, at=own.version.at, unsure=own.version.unsure)
        yield _line(4, "version", found, "{path: " + quoted(found.value) + f", commit: {field}" + "}")
    if needs:
        places = ", ".join(dict.fromkeys(found.at for found in needs))
        yield f"    needs: [{', '.join(found.value for found in needs)}]  # from {places}"
    yield from _variables(4, own.environment)


def _variables(indent: int, found: dict[str, Found]) -> Iterator[str]:
    """Plain variables and secrets, each in its block; a block with nothing but comments is a comment."""
    secrets = {name: one for name, one in found.items() if one.value.startswith("${secrets.") and not one.unsure}
    plain = {name: one for name, one in found.items() if name not in secrets}
    for title, group in (("environment", plain), ("secrets", secrets)):
        if group:
            sure = any(not one.unsure for one in group.values())
            yield f"{' ' * indent}{title}:" if sure else f"{' ' * indent}# {title}:"
            for name, one in group.items():
                value = one.value[len("${secrets.") : -1] if title == "secrets" else one.value
                yield _line(indent + 2, name, one, value)


def _without_circles(draft: Draft) -> dict[str, list[Found]]:
    """What each service needs. In a circle, what a file says comes before what a variable hints at."""
    kept: dict[str, list[Found]] = {name: [] for name in draft.services}
    edges = [(own.name, found) for own in draft.services.values() for found in own.needs.values()]
    for own, found in sorted(edges, key=lambda edge: edge[1].at.startswith("the variable")):
        waiting, seen = [found.value], set()
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += [need.value for need in kept.get(one, [])]
        if own not in seen:
            kept[own].append(found)
    return kept


def _backing(own: BackingDraft) -> Iterator[str]:
    yield f"  {own.name}:  # from {own.at}"
    yield f"    kind: {own.kind}" + (f"  # from {own.image.at}" if own.image else "")
    if own.image is not None:
        yield _line(4, "image", own.image)
    scheme = {"postgresql": "postgresql", "redis": "redis", "clickhouse": "http"}.get(own.kind, "tcp")
    variable = f"{own.name.upper().replace('-', '_')}_URL"
    if own.published is not None:
        address = f"{scheme}://127.0.0.1:{own.published.value}"
        note = f"its port on this machine; another address by {variable}"
        found = Found(value=quoted(f"${{env.{variable}:-{address}}}"), at=own.published.at, note=note)
        yield _line(4, "url", found)
    else:
        yield f'    url: "${{env.{variable}:-disabled}}"  # unsure: no address of it is known; {variable} gives one'


def _environment(own: EnvironmentDraft) -> Iterator[str]:
    yield f"  {own.name}:  # from {own.target.at}"
    yield _line(4, "target", own.target)
    if own.target.value == "cloud-run":
        yield "    options:"
        yield '      project: "${env.PROJECT:-my-project}"  # unsure: no file of the repository names the project'
        yield '      region: "${env.REGION:-europe-west1}"  # unsure: no file of the repository names the region'
    elif own.options or own.variables:
        yield "    options:"
        for key, found in own.options.items():
            yield _line(6, key, found, quoted(found.value))
        sure = any(not one.unsure for one in own.variables.values())
        if own.variables:
            yield "      environment:" if sure else "      # environment:"
            for name, found in own.variables.items():
                yield _line(8, name, found)
    if own.services:
        yield "    services:"
    for name, settings in own.services.items():
        yield f"      {name}:"
        yield from (_line(8, key, found) for key, found in settings.items() if "." not in key)
        yield from _grouped(settings)


def _grouped(settings: dict[str, Found]) -> Iterable[str]:
    for group in ("environment", "secrets"):
        inner = {key.partition(".")[2]: found for key, found in settings.items() if key.startswith(f"{group}.")}
        if not inner:
            continue
        yield f"        {group}:" if any(not one.unsure for one in inner.values()) else f"        # {group}:"
        yield from (_line(10, key, found) for key, found in inner.items())
