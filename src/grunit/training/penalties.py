"""What is added to the loss of training so that weights or outputs stay small or change slowly."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from grunit.nn import Recurrent


def weight_penalty(model: nn.Module, l1: float, l2: float) -> Tensor | float:
    """``l1`` times the sum of absolute weights plus ``l2`` times the sum of their squares.

    Only matrices count (parameters of two or more dimensions) that are trained; biases are left alone, see
    Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 7.1.

    >>> layer = nn.Linear(2, 1)
    >>> _ = nn.init.constant_(layer.weight, -3.0)
    >>> weight_penalty(layer, 1.0, 0.5).item()
    15.0
    """
    total: Tensor | float = 0.0
    for weight in model.parameters():
        if weight.dim() > 1 and weight.requires_grad:
            if l1:
                total = total + l1 * weight.abs().sum()
            if l2:
                total = total + l2 * weight.square().sum()
    return total


def activation_penalty(output: Tensor, lengths: Tensor | None, size: float, change: float) -> Tensor:
    """``size`` times the mean square of a core's outputs plus ``change`` times that of their change in a step.

    Args:
        output: ``(B, T, H)``.
        lengths: steps ``(B,)`` that count; None for all.
        size, change: the factors alpha and beta of activation regularisation and of its temporal form; Merity,
            Keskar & Socher, *Regularizing and optimizing LSTM language models* (2018), section 4.6.

    >>> activation_penalty(torch.tensor([[[1.0], [3.0]]]), None, 1.0, 1.0).item()
    9.0
    """
    steps = output.shape[1]
    left = torch.full((output.shape[0],), steps) if lengths is None else lengths
    valid = (torch.arange(steps, device=output.device) < left.to(output.device).unsqueeze(1)).unsqueeze(-1)
    valid = valid.to(output.dtype)
    squares = (output.square() * valid).sum() / (valid.sum() * output.shape[2]).clamp(min=1)
    total = size * squares
    if change and steps > 1:
        both = valid[:, 1:]
        moves = ((output[:, 1:] - output[:, :-1]).square() * both).sum()
        total = total + change * moves / (both.sum() * output.shape[2]).clamp(min=1)
    return total


class ActivationPenalty:
    """Listens to the recurrent cores of a model while it trains.

    Args:
        model: its :class:`grunit.Recurrent` and ``torch.nn`` recurrent layers are listened to.
        size, change: see :func:`activation_penalty`.
    """

    def __init__(self, model: nn.Module, size: float, change: float):
        self.size, self.change = size, change
        self.terms: list[Tensor] = []
        cores = (
            [part for part in model.modules() if isinstance(part, (Recurrent, nn.RNNBase))] if size or change else []
        )
        self.handles = [core.register_forward_hook(self._hear, with_kwargs=True) for core in cores]

    def take(self) -> Tensor | float:
        """The penalty of what was heard since the last call."""
        total = sum(self.terms, start=0.0) if self.terms else 0.0
        self.terms.clear()
        return total

    def close(self) -> None:
        """Listen no longer."""
        for handle in self.handles:
            handle.remove()

    def _hear(self, core: Any, given: tuple[Any, ...], named: dict[str, Any], result: Any) -> None:
        if not core.training or not torch.is_grad_enabled():
            return
        output, lengths = result[0], named.get("lengths", given[2] if len(given) > 2 else None)
        if isinstance(output, PackedSequence):
            output, lengths = pad_packed_sequence(output, batch_first=True)
        elif output.dim() == 2:
            output = output.unsqueeze(0)
        elif not core.batch_first:
            output = output.transpose(0, 1)
        self.terms.append(activation_penalty(output, lengths, self.size, self.change))
