"""Two ways in which a trained language model follows the text it reads: learning on, and remembering words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from grunit.errors import InputError
from grunit.nn.options import check_size


@dataclass(frozen=True)
class DynamicEvaluation:
    """Gradient steps on the text that was just scored (Krause, Kahembwe, Murray & Renals, 2018).

    After each piece ``w <- w - lr * g + decay * (w_0 - w)``, where g is the gradient of the mean loss of the piece and
    ``w_0`` the trained weights: the paper's section 3 with plain gradient descent. With ``squares`` it is the paper's
    RMS rule, equations 5 and 6: the gradient divided by the root of its mean square on training text, and the decay
    stronger where that root is large.

    Args:
        lr: learning rate (default 0.1, for the plain rule; the RMS rule wants about 1e-4 to 1e-3).
        decay: pull back to the trained weights, at least 0 (default 0).
        chunk: tokens between steps (default 20).
        squares: mean squares of the gradients by name of parameter, see
            :meth:`grunit.LanguageModel.gradient_squares`; None for the plain rule.
        clip: largest norm of the gradient of the plain rule (default 1); None for none.

    Raises:
        InputError: a value out of range.
    """

    lr: float = 0.1
    decay: float = 0.0
    chunk: int = 20
    squares: Mapping[str, Tensor] | None = None
    clip: float | None = 1.0

    def __post_init__(self) -> None:
        check_size("chunk", self.chunk)
        if not self.lr > 0:
            raise InputError(f"lr is {self.lr!r}: give a number above 0")
        if not 0 <= self.decay <= 1:
            raise InputError(f"decay is {self.decay!r}: give a number from 0 to 1")

    def begin(self, network: nn.Module) -> DynamicLearner:
        """A learner that changes this network."""
        return DynamicLearner(self, network)


class DynamicLearner:
    """The rule of a :class:`DynamicEvaluation` on the weights of a network."""

    def __init__(self, rule: DynamicEvaluation, network: nn.Module):
        self.rule = rule
        self.weights = dict(network.named_parameters())
        self.trained = {name: weight.detach().clone() for name, weight in self.weights.items()}
        self.roots: dict[str, Tensor] = {}
        if rule.squares is not None:
            if set(rule.squares) != set(self.weights):
                raise InputError("squares are of another network: take them from gradient_squares of this model")
            self.roots = {name: rule.squares[name].to(weight).sqrt() for name, weight in self.weights.items()}
            count = sum(root.numel() for root in self.roots.values())
            self.mean = sum(float(root.sum()) for root in self.roots.values()) / count

    def learn(self, loss: Tensor) -> None:
        """One step down the gradient of a loss."""
        names = [name for name, weight in self.weights.items() if weight.requires_grad]
        gradients = torch.autograd.grad(loss, [self.weights[name] for name in names], allow_unused=True)
        pairs = [(name, g) for name, g in zip(names, gradients, strict=True) if g is not None]
        share = 1.0
        if self.rule.clip is not None and not self.roots:
            norm = math.sqrt(sum(float(gradient.square().sum()) for _, gradient in pairs))
            share = min(1.0, self.rule.clip / (norm + 1e-6))
        with torch.no_grad():
            for name, gradient in pairs:
                weight, decay = self.weights[name], self.rule.decay
                pull = self.trained[name] - weight
                if self.roots:
                    root = self.roots[name]
                    # A pull stronger than 1 would go beyond the trained weights.
                    pull = pull * (decay * root / self.mean).clamp(max=1.0)
                    # Weights that hardly learnt in training have next to no root; the paper's epsilon guards them.
                    weight.add_(pull - self.rule.lr * gradient / (root + 0.001 * self.mean))
                else:
                    weight.add_(decay * pull - self.rule.lr * share * gradient)


@dataclass(frozen=True)
class CachePointer:
    """Words of the recent past are more probable (Grave, Joulin & Usunier, *Improving neural language models with a
    continuous cache*, 2017).

    The past outputs ``h_i`` are kept with the words ``x_(i+1)`` that followed them, and
    ``p(w) = (1 - share) * p_model(w) + share * p_cache(w)`` with ``p_cache(w)`` proportional to the sum of
    ``exp(theta * h_t . h_i)`` over those with ``x_(i+1) = w``: their equations 3 and 4.

    Args:
        size: words remembered (default 500).
        theta: how much likeness counts (default 0.3).
        share: of the cache (default 0.1).

    Raises:
        InputError: a value out of range.
    """

    size: int = 500
    theta: float = 0.3
    share: float = 0.1

    def __post_init__(self) -> None:
        check_size("size", self.size)
        if not 0 <= self.share < 1:
            raise InputError(f"share is {self.share!r}: give a share of at least 0 and below 1")

    def begin(self) -> CacheMemory:
        """An empty memory."""
        return CacheMemory(self)


class CacheMemory:
    """What a :class:`CachePointer` remembers along a text."""

    def __init__(self, rule: CachePointer):
        self.rule = rule
        self.keys: Tensor | None = None
        self.words: Tensor | None = None

    def mix(self, found: Tensor, hidden: Tensor, targets: Tensor) -> Tensor:
        """Log probabilities of the targets with the cache in them.

        Args:
            found: those of the model, ``(B, T)``.
            hidden: what the softmax reads, ``(B, T, E)``.
            targets: ``(B, T)``.
        """
        old = hidden[:, :0] if self.keys is None else self.keys
        before, kept = old.shape[1], self.rule.size
        keys = torch.cat([old, hidden], 1)
        words = torch.cat([targets[:, :0] if self.words is None else self.words, targets], 1)
        now = torch.arange(before, keys.shape[1], device=targets.device).unsqueeze(1)
        then = torch.arange(keys.shape[1], device=targets.device)
        allowed = (then < now) & (then >= now - kept)  # (T, M)
        likeness = (self.rule.theta * hidden @ keys.transpose(1, 2)).masked_fill(~allowed, -math.inf)
        known = allowed.any(-1)  # the first token of all has no past
        weights = likeness.masked_fill(~known.unsqueeze(-1), 0.0).softmax(-1)
        same = weights * (words.unsqueeze(1) == targets.unsqueeze(2))
        mixed = ((1 - self.rule.share) * found.exp() + self.rule.share * same.sum(-1)).log()
        self.keys, self.words = keys[:, -kept:], words[:, -kept:]
        return torch.where(known, mixed, found)


def gradient_squares(network: Any, inputs: Tensor, targets: Tensor, chunk: int) -> dict[str, Tensor]:
    """Mean squares of the gradients of the mean losses of all pieces of ``chunk`` tokens, by name of parameter."""
    squares = {name: torch.zeros_like(weight) for name, weight in network.named_parameters()}
    starts, state = range(0, inputs.shape[1], chunk), None
    for start in starts:
        loss, state = network(inputs[:, start : start + chunk], state, targets[:, start : start + chunk])
        state = tuple(part.detach() for part in state)
        gradients = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
        for total, gradient in zip(squares.values(), gradients, strict=True):
            if gradient is not None:
                total += gradient.square() / len(starts)
    return squares
