"""Gated cells, one a file: equations, paper, gates."""

from grunit.cells.cell import Cell
from grunit.cells.gated import GatedCell
from grunit.cells.gru import GRU
from grunit.cells.lstm import LSTM
from grunit.cells.peephole_gru import PeepholeGRU
from grunit.cells.peephole_lstm import PeepholeLSTM
from grunit.cells.registry import get, name_of, names, register
from grunit.cells.rnn import RNN

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Cell",
    "GatedCell",
    "PeepholeGRU",
    "PeepholeLSTM",
    "get",
    "name_of",
    "names",
    "register",
]
