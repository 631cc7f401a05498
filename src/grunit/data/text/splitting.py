"""Text cut into tokens without any list of words, and put together again."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

CJK = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
CJK += "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U000323af"
"""Han characters, radicals and Japanese syllables as a range of a regular expression: each is a word of its own."""
TIGHT = "\u3000-\u3004\u3008-\u3020\u3030\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\u00b7\u2014\u2026"
"""Punctuation set without spaces around it."""

_CLOSING = re.compile(r"[.,;:!?%)\]}…”’]+|n't|'(?:s|re|ve|ll|d|m|t)", re.IGNORECASE)
_OPENING = re.compile(r"[(\[{$£€¥“‘]")
_TIGHT = re.compile(f"[{CJK}{TIGHT}]")


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

    >>> join_words(["It", "'s", "good", "(", "really", ")", ",", "很", "好", "!"])
    "It's good (really), 很好!"
    """
    text = ""
    for token in tokens:
        text += token if not text or _are_tight(text[-1], token) else " " + token
    return text


def _are_tight(last: str, token: str) -> bool:
    """Whether no space stands between a character and the token after it."""
    if _CLOSING.fullmatch(token) or _OPENING.fullmatch(last):
        return True
    return bool(_TIGHT.match(token) and _TIGHT.match(last))
