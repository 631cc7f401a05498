"""GRU for series with missing values: what was seen last decays towards the mean, and the state decays with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gru import GRU
from grunit.errors import InputError
from grunit.gates import gate


class GRUD(GRU):
    r"""GRU with decay: each missing value is what was seen last, drawn to the mean as time passes.

    .. math::
        d' &= x - \bar{x} \text{ where } m = 1, \qquad d \text{ elsewhere} \\
        \gamma_x &= \exp(-\max(0, w_x \odot \delta + b_x)) \\
        \gamma_h &= \exp(-\max(0, W_h \delta + b_h)) \\
        \hat{x} &= \bar{x} + d' \text{ where } m = 1, \qquad \bar{x} + \gamma_x \odot d' \text{ elsewhere} \\
        \hat{h} &= \gamma_h \odot h \\
        r &= \sigma(W_r \hat{x} + V_r m + b_r + U_r \hat{h} + b'_r) \\
        z &= \sigma(W_z \hat{x} + V_z m + b_z + U_z \hat{h} + b'_z) \\
        n &= \tanh(W_n \hat{x} + V_n m + b_n + U_n (r \odot \hat{h}) + b'_n) \\
        h' &= (1 - z) \odot n + z \odot \hat{h}

    Two more inputs, each ``(T, B, F)``: ``mask`` *m* is 1 where ``x`` was observed and 0 where it is missing (whatever
    ``x`` holds there, nan too, is not read); ``dt`` :math:`\delta` is the time since that feature was last observed,
    at the first step 0. The state ``last`` *d* ``(B, F)`` is the last observed value less the mean, so that the zero
    state means "the mean was seen". ``weight_ih`` ``(3 * H, 2 * F)`` is W beside V. As in
    :class:`~grunit.cells.gru.GRU` z keeps; the paper's z admits.

    Args:
        mean: the mean :math:`\bar{x}` of each feature: F numbers or one for all; None (default) to learn it, from 0.
        reset_after: the reset gate acts after the product, as in torch; default before it, as in the paper.
        options: see :class:`~grunit.cells.gated.GatedCell`; ``bias=False`` leaves the decays' biases.

    When to use: clinical and sensor tables where features arrive at different times and *that* a value is missing tells
    something. Give the means of the training data, or scale them to 0. It costs a GRU of twice the features; without
    missing values only the decay of its state sets it apart from one.

    Raises:
        InputError: ``mean`` has not one number a feature.

    Source: Che, Purushotham, Cho, Sontag & Liu, *Recurrent neural networks for multivariate time series with missing
    values*, Scientific Reports 8 (2018).

    >>> x, mask, dt = torch.full((2, 3), torch.nan), torch.zeros(2, 3), torch.ones(2, 3)
    >>> h, last = GRUD(3, 5).step(x, mask, dt, torch.zeros(2, 5), torch.zeros(2, 3))
    >>> h.shape, bool(h.isfinite().all())
    (torch.Size([2, 5]), True)
    """

    state = ("h", "last")  # type: ignore[assignment]
    zoned = ("h",)
    inputs = ("x", "mask", "dt")
    mean: Tensor
    weight_dx: Tensor
    bias_dx: Tensor
    weight_dh: Tensor
    bias_dh: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        mean: float | Sequence[float] | Tensor | None = None,
        reset_after: bool = False,
        **options: Any,
    ):
        self.learn_mean, self.features = mean is None, input_size
        super().__init__(input_size, hidden_size, reset_after=reset_after, **options)
        if mean is not None:
            values = torch.as_tensor(mean, dtype=self.weight_dx.dtype, device=self.weight_dx.device)
            if values.shape not in {(), (input_size,)} or not values.isfinite().all():
                raise InputError(f"mean must be one number or {input_size}, one a feature, got {mean!r}")
            self.register_buffer("mean", values.expand(input_size).clone())

    def state_sizes(self) -> dict[str, int]:
        """``last`` has one number a feature."""
        return {"last": self.features}

    def input_sizes(self) -> dict[str, int]:
        """``mask`` and ``dt`` have one number a feature."""
        return {"mask": self.features, "dt": self.features}

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The decays, the weights of the mask, and the mean if it is learnt."""
        features, units = self.features, self.hidden_size
        return {
            "weight_ih": (3 * units, 2 * features),
            "weight_dx": (features,),
            "bias_dx": (features,),
            "weight_dh": (units, features),
            "bias_dh": (units,),
            **({"mean": (features,)} if self.learn_mean else {}),
        }

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """As the initialiser says; a learnt mean begins at 0."""
        super().reset_parameters()
        if self.learn_mean:
            self.mean.zero_()

    def step(  # type: ignore[override]
        self, x: Tensor, mask: Tensor, dt: Tensor, h: Tensor, last: Tensor
    ) -> tuple[Tensor, Tensor]:
        """x, mask and dt ``(B, F)``, h ``(B, H)``, last ``(B, F)`` -> new h, new last."""
        seen = mask > 0
        input_decay = gate("input_decay", torch.exp(-torch.relu(self.weight_dx * dt + self.bias_dx)))
        hidden_decay = gate("hidden_decay", torch.exp(-torch.relu(linear(dt, self.weight_dh, self.bias_dh))))
        last = torch.where(seen, x - self.mean, last)
        x = self.mean + torch.where(seen, last, input_decay * last)
        h = hidden_decay * h
        # Two products: that of the mask knows no state, and is done for all steps at once.
        W, V = self.weight_ih.chunk(2, -1)
        xr, xz, xn = (linear(x, W) + linear(mask, V, self.bias_ih)).chunk(3, -1)
        z, n = self.candidate_of(xr, xz, xn, h)
        z = gate("update_gate", self.gate_activation(z))
        return (1 - z) * n + z * h, last
