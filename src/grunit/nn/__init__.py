"""Torch modules made of cells."""

from grunit.nn.drop_in import GRU, LSTM, RNN
from grunit.nn.drop_in_cells import GRUCell, LSTMCell, RNNCell
from grunit.nn.gates import trace
from grunit.nn.recurrent import Recurrent

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell", "Recurrent", "trace"]
