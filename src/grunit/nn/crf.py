"""Linear-chain conditional random field: scores of whole tag sequences, their probabilities, the best of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from grunit.errors import InputError, ShapeError
from grunit.nn.masks import check_lengths
from grunit.nn.options import check_size

FORBIDDEN = -1e4
"""Added to the score of a step that the rules forbid: its power is 0 in every number type, and it stays finite, so that
gradients do, and so that a row of which every path breaks a rule is given one that breaks the fewest."""


class CRF(nn.Module):
    """Scores of tag sequences: what each step says for a tag, and how well a tag follows the one before it.

    The score of tags ``y`` for emissions ``e`` is
    ``start[y_1] + sum_t e_t[y_t] + sum_t transitions[y_(t-1), y_t] + end[y_T]``; their probability is the power of
    that, divided by the sum of the powers over all sequences. Everything is computed in log space.

    Args:
        tags: K, how many there are.
        allowed: bool ``(K, K)``, True where the tag of the column may follow that of the row; None for all.
        first: bool ``(K,)``, the tags a sequence may begin with; None for all.
        last: bool ``(K,)``, the tags it may end with; None for all.

    Attributes:
        transitions: ``(K, K)``, learnt, from row to column.
        start, end: ``(K,)``, learnt.

    Raises:
        ShapeError: rules of another shape.

    Source: Lafferty, McCallum & Pereira, *Conditional random fields* (2001); on a recurrent network, Huang, Xu & Yu,
    *Bidirectional LSTM-CRF models for sequence tagging* (2015).

    >>> crf = CRF(3)
    >>> emissions, tags = torch.randn(2, 5, 3), torch.zeros(2, 5, dtype=torch.long)
    >>> crf.log_likelihood(emissions, tags, lengths=[5, 2]).shape
    torch.Size([2])
    >>> paths, scores = crf.viterbi(emissions, lengths=[5, 2])
    >>> paths.shape, scores.shape
    (torch.Size([2, 5]), torch.Size([2]))
    """

    rules: Tensor
    first_rules: Tensor
    last_rules: Tensor

    def __init__(
        self,
        tags: int,
        *,
        allowed: Tensor | None = None,
        first: Tensor | None = None,
        last: Tensor | None = None,
    ):
        super().__init__()
        self.tags = check_size("tags", tags)
        self.transitions = nn.Parameter(torch.empty(tags, tags))
        self.start, self.end = nn.Parameter(torch.empty(tags)), nn.Parameter(torch.empty(tags))
        # Rules are arguments, not something learnt: they are not in the state_dict.
        self.register_buffer("rules", _penalty("allowed", allowed, (tags, tags)), persistent=False)
        self.register_buffer("first_rules", _penalty("first", first, (tags,)), persistent=False)
        self.register_buffer("last_rules", _penalty("last", last, (tags,)), persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new start values, uniform between -0.1 and 0.1."""
        for parameter in (self.transitions, self.start, self.end):
            nn.init.uniform_(parameter, -0.1, 0.1)

    def log_likelihood(self, emissions: Tensor, tags: Tensor, lengths: Tensor | Sequence[int] | None = None) -> Tensor:
        """The logarithm of the probability of the tags, ``(B,)``.

        Args:
            emissions: ``(B, T, K)``, any real numbers.
            tags: ``(B, T)`` whole numbers below K; what stands behind a row's end does not count.
            lengths: ``(B,)`` steps of each row, 1 to T; None where all have T.

        Raises:
            ShapeError: a tensor of the wrong shape.
        """
        emissions, lengths = self._read(emissions, lengths)
        return self._score(emissions, tags, lengths) - self._log_partition(emissions, lengths)

    def score(self, emissions: Tensor, tags: Tensor, lengths: Tensor | Sequence[int] | None = None) -> Tensor:
        """The score of the tags, ``(B,)``; arguments as in :meth:`log_likelihood`."""
        emissions, lengths = self._read(emissions, lengths)
        return self._score(emissions, tags, lengths)

    def log_partition(self, emissions: Tensor, lengths: Tensor | Sequence[int] | None = None) -> Tensor:
        """The logarithm of the sum of the powers of all scores, ``(B,)``."""
        emissions, lengths = self._read(emissions, lengths)
        return self._log_partition(emissions, lengths)

    def marginals(self, emissions: Tensor, lengths: Tensor | Sequence[int] | None = None) -> Tensor:
        """The probability of each tag at each step, ``(B, T, K)``; 0 behind a row's end.

        They are the forward and the backward sums put together, so they can be differentiated.
        """
        emissions, lengths = self._read(emissions, lengths)
        transitions, _, end = self._ruled()
        forward = torch.stack(self._forward(emissions, lengths), 1)
        steps = emissions.shape[1]
        backward = end.expand_as(emissions[:, 0])
        behind = [backward]
        for step in range(steps - 2, -1, -1):
            ahead = (transitions + (emissions[:, step + 1] + backward).unsqueeze(1)).logsumexp(2)
            backward = torch.where((step + 1 < lengths).unsqueeze(1), ahead, end)
            behind.append(backward)
        joint = forward + torch.stack(behind[::-1], 1)
        valid = torch.arange(steps, device=emissions.device) < lengths.unsqueeze(1)
        return joint.softmax(-1).masked_fill(~valid.unsqueeze(-1), 0)

    @torch.no_grad()
    def viterbi(self, emissions: Tensor, lengths: Tensor | Sequence[int] | None = None) -> tuple[Tensor, Tensor]:
        """The tags of the highest score, ``(B, T)``, 0 behind a row's end, and that score ``(B,)``.

        A row of which every sequence breaks a rule is given one that breaks the fewest; its score then lies below
        :data:`FORBIDDEN` or near it.
        """
        paths, scores = self.n_best(emissions, lengths, 1)
        return paths[:, 0], scores[:, 0]

    @torch.no_grad()
    def n_best(
        self, emissions: Tensor, lengths: Tensor | Sequence[int] | None = None, n: int = 1
    ) -> tuple[Tensor, Tensor]:
        """The n different tag sequences of the highest scores, best first.

        Args:
            emissions, lengths: as in :meth:`log_likelihood`.
            n: how many.

        Returns:
            tags ``(B, n, T)`` and scores ``(B, n)``; minus infinity (and tags 0) where a row has fewer than n
            sequences. Those that break a rule come last, with a score near :data:`FORBIDDEN` or below.

        >>> CRF(2).n_best(torch.zeros(1, 1, 2), n=3)[1].isinf().tolist()
        [[False, False, True]]
        """
        n = check_size("n", n)
        emissions, lengths = self._read(emissions, lengths)
        transitions, start, end = self._ruled()
        rows, steps, tags = emissions.shape
        # One entry a tag and rank: the n best sequences that end in the tag.
        scores = emissions.new_full((rows, tags, n), -torch.inf)
        scores[:, :, 0] = start + emissions[:, 0]
        origins = []
        for step in range(1, steps):
            # (B, previous tag, rank, tag), the first two axes as one.
            ways = (scores.unsqueeze(3) + transitions[:, None, :]).flatten(1, 2)
            best, origin = ways.topk(n, 1) if n > 1 else (way.unsqueeze(1) for way in ways.max(1))
            best = (best + emissions[:, step].unsqueeze(1)).transpose(1, 2)
            scores = torch.where((step < lengths)[:, None, None], best, scores)
            origins.append(origin.transpose(1, 2))  # (B, tag, rank)
        scores, at = (scores + end.unsqueeze(1)).flatten(1).topk(min(n, tags * n), 1)
        paths = emissions.new_zeros(rows, n, steps, dtype=torch.long)
        for step in range(steps - 1, -1, -1):
            inside = (step < lengths).unsqueeze(1)
            paths[:, :, step] = torch.where(inside, at // n, 0)
            if step:
                at = torch.where(inside, origins[step - 1].flatten(1).gather(1, at), at)
        return paths.masked_fill(scores.isinf().unsqueeze(-1), 0), scores

    def extra_repr(self) -> str:
        """The number of tags, and of steps forbidden."""
        forbidden = int((self.rules != 0).sum())
        return f"{self.tags}" + (f", {forbidden} of {self.tags**2} steps forbidden" if forbidden else "")

    def _ruled(self) -> tuple[Tensor, Tensor, Tensor]:
        """Transitions, start and end with what is forbidden."""
        return self.transitions + self.rules, self.start + self.first_rules, self.end + self.last_rules

    def _score(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        if tags.shape != emissions.shape[:2]:
            raise ShapeError(f"tags must have shape {tuple(emissions.shape[:2])}, got {tuple(tags.shape)}")
        transitions, start, end = self._ruled()
        valid = torch.arange(emissions.shape[1], device=emissions.device) < lengths.unsqueeze(1)
        tags = tags.masked_fill(~valid, 0)
        steps = emissions.gather(2, tags.unsqueeze(2)).squeeze(2).masked_fill(~valid, 0).sum(1)
        moves = transitions[tags[:, :-1], tags[:, 1:]].masked_fill(~valid[:, 1:], 0).sum(1)
        final = tags.gather(1, lengths.unsqueeze(1) - 1).squeeze(1)
        return start[tags[:, 0]] + steps + moves + end[final]

    def _log_partition(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        return (self._forward(emissions, lengths)[-1] + self._ruled()[2]).logsumexp(1)

    def _forward(self, emissions: Tensor, lengths: Tensor) -> list[Tensor]:
        """For each step the log sums ``(B, K)`` over all beginnings that end in a tag; held behind a row's end."""
        transitions, start, _ = self._ruled()
        sums = start + emissions[:, 0]
        along = [sums]
        inside = (torch.arange(emissions.shape[1], device=emissions.device) < lengths.unsqueeze(1)).unsqueeze(2)
        for step in range(1, emissions.shape[1]):
            ahead = (sums.unsqueeze(2) + transitions).logsumexp(1) + emissions[:, step]
            sums = torch.where(inside[:, step], ahead, sums)
            along.append(sums)
        return along

    def _read(self, emissions: Tensor, lengths: Tensor | Sequence[int] | None) -> tuple[Tensor, Tensor]:
        """Emissions of at least single precision, and lengths on their device."""
        if emissions.dim() != 3 or emissions.shape[2] != self.tags or not emissions.shape[1]:
            raise ShapeError(f"emissions must have shape (B, T, {self.tags}), got {tuple(emissions.shape)}")
        rows, steps = emissions.shape[:2]
        given = torch.full((rows,), steps) if lengths is None else check_lengths(lengths, rows, steps)
        if rows and int(given.min()) < 1:
            raise ShapeError("lengths must be at least 1 for a CRF, got 0: leave empty rows out")
        if emissions.dtype in (torch.bfloat16, torch.float16):
            emissions = emissions.float()  # sums of many powers need the digits
        return emissions, given.to(emissions.device)


def _penalty(name: str, rule: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    if rule is None:
        return torch.zeros(shape)
    rule = torch.as_tensor(rule)
    if rule.dtype != torch.bool:
        raise InputError(f"{name} must be of bool, got {rule.dtype}: give True where a tag is allowed")
    if tuple(rule.shape) != shape:
        raise ShapeError(f"{name} must have shape {shape}, got {tuple(rule.shape)}")
    return torch.where(rule, 0.0, FORBIDDEN)
