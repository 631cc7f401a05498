"""A network of a stream as lists of operations in C, on buffers that were made once."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.fx import Node

from grunit.compiler.c_build import build
from grunit.compiler.c_emit import Walk
from grunit.compiler.c_loops import constant_of
from grunit.compiler.c_views import has_rows
from grunit.compiler.plan import Plan, find_plan
from grunit.compiler.trace import UncompilableError
from grunit.online.walks import LayerWalks

if TYPE_CHECKING:
    from grunit.online.network import Network

Array = NDArray[Any]
LEARNING = Path(__file__).with_name("learning.h")
KINDS = ("PACK", "CALL", "ZERO", "COPY", "OUTER", "ADD", "LINEAR", "LINEAR_BACK")
WORDS = 10
"""Numbers an operation takes, as in learning.h."""


class Layer:
    """One layer bound to memory: the window's histories, what its gradient is made of, its packed matrices."""

    def __init__(self, walks: LayerWalks, values: Sequence[Tensor], x: Tensor, most: int, ones: Tensor):
        self.walks, self.x, self.ones = walks, x, ones
        new = lambda *shape: torch.zeros(shape, dtype=walks.dtype)  # noqa: E731
        step = walks.step
        self.sizes = {name: walks.size(node) for name, node in step.states.items()}
        self.history = {name: new(most + 1, size) for name, size in self.sizes.items()}
        self.rings = {name: new(2, size) for name, size in self.sizes.items()}
        self.kept = {node: new(most, walks.size(node)) for node in walks.kept}
        self.scratch = [new(walk.scratch + 1) for walk in (walks.forward, walks.backward)]
        self.sums = {node: new(*node.meta["val"].shape) for node in walks.sums}
        self.values = dict(zip(step.parameters.values(), values))
        self.held: dict[Node, Tensor] = {}
        """What the walks read of the parameters: windows on them, or copies that are made again."""
        self.packed: dict[Node, Tensor] = {}
        self.must_compute = False
        self.compute_once()

    @torch.no_grad()
    def compute_once(self) -> None:
        """What follows from parameters alone, as they are now."""
        once = self.walks.once
        own = {value.untyped_storage().data_ptr() for value in self.values.values()}
        for node, value in zip(once.writes, once.call(0, *(self.values[read] for read in once.reads))):
            is_window = value.untyped_storage().data_ptr() in own
            packed = node in self.walks.forward.packed or node in self.walks.backward.packed
            if is_window and (packed or value.is_contiguous()):
                self.held[node] = value
            else:
                self.must_compute = self.must_compute or self._addends(node) is None
                kind = torch.bool if value.dtype == torch.bool else self.walks.dtype
                self.held.setdefault(node, torch.empty(value.shape, dtype=kind)).copy_(value)

    def _addends(self, node: Node) -> tuple[Tensor, Tensor] | None:
        """The two parameters that a value is the plain sum of, as two biases that always stand together are."""
        values = [self.values.get(read) for read in node.all_input_nodes]
        plain = node.target is torch.ops.aten.add.Tensor and not node.kwargs and len(values) == 2
        if not plain or any(v is None or v.shape != node.meta["val"].shape or not v.is_contiguous() for v in values):
            return None
        return values[0], values[1]  # type: ignore[return-value]

    def additions(self) -> list[list[Any]]:
        """Operations that make such sums again."""
        found = []
        for node, value in self.held.items():
            addends = self._addends(node)
            if addends is not None:
                found.append(["ADD", *addends, value, value.numel()])
        return found

    def source_of(self, node: Node) -> Tensor:
        """The steps ``(L, n)`` of an input, a state or a value that was kept."""
        step = self.walks.step
        if node in step.inputs.values():
            return self.x
        for name, state in step.states.items():
            if node is state:
                return self.history[name]
        if node not in self.kept:  # nothing but one number, which is read as if it lay in memory
            number = constant_of(node)
            if number is None:
                raise UncompilableError(f"the streaming step cannot read {node.format_node()}")
            self.kept[node] = torch.full((len(self.ones), self.walks.size(node)), number, dtype=self.walks.dtype)
        return self.kept[node]


class CompiledNetwork:
    """What :class:`~grunit.online.network.Network` does, in C.

    Raises:
        UncompilableError: a cell's step has something that the functions do not know.
        BuildError: there is no C compiler, or it failed.
    """

    def __init__(self, network: Network):
        self.network, most = network, network.lookback
        strands = network.core.strands()
        dtype = network._weights.dtype
        new = lambda *shape: torch.zeros(shape, dtype=dtype)  # noqa: E731
        self._x, ones = new(most, network.features), torch.ones(most, dtype=dtype)
        self._start, self._output, self._wanted = (
            torch.zeros_like(network._state),
            new(network.outputs),
            new(network.outputs),
        )
        self.layers: list[Layer] = []
        x = self._x
        count = dict.fromkeys(network.layout.names, 0)
        made: dict[Any, LayerWalks] = {}
        self._places: list[list[tuple[str, int]]] = []
        starts = dict(zip(network.layout.names, np.cumsum([0, *network._splits])))
        for i, strand in enumerate(strands):
            states = [new(1, size) for size in _sizes(network, i)]
            plan = find_plan(strand.cell, strand.parameters, [x[:1].unsqueeze(0)], states, False, False)
            if not isinstance(plan, Plan):
                raise UncompilableError(f"{type(strand.cell).__name__}: {plan.reason}")
            key = (id(plan), i > 0)
            if key not in made:
                made[key] = LayerWalks(plan, f"layer_{len(made)}", i > 0)
            self.layers.append(Layer(made[key], [p.detach() for p in strand.parameters.values()], x, most, ones))
            places = []
            for name in strand.cell.state:
                size = network.layout.sizes[name]
                places.append((name, int(starts[name]) + count[name] * size))
                count[name] += 1
            self._places.append(places)
            x = self.layers[-1].history[strand.cell.state[0]][1:]
        self._build(list(made.values()), dtype)
        self._strands = strands
        self._bind()

    def _build(self, walks: Sequence[LayerWalks], dtype: torch.dtype) -> None:
        head = ["/* Steps of a stream and their gradients, generated from the equations. */"]
        if dtype == torch.float64:
            head.append("#define REAL_DOUBLE")
        head.append('#include "c_runtime.h"')
        self.source = "\n".join([*head, *(walk.source for walk in walks), LEARNING.read_text()])
        library = build(self.source)
        library.grunit_packed_size.restype = ctypes.c_int64
        # A step takes microseconds: handing the interpreter's lock over and back would cost as much.
        self.library = ctypes.PyDLL(None, handle=library._handle)
        self.library.grunit_run.argtypes = [ctypes.c_void_p, ctypes.c_int64]
        self.packed_size = library.grunit_packed_size
        self._run = self.library.grunit_run

    def _bind(self) -> None:
        """Pack the matrices, and write the lists."""
        self._zeros = torch.zeros(max(max(layer.sizes.values()) for layer in self.layers), dtype=self._x.dtype)
        self._head_gradient = torch.zeros(self.network.head.in_features, dtype=self._x.dtype)
        self._tables: list[Any] = []
        packs: list[list[Any]] = []
        for layer in self.layers:
            packs += layer.additions()
        for layer in self.layers:
            for walk in (layer.walks.forward, layer.walks.backward):
                for node in walk.packed:
                    if node in layer.packed:
                        continue
                    matrix = layer.held[node]
                    k, n = matrix.shape
                    packed = torch.zeros(self.packed_size(ctypes.c_int64(k), ctypes.c_int64(n)), dtype=self._x.dtype)
                    layer.packed[node] = packed
                    packs.append(["PACK", k, n, matrix, *matrix.stride(), packed])
        self._packs = self._list(packs)
        self._bind_gradients()
        self._lists: dict[int, tuple[Any, Any]] = {}
        self._step_list = self._list(
            [
                *self._copies(self.network._state, to_state=False, at=0),
                *self._calls(1),
                *self._copies(self.network._state, to_state=True, at=1),
                self._head_operation(1),
            ]
        )
        self._step_x, self._step_output = self._x[0].numpy(), self._output.numpy()
        self._start_array, self._x_array = self._start.numpy(), self._x.numpy()
        self._wanted_array = self._wanted.numpy()
        self.refresh()

    def _bind_gradients(self) -> None:
        """Where each parameter's gradient comes from: windows on the sums, or what PyTorch makes of them."""
        network = self.network
        at, place = 0, {}
        for parameter in network.parameters:
            place[parameter.data_ptr()] = network._gradient[at : at + parameter.numel()].view(parameter.shape)
            at += parameter.numel()
        self._place = place
        self._finished: list[list[tuple[Tensor, Tensor]]] = []
        for layer, strand in zip(self.layers, self._strands):
            copies = []
            finish = layer.walks.finish
            if finish.writes:
                own = {value.untyped_storage().data_ptr() for value in layer.sums.values()}
                made = finish.call(1, *self._finish_arguments(layer))
                for name, value in zip(layer.walks.parameters, made):
                    target = place[strand.parameters[name].data_ptr()]
                    is_window = value.untyped_storage().data_ptr() in own and value.is_contiguous()
                    copies.append((target, value if is_window else None))
            self._finished.append(copies)  # type: ignore[arg-type]
        self._all_windows = all(value is not None for copies in self._finished for _, value in copies)

    def _finish_arguments(self, layer: Layer) -> list[Tensor]:
        return [layer.sums.get(read, layer.values.get(read)) for read in layer.walks.finish.reads]  # type: ignore[misc]

    def _list(self, operations: Sequence[Sequence[Any]]) -> tuple[Any, int, Any]:
        numbers = np.zeros((len(operations), WORDS), np.int64)
        for row, (kind, *given) in zip(numbers, operations):
            values = [item.data_ptr() if isinstance(item, Tensor) else item for item in given]
            row[0], row[1 : 1 + len(values)] = KINDS.index(kind), values
        return numbers.ctypes.data, len(operations), numbers

    def _table(self, layer: Layer, walk: Walk, known: dict[str, Any], length: int) -> int:
        """The argument of a walk over ``length`` steps; returns its address."""
        known = {"begin": 0, "end": length, "length": length, "rows": 1, **known}
        for node, stem in walk.leaves.items():
            if has_rows(node):
                value = layer.source_of(node)
                known[stem], known[stem + "_t"], known[stem + "_b"] = value, value.stride(0), value.stride(0)
            else:
                known[stem] = layer.held[node]
        for node, stem in walk.packed.items():
            known[stem] = layer.packed[node]
        values = [known[slot] for slot in walk.slots]
        table = np.array([v.data_ptr() if isinstance(v, Tensor) else v for v in values], np.int64)
        self._tables.append(table)
        return table.ctypes.data

    def _copies(self, flat: Tensor, to_state: bool, at: int) -> list[list[Any]]:
        operations = []
        for layer, places in zip(self.layers, self._places):
            for name, offset in places:
                size = layer.sizes[name]
                pair = [flat[offset:], layer.history[name][at]]
                operations.append(["COPY", *(pair[::-1] if to_state else pair), size])
        return operations

    def _calls(self, length: int) -> list[list[Any]]:
        operations = []
        for layer in self.layers:
            walk = layer.walks.forward
            known: dict[str, Any] = {"reverse": 0, "scratch": layer.scratch[0]}
            for name, value in layer.history.items():
                known[f"state_{name}"], known[f"state_{name}_slots"] = value, 0
            operations.append(["CALL", self._address(walk), self._table(layer, walk, known, length)])
        return operations

    def _address(self, walk: Walk) -> int:
        return ctypes.cast(self.library[f"grunit_{walk.name}"], ctypes.c_void_p).value or 0

    def _head_operation(self, length: int) -> list[Any]:
        head = self.network.head
        top = self._top(length)
        return [
            "LINEAR",
            head.out_features,
            head.in_features,
            head.weight.detach(),
            head.bias.detach(),
            top,
            self._output,
        ]

    def _top(self, length: int) -> Tensor:
        return self.layers[-1].history[self._places[-1][0][0]][length]

    def _lists_for(self, length: int) -> tuple[Any, Any]:
        if length not in self._lists:
            copies = self._copies(self._start, to_state=False, at=0)
            forward = self._list([*copies, *self._calls(length), self._head_operation(length)])
            self._lists[length] = forward, self._list(self._backward_operations(length))
        return self._lists[length]

    def _backward_operations(self, length: int) -> list[list[Any]]:
        head, place = self.network.head, self._place
        to_weight, to_bias = place[head.weight.data_ptr()], place[head.bias.data_ptr()]
        sizes = [head.out_features, head.in_features]
        operations: list[list[Any]] = [
            [
                "LINEAR_BACK",
                *sizes,
                head.weight.detach(),
                self._top(length),
                self._wanted,
                to_weight,
                to_bias,
                self._head_gradient,
            ]
        ]
        arriving, distance = self._zeros, 0
        for layer, places, finished in reversed(list(zip(self.layers, self._places, self._finished))):
            walk = layer.walks.backward
            for name, ring in layer.rings.items():
                operations.append(["ZERO", ring, layer.sizes[name]])
            first = places[0][0]
            if layer is self.layers[-1]:
                operations.append(["COPY", self._head_gradient, layer.rings[first], layer.sizes[first]])
            known: dict[str, Any] = {"reverse": 1, "scratch": layer.scratch[1]}
            known |= {"arriving": arriving, "arriving_t": distance, "arriving_b": distance}
            for name, ring in layer.rings.items():
                known[f"grad_{name}"], known[f"grad_{name}_slots"] = ring, 2
            known |= {f"keep_{i}": layer.kept[node] for i, node in enumerate(layer.walks.kept)}
            operations.append(["CALL", self._address(walk), self._table(layer, walk, known, length)])
            for node, (a, b) in layer.walks.sums.items():
                left, right = layer.source_of(a), layer.ones.unsqueeze(1) if b is None else layer.source_of(b)
                m, n = left.shape[1], right.shape[1]
                target = layer.sums[node]
                operations.append(["OUTER", length, left, m, right, n, target, left.stride(0), right.stride(0)])
            operations += [["COPY", value, target, value.numel()] for target, value in finished if value is not None]
            if layer.walks.x_gradient is not None:
                arriving = layer.kept[layer.walks.x_gradient]
                distance = arriving.stride(0)
        return operations

    # -- what Network asks for --

    def step(self, x: Array) -> Array:
        """See :meth:`Network.step`."""
        self._step_x[:] = x
        self._run(self._step_list[0], self._step_list[1])
        return self._step_output.copy()

    def look_back(self, start: Array, window: Array) -> Array:
        """See :meth:`Network.look_back`."""
        self._length = length = len(window)
        self._start_array[:] = start
        self._x_array[:length] = window
        forward = self._lists_for(length)[0]
        self._run(forward[0], forward[1])
        return self._step_output.copy()

    def backward(self, gradient: Array) -> None:
        """See :meth:`Network.backward`."""
        self._wanted_array[:] = gradient
        backward = self._lists_for(self._length)[1]
        self._run(backward[0], backward[1])
        if not self._all_windows:
            self._finish()

    @torch.no_grad()
    def _finish(self) -> None:
        for layer, copies in zip(self.layers, self._finished):
            if any(value is None for _, value in copies):
                made = layer.walks.finish.call(1, *self._finish_arguments(layer))
                for (target, _), value in zip(copies, made):
                    target.copy_(value)

    def refresh(self) -> None:
        """The parameters have changed: make again what follows from them."""
        for layer in self.layers:
            if layer.must_compute:
                layer.compute_once()
        self._run(self._packs[0], self._packs[1])


def _sizes(network: Network, layer: int) -> list[int]:
    cell = network.core.strands()[layer].cell
    return [network.layout.sizes[name] for name in cell.state]
