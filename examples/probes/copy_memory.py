"""Copy memory: ten symbols are shown, then nothing for a long time; at a sign they are to be said again.

Ten symbols of eight kinds, ``length - 1`` blanks, the sign, ten blanks: ``length + 20`` steps. Asked are blanks and, at
the last ten steps, the symbols. Who remembers nothing and knows the task has a cross entropy of
``10 log(8) / (length + 20)`` and gets one symbol of eight. Source: Hochreiter & Schmidhuber (1997), in the form of
Arjovsky, Shah & Bengio, *Unitary evolution recurrent neural networks*, ICML (2016), section 4.1.

python -m examples.probes.copy_memory --length 50 --cells lstm,gru
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from examples.probes.command import Plan, add_length, main, make_parser
from examples.probes.probe import Probe

SYMBOLS, KINDS = 10, 8
BLANK, SIGN = KINDS, KINDS + 1


class CopyMemory(Probe):
    """``input (T, B, 10)``: one-hot; ``target (T, B)``: classes, the sign never among them. ``T = delay + 20``."""

    name: ClassVar[str] = "copy memory"
    input_size, output_size = KINDS + 2, KINDS + 1
    baseline = 1 / KINDS

    def __init__(self, length: int):
        self.delay = length
        self.length = self.answers = length + 2 * SYMBOLS

    def draw(self, rows: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Symbols, blanks, sign, blanks; and blanks, symbols."""
        symbols = torch.randint(KINDS, (SYMBOLS, rows), generator=generator)
        shown = torch.full((self.length, rows), BLANK)
        shown[:SYMBOLS] = symbols
        shown[-SYMBOLS - 1] = SIGN
        asked = torch.full((self.length, rows), BLANK)
        asked[-SYMBOLS:] = symbols
        return one_hot(shown, self.input_size).float(), asked

    def score(self, output: Tensor, target: Tensor) -> float:
        """The share of the ten symbols that is right."""
        return super().score(output[-SYMBOLS:], target[-SYMBOLS:])

    def sizes(self) -> dict[str, int]:
        """The steps between the last symbol and the first answer."""
        return {"length": self.delay}


def read(arguments: list[str] | None = None) -> Plan:
    """What a command line asks for."""
    parser = make_parser("copy_memory", __doc__)
    add_length(parser, 50, "steps from the last symbol to the first answer")
    options = parser.parse_args(arguments)
    return Plan(CopyMemory(options.length), options)


if __name__ == "__main__":
    main(read())
