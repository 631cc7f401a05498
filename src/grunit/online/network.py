"""The network that learns from a stream: recurrent layers and a linear head, whose gradient looks back a few steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from grunit.compiler.c_build import BuildError
from grunit.compiler.select import chosen_backend
from grunit.compiler.trace import UncompilableError
from grunit.errors import InputError
from grunit.nn import Recurrent

Array = NDArray[Any]


class Network:
    """One stream through recurrent layers and a linear head.

    Parameters, gradient and state are one vector each, in memory that stays where it is, so that an optimiser, an
    undo or a snapshot is a matter of whole vectors. Where there is a C compiler a step and its gradient are C
    functions; else, and for cells that cannot be compiled, PyTorch and its autograd compute the same.

    Args:
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list, one a layer.
        features: F numbers that a step reads.
        hidden_size, num_layers, cell_options: of the layers.
        outputs: O numbers that the head gives.
        lookback: steps that the gradient goes back, the last one included.
        seed: of the start values.
        dtype: float32 or float64.

    Attributes:
        weights, gradient: all parameters and their gradient, ``(P,)``.
        state: what is carried from step to step, ``(S,)``.
        backend: ``"c"`` or ``"torch"``; ``reason`` says why it is not ``"c"``.

    Raises:
        InputError: an argument, or a cell that needs more than one input.

    >>> network = Network("gru", features=2, hidden_size=4, outputs=1)
    >>> network.step(np.array([0.5, -1.0])).shape, network.state.shape
    ((1,), (4,))
    """

    def __init__(
        self,
        cell: Any,
        features: int,
        hidden_size: int,
        outputs: int = 1,
        *,
        num_layers: int = 1,
        lookback: int = 1,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
        cell_options: dict[str, Any] | None = None,
    ):
        self.features, self.outputs, self.lookback = features, outputs, lookback
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.core = Recurrent(cell, features, hidden_size, num_layers=num_layers, **(cell_options or {}))
            self.head = nn.Linear(self.core.output_size, outputs)
        if self.core.extra_input_names:
            names = ", ".join(self.core.extra_input_names)
            raise InputError(f"a stream gives a cell nothing beside its features, and {cell!r} also needs {names}")
        self.core, self.head = self.core.to(dtype).eval(), self.head.to(dtype)
        with torch.no_grad():
            # The stream begins by predicting what it has seen so far, not noise.
            self.head.weight.mul_(0.1)
            self.head.bias.zero_()
        self._flatten(dtype)
        self.layout = self.core.layout
        sizes = [len(self.layout.rows[name]) * self.layout.sizes[name] for name in self.layout.names]
        self._state = torch.zeros(sum(sizes), dtype=dtype)
        self._splits = sizes
        self.state: Array = self._state.numpy()
        self.output: Array = np.zeros(outputs, self.state.dtype)
        self._window_output: Tensor | None = None
        self.has_looked = False
        """Whether there is an output whose gradient can be asked for."""
        self.backend = "torch"
        self.reason: str | None = None
        self._compiled: Any = None
        self._compile()

    def _flatten(self, dtype: torch.dtype) -> None:
        """Make every parameter a window on one vector."""
        parameters = [p for p in (*self.core.parameters(), *self.head.parameters()) if p.is_floating_point()]
        self._weights = torch.cat([p.detach().reshape(-1) for p in parameters])
        self._gradient = torch.zeros_like(self._weights)
        at = 0
        for parameter in parameters:
            parameter.data = self._weights[at : at + parameter.numel()].view(parameter.shape)
            at += parameter.numel()
        self.parameters = parameters
        self.weights: Array = self._weights.numpy()
        self.gradient: Array = self._gradient.numpy()

    def _compile(self) -> None:
        from grunit.online.compiled import CompiledNetwork

        asked = chosen_backend()
        if asked == "torch":
            self.reason = "the torch backend was asked for"
            return
        try:
            self._compiled = CompiledNetwork(self)
            self.backend = "c"
        except (UncompilableError, BuildError) as error:
            self.reason = str(error)
            if asked == "c":
                raise InputError(f"the C backend cannot be used for this network: {error}") from error

    def step(self, x: Array) -> Array:
        """Go one step on: reads ``x`` ``(F,)``, moves ``state``, returns the output ``(O,)`` of the head, a copy."""
        if self._compiled is not None:
            return self._compiled.step(x)
        with torch.no_grad():
            value = torch.as_tensor(np.asarray(x), dtype=self._weights.dtype)
            output, state = self.core(value.view(1, 1, -1), self._unpack(self._state))
            self._state.copy_(torch.cat([part.reshape(-1) for part in state]))
            return self.head(output[-1, 0]).numpy()

    def look_back(self, start: Array, window: Array) -> Array:
        """The output ``(O,)`` after steps ``window`` ``(L, F)`` from the state ``start``; ``state`` stays as it is."""
        self.has_looked = True
        if self._compiled is not None:
            return self._compiled.look_back(start, window)
        x = torch.as_tensor(np.asarray(window), dtype=self._weights.dtype)
        with torch.enable_grad():
            for parameter in self.parameters:
                parameter.requires_grad_(True)
            output, _ = self.core(x.unsqueeze(1), self._unpack(torch.from_numpy(np.array(start))))
            self._window_output = self.head(output[-1, 0])
        return self._window_output.detach().numpy().copy()

    def backward(self, gradient: Array) -> None:
        """Fill ``gradient`` of the parameters from that of the last ``look_back``'s output, ``(O,)``; once for each."""
        self.has_looked = False
        if self._compiled is not None:
            self._compiled.backward(gradient)
            return
        assert self._window_output is not None
        given = torch.as_tensor(np.asarray(gradient), dtype=self._weights.dtype)
        found = torch.autograd.grad(self._window_output, self.parameters, given, allow_unused=True)
        parts = [torch.zeros_like(p) if g is None else g for p, g in zip(self.parameters, found)]
        self._window_output = None
        self._gradient.copy_(torch.cat([part.reshape(-1) for part in parts]))

    def refresh(self) -> None:
        """Take note that ``weights`` were changed from outside."""
        if self._compiled is not None:
            self._compiled.refresh()

    def reset(self) -> None:
        """A new stream begins."""
        self.state[:] = 0

    def _unpack(self, state: Tensor) -> tuple[Tensor, ...]:
        parts: Sequence[Tensor] = state.split(self._splits)
        names = self.layout.names
        return tuple(
            part.view(len(self.layout.rows[name]), 1, self.layout.sizes[name]) for part, name in zip(parts, names)
        )
