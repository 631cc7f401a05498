"""``grunit.trace``: what every gate of a network did at every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from grunit.cells import Cell
from grunit.compiler.eager import guarded_step
from grunit.gates import record_gates
from grunit.nn.drop_in import SequenceLayers
from grunit.nn.layers import suffix_of
from grunit.nn.recurrent import Recurrent


class _Recorder:
    """A walk that keeps the gates of each strand it takes."""

    def __init__(self) -> None:
        self.strands: list[dict[str, Tensor]] = []

    def __call__(
        self,
        cell: Cell,
        parameters: dict[str, Tensor],
        inputs: Sequence[Tensor],
        states: Sequence[Tensor],
        *,
        valid: Tensor | None = None,
        resets: Tensor | None = None,
        reverse: bool = False,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        current, steps = tuple(states), inputs[0].shape[0]
        outputs: list[Tensor] = []
        gates: dict[str, list[Tensor]] = {}
        for t in reversed(range(steps)) if reverse else range(steps):
            masks = [None if mask is None else mask[t].unsqueeze(-1) for mask in (valid, resets)]
            with record_gates() as record:
                current = guarded_step(cell, parameters, [value[t] for value in inputs], current, *masks)
            outputs.append(current[0])
            for name, value in record.items():
                # A gate that depends on no input is the same for every row.
                wide = value.expand(inputs[0].shape[1], value.shape[-1])
                gates.setdefault(name, []).append(wide if masks[0] is None else wide.masked_fill(~masks[0], 0))
        order = slice(None, None, -1) if reverse else slice(None)
        self.strands.append({name: torch.stack(values[order]).detach() for name, values in gates.items()})
        return torch.stack(outputs[order]), current


def trace(
    rnn: Recurrent | SequenceLayers, input: Tensor | PackedSequence, *arguments: Any, **named: Any
) -> dict[str, Tensor]:
    """Run a network and read every named intermediate of its cells.

    Args:
        rnn: a :class:`grunit.Recurrent` or one of grunit's drop-in layers.
        input: as the network takes it.
        arguments, named: what else its ``forward`` takes: state, lengths, resets, extra inputs.

    Returns:
        gate name -> ``(T, B, H)``, time first whatever the form of the input (B is 1 for unbatched input), zero beyond
        a row's end, detached. With several layers or directions the names end as torch's parameters do:
        ``forget_gate_l0``, ``forget_gate_l1_reverse``.

    >>> gates = trace(Recurrent("lstm", 3, 5), torch.zeros(7, 2, 3))
    >>> sorted(gates), gates["forget_gate"].shape
    (['candidate', 'forget_gate', 'input_gate', 'output_gate'], torch.Size([7, 2, 5]))
    """
    recorder = _Recorder()
    rnn.walk(recorder, input, *arguments, **named)
    directions = 2 if rnn.bidirectional else 1
    one = len(recorder.strands) == 1
    return {
        name if one else name + suffix_of(index, directions): value
        for index, gates in enumerate(recorder.strands)
        for name, value in gates.items()
    }
