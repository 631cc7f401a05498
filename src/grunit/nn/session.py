"""``grunit.Session``: a trained network as a stream, one step a call, on buffers that stay where they are."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from grunit.cells import Cell
from grunit.compiler.c_build import BuildError
from grunit.compiler.c_step import WEIGHTS, Part, StepProgram
from grunit.compiler.plan import Plan, find_plan
from grunit.compiler.select import chosen_backend
from grunit.compiler.trace import UncompilableError
from grunit.errors import InputError, ShapeError
from grunit.nn.connections import ConnectionStep, JoinStep
from grunit.nn.layers import Strand, step_once, walk_layers
from grunit.nn.stack import Rows, Stack, read_stack

Array = NDArray[Any]


class Session:
    """A stream of steps through a trained network.

    The weights are a snapshot: packed once, in evaluation mode (no dropout, running statistics), and not changed by
    further training until ``refresh()``. The buffers are made once: write ``session.input``, call ``session()``,
    read ``session.output``. The first step starts from zeros or the learnt start, as from ``rnn.init_state``.

    Where there is a C compiler the whole stack is one C function. What cannot be compiled steps through PyTorch,
    slower and with the same results; ``backend`` and ``reason`` say so. Sessions are independent of each other and
    may be used from different threads; one session belongs to one thread at a time.

    Args:
        module: a ``grunit.Recurrent`` (or ``grunit.nn.LSTM, GRU, RNN``), or a ``torch.nn.Sequential`` or list
            that holds one, with modules that see single steps before and behind it: linear layers, activations, layer
            and batch normalisation. The first may be a ``torch.nn.Embedding``: then ``input`` holds row numbers.
        batch_size: rows B, each a stream of its own.
        weights: how the factors of matrix products are kept. ``"bfloat16"`` halves their memory, each weight rounded
            to 8 bits of mantissa (a relative error of at most 1/256); ``"int8"`` quarters it, each weight rounded to
            a multiple of the largest of its output unit / 127. Sums are always float32; biases and embeddings stay
            as they are.

    Attributes:
        input: ``(B, F)`` to write; ``(B,)`` int64 where an embedding reads it.
        inputs: all inputs by name: ``x`` and the cells' extra inputs, ``(B, n)`` each.
        output: ``(B, O)``, what the last step gave. The next step overwrites it: copy what shall stay.
        state: state name to ``(layers, B, H)``, as in ``Recurrent``; may be read and written between steps.
        backend: ``"c"`` or ``"torch"``.
        reason: why it is not ``"c"``; else None.
        source: the generated C; None on the torch backend.

    Raises:
        InputError: the network is bidirectional, has no or several recurrent modules, or ``weights`` is unknown or
            narrower than float32 for what is not a compiled float32 network.
        ShapeError: the modules do not fit together.

    >>> import grunit
    >>> model = [nn.Linear(2, 4), nn.Tanh(), grunit.Recurrent("gru", 4, 8, num_layers=2), nn.Linear(8, 1)]
    >>> session = grunit.Session(model)
    >>> session.input[:] = [[0.5, -1.0]]
    >>> session().shape
    (1, 1)
    >>> session.step([[0.1, 0.2]]).shape, session.state["h"].shape
    ((1, 1), (2, 1, 8))
    """

    def __init__(self, module: nn.Module | Sequence[nn.Module], batch_size: int = 1, weights: str = "float32"):
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise InputError(f"batch_size must be a whole number of at least 1, got {batch_size!r}")
        if weights not in WEIGHTS:
            raise InputError(f"unknown weights {weights!r}: use one of {', '.join(WEIGHTS)}")
        self._module, self.batch_size, self.weights = module, batch_size, weights
        self._stack = stack = read_stack(module)
        self._make_buffers(stack)
        self.backend, self.reason, self.source = "torch", None, None
        self._program: StepProgram | None = None
        self._run: Callable[[], int | None] = self._step_in_torch
        asked = chosen_backend()
        try:
            if asked == "torch":
                raise UncompilableError("the torch backend was asked for")
            self._compile(stack)
        except (UncompilableError, BuildError) as error:
            self.reason = str(error)
            if asked == "c" or weights != "float32":
                what = "this network cannot step on the C backend" if asked == "c" else f"weights={weights!r} needs it"
                raise InputError(f"the C backend cannot be used and {what}: {error}") from error

    # -- stepping --

    def __call__(self) -> Array:
        """One step on what ``input`` (and the other ``inputs``) hold; returns ``output``."""
        if self._run():
            self._refuse_row()
        return self.output

    def step(self, x: ArrayLike | Tensor | None = None, **extra_inputs: ArrayLike | Tensor) -> Array:
        """One step.

        Args:
            x: ``(B, F)``, or ``(F,)`` where B is 1; copied to ``input``. None to leave what it holds.
            extra_inputs: the cells' other inputs by name, ``(B, n)``, or ``(B,)`` where n is 1; those not given stay
                as they are.

        Returns:
            ``output``, ``(B, O)``; the next step overwrites it.

        Raises:
            ShapeError: a value of another shape.
            InputError: an unknown input, a value of the wrong kind, or a row number an embedding does not have.
        """
        if x is not None:
            if type(x) is numpy.ndarray and x.shape == self._shape and x.dtype is self._dtype:
                self.input[...] = x
            else:
                self._put("x", x)
        for name, value in extra_inputs.items():
            self._put(name, value)
        return self()

    def reset(self, rows: Sequence[int] | int | None = None) -> None:
        """Put the state of all streams, or of the rows named, back to its start: what comes next is a new sequence."""
        at = slice(None) if rows is None else numpy.atleast_1d(rows)
        for name, value in self.state.items():
            value[:, at] = self._start[name]

    def save_state(self) -> dict[str, Array]:
        """A copy of the state, each ``(layers, B, H)``, for ``load_state`` of any session on such a network."""
        return {name: value.copy() for name, value in self.state.items()}

    def load_state(self, state: Mapping[str, ArrayLike]) -> None:
        """Go on from a saved state.

        Raises:
            InputError: states are missing or unknown.
            ShapeError: a state of another shape.
        """
        if set(state) != set(self.state):
            raise InputError(f"the state holds {', '.join(self.state)}, got {', '.join(state) or 'nothing'}")
        given = {name: _array(value) for name, value in state.items()}
        for name, value in given.items():
            if value.shape != self.state[name].shape:
                raise ShapeError(f"state {name!r} must have shape {self.state[name].shape}, got {value.shape}")
        for name, value in given.items():
            self.state[name][:] = value

    def refresh(self) -> None:
        """Take the module's parameters as they are now; the state stays."""
        self._stack = read_stack(self._module)
        self._start = _start_of(self._stack)
        if self._program is not None:
            self._program.load([[given[n] for n in part.step.parameters] for part, given in self._parts(self._stack)])
            if self._stack.lookup is not None:
                self._table.copy_(self._stack.lookup.weight.detach())

    @property
    def addresses(self) -> dict[str, int]:
        """Where a program in C finds the session.

        ``function`` is an ``int (*)(const int64_t *table)``, called with ``table`` for a step: 0 when it went well,
        1 for a row number that the embedding does not have. It is valid, like all buffers (``x`` and the other
        inputs, and ``output``), as long as the session lives, and nothing else must step the session meanwhile.

        Raises:
            InputError: the session is not compiled.
        """
        if self._program is None:
            raise InputError(f"only a compiled session has addresses, and this one is not: {self.reason}")
        function = ctypes.cast(self._program.library.grunit_step, ctypes.c_void_p).value or 0
        places = {name: value.ctypes.data for name, value in self.inputs.items()}
        return (
            {"function": function, "table": ctypes.addressof(self._program.table)}
            | places
            | {"output": self.output.ctypes.data}
        )

    def __repr__(self) -> str:
        shapes = f"input {self.input.shape}, output {self.output.shape}"
        return f"Session({shapes}, backend={self.backend!r}, weights={self.weights!r})"

    def __getstate__(self) -> None:
        raise TypeError("a session is bound to memory of its process: make another one from the module")

    # -- making --

    def _make_buffers(self, stack: Stack) -> None:
        rows, layout, dtype = self.batch_size, stack.layout, stack.dtype
        cells = [strand.cell for strand in stack.strands]
        self._rings = {
            name: torch.zeros(len(at), 2, rows, layout.sizes[name], dtype=dtype) for name, at in layout.rows.items()
        }
        extra = {name: cell.input_sizes().get(name, 1) for cell in cells for name in cell.inputs[1:]}
        size = None if stack.lookup is None else stack.lookup.embedding_dim
        x = torch.zeros(rows, dtype=torch.int64) if size else torch.zeros(rows, stack.input_size(), dtype=dtype)
        self._inputs = {"x": x, **{name: torch.zeros(rows, n, dtype=dtype) for name, n in extra.items()}}
        self._looked_up = torch.zeros(rows, size, dtype=dtype) if size else x
        self._joints = self._make_joints(stack, cells)
        last = self._joints[-1][0]
        last = self._rings[cells[-1].state[0]][-1] if last is None else last
        self._front = _ring(stack.front, self._looked_up, stack.core.input_size)
        self._head = _ring(stack.head, last[1], None)
        self._output = (last if self._head is None else self._head)[1]
        self.inputs: dict[str, Array] = {name: value.numpy() for name, value in self._inputs.items()}
        self.input = self.inputs["x"]
        self._shape, self._dtype = self.input.shape, self.input.dtype
        self.output: Array = self._output.numpy()
        self.state: dict[str, Array] = {name: ring[:, 0].numpy() for name, ring in self._rings.items()}
        self._start = _start_of(stack)
        self.reset()

    def _make_joints(self, stack: Stack, cells: Sequence[Any]) -> list[tuple[Tensor | None, Tensor | None]]:
        """Memory ``(2, B, n)`` for what layers hand up where that is not a state, and for what the next reads."""
        between, joints, size = stack.between, [], stack.core.input_size
        zeros = partial(torch.zeros, dtype=stack.dtype)
        for layer, cell in enumerate(cells):
            given, ring, join = stack.layout.sizes[cell.state[0]], None, None
            if between.get("connections"):
                given = between["connections"][layer].output_size
                ring = zeros(2, self.batch_size, given)
            if between.get("dense") and layer + 1 < len(cells):
                size += given
                join = zeros(2, self.batch_size, size)
            joints.append((ring, join))
        return joints

    def _parts(self, stack: Stack) -> list[tuple[Part, dict[str, Tensor]]]:
        """What is compiled, in order, each with its parameters by name."""
        parts = []
        x = self._looked_up
        if self._front is not None:
            parts.append(_rows_part(stack.front, x, self._front))
            x = self._front[1]
        count = dict.fromkeys(self._rings, 0)
        for layer, (cell, parameters, _) in enumerate(stack.strands):
            rings = []
            for name in cell.state:
                rings.append(self._rings[name][count[name]])
                count[name] += 1
            inputs = [x, *(self._inputs[name] for name in cell.inputs[1:])]
            parts.append(_part(Strand(cell, parameters), inputs, rings, True))
            y = rings[0][1]
            handed, joined = self._joints[layer]
            if handed is not None:
                parts.append(_made_part(ConnectionStep(stack.between["connections"][layer]), [x, y], handed))
                y = handed[1]
            if joined is not None:
                parts.append(_made_part(JoinStep(x.shape[1], y.shape[1]), [x, y], joined))
                y = joined[1]
            x = y
        if self._head is not None:
            parts.append(_rows_part(stack.head, x, self._head))
        return parts

    def _compile(self, stack: Stack) -> None:
        if self.weights != "float32" and stack.dtype != torch.float32:
            raise InputError(f"weights={self.weights!r} is for float32 networks, this one is {stack.dtype}")
        parts = self._parts(stack)
        lookup = None
        if stack.lookup is not None:
            self._table = stack.lookup.weight.detach().to(stack.dtype).contiguous()
            lookup = (self._inputs["x"], self._table, self._looked_up)
        program = StepProgram(
            [part for part, _ in parts],
            [[given[name] for name in part.step.parameters] for part, given in parts],
            stack.dtype,
            self.weights,
            lookup,
        )
        self._program, self.source, self.backend = program, program.source, "c"
        self._run = partial(program.function, ctypes.byref(program.table))

    # -- the slow way, and mistakes --

    @torch.no_grad()
    def _step_in_torch(self) -> None:
        stack = self._stack
        x = self._inputs["x"]
        if stack.lookup is not None:
            if not ((x >= 0) & (x < stack.lookup.num_embeddings)).all():
                self._refuse_row()
            x = stack.lookup(x)
        for module in stack.front:
            x = module(x)
        states = stack.layout.split([ring[:, 0] for ring in self._rings.values()])
        x, finals = walk_layers(stack.strands, x, states, extra_inputs=self._inputs, walk=step_once, **stack.between)
        for ring, value in zip(self._rings.values(), stack.layout.join(finals)):
            ring.copy_(value.unsqueeze(1))
        for module in stack.head:
            x = module(x)
        self._output.copy_(x)

    def _put(self, name: str, value: ArrayLike | Tensor) -> None:
        if name not in self.inputs:
            raise InputError(f"unknown input {name!r}: the network reads {', '.join(self.inputs)}")
        buffer, given = self.inputs[name], value if type(value) is numpy.ndarray else _array(value)
        if given.shape != buffer.shape:
            if [n for n in given.shape if n > 1] != [n for n in buffer.shape if n > 1]:
                raise ShapeError(f"{name} must have shape {buffer.shape}, got {given.shape}")
            given = given.reshape(buffer.shape)
        if given.dtype == buffer.dtype:
            buffer[...] = given
            return
        try:
            numpy.copyto(buffer, given, casting="same_kind")
        except TypeError:
            raise InputError(f"{name} must hold numbers of kind {buffer.dtype}, got {given.dtype}") from None

    def _refuse_row(self) -> None:
        assert self._stack.lookup is not None
        raise InputError(
            f"the embedding has rows 0 to {self._stack.lookup.num_embeddings - 1}, got {self.input.tolist()}"
        )


def _start_of(stack: Stack) -> dict[str, Array]:
    return {name: value.numpy() for name, value in stack.start().items()}


def _array(value: ArrayLike | Tensor) -> Array:
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else numpy.asarray(value)


@torch.no_grad()
def _ring(modules: Sequence[nn.Module], x: Tensor, expected: int | None) -> Tensor | None:
    """Memory ``(2, B, n)`` for what modules make of ``x``; None for no modules."""
    if not modules:
        size = x.shape[1]
    else:
        try:
            y = nn.Sequential(*modules)(x)
        except RuntimeError as error:
            raise ShapeError(f"{type(modules[0]).__name__} cannot read {tuple(x.shape)}: {error}") from error
        if not isinstance(y, Tensor) or y.dim() != 2 or len(y) != len(x):
            raise ShapeError(f"modules before and behind the core must give (B, n), got {getattr(y, 'shape', type(y))}")
        size = y.shape[1]
    if expected is not None and size != expected:
        raise ShapeError(f"the recurrent part reads {expected} features, what stands before it gives {size}")
    return x.new_zeros(2, len(x), size) if modules else None


def _rows_part(modules: Sequence[nn.Module], x: Tensor, ring: Tensor) -> tuple[Part, dict[str, Tensor]]:
    return _made_part(Rows(modules, x.shape[1], ring.shape[2]), [x], ring)


def _made_part(cell: Cell, inputs: Sequence[Tensor], ring: Tensor) -> tuple[Part, dict[str, Tensor]]:
    """A part whose state is what it gives and not what it remembers."""
    strand = Strand(cell.eval(), {**dict(cell.named_parameters()), **dict(cell.named_buffers())})
    return _part(strand, inputs, [ring], False)


def _part(
    strand: Strand, inputs: Sequence[Tensor], rings: Sequence[Tensor], remembers: bool
) -> tuple[Part, dict[str, Tensor]]:
    plan = find_plan(strand.cell, strand.parameters, inputs, [ring[0] for ring in rings], False, False)
    if not isinstance(plan, Plan):
        raise UncompilableError(f"{type(strand.cell).__name__}: {plan.reason}")
    return Part(plan.step, inputs, rings, remembers), strand.parameters
