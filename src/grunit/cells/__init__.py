"""Gated cells, one a file: equations, paper, gates."""

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
from grunit.cells.gated import GatedCell
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
from grunit.cells.registry import get, name_of, names, register
from grunit.cells.rg_lru import RGLRU
from grunit.cells.rnn import RNN
from grunit.cells.scalar_gru import ScalarGRU
from grunit.cells.slstm import SLSTM
from grunit.cells.sru import SRU
from grunit.cells.star import STAR
from grunit.cells.ugrnn import UGRNN
from grunit.cells.ur_lstm import URLSTM

__all__ = [
    "AGRU",
    "AUGRU",
    "BRC",
    "GRU",
    "GRUD",
    "HGRN",
    "JANET",
    "LSTM",
    "MGU",
    "MUT1",
    "MUT2",
    "MUT3",
    "NAS",
    "NBRC",
    "QRNN",
    "RAN",
    "RGLRU",
    "RNN",
    "SLSTM",
    "SRU",
    "STAR",
    "UGRNN",
    "URLSTM",
    "AdaptiveGRU",
    "Cell",
    "CellStateGRU",
    "CfC",
    "ConvGRU",
    "ConvLSTM",
    "CoupledLSTM",
    "FastGRNN",
    "GatedCell",
    "IndRNN",
    "LayerNormGRU",
    "LayerNormLSTM",
    "LiGRU",
    "MinGRU",
    "MinLSTM",
    "MogrifierLSTM",
    "MultiplicativeLSTM",
    "PeepholeGRU",
    "PeepholeLSTM",
    "PhasedLSTM",
    "ProjectedLSTM",
    "RecurrentHighway",
    "ScalarGRU",
    "get",
    "name_of",
    "names",
    "register",
]
