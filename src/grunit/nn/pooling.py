"""From a sequence to one vector: last, first, max, mean, sum, attention, or several of them side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from grunit.errors import InputError, ShapeError, suggest
from grunit.nn.masks import MaskedRows, masked_softmax, read_rows
from grunit.nn.options import check_size

POOLS = ("last", "first", "max", "mean", "sum")


def pool(
    output: Tensor | PackedSequence,
    lengths: Tensor | Sequence[int] | None = None,
    how: str | Sequence[str] = "last",
    *,
    mask: Tensor | None = None,
    batch_first: bool = False,
    bidirectional: bool = False,
) -> Tensor:
    """One vector a row.

    Args:
        output: ``(T, B, F)``, ``(B, T, F)`` with ``batch_first``, a PackedSequence, or unbatched ``(T, F)``.
        lengths: ``(B,)`` steps of each row; a row of length 0 gives zeros.
        how: ``"last"``, ``"first"``, ``"max"``, ``"mean"`` or ``"sum"`` over a row's own steps, or a list of these,
            laid side by side.
        mask: in place of lengths: bool, True where a step counts, ``(T, B)`` or ``(B, T)``.
        bidirectional: the second half of the features comes from a walk from the end, so that its last step is the
            row's first: ``"last"`` takes it from there. The others do not ask.

    Returns:
        ``(B, F)``, or ``(B, n * F)`` for n ways; without a batch axis for unbatched output.

    Raises:
        InputError: an unknown way, or lengths where they have no meaning.
        ShapeError: a tensor of the wrong shape.

    >>> output = torch.tensor([[[1.0], [2.0], [9.0]], [[3.0], [4.0], [5.0]]])  # (B, T, F)
    >>> pool(output, [2, 3], ["last", "max", "mean"], batch_first=True)
    tensor([[2.0000, 2.0000, 1.5000],
            [5.0000, 5.0000, 4.0000]])
    """
    ways = _read_ways(how, POOLS)
    given = read_rows("output", output, None, lengths, mask, batch_first=batch_first)
    if bidirectional and given.values.shape[-1] % 2:
        raise ShapeError(f"a bidirectional output has an even number of features, got {given.values.shape[-1]}")
    pooled = torch.cat([_pool(given, way, bidirectional) for way in ways], -1)
    return pooled if given.batched else pooled.squeeze(0)


def _read_ways(how: str | Sequence[str], known: Sequence[str]) -> list[str]:
    ways = [how] if isinstance(how, str) else list(how)
    for way in ways:
        if way == "attention" and way not in known:
            raise InputError("attention has weights to learn: use grunit.nn.Pooling, which holds them")
        if way not in known:
            raise InputError(f"unknown pooling {way!r}: {suggest(way, known)}")
    if not ways:
        raise InputError(f"how is empty: use one or several of {', '.join(known)}")
    return ways


def _pool(given: MaskedRows, way: str, bidirectional: bool) -> Tensor:
    x, valid = given.values, given.valid  # padding is zero already
    if way == "first":
        return _at(x, _first(valid))
    if way == "last" and bidirectional:
        forward, reverse = x.chunk(2, -1)
        return torch.cat([_at(forward, _last(valid)), _at(reverse, _first(valid))], -1)
    if way == "last":
        return _at(x, _last(valid))
    if way == "max":
        if valid is None:
            return x.amax(1)
        lowest = x.masked_fill(~valid.unsqueeze(-1), -math.inf).amax(1)
        return lowest.masked_fill(~valid.any(1, keepdim=True), 0)
    if way == "sum":
        return x.sum(1)
    return x.mean(1) if valid is None else x.sum(1) / valid.sum(1, keepdim=True).clamp(min=1)


def _first(valid: Tensor | None) -> Tensor | None:
    """The first step of each row that counts, ``(B,)``; None for step 0."""
    return None if valid is None else valid.to(torch.uint8).argmax(1)


def _last(valid: Tensor | None) -> Tensor | int:
    """The last step of each row that counts; where none does any will do, they are all zero."""
    return -1 if valid is None else valid.shape[1] - 1 - valid.flip(1).to(torch.uint8).argmax(1)


def _at(x: Tensor, step: Tensor | int | None) -> Tensor:
    if not isinstance(step, Tensor):
        return x[:, step or 0]
    return x[torch.arange(len(x), device=x.device), step]


class SelfAttentionPooling(nn.Module):
    r"""A weighted mean over time whose weights come from the sequence itself.

    .. math::
        A &= \mathrm{softmax}(W_2 \tanh(W_1 H^T + b)) \\
        M &= A H

    Args:
        input_size: features ``F``.
        attention_size: units inside the tanh (default ``F``).
        heads: rows of ``A``, each a mean of its own.
        bias: with ``b``. One head with a bias is the word attention of Yang et al. (2016), its ``W_2`` their context
            vector; Lin et al. have several heads and no bias (default).
        batch_first: input is ``(B, T, F)``, not ``(T, B, F)``.

    Source: Lin et al., *A structured self-attentive sentence embedding*, ICLR (2017), eqs. 5-8; Yang et al.,
    *Hierarchical attention networks for document classification*, NAACL (2016), eqs. 5-7.

    >>> context, weights = SelfAttentionPooling(6, heads=2)(torch.randn(5, 3, 6), lengths=[5, 2, 0])
    >>> context.shape, weights.shape, weights[2].any().item()
    (torch.Size([3, 12]), torch.Size([3, 2, 5]), False)
    """

    def __init__(
        self,
        input_size: int,
        attention_size: int | None = None,
        heads: int = 1,
        *,
        bias: bool = False,
        batch_first: bool = False,
    ):
        super().__init__()
        self.input_size, self.heads = check_size("input_size", input_size), check_size("heads", heads)
        size = check_size("attention_size", input_size if attention_size is None else attention_size)
        self.attention_size, self.batch_first = size, batch_first
        self.hidden = nn.Linear(input_size, size, bias=bias)
        self.context = nn.Linear(size, heads, bias=False)

    def forward(
        self,
        input: Tensor | PackedSequence,
        lengths: Tensor | Sequence[int] | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Pool.

        Args:
            input, lengths, mask: as in :func:`pool`.

        Returns:
            context ``(B, heads * F)`` and weights ``(B, T)``, with several heads ``(B, heads, T)``; zeros in a row of
            length 0. Without a batch axis for unbatched input.
        """
        values, valid, batched = read_rows("input", input, self.input_size, lengths, mask, batch_first=self.batch_first)
        scores = self.context(torch.tanh(self.hidden(values))).transpose(1, 2)
        weights = masked_softmax(scores, None if valid is None else valid.unsqueeze(1))
        context = (weights.to(values.dtype) @ values).flatten(1)
        weights = weights.squeeze(1) if self.heads == 1 else weights
        return (context, weights) if batched else (context.squeeze(0), weights.squeeze(0))

    @staticmethod
    def penalty(weights: Tensor) -> Tensor:
        """How much the heads look at the same steps, one number a row: the squared norm of ``A A^T - I`` (eq. 8).

        >>> SelfAttentionPooling.penalty(torch.eye(2).unsqueeze(0))  # two heads, each at a step of its own
        tensor([0.])
        """
        if weights.dim() != 3:
            raise ShapeError(f"weights must have shape (B, heads, T), got {tuple(weights.shape)}")
        overlap = weights @ weights.transpose(1, 2)
        return (overlap - torch.eye(weights.shape[1], device=weights.device, dtype=weights.dtype)).square().sum((1, 2))


class Pooling(nn.Module):
    """:func:`pool` as a module, which can also learn where to look.

    Args:
        input_size: features ``F`` of what is pooled.
        how: as in :func:`pool`, ``"attention"`` among them.
        bidirectional, batch_first: as in :func:`pool`.
        attention_size, heads, bias: of the attention, see :class:`SelfAttentionPooling`.

    Attributes:
        output_size: features of the result.

    >>> pooling = Pooling(6, ["last", "attention"])
    >>> pooling(torch.randn(5, 3, 6), lengths=[5, 2, 1]).shape, pooling.output_size
    (torch.Size([3, 12]), 12)
    """

    def __init__(
        self,
        input_size: int,
        how: str | Sequence[str] = "last",
        *,
        bidirectional: bool = False,
        batch_first: bool = False,
        attention_size: int | None = None,
        heads: int = 1,
        bias: bool = False,
    ):
        super().__init__()
        self.input_size, self.bidirectional, self.batch_first = input_size, bidirectional, batch_first
        self.how = _read_ways(how, (*POOLS, "attention"))
        if "attention" in self.how:
            self.attention = SelfAttentionPooling(input_size, attention_size, heads, bias=bias, batch_first=batch_first)
        self.output_size = sum(input_size * (heads if way == "attention" else 1) for way in self.how)

    def forward(
        self,
        output: Tensor | PackedSequence,
        lengths: Tensor | Sequence[int] | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Output, lengths and mask as in :func:`pool`; returns ``(B, output_size)``."""
        pooled = []
        for way in self.how:
            if way == "attention":
                pooled.append(self.attention(output, lengths, mask)[0])
            else:
                options = {"batch_first": self.batch_first, "bidirectional": self.bidirectional}
                pooled.append(pool(output, lengths, way, mask=mask, **options))
        return torch.cat(pooled, -1)

    def extra_repr(self) -> str:
        """What is pooled, and how."""
        return f"{self.input_size}, how={self.how}"
