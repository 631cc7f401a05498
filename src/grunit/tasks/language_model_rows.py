"""Texts as one stream of tokens, and the stream as rows that a network learns from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


def join_texts(texts: Sequence[Sequence[int]], opening: int, end: int | None) -> Tensor:
    """Texts one behind the other, ``(N,)``.

    Args:
        texts: token numbers of each.
        opening: what stands before the first token.
        end: what stands behind each text, None for nothing.

    >>> join_texts([[5, 6], [7]], opening=2, end=2).tolist()
    [2, 5, 6, 2, 7, 2]
    """
    stream = [opening]
    for text in texts:
        stream.extend(text)
        if end is not None:
            stream.append(end)
    return torch.tensor(stream)


def row_length(tokens: int, batch_size: int, chunk: int, carry: int | None) -> int:
    """Steps of a row: ``carry`` chunks, but as few as fill a batch, and at least one chunk where there is that much.

    >>> row_length(100_000, 32, chunk=50, carry=16), row_length(3_200, 32, chunk=50, carry=16)
    (800, 100)
    >>> row_length(30, 32, chunk=50, carry=16), row_length(100_000, 10, chunk=50, carry=None)
    (30, 10000)
    """
    fair = -(-tokens // batch_size)  # of a batch that holds everything
    return min(tokens, max(chunk, fair if carry is None else min(carry * chunk, fair)))


def cut_rows(stream: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Inputs and the tokens that follow them, ``(N, length)`` each.

    The last row ends with the stream and so may begin within the row before it: nothing is padded.

    >>> inputs, targets = cut_rows(torch.arange(8), 3)
    >>> inputs.tolist(), targets.tolist()
    ([[0, 1, 2], [3, 4, 5], [4, 5, 6]], [[1, 2, 3], [4, 5, 6], [5, 6, 7]])
    """
    last = len(stream) - 1 - length
    starts = sorted({*range(0, last + 1, length), last})
    where = torch.tensor(starts).unsqueeze(1) + torch.arange(length)
    return stream[where], stream[where + 1]


def pad_texts(texts: Sequence[Tensor], filler: int) -> tuple[Tensor, Tensor]:
    """Inputs and the tokens that follow them, ``(B, T)``, of texts that do not know of each other, one a row.

    Args:
        texts: each with what stands before it and what stands behind it, ``(n_i,)``.
        filler: the input behind a row's end; the target there is -1, which does not count.

    >>> inputs, targets = pad_texts([torch.tensor([2, 5, 6, 2]), torch.tensor([2, 7, 2])], 0)
    >>> inputs.tolist(), targets.tolist()
    ([[2, 5, 6], [2, 7, 0]], [[5, 6, 2], [7, 2, -1]])
    """
    return (
        pad_sequence([text[:-1] for text in texts], batch_first=True, padding_value=filler),
        pad_sequence([text[1:] for text in texts], batch_first=True, padding_value=-1),
    )
