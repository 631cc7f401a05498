"""A step traced by PyTorch on tensors with a symbol for the number of rows: slow, and at home everywhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functionalize
from torch.fx import Graph, Node

from grunit.compiler.decompose import CONVOLUTIONS, decompositions
from grunit.compiler.eager import guarded_step
from grunit.compiler.values import Rows, Size, Value
from grunit.errors import InputError, ShapeError
from grunit.gates import record_gates


class UncompilableError(Exception):
    """Why a step cannot be compiled, in words."""


class _ShapesOnly(FakeTensorMode):
    """Tensors of shapes alone, on which a convolution does not ask for the number of rows.

    PyTorch asks it to choose a library for the convolution, as in ``rows >= 16``; what is computed is the same either
    way, so the answer is no branch of the step.
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        environment = self.shape_env if func in CONVOLUTIONS else None
        with nullcontext() if environment is None else environment.suppress_guards():
            return super().__torch_dispatch__(func, types, args, kwargs or {})


def _fake(mode: FakeTensorMode, value: Tensor, rows: bool) -> Tensor:
    from torch.fx.experimental.symbolic_shapes import DimDynamic, StatelessSymbolicContext

    if not rows:
        return mode.from_tensor(value.detach(), static_shapes=True)
    dynamic = [DimDynamic.DYNAMIC] + [DimDynamic.STATIC] * (value.dim() - 1)
    return mode.from_tensor(value.detach(), symbolic_context=StatelessSymbolicContext(dynamic_sizes=dynamic))


def trace_symbolically(
    cell: Any,
    parameters: dict[str, Tensor],
    inputs: Sequence[Tensor],
    states: Sequence[Tensor],
    names: Sequence[str],
) -> tuple[Graph, list[str], list[str]]:
    """The joint graph of one step and its pullback, and the names of its gradients and of its gates.

    Args:
        cell, parameters, inputs, states: see :func:`grunit.compiler.trace.trace`.
        names: of ``"valid"`` and ``"reset"`` those that the step is given.

    Raises:
        UncompilableError: see :func:`grunit.compiler.trace.trace`.
    """
    # These load sympy, half a second that only the first compilation of a process shall pay.
    from torch.fx.experimental.proxy_tensor import make_fx
    from torch.fx.experimental.symbolic_shapes import ShapeEnv

    mode = _ShapesOnly(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    fake_parameters = [_fake(mode, value, rows=False) for value in parameters.values()]
    # One fake tensor makes the symbol B; the others are made from it, so that all rows are the same symbol.
    first = _fake(mode, torch.empty(7, inputs[0].shape[1], dtype=inputs[0].dtype, device=inputs[0].device), rows=True)
    with mode:
        rows = first.shape[0]

        def like(value: Tensor) -> Tensor:
            return torch.empty(rows, value.shape[1], dtype=value.dtype, device=value.device)

        fake_inputs = [first, *(like(value) for value in inputs[1:])]
        fake_states, cotangents = [like(v) for v in states], [like(v) for v in states]
        column = torch.empty(rows, 1, dtype=torch.bool, device=first.device)
        masks = {name: column.clone() for name in names}

    groups = [fake_parameters, fake_inputs, list(masks.values()), fake_states, cotangents]
    sizes = [len(group) for group in groups]
    layout: dict[str, list[str]] = {}

    def joint(*flat: Tensor) -> list[Tensor]:
        parts, start = [], 0
        for size in sizes:
            parts.append(list(flat[start : start + size]))
            start += size
        weights, values, guards, before, gradients = parts
        primals = {**dict(zip(parameters, weights)), **dict(zip(cell.inputs, values)), **dict(zip(cell.state, before))}
        if len(primals) < len(weights) + len(values) + len(before):
            raise UncompilableError("a parameter, an input and a state share a name")
        floats = {name: value for name, value in primals.items() if value.is_floating_point()}

        def forward(some: dict[str, Tensor]) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
            now = {**primals, **some}
            guard = dict(zip(masks, guards))
            with record_gates() as gates:
                new = guarded_step(
                    cell,
                    {name: now[name] for name in parameters},
                    [now[name] for name in cell.inputs],
                    [now[name] for name in cell.state],
                    guard.get("valid"),
                    guard.get("reset"),
                )
            _check_new_states(cell, new, before)
            return new, dict(gates)

        pulled_back: Any = torch.func.vjp(forward, floats, has_aux=True)
        new, pullback, gates = pulled_back
        (pulled,) = pullback(tuple(gradients))
        layout.update(gradients=list(pulled), gates=list(gates))
        return [*new, *pulled.values(), *gates.values()]

    flat = [value for group in groups for value in group]
    autocast = torch.autocast(first.device.type, enabled=False) if first.device.type != "meta" else nullcontext()
    try:
        with autocast, torch.enable_grad(), _without_torch_log():
            module = make_fx(joint, decomposition_table=decompositions(), tracing_mode="symbolic")(*flat)
            if any(is_mutation(node) for node in module.graph.nodes):
                # In-place arithmetic on intermediates, of the step or of a derivative, becomes ordinary arithmetic.
                functional = functionalize(module, remove="mutations")
                module = make_fx(functional, decomposition_table=decompositions(), tracing_mode="symbolic")(*flat)
    except (UncompilableError, InputError):
        raise
    except Exception as error:
        raise UncompilableError(_reason(error)) from error
    if mode.shape_env is not None and mode.shape_env.guards:
        raise UncompilableError("step branches on the number of rows")
    for node in module.graph.nodes:
        if "val" in node.meta:
            node.meta["val"] = _describe(node.meta["val"])
    return module.graph, layout["gradients"], layout["gates"]


def _describe(value: Any) -> Any:
    """The compiler's own description of what PyTorch found."""
    if isinstance(value, Tensor):
        return Value(tuple(_size(size) for size in value.shape), value.dtype, value.device)
    if isinstance(value, (tuple, list)):
        return tuple(_describe(each) for each in value)
    return _size(value) if isinstance(value, torch.SymInt) else value


def _size(size: int | torch.SymInt) -> Size:
    if isinstance(size, int):
        return size
    formula = size.node.expr
    if formula.is_Integer:
        return int(formula)
    if len(formula.free_symbols) == 1 and formula.is_polynomial():
        (symbol,) = formula.free_symbols
        times, more = formula.coeff(symbol), formula.subs(symbol, 0)
        if formula == times * symbol + more and times.is_Integer and more.is_Integer:
            return Rows(int(times), int(more))
    return Rows(formula=str(formula))


@contextmanager
def _without_torch_log() -> Iterator[None]:
    """Keep torch from logging a step's mistake, which the user is about to see as an exception."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _reason(error: Exception) -> str:
    text = str(error).strip()
    if "data-dependent" in text:
        return "step branches on the values of a tensor"
    return text.splitlines()[0] if text else repr(error)


def is_mutation(node: Node) -> bool:
    """Whether a node changes a tensor in place."""
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


def _check_new_states(cell: Any, new: Sequence[Tensor], before: Sequence[Tensor]) -> None:
    kind = type(cell).__name__
    if not all(isinstance(value, Tensor) for value in new):
        raise InputError(f"step of {kind} must return tensors, it returned {[type(value).__name__ for value in new]}")
    if len(new) != len(before):
        raise InputError(
            f"step of {kind} returned {len(new)} states, the cell names {len(before)}: {', '.join(cell.state)}"
        )
    for name, after, old in zip(cell.state, new, before, strict=True):
        if after.dim() != 2 or after.shape[1] != old.shape[1]:
            came = ", ".join("B" if not isinstance(size, int) else str(size) for size in after.shape)
            raise ShapeError(
                f"step of {kind} was given the state {name!r} as (B, {old.shape[1]}) and returned it as ({came}): "
                "return the same shape, or name another size in state_sizes()"
            )
        if after.dtype != old.dtype:
            raise UncompilableError(f"state {name} went in as {old.dtype} and came out as {after.dtype}")
