"""What a probe is: sequences drawn at will, a question about them, and a measure of the answers."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy


class Probe:
    """A task that shows what a cell can keep in mind.

    Class attributes:
        name: of the probe.
        measure: of the answers: ``"MSE"``, or ``"accuracy"``, the share that is right.
        goal: the mean of the measure over the test from which a run counts as solved.
        stop: training ends when the last batches do at least as well as this; None to use up every step.
    """

    name: ClassVar[str]
    measure: ClassVar[str] = "accuracy"
    goal: float | None = 0.99
    stop: float | None = 0.998

    length: int
    """Steps ``T`` of a sequence."""
    input_size: int
    output_size: int
    answers: int = 1
    """How many of the last outputs are judged."""
    baseline: float
    """The measure of an answer that has seen nothing of the sequence."""

    def __init__(self, **sizes: Any):
        raise NotImplementedError

    def draw(self, rows: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Inputs ``(T, rows, F)`` and what is asked of them."""
        raise NotImplementedError

    def test(self) -> tuple[Tensor, Tensor]:
        """Sequences that no training sees, the same for all cells and seeds."""
        rows = max(100, min(1000, 200_000 // self.length))
        return self.draw(rows, torch.Generator().manual_seed(2**31))

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """What training makes small; output ``(answers, B, output_size)``, target ``(answers, B)`` of classes."""
        return cross_entropy(output.flatten(0, 1), target.flatten())

    def score(self, output: Tensor, target: Tensor) -> float:
        """The measure."""
        return (output.argmax(-1) == target).double().mean().item()

    def reaches(self, value: float, mark: float | None) -> bool:
        """Whether a value of the measure is as good as a mark."""
        if mark is None:
            return False
        return value <= mark if self.measure == "MSE" else value >= mark

    def describe(self) -> dict[str, Any]:
        """What the results say about the task, and tell it from others by."""
        return {
            "name": self.name,
            **self.sizes(),
            "measure": self.measure,
            "baseline": self.baseline,
            "goal": self.goal,
        }

    def at(self, length: int) -> Probe:
        """The same task at another length."""
        return type(self)(**{**self.sizes(), "length": length})

    def sizes(self) -> dict[str, Any]:
        """The arguments that the probe was made with."""
        return {"length": self.length}
