"""Beam search: the likeliest sequences of a model that writes one token after the other, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from grunit.errors import InputError


class Hypothesis(NamedTuple):
    """A finished sequence.

    Attributes:
        ids: its tokens, without the one that ends it.
        score: its log probability over the length penalty, with what :meth:`Walker.bonus` gives.
        log_probability: of all tokens and the end.
    """

    ids: list[int]
    score: float
    log_probability: float


class Walker(Protocol):
    """What a search asks of a model; it holds S sequences, each with k beams, row ``s * k + b`` for beam b of s."""

    def step(self, ids: Tensor) -> Tensor:
        """The last tokens ``(S * k,)`` to logits ``(S * k, V)`` of the next."""
        ...

    def reorder(self, rows: Tensor) -> None:
        """Beam ``i`` goes on from what beam ``rows[i]`` was, ``(S * k,)``; they stay within their sequence."""
        ...

    def keep(self, sequences: Tensor) -> None:
        """The sequences that are not among ``sequences`` are done."""
        ...

    def bonus(self) -> Tensor | None:
        """What is added to the score of a beam that ends now, ``(S * k,)``, or None."""
        ...


def length_penalty_of(length: int, exponent: float) -> float:
    """What a log probability is divided by (Wu et al. 2016, eq. 14): ``((5 + length) / 6) ** exponent``.

    >>> length_penalty_of(1, 0.6), length_penalty_of(7, 1.0), length_penalty_of(7, 0.0)
    (1.0, 2.0, 1.0)
    """
    return ((5 + length) / 6) ** exponent


@torch.no_grad()
def search_beams(
    walker: Walker,
    max_lengths: Sequence[int],
    *,
    start: int,
    end: int,
    num_beams: int = 5,
    length_penalty: float = 1.0,
    forbidden: Sequence[int] = (),
    device: torch.device | str | None = None,
) -> list[list[Hypothesis]]:
    """The best sequences a search with ``num_beams`` beams finds, the best first, for each of S.

    At each step all beams of a sequence are extended by every token. Of the best ``num_beams`` extensions those by
    ``end`` are finished; the best ``num_beams`` by other tokens go on. A sequence is done when ``num_beams`` of its
    hypotheses are finished, or when it has as many tokens as it may: then all its beams end. What is found for one
    sequence does not depend on the others.

    Args:
        walker: the model, before the first token.
        max_lengths: most tokens of each sequence, without the end; at least 0.
        start: the token that a sequence begins after.
        end: the token that ends it.
        num_beams: how many are followed at once; 1 takes the likeliest token each time.
        length_penalty: exponent of :func:`length_penalty_of`, by which log probabilities are divided before finished
            hypotheses are held against each other: 0 for none, which favours short ones.
        forbidden: tokens never chosen, such as padding.
        device: of the walker.

    Raises:
        InputError: no beam.
    """
    if isinstance(num_beams, bool) or not isinstance(num_beams, int) or num_beams < 1:
        raise InputError(f"num_beams is {num_beams!r}: give a whole number of at least 1")
    found: list[list[Hypothesis]] = [[] for _ in max_lengths]
    alive = list(range(len(found)))
    limits = torch.tensor(list(max_lengths), device=device)
    written = torch.empty(len(alive), num_beams, 0, dtype=torch.long, device=device)
    last = torch.full((len(alive), num_beams), start, device=device)
    scores: Tensor | None = None
    while alive:
        logits, length = walker.step(last.flatten()), written.shape[2]
        if scores is None:
            # All beams are the same before the first token: only one may be extended.
            scores = logits.new_full(last.shape, -torch.inf)
            scores[:, 0] = 0
        totals, origin, tokens, ended = _extend(logits, scores, end, forbidden)
        full = (limits <= length).unsqueeze(1)
        bonus = walker.bonus()
        bonus = torch.zeros_like(scores) if bonus is None else bonus.view_as(scores)
        best = (tokens == end)[:, :num_beams] & torch.isfinite(totals[:, :num_beams])
        places = torch.stack([best.nonzero()[:, 0], origin[:, :num_beams][best]], 1)
        closing = torch.zeros_like(full.expand_as(scores)).clone()
        closing[places[:, 0], places[:, 1]] = True
        closing = torch.where(full, torch.isfinite(ended), closing)
        for place, beam in closing.nonzero().tolist():
            total = float(ended[place, beam])
            score = total / length_penalty_of(length + 1, length_penalty) + float(bonus[place, beam])
            found[alive[place]].append(Hypothesis(written[place, beam].tolist(), score, total))
        scores, order = totals.masked_fill(tokens == end, -torch.inf).topk(num_beams)
        origin, last = origin.gather(1, order), tokens.gather(1, order)
        written = torch.cat([written.gather(1, origin.unsqueeze(-1).expand(-1, -1, length)), last.unsqueeze(-1)], 2)
        walker.reorder((origin + num_beams * torch.arange(len(alive), device=device).unsqueeze(1)).flatten())
        stays = [i for i, row in enumerate(alive) if length < max_lengths[row] and len(found[row]) < num_beams]
        if len(stays) < len(alive):
            kept = torch.tensor(stays, dtype=torch.long, device=device)
            walker.keep(kept)
            alive = [alive[place] for place in stays]
            scores, written, last, limits = scores[kept], written[kept], last[kept], limits[kept]
    return [sorted(hypotheses, key=lambda one: -one.score) for hypotheses in found]


def _extend(
    logits: Tensor, scores: Tensor, end: int, forbidden: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The ``2 * k`` best extensions of the k beams of each of S sequences, the best first.

    Among so many at most k are by ``end``, one a beam.

    Args:
        logits: ``(S * k, V)``; changed in place.
        scores: log probabilities of the beams, ``(S, k)``.
        end, forbidden: as of :func:`search_beams`.

    Returns:
        their log probabilities, the beam each extends and by which token, ``(S, 2 * k)``; and the log probability of
        every beam if it ends now, ``(S, k)``.
    """
    rows, beams = scores.shape
    log_sum = logits.logsumexp(-1)
    logits[:, list(forbidden)] = -torch.inf
    ended = scores + (logits[:, end] - log_sum).view(rows, beams)
    # One more than beams of each, since the end may be among them.
    best, tokens = logits.topk(min(beams + 1, logits.shape[1]))
    totals = scores.unsqueeze(-1) + (best - log_sum.unsqueeze(-1)).view(rows, beams, -1)
    totals, places = totals.flatten(1).topk(2 * beams)
    return totals, places // best.shape[1], tokens.view(rows, -1).gather(1, places), ended
