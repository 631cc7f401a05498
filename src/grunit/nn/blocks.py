"""Which parameters of a cell multiply a state, which an input, and which are biases: read off its step."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from grunit.cells import Cell
from grunit.compiler.program import StepGraph
from grunit.compiler.simplify import ancestors, dependence, is_size
from grunit.compiler.trace import UncompilableError, trace
from grunit.errors import InputError

PRODUCTS = {"mm", "bmm", "matmul"}
COPIES = {"clone", "alias", "detach", "contiguous", "_to_copy", "lift_fresh_copy"}
MOVES = {"permute", "transpose", "t", "slice", "select", "view", "reshape", "_unsafe_view", "unsqueeze", "squeeze"}
MOVES |= {"expand", "split", "split_with_sizes", "unbind", "chunk", "flip"}


@dataclass(frozen=True)
class Block:
    """One matrix of one gate.

    Attributes:
        places: ``(outputs, inputs)``, where each entry lies in the cell's parameters laid one behind the other.
        recurrent: whether it multiplies a state, or something made of one, and not inputs alone.
    """

    places: Tensor
    recurrent: bool


@dataclass
class Blocks:
    """What was found: ``blocks``, and for each bias the places of its numbers."""

    blocks: list[Block] = field(default_factory=list)
    biases: list[Tensor] = field(default_factory=list)


def find_blocks(cell: Cell) -> Blocks:
    """The matrices and biases of a cell.

    Raises:
        InputError: the step cannot be traced.

    >>> from grunit.cells import GRU
    >>> found = find_blocks(GRU(3, 5))
    >>> [(tuple(block.places.shape), block.recurrent) for block in found.blocks[:4]]
    [((5, 3), False), ((5, 3), False), ((5, 3), False), ((5, 5), True)]
    """
    step = _trace(cell)
    places = _places(step, dict(cell.named_parameters()))
    forward = ancestors(step.new_states.values())
    from_state = dependence(step.graph, set(step.states.values()))
    from_input = dependence(step.graph, set(step.inputs.values()))
    found, seen, affine = Blocks(), set(), set()
    for node in step.graph.nodes:
        if node not in forward or node.op != "call_function":
            continue
        name = _name(node)
        arguments = [value for value in node.args if isinstance(value, Node)]
        if name in PRODUCTS:
            affine.add(node)
            left, right = arguments
            for factor, weight in ((left, places.get(right)), (right, _turned(places.get(left)))):
                if weight is None or (factor not in from_state and factor not in from_input):
                    continue
                key = (weight.shape, weight.contiguous().numpy().tobytes())
                if (key, factor in from_state) not in seen:
                    seen.add((key, factor in from_state))
                    whole = [(weight.shape[-2], factor in from_state)]
                    pieces = _pieces(factor, from_state) if factor is left else whole
                    found.blocks += _cut(weight, pieces, cell.hidden_size or 1)
        elif name in MOVES | COPIES and arguments and arguments[0] in affine:
            affine.add(node)
        elif name == "add" and any(value in affine for value in arguments):
            affine.add(node)
            found.biases += [each.flatten() for value in arguments for each in _terms(value, places)]
    # What multiplies input and state alike counts as recurrent: it is drawn last.
    found.blocks.sort(key=lambda block: block.recurrent)
    return found


def _trace(cell: Cell) -> StepGraph:
    parameters = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}
    like = next((value for value in parameters.values() if value.is_floating_point()), torch.empty(0))
    hidden_size, sizes = cell.hidden_size or 1, {"x": cell.input_size or 1, **cell.input_sizes()}
    inputs = [like.new_zeros(1, sizes.get(name, 1)) for name in cell.inputs]
    states = [like.new_zeros(1, cell.state_sizes().get(name, hidden_size)) for name in cell.state]
    modes = [(module, module.training) for module in cell.modules()]
    cell.eval()  # a step with dropout draws random numbers and cannot be traced
    try:
        return trace(cell, parameters, inputs, states)
    except UncompilableError as error:
        raise InputError(
            f"the weights of {type(cell).__name__} cannot be told apart, {error}: draw its start values in __init__ "
            "and leave initializer out"
        ) from error
    finally:
        for module, mode in modes:
            module.training = mode


def _name(node: Node) -> str:
    """``mm`` for ``aten.mm.default``."""
    return node.target._schema.name.partition("::")[2] if isinstance(node.target, torch._ops.OpOverload) else ""


def _places(step: StepGraph, parameters: dict[str, Tensor]) -> dict[Node, Any]:
    """For every node that only moves parameters about: where each of its entries comes from."""
    found: dict[Node, Any] = {}
    start = 0
    for name, value in parameters.items():
        count = math.prod(value.shape)
        found[step.parameters[name]] = torch.arange(start, start + count).reshape(value.shape)
        start += count
    for node in step.graph.nodes:
        read = [each for each in node.all_input_nodes if not is_size(each)]
        by_rows = len(read) < len(node.all_input_nodes)
        if node.op != "call_function" or not read or any(each not in found for each in read):
            continue
        first: Any = node.args[0]
        if by_rows:
            if _name(node) == "expand":  # over the rows, which all read the same: one stands for them
                sizes: Any = node.args[1]
                found[node] = found[first].expand([1 if isinstance(size, Node) else size for size in sizes])
            continue
        if node.target is operator.getitem:
            found[node] = found[first][node.args[1]]
        elif _name(node) in COPIES:
            found[node] = found[first]
        elif _name(node) == "cat":
            found[node] = torch.cat([found[piece] for piece in first], *node.args[1:])
        elif _name(node) in MOVES:
            target: Any = node.target
            found[node] = target(found[first], *node.args[1:], **node.kwargs)
    return found


def _terms(value: Node, places: dict[Node, Any]) -> list[Tensor]:
    """The parameters that a sum of parameters is made of, or the one that it is."""
    if value in places:
        return [places[value]]
    if _name(value) == "add" and all(read in places or _name(read) == "add" for read in value.all_input_nodes):
        return [each for read in value.all_input_nodes for each in _terms(read, places)]
    return []


def _turned(weight: Tensor | None) -> Tensor | None:
    return None if weight is None or weight.dim() < 2 else weight.transpose(-1, -2)


def _pieces(factor: Node, from_state: set[Node]) -> list[tuple[int, bool]]:
    """The columns of what a matrix multiplies, ``(how many, whether made of a state)``, input parts joined."""
    if _name(factor) in COPIES:
        return _pieces(factor.all_input_nodes[0], from_state)
    width = factor.meta["val"].shape[-1]
    flat = factor.meta["val"].dim() == 2
    if flat and _name(factor) == "cat" and len(factor.args) > 1 and factor.args[1] in (1, -1):
        joined: list[tuple[int, bool]] = []
        for part in factor.args[0]:  # type: ignore[union-attr]
            for count, recurrent in _pieces(part, from_state):  # type: ignore[arg-type]
                if joined and not recurrent and not joined[-1][1]:
                    joined[-1] = (joined[-1][0] + count, False)
                else:
                    joined.append((count, recurrent))
        return joined
    return [(width, factor in from_state)]


def _cut(weight: Tensor, pieces: list[tuple[int, bool]], hidden_size: int) -> list[Block]:
    """A weight ``(inputs, outputs)``, or several of them, into one block a gate and kind of input."""
    if weight.dim() == 3:
        return [block for each in weight for block in _cut(each, pieces, hidden_size)]
    gates = weight.split(hidden_size if weight.shape[1] % hidden_size == 0 else weight.shape[1], 1)
    blocks, start = [], 0
    for width, recurrent in pieces:
        blocks += [Block(gate[start : start + width].T, recurrent) for gate in gates]
        start += width
    return blocks
