"""Options that change the step of every cell of a network: the modules they need, and the changed cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from grunit.cells import Cell
from grunit.errors import InputError
from grunit.nn.dropouts import drop_weights
from grunit.nn.layers import Strand
from grunit.nn.modified import ModifiedCell, StartState
from grunit.nn.options import check_shares
from grunit.nn.products import recurrent_weights


class Modifications:
    """How the cells of a :class:`grunit.Recurrent` are changed, as its options say.

    The network's own cells stay as they are, under their own names; the changed cells stand beside them and share
    their modules.

    Args:
        rnn: the network; the modules that options need are put into it.
        cells: its cells.
        where: device and dtype of new parameters.

    Raises:
        InputError: an option that the cells cannot have.
    """

    MODULES = ("state_norms", "starts")

    def __init__(self, rnn: Any, cells: Sequence[Cell], where: Mapping[str, Any]):
        norms: list[Any] = [None] * len(cells)
        starts: list[Any] = [None] * len(cells)
        if rnn.state_norm:
            sizes = [cell.state_sizes().get(cell.state[0], cell.hidden_size) for cell in cells]
            rnn.state_norms = nn.ModuleList(nn.LayerNorm(size, **where) for size in sizes)
            norms = list(rnn.state_norms)
        if rnn.learn_state:
            rnn.starts = nn.ModuleList(StartState(cell, **where) for cell in cells)
            starts = list(rnn.starts)
        self.state_dropout = rnn.state_dropout
        self.zoneout = zoneout = check_shares("zoneout", rnn.zoneout, rnn.layout.names, "states")
        by_name = isinstance(rnn.zoneout, Mapping)
        # One number is for the states that a cell says can be kept one by one.
        own = [cell.state if by_name or cell.zoned is None else cell.zoned for cell in cells]
        of_each = [{name: share for name, share in zoneout.items() if name in names} for names in own]
        self.dropped = _dropped_weights(rnn.weight_drop, cells)
        if rnn.state_dropout:
            for cell in cells:
                if not recurrent_weights(cell):
                    raise InputError(f"{type(cell).__name__} has no matrix that reads its state: use zoneout")
        self.changed: dict[tuple[bool, bool], list[ModifiedCell | None]] = {}
        for training in (False, True):
            for resets in (False, True):
                self.changed[training, resets] = [
                    _change(cell, norm, start if resets else None, bool(rnn.state_dropout), zoned, training)
                    for cell, norm, start, zoned in zip(cells, norms, starts, of_each, strict=True)
                ]

    def strands(self, rnn: nn.Module, cells: Sequence[Cell], x: Tensor | None, resets: bool) -> list[Strand]:
        """One strand a cell, with its parameters as they are now, and with masks for ``x (..., B, F)``."""
        strands = []
        changed = self.changed[rnn.training, resets]
        for cell, change, shares in zip(cells, changed, self.dropped, strict=True):
            own = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}
            if rnn.training and shares:
                own = drop_weights(own, shares)
            if change is None:
                strands.append(Strand(cell, own))
                continue
            parameters = {f"cell.{name}": value for name, value in own.items()}
            for name, module in (("norm", change.norm), ("start", change.start)):
                if module is not None:
                    parameters.update((f"{name}.{key}", value) for key, value in module.named_parameters())
            masks = {} if x is None else change.draw(x, self.state_dropout, self.zoneout)
            strands.append(Strand(change, parameters, masks))
        return strands


def _change(
    cell: Cell, norm: Any, start: Any, masked: bool, zoned: Mapping[str, float], training: bool
) -> ModifiedCell | None:
    if norm is None and start is None and not zoned and not (training and masked):
        return None
    return ModifiedCell(cell, norm=norm, start=start, masked=masked, zoneout=zoned, random=training)


def _dropped_weights(given: Any, cells: Sequence[Cell]) -> list[dict[str, float]]:
    """For each cell the parameters that are dropped, and their shares."""
    own = [[name for name, _ in cell.named_parameters()] for cell in cells]
    names = list(dict.fromkeys(name for some in own for name in some))
    shares = check_shares("weight_drop", given, names, "parameters")
    if isinstance(given, Mapping) or not shares:
        return [{name: share for name, share in shares.items() if name in some} for some in own]
    found = [recurrent_weights(cell) for cell in cells]
    for cell, weights in zip(cells, found, strict=True):
        if not weights:
            raise InputError(
                f"{type(cell).__name__} has no matrix that reads its state: name the parameters, "
                f"weight_drop={{{names[0]!r}: {given}}}"
            )
    return [dict.fromkeys(weights, float(given)) for weights in found]
