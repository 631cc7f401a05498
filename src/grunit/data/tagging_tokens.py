"""Tokens of sentences as numbers: the word, how it is written, its characters, the pair with its neighbour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grunit.data.text import UNKNOWN, Vocabulary

CASINGS = ("other", "lower", "title", "upper", "mixed", "digits", "with digits", "signs")
"""How a token can be written, in the order of their numbers."""
LONGEST = 40
"""Characters of a token that are looked at: of a longer one as many from its start and from its end."""


def casing(token: str) -> int:
    """The number in :data:`CASINGS` of how a token is written; scripts without two cases are "other".

    >>> [CASINGS[casing(token)] for token in ("the", "Paris", "I", "NATO", "iPhone", "1984", "B2B", "...", "京")]
    ['lower', 'title', 'title', 'upper', 'mixed', 'digits', 'with digits', 'signs', 'other']
    """
    digits = sum(sign.isdigit() for sign in token)
    if digits:
        # "1,984.5" is a number too.
        return 5 if not any(sign.isalpha() for sign in token) else 6
    if not any(sign.isalnum() for sign in token):
        return 7
    if token.upper() == token.lower():
        return 0
    if token == token.lower():
        return 1
    if token[0].isupper() and token[1:] == token[1:].lower():
        return 2
    return 3 if token == token.upper() else 4


@dataclass(frozen=True)
class EncodedSentences:
    """Sentences as numbers, all tokens in one row.

    Args:
        lengths: ``(N,)`` tokens of each sentence.
        words: ``(tokens,)`` numbers in the vocabulary of words.
        casings: ``(tokens,)`` numbers in :data:`CASINGS`.
        pairs: ``(tokens,)`` numbers in the vocabulary of pairs; 0 where pairs are not used.
        forms: ``(tokens,)`` which of ``spellings`` a token is.
        spellings: the numbers of the characters of every form there is.
    """

    lengths: np.ndarray
    words: np.ndarray
    casings: np.ndarray
    pairs: np.ndarray
    forms: np.ndarray
    spellings: list[list[int]]


class TokenEncoder:
    """What a tagger learns of tokens before it learns anything else; readable as JSON.

    Args:
        words: the vocabulary of words.
        characters: that of their characters.
        pairs: that of a token and the next one, joined; None where pairs are not used.
        lowercase: whether words are looked up in lower case.
        rare: numbers of the words seen once.

    >>> encoder = TokenEncoder.measure([["The", "dog"], ["the", "end"]])
    >>> encoder.words.tokens[2:], encoder.rare
    (['the', 'dog', 'end'], [3, 4])
    >>> encoder.encode([["THE", "cat"]]).words.tolist()
    [2, 1]
    """

    def __init__(
        self,
        words: Vocabulary,
        characters: Vocabulary,
        pairs: Vocabulary | None = None,
        lowercase: bool = True,
        rare: Sequence[int] = (),
    ):
        self.words, self.characters, self.pairs = words, characters, pairs
        self.lowercase, self.rare = lowercase, list(rare)

    @classmethod
    def measure(
        cls,
        sentences: Sequence[Sequence[str]],
        *,
        lowercase: bool = True,
        min_count: int = 1,
        pairs: bool = False,
        known: Sequence[str] = (),
    ) -> TokenEncoder:
        """An encoder of what occurs in sentences.

        Args:
            sentences: tokens of each.
            lowercase: look words up in lower case; their characters keep theirs.
            min_count: words that occur more rarely are unknown.
            pairs: also number the pairs of neighbours that occur at least twice.
            known: further words to number, such as those of pretrained vectors.
        """
        counts = Counter(token.lower() if lowercase else token for tokens in sentences for token in tokens)
        seen = [word for word, count in counts.items() for _ in range(count) if count >= min_count]
        others = dict.fromkeys(word.lower() if lowercase else word for word in known)
        words = Vocabulary.of([*seen, *(word for word in others if counts[word] < min_count)])
        rare = [number for word, number in words.numbers.items() if counts[word] == 1]
        characters = Vocabulary.of(sign for tokens in sentences for token in tokens for sign in token)
        joined = Vocabulary.of((pair for tokens in sentences for pair in join_pairs(tokens)), min_count=2)
        return cls(words, characters, joined if pairs else None, lowercase, rare)

    def encode(self, sentences: Sequence[Sequence[str]]) -> EncodedSentences:
        """The numbers of every token."""
        tokens = [token for sentence in sentences for token in sentence]
        forms: dict[str, int] = {}
        which = [forms.setdefault(token, len(forms)) for token in tokens]
        pairs = [0] * len(tokens)
        if self.pairs is not None:
            pairs = self.pairs.encode(pair for sentence in sentences for pair in join_pairs(sentence))
        return EncodedSentences(
            np.array([len(sentence) for sentence in sentences], dtype=np.int64),
            np.array(self.words.encode(map(str.lower, tokens) if self.lowercase else tokens), dtype=np.int64),
            np.array([casing(token) for token in tokens], dtype=np.int64),
            np.array(pairs, dtype=np.int64),
            np.array(which, dtype=np.int64),
            [self.characters.encode(shorten(form)) or [UNKNOWN] for form in forms],
        )

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return {
            "words": self.words.to_json(),
            "characters": self.characters.to_json(),
            "pairs": None if self.pairs is None else self.pairs.to_json(),
            "lowercase": self.lowercase,
            "rare": self.rare,
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> TokenEncoder:
        """What :meth:`to_json` gave, back."""
        pairs = None if found["pairs"] is None else Vocabulary.from_json(found["pairs"])
        words, characters = Vocabulary.from_json(found["words"]), Vocabulary.from_json(found["characters"])
        return cls(words, characters, pairs, bool(found["lowercase"]), found["rare"])


def join_pairs(tokens: Sequence[str]) -> list[str]:
    """Each token with the next one; the last stands alone.

    >>> join_pairs(["北", "京", "市"])
    ['北 京', '京 市', '市 ']
    """
    return [f"{token} {after}" for token, after in zip(tokens, [*tokens[1:], ""])]


def shorten(form: str) -> str:
    """The characters of a token that are looked at."""
    return form if len(form) <= LONGEST else form[: LONGEST // 2] + form[-LONGEST // 2 :]
