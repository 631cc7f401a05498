"""``grunit.Recurrent``: any cell, in layers and directions, along whole sequences or step by step."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from grunit.cells import Cell, get, name_of
from grunit.compiler import run
from grunit.errors import InputError, ShapeError
from grunit.nn.layers import Strand, Walk, step_once, walk_layers
from grunit.nn.sequences import SequenceBatch, read_sequence
from grunit.nn.states import StateLayout

CellName = str | type[Cell]
State = tuple[Tensor, ...]


class Recurrent(nn.Module):
    """Layers of a gated cell along a sequence.

    Args:
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list of these, one a
            layer.
        input_size: features ``F`` of one step.
        hidden_size: units ``H`` of every layer.
        num_layers: layers; with a list of cells its length.
        bidirectional: each layer also walks the sequence from its end; outputs are concatenated to ``2 * H``.
        batch_first: input and output are ``(B, T, F)``, not ``(T, B, F)``. States never change their axes.
        dropout: share of values dropped between layers while training.
        state_from_below: when no state is given, each layer starts from the final state of the layer below (same
            direction, states matched by name).
        cell_options: passed to every cell.

    Attributes:
        cells: the cells, layer by layer, in each layer forward then reverse.

    Raises:
        InputError: an argument, or an option the cell does not know.

    >>> rnn = Recurrent("peephole_lstm", 3, 5, num_layers=2)
    >>> output, (h, c) = rnn(torch.zeros(7, 4, 3))
    >>> output.shape, h.shape, c.shape
    (torch.Size([7, 4, 5]), torch.Size([2, 4, 5]), torch.Size([2, 4, 5]))
    """

    def __init__(
        self,
        cell: CellName | Sequence[CellName],
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        batch_first: bool = False,
        dropout: float = 0.0,
        state_from_below: bool = False,
        **cell_options: Any,
    ):
        super().__init__()
        kinds = _one_a_layer(cell, num_layers)
        for name, size in {"input_size": input_size, "hidden_size": hidden_size}.items():
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise InputError(f"{name} must be a whole number of at least 1, got {size!r}")
        if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise InputError(f"dropout must be a number between 0 and 1, got {dropout!r}")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, len(kinds)
        self.bidirectional, self.batch_first, self.dropout = bidirectional, batch_first, float(dropout)
        self.state_from_below, self.cell_options = state_from_below, dict(cell_options)
        self.cells = nn.ModuleList()
        size = input_size
        for kind in kinds:
            layer = [_build_cell(kind, size, hidden_size, cell_options) for _ in range(self.directions)]
            self.cells.extend(layer)
            size = self.directions * layer[0].state_sizes().get(kind.state[0], hidden_size)
        self.output_size = size
        self.layout = StateLayout(self._cells())

    @property
    def directions(self) -> int:
        """2 when bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def extra_input_names(self) -> tuple[str, ...]:
        """Names of the inputs beyond the first that ``forward`` and ``step`` need, over all layers."""
        return tuple(dict.fromkeys(name for cell in self._cells() for name in cell.inputs[1:]))

    def forward(
        self,
        input: Tensor | PackedSequence,
        state: State | Tensor | None = None,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
        **extra_inputs: Tensor,
    ) -> tuple[Tensor | PackedSequence, State]:
        """Walk whole sequences.

        Args:
            input: ``(T, B, F)``, ``(B, T, F)`` with ``batch_first``, a PackedSequence, or unbatched ``(T, F)``.
            state: a tuple, one tensor ``(num_layers * directions, B, H)`` a state of the cell, ordered as in torch
                (``(num_layers * directions, H)`` for unbatched input); None for zeros. With different cells a layer,
                the union of their states in order of first appearance, each holding only the layers that have it.
            lengths: ``(B,)`` steps of each row, 0 to T: past its end a row's states freeze and its output is zero;
                the reverse direction starts at each row's own end.
            resets: bool, ``(T, B)`` or ``(B, T)``: a new sequence begins there, so the state is zeroed before that
                step, and in the reverse direction before the step that precedes it.
            extra_inputs: the cell's other inputs by name, ``(T, B)`` or ``(T, B, n)`` (batch first alike).

        Returns:
            output ``(T, B, directions * H)`` in the form of the input, and the final state in the form of ``state``.

        Raises:
            ShapeError: a tensor has the wrong shape; the message names it.
            InputError: an extra input is missing or unknown.
        """
        output, state, sequence = self.walk(run, input, state, lengths, resets, **extra_inputs)
        return sequence.restore(output), state

    def walk(
        self,
        walk: Walk,
        input: Tensor | PackedSequence,
        state: State | Tensor | None = None,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
        **extra_inputs: Tensor,
    ) -> tuple[Tensor, State, SequenceBatch]:
        """As :meth:`forward`, each cell walked by ``walk``; the output stays time-major and padded."""
        self._check_extra_inputs(extra_inputs)
        sequence = read_sequence(
            input, batch_first=self.batch_first, lengths=lengths, resets=resets, extra_inputs=extra_inputs
        )
        self._check_features("input", sequence.x)
        start = self._start(state, sequence.x, sequence.batch_size if sequence.batched else None)
        output, finals = walk_layers(
            self._strands(),
            sequence.x,
            self.layout.split(start),
            directions=self.directions,
            extra_inputs=sequence.extra_inputs,
            valid=sequence.valid,
            resets=sequence.resets,
            dropout=self.dropout if self.training else 0.0,
            state_from_below=self.state_from_below and state is None,
            walk=walk,
        )
        final = self.layout.join(finals)
        return output, final if sequence.batched else tuple(value.squeeze(1) for value in final), sequence

    def step(self, x: Tensor, state: State | Tensor | None = None, **extra_inputs: Tensor) -> tuple[Tensor, State]:
        """One step of all layers.

        Args:
            x: ``(B, F)``.
            state: as in :meth:`forward`; None for zeros.
            extra_inputs: the cell's other inputs by name, ``(B,)`` or ``(B, n)``.

        Returns:
            output ``(B, H)`` and the new state.

        Raises:
            InputError: the network is bidirectional, so a step depends on steps to come.

        >>> rnn = Recurrent("gru", 3, 5)
        >>> output, state = rnn.step(torch.zeros(2, 3), rnn.init_state(2))
        >>> output.shape
        torch.Size([2, 5])
        """
        if self.bidirectional:
            raise InputError(
                "a bidirectional network cannot step, it needs the whole sequence: use bidirectional=False"
            )
        if not isinstance(x, Tensor) or x.dim() != 2:
            raise ShapeError(f"x must have shape (B, {self.input_size}), got {tuple(getattr(x, 'shape', ()))}")
        self._check_extra_inputs(extra_inputs)
        self._check_features("x", x)
        for name, value in extra_inputs.items():
            if value.dim() not in (1, 2) or len(value) != len(x):
                raise ShapeError(
                    f"the input {name!r} must have shape ({len(x)},) or ({len(x)}, n), got {tuple(value.shape)}"
                )
        output, finals = walk_layers(
            self._strands(),
            x,
            self.layout.split(self._start(state, x, len(x))),
            extra_inputs={name: value.reshape(len(x), -1).to(x) for name, value in extra_inputs.items()},
            dropout=self.dropout if self.training else 0.0,
            state_from_below=self.state_from_below and state is None,
            walk=step_once,
        )
        return output, self.layout.join(finals)

    def init_state(
        self, batch_size: int, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The zero state, one tensor ``(num_layers * directions, batch_size, H)`` a state of the cell.

        ``device`` and ``dtype`` are those of the parameters when not given.
        """
        like = next((value for value in self.parameters() if value.is_floating_point()), None)
        if like is not None:
            device, dtype = device or like.device, dtype or like.dtype
        return self.layout.zeros(batch_size, device, dtype)

    def reset_parameters(self) -> None:
        """Draw new start values in every cell, and in what a cell is made of."""
        for cell in self._cells():
            own = getattr(cell, "reset_parameters", None)
            for module in [cell] if own else cell.modules():
                reset = getattr(module, "reset_parameters", None)
                if callable(reset):
                    reset()

    def extra_repr(self) -> str:
        """The arguments that are not at their defaults."""
        kinds = [name_of(type(cell)) or type(cell).__name__ for cell in self._cells()[:: self.directions]]
        words = [kinds[0] if len(set(kinds)) == 1 else str(kinds), str(self.input_size), str(self.hidden_size)]
        defaults = {"num_layers": 1, "bidirectional": False, "batch_first": False, "dropout": 0.0}
        for name, default in {**defaults, "state_from_below": False}.items():
            if getattr(self, name) != default and (name != "num_layers" or len(set(kinds)) == 1):
                words.append(f"{name}={getattr(self, name)}")
        return ", ".join([*words, *(f"{name}={value!r}" for name, value in self.cell_options.items())])

    def _cells(self) -> list[Cell]:
        return list(self.cells)  # type: ignore[arg-type]

    def _strands(self) -> list[Strand]:
        return [Strand(cell, {**dict(cell.named_parameters()), **dict(cell.named_buffers())}) for cell in self._cells()]

    def _start(self, state: State | Tensor | None, x: Tensor, batch_size: int | None) -> State:
        """The start state with a batch axis."""
        if state is None:
            return self.layout.zeros(1 if batch_size is None else batch_size, x.device, x.dtype)
        given = self.layout.check(state, batch_size)
        return given if batch_size is not None else tuple(value.unsqueeze(1) for value in given)

    def _check_features(self, name: str, x: Tensor) -> None:
        if x.shape[-1] != self.input_size:
            raise ShapeError(f"{name} must have {self.input_size} features in its last axis, got {x.shape[-1]}")
        dtype = next((value.dtype for value in self.parameters() if value.is_floating_point()), x.dtype)
        if x.dtype != dtype and not torch.is_autocast_enabled(x.device.type):
            raise InputError(f"{name} has dtype {x.dtype} and the parameters {dtype}: convert one with .to(...)")

    def _check_extra_inputs(self, given: dict[str, Tensor]) -> None:
        needed = self.extra_input_names
        missing = [name for name in needed if name not in given]
        unknown = [name for name in given if name not in needed]
        if missing:
            raise InputError(f"the cell also needs the input {', '.join(missing)}: give it by name")
        if unknown:
            known = ", ".join(needed) or "none"
            raise InputError(f"unknown input {', '.join(unknown)}: the cell's extra inputs are {known}")


def _one_a_layer(cell: CellName | Sequence[CellName], num_layers: int) -> list[type[Cell]]:
    if isinstance(num_layers, bool) or not isinstance(num_layers, int) or num_layers < 1:
        raise InputError(f"num_layers must be a whole number of at least 1, got {num_layers!r}")
    if isinstance(cell, (list, tuple)):
        if not cell or num_layers not in (1, len(cell)):
            raise InputError(f"cell lists {len(cell)} layers and num_layers is {num_layers}: leave num_layers out")
        return [get(kind) for kind in cell]
    return [get(cell)] * num_layers  # type: ignore[arg-type]


def _build_cell(kind: type[Cell], input_size: int, hidden_size: int, options: dict[str, Any]) -> Cell:
    signature = inspect.signature(kind)
    for known in ({}, options):
        try:
            signature.bind(input_size, hidden_size, **known)
        except TypeError as error:
            if known:
                unknown = ", ".join(sorted(set(options) - set(signature.parameters)))
                raise InputError(
                    f"{kind.__name__} does not know the option {unknown}: see help({kind.__name__})"
                ) from error
            raise InputError(f"{kind.__name__} cannot be built with (input_size, hidden_size): {error}") from error
    cell = kind(input_size, hidden_size, **options)
    # A cell may leave its sizes out of super().__init__().
    cell.input_size = input_size if cell.input_size is None else cell.input_size
    cell.hidden_size = hidden_size if cell.hidden_size is None else cell.hidden_size
    return cell
