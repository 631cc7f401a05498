"""The walk as operators that ``torch.compile`` keeps whole: ``grunit::walk`` and ``grunit::walk_backward``.

A captured graph holds neither the time loop nor the cell, but a key that finds the cell's plan in this process.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from grunit.compiler.plan import Plan, Program, Refusal, find_plan
from grunit.compiler.select import chosen_backend
from grunit.errors import InputError

Result = TypeVar("Result")
Form = tuple[tuple[int, ...], torch.dtype, torch.device]
"""Shape, dtype and device of a tensor."""

_plans: dict[str, tuple[Plan, str]] = {}
_keys: dict[tuple[int, str], str] = {}  # by the id of a plan, which _plans keeps alive, and the backend


def _constant_under_compile(function: Callable[..., Result]) -> Callable[..., Result]:
    """``torch.compiler.assume_constant_result`` without the second that importing ``torch._dynamo`` takes."""
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


@_constant_under_compile
def constants_of(module: nn.Module) -> tuple[tuple[str, Any], ...]:
    """The attributes of a module that are numbers or words, by name."""
    plain = ((name, value) for name, value in vars(module).items() if isinstance(value, (bool, int, float, str)))
    return tuple((name, value) for name, value in plain if value == value)  # NaN equals nothing


def watch_constants(cell: nn.Module) -> None:
    """Let a capture see the attributes that a plan is made for, so that a changed one makes a new capture."""
    for module in cell.modules():
        for name, value in constants_of(module):
            if getattr(module, name) != value:
                raise InputError(f"{name} changed while the cell was captured")


@_constant_under_compile
def plan_key(
    cell: nn.Module,
    names: tuple[str, ...],
    parameters: tuple[Form, ...],
    inputs: tuple[Form, ...],
    states: tuple[Form, ...],
    masked: bool,
    resettable: bool,
    products: torch.dtype | None,
) -> str:
    """What :func:`walk` finds the plan of a cell by; empty where the cell cannot be compiled.

    A capture calls this once with the real cell and takes the answer for a constant. The backend is the one chosen
    at that moment.

    Args:
        cell: whose step to plan.
        names: of the parameters.
        parameters, inputs, states: what their tensors look like; of inputs and states for one row.
        masked, resettable, products: see :func:`grunit.compiler.plan.find_plan`.
    """
    generator = torch.Generator().manual_seed(0)

    def stand_in(form: Form) -> Tensor:
        shape, dtype, device = form
        if not dtype.is_floating_point:
            return torch.zeros(shape, dtype=dtype, device=device)
        return (torch.rand(shape, generator=generator) - 0.5).to(device, dtype)

    def find() -> Plan | Refusal:
        weights, xs, hs = ([stand_in(form) for form in forms] for forms in (parameters, inputs, states))
        return find_plan(cell, dict(zip(names, weights)), xs, hs, masked, resettable, products)

    plan, backend = _apart_from_the_capture(find), chosen_backend()
    if isinstance(plan, Refusal):
        return ""
    if (id(plan), backend) not in _keys:
        # Graphs are cached on disk by what is written in them: no other process may come to the same key.
        key = f"{plan.step.cell_name}-{backend}-{uuid.uuid4().hex}"
        _plans[key] = (plan, backend)
        _keys[id(plan), backend] = key
    return _keys[id(plan), backend]


def _apart_from_the_capture(work: Callable[[], Result]) -> Result:
    """Run on a thread of its own: whatever captures operations, captures those of the calling thread.

    Only the mode that ``torch.export`` records with is one for all threads, and is set aside meanwhile.
    """
    from torch.fx.experimental.proxy_tensor import disable_proxy_modes_tracing  # slow to import

    results: list[Result] = []
    errors: list[BaseException] = []

    def attempt() -> None:
        try:
            with disable_proxy_modes_tracing():
                results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _plan_of(key: str) -> Plan:
    return _look_up(key)[0]


def _program(key: str, wanted: Sequence[str] | None) -> Program:
    plan, backend = _look_up(key)
    return plan.program(None if wanted is None else frozenset(wanted), wanted is not None, backend)


def _look_up(key: str) -> tuple[Plan, str]:
    try:
        return _plans[key]
    except KeyError:
        raise InputError(
            f"the graph holds the recurrent cell {key.partition('-')[0]}, which only the process that captured it "
            "knows: capture it again in this one"
        ) from None


@torch.library.custom_op(
    "grunit::walk",
    mutates_args=(),
    schema="(str key, str[]? wanted, Tensor[] parameters, Tensor[] inputs, Tensor[] masks, Tensor[] states, "
    "bool reverse) -> Tensor[]",
)
def walk(
    key: str,
    wanted: list[str] | None,
    parameters: list[Tensor],
    inputs: list[Tensor],
    masks: list[Tensor],
    states: list[Tensor],
    reverse: bool,
) -> list[Tensor]:
    """Walk a sequence: the output, the final states, and what :func:`walk_backward` needs.

    Args:
        key: see :func:`plan_key`.
        wanted: the parameters and inputs whose gradients will be asked for; None where no backward follows.
        parameters, inputs, masks, states, reverse: see :meth:`grunit.compiler.torch_backend.TorchProgram.forward`.
    """
    program = _program(key, wanted)
    with _plainly(inputs[0]):
        output, final, saved = program.forward(parameters, inputs, masks, states, reverse)
        return _own_memory([output, *final, *saved], [*parameters, *inputs, *masks, *states])


@walk.register_fake
def _(
    key: str,
    wanted: list[str] | None,
    parameters: list[Tensor],
    inputs: list[Tensor],
    masks: list[Tensor],
    states: list[Tensor],
    reverse: bool,
) -> list[Tensor]:
    length, rows = inputs[0].shape[:2]
    output = states[0].new_empty((length, rows, states[0].shape[1]))
    saved = () if wanted is None else _apart_from_the_capture(lambda: _program(key, wanted)).saved
    values = [node.meta["val"] for node in saved]
    return [
        output,
        *(state.new_empty(state.shape) for state in states),
        *(states[0].new_empty((length, rows, *value.shape[1:]), dtype=value.dtype) for value in values),
    ]


@torch.library.custom_op(
    "grunit::walk_backward",
    mutates_args=(),
    schema="(str key, str[] wanted, Tensor[] parameters, Tensor[] inputs, Tensor[] masks, Tensor[] saved, "
    "Tensor? grad_output, Tensor[] grad_states, bool reverse) -> Tensor[]",
)
def walk_backward(
    key: str,
    wanted: list[str],
    parameters: list[Tensor],
    inputs: list[Tensor],
    masks: list[Tensor],
    saved: list[Tensor],
    grad_output: Tensor | None,
    grad_states: list[Tensor],
    reverse: bool,
) -> list[Tensor]:
    """Walk back: the gradients of what is ``wanted`` in that order, then those of the start states."""
    program = _program(key, wanted)
    with _plainly(inputs[0]):
        gradients, first = program.backward(parameters, inputs, masks, saved, grad_output, grad_states, reverse)
        given = [*parameters, *inputs, *masks, *saved, *grad_states]
        given += [] if grad_output is None else [grad_output]
        return _own_memory([*(gradients[name] for name in wanted), *first], given)


@walk_backward.register_fake
def _(
    key: str,
    wanted: list[str],
    parameters: list[Tensor],
    inputs: list[Tensor],
    masks: list[Tensor],
    saved: list[Tensor],
    grad_output: Tensor | None,
    grad_states: list[Tensor],
    reverse: bool,
) -> list[Tensor]:
    step = _plan_of(key).step
    named = dict(zip((*step.parameters, *step.inputs), (*parameters, *inputs)))
    return [value.new_empty(value.shape) for value in (*(named[name] for name in wanted), *grad_states)]


def _remember(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    key, wanted, parameters, values, masks, states, reverse = inputs
    saved = output[1 + len(states) :]
    ctx.key, ctx.wanted, ctx.reverse = key, wanted, reverse
    ctx.counts = [len(parameters), len(values), len(masks), len(states), len(saved)]
    ctx.save_for_backward(*parameters, *values, *masks, *states, *saved)
    ctx.set_materialize_grads(False)


def _pull_back(ctx: Any, grads: list[Tensor | None]) -> tuple[Any, ...]:
    tensors = iter(ctx.saved_tensors)
    parameters, inputs, masks, states, saved = (list(islice(tensors, count)) for count in ctx.counts)
    step, unused = _plan_of(ctx.key).step, _plan_of(ctx.key).unused
    arriving = [torch.zeros_like(s) if g is None else g for g, s in zip(grads[1 : 1 + len(states)], states)]
    found = iter(walk_backward(ctx.key, ctx.wanted, parameters, inputs, masks, saved, grads[0], arriving, ctx.reverse))
    gradients = {name: next(found) for name in ctx.wanted}
    first = list(found)
    for name in unused:
        gradients.pop(name, None)
    return (
        None,
        None,
        [gradients.get(name) for name in step.parameters],
        [gradients.get(name) for name in step.inputs],
        [None] * len(masks),
        first,
        None,
    )


walk.register_autograd(_pull_back, setup_context=_remember)


def walk_by_key(
    key: str,
    names: Sequence[str],
    parameters: Sequence[Tensor],
    inputs: Sequence[Tensor],
    masks: Sequence[Tensor],
    states: Sequence[Tensor],
    reverse: bool,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Output and final states through :func:`walk`; ``names`` are those of parameters and inputs."""
    wanted = None
    if torch.is_grad_enabled() and any(value.requires_grad for value in (*parameters, *inputs, *states)):
        wanted = [name for name, value in zip(names, (*parameters, *inputs)) if value.requires_grad]
    results = walk(key, wanted, list(parameters), list(inputs), list(masks), list(states), reverse)
    return results[0], tuple(results[1 : 1 + len(states)])


@contextmanager
def _plainly(like: Tensor) -> Iterator[None]:
    """No autograd and no autocast, whatever the graph runs under."""
    with torch.no_grad(), torch.autocast(like.device.type, enabled=False):
        yield


def _own_memory(results: Sequence[Tensor], given: Sequence[Tensor]) -> list[Tensor]:
    """The results in order and in memory of their own, as an operator must return them."""
    taken = {value.untyped_storage().data_ptr() for value in given}

    def settle() -> Iterator[Tensor]:
        for value in results:
            value = value.contiguous()
            if value.storage_offset() or value.untyped_storage().data_ptr() in taken:
                value = value.clone(memory_format=torch.contiguous_format)
            taken.add(value.untyped_storage().data_ptr())
            yield value

    return list(settle())
