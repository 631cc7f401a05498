"""Attention of a query over a memory: additive (Bahdanau) and multiplicative (Luong)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from grunit.errors import InputError, ShapeError
from grunit.nn.masks import masked_softmax, read_rows
from grunit.nn.options import check_size

SCORES = ("dot", "general", "scaled")


class Memory(NamedTuple):
    """What a decoder attends to, projected once and used at every step. Rows first, whatever ``batch_first`` is.

    Attributes:
        values: ``(B, T, F)``, zero where masked.
        keys: ``(B, T, A)``, what scores are made from.
        mask: ``(B, T)`` bool, or None where every step counts.
        batched: False for a memory that came as ``(T, F)``.
    """

    values: Tensor
    keys: Tensor
    mask: Tensor | None
    batched: bool = True

    def select(self, rows: Tensor) -> Memory:
        """The memory of the rows ``rows (N,)``, in that order, each as often as it is named."""
        mask = None if self.mask is None else self.mask[rows]
        return Memory(self.values[rows], self.keys[rows], mask, self.batched)


class Attention(nn.Module):
    """What both attentions share: shapes, masks and the weighted mean."""

    def __init__(self, query_size: int, memory_size: int, batch_first: bool):
        super().__init__()
        self.query_size, self.memory_size = check_size("query_size", query_size), check_size("memory_size", memory_size)
        self.batch_first = batch_first

    def prepare(
        self, memory: Tensor | PackedSequence, lengths: Tensor | Sequence[int] | None = None, mask: Tensor | None = None
    ) -> Memory:
        """Project the keys once, for a decoder that asks many times.

        Args:
            memory: ``(T, B, F)``, ``(B, T, F)`` with ``batch_first``, a PackedSequence, or unbatched ``(T, F)``.
            lengths: ``(B,)`` steps of each row; a row of length 0 gives zeros.
            mask: in place of lengths: bool, True where a step may be attended to, ``(T, B)`` or ``(B, T)``.

        Raises:
            ShapeError: a tensor of the wrong shape.
            InputError: a tensor of the wrong kind, or both lengths and mask.
        """
        values, valid, batched = read_rows(
            "memory", memory, self.memory_size, lengths, mask, batch_first=self.batch_first
        )
        return Memory(values, self.project_keys(values), valid, batched)

    def forward(
        self,
        query: Tensor,
        memory: Tensor | PackedSequence | Memory,
        lengths: Tensor | Sequence[int] | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Attend.

        Args:
            query: one query a row ``(B, Q)``, or many, ``(L, B, Q)``, ``(B, L, Q)`` with ``batch_first`` (the beams
                of a search, the steps of a known target). For unbatched memory ``(Q,)`` or ``(L, Q)``.
            memory: as in :meth:`prepare`, or what it returned.
            lengths, mask: as in :meth:`prepare`; left out with a prepared memory, which has its own.

        Returns:
            context ``(B, F)`` and weights ``(B, T)``; for many queries ``(L, B, F)`` and ``(L, B, T)``, or
            ``(B, L, F)`` and ``(B, L, T)``. Weights sum to 1, and are 0 in a row with nothing to attend to.

        Raises:
            ShapeError: a tensor of the wrong shape.
            InputError: a tensor of the wrong kind, or a mask where it has no meaning.
        """
        if not isinstance(memory, Memory):
            memory = self.prepare(memory, lengths, mask)
        elif lengths is not None or mask is not None:
            raise InputError("lengths or mask was given with a prepared memory, which has its own: give it to prepare")
        queries, many = self._read_query(query, memory)
        scores = self.score(queries, memory.keys)
        weights = masked_softmax(scores, None if memory.mask is None else memory.mask.unsqueeze(1))
        context = weights.to(memory.values.dtype) @ memory.values
        return self._restore(context, memory, many), self._restore(weights, memory, many)

    def project_keys(self, values: Tensor) -> Tensor:
        """Values ``(B, T, F)`` to keys ``(B, T, A)``."""
        raise NotImplementedError

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Queries ``(B, L, Q)`` against keys ``(B, T, A)``: ``(B, L, T)``, before the softmax."""
        raise NotImplementedError

    def _read_query(self, query: Tensor, memory: Memory) -> tuple[Tensor, bool]:
        """The queries as ``(B, L, Q)``, and whether there were many."""
        axes = (2, 3) if memory.batched else (1, 2)
        if not isinstance(query, Tensor) or query.dim() not in axes:
            order = "(B, Q), (B, L, Q)" if self.batch_first else "(B, Q), (L, B, Q)"
            came = tuple(query.shape) if isinstance(query, Tensor) else type(query).__name__
            raise ShapeError(f"query must have shape {order if memory.batched else '(Q,), (L, Q)'}, got {came}")
        if query.shape[-1] != self.query_size:
            raise ShapeError(f"query must have {self.query_size} features in its last axis, got {query.shape[-1]}")
        many = query.dim() == axes[1]
        if not memory.batched:
            queries = query.reshape(1, -1, self.query_size)
        elif not many:
            queries = query.unsqueeze(1)
        else:
            queries = query if self.batch_first else query.transpose(0, 1)
        if len(queries) != len(memory.values):
            raise ShapeError(f"query has {len(queries)} rows and memory {len(memory.values)}: give one query a row")
        return queries, many

    def _restore(self, value: Tensor, memory: Memory, many: bool) -> Tensor:
        """``(B, L, n)`` in the form of the query."""
        if not many:
            value = value.squeeze(1)
            return value if memory.batched else value.squeeze(0)
        if not memory.batched:
            return value.squeeze(0)
        return value if self.batch_first else value.transpose(0, 1)


class AdditiveAttention(Attention):
    r"""Attention whose score is a small network of query and key.

    .. math::
        e_j &= v^T \tanh(W q + U m_j) \\
        \alpha &= \mathrm{softmax}(e), \qquad c = \sum_j \alpha_j m_j

    Args:
        query_size: features ``Q`` of a query, for a decoder its hidden size.
        memory_size: features ``F`` of the memory, for an encoder its output size.
        attention_size: units of the small network (default ``query_size``). L queries over T steps need memory for
            ``B * L * T * attention_size`` numbers.
        bias: with a bias inside the tanh; the paper has none.
        batch_first: memory is ``(B, T, F)`` and many queries ``(B, L, Q)``, not ``(T, B, F)`` and ``(L, B, Q)``.

    Source: Bahdanau, Cho & Bengio, *Neural machine translation by jointly learning to align and translate*, ICLR
    (2015), appendix A.1.2.

    >>> attention = AdditiveAttention(query_size=4, memory_size=6, batch_first=True)
    >>> memory = attention.prepare(torch.randn(2, 5, 6), lengths=[5, 3])  # the keys, once
    >>> context, weights = attention(torch.randn(2, 4), memory)
    >>> context.shape, weights.shape, weights[1, 3:].tolist()
    (torch.Size([2, 6]), torch.Size([2, 5]), [0.0, 0.0])
    """

    def __init__(
        self,
        query_size: int,
        memory_size: int,
        attention_size: int | None = None,
        *,
        bias: bool = False,
        batch_first: bool = False,
    ):
        super().__init__(query_size, memory_size, batch_first)
        size = check_size("attention_size", query_size if attention_size is None else attention_size)
        self.attention_size = size
        self.from_query = nn.Linear(query_size, size, bias=False)
        self.from_memory = nn.Linear(memory_size, size, bias=bias)
        self.weight = nn.Parameter(torch.empty(size))
        nn.init.uniform_(self.weight, -1 / math.sqrt(size), 1 / math.sqrt(size))

    def project_keys(self, values: Tensor) -> Tensor:
        """``U m``."""
        return self.from_memory(values)

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        """``v^T tanh(W q + U m)``."""
        return torch.tanh(self.from_query(queries).unsqueeze(2) + keys.unsqueeze(1)) @ self.weight


class MultiplicativeAttention(Attention):
    r"""Attention whose score is a product of query and key.

    .. math::
        e_j &= q^T m_j \qquad \text{dot} \\
        e_j &= q^T W m_j \qquad \text{general} \\
        e_j &= q^T m_j / \sqrt{Q} \qquad \text{scaled}

    Args:
        query_size: features ``Q`` of a query.
        memory_size: features ``F`` of the memory; ``"dot"`` and ``"scaled"`` need the same size as the query's.
        score: ``"general"`` (default), ``"dot"`` or ``"scaled"``.
        batch_first: as in :class:`AdditiveAttention`.

    Source: Luong, Pham & Manning, *Effective approaches to attention-based neural machine translation*, EMNLP (2015),
    section 3.1; Vaswani et al., *Attention is all you need* (2017), eq. 1, for the scale.

    >>> attention = MultiplicativeAttention(4, 6)
    >>> context, weights = attention(torch.randn(2, 4), torch.randn(5, 2, 6))
    >>> context.shape, weights.sum(-1).allclose(torch.ones(2))
    (torch.Size([2, 6]), True)
    """

    def __init__(self, query_size: int, memory_size: int, score: str = "general", *, batch_first: bool = False):
        super().__init__(query_size, memory_size, batch_first)
        if score not in SCORES:
            raise InputError(f"unknown score {score!r}: use one of {', '.join(SCORES)}")
        if score != "general" and query_size != memory_size:
            raise InputError(
                f"score={score!r} multiplies query and memory, which have {query_size} and {memory_size} features: "
                "make them the same, or use score='general'"
            )
        self.kind = score
        self.from_memory = nn.Linear(memory_size, query_size, bias=False) if score == "general" else nn.Identity()

    def project_keys(self, values: Tensor) -> Tensor:
        """``W m`` for the general score, the memory itself for the others."""
        return self.from_memory(values)

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        """``q^T k``."""
        if self.kind == "scaled":
            queries = queries / math.sqrt(self.query_size)
        return queries @ keys.transpose(1, 2)
