"""Runs over cells and seeds: each is kept as soon as it is done, and is not done again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from examples.probes.probe import Probe
from examples.probes.training import Settings, train
from grunit.cli.machine import read_commit
from grunit.cli.output import Steps
from grunit.errors import InputError
from grunit.training.interrupt import deferred_interrupt

Run = dict[str, Any]
"""``probe`` and ``settings``, which tell it from others, ``result``, and the ``commit`` it was made with."""


class Store:
    """Runs in a JSON file.

    Args:
        path: of the file; made with the first run.
        write: how the runs are written; as a list under ``runs`` unless given.
    """

    def __init__(self, path: Path, write: Callable[[list[Run]], None] | None = None):
        self.path, self.write = path, write or self._write
        self.runs: list[Run] = []
        if path.exists():
            try:
                self.runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"{path} does not hold runs of a probe: move it away, or name another file") from error

    def find(self, probe: Probe, settings: Settings) -> Run | None:
        """The run of these settings, or None."""
        key = comparable(probe.describe(), asdict(settings))
        return next((run for run in self.runs if comparable(run["probe"], run["settings"]) == key), None)

    def keep(self, run: Run) -> None:
        """Add a run and write the file."""
        self.runs.append(run)
        self.write(self.runs)

    def _write(self, runs: list[Run]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(self.path.name + ".part")
        part.write_text(json.dumps({"runs": runs}, indent=1) + "\n", encoding="utf-8")
        os.replace(part, self.path)  # whole at any moment


def comparable(probe: dict[str, Any], settings: dict[str, Any]) -> str:
    """A run's key: everything that decides its numbers, without the marks that only judge them."""
    task = {name: value for name, value in probe.items() if name not in ("baseline", "goal", "measure")}
    return json.dumps([task, settings], sort_keys=True)


def carry_out(probe: Probe, every: Iterable[Settings], store: Store, show: bool = True) -> list[Run]:
    """All runs that are asked for, those that are kept taken from there.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; what was finished before is kept.
    """
    wanted = list(every)
    commit = read_commit()
    found = []
    with deferred_interrupt() as interrupted, Steps() as steps:
        for done, settings in enumerate(wanted):
            what = f"{probe.name}: {settings.cell}, seed {settings.seed}"
            run = store.find(probe, settings)
            if run is None:
                if show:
                    steps(done, len(wanted), what)

                def watch(step: int, recent: float, done: int = done, settings: Settings = settings) -> None:
                    if interrupted():
                        raise KeyboardInterrupt
                    if show and steps.bar and step % 10 == 0:
                        where = f"{settings.cell}, seed {settings.seed}, step {step}"
                        steps(done, len(wanted), f"{where}: {probe.measure} {recent:.3f}")

                result = train(probe, settings, watch)
                run = {"probe": probe.describe(), "settings": asdict(settings), "result": result, "commit": commit}
                store.keep(run)
            found.append(run)
    return found
