"""The same work done by each contender: a cell on every backend, its plain loop, and the layer torch.nn has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from grunit.cells import Cell
from grunit.compiler import backend
from grunit.nn import Recurrent

PEERS: dict[str, type[nn.Module]] = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
BACKENDS = ("c", "torch")
CONTROL = "torch.nn again"
"""The reference a second time: how far its ratio is from 1 says how much the others' can be trusted."""


class Size(NamedTuple):
    """Rows, steps and units; the input has as many features as there are units.

    >>> Size(32, 100, 128).label
    '32,100,128'
    """

    rows: int
    steps: int
    units: int

    @property
    def label(self) -> str:
        """Batch, time, units."""
        return f"{self.rows},{self.steps},{self.units}"


def peer_of(cell: Cell) -> str:
    """Which layer of torch.nn a cell is held against: the one it is most like.

    >>> from grunit.cells import PeepholeLSTM
    >>> peer_of(PeepholeLSTM(2, 2))
    'LSTM'
    """
    if len(cell.state) > 1:
        return "LSTM"
    return "RNN" if type(cell).__name__ == "RNN" else "GRU"


def build(cell: str | type[Cell], size: Size, **options: Any) -> tuple[Recurrent, nn.Module]:
    """A layer of the cell and its peer from torch.nn, of one size."""
    torch.manual_seed(0)
    ours = Recurrent(cell, size.units, size.units, **options)
    torch.manual_seed(0)
    return ours, PEERS[peer_of(ours.cells[0])](size.units, size.units)  # type: ignore[arg-type]


def extra_inputs(cell: Cell, size: Size) -> dict[str, Tensor]:
    """Numbers between 0 and 1 for the inputs that a cell needs beyond ``x``: gaps, masks and attention are all that.

    >>> extra_inputs(Cell(2, 2), Size(1, 1, 2))
    {}
    """
    generator, sizes = torch.Generator().manual_seed(3), cell.input_sizes()
    return {
        name: torch.rand(size.steps, size.rows, sizes.get(name, 1), generator=generator) for name in cell.inputs[1:]
    }


def walk_plainly(cell: Cell, x: Tensor, more: Mapping[str, Tensor] | None = None) -> Tensor:
    """The loop people write: one call of ``step`` after the other."""
    sizes, order = cell.state_sizes(), cell.argument_order()
    state: tuple[Tensor, ...] = tuple(
        x.new_zeros(x.shape[1], sizes.get(name, cell.hidden_size or 0)) for name in cell.state
    )
    outputs = []
    for values in zip(x.unbind(0), *(value.unbind(0) for value in (more or {}).values()), strict=True):
        given = dict(zip((*cell.inputs, *cell.state), (*values, *state), strict=True))
        new = cell.step(*(given[name] for name in order))
        state = new if isinstance(new, tuple) else (new,)
        outputs.append(state[0])
    return torch.stack(outputs)


def contenders(
    cell: str | type[Cell], size: Size, training: bool, *, eager: bool = True, **options: Any
) -> dict[str, Callable[[], Any]]:
    """Calls that do the same work, by name: ``"torch.nn"``, the backends, ``"eager"`` and the control.

    Args:
        cell, size, options: what to build.
        training: forward and backward with the gradients of the input and of every parameter; else forward alone,
            without gradients.
        eager: whether the plain loop takes part.

    >>> calls = contenders("gru", Size(2, 3, 4), training=True)
    >>> list(calls)
    ['torch.nn', 'c', 'torch', 'eager', 'torch.nn again']
    """
    ours, theirs = build(cell, size, **options)
    x = torch.randn(size.steps, size.rows, size.units, generator=torch.Generator().manual_seed(1))
    single: Any = ours.cells[0]
    more = extra_inputs(single, size)

    def on(name: str) -> Callable[[Tensor], Tensor]:
        def walk(value: Tensor) -> Tensor:
            with backend(name):
                return ours(value, **more)[0]

        return walk

    walks = {"torch.nn": (lambda value: theirs(value)[0], theirs)}
    walks.update({name: (on(name), ours) for name in BACKENDS})
    if eager:
        walks["eager"] = (lambda value: walk_plainly(single, value, more), ours)
    walks[CONTROL] = walks["torch.nn"]
    return {name: work(walk, list(module.parameters()), x, training) for name, (walk, module) in walks.items()}


def work(walk: Callable[[Tensor], Tensor], parameters: list[nn.Parameter], x: Tensor, training: bool) -> Callable:
    """A call without arguments that walks ``x``, and back when training; it returns what it computed."""
    if not training:

        def infer() -> Tensor:
            with torch.no_grad():
                return walk(x)

        return infer
    inputs = [x.clone().requires_grad_(), *parameters]
    weights: list[Tensor] = []

    def train() -> tuple[Tensor, ...]:
        output = walk(inputs[0])
        if not weights:
            weights.append(torch.randn(output.shape, generator=torch.Generator().manual_seed(2)))
        # A parameter may not matter from a zero state, or at all with the options chosen.
        found = torch.autograd.grad(output, inputs, weights[0], allow_unused=True)
        return tuple(gradient for gradient in found if gradient is not None)

    return train


def count_flops(module: nn.Module, size: Size, training: bool) -> int:
    """Multiplications and additions in the products of a walk; a backward takes twice the forward's.

    >>> count_flops(nn.LSTM(4, 4), Size(1, 1, 4), training=False) == 2 * (16 * 4 + 16 * 4)
    True
    """
    weights = sum(parameter.numel() for parameter in module.parameters() if parameter.dim() == 2)
    return 2 * weights * size.rows * size.steps * (3 if training else 1)
