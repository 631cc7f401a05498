"""``grunit.Recurrent``: any cell, in layers and directions, along whole sequences or step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from grunit.cells import Cell, name_of
from grunit.compiler import run
from grunit.errors import InputError, ShapeError
from grunit.nn.cell_list import CellName, build_cell, one_a_layer
from grunit.nn.connections import RESIDUALS, Connection
from grunit.nn.initialize import initialize_cell, take_options
from grunit.nn.layers import Strand, Walk, step_once, walk_layers
from grunit.nn.merges import MERGES, merged_size
from grunit.nn.modifications import Modifications
from grunit.nn.options import check_choice, check_share, check_size
from grunit.nn.sequences import SequenceBatch, read_sequence
from grunit.nn.states import StateLayout

State = tuple[Tensor, ...]
DEFAULTS: dict[str, Any] = {
    "num_layers": 1,
    "bidirectional": False,
    "batch_first": False,
    "dropout": 0.0,
    "state_from_below": False,
    "input_dropout": 0.0,
    "state_dropout": 0.0,
    "output_dropout": 0.0,
    "zoneout": 0.0,
    "weight_drop": 0.0,
    "state_norm": False,
    "learn_state": False,
    "residual": None,
    "dense": False,
    "projection": None,
    "merge": "concat",
}
"""Options of :class:`Recurrent` and their values when not given."""


class Recurrent(nn.Module):
    """Layers of a gated cell along a sequence.

    Args:
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list of these, one a
            layer.
        input_size: features ``F`` of one step.
        hidden_size: units ``H`` of every layer.
        num_layers: layers; with a list of cells its length.
        bidirectional: each layer also walks the sequence from its end; see ``merge``.
        batch_first: input and output are ``(B, T, F)``, not ``(T, B, F)``. States never change their axes.
        dropout: share of values dropped between layers while training.
        state_from_below: when no state is given, each layer starts from the final state of the layer below (same
            direction, states matched by name).
        input_dropout: share of the input's features dropped while training, the same at every step of a row.
        state_dropout: share of the output state hidden from the cells' matrices while training, the same at every step.
        output_dropout: share of each layer's outputs dropped while training, the same at every step.
        zoneout: probability that a unit of a state keeps its old value at a step, a number for all states or one by
            name (``{"h": 0.05, "c": 0.5}``); in evaluation old and new are mixed in that proportion.
        weight_drop: share of the weights between state and state dropped while training, drawn once a call (the
            matrices that read the output state), or a mapping from names of a cell's parameters.
        state_norm: layer normalisation of each new output state, with learnt gain and bias.
        learn_state: what a sequence begins with is learnt (zero at first), at its start and after a reset.
        residual: around each layer: ``"add"``, ``"gated"`` or ``"highway"``, see
            :class:`grunit.nn.connections.Connection`.
        dense: each layer reads the input and what all layers below handed up.
        projection: size of a linear map after each layer; None for none.
        merge: of two directions: ``"concat"`` to ``2 * H``, ``"sum"``, ``"mean"``, ``"multiply"`` or ``"max"``.
        cell_options: passed to every cell.

    Attributes:
        cells: the cells, layer by layer, in each layer forward then reverse.
        output_size: features of the output.

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
        *,
        input_dropout: float = 0.0,
        state_dropout: float = 0.0,
        output_dropout: float = 0.0,
        zoneout: float | Mapping[str, float] = 0.0,
        weight_drop: float | Mapping[str, float] = 0.0,
        state_norm: bool = False,
        learn_state: bool = False,
        residual: str | None = None,
        dense: bool = False,
        projection: int | None = None,
        merge: str = "concat",
        **cell_options: Any,
    ):
        super().__init__()
        kinds = one_a_layer(cell, num_layers)
        self.input_size = check_size("input_size", input_size)
        self.hidden_size, self.num_layers = check_size("hidden_size", hidden_size), len(kinds)
        self.bidirectional, self.batch_first, self.dropout = bidirectional, batch_first, check_share("dropout", dropout)
        self.input_dropout = check_share("input_dropout", input_dropout)
        self.state_dropout = check_share("state_dropout", state_dropout)
        self.output_dropout = check_share("output_dropout", output_dropout)
        self.zoneout, self.weight_drop, self.state_norm = zoneout, weight_drop, state_norm
        self.residual, self.merge = check_choice("residual", residual, RESIDUALS), merge
        check_choice("merge", merge, MERGES)
        self.projection = projection if projection is None else check_size("projection", projection)
        self.state_from_below, self.learn_state, self.dense = state_from_below, learn_state, dense
        if state_from_below and learn_state:
            raise InputError("a layer starts from a learnt state or from the layer below: drop one of the two options")
        if dense and residual:
            raise InputError("dense already hands each layer's input up: leave residual out")
        self.cell_options = dict(cell_options)
        self.cells = nn.ModuleList()
        sizes, size = [], self.input_size
        for kind in kinds:
            layer = [build_cell(kind, size, self.hidden_size, cell_options) for _ in range(self.directions)]
            self.cells.extend(layer)
            given = merged_size(layer[0].state_sizes().get(kind.state[0], self.hidden_size), self.directions, merge)
            sizes.append((size, given))
            self.output_size = self.projection or given
            size = size + self.output_size if dense else self.output_size
        self.layout = StateLayout(self._cells())
        like = next((value for value in self.parameters() if value.is_floating_point()), torch.empty(0))
        where: dict[str, Any] = {"device": like.device, "dtype": like.dtype}
        if residual or projection:
            links = [Connection(*pair, self.projection, residual, **where) for pair in sizes]
            self.connections = nn.ModuleList(links)
        self._changes = Modifications(self, self._cells(), where)

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
                (``(num_layers * directions, H)`` for unbatched input); None for zeros, or the learnt start. With
                different cells a layer, the union of their states in order of first appearance, each holding only the
                layers that have it.
            lengths: ``(B,)`` steps of each row, 0 to T: past its end a row's states freeze and its output is zero;
                the reverse direction starts at each row's own end.
            resets: bool, ``(T, B)`` or ``(B, T)``: a new sequence begins there, so the state is zeroed (or put to its
                learnt start) before that step, and in the reverse direction before the step that precedes it.
            extra_inputs: the cell's other inputs by name, ``(T, B)`` or ``(T, B, n)`` (batch first alike).

        Returns:
            output ``(T, B, output_size)`` in the form of the input, and the final state in the form of ``state``.

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
        self._check_widths(sequence.extra_inputs)
        start = self._start(state, sequence.x, sequence.batch_size if sequence.batched else None)
        output, finals = walk_layers(
            self.strands(sequence.x, sequence.resets is not None),
            sequence.x,
            self.layout.split(start),
            extra_inputs=sequence.extra_inputs,
            valid=sequence.valid,
            resets=sequence.resets,
            state_from_below=self.state_from_below and state is None,
            walk=walk,
            **self._between(),
        )
        final = self.layout.join(finals)
        return output, final if sequence.batched else tuple(value.squeeze(1) for value in final), sequence

    def step(self, x: Tensor, state: State | Tensor | None = None, **extra_inputs: Tensor) -> tuple[Tensor, State]:
        """One step of all layers.

        Args:
            x: ``(B, F)``.
            state: as in :meth:`forward`; None for what a sequence begins with.
            extra_inputs: the cell's other inputs by name, ``(B,)`` or ``(B, n)``.

        Returns:
            output ``(B, output_size)`` and the new state.

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
        extra_inputs = {name: value.reshape(len(x), -1).to(x) for name, value in extra_inputs.items()}
        self._check_widths(extra_inputs)
        output, finals = walk_layers(
            self.strands(x),
            x,
            self.layout.split(self._start(state, x, len(x))),
            extra_inputs=extra_inputs,
            state_from_below=self.state_from_below and state is None,
            walk=step_once,
            **self._between(),
        )
        return output, self.layout.join(finals)

    def init_state(
        self, batch_size: int, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """What a sequence begins with, one tensor ``(num_layers * directions, batch_size, H)`` a state of the cell.

        Zeros; with ``learn_state`` the learnt start, as part of the graph.

        ``device`` and ``dtype`` are those of the parameters when not given.
        """
        like = next((value for value in self.parameters() if value.is_floating_point()), None)
        if like is not None:
            device, dtype = device or like.device, dtype or like.dtype
        return self._fresh(batch_size, device, dtype)

    def reset_parameters(self) -> None:
        """Draw new start values in every cell, in what a cell is made of, and in what stands around the cells."""
        for cell in self._cells():
            own = getattr(cell, "reset_parameters", None)
            for module in [cell] if own else cell.modules():
                reset = getattr(module, "reset_parameters", None)
                if callable(reset):
                    reset()
            if start_values := take_options(type(cell), self.cell_options)[1]:
                initialize_cell(cell, **start_values)
        for name in ("connections", *self._changes.MODULES):
            for module in getattr(self, name, ()):
                module.reset_parameters()

    def extra_repr(self) -> str:
        """The arguments that are not at their defaults."""
        kinds = [name_of(type(cell)) or type(cell).__name__ for cell in self._cells()[:: self.directions]]
        words = [kinds[0] if len(set(kinds)) == 1 else str(kinds), str(self.input_size), str(self.hidden_size)]
        for name, default in DEFAULTS.items():
            if getattr(self, name) != default and (name != "num_layers" or len(set(kinds)) == 1):
                words.append(f"{name}={getattr(self, name)!r}")
        return ", ".join([*words, *(f"{name}={value!r}" for name, value in self.cell_options.items())])

    def _cells(self) -> list[Cell]:
        return list(self.cells)  # type: ignore[arg-type]

    def strands(self, x: Tensor | None = None, resets: bool = False) -> list[Strand]:
        """The layers with their parameters, and with masks for ``x (..., B, F)`` while training."""
        return self._changes.strands(self, self._cells(), x, resets)

    def _between(self) -> dict[str, Any]:
        """How layers and directions are joined, as arguments of ``walk_layers``."""
        shares = ("dropout", "input_dropout", "output_dropout")
        return {
            **{name: getattr(self, name) if self.training else 0.0 for name in shares},
            "directions": self.directions,
            "merge": self.merge,
            "connections": getattr(self, "connections", ()),
            "dense": self.dense,
        }

    def _fresh(self, batch_size: int, device: Any, dtype: torch.dtype | None) -> State:
        if not self.learn_state:
            return self.layout.zeros(batch_size, device, dtype)
        rows: Any = [start.rows(batch_size) for start in self.starts]  # type: ignore[union-attr]
        return tuple(value.to(device, dtype) for value in self.layout.join(rows))

    def _start(self, state: State | Tensor | None, x: Tensor, batch_size: int | None) -> State:
        """The start state with a batch axis."""
        if state is None:
            return self._fresh(1 if batch_size is None else batch_size, x.device, x.dtype)
        given = self.layout.check(state, batch_size)
        for name, value in zip(self.layout.names, given, strict=True):
            if value.dtype != x.dtype and not torch.is_autocast_enabled(x.device.type):
                raise InputError(f"state {name!r} has dtype {value.dtype} and x {x.dtype}: convert one with .to(...)")
        return given if batch_size is not None else tuple(value.unsqueeze(1) for value in given)

    def _check_features(self, name: str, x: Tensor) -> None:
        if x.shape[-1] != self.input_size:
            raise ShapeError(f"{name} must have {self.input_size} features in its last axis, got {x.shape[-1]}")
        dtype = next((value.dtype for value in self.parameters() if value.is_floating_point()), x.dtype)
        if x.dtype != dtype and not torch.is_autocast_enabled(x.device.type):
            raise InputError(f"{name} has dtype {x.dtype} and the parameters {dtype}: convert one with .to(...)")

    def _check_widths(self, extra_inputs: dict[str, Tensor]) -> None:
        for cell in self._cells():
            for name in cell.inputs[1:]:
                wide, given = cell.input_sizes().get(name, 1), extra_inputs[name].shape[-1]
                if given != wide:
                    raise ShapeError(
                        f"the input {name!r} of {type(cell).__name__} must have {wide} features in its last axis, "
                        f"got {given}"
                    )

    def _check_extra_inputs(self, given: dict[str, Tensor]) -> None:
        needed = self.extra_input_names
        missing = [name for name in needed if name not in given]
        unknown = [name for name in given if name not in needed]
        if missing:
            raise InputError(
                f"the cell also needs the input {', '.join(missing)}: give it by name, as {missing[0]}=..."
            )
        if unknown:
            known = ", ".join(needed) or "none"
            raise InputError(f"unknown input {', '.join(unknown)}: the cell's extra inputs are {known}")
