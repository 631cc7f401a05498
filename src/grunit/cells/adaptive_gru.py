"""GRU whose gates change their shape with the input."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gru import GRU
from grunit.errors import InputError
from grunit.gates import gate


class AdaptiveGRU(GRU):
    r"""GRU with input-conditioned gates: a small network sets each gate's slope and offset from x.

    .. math::
        k &= \tanh(V x + v) \\
        s &= 1 + S k \qquad \text{slopes of r and z} \\
        d &= D k \qquad \text{offsets of r and z} \\
        r &= \sigma(s_r \odot (W_r x + b_r + U_r h + b'_r) + d_r) \\
        z &= \sigma(s_z \odot (W_z x + b_z + U_z h + b'_z) + d_z) \\
        n &= \tanh(W_n x + b_n + r \odot (U_n h + b'_n)) \\
        h' &= (1 - z) \odot n + z \odot h

    The network has ``network_size`` units k: ``weight_network (K, F)``, ``bias_network (K,)``, ``weight_slope`` and
    ``weight_offset (2 H, K)``, reset gate first. With these two at zero it is the plain GRU.

    Args:
        network_size: units K of the network; default a quarter of ``hidden_size``, at least 1.
        options: those of :class:`~grunit.cells.gated.GatedCell`.

    When to use: inputs that come in regimes, such as load on working days and holidays: what arrives decides how
    sharply the gates react to the state, which a GRU's fixed slopes cannot. The network depends on x alone and is
    computed for all steps at once, which leaves a step with the one product of a GRU's.

    Source: no paper has just this cell; it puts the feature-wise slope and offset of Perez et al., *FiLM: visual
    reasoning with a general conditioning layer*, AAAI (2018), on the gates of a GRU. Flennerhag et al.,
    *Breaking the activation function bottleneck through adaptive parameterization*, NeurIPS (2018), adapt an LSTM so.

    >>> h, = AdaptiveGRU(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    weight_network: Tensor
    bias_network: Tensor
    weight_slope: Tensor
    weight_offset: Tensor

    def __init__(
        self, input_size: int, hidden_size: int, *, network_size: int | None = None, bias: bool = True, **options: Any
    ):
        if "reset_after" in options:
            raise InputError("AdaptiveGRU resets after the product: leave reset_after out, or take the cell 'gru'")
        if network_size is None:
            network_size = max(1, hidden_size // 4)
        if isinstance(network_size, bool) or not isinstance(network_size, int) or network_size < 1:
            raise InputError(f"network_size must be a whole number of at least 1, got {network_size!r}")
        self.network_size, self.biased = network_size, bias
        super().__init__(input_size, hidden_size, bias=bias, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The network."""
        assert self.input_size is not None
        shapes: dict[str, tuple[int, ...]] = {"weight_network": (self.network_size, self.input_size)}
        if self.biased:
            shapes["bias_network"] = (self.network_size,)
        rows = 2 * self.hidden_size
        return {**shapes, "weight_slope": (rows, self.network_size), "weight_offset": (rows, self.network_size)}

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        k = torch.tanh(linear(x, self.weight_network, self.bias_network if self.biased else None))
        slope_r, slope_z = (1 + linear(k, self.weight_slope)).chunk(2, -1)
        offset_r, offset_z = linear(k, self.weight_offset).chunk(2, -1)
        xr, xz, xn = self.from_input(x)
        hr, hz, hn = self.from_state(h)
        r = gate("reset_gate", self.gate_activation(slope_r * (xr + hr) + offset_r))
        z = gate("update_gate", self.gate_activation(slope_z * (xz + hz) + offset_z))
        n = gate("candidate", self.activation(xn + r * hn))
        return ((1 - z) * n + z * h,)
