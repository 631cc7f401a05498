"""Softmaxes over many classes: the full one, clusters written out by hand, and an estimate that is right on average."""

from __future__ import annotations

import math

import pytest
import torch

from grunit.errors import InputError
from grunit.nn.softmax import AdaptiveSoftmax, FullSoftmax, SampledSoftmax


def test_the_full_one_is_cross_entropy_and_shares_a_matrix():
    matrix = torch.nn.Parameter(torch.randn(5, 3, dtype=torch.float64))
    softmax = FullSoftmax(3, 5, matrix).double()
    torch.nn.init.normal_(softmax.bias)
    x, targets = torch.randn(7, 3, dtype=torch.float64), torch.arange(7) % 5
    expected = -(x @ matrix.T + softmax.bias).log_softmax(-1)[torch.arange(7), targets].mean()
    torch.testing.assert_close(softmax(x, targets), expected)
    softmax(x, targets).backward()
    assert matrix.grad is not None
    with pytest.raises(InputError, match=r"shape \(5, 3\): give \(5, 4\)"):
        FullSoftmax(4, 5, matrix)


def test_clusters_are_those_of_the_paper():
    softmax = AdaptiveSoftmax(8, 20, cutoffs=[4, 10], div_value=2.0).double()
    x = torch.randn(6, 8, dtype=torch.float64)
    inner = softmax.clusters
    head = (x @ inner.head.weight.T).log_softmax(-1)  # 4 classes and 2 clusters
    parts = [head[:, :4]]
    for cluster, (down, up) in enumerate(inner.tail):
        rare = (x @ down.weight.T @ up.weight.T).log_softmax(-1)
        parts.append(head[:, 4 + cluster : 5 + cluster] + rare)
    expected = torch.cat(parts, 1)
    torch.testing.assert_close(softmax.log_probabilities(x), expected)
    torch.testing.assert_close(softmax.log_probabilities(x.view(2, 3, 8)), expected.view(2, 3, 20))
    targets = torch.tensor([0, 5, 19, 3, 10, 9])
    torch.testing.assert_close(softmax(x, targets), -expected[torch.arange(6), targets].mean())
    assert [down.weight.shape[0] for down, _ in inner.tail] == [4, 2]


@pytest.mark.parametrize("cutoffs", [[], [5, 5], [0], [20], [3.5], [7, 3]])
def test_cutoffs_that_part_nothing_are_refused(cutoffs):
    with pytest.raises(InputError, match="ascending whole numbers above 0 and below 20"):
        AdaptiveSoftmax(8, 20, cutoffs=cutoffs)


def test_small_vectors_and_few_classes_still_have_clusters():
    for classes, size in ((4, 2), (9, 1), (30, 3)):
        found = AdaptiveSoftmax(size, classes).log_probabilities(torch.randn(5, size))
        torch.testing.assert_close(found.exp().sum(-1), torch.ones(5))


def test_draws_follow_zipf():
    softmax = SampledSoftmax(2, 6, samples=200_000)
    counts = softmax.draw().bincount(minlength=6) / 200_000
    expected = torch.tensor([math.log((k + 2) / (k + 1)) / math.log(7) for k in range(6)])
    assert (counts - expected).abs().max() < 0.005  # four standard errors
    assert float(expected.sum()) == pytest.approx(1)


@torch.no_grad()
def test_the_estimated_sum_is_right_on_average():
    softmax = SampledSoftmax(3, 12, samples=40).double()
    torch.nn.init.normal_(softmax.weight)
    torch.nn.init.normal_(softmax.bias)
    x = torch.randn(1, 3, dtype=torch.float64)
    for target in (0, 7):
        logits = x @ softmax.weight.T + softmax.bias
        share = float(logits.softmax(-1)[0, target])
        # exp(loss) is the estimated sum over the weight of the target.
        found = torch.stack([softmax(x, torch.tensor([target])).exp() for _ in range(3000)])
        error = float(found.std()) / math.sqrt(len(found))
        assert abs(float(found.mean()) - 1 / share) < 4 * error
        assert error < 0.02 / share


@torch.no_grad()
def test_many_draws_come_to_the_full_softmax_and_evaluation_is_full():
    softmax = SampledSoftmax(3, 12, samples=400_000).double()
    torch.nn.init.normal_(softmax.weight)
    x, targets = torch.randn(5, 3, dtype=torch.float64), torch.tensor([0, 3, 3, 11, 6])
    full = torch.nn.functional.cross_entropy(x @ softmax.weight.T, targets)
    assert float(softmax(x, targets)) == pytest.approx(float(full), abs=0.01)
    torch.testing.assert_close(softmax.eval()(x, targets), full)


def test_sampling_learns():
    torch.manual_seed(1)
    softmax = SampledSoftmax(4, 50, samples=10)
    x = torch.nn.functional.one_hot(torch.arange(4), 4).float()
    targets = torch.tensor([0, 3, 20, 49])
    optimizer = torch.optim.Adam(softmax.parameters(), lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        softmax(x, targets).backward()
        optimizer.step()
    assert softmax.log_probabilities(x).argmax(-1).tolist() == targets.tolist()
