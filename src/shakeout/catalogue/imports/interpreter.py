"""A service that runs on the Python of shakeout itself, which has shakeout's packages and not the application's."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.exceptions import evidence_of, raised_in
from shakeout.catalogue.frames import quoted
from shakeout.catalogue.imports.claims import ModuleAbsent, ShakeoutsPython, imports
from shakeout.catalogue.imports.places import place_of
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.python_modules import PythonModules
from shakeout.evidence.requirements import Requirements, distributions
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Because, Remedy, Strength

_PYTHON = "${python}"


@imports.rule
def started_with_shakeouts_python(
    absent: ModuleAbsent,
    log: ErrorLog,
    declarations: Declarations,
    requirements: Requirements,
    modules: PythonModules,
    paths: SourcePaths,
) -> Iterator[Because]:
    """
    The service is started with the Python of shakeout, and its packages are installed elsewhere.

    ## What you see
    `No module named 'django'` on the target local, for a package that the requirements ask for.

    ## Why it happens
    `${python}` in the manifest is the interpreter that shakeout runs on. What the application needs is installed in an
    environment of its own, or nowhere.

    ## How we know
    The manifest's line that starts the service says `${python}`, the target is this machine, and the requirements of
    the repository ask for the package that the running program did not find.

    ## What to change
    Name the application's own interpreter in the manifest, or install its requirements where shakeout is.
    """
    place = place_of(absent, modules)
    if declarations.target != "local" or absent.node or place is None or place.own:
        return
    names, _ = distributions(absent.module)
    asked = next((item for item in requirements.all if item.name in names and item.group == "main"), None)
    occurrence = next((one for one in log if _lacks(one, absent.module)), None)
    declared = declarations.services.get(occurrence.owner or "") if occurrence is not None else None
    run = declared.settings.get("run") if declared is not None else None
    line = declarations.quote(run.at) if run is not None else None
    if asked is None or occurrence is None or declared is None or run is None or run.at is None or line is None:
        return
    if _PYTHON not in line.quote:
        return
    evidence = [line, *quoted(paths, asked.at, note="asks for it"), *evidence_of(occurrence)[:1]]
    summary = (
        f"install {asked.at.path} in an environment of the application's own (python3 -m venv), "
        f"and name its Python at {run.at}; or install it where shakeout is"
    )
    claim = ShakeoutsPython(declared.name, absent.module, run.at)
    yield Because(claim, evidence, strength=Strength.ENTAILED, fix=Remedy("words", summary))


def _lacks(occurrence: Occurrence, module: str) -> bool:
    raised = raised_in(occurrence)
    if occurrence.origin != "service" or raised is None or raised.simple_type != "ModuleNotFoundError":
        return False
    return f"'{module}'" in raised.message
