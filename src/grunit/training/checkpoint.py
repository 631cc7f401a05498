"""Everything needed to go on training as if nothing had happened, in memory and on disk."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from grunit.errors import BundleError
from grunit.training.packing import pack, unpack

_TREE = "grunit_checkpoint"


@dataclass(frozen=True)
class Checkpoint:
    """A moment between two batches: weights, optimiser, schedule, generators, position, history.

    On disk it is one safetensors file whose header holds the JSON part, so that one rename makes it appear whole.
    """

    tensors: dict[str, Tensor]
    tree: Any

    @classmethod
    def of(cls, state: dict[str, Any]) -> Checkpoint:
        """Copy a state out of the way of further training.

        >>> import torch
        >>> Checkpoint.of({"epoch": 2, "weight": torch.ones(1)}).state()
        {'epoch': 2, 'weight': tensor([1.])}
        """
        return cls(*pack(state))

    def state(self) -> dict[str, Any]:
        """The state that was copied."""
        return unpack(self.tensors, self.tree)

    def save(self, path: str | os.PathLike) -> None:
        """Write to a file, whole or not at all; a checkpoint that is there already is replaced.

        Raises:
            BundleError: the file cannot be written.
        """
        from safetensors.torch import save

        path = Path(path)
        content = save(self.tensors, metadata={_TREE: json.dumps(self.tree, allow_nan=False)})
        # Always the same name: what a process killed here leaves behind, the next write replaces.
        temporary = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            raise BundleError(f"the checkpoint {path} cannot be written ({error.strerror}): choose another") from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    @classmethod
    def load(cls, path: str | os.PathLike) -> Checkpoint:
        """Read a file that :meth:`save` wrote.

        Raises:
            BundleError: there is no such file, or it is not a checkpoint.
        """
        from safetensors import SafetensorError, safe_open

        path = Path(path)
        if not path.is_file():
            raise BundleError(f"there is no checkpoint {path} to resume from: start without resume")
        try:
            with safe_open(path, framework="pt") as file:
                tree = json.loads((file.metadata() or {})[_TREE])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        except (SafetensorError, KeyError, ValueError, OSError) as error:
            raise BundleError(f"{path} is not a checkpoint of grunit, or is broken: start without resume") from error
        return cls(tensors, tree)
