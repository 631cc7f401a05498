"""The field's figures against sums by hand, in double precision."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from grunit.tasks.language_model_network import LanguageNetwork
from grunit.tasks.language_model_scores import TextScore, score_tokens


def network(softmax: str = "full", boundary: int | None = None) -> LanguageNetwork:
    made = LanguageNetwork(
        "gru",
        6,
        vocabulary_size=11,
        embedding_size=4,
        num_layers=2,
        tie_weights=softmax != "adaptive",
        softmax=softmax,
        boundary=boundary,
    )
    return made.double().eval()


@torch.no_grad()
def by_hand(model: LanguageNetwork, tokens: list[int], boundary: int | None) -> list[float]:
    """Each token's loss from the cells' own equations, one step at a time."""
    cells, losses = list(model.core.cells), []
    states = [torch.zeros(1, 6, dtype=torch.float64) for _ in cells]
    for now, after in itertools.pairwise(tokens):
        if now == boundary:
            states = [torch.zeros_like(state) for state in states]
        x = model.embedding.weight[now].unsqueeze(0)
        for layer, cell in enumerate(cells):
            (states[layer],) = cell.step(x, states[layer])
            x = states[layer]
        logits = (x @ model.bridge.weight.T + model.bridge.bias) @ model.embedding.weight.T + model.softmax.bias
        losses.append(-math.log(float(logits.exp()[0, after] / logits.exp().sum())))
    return losses


@pytest.mark.parametrize("boundary", [None, 2])
@pytest.mark.parametrize("softmax", ["full", "sampled"])
def test_every_token_costs_what_the_equations_say(softmax, boundary):
    model = network(softmax, boundary)
    tokens = [2, *torch.randint(0, 11, (40,)).tolist(), 2, 4, 2, 2, 7]
    stream = torch.tensor([tokens])
    found = score_tokens(model, stream[:, :-1], stream[:, 1:], chunk=7)
    expected = torch.tensor([by_hand(model, tokens, boundary)], dtype=torch.float64)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("softmax", ["full", "adaptive"])
def test_chunks_rows_and_blocks_change_nothing(softmax, monkeypatch):
    model = network(softmax)
    inputs, targets = torch.randint(0, 11, (2, 3, 30)).unbind()
    targets[1, 20:] = -1
    whole = score_tokens(model, inputs, targets, chunk=100)
    assert bool((whole[1, 20:] == 0).all())
    monkeypatch.setattr("grunit.tasks.language_model_scores.NUMBERS", 55)
    torch.testing.assert_close(score_tokens(model, inputs, targets, chunk=4), whole)
    torch.testing.assert_close(score_tokens(model, inputs[1:2], targets[1:2], chunk=4), whole[1:2])


def test_figures_by_their_definitions():
    score = TextScore(nats=10.0, tokens=4, characters=20)
    assert score.perplexity == pytest.approx(math.exp(2.5))
    assert score.bits_per_character == pytest.approx(10 / 20 / math.log(2))
    assert score.nats_per_token == 2.5
    assert TextScore(nats=1e9, tokens=1, characters=1).perplexity == math.inf
