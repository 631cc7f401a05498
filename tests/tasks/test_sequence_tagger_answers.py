"""Answers in blocks against answers one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from grunit.data.tagging_tokens import TokenEncoder
from grunit.nn.crf import CRF
from grunit.tasks import sequence_tagger_answers as answers
from grunit.tasks.sequence_tagger_model import TaggerModel
from grunit.tasks.sequence_tagger_rows import TaggerRows


def test_blocks_are_put_back_in_order(monkeypatch):
    """Sentences of all lengths, answered two at a time and in another order than they came."""
    sentences = [["a"] * length for length in (3, 1, 4, 1, 5, 2)]
    encoder = TokenEncoder.measure(sentences)
    crf = CRF(3)
    model = TaggerModel("gru", 4, words=len(encoder.words), characters=len(encoder.characters), crf=crf)
    rows = TaggerRows(encoder.encode(sentences))
    monkeypatch.setattr(answers, "BLOCK", 2)
    found = answers.answer_rows(model, rows, answers.shares)
    assert [one.shape for one in found] == [(len(tokens), 3) for tokens in sentences]
    for sentence, one in zip(sentences, found, strict=True):
        alone = answers.answer_rows(model, TaggerRows(encoder.encode([sentence])), answers.shares)[0]
        np.testing.assert_allclose(one, alone, rtol=1e-12)
    assert next(model.parameters()).dtype == torch.float32  # it is a copy that computes in double precision


def test_ways_that_break_a_rule_are_left_out():
    crf = CRF(2, allowed=torch.tensor([[True, False], [True, True]]))
    (ways,) = answers.best_ways(9)(crf, torch.zeros(1, 2, 2), torch.tensor([2]))
    assert {tuple(path) for path, _ in ways} == {(0, 0), (1, 0), (1, 1)}
    assert sum(share for _, share in ways) == pytest.approx(1, abs=1e-6)
