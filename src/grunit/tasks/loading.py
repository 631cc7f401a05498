"""A saved model back in memory. The file names a kind; only kinds in the table below are ever built."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

from grunit.bundle import Bundle, read_bundle
from grunit.cells import Cell, get, name_of, names
from grunit.errors import BundleError, GrunitError, InputError

KINDS = {
    "Ensemble": "grunit.tasks.ensemble",
    "Forecaster": "grunit.tasks.forecaster",
    "LanguageModel": "grunit.tasks.language_model",
    "SequenceClassifier": "grunit.tasks.sequence_classifier",
    "SequenceMultitask": "grunit.tasks.sequence_multitask",
    "SequencePretrainer": "grunit.tasks.sequence_pretrainer",
    "SequenceRegressor": "grunit.tasks.sequence_regressor",
    "SequenceTagger": "grunit.tasks.sequence_tagger",
    "TextClassifier": "grunit.tasks.text_classifier",
    "Translator": "grunit.tasks.translator",
    "OnlineClassifier": "grunit.online.classifier",
    "OnlineForecaster": "grunit.online.forecaster",
    "OnlineRegressor": "grunit.online.regressor",
}
"""Estimators by the name a bundle gives, and the module each lives in."""


def load(path: str | os.PathLike, cells: Iterable[type[Cell]] = ()) -> Any:
    """Read a model that an estimator saved.

    Args:
        path: the folder.
        cells: classes of your own that the model is made of; not needed for those you registered with
            :func:`grunit.cells.register`.

    Returns:
        the fitted estimator.

    Raises:
        BundleError: the folder is missing, broken or not a model of grunit.
        InputError: the model is made of a cell that is not known here.
    """
    bundle = read_bundle(path)
    try:
        return _build(bundle, path, list(cells))
    except GrunitError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BundleError(f"{path}: its parts do not fit together ({reason}); save the model again") from error


def _build(bundle: Bundle, path: str | os.PathLike, cells: list[type[Cell]]) -> Any:
    """The estimator of a bundle, or the ensemble of those within it."""
    if bundle.kind not in KINDS:
        raise BundleError(f"{path}: it holds a {bundle.kind!r}, which this version cannot read; upgrade grunit")
    kind: type[Any] = getattr(importlib.import_module(KINDS[bundle.kind]), bundle.kind)
    if bundle.kind == "Ensemble":
        members = [_build(part, path, cells) for part in _members(bundle)]
        return kind(members, bundle.config["weights"], combine=bundle.config.get("combine", "mean"))
    config = {**bundle.config}
    config["cell"] = _find(config.get("cell"), cells)
    estimator = kind(**config)
    estimator.restore(bundle.tensors, bundle.encoders)
    return estimator


def _members(bundle: Bundle) -> Iterator[Bundle]:
    """The bundle of each member of an ensemble: its tensors are named ``0.…``, its encoders ``0-…``, and so on."""
    for place, part in enumerate(bundle.config["members"]):
        inner, outer = f"{place}.", f"{place}-"
        tensors = {name.removeprefix(inner): own for name, own in bundle.tensors.items() if name.startswith(inner)}
        learnt = {name.removeprefix(outer): own for name, own in bundle.encoders.items() if name.startswith(outer)}
        yield Bundle(str(part["kind"]), part["config"], tensors, learnt)


def _find(cell: Any, given: list[type[Cell]]) -> Any:
    """The name or class of a saved cell, or of each of a list."""
    if isinstance(cell, list):
        return [_find(item, given) for item in cell]
    for kind in given:
        get(kind)  # refuses what is not a cell
        if cell in (kind.__name__, name_of(kind)):
            return kind
    if cell in names():
        return cell
    raise InputError(
        f"the model is made of the cell {cell!r}, which is not known here: "
        f"give its class with grunit.load(path, cells=[...]), or register it with grunit.cells.register first"
    )
