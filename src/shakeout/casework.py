"""
Cases of the catalogue: evidence in, chain out, as data.

`tests/catalogue/cases/FAMILY/RULE.toml` holds `[[case]]` tables; the public entry is `shakeout.testing`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from shakeout.catalogue import rules
from shakeout.catalogue.symptoms import DEPLOYMENT, CheckFailed, DeploymentFailed, ErrorLogged, ServiceNotDeployed
from shakeout.catalogue.tooling import is_told
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.guards import Guards
from shakeout.evidence.image import Images, ObservedImage
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.evidence.probes import Probe, Probes
from shakeout.evidence.repository import Repository
from shakeout.fixes.patches import moves, patched
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.errorlog import ErrorLog, Origin
from shakeout.logs.errors import errors
from shakeout.logs.reading import read_evidence
from shakeout.logs.requests import Requests
from shakeout.logs.templated import Templates
from shakeout.manifest.loading import parse_manifest
from shakeout.manifest.planning import make_plan, resolve_pins
from shakeout.runs.errorlogs import occurrences
from shakeout.runs.sources import declarations_of
from shakeout.testing import SmallRepository
from shakeout.why.chain import Chain, chains
from shakeout.why.engine import Bounds, Graph, Link, Symptom, walk
from shakeout.why.sources import Sources

Expectation = Literal["fires", "silent", "rival"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One case: what is given, and what has to come of it. `data` is the table as it stands in the file."""

    rule: str
    name: str
    expect: Expectation
    data: Mapping[str, Any]
    file: Path

    def __str__(self) -> str:
        return f"{self.rule}: {self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What the engine made of a case."""

    graph: Graph
    chains: tuple[Chain, ...]
    sources: Sources


def load_cases(folder: Path) -> list[Case]:
    """Every case below a folder, in the order of the files; ValueError with the file where one is malformed."""
    found: list[Case] = []
    for path in sorted(folder.rglob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        if data.get("rule") != path.stem:
            raise ValueError(f"{path}: expected rule = '{path.stem}', got {data.get('rule')!r}")
        for table in data.get("case", []):
            if table.get("expect") not in {"fires", "silent", "rival"}:
                raise ValueError(f"{path}: expected fires, silent or rival, got {table.get('expect')!r}")
            found.append(Case(rule=path.stem, name=table["name"], expect=table["expect"], data=table, file=path))
    return found


def run_case(case: Case, folder: Path) -> Result:
    """Build the case's evidence in `folder` and explain it."""
    data = case.data
    commits = _build_repository(data.get("commits", []), folder / "repository")
    data = _filled(data, commits)
    sources = Sources()
    symptoms: list[Symptom] = []
    repository: Repository | None = None
    if commits and data.get("repository", True):
        place = folder / "repository"
        if data.get("shallow"):
            SmallRepository(folder / "elsewhere").git(
                "clone", "--quiet", "--depth=1", f"file://{place}", str(folder / "shallow")
            )
            place = folder / "shallow"
        repository = Repository(place, data.get("at", "HEAD"))
        for source in (repository, SourcePaths(repository), Guards(repository)):
            sources.add(source)
    if "manifest" in data:
        sources.add(_declarations(data["manifest"], repository, folder))
    if "platform" in data:
        platform = _platform(data["platform"], data.get("logs", []))
        sources.add(platform)
        symptoms += [
            Symptom(
                claim=ServiceNotDeployed(item.name, item.message or item.reason or ""),
                evidence=item.evidence,
                service=item.name,
                weight=0,
            )
            for item in platform
            if item.kind == "service" and item.state == "not deployed" and item.reason != "blocked"
        ]
        symptoms += [
            Symptom(claim=DeploymentFailed(item.message or ""), evidence=item.evidence, weight=0)
            for item in platform
            if item.kind == "deployment" and item.state == "failed"
        ]
    if "images" in data:
        records = {name: text.removeprefix("\n") for name, text in data["images"].items()}
        sources.add(Images(ObservedImage(name, f"platform/{name}.image.txt", text) for name, text in records.items()))
    if "probes" in data:
        probes = Probes(_probe(table) for table in data["probes"])
        sources.add(probes)
        symptoms += [
            Symptom(
                claim=CheckFailed(probe.name, probe.detail),
                evidence=probe.evidence,
                checks=(probe.name,),
                service=probe.service,
                weight=0 if probe.required and probe.outcome == "failed" else 1,
            )
            for probe in probes
            if probe.went_wrong
        ]
    log = _error_log(data.get("logs", []), folder)
    sources.add(log)
    read = partial(_entries, data.get("logs", []), folder)
    sources.add(Requests(read))
    sources.add(Templates(read))
    if "probes" not in data and "platform" not in data:
        symptoms += [
            Symptom(
                claim=ErrorLogged(item.owner, item.key, item.type, item.text.split("\n", 1)[0][:300]),
                evidence=item.evidence,
                service=item.owner,
                weight=2,
                count=item.count,
            )
            for item in log
            if item.error or is_told(item.text)
        ]
    graph = walk(symptoms, rules(), sources, Bounds(strict=True))
    return Result(graph=graph, chains=chains(graph), sources=sources)


def check_case(case: Case, result: Result) -> None:
    """Raise AssertionError, with the chains that were found, where the case came out otherwise."""
    chosen = [link for chain in result.chains for path in chain.paths for link in path]
    every = every_link(result)
    drawn = "\n".join(
        " <- ".join([str(chain.symptoms[0].claim), *(f"[{link.rule}] {link.cause}" for link in chain.links)])
        for chain in result.chains
    )
    where = f"{case.file}: {case.name}\n{drawn or '(no symptom)'}"
    if case.expect == "silent":
        assert case.rule not in {link.rule for link in every}, f"expected {case.rule} to stay silent: {where}"
    elif case.expect == "fires":
        assert case.rule in {link.rule for link in chosen}, f"expected {case.rule} in a chain: {where}"
    else:
        assert case.data["rival"] in {link.rule for link in chosen}, f"expected {case.data['rival']} to win: {where}"
        assert case.rule not in {link.rule for link in chosen}, f"expected {case.rule} not to win: {where}"
    _check_details(case, result, where)


def every_link(result: Result) -> list[Link]:
    """All links that were found, chosen or not."""
    return [link for node in result.graph.nodes.values() for link in node.links]


def check_patches(result: Result) -> None:
    """Raise AssertionError where a patch that is offered does not fit the commit, or changes nothing there."""
    repository = result.sources.get(Repository)
    remedies = [remedy for chain in result.chains for link in chain.links for remedy in link.because.fixes]
    for remedy in remedies if repository is not None else ():
        touched = moves(remedy.patch or "").paths
        if repository is None or remedy.patch is None or not any(map(repository.is_file, touched)):
            continue
        before = {path: (repository.text(path), repository.modes.get(path)) for path in touched}
        with patched(repository, remedy.patch) as copy:
            after = {path: (copy.text(path), copy.modes.get(path)) for path in touched}
        assert after != before, f"expected the patch to change something: {remedy.summary}"


def _check_details(case: Case, result: Result, where: str) -> None:
    data = case.data
    roots = [chain.root for chain in result.chains if chain.root is not None]
    if "root" in data:
        assert data["root"] in {root.type_name for root in roots}, f"expected the root {data['root']}: {where}"
    if "locator" in data:
        places = {str(at) for root in roots for at in root.locators}
        assert data["locator"] in places, f"expected the locator {data['locator']} in {sorted(places)}: {where}"
    if "change" in data:
        subjects = {getattr(chain.change, "subject", None) for chain in result.chains}
        expected = data["change"] or None
        assert expected in subjects, f"expected the change {expected!r} in {subjects}: {where}"
    if "issues" in data:
        assert len(result.chains) == data["issues"], f"expected {data['issues']} issues: {where}"
    if "strength" in data:
        strengths = {link.strength.word for link in every_link(result) if link.rule == case.rule}
        assert strengths == {data["strength"]}, f"expected the link to be {data['strength']}, not {strengths}: {where}"
    if "says" in data:
        text = "\n".join(str(link.cause) for chain in result.chains for link in chain.links)
        assert data["says"] in text, f"expected the words '{data['says']}': {where}"
    if "needs" in data:
        needs = [need for chain in result.chains for need in chain.needs]
        assert any(data["needs"] in need for need in needs), f"expected '{data['needs']}' in {needs}: {where}"
    if "fix" in data:
        patches = [fix.patch or "" for chain in result.chains for link in chain.links for fix in link.because.fixes]
        assert any(data["fix"] in patch for patch in patches), f"expected '{data['fix']}' in {patches}: {where}"
    if data.get("no_patch"):
        offered = [fix.patch for chain in result.chains for link in chain.links for fix in link.because.fixes]
        assert not any(offered), f"expected no patch in {offered}: {where}"
    if "ruled_out" in data:
        texts = [str(item.claim) for chain in result.chains for item in chain.ruled_out]
        assert any(data["ruled_out"] in text for text in texts), f"expected '{data['ruled_out']}' in {texts}: {where}"


def _build_repository(tables: Sequence[Mapping[str, Any]], folder: Path) -> dict[str, str]:
    """Make the commits; returns subject to full hash."""
    if not tables:
        return {}
    small = SmallRepository(folder)
    commits: dict[str, str] = {}
    for table in tables:
        if "branch" in table:
            small.git("checkout", "--quiet", *(["-b"] if table.get("new_branch") else []), table["branch"])
        for old, new in table.get("rename", {}).items():
            (folder / new).parent.mkdir(parents=True, exist_ok=True)
            small.git("mv", old, new)
        if "merge" in table:
            small.git("merge", "--quiet", "--no-ff", "--no-commit", "--strategy-option=ours", table["merge"])
        texts = {path: None if text is False else _fill(text, commits) for path, text in table.get("files", {}).items()}
        commits[table["subject"]] = small.commit(table["subject"], texts)
        if "tag" in table:
            small.git("tag", table["tag"])
    return commits


def _filled(value: Any, commits: Mapping[str, str]) -> Any:
    """The value with every `@{subject}` replaced by that commit's hash."""
    if isinstance(value, str):
        return _fill(value, commits)
    if isinstance(value, Mapping):
        return {key: item if key == "commits" else _filled(item, commits) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, commits) for item in value]
    return value


def _fill(text: str, commits: Mapping[str, str]) -> str:
    return re.sub(r"@\{([^}]+)\}", lambda match: commits[match[1]], text)


def _declarations(table: Mapping[str, Any], repository: Repository | None, folder: Path) -> Declarations:
    text = table.get("text") or (repository.text("shakeout.yaml") if repository is not None else None) or ""
    place = folder / "manifest" / "shakeout.yaml"
    place.parent.mkdir(exist_ok=True)
    place.write_text(text, encoding="utf-8")
    plan = make_plan(
        parse_manifest(text, file="shakeout.yaml", path=place),
        environment=table.get("environment"),
        commit=repository.commit if repository is not None else "0" * 40,
        dirty=False,
        repository=place.parent,
        caller=table.get("caller", {}),
    )
    if repository is not None:
        plan = resolve_pins(plan, repository.resolve)
    return declarations_of(plan, place)


def _platform(table: Mapping[str, Any], logs: Sequence[Mapping[str, Any]]) -> Platform:
    items = [PlatformItem(**{**item, "listening": tuple(item.get("listening", ()))}) for item in table.get("items", [])]
    lines = [
        f"{item.kind} {item.name}: {item.state} {item.reason or ''} {item.message or ''}".strip() for item in items
    ]
    return Platform(
        table.get("environment", "local"),
        table.get("target", "local"),
        [
            replace(
                item,
                evidence=(
                    Evidence(
                        kind="platform",
                        locator=Locator(source="platform", path="platform.txt", line=number),
                        quote=line,
                    ),
                ),
                last_lines=_last_lines(item.name, logs),
            )
            for number, (item, line) in enumerate(zip(items, lines, strict=True), 1)
        ],
    )


def _last_lines(service: str, logs: Sequence[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    at = Locator(source="log", path="app.log", line=1)
    rows = [row for table in logs if table.get("service") == service for row in table["text"].splitlines()]
    return tuple(Evidence(kind="log", locator=at, quote=row) for row in reversed(rows[-5:]))


def _probe(table: Mapping[str, Any]) -> Probe:
    at = Locator(source="probe", path=f"checks/{table['name']}.txt", line=1)
    return Probe(
        name=table["name"],
        kind=table["kind"],
        outcome=table.get("outcome", "failed"),
        detail=table.get("detail", ""),
        service=table.get("service"),
        required=table.get("required", True),
        facts=table.get("facts", {}),
        evidence=(Evidence(kind="probe", locator=at, quote=table.get("detail") or table["name"]),),
        started=datetime.fromisoformat(table["started"]) if "started" in table else None,
        seconds=table.get("seconds", 0.0),
    )


def _entries(tables: Sequence[Mapping[str, Any]], folder: Path) -> Iterator[LogEntry]:
    for number, table in enumerate(tables):
        with read_evidence([folder / "logs" / str(number) / table.get("name", "app.log")]) as read:
            for entry in read.entries():
                yield replace(entry, service=entry.service or table.get("service"))


def _error_log(tables: Sequence[Mapping[str, Any]], folder: Path) -> ErrorLog:
    found = []
    for number, table in enumerate(tables):
        place = folder / "logs" / str(number) / table.get("name", "app.log")
        place.parent.mkdir(parents=True)
        place.write_text(table["text"], encoding="utf-8")
        with read_evidence([place]) as read:
            logged = list(errors(read.suspects(Severity.WARNING), threshold=Severity.WARNING))
            origin: Origin = "check" if "check" in table else "deployment" if "deployment" in table else "service"
            owner = DEPLOYMENT if origin == "deployment" else table.get("check") or table.get("service")
            found += list(occurrences(logged, read.resolve, origin=origin, owner=owner))
    return ErrorLog(found)
