"""The members of an ensemble whose fit was interrupted, so that those that are done are not trained anew."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sklearn.base import clone

from grunit.bundle import read_bundle, write_bundle
from grunit.data.checksum import checksum
from grunit.errors import BundleError, InputError
from grunit.tasks.estimator import Estimator
from grunit.training.devices import find_processes

FREE = ("device", "verbose")
"""Arguments that change nothing of what is learned."""
_DATA = "trained-on"


class EnsembleCheckpoint:
    """A folder with a finished member each, and the checkpoint of the one that is being trained.

    Args:
        folder: of nothing else; made where it is missing.
        models: of the ensemble, not fitted.
        data: all that they are fitted on.
        resume: go on with what the folder holds; otherwise it is removed.

    Raises:
        BundleError: there is nothing to go on with, the folder is a file, or it holds models that it did not keep.
        InputError: a finished member was trained with other settings or data.
    """

    def __init__(self, folder: str | os.PathLike, models: list[Estimator], data: Any, resume: bool):
        self.folder, self.models, self.data = Path(folder), models, checksum(data)
        self.writes, self.resume = find_processes().is_main_process, resume
        if self.folder.exists() and not self.folder.is_dir():
            raise BundleError(f"checkpoint {folder} is a file, and that of an Ensemble is a folder: name another")
        kept = [place for place in range(len(models)) if self._finished(place).is_dir()]
        for place in kept:
            if not (self._finished(place) / f"{_DATA}.json").is_file():
                raise BundleError(
                    f"{self._finished(place)} was not kept by the fit of an Ensemble, and would be removed at its end: "
                    f"name another folder with checkpoint"
                )
        if resume and not kept and not any(self._running(place).is_file() for place in range(len(models))):
            raise BundleError(f"there is no checkpoint in {folder} to resume from: start without resume")
        if not resume:
            self.clear()
        self.members: dict[int, Any] = {place: self._read(place) for place in kept} if resume else {}

    def train(self, data: tuple[Any, ...], options: dict[str, Any]) -> Iterator[Estimator]:
        """The members in their order, those that are missing trained."""
        for place, model in enumerate(self.models):
            if place not in self.members:
                running = self._running(place)
                # What lies there of an earlier fit may not have been removed yet by the process that does so.
                resume = self.resume and running.is_file()
                member = clone(model).fit(*data, checkpoint=running, resume=resume, **options)
                self._keep(place, member)
                self.members[place] = member
            elif model.kind == "Forecaster":
                # A bundle does not hold the kind of frame that came in, in which forecasts go out.
                frame = data[0] if data else options["df"]
                self.members[place].frame_given_ = frame[:0] if hasattr(frame, "columns") else None
            yield self.members[place]

    def clear(self) -> None:
        """Remove what was kept, and the folder where nothing else is in it."""
        if not self.writes or not self.folder.is_dir():
            return
        for place in range(len(self.models)):
            self._running(place).unlink(missing_ok=True)
            shutil.rmtree(self._finished(place), ignore_errors=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _keep(self, place: int, member: Estimator) -> None:
        if not self.writes:
            return
        config, tensors, encoders = member.contents()
        encoders[_DATA] = {"checksum": self.data}
        write_bundle(self._finished(place), member.kind, config, tensors, encoders, overwrite=True)

    def _read(self, place: int) -> Estimator:
        """A finished member, built from the arguments in the program, so that it may have cells of one's own."""
        member, bundle = clone(self.models[place]), read_bundle(self._finished(place))
        then, now = _settings(bundle.config), _settings(member._config())
        other = next((name for name in {**then, **now} if then.get(name) != now.get(name)), None)
        if bundle.encoders[_DATA]["checksum"] != self.data:
            other = "data"
        if bundle.kind != member.kind or other is not None:
            raise InputError(
                f"model {place + 1} in the checkpoint {self.folder} was trained with other {other or 'task'}: "
                f"give the same data and settings, or start without resume"
            )
        member.restore(bundle.tensors, bundle.encoders)
        return member

    def _finished(self, place: int) -> Path:
        return self.folder / f"model-{place + 1}"

    def _running(self, place: int) -> Path:
        return self.folder / f"model-{place + 1}.checkpoint"


def _settings(config: dict[str, Any]) -> dict[str, Any]:
    """Arguments as a bundle holds them."""
    found = json.loads(json.dumps(config))
    return {name: value for name, value in found.items() if name not in FREE}
