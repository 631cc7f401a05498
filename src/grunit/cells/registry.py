"""Cells by name."""

from __future__ import annotations

from grunit.cells.adaptive_gru import AdaptiveGRU
from grunit.cells.attention_gru import AGRU, AUGRU
from grunit.cells.brc import BRC, NBRC
from grunit.cells.cell import Cell
from grunit.cells.cell_state_gru import CellStateGRU
from grunit.cells.cfc import CfC
from grunit.cells.conv_gru import ConvGRU
from grunit.cells.conv_lstm import ConvLSTM
from grunit.cells.coupled_lstm import CoupledLSTM
from grunit.cells.fast_grnn import FastGRNN
from grunit.cells.gru import GRU
from grunit.cells.gru_d import GRUD
from grunit.cells.hgrn import HGRN
from grunit.cells.indrnn import IndRNN
from grunit.cells.janet import JANET
from grunit.cells.layer_norm_gru import LayerNormGRU
from grunit.cells.layer_norm_lstm import LayerNormLSTM
from grunit.cells.li_gru import LiGRU
from grunit.cells.lstm import LSTM
from grunit.cells.mgu import MGU
from grunit.cells.min_gru import MinGRU
from grunit.cells.min_lstm import MinLSTM
from grunit.cells.mogrifier_lstm import MogrifierLSTM
from grunit.cells.multiplicative_lstm import MultiplicativeLSTM
from grunit.cells.mut import MUT1, MUT2, MUT3
from grunit.cells.nas import NAS
from grunit.cells.peephole_gru import PeepholeGRU
from grunit.cells.peephole_lstm import PeepholeLSTM
from grunit.cells.phased_lstm import PhasedLSTM
from grunit.cells.projected_lstm import ProjectedLSTM
from grunit.cells.qrnn import QRNN
from grunit.cells.ran import RAN
from grunit.cells.recurrent_highway import RecurrentHighway
from grunit.cells.rg_lru import RGLRU
from grunit.cells.rnn import RNN
from grunit.cells.scalar_gru import ScalarGRU
from grunit.cells.slstm import SLSTM
from grunit.cells.sru import SRU
from grunit.cells.star import STAR
from grunit.cells.ugrnn import UGRNN
from grunit.cells.ur_lstm import URLSTM
from grunit.errors import InputError, suggest

_CELLS: dict[str, type[Cell]] = {
    "rnn": RNN,
    "lstm": LSTM,
    "gru": GRU,
    "peephole_lstm": PeepholeLSTM,
    "peephole_gru": PeepholeGRU,
    "coupled_lstm": CoupledLSTM,
    "projected_lstm": ProjectedLSTM,
    "layer_norm_lstm": LayerNormLSTM,
    "layer_norm_gru": LayerNormGRU,
    "adaptive_gru": AdaptiveGRU,
    "agru": AGRU,
    "augru": AUGRU,
    "ur_lstm": URLSTM,
    "scalar_gru": ScalarGRU,
    "cell_state_gru": CellStateGRU,
    "multiplicative_lstm": MultiplicativeLSTM,
    "mogrifier_lstm": MogrifierLSTM,
    "mgu": MGU,
    "janet": JANET,
    "ugrnn": UGRNN,
    "ran": RAN,
    "li_gru": LiGRU,
    "fast_grnn": FastGRNN,
    "indrnn": IndRNN,
    "brc": BRC,
    "nbrc": NBRC,
    "slstm": SLSTM,
    "nas": NAS,
    "star": STAR,
    "mut1": MUT1,
    "mut2": MUT2,
    "mut3": MUT3,
    "recurrent_highway": RecurrentHighway,
    "phased_lstm": PhasedLSTM,
    "gru_d": GRUD,
    "cfc": CfC,
    "min_gru": MinGRU,
    "min_lstm": MinLSTM,
    "sru": SRU,
    "qrnn": QRNN,
    "rg_lru": RGLRU,
    "hgrn": HGRN,
    "conv_lstm": ConvLSTM,
    "conv_gru": ConvGRU,
}

# What papers and other libraries call cells; the nearest spelling would lead to another cell.
_ALSO_CALLED = {
    "mlstm": "multiplicative_lstm",
    "cifg": "coupled_lstm",
    "lstmp": "projected_lstm",
    "rhn": "recurrent_highway",
    "nascell": "nas",
}


def names() -> list[str]:
    """The names of all cells, in the order of the catalogue.

    >>> "peephole_lstm" in names()
    True
    """
    return list(_CELLS)


def get(cell: str | type[Cell]) -> type[Cell]:
    """The cell class behind a name; a class is returned as it is.

    Raises:
        InputError: no such cell; the message suggests the nearest name.

    >>> get("gru").__name__
    'GRU'
    """
    if isinstance(cell, str):
        if cell in _CELLS:
            return _CELLS[cell]
        asked = cell.lower()
        raise InputError(f"unknown cell {cell!r}: {suggest(_ALSO_CALLED.get(asked, asked), _CELLS)}")
    if isinstance(cell, type) and issubclass(cell, Cell):
        return cell
    raise InputError(f"cell is {cell!r}: give a name from grunit.cells.names() or a subclass of grunit.Cell")


def register(name: str, cell: type[Cell]) -> None:
    """Make a cell of your own known by a name, for the command line and for loading saved models.

    Args:
        name: the name it shall have; one that is taken by another class is refused.
        cell: the class.
    """
    if not (isinstance(cell, type) and issubclass(cell, Cell)):
        raise InputError(f"{cell!r} is not a cell: register a subclass of grunit.Cell")
    if _CELLS.get(name, cell) is not cell:
        raise InputError(f"the cell name {name!r} is taken by {_CELLS[name].__name__}: choose another")
    _CELLS[name] = cell


def name_of(cell: type[Cell]) -> str | None:
    """The registered name of a class, or None.

    >>> name_of(GRU)
    'gru'
    """
    return next((name for name, known in _CELLS.items() if known is cell), None)
