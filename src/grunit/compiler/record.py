"""A step written down while plain autograd runs it on tensors without memory: the quick way to its graph.

For the number of rows stands a number so large that no other size comes near it; what a size owes to it can be read
off. What is not known here is left to ``symbolic.py``, which knows nearly everything and takes ten times as long.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Graph, Node
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from grunit.compiler.eager import guarded_step
from grunit.compiler.record_ops import IN_PLACE, LEAVES, REWRITES, SAME, SIZED
from grunit.compiler.record_shapes import result_of
from grunit.compiler.values import ROWS, Rows, Size, Value
from grunit.gates import record_gates

aten = torch.ops.aten

MANY = 73_518_264_917
"""The number of rows: beyond every other size, and no number that anybody would write."""
LARGEST = 2**30
"""Numbers from here on may owe something to the number of rows."""
TO_THE_END = 2**63 - 1
"""How a slice without an end ends."""
DTYPES = {torch.float32, torch.float64, torch.bool, torch.int64, torch.int32}


class UnknownError(Exception):
    """The step does something that is not known here."""


def size_of(number: int) -> Size:
    """A size as a formula of the number of rows.

    >>> size_of(3 * MANY - 1), size_of(12)
    (3*B - 1, 12)
    """
    times = (number + MANY // 2) // MANY
    more = number - times * MANY
    if not 0 <= times < LARGEST or abs(more) >= (2**20 if times else LARGEST):
        raise UnknownError(f"the size {number}")
    return Rows(times, more) if times else more


class _Asked(torch.SymInt):
    """A size with rows in it, as a step that asks for it gets it: it can be passed on, and hardly anything else."""

    def __init__(self, size: Rows):
        self.size = size

    def number(self) -> int:
        """What stands for it while the step is written down."""
        return self.size.times * MANY + self.size.more

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _Asked) and other.size.times == self.size.times:
            return self.size.more == other.size.more
        raise UnknownError("a comparison of the number of rows")

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.size)

    def __mul__(self, other: Any) -> Any:
        return _asked(self.number() * _whole(other))

    def __add__(self, other: Any) -> Any:
        return _asked(self.number() + (other.number() if isinstance(other, _Asked) else _whole(other)))

    __rmul__, __radd__ = __mul__, __add__


def _whole(number: Any) -> int:
    if type(number) is not int:
        raise UnknownError("arithmetic with the number of rows")
    return number


def _asked(number: int) -> Any:
    size = size_of(number)
    return _Asked(size) if isinstance(size, Rows) else size


class _Questions(TorchFunctionMode):
    """Answers what a step asks about its tensors as if they were real ones of any number of rows."""

    PLAIN = frozenset(
        ("shape", "size", "dim", "ndim", "ndimension", "dtype", "requires_grad", "is_floating_point", "is_complex")
    )

    def __init__(self, device: torch.device):
        super().__init__()
        self.device = device

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*_in_numbers(args), **_in_numbers(kwargs or {}))
        if isinstance(result, Tensor) or result is None:
            return result
        if isinstance(result, (tuple, list)) and all(isinstance(each, Tensor) for each in result):
            return result
        name = getattr(func, "__name__", "")
        name = func.__self__.__name__ if name == "__get__" else name
        if name == "device":
            return self.device
        if name in self.PLAIN:
            return tuple(_asked(each) for each in result) if isinstance(result, torch.Size) else _plain(result)
        raise UnknownError(f"a question about a tensor: {name}")


def _plain(answer: Any) -> Any:
    return _asked(answer) if type(answer) is int else answer


def _in_numbers(value: Any) -> Any:
    if isinstance(value, _Asked):
        return value.number()
    if type(value) in (tuple, list):
        return type(value)(_in_numbers(each) for each in value)
    if type(value) is dict:
        return {key: _in_numbers(each) for key, each in value.items()}
    return value


class _Recorder(TorchDispatchMode):
    """Writes every operation that reaches the tensors into a graph."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # what skips it loads it first, and that takes a second

    def __init__(self, device: torch.device):
        super().__init__()
        self.device, self.questions = device, _Questions(device)
        self.graph = Graph()
        self.graph.owning_module = nn.Module()  # type: ignore[assignment]
        self.nodes: dict[int, tuple[Tensor, Node]] = {}  # by the id of a tensor, which is kept so that it stays its
        self.sizes: dict[Rows, Node] = {}
        self.rows_of: Node | None = None

    def leaf(self, name: str, value: Tensor, rows: bool) -> Tensor:
        """A stand-in for a tensor of the step, and a placeholder for it; ``value`` is one row where it has rows."""
        if value.dtype not in DTYPES or value.layout != torch.strided or max(value.shape, default=0) >= LARGEST:
            raise UnknownError(f"a tensor like {name}")
        shape = (MANY, *value.shape[1:]) if rows else tuple(value.shape)
        made = torch.empty(shape, dtype=value.dtype, device="meta")
        node = self.graph.placeholder(name)
        self._keep(made, node)
        if rows and self.rows_of is None:
            self.rows_of = node
        return made

    def node(self, value: Any) -> Node:
        """The node of a tensor."""
        try:
            return self.nodes[id(value)][1]
        except KeyError:
            raise UnknownError("a tensor from elsewhere") from None

    def _keep(self, value: Tensor, node: Node) -> None:
        if value.dtype not in DTYPES or value.layout != torch.strided:
            raise UnknownError(f"a value of {value.dtype}")
        self.nodes[id(value)] = value, node
        node.meta["val"] = Value(tuple(size_of(size) for size in value.shape), value.dtype, self.device)

    def _size(self, size: Rows) -> Node:
        if size not in self.sizes:
            if size == ROWS:
                node = self.graph.call_function(aten.sym_size.int, (self.rows_of, 0))
            elif size.more:
                less = self._size(Rows(size.times)) if size.times != 1 else self._size(ROWS)
                node = self.graph.call_function(operator.add, (less, size.more))
            else:
                node = self.graph.call_function(operator.mul, (self._size(ROWS), size.times))
            node.meta["val"] = size
            self.sizes[size] = node
        return self.sizes[size]

    def _argument(self, value: Any, sized: bool) -> Any:
        if isinstance(value, Tensor):
            return self.node(value)
        if isinstance(value, (tuple, list)):
            return [self._argument(each, sized) for each in value]
        if type(value) is int and value != TO_THE_END:
            size = size_of(value)
            if isinstance(size, Rows) and not sized:
                raise UnknownError("arithmetic with the number of rows")
            return self._size(size) if isinstance(size, Rows) else size
        if type(value) is float and (LARGEST <= abs(value) < float("inf") or 0 < abs(value) < 1 / LARGEST):
            raise UnknownError("a number that may have been made of the number of rows")
        if isinstance(value, torch.device):
            if value.type != "meta":
                raise UnknownError("a device")
            return self.device
        return value

    def _change(self, func: Any, args: Any, kwargs: Any) -> Tensor:
        """A change in place: from here on the tensor stands for the new value, if nothing else shares its memory."""
        target = args[0]
        memory = target.untyped_storage()._cdata
        shared = sum(value.untyped_storage()._cdata == memory for value, _ in self.nodes.values())
        if self.node(target).op == "placeholder" or shared > 1:
            raise UnknownError(f"the operation {func} on a shared tensor")
        with self:
            made = IN_PLACE[func](*args, **kwargs)
        if made.shape != target.shape or made.dtype != target.dtype:
            raise UnknownError(f"the operation {func} into another shape")
        self.nodes[id(target)] = target, self.node(made)
        return target

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in SAME:
            result = func(*args, **kwargs)
            self.nodes[id(result)] = result, self.node(args[0])
            return result
        if func in IN_PLACE:
            return self._change(func, args, kwargs)
        rewrite = REWRITES.get(func)
        if rewrite is not None:
            with self, self.questions:
                result = rewrite(*args, **kwargs)
            if result is not NotImplemented:
                return result
        if func not in LEAVES:
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
            raise UnknownError(f"the operation {func}")
        sized = func in SIZED
        noted = tuple(self._argument(value, sized) for value in args)
        more = {key: self._argument(value, sized) for key, value in kwargs.items()}
        result = result_of(func, args, kwargs)
        node = self.graph.create_node("call_function", func, noted, more, name=func.overloadpacket.__name__)
        self._keep(result, node)
        return result


def record(
    cell: Any,
    parameters: dict[str, Tensor],
    inputs: Sequence[Tensor],
    states: Sequence[Tensor],
    masks: Sequence[str],
) -> tuple[Graph, list[str], list[str]]:
    """The joint graph of one step and its pullback, and the names of its gradients and of its gates.

    Args:
        cell, parameters, inputs, states: see :func:`grunit.compiler.trace.trace`.
        masks: of ``"valid"`` and ``"reset"`` those that the step is given.

    Raises:
        Exception: of any kind; something in the step is not known here, or wrong.
    """
    names = [*parameters, *cell.inputs, *cell.state]
    if len(set(names)) < len(names) or torch._C._autograd._top_saved_tensors_default_hooks(True) is not None:
        raise UnknownError("names or hooks")
    if torch.jit._state._python_cu.get_functions():  # type: ignore[func-returns-value]
        raise UnknownError("functions in TorchScript, which ask for the number of rows unnoticed")
    (device,) = {value.device for value in (*parameters.values(), *inputs, *states)}
    recorder = _Recorder(device)
    with torch.inference_mode(False):
        column = torch.empty(1, 1, dtype=torch.bool, device="meta")
        counter = iter(range(1, 10**6))

        def leaves(values: Sequence[Tensor], rows: bool = True) -> list[Tensor]:
            return [recorder.leaf(f"flat_{next(counter)}", value, rows) for value in values]

        weights, xs = leaves(list(parameters.values()), rows=False), leaves(inputs)
        guards = dict(zip(masks, leaves([column for _ in masks])))
        before, cotangents = leaves(states), leaves(states)
        primals = dict(zip(names, (*weights, *xs, *before)))
        floats = {name: value.requires_grad_() for name, value in primals.items() if value.is_floating_point()}
        autocast = torch.autocast(device.type, enabled=False) if device.type != "meta" else nullcontext()
        with autocast, torch.enable_grad(), recorder:
            with recorder.questions, record_gates() as gates:
                new = guarded_step(
                    cell, dict(zip(parameters, weights)), xs, before, guards.get("valid"), guards.get("reset")
                )
            if [(value.shape, value.dtype) for value in new] != [(value.shape, value.dtype) for value in before]:
                raise UnknownError("new states unlike the old")
            reached = [(value, arriving) for value, arriving in zip(new, cotangents) if value.requires_grad]
            found: Sequence[Tensor | None] = [None] * len(floats)
            if reached:
                values, arriving = zip(*reached)
                # As torch.autograd.grad does, which loads sympy to compare shapes.
                found = torch.autograd.Variable._execution_engine.run_backward(
                    values, arriving, False, False, tuple(floats.values()), True, accumulate_grad=False
                )
            pulled = [torch.zeros_like(v) if g is None else g for g, v in zip(found, floats.values())]
    results = [recorder.node(value) for value in (*new, *pulled, *gates.values())]
    recorder.graph.output(results)
    return recorder.graph, list(floats), list(gates)
