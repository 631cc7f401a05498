"""What a language model knows of the text so far, kept between calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from grunit.errors import InputError
from grunit.tasks.language_model_network import LanguageNetwork, State


@dataclass(frozen=True)
class LanguageState:
    """Texts so far, one a row; nothing in it changes, so that a text can be continued twice.

    Args:
        core: state of the network, each tensor ``(layers, B, H)``, before the last token is read.
        tokens: of each row, what stands before its beginning included.
        draws: state of each row's random numbers, None before the first draw.
        single: one text that was given as such, not a list of one.
    """

    core: State
    tokens: tuple[tuple[int, ...], ...]
    draws: tuple[Tensor | None, ...]
    single: bool

    def __len__(self) -> int:
        return len(self.tokens)


def open_state(network: LanguageNetwork, opening: int, rows: int, single: bool) -> LanguageState:
    """The state before the first token of ``rows`` texts."""
    return LanguageState(network.core.init_state(rows), ((opening,),) * rows, (None,) * rows, single)


def read_tokens(network: LanguageNetwork, state: LanguageState, texts: Sequence[Sequence[int]]) -> LanguageState:
    """The state after each row read its tokens.

    Raises:
        InputError: there are not as many texts as rows.
    """
    if len(texts) != len(state):
        raise InputError(f"the state is of {len(state)} texts and {len(texts)} came: give one a row")
    tokens = tuple((*old, *new) for old, new in zip(state.tokens, texts, strict=True))
    lengths = torch.tensor([len(text) for text in texts])
    if not int(lengths.max()):
        return replace(state, tokens=tokens)
    device = state.core[0].device
    read = torch.zeros(len(texts), int(lengths.max()), dtype=torch.long)
    for row, (old, new) in enumerate(zip(state.tokens, texts, strict=True)):
        # The last token of all is not read yet: whoever asks for the next one reads it.
        read[row, : len(new)] = torch.tensor([old[-1], *new][: len(new)], dtype=torch.long)
    _, core = network(read.to(device), state.core, lengths=lengths.to(device))
    return replace(state, core=core, tokens=tokens)


def take_rows(core: State, rows: Tensor) -> State:
    """The core's state of some rows, in their order."""
    return tuple(part.index_select(1, rows) for part in core)
