"""Text to numbers and back, and what was learned for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, cast

from grunit.data.text.pieces import Pieces
from grunit.data.text.splitting import join_words, split_words
from grunit.data.text.vocabulary import UNKNOWN, Vocabulary
from grunit.errors import DataError, InputError, NotFittedError, suggest

UNITS = ("char", "word", "space", "bpe")
NORMALIZATIONS = (None, "NFC", "NFD", "NFKC", "NFKD")


class TextEncoder:
    """Text as whole numbers, by characters, words or pieces learned from the text.

    Args:
        unit: ``"char"``: every character, line ends and spaces included. ``"word"`` (default): words, numbers and
            signs; Chinese and Japanese characters one by one. ``"space"``: whatever stands between spaces, for text
            that is cut into tokens already. ``"bpe"``: byte-pair pieces (Sennrich et al. 2016) over bytes, so that
            no text is unknown; needs the package ``tokenizers``, extra ``text``.
        lowercase: fold capitals.
        normalization: of Unicode: ``"NFC"`` (default), ``"NFKC"`` (also full-width letters and ligatures), ``"NFD"``,
            ``"NFKD"`` or None to leave characters as they are.
        min_count: tokens rarer than this in the text of :meth:`fit` are unknown (default 1: none is).
        max_size: tokens of the vocabulary at most (default None: no limit, for ``"bpe"`` 8,000).
        specials: further tokens that no text holds, for example ``["<start>", "<end>"]``: numbered from 2 on.

    Attributes:
        vocabulary: tokens by number, from :meth:`fit` on.
        pieces: with ``"bpe"``, what was learnt besides.

    Raises:
        InputError: an argument is none of these.

    >>> encoder = TextEncoder(lowercase=True).fit(["To be, or not to be."])
    >>> encoder.split("To sleep?"), encoder.encode("To sleep?")
    (['to', 'sleep', '?'], [3, 1, 1])
    >>> encoder.decode(encoder.encode("not to be."))
    'not to be.'
    """

    vocabulary: Vocabulary
    pieces: Pieces

    def __init__(
        self,
        unit: str = "word",
        *,
        lowercase: bool = False,
        normalization: str | None = "NFC",
        min_count: int = 1,
        max_size: int | None = None,
        specials: Iterable[str] = (),
    ):
        if unit not in UNITS:
            raise InputError(f"unit is {unit!r}: {suggest(unit, UNITS)}")
        if normalization not in NORMALIZATIONS:
            known = "use one of " + ", ".join(map(str, NORMALIZATIONS))
            hint = suggest(str(normalization).upper(), [form for form in NORMALIZATIONS if form], known)
            raise InputError(f"normalization is {normalization!r}: {hint}")
        self.unit, self.lowercase, self.normalization = unit, lowercase, normalization
        self.min_count, self.max_size, self.specials = min_count, max_size, list(specials)

    def normalize(self, text: str) -> str:
        """The text with capitals and Unicode forms as this encoder takes them.

        Raises:
            DataError: it is no text, or holds half a character.
        """
        if not isinstance(text, str):
            raise DataError(f"a text is {text!r}, a {type(text).__name__}: give a string")
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise DataError(
                    f"a text holds half a character at place {error.start}: decode its file with errors='replace'"
                ) from None
            if self.normalization is not None:
                text = _normalize(self.normalization, text)
        if self.lowercase:
            text = text.lower()
            if self.normalization is not None and not text.isascii():
                text = _normalize(self.normalization, text)
        return text

    def fit(self, texts: Iterable[str]) -> TextEncoder:
        """Learn the vocabulary of texts.

        Raises:
            DataError: a text is none, or there is not one token.
            InputError: ``min_count`` or ``max_size`` is too small.
            MissingExtraError: the unit is ``"bpe"`` and the package ``tokenizers`` is not installed.
        """
        if isinstance(texts, str):
            raise DataError("the texts are one string: give a list of strings")
        options: dict[str, Any] = {"min_count": self.min_count, "max_size": self.max_size, "specials": self.specials}
        if self.unit == "bpe":
            pieces = Pieces.learn((self.normalize(text) for text in texts), **options)
            self.pieces, self.vocabulary = pieces, pieces.vocabulary()
            return self
        self.vocabulary = Vocabulary.of((token for text in texts for token in self.split(text)), **options)
        if len(self.vocabulary) == self.vocabulary.specials:
            raise DataError("the texts hold no token to learn: give texts that are not empty, or a smaller min_count")
        return self

    def split(self, text: str) -> list[str]:
        """The tokens of a text, known or not.

        Raises:
            NotFittedError: the unit is ``"bpe"``, before :meth:`fit`.
        """
        text = self.normalize(text)
        if self.unit == "bpe":
            self._check_fitted()
            return self.pieces.split(text)
        if self.unit == "char":
            return list(text)
        return split_words(text) if self.unit == "word" else text.split()

    def join(self, tokens: Sequence[str]) -> str:
        """Tokens as text; exactly what was split for characters and pieces, with spaces set anew for words."""
        if self.unit == "bpe":
            self._check_fitted()
            return self.pieces.join(tokens)
        if self.unit == "char":
            return "".join(tokens)
        return join_words(tokens) if self.unit == "word" else " ".join(tokens)

    def encode(self, text: str) -> list[int]:
        """The number of every token of a text; a word that reads as a special one is only a word, but for ``<unk>``.

        Raises:
            NotFittedError: before :meth:`fit`.
        """
        self._check_fitted()
        return self.vocabulary.encode(self.split(text))

    def decode(self, ids: Iterable[int]) -> str:
        """Numbers as text: what is unknown is written ``<unk>``, padding and specials are left out."""
        self._check_fitted()
        shown = [number for number in ids if number == UNKNOWN or not 0 <= number < self.vocabulary.specials]
        return self.join(self.vocabulary.decode(shown))

    def _check_fitted(self) -> None:
        if not hasattr(self, "vocabulary"):
            raise NotFittedError("this TextEncoder is not fitted: call fit with texts first")

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON, the vocabulary where there is one."""
        names = ("unit", "lowercase", "normalization", "min_count", "max_size", "specials")
        found: dict[str, Any] = {name: getattr(self, name) for name in names}
        if hasattr(self, "vocabulary"):
            found["vocabulary"] = self.vocabulary.to_json()
            if self.unit == "bpe":
                found["pieces"] = self.pieces.to_json()
        return found

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> TextEncoder:
        """What :meth:`to_json` gave, back."""
        found = dict(found)
        vocabulary, pieces = found.pop("vocabulary", None), found.pop("pieces", None)
        encoder = cls(found.pop("unit"), **found)
        if vocabulary is not None:
            encoder.vocabulary = Vocabulary.from_json(vocabulary)
        if pieces is not None:
            encoder.pieces = Pieces.from_json(pieces)
        return encoder


def _normalize(form: str, text: str) -> str:
    return unicodedata.normalize(cast(Any, form), text)
