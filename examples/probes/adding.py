"""The adding problem: two of the numbers in a long sequence are marked, and at its end their sum is asked.

Each step shows a number from U(0, 1) and a mark; one step in each half is marked. Always answering 1 gives a mean
squared error of 1/6, the variance of the sum. Source: Hochreiter & Schmidhuber, *Long short-term memory*, Neural
Computation 9 (1997), section 5.4, in the form of Le, Jaitly & Hinton (2015) and Arjovsky, Shah & Bengio (2016).

python -m examples.probes.adding --length 200 --cells lstm,gru,rnn
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Generator, Tensor

from examples.probes.command import Plan, add_length, main, make_parser
from examples.probes.probe import Probe


class Adding(Probe):
    """``input (T, B, 2)``: number and mark; ``target (B,)``: the sum of the two marked numbers."""

    name: ClassVar[str] = "adding"
    measure: ClassVar[str] = "MSE"
    goal = 0.01
    stop = 0.003
    input_size, output_size = 2, 1
    baseline = 1 / 6

    def __init__(self, length: int):
        self.length = length

    def draw(self, rows: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Numbers, marks, and sums."""
        half = self.length // 2
        numbers = torch.rand(self.length, rows, generator=generator)
        first = torch.randint(half, (rows,), generator=generator)
        second = torch.randint(half, self.length, (rows,), generator=generator)
        marks = torch.zeros(self.length, rows)
        every = torch.arange(rows)
        marks[first, every] = marks[second, every] = 1
        return torch.stack([numbers, marks], -1), (numbers * marks).sum(0)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Mean squared error."""
        return (output[-1, :, 0] - target).square().mean()

    def score(self, output: Tensor, target: Tensor) -> float:
        """Mean squared error."""
        return self.loss(output, target).item()


def read(arguments: list[str] | None = None) -> Plan:
    """What a command line asks for."""
    parser = make_parser("adding", __doc__)
    add_length(parser, 200, "steps of a sequence")
    options = parser.parse_args(arguments)
    if min(options.length, options.grow or options.length) < 2:
        parser.error("--length and --grow must be at least 2: one step in each half is marked")
    return Plan(Adding(options.length), options)


if __name__ == "__main__":
    main(read())
