"""A network that can be walked one step at a time, taken apart: lookup, front, core, head."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from grunit.cells import Cell
from grunit.errors import InputError
from grunit.nn.drop_in import SequenceLayers
from grunit.nn.front import Front
from grunit.nn.layers import Strand
from grunit.nn.recurrent import Recurrent
from grunit.nn.states import StateLayout

Core = Recurrent | SequenceLayers
SIZES = ("in_features", "num_features", "input_size")
"""Attributes of modules that tell how many features they read."""


class Rows(Cell):
    """Modules that see one step alone, written as a cell whose state is their output.

    >>> rows = Rows([nn.Linear(3, 2), nn.Tanh()], 3, 2)
    >>> (y,) = rows.step(torch.zeros(4, 3), torch.zeros(4, 2))
    >>> y.shape
    torch.Size([4, 2])
    """

    state = ("y",)

    def __init__(self, layers: Iterable[nn.Module], input_size: int, output_size: int):
        super().__init__(input_size, output_size)
        self.layers = nn.Sequential(*layers)

    def step(self, x: Tensor, y: Tensor) -> tuple[Tensor]:
        """The modules applied to ``x``; what they gave before is not read."""
        return (self.layers(x),)


class FrozenNorm(nn.Module):
    """Batch normalisation in evaluation mode, as the arithmetic that it is: each feature scaled and shifted.

    >>> norm = nn.BatchNorm1d(3).eval()
    >>> x = torch.randn(4, 3)
    >>> torch.allclose(FrozenNorm(norm)(x), norm(x))
    True
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, norm: nn.BatchNorm1d):
        super().__init__()
        assert norm.running_mean is not None
        assert norm.running_var is not None
        self.num_features = norm.num_features
        scale = (norm.running_var.detach() + norm.eps).rsqrt()
        if norm.affine:
            scale = scale * norm.weight.detach()
        shift = -norm.running_mean.detach() * scale
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift + norm.bias.detach() if norm.affine else shift)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, n)`` to the same."""
        return x * self.scale + self.shift


@dataclass(frozen=True)
class Stack:
    """The parts of a network in the order in which a step runs them.

    Attributes:
        lookup: an embedding that reads row numbers, or None.
        front, head: modules before and behind the core; each may be empty.
        core: the recurrent part.
    """

    lookup: nn.Embedding | None
    front: tuple[nn.Module, ...]
    core: Core
    head: tuple[nn.Module, ...]

    @property
    def strands(self) -> list[Strand]:
        """The layers of the core, with their parameters."""
        return self.core.strands()

    @property
    def layout(self) -> StateLayout:
        """Where the layers' states lie."""
        return self.core.layout if isinstance(self.core, Recurrent) else self.core._layout

    @property
    def between(self) -> dict[str, Any]:
        """How the layers of the core are joined, as arguments of ``walk_layers``."""
        return self.core._between() if isinstance(self.core, Recurrent) else {}

    def start(self) -> dict[str, Tensor]:
        """What a sequence begins with, ``(layers, 1, size)`` by name."""
        fresh = self.core._fresh if isinstance(self.core, Recurrent) else self.layout.zeros
        return dict(zip(self.layout.names, (value.detach() for value in fresh(1, None, self.dtype))))

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the core's parameters."""
        return next((p.dtype for p in self.core.parameters() if p.is_floating_point()), torch.get_default_dtype())

    def input_size(self) -> int:
        """How many features a step reads; those of the core where no module before it says.

        >>> read_stack([nn.Tanh(), nn.Linear(3, 4), Recurrent("gru", 4, 5)]).input_size()
        3
        """
        for module in (*self.front, self.core):
            shape = getattr(module, "normalized_shape", None)
            sizes = [shape[-1]] if shape else [getattr(module, name, None) for name in SIZES]
            for size in sizes:
                if isinstance(size, int):
                    return size
        return self.core.input_size


def read_stack(module: nn.Module | Sequence[nn.Module]) -> Stack:
    """Take a network apart; its modules are copied, in evaluation mode and on the CPU.

    Args:
        module: a recurrent module alone, or a ``torch.nn.Sequential`` or list of modules with one among them.

    Raises:
        InputError: there is no recurrent module, or several, or one that needs the whole sequence.
    """
    modules = list(_flatten([module] if isinstance(module, nn.Module) else module))
    cores = [i for i, part in enumerate(modules) if isinstance(part, (Recurrent, SequenceLayers))]
    if len(cores) != 1:
        found = ", ".join(type(part).__name__ for part in modules) or "nothing"
        raise InputError(
            f"a session needs exactly one grunit.Recurrent (or grunit.nn.LSTM, GRU, RNN), and modules that see single "
            f"steps before and behind it; got {found}"
        )
    at = cores[0]
    if modules[at].bidirectional:
        raise InputError("a bidirectional network cannot step, it needs the whole sequence: use bidirectional=False")
    if getattr(modules[at], "state_from_below", False):
        raise InputError(
            "with state_from_below the upper layers begin with the end of the whole sequence, which a stream has not "
            "seen: build the network without it"
        )
    for part in modules:
        if isinstance(part, Front):
            raise InputError(
                f"a session gives one output a step, and {type(part).__name__} remembers steps or waits for some: "
                "call its step yourself, and the session with what it gives (docs/attention.md shows how)"
            )
    copies: list[Any] = list(copy.deepcopy(nn.ModuleList(modules)).cpu().eval())
    core = copies[at]
    if next((p.dtype for p in core.parameters() if p.is_floating_point()), None) in (torch.bfloat16, torch.float16):
        copies = [part.float() for part in copies]
    before, after = ([_frozen(m) for m in part if _does_something(m)] for part in (copies[:at], copies[at + 1 :]))
    lookup: Any = before.pop(0) if before and type(before[0]) is nn.Embedding else None
    return Stack(lookup, tuple(before), core, tuple(after))


def _flatten(modules: Iterable[Any]) -> Iterable[nn.Module]:
    for part in modules:
        if type(part) in (nn.Sequential, nn.ModuleList):
            yield from _flatten(part)
        elif isinstance(part, nn.Module):
            yield part
        else:
            raise InputError(f"a session is made of torch modules, got {type(part).__name__}")


def _does_something(module: nn.Module) -> bool:
    return not isinstance(module, (nn.Identity, nn.Dropout, nn.AlphaDropout))


def _frozen(module: nn.Module) -> nn.Module:
    return FrozenNorm(module) if type(module) is nn.BatchNorm1d and module.running_mean is not None else module
