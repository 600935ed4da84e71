"""The options of the target `container`, its commands as values, and what programs are by their first bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from shakeout.targets.container import commands, failures
from shakeout.targets.container.contents import kind_of
from shakeout.targets.container.engine import Engine, EngineName
from shakeout.targets.container.images import builder_of, passing
from shakeout.targets.container.options import EnvironmentOptions, ServiceOptions


@pytest.mark.parametrize(
    ("text", "size"),
    [("512Mi", 512 << 20), ("1G", 10**9), ("64 MB", 64 * 10**6), ("1.5Gi", 3 << 29), (8 << 20, 8 << 20)],
)
def test_sizes(text: object, size: int) -> None:
    assert ServiceOptions.model_validate({"memory": text}).memory == size


@pytest.mark.parametrize("text", ["much", "1Mi", "-5Gi", "5 parsecs", ""])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        ServiceOptions.model_validate({"memory": text})


def test_an_option_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError):
        EnvironmentOptions.model_validate({"engin": "podman"})


def test_values_of_variables_and_arguments_are_in_no_word_of_a_command() -> None:
    build = commands.Build(
        dockerfile=Path("/x/Dockerfile"), context=Path("/x"), shown="Dockerfile", tag="t", labels={},
        arguments={"MODE": "plum"},
    )  # fmt: skip
    create = commands.Create(
        name="n",
        image="i",
        network="w",
        aliases=["a"],
        labels={},
        environment=Path("/e"),
        variables={"NOTE": "plum\n1"},
    )
    for command in (commands.build(build), commands.create(create)):
        assert not any("plum" in word for word in command.words)
        assert any("plum" in value for value in command.variables.values())


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x7fELF\x02\x01" + bytes(12) + b"\x3e\x00", "ELF of x86_64"),
        (b"\x7fELF\x02\x01" + bytes(12) + b"\xb7\x00", "ELF of aarch64"),
        (b"#!/bin/sh\necho", "script for /bin/sh"),
        (b"#!/bin/sh\r\necho", "script for /bin/sh with a carriage return"),
        (b"hello", "neither a program nor a script with a #! line"),
    ],
)
def test_a_program_is_known_by_its_first_bytes(head: bytes, kind: str) -> None:
    assert kind_of(head) == kind


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('runc create failed: exec: "x": executable file not found in $PATH: OCI runtime', "command-absent"),
        ('OCI runtime create failed: exec: "/app/x": permission denied: unknown', "not-executable"),
        ('exec: "/app/x": stat /app/x: no such file or directory', "command-absent"),
        ('workdir "/nope" does not exist on container abc', "working-folder-absent"),
        ("unable to find user nosuch: no matching entries in passwd file", "user-absent"),
        ("the moon is full", "unknown"),
    ],
)
def test_the_engines_words_tell_what_is_wrong(said: str, problem: str) -> None:
    assert failures.not_started(said, ("x",))[0] == problem


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("Error: checking if cached image exists from a previous build: getting top layer info: layer not known", True),
        ('Error: building at STEP "RUN make": while running runtime: exit status 2', False),
        ("all is well", False),
    ],
)
def test_a_build_is_tried_again_only_where_the_engines_cache_changed_under_it(said: str, again: bool) -> None:
    assert passing(["STEP 1/2: FROM alpine", said]) is again


@pytest.mark.parametrize(
    ("engine", "line", "builder"),
    [
        ("podman", "STEP 1/2: FROM alpine", "podman"),
        ("docker", "Step 1/2 : FROM alpine", "classic"),
        ("docker", "#5 [2/3] COPY . /app", "buildkit"),
        ("docker", "#1 DONE 0.0s", "buildkit"),
        ("docker", " ---> Running in 5f2b", "classic"),
    ],
)
def test_the_builder_is_told_by_what_it_writes(engine: EngineName, line: str, builder: str) -> None:
    made = Engine(name=engine, program=engine, version="1")
    assert builder_of(made, ["Sending build context", line]) == builder
