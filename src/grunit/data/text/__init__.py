"""Text to whole numbers and back: characters, words or byte-pair pieces, and what was learned of them."""

from grunit.data.text.encoder import UNITS, TextEncoder
from grunit.data.text.features import hidden_states, token_states
from grunit.data.text.files import LabelledTexts, read_lines, read_texts
from grunit.data.text.vectors import Vectors, read_vectors
from grunit.data.text.vocabulary import PADDING, UNKNOWN, Vocabulary

__all__ = [
    "PADDING",
    "UNITS",
    "UNKNOWN",
    "LabelledTexts",
    "TextEncoder",
    "Vectors",
    "Vocabulary",
    "hidden_states",
    "read_lines",
    "read_texts",
    "read_vectors",
    "token_states",
]
