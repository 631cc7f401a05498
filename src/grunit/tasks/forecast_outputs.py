"""What a forecaster says of each step ahead, the loss that teaches it, and the quantiles it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from grunit.errors import InputError, suggest
from grunit.tasks.forecast_normalize import Frame
from grunit.tasks.quantiles import observed_mean, pinball_loss

SMALLEST = 1e-4
"""Of a scale or a dispersion, in scaled units: below it the likelihood of a constant series has no bound."""


class Output:
    """Numbers for each step, from the last layer of the network to quantiles.

    Args:
        quantiles: Q of them, ascending, with the median in the middle.

    Attributes:
        size: numbers P that the last layer gives for each step.
    """

    size = 1

    def __init__(self, quantiles: Sequence[float]):
        self.levels = list(quantiles)

    def read(self, raw: Tensor) -> Tensor:
        """The last layer's ``(..., P)`` as parameters ``(..., P)`` of a normalised series."""
        return raw

    def place(self, parameters: Tensor, frame: Frame) -> Tensor:
        """The same of the scaled series; ``(B, h, P)``."""
        return frame.back(parameters)

    def loss(self, parameters: Tensor, target: Tensor, units: Tensor) -> Tensor:
        """The mean over what was observed.

        Args:
            parameters: ``(B, h, P)``.
            target: ``(B, h)`` of the scaled series; NaN where nothing was observed.
            units: ``(B, 2)``: centre and scale of each series.
        """
        raise NotImplementedError

    def quantiles(self, parameters: Tensor, units: Tensor) -> Tensor:
        """``(B, h, Q)`` of the scaled series, ascending."""
        raise NotImplementedError


class QuantileOutput(Output):
    """Quantiles that cannot cross: the median, and gaps above and below it that are never negative.

    >>> output = QuantileOutput([0.1, 0.5, 0.9])
    >>> output.read(torch.randn(2, 3)).diff(dim=-1).min() >= 0
    tensor(True)
    """

    def __init__(self, quantiles: Sequence[float]):
        super().__init__(quantiles)
        self.size = len(self.levels)

    def read(self, raw: Tensor) -> Tensor:
        """As :meth:`Output.read`."""
        away = self.size // 2
        median, below, above = raw.split([1, away, away], -1)
        below = median - softplus(below).cumsum(-1)
        above = median + softplus(above).cumsum(-1)
        return torch.cat([below.flip(-1), median, above], -1)

    def loss(self, parameters: Tensor, target: Tensor, units: Tensor) -> Tensor:
        """As :meth:`Output.loss`."""
        return pinball_loss(parameters, target, parameters.new_tensor(self.levels))

    def quantiles(self, parameters: Tensor, units: Tensor) -> Tensor:
        """As :meth:`Output.quantiles`."""
        return parameters


class PointOutput(Output):
    """One number: the mean where squares are summed, the median where absolute values are.

    It knows nothing of spread, so all its quantiles are that number; conformal intervals move them apart.
    """

    error: ClassVar[Any]

    def loss(self, parameters: Tensor, target: Tensor, units: Tensor) -> Tensor:
        """As :meth:`Output.loss`."""
        return observed_mean(self.error(parameters[..., 0] - target.nan_to_num()), target)

    def quantiles(self, parameters: Tensor, units: Tensor) -> Tensor:
        """As :meth:`Output.quantiles`."""
        return parameters.expand(*parameters.shape[:-1], len(self.levels))


class SquaredOutput(PointOutput):
    """The mean, by squared errors."""

    error = staticmethod(torch.square)


class AbsoluteOutput(PointOutput):
    """The median, by absolute errors."""

    error = staticmethod(torch.abs)


class NormalOutput(Output):
    """A normal distribution: mean and standard deviation."""

    size = 2

    def read(self, raw: Tensor) -> Tensor:
        """As :meth:`Output.read`."""
        return torch.cat([raw[..., :1], softplus(raw[..., 1:2]) + SMALLEST, raw[..., 2:]], -1)

    def place(self, parameters: Tensor, frame: Frame) -> Tensor:
        """As :meth:`Output.place`."""
        middle = frame.back(parameters[..., :1])
        return torch.cat([middle, parameters[..., 1:2] * frame.spread, parameters[..., 2:]], -1)

    def loss(self, parameters: Tensor, target: Tensor, units: Tensor) -> Tensor:
        """As :meth:`Output.loss`."""
        seen = torch.nan_to_num(target)
        return observed_mean(-self._distribution(parameters).log_prob(seen), target)

    def quantiles(self, parameters: Tensor, units: Tensor) -> Tensor:
        """As :meth:`Output.quantiles`."""
        away = torch.special.ndtri(parameters.new_tensor(self.levels))
        return parameters[..., :1] + parameters[..., 1:2] * away

    def _distribution(self, parameters: Tensor) -> torch.distributions.Distribution:
        return torch.distributions.Normal(parameters[..., 0], parameters[..., 1])


class StudentOutput(NormalOutput):
    """Student's t: location, scale, and degrees of freedom above 2, so that the variance is finite."""

    size = 3

    def read(self, raw: Tensor) -> Tensor:
        """As :meth:`Output.read`."""
        return torch.cat([super().read(raw[..., :2]), 2.0 + SMALLEST + softplus(raw[..., 2:])], -1)

    def quantiles(self, parameters: Tensor, units: Tensor) -> Tensor:
        """As :meth:`Output.quantiles`."""
        from scipy.stats import t

        middle, scale, freedom = parameters.double().cpu().unsqueeze(-1).unbind(-2)
        away = torch.from_numpy(t.ppf(np.array(self.levels), freedom.numpy()))
        return (middle + scale * away).to(parameters)

    def _distribution(self, parameters: Tensor) -> torch.distributions.Distribution:
        middle, scale, freedom = parameters.unbind(-1)
        return torch.distributions.StudentT(freedom, middle, scale)


class CountOutput(Output):
    """Counts: a negative binomial distribution with mean m and variance ``m + a * m**2``.

    The parameters are m in units of the series' scale, and a.

    Source: Salinas et al., *DeepAR* (2020), section 3.1.
    """

    size = 2

    def read(self, raw: Tensor) -> Tensor:
        """As :meth:`Output.read`."""
        return softplus(raw) + SMALLEST

    def place(self, parameters: Tensor, frame: Frame) -> Tensor:
        """As :meth:`Output.place`."""
        return parameters

    def loss(self, parameters: Tensor, target: Tensor, units: Tensor) -> Tensor:
        """As :meth:`Output.loss`."""
        mean, dispersion = parameters[..., 0] * units[:, 1:], parameters[..., 1]
        # Scaling and back leaves a count next to a whole number.
        count = torch.round(torch.nan_to_num(target) * units[:, 1:] + units[:, :1])
        shape = 1 / dispersion
        likelihood = (
            torch.lgamma(count + shape)
            - torch.lgamma(shape)
            - torch.lgamma(count + 1)
            - shape * torch.log1p(dispersion * mean)
            - count * torch.log1p(shape / mean)
        )
        return observed_mean(-likelihood, target)

    def quantiles(self, parameters: Tensor, units: Tensor) -> Tensor:
        """As :meth:`Output.quantiles`."""
        from scipy.stats import nbinom

        center, scale = units.double().cpu().numpy()[:, None, None, :].transpose(3, 0, 1, 2)
        mean, dispersion = parameters.double().cpu().numpy()[..., None, :].transpose(3, 0, 1, 2)
        counts = nbinom.ppf(np.array(self.levels), 1 / dispersion, 1 / (1 + dispersion * mean * scale))
        return torch.from_numpy((counts - center) / scale).to(parameters)


OUTPUTS: dict[str, type[Output]] = {
    "quantile": QuantileOutput,
    "mse": SquaredOutput,
    "mae": AbsoluteOutput,
    "normal": NormalOutput,
    "student_t": StudentOutput,
    "negative_binomial": CountOutput,
}
"""By the name of the argument ``loss`` of :class:`grunit.Forecaster`."""


def find_output(name: str) -> type[Output]:
    """The output of a loss.

    Raises:
        InputError: there is none; the message suggests the nearest.
    """
    if name not in OUTPUTS:
        raise InputError(f"unknown loss {name!r}: {suggest(name, OUTPUTS)}")
    return OUTPUTS[name]
