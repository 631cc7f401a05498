"""The network of a tagger: words beside their characters, a recurrent core, a score for every tag, a CRF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from grunit.data.tagging_tokens import CASINGS
from grunit.errors import InputError
from grunit.nn import Recurrent
from grunit.nn.crf import CRF

CHARACTERS = (None, "cnn", "rnn")
CASING_SIZE = 8


class CharacterCNN(nn.Module):
    """A word from its characters: convolutions over them, and the largest value each reaches.

    Args:
        characters: how many there are.
        embedding_size: of a character (default 30).
        output_size: features of a word (default 50), shared out among the kernel sizes.
        kernel_sizes: how many neighbouring characters a convolution sees (default 3).

    Source: Ma & Hovy, *End-to-end sequence labeling via bi-directional LSTM-CNNs-CRF* (2016), section 2.1.

    >>> CharacterCNN(9)(torch.ones(4, 6, dtype=torch.long), torch.tensor([6, 1, 3, 2])).shape
    torch.Size([4, 50])
    """

    def __init__(
        self, characters: int, embedding_size: int = 30, output_size: int = 50, kernel_sizes: Sequence[int] = (3,)
    ):
        super().__init__()
        if not kernel_sizes or output_size < len(kernel_sizes) or min(kernel_sizes) < 1:
            raise InputError(f"character_options: kernel_sizes is {kernel_sizes!r}: give sizes of at least 1")
        self.embedding = embed(characters, embedding_size)
        share, rest = divmod(output_size, len(kernel_sizes))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(embedding_size, share + (index < rest), size) for index, size in enumerate(kernel_sizes)
        )
        self.output_size = output_size

    def forward(self, spellings: Tensor, sizes: Tensor) -> Tensor:
        """``(U, C)`` numbers of characters and how many each word has, ``(U,)`` -> ``(U, output_size)``."""
        valid = torch.arange(spellings.shape[1], device=sizes.device) < sizes.unsqueeze(1)
        x = (self.embedding(spellings) * valid.unsqueeze(-1)).transpose(1, 2)
        reached = []
        for convolution in self.convolutions:
            taps: Any = convolution.kernel_size[0]  # type: ignore[index]
            y = convolution(nn.functional.pad(x, ((taps - 1) // 2, taps // 2)))
            reached.append(y.masked_fill(~valid.unsqueeze(1), -torch.inf).amax(2))
        return torch.tanh(torch.cat(reached, 1))


class CharacterRNN(nn.Module):
    """A word from its characters: what a recurrent layer comes to at its end and, from behind, at its start.

    Args:
        characters: how many there are.
        cell: of the layer.
        embedding_size: of a character (default 30).
        output_size: features of a word, an even number (default 50).

    Source: Lample et al., *Neural architectures for named entity recognition* (2016), section 4.1.

    >>> CharacterRNN(9, "lstm")(torch.ones(4, 6, dtype=torch.long), torch.tensor([6, 1, 3, 2])).shape
    torch.Size([4, 50])
    """

    def __init__(self, characters: int, cell: Any, embedding_size: int = 30, output_size: int = 50):
        super().__init__()
        if output_size < 2 or output_size % 2:
            raise InputError(f"character_options: output_size is {output_size!r}: give an even number")
        self.embedding = embed(characters, embedding_size)
        self.core = Recurrent(cell, embedding_size, output_size // 2, bidirectional=True, batch_first=True)
        self.output_size = self.core.output_size

    def forward(self, spellings: Tensor, sizes: Tensor) -> Tensor:
        """``(U, C)`` numbers of characters and how many each word has, ``(U,)`` -> ``(U, output_size)``."""
        _, state = self.core(self.embedding(spellings), lengths=sizes)
        return torch.cat(list(state[0]), 1)


class TaggerModel(nn.Module):
    """From numbers of tokens to scores of tags.

    Args:
        cell, hidden_size, num_layers, bidirectional: of the core, as in :class:`grunit.Recurrent`.
        words, characters, pairs: how many there are; 0 pairs for none, no words where every token brings its features.
        crf: of the tags; with ``use_crf`` off only their number counts.
        embedding_size: of a word (default 100), or of a token's features.
        pair_size: of a pair of neighbours (default 50).
        spelling: ``"cnn"``, ``"rnn"`` or None: how a word is made of its characters.
        character_options: of :class:`CharacterCNN` or :class:`CharacterRNN`.
        casing: whether the network is told how a word is written.
        dropout: of the core's input, between its layers and of its output.
        rare: numbers of words that are sometimes shown as unknown while training.
        unknown_share: how often they are.
        options: of the cell and the core.

    >>> model = TaggerModel("gru", 8, words=20, characters=9, crf=CRF(3), spelling=None)
    >>> numbers = torch.ones(2, 4, dtype=torch.long)
    >>> model(numbers, torch.tensor([4, 2]), numbers, numbers, numbers, numbers, torch.tensor([4, 2])).shape
    torch.Size([2, 4, 3])
    """

    rare: Tensor

    def __init__(
        self,
        cell: Any,
        hidden_size: int,
        *,
        words: int | None,
        characters: int,
        crf: CRF,
        pairs: int = 0,
        num_layers: int = 1,
        bidirectional: bool = True,
        embedding_size: int = 100,
        pair_size: int = 50,
        spelling: str | None = "cnn",
        character_options: dict[str, Any] | None = None,
        casing: bool = True,
        dropout: float = 0.0,
        rare: Sequence[int] = (),
        unknown_share: float = 0.0,
        options: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.words = None if words is None else embed(words, embedding_size)
        self.pairs = embed(pairs, pair_size) if pairs else None
        self.casing = embed(len(CASINGS), CASING_SIZE, padding=None) if casing else None
        given = character_options or {}
        self.spelling: nn.Module | None = None
        if spelling == "cnn":
            self.spelling = CharacterCNN(characters, **given)
        elif spelling == "rnn":
            own = cell[0] if isinstance(cell, (list, tuple)) else cell
            self.spelling = CharacterRNN(characters, **{"cell": own, **given})
        sizes = [embedding_size, pair_size if pairs else 0, CASING_SIZE if casing else 0]
        spelt = int(self.spelling.output_size) if self.spelling is not None else 0
        self.dropout = nn.Dropout(dropout)
        self.core = Recurrent(
            cell,
            sum(sizes) + spelt,
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            batch_first=True,
            **(options or {}),
        )
        self.head = nn.Linear(self.core.output_size, crf.tags)
        self.crf = crf
        self.unknown_share = unknown_share
        seen_once = torch.zeros(words or 0, dtype=torch.bool)
        if words is not None:
            seen_once[list(rare)] = True
        self.register_buffer("rare", seen_once, persistent=False)

    def forward(
        self,
        words: Tensor,
        lengths: Tensor,
        casings: Tensor,
        pairs: Tensor,
        which: Tensor,
        spellings: Tensor,
        sizes: Tensor,
    ) -> Tensor:
        """Scores ``(B, T, tags)``, which behind a row's end mean nothing.

        Args:
            words, casings, pairs: ``(B, T)`` numbers; in place of those of words features ``(B, T, E)``.
            lengths: ``(B,)`` tokens of each row.
            which: ``(B, T)`` row of ``spellings`` that each token is.
            spellings: ``(U, C)`` numbers of characters.
            sizes: ``(U,)`` characters of each.
        """
        if self.words is not None and self.training and self.unknown_share:
            hidden = self.rare[words] & (torch.rand(words.shape, device=words.device) < self.unknown_share)
            words = words.masked_fill(hidden, 1)
        parts = [words if self.words is None else self.words(words)]
        if self.pairs is not None:
            parts.append(self.pairs(pairs))
        if self.casing is not None:
            parts.append(self.casing(casings))
        if self.spelling is not None:
            parts.append(self.spelling(spellings, sizes)[which])
        full = None if bool((lengths == words.shape[1]).all()) else lengths
        output, _ = self.core(self.dropout(torch.cat(parts, -1)), lengths=full)
        return self.head(self.dropout(output))


def embed(count: int, size: int, padding: int | None = 0) -> nn.Embedding:
    """An embedding whose entries begin uniform with variance ``1 / size``, as Ma & Hovy (2016) draw them."""
    table = nn.Embedding(count, size, padding_idx=padding)
    with torch.no_grad():
        table.weight.uniform_(-((3 / size) ** 0.5), (3 / size) ** 0.5)
        if padding is not None:
            table.weight[padding] = 0
    return table
