"""Somebody else's network as a front; a small one of torch stands in for those of ``transformers``."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from grunit.data.text import hidden_states, token_states
from grunit.data.text.features import SentenceError
from grunit.errors import DataError, InputError


class Encoder(nn.Module):
    """An embedding and a layer, called as those of transformers are."""

    def __init__(self):
        super().__init__()
        self.embedding, self.layer, self.dropout = nn.Embedding(200, 4), nn.Linear(4, 4), nn.Dropout(0.5)

    def forward(self, input_ids, attention_mask, output_hidden_states):
        first = self.embedding(input_ids)
        return SimpleNamespace(hidden_states=(first, self.dropout(self.layer(first))))


def tokenize(texts, padding, truncation, max_length, return_tensors):
    rows = [[ord(sign) for sign in text][:max_length] for text in texts]
    wide = max(map(len, rows))
    ids = torch.tensor([row + [0] * (wide - len(row)) for row in rows])
    return {"input_ids": ids, "attention_mask": (ids > 0).long()}


def test_each_text_gets_its_own_steps_whatever_stands_beside_it():
    torch.manual_seed(0)
    encoder = Encoder().train()
    texts = ["abc", "a", "zz"]
    found = hidden_states(encoder, tokenize, batch_size=2)(texts)
    assert [one.shape for one in found] == [(3, 4), (1, 4), (2, 4)]
    for text, one in zip(texts, found, strict=True):
        expected = encoder.layer(encoder.embedding(torch.tensor([ord(sign) for sign in text])))
        np.testing.assert_allclose(one, expected.detach().numpy(), rtol=1e-6)
    assert encoder.training
    first = hidden_states(encoder, tokenize, layer=0, max_length=2)(["abc"])[0]
    np.testing.assert_array_equal(first, encoder.embedding.weight[[97, 98]].detach().numpy())


class Batch(dict):
    """What a tokenizer of transformers answers: also which token each piece is of."""

    def __init__(self, ids, words):
        super().__init__(input_ids=ids, attention_mask=(ids > 0).long())
        self.words = words

    def word_ids(self, index):
        return self.words[index]


class Tokenizer:
    """A piece every two letters, a sign before and behind the sentence; a token of spaces has none."""

    is_fast, model_max_length = True, 8

    def __call__(self, sentences, is_split_into_words, padding, return_tensors):
        assert is_split_into_words
        ids, words = [], []
        for tokens in sentences:
            pieces = [(ord(t[i]), n) for n, t in enumerate(tokens) if t.strip() for i in range(0, len(t), 2)]
            ids.append([1, *(piece for piece, _ in pieces), 2])
            words.append([None, *(number for _, number in pieces), None])
        wide = max(map(len, ids))
        words = [row + [None] * (wide - len(row)) for row in words]
        return Batch(torch.tensor([row + [0] * (wide - len(row)) for row in ids]), words)


def test_a_token_gets_the_states_of_its_first_piece():
    torch.manual_seed(0)
    encoder = Encoder().train()
    sentences = [["abcd", "ef"], ["g"], ["h", " ", "ijk"]]
    found = token_states(encoder, Tokenizer(), batch_size=2)(sentences)
    assert [one.shape for one in found] == [(2, 4), (1, 4), (3, 4)]
    for tokens, rows in zip(sentences, found, strict=True):
        for token, row in zip(tokens, rows, strict=True):
            expected = encoder.layer(encoder.embedding(torch.tensor(ord(token[0])))).detach().numpy()
            np.testing.assert_allclose(row, expected if token.strip() else np.zeros(4), rtol=1e-6)
    assert encoder.training


def test_sentences_that_the_encoder_cannot_read_whole_are_refused():
    with pytest.raises(DataError, match="sentence 3 has 9 pieces and the encoder reads 8"):
        token_states(Encoder(), Tokenizer(), batch_size=2)([["a"], ["b"], ["abcdefghijklmn"]])
    with pytest.raises(SentenceError) as caught:
        token_states(Encoder(), Tokenizer(), batch_size=2)([["a"], ["b"], ["abcdefghijklmn"]])
    assert caught.value.index == 2
    slow = Tokenizer()
    slow.is_fast = False
    with pytest.raises(InputError, match="needs a fast tokenizer"):
        token_states(Encoder(), slow)


def test_refusals():
    with pytest.raises(InputError, match="both loaded"):
        hidden_states("bert-base-uncased", "bert-base-uncased")
    with pytest.raises(InputError, match="layers 0 to 1"):
        hidden_states(Encoder(), tokenize, layer=2)(["a"])
