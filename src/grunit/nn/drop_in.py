"""``grunit.nn.LSTM``, ``GRU`` and ``RNN``: torch's layers, walked by grunit."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor
from torch.nn import RNNBase
from torch.nn.utils.rnn import PackedSequence

from grunit import cells
from grunit.compiler import run
from grunit.nn.layers import Strand, Walk, suffix_of, walk_layers
from grunit.nn.sequences import SequenceBatch, read_sequence
from grunit.nn.states import StateLayout


class SequenceLayers(RNNBase):
    """What the three layers share: torch's constructor, parameters, names and checks, and grunit's walk.

    The parameters lie here under torch's names; the cells that know the equations own none (theirs are shapes on the
    meta device) and are no submodules, so that ``state_dict`` is exactly torch's.
    """

    kind: ClassVar[type[cells.Cell]]

    def __init__(self, mode: str, *args: Any, **kwargs: Any):
        super().__init__(mode, *args, **kwargs)
        directions = 2 if self.bidirectional else 1
        output_size = self.proj_size or self.hidden_size
        sizes = [self.input_size, *[directions * output_size] * (self.num_layers - 1)]
        # A list keeps them out of the submodules.
        self._cells = [self._make_cell(size) for size in sizes for _ in range(directions)]
        self._layout = StateLayout(self._cells)

    def _make_cell(self, input_size: int) -> cells.Cell:
        return self.kind(input_size, self.hidden_size, bias=self.bias, device="meta")

    # torch keeps a second list of its weights for cuDNN and must keep it in step with the attributes. The attributes
    # are all that is read here, so parametrizations, functional_call and replaced weights just work.

    def _init_flat_weights(self) -> None:
        pass

    def _update_flat_weights(self) -> None:
        pass

    @property
    def _flat_weights(self) -> list[Tensor | None]:
        return [getattr(self, name, None) for name in self._flat_weights_names]

    @_flat_weights.setter
    def _flat_weights(self, weights: list[Tensor | None]) -> None:
        pass

    def flatten_parameters(self) -> None:
        """Nothing to do: kept for programs that call it."""

    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor | tuple[Tensor, ...]]:
        """As the layer of the same name in ``torch.nn``.

        Args:
            input: ``(T, B, F)``, ``(B, T, F)`` with ``batch_first``, unbatched ``(T, F)``, or a PackedSequence.
            hx: the start state, ``(num_layers * directions, B, H)`` (a pair of these for the LSTM); None for zeros.

        Returns:
            output ``(T, B, directions * H)`` in the form of the input, and the final state in the form of ``hx``.
        """
        output, final, sequence = self.walk(run, input, hx)
        return sequence.restore(output), final if len(final) > 1 else final[0]

    def walk(
        self, walk: Walk, input: Tensor | PackedSequence, hx: Tensor | tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...], SequenceBatch]:
        """As :meth:`forward`, each cell walked by ``walk``; the output stays time-major and padded."""
        batched = self._check_dimensions(input, hx)
        start = None if hx is None else (hx,) if isinstance(hx, Tensor) else tuple(hx)
        if start is not None and not batched:
            start = tuple(value.unsqueeze(1) for value in start)
        self._check_against_torch(input, start, batched)
        sequence = read_sequence(input, batch_first=self.batch_first)
        if start is None:
            start = self._layout.zeros(sequence.batch_size, sequence.x.device, sequence.x.dtype)
        output, finals = walk_layers(
            self.strands(),
            sequence.x,
            self._layout.split(start),
            directions=2 if self.bidirectional else 1,
            valid=sequence.valid,
            dropout=self.dropout if self.training else 0.0,
            walk=walk,
        )
        final = self._layout.join(finals)
        return output, final if batched else tuple(value.squeeze(1) for value in final), sequence

    def _check_dimensions(self, input: Any, hx: Any) -> bool:
        """Whether the input has a batch axis; refuses in torch's words what has another number of axes."""
        if isinstance(input, PackedSequence):
            return True
        if input.dim() not in (2, 3):
            raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D tensor instead")
        axes = input.dim()
        if hx is not None:
            given = [hx.dim()] if isinstance(hx, Tensor) else [value.dim() for value in hx]
            if any(count != axes for count in given):
                words = {2: "unbatched 2-D", 3: "batched 3-D"}[axes]
                if len(given) == 1:
                    raise RuntimeError(f"For {words} input, hx should also be {axes}-D but got {given[0]}-D tensor")
                shown = ", ".join(f"{count}-D" for count in given)
                raise RuntimeError(f"For {words} input, hx and cx should also be {axes}-D but got ({shown}) tensors")
        return axes == 3

    def _check_against_torch(self, input: Any, start: tuple[Tensor, ...] | None, batched: bool) -> None:
        """Torch's own checks of sizes and dtypes, with torch's messages."""
        if isinstance(input, PackedSequence):
            data, batch_sizes = input.data, input.batch_sizes
        else:
            data, batch_sizes = input if batched else input.unsqueeze(0 if self.batch_first else 1), None
        self.check_input(data, batch_sizes)
        if batch_sizes is None and data.shape[1 if self.batch_first else 0] == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        if start is not None:
            self._check_start(start, data, batch_sizes)

    def _check_start(self, start: tuple[Tensor, ...], data: Tensor, batch_sizes: Tensor | None) -> None:
        self.check_hidden_size(start[0], self.get_expected_hidden_size(data, batch_sizes))

    def strands(self) -> list[Strand]:
        """The layers with their parameters."""
        directions = 2 if self.bidirectional else 1
        return [
            Strand(
                cell, {name: getattr(self, name + suffix_of(index, directions)) for name, _ in cell.named_parameters()}
            )
            for index, cell in enumerate(self._cells)
        ]


class LSTM(SequenceLayers):
    """Drop-in for ``torch.nn.LSTM``: the same arguments, outputs, start values and ``state_dict``, both ways.

    Args:
        args, kwargs: ``input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
            bidirectional=False, proj_size=0, device=None, dtype=None``.

    >>> import torch
    >>> lstm = LSTM(3, 5, num_layers=2)
    >>> output, (h, c) = lstm(torch.zeros(7, 4, 3))
    >>> output.shape, h.shape
    (torch.Size([7, 4, 5]), torch.Size([2, 4, 5]))
    """

    kind = cells.LSTM

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__("LSTM", *args, **kwargs)

    def _make_cell(self, input_size: int) -> cells.Cell:
        return cells.LSTM(input_size, self.hidden_size, bias=self.bias, proj_size=self.proj_size, device="meta")

    def _check_start(self, start: tuple[Tensor, ...], data: Tensor, batch_sizes: Tensor | None) -> None:
        layers, rows, _ = expected = self.get_expected_hidden_size(data, batch_sizes)
        self.check_hidden_size(start[0], expected, "Expected hidden[0] size {}, got {}")
        self.check_hidden_size(start[1], (layers, rows, self.hidden_size), "Expected hidden[1] size {}, got {}")


class GRU(SequenceLayers):
    """Drop-in for ``torch.nn.GRU``: the same arguments, outputs, start values and ``state_dict``, both ways.

    Args:
        args, kwargs: ``input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
            bidirectional=False, device=None, dtype=None``.

    >>> import torch
    >>> output, h = GRU(3, 5, bidirectional=True)(torch.zeros(7, 4, 3))
    >>> output.shape, h.shape
    (torch.Size([7, 4, 10]), torch.Size([2, 4, 5]))
    """

    kind = cells.GRU

    def __init__(self, *args: Any, **kwargs: Any):
        _refuse_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)


class RNN(SequenceLayers):
    """Drop-in for ``torch.nn.RNN``: the same arguments, outputs, start values and ``state_dict``, both ways.

    Args:
        args, kwargs: ``input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False,
            dropout=0.0, bidirectional=False, device=None, dtype=None``.

    >>> import torch
    >>> output, h = RNN(3, 5, nonlinearity="relu")(torch.zeros(7, 4, 3))
    >>> output.shape, h.shape
    (torch.Size([7, 4, 5]), torch.Size([1, 4, 5]))
    """

    kind = cells.RNN

    def __init__(self, *args: Any, **kwargs: Any):
        _refuse_projection(kwargs)
        given = args[3] if len(args) > 3 else kwargs.pop("nonlinearity", "tanh")
        if given not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{given}'. Select from 'tanh' or 'relu'.")
        self.nonlinearity = given
        super().__init__(f"RNN_{given.upper()}", *args[:3], *args[4:], **kwargs)

    def _make_cell(self, input_size: int) -> cells.Cell:
        return cells.RNN(input_size, self.hidden_size, bias=self.bias, activation=self.nonlinearity, device="meta")


def _refuse_projection(arguments: dict[str, Any]) -> None:
    if "proj_size" in arguments:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
