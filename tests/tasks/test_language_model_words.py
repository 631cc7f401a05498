"""Words streamed one by one are the text that is joined at once, and each is joined once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit import LanguageModel
from grunit.data.text import TextEncoder
from grunit.data.text.splitting import WordJoiner
from grunit.tasks.language_model_arguments import END
from grunit.tasks.language_model_words import WordWriter

TEXT = "\"It's 'so' good\", he said: go to U.S. at 9:30, the dogs' (big) well-made film... 很好!"
ENCODER = TextEncoder(specials=[END]).fit([TEXT])
STOP = ENCODER.vocabulary.numbers[END]


@given(st.lists(st.integers(0, len(ENCODER.vocabulary) - 1), max_size=30), st.booleans())
def test_the_pieces_are_the_lines_decoded_whole(tokens, lines):
    writer = WordWriter(ENCODER, lines)
    pieces = "".join(map(writer.add, tokens))
    parts: list[list[int]] = [[]]
    for token in tokens:
        if token == STOP:
            parts.append([])
        else:
            parts[-1].append(token)
    assert pieces == ("\n" if lines else "").join(map(ENCODER.decode, parts))


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    options = {"hidden_size": 4, "chunk": 8, "batch_size": 2, "max_epochs": 1, "verbose": 0}
    return LanguageModel(unit="word", **options).fit(f"{TEXT}\nand so on\n" * 8)


def test_a_stream_of_words_is_what_is_written_at_once(model):
    for seed in range(5):
        prompt = 'He said: "It is'
        assert "".join(model.stream(prompt, 40, seed=seed)) == model.generate(prompt, 40, seed=seed)
    first, state = model.generate('so on\n"It', 20, seed=3, return_state=True)
    assert "".join(model.stream("", 20, seed=4, state=state)) == model.generate("", 20, seed=4, state=state)
    assert first


def test_each_word_is_joined_once(model, monkeypatch):
    joined = []
    add = WordJoiner.add
    monkeypatch.setattr(WordJoiner, "add", lambda self, token: joined.append(token) or add(self, token))
    pieces = list(model.stream("so on and on", 60, seed=1))
    assert 4 < len(joined) <= 4 + 60
    assert len(pieces) <= 60
