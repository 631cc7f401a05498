"""What the processes of one training tell each other, besides gradients."""

from __future__ import annotations

import json
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from grunit.training.packing import pack, unpack

_TREE = "tree of the state"


class Processes:
    """The processes that ``torchrun`` or ``accelerate`` started, each with its share of the batches.

    Every method must be called by all of them, at the same point of the training.

    Args:
        accelerator: of ``accelerate``.
        device: where tensors that are sent lie.

    >>> from grunit.training.devices import find_processes
    >>> alone = Processes(find_processes(), torch.device("cpu"))
    >>> alone.any(False), alone.sum(3.0), alone.gather({"step": 2})
    (False, 3.0, [{'step': 2}])
    """

    def __init__(self, accelerator: Any, device: torch.device):
        self.accelerator, self.device = accelerator, device
        self.index, self.number = int(accelerator.process_index), int(accelerator.num_processes)

    @property
    def alone(self) -> bool:
        """Whether there is only this one."""
        return self.number == 1

    def sum(self, value: float) -> float:
        """Of a number that each has."""
        if self.alone:
            return value
        return float(self.accelerator.reduce(self._tensor(value), reduction="sum"))

    def any(self, flag: bool) -> bool:
        """Whether it is true of one of them."""
        return self.sum(float(flag)) > 0

    def gather(self, state: dict[str, Any]) -> list[dict[str, Any]]:
        """The state of each, in their order: nested values that :func:`~grunit.training.packing.pack` knows."""
        if self.alone:
            return [state]
        tensors, tree = pack(state)
        text = json.dumps(tree, allow_nan=False).encode()
        content = save({**tensors, _TREE: torch.frombuffer(bytearray(text), dtype=torch.uint8)})
        data = torch.frombuffer(bytearray(content), dtype=torch.uint8).to(self.device)
        lengths = self.accelerator.gather(self._tensor(len(data))).long().tolist()
        padded = self.accelerator.gather(self.accelerator.pad_across_processes(data)).cpu()
        return [_read(row[:length]) for row, length in zip(padded.chunk(self.number), lengths, strict=True)]

    def wait(self) -> None:
        """Until all are here."""
        if not self.alone:
            self.accelerator.wait_for_everyone()

    def _tensor(self, value: float) -> Tensor:
        return torch.tensor([value], dtype=torch.float64, device=self.device)


def _read(data: Tensor) -> dict[str, Any]:
    tensors = load(bytes(data.numpy().tobytes()))
    tree = json.loads(tensors.pop(_TREE).numpy().tobytes())
    return unpack(tensors, tree)
