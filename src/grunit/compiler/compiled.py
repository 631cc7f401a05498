"""``grunit.compile``: look at what a cell becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch

from grunit.compiler.c_backend import CProgram
from grunit.compiler.plan import Plan, find_plan
from grunit.compiler.program import Schedule
from grunit.compiler.select import chosen_backend
from grunit.errors import InputError


@dataclass(frozen=True)
class Compiled:
    """What a cell's equations became.

    Attributes:
        schedule: when each value is computed; print it. None if the step cannot be compiled.
        source: the generated code.
        backend: which backend runs the cell here: ``"c"``, ``"torch"``, or ``"eager"`` for the plain loop.
        reason: why that one.
    """

    schedule: Schedule | None
    source: str
    backend: str
    reason: str

    def __str__(self) -> str:
        return str(self.schedule) if self.schedule else f"not compiled: {self.reason}"


def compile(cell: Any) -> Compiled:
    """Compile a cell and show the result. Layers do this by themselves; this is for looking.

    Args:
        cell: an instance of a :class:`grunit.Cell`.

    Raises:
        InputError: not a cell, or one that does not know its sizes.

    >>> from grunit.cells import GRU
    >>> from grunit.compiler.select import backend
    >>> with backend("torch"):
    ...     compiled = compile(GRU(3, 8))
    >>> compiled.schedule.kind, compiled.backend, compiled.reason
    ('dense', 'torch', 'the torch backend was asked for')
    """
    if not (isinstance(cell, torch.nn.Module) and hasattr(cell, "step") and hasattr(cell, "state")):
        raise InputError(f"cannot compile {cell!r}: give an instance of a grunit.Cell, for example cells.GRU(3, 8)")
    cell = cast("Any", cell)
    if cell.input_size is None or cell.hidden_size is None:
        kind = type(cell).__name__
        raise InputError(f"{kind} does not know its sizes: call super().__init__(input_size, hidden_size) in it")
    parameters = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}
    some = next((p for p in parameters.values() if p.is_floating_point()), torch.empty(0))
    sizes = {"x": cell.input_size, **cell.input_sizes()}
    inputs = [some.new_zeros(1, sizes.get(name, 1)) for name in cell.inputs]
    states = [some.new_zeros(1, cell.state_sizes().get(name, cell.hidden_size)) for name in cell.state]
    plan = find_plan(cell, parameters, inputs, states, False, False)
    if not isinstance(plan, Plan):
        return Compiled(None, "", "eager", plan.reason)
    program = plan.program(None, True)
    if isinstance(program, CProgram):
        return Compiled(program.schedule, program.source, "c", "the fastest that can run this cell here")
    reason = plan.no_c if chosen_backend() != "torch" else None
    return Compiled(program.schedule, program.source, "torch", reason or "the torch backend was asked for")
