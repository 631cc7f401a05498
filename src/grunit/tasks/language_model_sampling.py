"""From log probabilities to the next token: what may be drawn, and the draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from grunit.errors import InputError


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    Args:
        temperature: above 1 flatter, below 1 sharper; 0 takes the most probable token always (default 1).
        top_k: only so many of the most probable tokens may be drawn; None for all.
        top_p: only the fewest most probable tokens whose probabilities come to this share (nucleus sampling: Holtzman
            et al., *The curious case of neural text degeneration*, 2020); None for all.
        repetition_penalty: the log probability of every token of the text so far is multiplied by it, so that above 1
            repetition is rarer (after Keskar et al., *CTRL*, 2019); 1 (default) for none.

    Raises:
        InputError: a value out of range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        wrong = [
            (not 0 <= self.temperature < math.inf, "temperature", "give 0 for the most probable token, or more"),
            (self.top_k is not None and (self.top_k < 1 or self.top_k % 1), "top_k", "give at least 1, or None"),
            (self.top_p is not None and not 0 < self.top_p <= 1, "top_p", "give a share above 0, at most 1, or None"),
            (not 0 < self.repetition_penalty < math.inf, "repetition_penalty", "give a number above 0, 1 for none"),
        ]
        for is_wrong, name, mend in wrong:
            if is_wrong:
                raise InputError(f"{name} is {getattr(self, name)!r}: {mend}")

    def penalize(self, found: Tensor, past: Sequence[Sequence[int]], end: int | None = None) -> Tensor:
        """Log probabilities ``(B, V)`` with those of the tokens of ``past``, one sequence a row, multiplied.

        The first token of a row only opens it, and an ``end`` is no repetition: neither is touched.
        """
        if self.repetition_penalty == 1:
            return found
        seen = torch.zeros_like(found, dtype=torch.bool)
        for row, tokens in enumerate(past):
            seen[row, torch.tensor(sorted({*tokens[1:]} - {end}), dtype=torch.long, device=found.device)] = True
        return torch.where(seen, found * self.repetition_penalty, found)

    def probabilities(self, found: Tensor) -> Tensor:
        """What is drawn from, ``(B, V)``: temperature first, then the most probable k of those, then the share p.

        Of equally probable tokens the one with the smaller number comes first.

        >>> found = torch.tensor([[0.5, 0.3, 0.2]]).log()
        >>> Sampling(top_k=2).probabilities(found), Sampling(top_p=0.6, temperature=0.5).probabilities(found).argmax()
        (tensor([[0.6250, 0.3750, 0.0000]]), tensor(0))
        """
        if self.temperature == 0:
            return torch.nn.functional.one_hot(found.argmax(-1), found.shape[-1]).to(found)
        shares = (found / self.temperature).softmax(-1)
        if self.top_k is None and self.top_p is None:
            return shares
        ordered, order = shares.sort(dim=-1, descending=True, stable=True)
        if self.top_k is not None:
            ordered[:, self.top_k :] = 0
            ordered = ordered / ordered.sum(-1, keepdim=True)
        if self.top_p is not None:
            # A token stays while those before it have not come to the share, so one always does.
            ordered = torch.where(ordered.cumsum(-1) - ordered < self.top_p, ordered, 0.0)
        kept = torch.zeros_like(shares).scatter(-1, order, ordered)
        return kept / kept.sum(-1, keepdim=True)


def draw(shares: Tensor, numbers: Tensor) -> Tensor:
    """The class of each row at which the running sum passes its number of [0, 1).

    ``(B, V)`` and ``(B,)`` -> ``(B,)``.

    >>> draw(torch.tensor([[0.5, 0.0, 0.5]] * 3), torch.tensor([0.0, 0.49, 0.5]))
    tensor([0, 0, 2])
    """
    sums = shares.cumsum(-1)
    found = (sums <= (numbers * sums[:, -1]).unsqueeze(1)).sum(-1)
    # A number so near to 1 that it rounds to it must not choose a class of no probability.
    last = (shares > 0).long().cumsum(-1).argmax(-1)
    return torch.minimum(found, last)
