"""From a vector to the probability of each of many classes: in full, in clusters, or trained on samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from grunit.errors import InputError
from grunit.nn.options import check_size


class FullSoftmax(nn.Module):
    """Every class has a row of its own in one matrix.

    Args:
        input_size: features ``F``.
        classes: their number ``V``.
        weight: a parameter ``(V, F)`` to share, most often that of an embedding (Press & Wolf, *Using the output
            embedding to improve language models*, 2017; Inan et al. 2017); None for one of its own.

    >>> softmax = FullSoftmax(3, 5)
    >>> softmax.log_probabilities(torch.zeros(2, 3)).shape
    torch.Size([2, 5])
    """

    def __init__(self, input_size: int, classes: int, weight: nn.Parameter | None = None):
        super().__init__()
        scale = input_size**-0.5  # as torch begins a linear map
        if weight is None:
            weight = nn.Parameter(torch.empty(classes, input_size).uniform_(-scale, scale))
        self.weight = weight
        if self.weight.shape != (classes, input_size):
            raise InputError(f"the shared weight has shape {tuple(self.weight.shape)}: give ({classes}, {input_size})")
        self.bias = nn.Parameter(torch.zeros(classes))

    def log_probabilities(self, input: Tensor) -> Tensor:
        """``(..., F)`` -> ``(..., V)``, natural logarithms."""
        return nn.functional.linear(input, self.weight, self.bias).log_softmax(-1)

    def forward(self, input: Tensor, targets: Tensor) -> Tensor:
        """The mean loss in nats, of vectors ``(N, F)`` and classes ``(N,)``."""
        return nn.functional.cross_entropy(nn.functional.linear(input, self.weight, self.bias), targets)


class SampledSoftmax(FullSoftmax):
    """A full softmax whose sum over the classes is estimated from a few of them while training.

    Classes are drawn with the probabilities of Zipf's law, ``log((k + 2) / (k + 1)) / log(V + 1)`` for the class
    numbered k, so they must be numbered by falling frequency, as those of a
    :class:`~grunit.data.text.Vocabulary` are. The sum of the classes other than the target is estimated without bias
    from the draws, each weighed by one over how often it was to be expected (importance sampling: Bengio & Senécal,
    *Quick training of probabilistic neural nets by importance sampling*, 2003; Jean et al., *On using very large target
    vocabulary for neural machine translation*, 2015). In evaluation it is the full softmax.

    Args:
        input_size, classes, weight: see :class:`FullSoftmax`.
        samples: classes drawn for a batch, with repetition (default 1024).

    >>> softmax = SampledSoftmax(3, 1000, samples=20)
    >>> softmax(torch.zeros(4, 3), torch.tensor([0, 5, 5, 999])).shape
    torch.Size([])
    """

    def __init__(self, input_size: int, classes: int, weight: nn.Parameter | None = None, samples: int = 1024):
        super().__init__(input_size, classes, weight)
        self.samples = check_size("samples", samples)

    def forward(self, input: Tensor, targets: Tensor) -> Tensor:
        """The mean loss in nats: estimated while training, else in full."""
        if not self.training:
            return super().forward(input, targets)
        drawn = self.draw(input.device)
        right = (input * self.weight[targets]).sum(-1) + self.bias[targets]  # (N,)
        others = nn.functional.linear(input, self.weight[drawn], self.bias[drawn])  # (N, samples)
        expected = torch.log(torch.log1p(1 / (drawn.double() + 1)) / math.log(len(self.weight) + 1) * self.samples)
        others = (others - expected.to(others)).masked_fill(drawn == targets.unsqueeze(1), -math.inf)
        total = torch.logaddexp(right, others.logsumexp(-1))
        return (total - right).mean()

    def draw(self, device: torch.device | str = "cpu") -> Tensor:
        """Numbers of classes ``(samples,)`` by Zipf's law."""
        quantiles = torch.rand(self.samples, dtype=torch.float64, device=device)
        drawn = torch.exp(quantiles * math.log(len(self.weight) + 1)).long() - 1
        return drawn.clamp(0, len(self.weight) - 1)


class AdaptiveSoftmax(nn.Module):
    """Frequent classes in full, rarer ones in clusters with ever smaller matrices.

    Source: Grave et al., *Efficient softmax approximation for GPUs* (2017); the arithmetic is that of
    ``torch.nn.AdaptiveLogSoftmaxWithLoss``. Classes must be numbered by falling frequency.

    Args:
        input_size, classes: see :class:`FullSoftmax`.
        cutoffs: where a new cluster begins, ascending (default: a tenth and a third of the classes).
        div_value: how much smaller each cluster's vectors are than those of the one before (default 4).

    >>> softmax = AdaptiveSoftmax(8, 100)
    >>> softmax.cutoffs, softmax.log_probabilities(torch.zeros(2, 8)).shape
    ([10, 33], torch.Size([2, 100]))
    """

    def __init__(
        self, input_size: int, classes: int, cutoffs: Sequence[int] | None = None, div_value: float = 4.0
    ) -> None:
        super().__init__()
        given = sorted({max(1, classes // 10), max(2, classes // 3)}) if cutoffs is None else list(cutoffs)
        whole = all(isinstance(cut, int) and not isinstance(cut, bool) for cut in given)
        if not given or not whole or given != sorted(set(given)) or not 0 < given[0] <= given[-1] < classes:
            raise InputError(f"cutoffs are {given}: give ascending whole numbers above 0 and below {classes}")
        self.cutoffs = given
        # A cluster so far down that nothing would be left of its vectors still gets one number.
        while input_size // div_value ** len(given) < 1 and div_value > 1:
            div_value = max(1.0, 0.9 * div_value)
        self.clusters: Any = nn.AdaptiveLogSoftmaxWithLoss(input_size, classes, given, div_value=div_value)

    def log_probabilities(self, input: Tensor) -> Tensor:
        """``(..., F)`` -> ``(..., V)``, natural logarithms."""
        with torch.autocast(input.device.type, enabled=False):
            flat = self.clusters.log_prob(self._full(input).flatten(0, -2))
        return flat.unflatten(0, input.shape[:-1])

    def forward(self, input: Tensor, targets: Tensor) -> Tensor:
        """The mean loss in nats, of vectors ``(N, F)`` and classes ``(N,)``."""
        with torch.autocast(input.device.type, enabled=False):
            return self.clusters(self._full(input), targets).loss

    def _full(self, input: Tensor) -> Tensor:
        """In the precision of the weights: torch's clusters do not mix two."""
        return input.to(self.clusters.head.weight.dtype)


SOFTMAXES: dict[str, type[nn.Module]] = {
    "full": FullSoftmax,
    "adaptive": AdaptiveSoftmax,
    "sampled": SampledSoftmax,
}
"""The kinds by name."""
