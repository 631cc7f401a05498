"""Trainings of a comparison, kept on disk as they are done, so that an interrupted comparison goes on."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from grunit.data import Panel
from grunit.data.files import write_whole
from grunit.errors import BundleError, GrunitError
from grunit.tasks.backtest import Backtest
from grunit.tasks.forecaster import Forecaster
from grunit.tasks.loading import load
from grunit.training import History

UNREADABLE = (SafetensorError, GrunitError, OSError, KeyError, TypeError, ValueError, AttributeError)
"""What reading a file that was cut short, or written over, may end in."""


class KeepingError(GrunitError, OSError):
    """A training that is done could not be kept: the disk is full, or the folder cannot be written."""


@dataclass
class Trial:
    """What a comparison needs of one cell trained with one seed.

    Args:
        forecasts: quantiles, one array ``(N, h, Q)`` a window.
        scores: by name.
        seconds: of training.
        parameters: trained numbers.
        history: of the training, the last one where there were several.
        model: the fitted forecaster; None where it is not needed, for seeds after the first.
    """

    forecasts: list[np.ndarray]
    scores: dict[str, float]
    seconds: float
    parameters: int
    history: History
    model: Forecaster | None

    @classmethod
    def of(cls, past: Backtest) -> Trial:
        """From the backtest that trained it."""
        model = past.models[-1]
        parameters = sum(weight.numel() for weight in model.model_.parameters())
        return cls(past.forecasts, past.scores(), past.seconds, parameters, model.history_, model)


def describe_data(panel: Panel, settings: dict[str, Any]) -> dict[str, Any]:
    """What trainings depend on, as JSON: they are taken over only where all of it is the same."""
    number = 0
    for times, values in zip(panel.times, panel.values, strict=True):
        number = zlib.crc32(
            np.ascontiguousarray(values).tobytes(), zlib.crc32(times.astype(np.int64).tobytes(), number)
        )
    return json.loads(json.dumps({"data": number, "series": panel.ids, **settings}, default=repr))


class KeptTrials:
    """The trainings done so far, in a folder.

    Args:
        folder: to keep them in; None to keep nothing. It is made when the first one is done.
        facts: see :func:`describe_data`. What a folder holds of other facts, or of none that can be read, is thrown
            away.

    Raises:
        KeepingError: what is to be thrown away cannot be.
    """

    def __init__(self, folder: str | os.PathLike | None, facts: dict[str, Any]):
        self.folder, self.facts = None if folder is None else Path(folder), facts
        self.done = 0
        if self.folder is not None and (self.folder / "facts.json").exists():
            try:
                before = json.loads((self.folder / "facts.json").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                before = None
            if before != facts:
                self._clear()

    def trial(self, cell: str, seed: int, first: bool, kinds: list[Any], train: Callable[[], Trial]) -> Trial:
        """The trial of a cell and seed: as it was kept, or trained now and kept. One that cannot be read is not done.

        Args:
            cell, seed: which.
            first: whether its model is needed too.
            kinds: classes the model may be made of.
            train: makes it.

        Raises:
            KeepingError: it is done, and cannot be written.
        """
        place = None if self.folder is None else self.folder / f"{cell}-{seed}.safetensors"
        trial = None if place is None or not place.exists() else self._read(place, first, kinds)
        if trial is None:
            trial = train()
            if place is not None:
                self._write(place, trial, first)
        self.done += 1
        return trial

    def close(self) -> None:
        """The comparison is done: nothing needs to be gone on from."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _clear(self) -> None:
        """Throw away what belongs to another comparison."""
        assert self.folder is not None
        try:
            # The facts go last: stopped in the middle, no training is left that seems to belong to the next ones.
            for place in self.folder.glob("*.safetensors"):
                place.unlink()
            shutil.rmtree(self.folder)
        except OSError as error:
            raise KeepingError(
                f"{self.folder} keeps trainings of another comparison and cannot be cleared "
                f"({error.strerror or error}): remove it"
            ) from error

    def _read(self, place: Path, first: bool, kinds: list[Any]) -> Trial | None:
        """The trial as it was kept; None where the file, or its model, cannot be read."""
        try:
            with safe_open(place, "np") as file:
                told = json.loads(file.metadata()["trial"])
                forecasts = [file.get_tensor(str(window)) for window in range(told.pop("windows"))]
            model = load(place.with_suffix(""), cells=kinds) if first else None
            return Trial(forecasts, history=History.from_dict(told.pop("history")), model=model, **told)
        except UNREADABLE:
            return None

    def _write(self, place: Path, trial: Trial, first: bool) -> None:
        told = {
            "windows": len(trial.forecasts),
            "scores": trial.scores,
            "seconds": trial.seconds,
            "parameters": trial.parameters,
            "history": trial.history.to_dict(),
        }
        arrays = {str(window): np.ascontiguousarray(values) for window, values in enumerate(trial.forecasts)}
        try:
            place.parent.mkdir(exist_ok=True)
            write_whole(place.with_name("facts.json"), json.dumps(self.facts).encode())
            if first and trial.model is not None:
                trial.model.save(place.with_suffix(""), overwrite=True)
            # Written last: where it is, all of the trial is.
            write_whole(place, save(arrays, metadata={"trial": json.dumps(told)}))
        except (OSError, BundleError) as error:
            raise KeepingError(
                f"{place.parent} cannot be written ({getattr(error, 'strerror', None) or error}): it keeps the "
                f"trainings done before, {self.done} of them; make room, and the same comparison goes on from there"
            ) from error
