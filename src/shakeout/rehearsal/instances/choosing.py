"""Which runner a workload goes to: the command that stands for its image, else this machine's container engine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from shakeout.rehearsal.instances.containers import ContainerRunner, Doors
from shakeout.rehearsal.instances.processes import ProcessRunner
from shakeout.rehearsal.instances.runner import Output, Runner, Running, Workload
from shakeout.rehearsal.settings import Settings
from shakeout.targets.container.engine import find_engine


class _Chosen:
    def __init__(self, processes: ProcessRunner, containers: ContainerRunner) -> None:
        self._processes = processes
        self._containers = containers

    async def start(self, workload: Workload, instance: str, output: Output) -> Running:
        runner: Runner = self._processes if self._processes.knows(workload.image) else self._containers
        return await runner.start(workload, instance, output)

    async def close(self) -> None:
        await asyncio.gather(self._processes.close(), self._containers.close())


def choose_runner(settings: Settings, folder: Path, doors: Doors) -> Runner:
    """The runner for these settings; DependencyMissingError where an engine is asked for and none answers."""
    processes = ProcessRunner(folder, settings.commands, settings.secret_texts())
    if settings.engine == "none":
        return processes
    containers = ContainerRunner(find_engine(settings.engine), folder, settings.secret_texts(), doors)
    containers.sweep()
    return _Chosen(processes, containers)
