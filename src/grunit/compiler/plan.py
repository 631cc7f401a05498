"""Compiled steps, found again: one plan for all cells of the same structure, shapes and dtypes."""

from __future__ import annotations

import threading
import warnings
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.fx import Node

from grunit.compiler.c_backend import BuildError, CProgram
from grunit.compiler.eager import call_step
from grunit.compiler.fingerprint import fingerprint
from grunit.compiler.precision import lower_products
from grunit.compiler.program import Schedule, StepGraph
from grunit.compiler.scan import ScanProgram, can_scan
from grunit.compiler.schedule import schedule
from grunit.compiler.select import chosen_backend
from grunit.compiler.simplify import ancestors, dependence, simplify
from grunit.compiler.torch_backend import TorchProgram
from grunit.compiler.trace import UncompilableError, trace
from grunit.errors import CompileWarning, InputError

Program: TypeAlias = "TorchProgram | CProgram"


class Plan:
    """A traced step and the programs made from it, one for each set of gradients that was asked for."""

    def __init__(self, step: StepGraph, device: torch.device):
        self.step, self.device = step, device
        used = ancestors(step.new_states.values())
        read = {**step.parameters, **step.inputs, **step.states}
        self.unused = frozenset(name for name, node in read.items() if node not in used)
        """Names of what no new state is made of: they get no gradient, as from autograd."""
        self._programs: dict[Any, Program] = {}
        self._lock = threading.RLock()
        self.no_c: str | None = None
        """Why the C backend cannot run this step, if it was tried and cannot."""

    def program(self, wanted: frozenset[str] | None, training: bool, backend: str | None = None) -> Program:
        """The program that computes the gradients named.

        Args:
            wanted: names of parameters and inputs; None for all.
            training: False for the forward alone.
            backend: see :func:`grunit.backend`; default: the one chosen here.
        """
        backend = backend or chosen_backend()
        key = (wanted, training, backend)
        program = self._programs.get(key)
        if program is None:
            with self._lock:
                program = self._programs[key] = self._make(wanted, training, backend)
        return program

    def _make(self, wanted: frozenset[str] | None, training: bool, backend: str) -> Program:
        order = schedule(self.step, wanted if training else ())
        if backend != "torch" and self.no_c is None:
            if self.device.type != "cpu":
                self.no_c = f"the tensors are on {self.device}"
            else:
                try:
                    return CProgram(order, training)
                except UncompilableError as error:
                    self.no_c = str(error)
                except BuildError as error:
                    self.no_c = str(error)
                    _say_no_compiler(self.no_c)
        if backend == "c":
            raise InputError(f"{self.step.cell_name} cannot run on the C backend: {self.no_c}")
        return ScanProgram(order, training) if can_scan(order) else TorchProgram(order, training)

    @property
    def schedule(self) -> Schedule:
        """The schedule with all gradients."""
        return self.program(None, True, "torch").schedule


_said_no_compiler: list[str] = []


def _say_no_compiler(reason: str) -> None:
    if not _said_no_compiler:
        _said_no_compiler.append(reason)
        quiet = "GRUNIT_BACKEND=torch chooses that without this message"
        warnings.warn(
            f"cells run on the torch backend, which is slower: {reason} ({quiet})", CompileWarning, stacklevel=6
        )


class Refusal:
    """A step that cannot be compiled, and why."""

    def __init__(self, reason: str):
        self.reason = reason


_shared: dict[Any, Plan | Refusal] = {}
_owned: weakref.WeakKeyDictionary[nn.Module, dict[Any, Plan | Refusal]] = weakref.WeakKeyDictionary()
_lock = threading.RLock()
_said: set[type] = set()


def find_plan(
    cell: Any,
    parameters: dict[str, Tensor],
    inputs: Sequence[Tensor],
    states: Sequence[Tensor],
    masked: bool,
    resettable: bool,
    products: torch.dtype | None = None,
) -> Plan | Refusal:
    """The plan for a cell and tensors of these sizes and dtypes; traced on first use, then shared.

    Args:
        cell, parameters: see :func:`grunit.compiler.run`.
        inputs: ``(..., size)``; states: ``(B, size)``; only sizes, dtypes and devices matter.
        masked, resettable: whether the sequence has lengths, resets.
        products: dtype that factors of matrix products are rounded to (autocast); None to leave them.
    """
    tensors = (
        tuple((name, p.shape, p.dtype) for name, p in parameters.items()),
        tuple((value.shape[-1], value.dtype) for value in (*inputs, *states)),
        inputs[0].device,
        masked,
        resettable,
        products,
    )
    structure, shareable = fingerprint(cell)
    plans, key = _shared if shareable else _owned.setdefault(cell, {}), (structure, tensors)
    plan = plans.get(key)
    if plan is None:
        with _lock:
            plan = plans.get(key)
            if plan is None:
                plan = plans[key] = _make_plan(cell, parameters, inputs, states, masked, resettable, products)
    if isinstance(plan, Refusal) and type(cell) not in _said:
        _said.add(type(cell))
        warnings.warn(
            f"{type(cell).__name__} runs as a plain Python loop, which is slow: {plan.reason}",
            CompileWarning,
            stacklevel=4,
        )
    return plan


def _make_plan(
    cell: Any,
    parameters: dict[str, Tensor],
    inputs: Sequence[Tensor],
    states: Sequence[Tensor],
    masked: bool,
    resettable: bool,
    products: torch.dtype | None,
) -> Plan | Refusal:
    first = [value.detach().reshape(-1, value.shape[-1])[: len(states[0])] for value in inputs]
    try:
        step = trace(cell, parameters, first, states, masked=masked, resettable=resettable)
        if gathers_rows(step) or mixes_rows(cell, parameters, first, states):
            raise UncompilableError("step mixes the rows of a batch")
        simplify(step.graph, set(step.states.values()), set(step.cotangents.values()))
        if products is not None:
            lower_products(step.graph, products)
        step = _refresh(step)
        plan = Plan(step, inputs[0].device)
        plan.program(None, True, "torch")
    except UncompilableError as error:
        random = error.__cause__ is not None and _draws_numbers(cell, parameters, first, states)
        return Refusal("step draws random numbers" if random else str(error))
    return plan


@torch.no_grad()
def _draws_numbers(
    cell: Any, parameters: dict[str, Tensor], inputs: Sequence[Tensor], states: Sequence[Tensor]
) -> bool:
    """Whether a step that could not be traced moves the random generator.

    It calls the step on real numbers, so a mistake in it is reported as it is, with a traceback into the step.
    """
    weights = {name: value.detach().clone() for name, value in parameters.items()}
    with torch.random.fork_rng(devices=[]):
        before = torch.get_rng_state()
        call_step(cell, weights, inputs, [state.detach() for state in states])
        return not torch.equal(before, torch.get_rng_state())


def _refresh(step: StepGraph) -> StepGraph:
    """The same step after a rewrite: outputs are read anew from the graph."""
    (output,) = [node for node in step.graph.nodes if node.op == "output"]
    results = iter(output.args[0])
    return replace(
        step,
        new_states={name: next(results) for name in step.new_states},
        gradients={name: next(results) for name in step.gradients},
        gates={name: next(results) for name in step.gates},
    )


def gathers_rows(step: StepGraph) -> bool:
    """Whether the new states read a value that is made of several rows: a mean over them, or the first of them."""
    rows = {*step.inputs.values(), *step.states.values()}
    made_of_rows = dependence(step.graph, rows) & ancestors(step.new_states.values())

    def row_axes(node: Node) -> int | None:
        shape = getattr(node.meta.get("val"), "shape", None)
        return None if shape is None else sum(not isinstance(size, int) for size in shape)

    return any(row_axes(node) not in (None, 1) for node in made_of_rows)


@torch.no_grad()
def mixes_rows(cell: Any, parameters: dict[str, Tensor], inputs: Sequence[Tensor], states: Sequence[Tensor]) -> bool:
    """Whether a row's result depends on the other rows: asked of the step itself, with three rows of noise."""
    generator = torch.Generator().manual_seed(0)

    def noise(value: Tensor) -> Tensor:
        if not value.is_floating_point():
            return torch.zeros(3, value.shape[-1], dtype=value.dtype, device=value.device)
        return torch.rand(3, value.shape[-1], generator=generator).to(value)

    xs, hs = [noise(v) for v in inputs], [noise(v) for v in states]
    own = {name: value.detach() for name, value in parameters.items()}
    # A parameter that is zero now may hide what it lets through later.
    other = {
        name: torch.rand(value.shape, generator=generator).to(value) if value.is_floating_point() else value
        for name, value in own.items()
    }
    return any(_mixes_rows(cell, weights, xs, hs) for weights in (own, other))


def _mixes_rows(cell: Any, weights: dict[str, Tensor], xs: Sequence[Tensor], hs: Sequence[Tensor]) -> bool:
    together = call_step(cell, weights, xs, hs)
    for row in range(3):
        try:
            alone = call_step(cell, weights, [x[row : row + 1] for x in xs], [h[row : row + 1] for h in hs])
        except (RuntimeError, ValueError):
            return True  # it runs on three rows and not on one
        for a, b in zip(together, alone):
            if not torch.allclose(a[row : row + 1].double(), b.double(), rtol=1e-2, atol=1e-3, equal_nan=True):
                return True
    return False
