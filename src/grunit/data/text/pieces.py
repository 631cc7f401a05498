"""Byte-pair pieces: what the package ``tokenizers`` learns of a text, kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from grunit.data.text.vocabulary import PADDING_TOKEN, UNKNOWN_TOKEN, Vocabulary
from grunit.errors import InputError, require

SIZE = 8000
"""Pieces that are learnt unless told otherwise."""
_BYTES = 256


class Pieces:
    """Text as pieces that occur often, down to single bytes, so that every text can be told and told back.

    Args:
        tokenizer: of the package ``tokenizers``.
        specials: how many tokens come first that stand for no text.

    Source: Sennrich, Haddow & Birch, *Neural machine translation of rare words with subword units*, ACL (2016); over
    bytes as Radford et al., *Language models are unsupervised multitask learners* (2019), section 2.2.

    >>> pieces = Pieces.learn(["low lower lowest newest widest"] * 9, max_size=264)
    >>> pieces.split("lowest"), pieces.join(pieces.split("a new 字"))
    (['low', 'est'], 'a new 字')
    """

    def __init__(self, tokenizer: Any, specials: int):
        # A text that spells a special token out is text.
        tokenizer.encode_special_tokens = True
        self.tokenizer, self.specials = tokenizer, specials

    @classmethod
    def learn(
        cls, texts: Iterable[str], *, max_size: int | None = None, min_count: int = 1, specials: Sequence[str] = ()
    ) -> Pieces:
        """The pieces of texts.

        Args:
            texts: already normalised.
            max_size: pieces at most, specials and the 256 bytes included (default 8,000).
            min_count: pairs of pieces that come together more rarely are not joined.
            specials: further tokens that stand for no text.

        Raises:
            InputError: ``max_size`` does not even hold the bytes.
            MissingExtraError: the package ``tokenizers`` is not installed.
        """
        tokenizers = require("tokenizers", "text")
        first = [PADDING_TOKEN, UNKNOWN_TOKEN, *specials]
        size = SIZE if max_size is None else max_size
        if size < _BYTES + len(first):
            raise InputError(f"max_size is {size}: give at least {_BYTES + len(first)}, for all bytes and specials")
        if min_count < 1:
            raise InputError(f"min_count is {min_count!r}: give a whole number of at least 1")
        tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = tokenizers.decoders.ByteLevel()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=min_count,
            special_tokens=first,
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer, len(first))

    def vocabulary(self) -> Vocabulary:
        """All pieces by number."""
        count = self.tokenizer.get_vocab_size()
        return Vocabulary([self.tokenizer.id_to_token(number) for number in range(count)], self.specials)

    def split(self, text: str) -> list[str]:
        """The pieces of a text, each byte of it as a sign of its own."""
        return self.tokenizer.encode(text).tokens

    def join(self, pieces: Sequence[str]) -> str:
        """The text of pieces."""
        return self.tokenizer.decoder.decode(list(pieces))

    def to_json(self) -> dict[str, Any]:
        """What the package writes, as plain JSON."""
        return {"tokenizer": json.loads(self.tokenizer.to_str()), "specials": self.specials}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Pieces:
        """The same back.

        Raises:
            MissingExtraError: the package ``tokenizers`` is not installed.
        """
        tokenizers = require("tokenizers", "text")
        return cls(tokenizers.Tokenizer.from_str(json.dumps(found["tokenizer"])), int(found["specials"]))
