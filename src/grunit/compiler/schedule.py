"""Sort the nodes of a step by one question: when is each needed?"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import replace

import torch
from torch.fx import Node

from grunit.compiler.classes import classify
from grunit.compiler.decompose import CONVOLUTIONS
from grunit.compiler.program import Schedule, Stage, StepGraph
from grunit.compiler.simplify import ancestors, dependence, is_movable, is_size

aten = torch.ops.aten

PRODUCTS = {aten.mm.default, aten.bmm.default, aten.matmul.default}
REDUCTIONS = {
    aten.sum.dim_IntList,
    aten.mean.dim,
    aten.amax.default,
    aten.amin.default,
    aten.var.correction,
    aten.max.dim,
    aten.min.dim,
    aten.prod.dim_int,
    aten.cumsum.default,
}
BOOKKEEPING = {
    aten.slice.Tensor,
    aten.view.default,
    aten.reshape.default,
    aten.unsqueeze.default,
    aten.squeeze.dims,
    aten.squeeze.dim,
    aten.expand.default,
    aten.permute.default,
    aten.select.int,
    aten.cat.default,
    aten.clone.default,
    aten.alias.default,
    aten.scalar_tensor.default,
    aten.full.default,
    aten.full_like.default,
    aten.arange.start_step,
    aten.sym_size.int,
}


def schedule(step: StepGraph, wanted: Collection[str] | None = None) -> Schedule:
    """Decide for every node of a step when it runs.

    Args:
        step: a traced and simplified step.
        wanted: names of parameters and inputs whose gradients are asked for; None for all, empty for the gradients
            of the states alone.
    """
    names = [n for n in step.gradients if n not in step.states]
    wanted = tuple(n for n in names if wanted is None or n in wanted)
    graph = step.graph
    rows = set(step.inputs.values()) | set(step.masks.values())
    states, cotangents = set(step.states.values()), set(step.cotangents.values())
    from_cotangent = dependence(graph, cotangents)
    from_state = dependence(graph, states)
    sized = {n for n in graph.nodes if not is_size(n) and any(is_size(read) for read in n.all_input_nodes)}
    from_rows = dependence(graph, rows | sized)

    order = [n for n in graph.nodes if n.op not in ("placeholder", "output") and not is_size(n)]
    forward = ancestors([*step.new_states.values(), *step.gates.values()])
    carry = ancestors([step.gradients[s] for s in step.states if isinstance(step.gradients.get(s), Node)])
    rest = ancestors([step.gradients[n] for n in wanted if isinstance(step.gradients[n], Node)])

    early = lambda n: n not in from_state and n not in from_rows and n not in from_cotangent  # noqa: E731
    needed = forward | carry | rest
    once = [n for n in order if n in needed and early(n)]
    hoisted = [n for n in order if n in needed and not early(n) and n not in from_state and n not in from_cotangent]
    loop = [n for n in order if n in forward and n in from_state]
    backward_loop = [n for n in order if n in carry and n in from_cotangent]
    deferred = [n for n in order if n in rest and n not in carry and n in from_cotangent]
    prepared = [
        n for n in order if n in (carry | rest) and n not in forward and n in from_state and n not in from_cotangent
    ]

    results = {step.gradients[n] for n in wanted}
    read_late = reads_of({*backward_loop, *deferred, *prepared}) | results
    saved = [n for n in (*step.states.values(), *loop) if n in read_late]
    kind = classify(step)
    saved += kept_from_before(saved, hoisted, read_late) if kind == "dense" else []
    read_after = reads_of(set(deferred)) | results
    carried = [n for n in (*cotangents, *backward_loop) if n in read_after]
    result = Schedule(
        step=step,
        kind=kind,
        once=tuple(once),
        hoisted=tuple(hoisted),
        loop=tuple(loop),
        prepared=tuple(prepared),
        backward_loop=tuple(backward_loop),
        deferred=tuple(deferred),
        saved=tuple(saved),
        carried=tuple(sorted(carried, key=list(graph.nodes).index)),
        wanted=wanted,
    )
    return replace(result, stages=_stages(result.loop), backward_stages=_stages(result.backward_loop))


def kept_from_before(saved: list[Node], hoisted: list[Node], read_late: set[Node]) -> list[Node]:
    """Hoisted values that the backward reads and that are kept, because making them again takes products or sums.

    None are where they would take more than half of what is saved anyway. Cells without a product in the loop keep
    none either: theirs are the long sequences.
    """
    inside = set(hoisted)
    costly = {n for n in hoisted if n.target in PRODUCTS or n.target in REDUCTIONS}
    kept = [n for n in hoisted if n in read_late and costly & ancestors([n], inside)]
    return kept if 2 * sum(map(width_of, kept)) <= sum(map(width_of, saved)) else []


def width_of(node: Node) -> int:
    """Numbers a row has in a value."""
    return math.prod(size for size in node.meta["val"].shape if isinstance(size, int))


def reads_of(inside: set[Node]) -> set[Node]:
    """The values from elsewhere that nodes read; what cannot be handed over is traced back to what can."""
    found: set[Node] = set()
    pending = list(inside)
    seen: set[Node] = set(inside)
    while pending:
        for read in pending.pop().all_input_nodes:
            if read in seen or is_size(read):
                continue
            seen.add(read)
            (found.add if is_movable(read) else pending.append)(read)
    return found


def _stages(nodes: Iterable[Node]) -> tuple[Stage, ...]:
    """Group nodes by how many products and reductions must come before them."""
    level: dict[Node, int] = {}
    groups: dict[tuple[int, str], list[Node]] = {}
    for node in nodes:
        before = max((level[read] for read in node.all_input_nodes if read in level), default=0)
        product = node.target in PRODUCTS or node.target in CONVOLUTIONS
        kind = "product" if product else "reduction" if node.target in REDUCTIONS else "pointwise"
        # Stages alternate: even levels are pointwise, odd ones products and reductions.
        at = before if kind == "pointwise" and before % 2 == 0 else before + 1 if before % 2 == 0 else before
        if kind == "pointwise" and before % 2 == 1:
            at = before + 1
        elif kind != "pointwise" and before % 2 == 1:
            at = before + 2
        level[node] = at
        groups.setdefault((at, kind), []).append(node)
    return tuple(Stage(kind, tuple(group)) for (_, kind), group in sorted(groups.items(), key=lambda item: item[0][0]))
