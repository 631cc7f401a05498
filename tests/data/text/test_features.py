"""Somebody else's network as a front; a small one of torch stands in for those of ``transformers``."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from grunit.data.text import hidden_states
from grunit.errors import InputError


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


def test_refusals():
    with pytest.raises(InputError, match="both loaded"):
        hidden_states("bert-base-uncased", "bert-base-uncased")
    with pytest.raises(InputError, match="layers 0 to 1"):
        hidden_states(Encoder(), tokenize, layer=2)(["a"])
