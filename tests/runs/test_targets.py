"""A target is chosen by its name, and refuses options that it does not know, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.errors import ManifestError
from shakeout.runs.request import Request, make_request
from shakeout.runs.targets import make_target
from shakeout.targets.local import LocalTarget
from shakeout.testing import SmallRepository

MANIFEST = """\
version: 1
application: shop
services:
  web:
    run: ${{python}} -m shop
    options: {service}
environments:
  local:
    target: {target}
    options: {environment}
"""


def request(folder: Path, *, target: str = "local", service: str = "{}", environment: str = "{}") -> Request:
    text = MANIFEST.format(target=target, service=service, environment=environment)
    SmallRepository(folder).commit("Write the manifest", {"shakeout.yaml": text})
    return make_request(
        manifest=folder / "shakeout.yaml", environment=None, revision="HEAD", dirty=False, caller={}, home=folder / "h"
    )


def test_the_target_is_the_one_that_the_environment_names(tmp_path: Path) -> None:
    assert isinstance(make_target(request(tmp_path)), LocalTarget)


def test_an_option_that_no_target_knows_is_a_fault_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        make_target(request(tmp_path, service="{memori: 512Mi}", environment="{regoin: europe-west1}"))
    assert [(fault.line, fault.path) for fault in caught.value.faults] == [
        (10, "environments.local.options.regoin"),
        (6, "services.web.options.memori"),
    ]
