"""Dynamic evaluation and the cache pointer against the formulas, loop by loop."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from grunit.errors import InputError
from grunit.tasks.language_model_adaptation import CachePointer, DynamicEvaluation, gradient_squares
from grunit.tasks.language_model_network import LanguageNetwork
from grunit.tasks.language_model_scores import score_tokens


def network() -> LanguageNetwork:
    return LanguageNetwork("gru", 6, vocabulary_size=8, embedding_size=5).double().eval()


def stream(length: int = 30) -> tuple[torch.Tensor, torch.Tensor]:
    tokens = torch.randint(0, 8, (1, length + 1))
    return tokens[:, :-1], tokens[:, 1:]


@pytest.mark.parametrize("chunk", [1, 4, 100])
@pytest.mark.parametrize("size", [1, 5, 50])
def test_the_cache_is_the_papers_sum(chunk, size):
    model, (inputs, targets) = network(), stream()
    theta, share = 1.7, 0.3
    found = score_tokens(model, inputs, targets, cache=CachePointer(size, theta, share), chunk=chunk)
    with torch.no_grad():
        hidden = model(inputs)[0][0]
        plain = model.softmax.log_probabilities(hidden).exp()
    for now in range(inputs.shape[1]):
        word, total, same = targets[0, now], 0.0, 0.0
        for then in range(max(0, now - size), now):
            weight = math.exp(theta * float(hidden[now] @ hidden[then]))
            total += weight
            same += weight * bool(targets[0, then] == word)
        expected = float(plain[now, word])
        if total:
            expected = (1 - share) * expected + share * same / total
        assert float(found[0, now]) == pytest.approx(-math.log(expected))


def test_plain_dynamic_evaluation_is_gradient_descent():
    model, (inputs, targets) = network(), stream(20)
    twin = copy.deepcopy(model)
    rule = DynamicEvaluation(lr=0.5, chunk=6, clip=None)
    found = score_tokens(model, inputs, targets, learner=rule.begin(model))
    optimizer, state, expected = torch.optim.SGD(twin.parameters(), lr=0.5), None, []
    for read, wanted in zip(inputs.split(6, 1), targets.split(6, 1), strict=True):
        hidden, state = twin(read, state)
        losses = torch.nn.functional.cross_entropy(
            hidden[0] @ twin.softmax.weight.T + twin.softmax.bias, wanted[0], reduction="none"
        )
        expected.append(losses.detach())
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
        state = tuple(part.detach() for part in state)
    torch.testing.assert_close(found[0], torch.cat(expected))
    for one, other in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_the_rms_rule_is_the_papers():
    model, (inputs, targets) = network(), stream(12)
    squares = gradient_squares(model, inputs, targets, 12)
    loss, _ = model(inputs, None, targets)
    gradients = dict(
        zip(dict(model.named_parameters()), torch.autograd.grad(loss, list(model.parameters())), strict=True)
    )
    for name, gradient in gradients.items():  # one piece: its own gradient squared
        torch.testing.assert_close(squares[name], gradient.square())
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    shift = {name: torch.randn_like(weight) for name, weight in before.items()}
    learner = DynamicEvaluation(lr=0.01, decay=0.2, squares=squares).begin(model)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight += shift[name]
    loss, _ = model(inputs, None, targets)
    gradients = dict(zip(gradients, torch.autograd.grad(loss, list(model.parameters())), strict=True))
    learner.learn(model(inputs, None, targets)[0])
    mean = torch.cat([square.sqrt().flatten() for square in squares.values()]).mean()
    for name, weight in model.named_parameters():
        root = squares[name].sqrt()
        pull = (0.2 * root / mean).clamp(max=1) * shift[name]
        expected = before[name] + shift[name] - 0.01 * gradients[name] / (root + 0.001 * mean) - pull
        torch.testing.assert_close(weight.detach(), expected)


def test_a_full_pull_brings_the_trained_weights_back():
    model, (inputs, targets) = network(), stream(8)
    before = [weight.detach().clone() for weight in model.parameters()]
    score_tokens(model, inputs, targets, learner=DynamicEvaluation(lr=1e-12, decay=1.0, chunk=4).begin(model))
    for old, new in zip(before, model.parameters(), strict=True):
        torch.testing.assert_close(new.detach(), old)


def test_both_follow_a_text_that_repeats_itself():
    model = network()
    tokens = torch.tensor([[0, 5, 3, 7, 1] * 40])
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    plain = float(score_tokens(model, inputs, targets).mean())
    cached = float(score_tokens(model, inputs, targets, cache=CachePointer(20, 20.0, 0.5)).mean())
    learnt = float(score_tokens(model, inputs, targets, learner=DynamicEvaluation(1.0).begin(model)).mean())
    assert cached < plain - 0.1
    assert learnt < plain - 0.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DynamicEvaluation(lr=0), "lr is 0: give a number above 0"),
        (lambda: DynamicEvaluation(decay=2), "decay is 2: give a number from 0 to 1"),
        (lambda: DynamicEvaluation(chunk=0), "chunk must be a whole number"),
        (lambda: DynamicEvaluation(squares={"x": torch.ones(1)}).begin(network()), "squares are of another network"),
        (lambda: CachePointer(size=0), "size must be a whole number"),
        (lambda: CachePointer(share=1.0), "share is 1.0: give a share"),
    ],
)
def test_values_out_of_range_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
