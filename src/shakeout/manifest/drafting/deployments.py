"""How the repository is deployed now: Cloud Run's YAML, workflows, deploy scripts; and example settings."""

from __future__ import annotations

import posixpath
import re
import shlex

from shakeout.manifest.drafting import values
from shakeout.manifest.drafting.compose import variables
from shakeout.manifest.drafting.lined import Lined, read
from shakeout.manifest.drafting.model import Draft, EnvironmentDraft, Found, ServiceDraft, plain
from shakeout.manifest.drafting.questions import files_of, names
from shakeout.manifest.drafting.tree import Tree
from shakeout.manifest.interpolation import escape

_SCRIPT = re.compile(r"(?:.*/)?(?:deploy|release|ship)(?:[_-][\w-]+)?(?:\.(?:sh|bash|py|mjs|js|ts|rb))?")
_FOLDERS = frozenset({"", "scripts", "script", "bin", "deploy", "deployment", "ops", "tools", "ci", "hack", "infra"})
_STAGES = re.compile(r"\b(staging|stage|production|prod|preview|qa|uat|test)\b")
_GITHUB = re.compile(r"\$\{\{\s*(?P<kind>secrets|vars)\.(?P<name>\w+)\s*\}\}")
_RUNNERS = {".py": "python", ".sh": "bash", ".bash": "bash", ".js": "node", ".mjs": "node", ".rb": "ruby"}


def cloud_run(tree: Tree, draft: Draft) -> None:
    """Knative service YAML, as Cloud Run takes it: names, images, variables, secrets by reference."""
    for path in tree.find("*.yaml", "*.yml"):
        if "serving.knative.dev" not in tree.text(path):
            continue
        for document in read(tree.text(path)):
            if document.text("kind") != "Service" or "knative" not in (document.text("apiVersion") or ""):
                continue
            _knative(path, document, draft)


def _knative(path: str, document: Lined, draft: Draft) -> None:
    name = document.get("metadata", "name")
    containers = document.get("spec", "template", "spec", "containers")
    container = next(containers.each(), None) if containers is not None else None
    if name is None or container is None:
        return
    stage = _STAGES.search(f"{path} {name.value}".replace("_", "-"))
    where = stage[1] if stage else "staging"
    stem = plain(re.sub(rf"-?{where}-?", "", str(name.value)) or str(name.value))
    own = draft.services.get(stem) or draft.services.get(plain(str(name.value)))
    at = f"{path}:{name.line}"
    if own is None:
        own = draft.services.setdefault(stem, ServiceDraft(name=stem, at=at, folder=f"({path})"))
    environment = _environment(draft, where, "cloud-run", f"{path}:{document.line}")
    here = environment.services.setdefault(own.name, {})
    if (image := container.get("image")) is not None:
        here["image"] = Found(value=values.quoted(escape(str(image.value))), at=f"{path}:{image.line}")
    for variable, value, line in variables(container.get("env")):
        found = values.understood(draft, None, variable, value, f"{path}:{line}")
        here[f"environment.{variable}"] = found
    for item in (container.get("env") or Lined([], 1)).each():
        reference = item.get("valueFrom", "secretKeyRef", "name")
        variable_name = item.text("name")
        if reference is not None and variable_name:
            secret = draft.secret(variable_name, f"{path}:{item.line}")
            here[f"secrets.{variable_name}"] = Found(value=secret, at=f"{path}:{reference.line}")


def commands(tree: Tree, draft: Draft) -> None:
    """The team's own deploy command: as a workflow calls it, else the script itself."""
    scripts = [path for path in tree.paths if _SCRIPT.fullmatch(path) and posixpath.dirname(path) in _FOLDERS]
    scripts = [path for path in scripts if posixpath.splitext(path)[1] in {*_RUNNERS, ""} and tree.text(path)]
    for path in tree.paths:
        if re.fullmatch(r"\.github/workflows/[\w.-]+\.ya?ml", path):
            _workflow(tree, draft, path, scripts)
    if any(one.target.value == "command" for one in draft.environments.values()):
        return
    for path in scripts:
        name = "staging"
        environment = _environment(draft, name, "command", f"{path}:1")
        if environment.target.value == "command":
            command = _runner(tree, path)
            environment.options["run"] = Found(
                value=command, at=f"{path}:1", note="which arguments it takes is not known"
            )
            return
    for path in tree.find("Makefile", "justfile"):
        for number, row in enumerate(tree.lines(path), 1):
            if match := re.match(r"(deploy(?:-(?P<stage>\w+))?)\s*:", row):
                environment = _environment(draft, plain(match["stage"] or "staging"), "command", f"{path}:{number}")
                tool = "make" if path.endswith("Makefile") else "just"
                environment.options.setdefault("run", Found(value=f"{tool} {match[1]}", at=f"{path}:{number}"))


def _workflow(tree: Tree, draft: Draft, path: str, scripts: list[str]) -> None:
    for document in read(tree.text(path)):
        for job_name, job in (document.get("jobs") or Lined({}, 1)).items():
            for step in (job.get("steps") or Lined([], 1)).each():
                run = step.get("run")
                for offset, row in enumerate(str(run.value).split("\n") if run is not None else ()):
                    script = next(
                        (one for one in scripts if re.search(rf"(?<![\w-])(?:\./)?{re.escape(one)}\b", row)), None
                    )
                    if run is None or script is None or re.search(r"[|&;<>`]|\$\(", row):
                        continue
                    told = f"{row} {job.text('environment') or ''} {job_name} {path}"
                    stage = _STAGES.search(told.replace("_", "-"))
                    name = plain(stage[1] if stage else "staging")
                    line = run.line + offset + (1 if "\n" in str(run.value).strip("\n") or offset else 0)
                    at = f"{path}:{_at(tree, path, row, line)}"
                    environment = _environment(draft, name, "command", at)
                    if environment.target.value != "command" or "run" in environment.options:
                        continue
                    environment.options["run"] = _step(tree, row, script, at)
                    for holder in (document, job, step):
                        _passed(draft, environment, path, holder.get("env"))


def _step(tree: Tree, row: str, script: str, at: str) -> Found:
    try:
        words = shlex.split(row)
    except ValueError:
        words = []
    if not words or _GITHUB.search(row) or "$" in row:
        return Found(value=_runner(tree, script), at=at, note="its arguments refer to the workflow")
    if words[0] in {f"./{script}", script}:
        words = [*shlex.split(_runner(tree, script)), *words[1:]]
    return Found(value=shlex.join(words), at=at)


def _passed(draft: Draft, environment: EnvironmentDraft, path: str, env: Lined | None) -> None:
    for variable, value, line in variables(env):
        at = f"{path}:{line}"
        match = _GITHUB.fullmatch((value or "").strip())
        if match and match["kind"] == "secrets":
            secret = draft.secret(match["name"], at)
            environment.variables[variable] = Found(value=f"${{secrets.{secret}}}", at=at, note="a secret")
        elif match:
            text = values.quoted(f"${{env.{match['name']}}}")
            why = f"the caller's variable {match['name']} has to be set"
            environment.variables[variable] = Found(value=text, at=at, unsure=why)
        else:
            environment.variables[variable] = values.understood(draft, None, variable, value, at)


def examples(tree: Tree, draft: Draft) -> None:
    """The names in example settings: for the service in whose folder they are, or whose code asks for them."""
    code = {own.name: files_of(tree, draft, own, (".sh",)) for own in draft.services.values()}
    for path in tree.find(".env.example", ".env.sample", ".env.template", "env.example", ".env.dist", "example.env"):
        folder = posixpath.dirname(path) or "."
        near = [one for one in draft.services.values() if one.folder == folder] if folder != "." else []
        for number, row in enumerate(tree.lines(path), 1):
            match = re.match(r"\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*?)\s*(?:\s#.*)?$", row)
            if match is None:
                continue
            users = near or [
                own
                for own in draft.services.values()
                if any(names(tree, file, match["name"]) for file in code[own.name])
            ]
            for own in users:
                values.add(draft, own, match["name"], match["value"].strip("\"'"), f"{path}:{number}")
            if not users:
                draft.notes.append(f"{path}:{number} has {match['name']}, which no service's code names")


def _environment(draft: Draft, name: str, target: str, at: str) -> EnvironmentDraft:
    name = plain({"stage": "staging", "prod": "production"}.get(name, name))
    known = draft.environments.get(name)
    if known is not None and known.target.value != target:
        name = f"{name}-{'script' if target == 'command' else target}"
    return draft.environments.setdefault(name, EnvironmentDraft(name=name, target=Found(value=target, at=at)))


def _runner(tree: Tree, path: str) -> str:
    first = tree.lines(path)[0]
    extension = posixpath.splitext(path)[1]
    if extension in _RUNNERS:
        return f"{_RUNNERS[extension]} {path}"
    return f"bash {path}" if "sh" in first else f"./{path}"


def _at(tree: Tree, path: str, row: str, guess: int) -> int:
    """The line of the workflow in which a row of a step stands: near the guess, else the first of that text."""
    rows = tree.lines(path)
    near = [number for number in (guess, guess - 1, guess + 1) if 0 < number <= len(rows)]
    fitting = [number for number in (*near, *range(1, len(rows) + 1)) if row.strip() in rows[number - 1]]
    return fitting[0] if fitting else guess
