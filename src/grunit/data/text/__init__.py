"""Text to whole numbers and back: characters, words or byte-pair pieces, and what was learned of them."""

from grunit.data.text.encoder import UNITS, TextEncoder
from grunit.data.text.vocabulary import PADDING, UNKNOWN, Vocabulary

__all__ = ["PADDING", "UNITS", "UNKNOWN", "TextEncoder", "Vocabulary"]
