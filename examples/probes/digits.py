"""Sequential digits: a handwritten digit is read row by row, or pixel by pixel, and named at the end.

The 1,797 digits of 8 x 8 pixels that scikit-learn carries (Alpaydin & Kaynak, *Optical recognition of handwritten
digits*, UCI 1998), split once: 1,437 to learn from and 360 to test on, with the same share of each digit. The small
relative of sequential MNIST (Le, Jaitly & Hinton 2015).

python -m examples.probes.digits --by pixel --cells lstm,gru,rnn
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Generator, Tensor

from examples.probes.command import Plan, main, make_parser
from examples.probes.probe import Probe

TESTED = 360


class Digits(Probe):
    """``input (8, B, 8)`` by row or ``(64, B, 1)`` by pixel, from 0 to 1; ``target (1, B)``: the digit."""

    name: ClassVar[str] = "digits"
    goal = stop = None
    output_size = 10
    baseline = 0.1

    def __init__(self, by: str):
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        self.by = by
        self.length, self.input_size = (8, 8) if by == "row" else (64, 1)
        images, names = load_digits(return_X_y=True)
        parts = train_test_split(images, names, test_size=TESTED, stratify=names, random_state=0)
        learnt, tested, self.names, self.tested_names = (torch.as_tensor(part) for part in parts)
        self.images, self.tested_images = self._as_sequences(learnt), self._as_sequences(tested)

    def _as_sequences(self, images: Tensor) -> Tensor:
        """Images ``(N, 64)`` -> ``(T, N, F)``."""
        return (images.float() / 16).reshape(-1, self.length, self.input_size).transpose(0, 1).contiguous()

    def draw(self, rows: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Digits to learn from."""
        chosen = torch.randint(len(self.names), (rows,), generator=generator)
        return self.images[:, chosen], self.names[None, chosen]

    def test(self) -> tuple[Tensor, Tensor]:
        """The digits that were set aside."""
        return self.tested_images, self.tested_names[None]

    def sizes(self) -> dict[str, str]:
        """How a digit is read."""
        return {"by": self.by}


def read(arguments: list[str] | None = None) -> Plan:
    """What a command line asks for."""
    parser = make_parser("digits", __doc__)
    parser.add_argument("--by", choices=["row", "pixel"], default="row", help="what one step shows")
    options = parser.parse_args(arguments)
    return Plan(Digits(options.by), options)


if __name__ == "__main__":
    main(read())
