"""A text of words that grows token by token, none of it joined twice."""

from __future__ import annotations

from grunit.data.text import UNKNOWN, TextEncoder
from grunit.data.text.splitting import WordJoiner
from grunit.tasks.language_model_arguments import END


class WordWriter:
    """Reads the tokens of a text one after the other and says what each adds to it.

    Args:
        encoder: of words, fitted, with the special token ``"<end>"``.
        lines: that token is a line's end; else it is the end of a text, and writes nothing.

    >>> encoder = TextEncoder(specials=[END]).fit(["It is, it is!"])
    >>> writer = WordWriter(encoder, lines=True)
    >>> tokens = [*encoder.encode("It is!"), encoder.vocabulary.numbers[END], *encoder.encode("it, it")]
    >>> [writer.add(token) for token in tokens]
    ['It', ' is', '!', '\\n', 'it', ',', ' it']
    """

    def __init__(self, encoder: TextEncoder, lines: bool):
        self.vocabulary, self.lines = encoder.vocabulary, lines
        self.end, self.joiner = self.vocabulary.numbers[END], WordJoiner()

    def add(self, token: int) -> str:
        """What stands in the text behind the tokens that were read before."""
        if token == self.end:
            self.joiner = WordJoiner()
            return "\n" if self.lines else ""
        if token != UNKNOWN and token < self.vocabulary.specials:
            return ""
        return self.joiner.add(*self.vocabulary.decode([token]))
