"""
The environment of a local service: what is written here and what the manifest passes, nothing of the caller's.

| variable | value |
| --- | --- |
| `PATH` | the system's usual folders; `${python}` in the manifest names shakeout's own interpreter |
| `LANG` | `C.UTF-8` |
| `HOST`, `PORT` | where to listen |
| `COMMIT` | the full hash that the service is deployed from |
| `HOME`, `TMPDIR` | folders of the service's own, removed with the release |

The manifest's variables win over these, its secrets over both.
"""

from __future__ import annotations

from pathlib import Path

from shakeout.manifest.interpolation import LateValues, resolve_late
from shakeout.manifest.plan import ServicePlan
from shakeout.targets.ports import HOST

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def service_environment(service: ServicePlan, folder: Path, values: LateValues) -> dict[str, str]:
    """
    Every variable of a service's environment; makes its HOME and TMPDIR below `folder`, the release's own.

    Raises DeploymentError where a variable asks for what is not known.
    """
    home, temporary = folder / "home" / service.name, folder / "tmp" / service.name
    for place in (home, temporary):
        place.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": SEARCH_PATH,
        "LANG": "C.UTF-8",
        "HOST": HOST,
        "PORT": str(values.port),
        "COMMIT": service.commit,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        **{name: resolve_late(text, values) for name, text in service.environment.items()},
        **service.secret_environment,
    }


def service_command(service: ServicePlan, values: LateValues) -> tuple[str, ...]:
    """The command's words. Raises DeploymentError where one asks for what is not known."""
    return tuple(resolve_late(word, values) for word in service.command)
