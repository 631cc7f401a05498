"""The one idea of the project: a cell is its equations."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from torch import Tensor, nn

from grunit.errors import InputError


class Cell(nn.Module):
    """One time step of a recurrent network, written as ordinary PyTorch.

    A subclass names its state tensors, builds its parameters, and writes :meth:`step`. From that come whole
    sequences, training, streaming steps, gate traces and exports.

    Args:
        input_size: features of ``x`` at one step.
        hidden_size: units of the cell.

    Class attributes:
        state: names of the state tensors; the first is the output of a step.
        inputs: names of the inputs of a step; the first is ``x``.
        zoned: the states that zoneout keeps old values of when it is given as one number; None (default) for all.
            Delay lines, and states that share a scale, are none of them.
        keep_bias, admit_bias: which bias opens the gate that keeps the old state, and which the one that admits new
            content, for ``forget_bias`` and ``"chrono"``: the name of a parameter ``(H,)``, or ``(name, n)`` for the
            n-th block of H in a stacked one. None where not said.

    A leaky integrator with a learnt leak, complete:

    >>> import torch
    >>> class Leaky(Cell):
    ...     def __init__(self, input_size, hidden_size):
    ...         super().__init__(input_size, hidden_size)
    ...         self.W = torch.nn.Linear(input_size, hidden_size)
    ...         self.leak = torch.nn.Parameter(torch.zeros(hidden_size))
    ...     def step(self, x, h):
    ...         keep = torch.sigmoid(self.leak)
    ...         return (keep * h + (1 - keep) * torch.tanh(self.W(x)),)
    >>> cell = Leaky(3, 5)
    >>> h, = cell.step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state: ClassVar[tuple[str, ...]] = ("h",)
    inputs: ClassVar[tuple[str, ...]] = ("x",)
    zoned: ClassVar[tuple[str, ...] | None] = None
    keep_bias: ClassVar[str | tuple[str, int] | None] = None
    admit_bias: ClassVar[str | tuple[str, int] | None] = None

    def __init__(self, input_size: int | None = None, hidden_size: int | None = None, **options: Any):
        if options:
            given = ", ".join(sorted(options))
            raise InputError(f"{type(self).__name__} does not know the option {given}: see help({type(self).__name__})")
        super().__init__()
        # Recurrent fills these in for a cell that calls super().__init__() without them.
        self.input_size = input_size
        self.hidden_size = hidden_size

    def step(self, *arguments: Any, **named: Any) -> tuple[Tensor, ...] | Tensor:
        """One step: ``step(x, *state)`` with x ``(B, F)`` and each state ``(B, H)``; returns the new states.

        Arguments named like an input or a state receive it, in whatever order the cell lists them.
        """
        raise NotImplementedError(f"{type(self).__name__} has no step: write  def step(self, x, *state)")

    def forward(self, *arguments: Tensor) -> tuple[Tensor, ...] | Tensor:
        """The same as :meth:`step`."""
        return self.step(*arguments)

    def state_sizes(self) -> dict[str, int]:
        """Sizes of the states that are not ``hidden_size``, by name."""
        return {}

    def input_sizes(self) -> dict[str, int]:
        """Sizes of the inputs other than ``x`` that are not 1, by name."""
        return {}

    @classmethod
    def argument_order(cls) -> tuple[str, ...]:
        """The names of ``step``'s arguments in the order ``step`` takes them.

        Raises:
            InputError: an argument is named like an input or a state and would receive another one.

        >>> Cell.argument_order()
        ('x', 'h')
        """
        expected = (*cls.inputs, *cls.state)
        parameters = list(inspect.signature(cls.step).parameters.values())[1:]
        named = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
        if set(named) == set(expected) and len(named) == len(expected):
            return named
        # Other names are fed by position; a name that means something must then stand at its own place.
        positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        for name, given in zip(positional, expected, strict=False):
            if name in expected and name != given:
                raise InputError(
                    f"{cls.__name__}.step has the argument {name!r} where it would receive {given!r}: "
                    f"name all arguments like the inputs and states, or list them in the order {', '.join(expected)}"
                )
        return expected
