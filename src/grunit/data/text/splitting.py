"""Text cut into tokens without any list of words, and put together again."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Collection, Sequence

CJK = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
CJK += "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U000323af"
"""Han characters, radicals and Japanese syllables as a range of a regular expression: each is a word of its own."""
TIGHT = "\u3000-\u3004\u3008-\u3020\u3030\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\u00b7\u2014\u2026"
"""Punctuation set without spaces around it."""
QUOTES = ('"', "'")
"""Signs that open and close alike."""
ENDINGS = ("s", "z", "x", "S")
"""Letters after which an apostrophe stands by itself, of a plural: the dogs' dinner."""

_CLITICS = {"s", "re", "ve", "ll", "d", "m", "t"}
_CLOSING = re.compile(r"[.,;:!?%)\]}…”’]+|n't|'(?:s|re|ve|ll|d|m|t)", re.IGNORECASE)
_OPENING = re.compile(r"[(\[{$£€¥“‘]")
_TIGHT = re.compile(f"[{CJK}{TIGHT}]")
_EASTERN_WORD = re.compile(f"[{CJK}]")
_EAST = re.compile(f"[{CJK}{TIGHT[: TIGHT.index(chr(0xB7))]}]")
"""Those that have no space beside a word in Latin letters or a number either."""
_BINDING = re.compile(r"[-\u2010\u2011/]")
"""Signs that bind the words on both sides of them."""


@functools.cache
def _words() -> re.Pattern[str]:
    """A word, a number or a sign.

    Marks are part of the letter they follow: most scripts of India are written with them, and ``\\w`` has none.
    """
    marks = "".join(chr(c) for c in range(0x20000) if unicodedata.category(chr(c))[0] == "M") + "\u200c\u200d"
    letter = f"[^\\W{CJK}][{re.escape(marks)}]*"
    number = r"\d+(?:[.,]\d+)+(?!\w)"
    return re.compile(
        f"<unk>|[{CJK}][{re.escape(marks)}]*|{number}|(?:{letter})+(?:['\u2019](?:{letter})+)*|[^\\w\\s][{marks}\ufe0f]*"
    )


def split_words(text: str) -> list[str]:
    """Words, numbers and signs, each a token; every Chinese or Japanese character is one, so no segmenter is needed.

    >>> split_words("It's 3.5 stars... 很好吃!")
    ["It's", '3.5', 'stars', '.', '.', '.', '很', '好', '吃', '!']
    """
    return _words().findall(text)


def join_words(tokens: Sequence[str]) -> str:
    """Tokens as a sentence: a space between them but where punctuation or Chinese script has none.

    Whether a space stands before a token depends on the tokens before it alone, so that a text can be written on.

    >>> join_words(["It", "'s", "good", "(", "really", ")", ",", "很", "好", "!"])
    "It's good (really), 很好!"
    >>> print(join_words(split_words("A well-made film, the dogs' dinner and/or e-mail at 9:30.")))
    A well-made film, the dogs' dinner and/or e-mail at 9:30.
    """
    return "".join(map(WordJoiner().add, tokens))


class WordJoiner:
    """A sentence that is written token by token, as :func:`join_words` writes it at once.

    >>> joiner = WordJoiner()
    >>> [joiner.add(token) for token in ["It", "'s", "good", "."]]
    ['It', "'s", ' good', '.']
    """

    def __init__(self) -> None:
        self.begun, self.before, self.last = False, "", ""
        self.opened: set[str] = set()

    def add(self, token: str) -> str:
        """The token, behind a space where one stands before it."""
        last = self.last
        closes = token in self.opened or (token == "'" and last[-1:] in ENDINGS and "'" not in last)
        bound = closes or not self.begun or _are_bound(self.before, last, token, self.opened)
        if closes:
            self.opened.discard(token)
        elif token in QUOTES:
            self.opened.add(token)
        elif last == "'" and (token in _CLITICS or token.isdigit()):
            self.opened.discard("'")  # it was none that opens: a text cut as "it 's", or of '68
        self.before, self.last, self.begun = last, token, self.begun or bool(token)
        return token if bound else " " + token


def _are_bound(before: str, last: str, token: str, opened: Collection[str]) -> bool:
    """Whether no space stands between a token and the one before it.

    Args:
        before, last: the two tokens before it.
        opened: quotation marks that are open after ``last``.
    """
    if _CLOSING.fullmatch(token) or _OPENING.fullmatch(last[-1:]):
        return True
    if last in QUOTES:
        return last in opened
    if before and _CLOSING.fullmatch(last) and _EASTERN_WORD.match(token) and _EASTERN_WORD.match(before[-1]):
        return True
    if _BINDING.fullmatch(last):
        return before[-1:].isalnum() or before == last or token[:1].isdigit()
    if _BINDING.fullmatch(token):
        return last[-1:].isalnum()
    if last == "." and len(before) == 1 == len(token):  # e.g., U.S.
        return before.isalpha() and token.isalpha()
    if last == ":" and before.isdigit() and token.isdigit():  # 9:30
        return True
    if last == token and len(token) == 1 and not token.isalnum():  # ---, ***
        return True
    if token == "/" and last == ":":
        return True
    if "@" in (last, token):
        return (last if token == "@" else before)[-1:].isalnum()
    if last == "#":
        return True
    if _TIGHT.match(token) and _TIGHT.match(last[-1:]):
        return True
    return bool(_EAST.match(token) and last[-1:].isalnum()) or bool(_EAST.match(last[-1:]) and token[:1].isalnum())
