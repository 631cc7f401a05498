"""What the models of a stream share beside their follower: settings, snapshots, what they noticed."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from grunit.bundle import write_bundle
from grunit.cells import Cell, name_of
from grunit.errors import InputError
from grunit.online.follower import Follower
from grunit.online.network import Network
from grunit.online.river import register

Array = NDArray[Any]


class OnlineEstimator:
    """The part of a model of a stream that does not depend on its task.

    A subclass stores the arguments of its ``__init__`` under their names and calls :meth:`begin` when it knows how
    many features there are.

    Attributes:
        follower_: the network and what watches it; None before the first row.
        notes: sentences about what was noticed (drift, a learning rate lowered) that nobody has taken yet.
    """

    kind: ClassVar[str]
    river_class: ClassVar[tuple[str, str]]
    follower_: Follower | None

    def __init__(self) -> None:
        for name in ("hidden_size", "num_layers", "lookback", "waiting"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise InputError(f"{name} is {value!r}: give a whole number of at least 1")
        lr: Any = getattr(self, "lr", None)
        if isinstance(lr, bool) or not isinstance(lr, (int, float)) or not 0 < lr < float("inf"):
            raise InputError(f"lr is {lr!r}: give a number above 0")
        self.follower_ = None
        self.notes: list[str] = []
        register(type(self), *self.river_class)

    @property
    def _supervised(self) -> bool:
        """For river: ``learn_one`` takes an answer."""
        return True

    def get_params(self) -> dict[str, Any]:
        """The arguments by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def clone(self) -> Any:
        """A fresh model with the same arguments."""
        return type(self)(**self.get_params())

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Another model that goes on alike; the network's memory is its own."""
        made = self.clone()
        _, tensors, encoders = self.snapshot()
        made.restore(tensors, encoders)
        return made

    def begin(self, features: int, outputs: int) -> Follower:
        """Make the network."""
        given = self.get_params()
        network = Network(
            given["cell"],
            features,
            int(given["hidden_size"]),
            outputs,
            num_layers=int(given["num_layers"]),
            lookback=int(given["lookback"]),
            seed=int(given["seed"]),
            cell_options=given["cell_options"],
        )
        names = ("lr", "optimizer", "clip", "waiting")
        self.follower_ = Follower(network, **{name: getattr(self, name) for name in names})
        return self.follower_

    def note(self, sentence: str) -> None:
        """Keep a sentence for :meth:`take_notes`."""
        if sentence:
            self.notes.append(sentence)
            del self.notes[:-100]

    def take_notes(self) -> list[str]:
        """The sentences so far; they are given once."""
        notes, self.notes = self.notes, []
        return notes

    def reset(self) -> None:
        """A new stream begins: what was learned stays, what was seen of the old stream is forgotten."""
        if self.follower_ is not None:
            self.follower_.reset()

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        given = {name: value for name, value in self.get_params().items() if value != defaults[name].default}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"

    # -- snapshots --

    def save(self, path: str | os.PathLike, overwrite: bool = False) -> Path:
        """Write a snapshot to a folder, whole or not at all; :func:`grunit.load` goes on from it, to the last bit.

        Raises:
            BundleError: the folder exists and ``overwrite`` is False, or cannot be written.
        """
        config, tensors, encoders = self.snapshot()
        return write_bundle(path, self.kind, config, tensors, encoders, overwrite=overwrite)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, torch.Tensor], dict[str, dict[str, Any]]]:
        """Everything as a bundle holds it: settings, tensors, what was learned beside them."""
        tensors, followed = {}, None
        if self.follower_ is not None:
            tensors = {name: torch.from_numpy(np.array(value)) for name, value in self.follower_.arrays().items()}
            followed = self.follower_.to_json()
        config = {name: _encode(value) for name, value in self.get_params().items()}
        return config, tensors, {"stream": {"follower": followed, "task": self.encode(), "notes": self.notes}}

    def restore(self, tensors: dict[str, torch.Tensor], encoders: dict[str, dict[str, Any]]) -> None:
        """Go on from what :meth:`snapshot` gave."""
        stream = encoders["stream"]
        self.notes = list(stream["notes"])
        shape = self.decode(stream["task"])
        if stream["follower"] is not None:
            assert shape is not None
            follower = self.begin(*shape)
            follower.restore(stream["follower"], {name: value.numpy() for name, value in tensors.items()})

    def encode(self) -> dict[str, Any]:
        """What the task remembers beside the follower, as JSON."""
        raise NotImplementedError

    def decode(self, data: dict[str, Any]) -> tuple[int, int] | None:
        """Take back what :meth:`encode` gave; returns the network's features and outputs, if there was one."""
        raise NotImplementedError


def _encode(value: Any) -> Any:
    if isinstance(value, type) and issubclass(value, Cell):
        return name_of(value) or value.__name__
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
