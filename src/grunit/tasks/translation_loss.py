"""What a translator learns from: the next token, and how often it is told the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from grunit.errors import InputError


def read_forcing(value: Any) -> tuple[float, float]:
    """The share of tokens told in the first and in the last step of training.

    Args:
        value: one share, or the two between which it moves in a line (Bengio et al. 2015).

    Raises:
        InputError: it is none of these.

    >>> read_forcing(1.0), read_forcing([1.0, 0.5])
    ((1.0, 1.0), (1.0, 0.5))
    """
    shares = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value, value]
    numbers = [one for one in shares if isinstance(one, (int, float)) and not isinstance(one, bool)]
    if len(numbers) != 2 or len(shares) != 2 or not all(0 <= one <= 1 for one in numbers):
        raise InputError(
            f"teacher_forcing is {value!r}: give a share between 0 and 1, or two, of the first and the last step"
        )
    return float(numbers[0]), float(numbers[1])


def tell_before(tokens: Tensor, start: int, share: float) -> Tensor:
    """What a decoder reads at each step, ``(B, L)``: the token before, or -1 where it must do with its own choice.

    Args:
        tokens: ``(B, L)`` the target.
        start: stands before its first token and is always told.
        share: of the others that are told, drawn one by one.

    >>> tell_before(torch.tensor([[7, 8, 3]]), 2, 1.0), tell_before(torch.tensor([[7, 8, 3]]), 2, 0.0)
    (tensor([[2, 7, 8]]), tensor([[ 2, -1, -1]]))
    """
    before = torch.cat([tokens.new_full((len(tokens), 1), start), tokens[:, :-1]], 1)
    if share >= 1:
        return before
    hidden = torch.rand(before.shape, device=before.device) >= share
    hidden[:, 0] = False
    return before.masked_fill(hidden, -1)


def translation_loss(
    model: nn.Module,
    batch: tuple[Tensor, ...],
    *,
    start: int,
    share: float = 1.0,
    label_smoothing: float = 0.0,
    coverage: float = 0.0,
) -> Tensor:
    """The mean over all target tokens of a batch of their cross-entropy.

    Args:
        model: a :class:`~grunit.tasks.translation_model.TranslationModel`.
        batch: source ``(B, T)``, its lengths, target ``(B, L)`` with the token that ends it, its lengths.
        start: the token before the first.
        share: of tokens told, see :func:`tell_before`.
        label_smoothing: share of the target spread over all tokens.
        coverage: factor of what attention spends on places it had looked at before, ``sum min(a_t, sum before)``
            (See et al. 2017, eq. 12).
    """
    source, lengths, target, target_lengths = batch
    counts = torch.arange(target.shape[1], device=target.device) < target_lengths.unsqueeze(1)
    # Scores of padding are never computed: with a large vocabulary they are most of the work.
    logits, weights = model(source, lengths, tell_before(target, start, share), counts)
    value = nn.functional.cross_entropy(logits.float(), target[counts], label_smoothing=label_smoothing)
    if coverage and weights is not None:
        before = weights.cumsum(1) - weights
        value = value + coverage * torch.minimum(weights, before).sum(-1)[counts].mean().float()
    return value


def count_tokens(batch: tuple[Tensor, ...]) -> int:
    """Target tokens of a batch: what :func:`translation_loss` is a mean over."""
    return int(batch[3].sum())
