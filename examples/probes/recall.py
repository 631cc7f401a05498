"""Long-range recall: of all symbols in a long sequence, those shown with a key count; at the end one key is asked.

Every step shows one of eight symbols. In the first half, each key is raised once, and the symbol of that step is its
value; the last step shows a key alone, and its value is the answer, so at least half the sequence lies between. With
one key this is selective recall; with more, the values must be kept apart (associative recall). One symbol of eight is
right by chance. After the selective copying of Gu & Dao, *Mamba* (2023), section 4.1, and the associative recall of
Graves, Wayne & Danihelka, *Neural Turing machines* (2014), section 4.3.

python -m examples.probes.recall --length 200 --keys 2 --cells lstm,gru
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from examples.probes.command import Plan, add_length, main, make_parser, whole
from examples.probes.probe import Probe

SYMBOLS = 8


class Recall(Probe):
    """``input (T, B, 8 + 2 keys)``: symbol, keys raised, key asked; ``target (1, B)``: the symbol."""

    name: ClassVar[str] = "recall"
    output_size = SYMBOLS
    baseline = 1 / SYMBOLS

    def __init__(self, length: int, keys: int = 1):
        self.length, self.keys = length, keys
        self.input_size = SYMBOLS + 2 * keys

    def draw(self, rows: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Noise, values under keys, and the value of the key that is asked."""
        shown = torch.randint(SYMBOLS, (self.length, rows), generator=generator)
        order = torch.rand(self.length // 2, rows, generator=generator)
        places = order.topk(self.keys, 0).indices
        asked = torch.randint(self.keys, (rows,), generator=generator)
        every = torch.arange(rows)
        x = torch.zeros(self.length, rows, self.input_size)
        x[:-1, :, :SYMBOLS] = one_hot(shown[:-1], SYMBOLS).float()
        for key, place in enumerate(places):
            x[place, every, SYMBOLS + key] = 1
        x[-1, every, SYMBOLS + self.keys + asked] = 1
        return x, shown[places[asked, every], every][None]

    def sizes(self) -> dict[str, int]:
        """Steps and keys."""
        return {"length": self.length, "keys": self.keys}


def read(arguments: list[str] | None = None) -> Plan:
    """What a command line asks for."""
    parser = make_parser("recall", __doc__)
    add_length(parser, 200, "steps of a sequence")
    parser.add_argument("--keys", type=whole, default=1, help="values to keep [%(default)s]")
    options = parser.parse_args(arguments)
    if min(options.length, options.grow or options.length) < 2 * options.keys + 2:
        parser.error("--length and --grow must be at least 2 * keys + 2")
    return Plan(Recall(options.length, options.keys), options)


if __name__ == "__main__":
    main(read())
