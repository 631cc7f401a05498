"""Tokens and the whole numbers they go by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from grunit.errors import DataError, InputError

PADDING, UNKNOWN = 0, 1
PADDING_TOKEN, UNKNOWN_TOKEN = "<pad>", "<unk>"


class Vocabulary:
    """Tokens by number: padding is 0, unknown is 1, further specials follow, then all others.

    A word of a text that reads as a special is a word like any other, kept with a backslash before it; only ``<unk>``
    is the unknown one wherever it stands, as in the Penn Treebank.

    Args:
        tokens: all of them in the order of their numbers, ``"<pad>"`` and ``"<unk>"`` first.
        specials: how many of them stand for no text, those two included (default 2).

    Attributes:
        tokens: text of each number.
        specials: how many come first that stand for no text.

    >>> vocabulary = Vocabulary.of(["to", "be", "or", "not", "to", "be"], specials=["<end>"])
    >>> vocabulary.tokens
    ['<pad>', '<unk>', '<end>', 'be', 'to', 'not', 'or']
    >>> vocabulary.encode(["to", "sleep", "<end>"])
    [4, 1, 1]
    >>> vocabulary.decode([4, 1, 2])
    ['to', '<unk>', '<end>']
    >>> Vocabulary.of(["an", "<end>"], specials=["<end>"]).tokens
    ['<pad>', '<unk>', '<end>', '\\\\<end>', 'an']
    """

    def __init__(self, tokens: Sequence[str], specials: int = 2):
        self.tokens, self.specials = list(tokens), specials
        if self.tokens[:2] != [PADDING_TOKEN, UNKNOWN_TOKEN] or not 2 <= specials <= len(self.tokens):
            raise DataError(f"a vocabulary begins with {PADDING_TOKEN!r} and {UNKNOWN_TOKEN!r}: use Vocabulary.of")
        self.numbers = {token: number for number, token in enumerate(self.tokens)}
        self.reserved = frozenset(self.tokens[:specials]) - {UNKNOWN_TOKEN}
        if len(self.numbers) != len(self.tokens):
            twice = next(token for token, count in Counter(self.tokens).items() if count > 1)
            raise DataError(f"the vocabulary holds {twice!r} twice: give every token once")

    @classmethod
    def of(
        cls, tokens: Iterable[str], *, min_count: int = 1, max_size: int | None = None, specials: Iterable[str] = ()
    ) -> Vocabulary:
        """The vocabulary of a text: the most frequent token first, those of equal count in the order of their text.

        Args:
            tokens: of the whole text, each as often as it occurs.
            min_count: tokens that occur more rarely are left out (default 1: none).
            max_size: numbers there are at most, specials included (default None: no limit).
            specials: further tokens that stand for no text, for example ``["<start>", "<end>"]``.

        Raises:
            InputError: ``min_count`` or ``max_size`` is too small, or a special comes twice.
        """
        first = [PADDING_TOKEN, UNKNOWN_TOKEN, *specials]
        if len(set(first)) != len(first):
            raise InputError(f"specials are {first[2:]}: give each once, and neither {first[0]!r} nor {first[1]!r}")
        if min_count < 1:
            raise InputError(f"min_count is {min_count!r}: give a whole number of at least 1")
        if max_size is not None and max_size < len(first):
            raise InputError(f"max_size is {max_size!r}: give at least {len(first)}, the number of special tokens")
        reserved = frozenset(first) - {UNKNOWN_TOKEN}
        counts = {_escape(token, reserved): count for token, count in Counter(tokens).items()}
        counts.pop(UNKNOWN_TOKEN, None)
        known = [token for token, count in counts.items() if count >= min_count]
        known.sort(key=lambda token: (-counts[token], token))
        return cls([*first, *known][:max_size], len(first))

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self.numbers

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The number of each token of a text, :data:`UNKNOWN` for those that are not in the vocabulary."""
        return [self.numbers.get(_escape(token, self.reserved), UNKNOWN) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The token of each number.

        Raises:
            DataError: a number is none of the vocabulary's.
        """
        tokens = []
        for number in ids:
            if not 0 <= number < len(self.tokens):
                raise DataError(f"{number} is no token: the vocabulary has the numbers 0 to {len(self.tokens) - 1}")
            tokens.append(_unescape(self.tokens[int(number)], self.reserved))
        return tokens

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return {"tokens": self.tokens, "specials": self.specials}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Vocabulary:
        """What :meth:`to_json` gave, back."""
        return cls(list(found["tokens"]), int(found["specials"]))


def _escape(token: str, reserved: Collection[str]) -> str:
    """A word that reads as a special, or as one that was escaped, with one more backslash before it."""
    return "\\" + token if token in reserved or (token[:1] == "\\" and token.lstrip("\\") in reserved) else token


def _unescape(token: str, reserved: Collection[str]) -> str:
    return token[1:] if token[:1] == "\\" and token.lstrip("\\") in reserved else token
