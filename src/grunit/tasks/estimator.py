"""What every task's estimator shares: scikit-learn's contract, training that can be resumed, saving."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any, ClassVar

from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError as ScikitNotFittedError
from torch import Tensor, nn

from grunit.bundle import write_bundle
from grunit.cells import Cell, name_of
from grunit.data.checksum import checksum
from grunit.errors import DataError, InputError, NotFittedError, suggest
from grunit.training import Checkpoint, Settings
from grunit.training.optimizers import OPTIMIZERS
from grunit.training.settings import plain

_MODEL, _CHECKPOINT = "model.", "checkpoint."
_OPTIONS = "training_options"


class UnfittedError(NotFittedError, ScikitNotFittedError):
    """A :class:`~grunit.errors.NotFittedError` that code written for scikit-learn catches too."""


class OtherDataError(DataError):
    """A fit that was interrupted cannot go on with other data.

    Args:
        part: ``"training"`` or ``"validation"``: which are others.
        message: for people.
    """

    def __init__(self, part: str, message: str):
        super().__init__(message)
        self.part = part


class Estimator(BaseEstimator):
    """The part of an estimator that does not depend on its task.

    ``__init__`` of a task only stores its arguments; :meth:`settings` reads the training ones. A fitted estimator has
    ``model_`` (a torch module) and ``history_``; one whose fit was interrupted also has ``checkpoint_``, and ``data_``
    by which the data that it was made from are known again.

    Class attributes:
        kind: the name under which a saved model is found again.
    """

    kind: ClassVar[str]
    model_: nn.Module
    checkpoint_: Checkpoint | None
    data_: dict[str, str] | None

    def settings(self, **changes: Any) -> Settings:
        """The training arguments of this estimator, checked; ``changes`` replace some.

        Those it has no argument for come from ``training_options``.

        Raises:
            InputError: a value out of range, or an option that is none.
        """
        known = list(inspect.signature(Settings).parameters)
        own = list(self.get_params(deep=False))
        options = getattr(self, "training_options", None) or {}
        rare = [name for name in known if name not in own]
        for name in options:
            if name not in rare:
                hint = suggest(name, rare, "use " + ", ".join(rare))
                where = "is an argument of its own, not one of" if name in own else "is none of the"
                raise InputError(f"{name!r} {where} training_options: {'take it out' if name in own else hint}")
        given = {name: getattr(self, name) for name in known if name in own} | dict(options)
        given["optimizer_options"] = given.get("optimizer_options") or {}
        return Settings(**{**given, **changes})

    def check_fitted(self) -> None:
        """Refuse to answer before ``fit``.

        Raises:
            NotFittedError: there is no model yet.
        """
        if not hasattr(self, "model_"):
            raise UnfittedError(f"this {type(self).__name__} is not fitted: call fit first, or grunit.load a saved one")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def starting_point(self, resume: bool, checkpoint: str | os.PathLike | None) -> Checkpoint | None:
        """The checkpoint to go on from: of this object, else of the file.

        Raises:
            InputError: there is nothing to resume.
        """
        if not resume:
            return None
        if getattr(self, "checkpoint_", None) is not None:
            return self.checkpoint_
        if checkpoint is not None:
            return Checkpoint.load(checkpoint)
        raise InputError("there is no interrupted fit to resume: call fit without resume, or name its checkpoint")

    def require_same_data(self, resume: bool, training: Any, validation: Any = None) -> None:
        """Refuse to go on with other data than those that a fit began with.

        What it learns from is noted with its first checkpoint: one that is refused before has learnt nothing, and
        leaves what can be resumed as it was.

        Args:
            resume: whether an interrupted fit is to go on.
            training, validation: as they were given, before any share is held back.

        Raises:
            OtherDataError: naming which of the two are others.
        """
        now = {"training": checksum(training), "validation": checksum(validation)}
        then = getattr(self, "data_", None) if getattr(self, "checkpoint_", None) is not None else None
        for part, found in now.items():
            if resume and then and found != then[part]:
                beside = "" if part == "training" else " (the training data are)"
                raise OtherDataError(
                    part,
                    f"the {part} data are not those that the interrupted fit began with{beside}: give the same again, "
                    "or start without resume",
                )
        self._learns_from: dict[str, str] | None = now

    def keeper(self, checkpoint: str | os.PathLike | None) -> Any:
        """What the training loop calls with every checkpoint."""
        data, self._learns_from = getattr(self, "_learns_from", None), None

        def keep(moment: Checkpoint) -> None:
            self.checkpoint_, self.data_ = moment, data
            if checkpoint is not None:
                moment.save(Path(checkpoint))

        return keep

    def training_done(self, checkpoint: str | os.PathLike | None) -> None:
        """Training came to its end: forget what would resume it."""
        self.checkpoint_ = self.data_ = None
        if checkpoint is not None:
            Path(checkpoint).unlink(missing_ok=True)

    def save(self, path: str | os.PathLike, overwrite: bool = False) -> Path:
        """Write the model to a folder, whole or not at all; :func:`grunit.load` reads it.

        A model whose fit was interrupted is saved with its checkpoint, so that ``fit(..., resume=True)`` goes on
        after loading.

        Raises:
            NotFittedError: there is nothing to save.
            BundleError: the folder exists and ``overwrite`` is False, or cannot be written.
        """
        config, tensors, encoders = self.contents()
        return write_bundle(path, self.kind, config, tensors, encoders, overwrite=overwrite)

    def contents(self) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, dict[str, Any]]]:
        """What :meth:`save` writes: arguments, tensors, and what was learned besides."""
        self.check_fitted()
        tensors = {_MODEL + name: value for name, value in self.model_.state_dict().items()}
        encoders = self.encoders()
        if getattr(self, "checkpoint_", None) is not None:
            assert self.checkpoint_ is not None
            tensors |= {_CHECKPOINT + name: value for name, value in self.checkpoint_.tensors.items()}
            encoders["checkpoint"] = {"tree": self.checkpoint_.tree, "data": getattr(self, "data_", None)}
        return self._config(), tensors, encoders

    def restore(self, tensors: dict[str, Tensor], encoders: dict[str, dict[str, Any]]) -> None:
        """Become fitted again from what :meth:`save` wrote."""
        self.decode(encoders)
        self.model_.load_state_dict(_under(tensors, _MODEL))
        self.model_.eval()
        tree = encoders.get("checkpoint")
        self.checkpoint_ = None if tree is None else Checkpoint(_under(tensors, _CHECKPOINT), tree["tree"])
        self.data_ = None if tree is None else tree.get("data")

    def encoders(self) -> dict[str, dict[str, Any]]:
        """What the task learned besides weights, as JSON by name."""
        raise NotImplementedError

    def decode(self, encoders: dict[str, dict[str, Any]]) -> None:
        """Take back what :meth:`encoders` gave, and build ``model_`` with any weights."""
        raise NotImplementedError

    def _config(self) -> dict[str, Any]:
        """The arguments as JSON: cells and optimisers by name."""
        config = {name: _encode(value) for name, value in self.get_params(deep=False).items() if name != _OPTIONS}
        if _OPTIONS in self.get_params(deep=False):
            # Functions and folders are of the program that trains; what was learned does not need them.
            options = dict(getattr(self, _OPTIONS) or {})
            for name in ("auxiliary", "log_dir"):
                options.pop(name, None)
            config[_OPTIONS] = _encode(options) or None
        return config


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _encode(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    if isinstance(value, type) and issubclass(value, Cell):
        return name_of(value) or value.__name__
    if isinstance(value, type):
        known = {kind: name for name, kind in OPTIMIZERS.items()}
        return known.get(value, value.__name__)
    return value
