"""A cell with its step changed from outside: what is done to states is itself a step, so every backend fuses it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from grunit.cells import Cell
from grunit.nn.dropouts import locked_mask, zoneout_mask
from grunit.nn.products import MaskedProducts


class StartState(nn.Module):
    """What the states of a cell begin with, learnt; zero at first.

    >>> from grunit.cells import LSTM
    >>> [(name, value.shape) for name, value in StartState(LSTM(3, 5)).named_parameters()]
    [('h', torch.Size([5])), ('c', torch.Size([5]))]
    """

    def __init__(self, cell: Cell, device: torch.device | str | None = None, dtype: torch.dtype | None = None):
        super().__init__()
        for name in cell.state:
            size = cell.state_sizes().get(name, cell.hidden_size)
            assert size is not None
            self.register_parameter(name, nn.Parameter(torch.empty(size, device=device, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Back to zero."""
        for value in self.parameters():
            nn.init.zeros_(value)

    def rows(self, count: int) -> dict[str, Tensor]:
        """The start of ``count`` rows, ``(count, size)`` by name."""
        return {name: value.expand(count, -1) for name, value in self._parameters.items() if value is not None}


class ModifiedCell(Cell):
    """A cell whose states are normalised, dropped, kept or started otherwise than the cell itself does.

    .. math::
        \\tilde s &= s + \\mathrm{begins} \\odot s_0 & \\text{(learnt start; the reset has just zeroed } s) \\\\
        s' &= \\mathrm{cell}(x, \\tilde s) & \\text{(matrices read } m \\odot \\tilde h) \\\\
        h' &\\leftarrow \\mathrm{norm}(h') \\\\
        s' &\\leftarrow k \\odot \\tilde s + (1 - k) \\odot s' & \\text{(zoneout)}

    Random masks are inputs of the step: drawn outside, so the same on every backend.

    Args:
        cell: whose step it is; its modules stay shared with this one.
        norm: of the new output state.
        start: a ``begins`` input ``(B, 1)``, 1 where a sequence begins, puts this state in place of zeros.
        masked: matrices read the output state times an input ``state_mask``, if ``random``.
        zoneout: share of each state that keeps its old value.
        random: zoneout by an input a state, ``zoneout_h``; else its expectation, as in evaluation.

    Source: Gal & Ghahramani (2016), eq. 7; Krueger et al. (2017), eqs. 2-5; Ba, Kiros & Hinton (2016).

    >>> from grunit.cells import GRU
    >>> ModifiedCell(GRU(3, 5), masked=True, zoneout={"h": 0.1}).inputs
    ('x', 'state_mask', 'zoneout_h')
    """

    def __init__(
        self,
        cell: Cell,
        *,
        norm: nn.Module | None = None,
        start: StartState | None = None,
        masked: bool = False,
        zoneout: Mapping[str, float] | None = None,
        random: bool = True,
    ):
        super().__init__(cell.input_size, cell.hidden_size)
        self.cell, self.norm, self.start = cell, norm, start
        self.masked, self.random = masked and random, random
        # A plan is made for the values of attributes; shares that masks are drawn with are none of its business.
        self.zoneout = {n: 0.0 if random else share for n, share in (zoneout or {}).items() if n in cell.state}
        more = [("begins", start is not None), ("state_mask", self.masked)]
        more += [(f"zoneout_{name}", random) for name in self.zoneout]
        # Of this instance, not of the class.
        self.state = cell.state  # type: ignore[misc]
        self.inputs = (*cell.inputs, *(name for name, there in more if there))  # type: ignore[misc]

    def argument_order(self) -> tuple[str, ...]:  # type: ignore[override]
        """Inputs, then states."""
        return (*self.inputs, *self.state)

    def state_sizes(self) -> dict[str, int]:
        """Those of the cell."""
        return self.cell.state_sizes()

    def input_sizes(self) -> dict[str, int]:
        """Those of the cell, and of the masks."""
        masks = {f"zoneout_{name}": self._size(name) for name in self.zoneout}
        return {**self.cell.input_sizes(), **masks, "state_mask": self._size(self.state[0])}

    def draw(self, x: Tensor, state_dropout: float, zoneout: Mapping[str, float]) -> dict[str, Tensor]:
        """Masks for the sequence or step ``x (..., B, F)`` with these shares, by the name of the input."""
        masks = {}
        if self.masked:
            masks["state_mask"] = locked_mask(x, self._size(self.state[0]), state_dropout)
        for name in self.zoneout if self.random else ():
            masks[f"zoneout_{name}"] = zoneout_mask(x, self._size(name), zoneout[name])
        return masks

    def step(self, *arguments: Tensor) -> tuple[Tensor, ...]:
        """Inputs ``(B, n)`` and states ``(B, size)`` in :meth:`argument_order` -> new states."""
        given = dict(zip(self.argument_order(), arguments, strict=True))
        if self.start is not None:
            begins = given["begins"]
            given.update((name, given[name] + begins * getattr(self.start, name)) for name in self.state)
        old = [given[name] for name in self.state]
        with MaskedProducts(old[0], given["state_mask"]) if self.masked else nullcontext():
            result = self.cell(*(given[name] for name in self.cell.argument_order()))
        new = [result] if isinstance(result, Tensor) else list(result)
        if self.norm is not None:
            new[0] = self.norm(new[0])
        for at, name in enumerate(self.state):
            if name in self.zoneout:
                keep = given[f"zoneout_{name}"] if self.random else self.zoneout[name]
                new[at] = keep * old[at] + (1 - keep) * new[at]
        return tuple(new)

    def _size(self, name: str) -> int:
        size = self.cell.state_sizes().get(name, self.cell.hidden_size)
        assert size is not None
        return size
