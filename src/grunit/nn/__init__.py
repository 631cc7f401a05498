"""Torch modules made of cells."""

from grunit.nn.attention import AdditiveAttention, MultiplicativeAttention
from grunit.nn.crf import CRF
from grunit.nn.drop_in import GRU, LSTM, RNN
from grunit.nn.drop_in_cells import GRUCell, LSTMCell, RNNCell
from grunit.nn.front import ConvolutionFront, SegmentFront
from grunit.nn.gates import trace
from grunit.nn.initialize import initialize_cell
from grunit.nn.pooling import Pooling, SelfAttentionPooling, pool
from grunit.nn.recurrent import Recurrent

__all__ = [
    "CRF",
    "GRU",
    "LSTM",
    "RNN",
    "AdditiveAttention",
    "ConvolutionFront",
    "GRUCell",
    "LSTMCell",
    "MultiplicativeAttention",
    "Pooling",
    "RNNCell",
    "Recurrent",
    "SegmentFront",
    "SelfAttentionPooling",
    "initialize_cell",
    "pool",
    "trace",
]
