"""Steps nobody would write: random programs of the operations a cell may use, on C and on the reference backend."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
import torch
from tests.compiler.comparison import assert_equals_the_loop
from torch import Tensor, nn
from torch.nn import functional

from grunit.cells import Cell
from grunit.compiler import backend
from grunit.compiler.c_build import BuildError, find_compiler

SEEDS = range(int(os.environ.get("GRUNIT_RANDOM_CELLS", "12")))
ONE = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": functional.softplus,
    "relu": torch.relu,
    "exp": lambda value: torch.exp(torch.tanh(value)),
    "square root": lambda value: torch.sqrt(value * value + 0.1),
    "normalised": lambda value: functional.layer_norm(value, value.shape[-1:]),
    "softmax": lambda value: value.softmax(-1),
    "mean": lambda value: value.mean(-1, keepdim=True),
    "halves change places": lambda value: torch.cat(
        [value[:, value.shape[1] // 2 :], value[:, : value.shape[1] // 2]], 1
    ),
    "in two heads": lambda value: value.view(value.shape[0], 2, -1).softmax(1).flatten(1),
}
TWO = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "maximum": torch.maximum,
    "mix": lambda a, b: torch.sigmoid(a) * b + (1 - torch.sigmoid(a)) * a,
    "choose": lambda a, b: torch.where(a > b, a * 0.5, b),
    "divide": lambda a, b: a / (1 + b * b),
}
PRODUCTS = ("of a value", "low rank", "gates")


class Random(Cell):
    """A step of ``length`` operations, each on values that earlier ones made; everything follows from the seed."""

    state = ("h", "c")

    def __init__(self, seed: int, length: int, input_size: int = 3, hidden_size: int = 6):
        super().__init__(input_size, hidden_size)
        draw = random.Random(seed)
        torch.manual_seed(seed)
        self.W = nn.Linear(input_size, hidden_size)
        self.p = nn.Parameter(torch.randn(hidden_size))
        self.layers = nn.ModuleDict()
        self.program: list[tuple[str, str, int, int]] = []
        for line in range(length):
            kind = draw.choices(("one", "two", "product"), (4, 4, 3))[0]
            name = draw.choice({"one": list(ONE), "two": list(TWO), "product": list(PRODUCTS)}[kind])
            known = 4 + line  # h, c, W x, p and what the lines before made; late values are more likely
            first, second = (draw.choice((draw.randrange(known), known - 1)) for _ in range(2))
            self.program.append((kind, name, first, second))
            if kind == "product":
                widths = {"of a value": (hidden_size,), "low rank": (2, hidden_size), "gates": (3 * hidden_size,)}[name]
                sizes = (hidden_size, *widths)
                parts = [nn.Linear(size, wide, bias=draw.random() < 0.5) for size, wide in zip(sizes, widths)]
                self.layers[str(line)] = nn.Sequential(*parts)
        self.answers = draw.randrange(4, 4 + length), 3 + length

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        known = [h, c, self.W(x), self.p.expand_as(h)]
        for line, (kind, name, first, second) in enumerate(self.program):
            a, b = known[first].expand_as(h), known[second].expand_as(h)
            if kind == "one":
                value = ONE[name](a)
            elif kind == "two":
                value = TWO[name](a, b)
            else:
                value = self.layers[str(line)](a)
                if name == "gates":
                    i, j, k = value.chunk(3, -1)
                    value = torch.sigmoid(i) * b + torch.tanh(j) * k
            known.append(value)
        # Bounded, so that rounding does not grow along the sequence, and no state may be left out.
        first, second = (torch.tanh(known[place].expand_as(h)) for place in self.answers)
        return 0.9 * first + 0.1 * c, 0.9 * second + 0.1 * h


@pytest.fixture(scope="module", autouse=True)
def _quickly_built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRUNIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GRUNIT_CFLAGS", os.environ.get("GRUNIT_CFLAGS", "-march=native") + " -O0")
        yield


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_step_on_the_reference_backend(seed):
    with backend("torch"):
        assert_equals_the_loop(Random(seed, 4 + seed % 9), 4, 3, lengths=(4, 0, 2), resets=torch.rand(4, 3) < 0.3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_step_in_c(seed):
    try:
        find_compiler()
    except BuildError as error:
        pytest.skip(str(error))
    with backend("c"):
        cell = Random(seed, 4 + seed % 9)
        assert_equals_the_loop(cell, 4, 7, lengths=(4, 0, 2, 3, 1, 4, 4), resets=torch.rand(4, 7) < 0.3)
        assert_equals_the_loop(cell, 3, 1, reverse=True)
