"""The CRF against every tag sequence there is, one by one, and against differences."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from grunit.errors import InputError, ShapeError
from grunit.nn.crf import CRF, FORBIDDEN


def make(tags: int, seed: int = 0, **rules) -> CRF:
    torch.manual_seed(seed)
    crf = CRF(tags, **rules).double()
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.normal_()
    return crf


def all_scores(crf: CRF, emissions: Tensor) -> dict[tuple[int, ...], float]:
    """Every sequence the rules allow, with its score, from the definition; emissions ``(T, K)`` of one row."""
    moves, start, end, said = (x.tolist() for x in (crf.transitions, crf.start, crf.end, emissions))
    barred, no_start, no_end = crf.rules.bool().tolist(), crf.first_rules.tolist(), crf.last_rules.tolist()
    found = {}
    for path in itertools.product(range(crf.tags), repeat=len(said)):
        steps = list(itertools.pairwise(path))
        if no_start[path[0]] or no_end[path[-1]] or any(barred[one][other] for one, other in steps):
            continue
        along = sum(said[step][tag] for step, tag in enumerate(path)) + sum(moves[one][other] for one, other in steps)
        found[path] = start[path[0]] + along + end[path[-1]]
    return found


def rules(tags: int, seed: int) -> dict[str, Tensor]:
    """About a third of everything forbidden; tag 0 always allowed, so that there is a way."""
    generator = torch.Generator().manual_seed(seed)
    allowed, first, last = (torch.rand(shape, generator=generator) > 0.35 for shape in ((tags, tags), tags, tags))
    allowed[0], allowed[:, 0], first[0], last[0] = True, True, True, True
    return {"allowed": allowed, "first": first, "last": last}


@settings(max_examples=40)
@given(st.integers(1, 4), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 10_000), st.booleans())
def test_everything_is_what_enumeration_gives(tags, lengths, seed, ruled):
    crf = make(tags, seed, **(rules(tags, seed) if ruled else {}))
    rows, steps = len(lengths), max(lengths)
    emissions = torch.randn(rows, steps, tags, dtype=torch.float64) * 2
    targets = torch.randint(tags, (rows, steps))
    totals = crf.log_partition(emissions, lengths)
    scores = crf.score(emissions, targets, lengths)
    marginals = crf.marginals(emissions, lengths)
    best, highest = crf.viterbi(emissions, lengths)
    ways, way_scores = crf.n_best(emissions, lengths, 4)
    for row, length in enumerate(lengths):
        known = all_scores(crf, emissions[row, :length])
        values = torch.tensor(list(known.values()), dtype=torch.float64)
        torch.testing.assert_close(totals[row], values.logsumexp(0))
        target = tuple(targets[row, :length].tolist())
        if target in known:
            torch.testing.assert_close(scores[row], torch.tensor(known[target], dtype=torch.float64))
        else:
            assert scores[row] < FORBIDDEN / 2
        shares = torch.zeros(steps, tags, dtype=torch.float64)
        for path, share in zip(known, values.softmax(0), strict=True):
            for step, tag in enumerate(path):
                shares[step, tag] += share
        torch.testing.assert_close(marginals[row], shares)
        ranked = sorted(known, key=known.__getitem__, reverse=True)
        assert tuple(best[row, :length].tolist()) == ranked[0]
        assert best[row, length:].tolist() == [0] * (steps - length)
        torch.testing.assert_close(float(highest[row]), known[ranked[0]])
        for rank, path in enumerate(ranked[:4]):
            assert tuple(ways[row, rank, :length].tolist()) == path
            torch.testing.assert_close(float(way_scores[row, rank]), known[path])
        assert (way_scores[row, len(ranked) :] < FORBIDDEN / 2).all()


def test_gradients_are_those_of_differences():
    crf = make(3, **rules(3, 1))
    emissions = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    targets, lengths = torch.tensor([[0, 0, 0, 0], [0, 0, 9, 9]]), torch.tensor([4, 2])

    def likelihood(emissions, transitions, start, end):
        named = {"transitions": transitions, "start": start, "end": end}
        return torch.func.functional_call(crf, named, (emissions,))

    crf.forward = lambda emissions: crf.log_likelihood(emissions, targets, lengths)
    parameters = [crf.transitions, crf.start, crf.end]
    assert torch.autograd.gradcheck(likelihood, (emissions, *parameters))
    assert torch.autograd.gradgradcheck(likelihood, (emissions, *parameters))
    crf.forward = lambda emissions: crf.marginals(emissions, lengths)
    assert torch.autograd.gradcheck(likelihood, (emissions, *parameters))


def test_marginals_are_the_slope_of_the_log_partition():
    crf = make(5)
    emissions = torch.randn(3, 7, 5, dtype=torch.float64, requires_grad=True)
    lengths = [7, 1, 4]
    (slope,) = torch.autograd.grad(crf.log_partition(emissions, lengths).sum(), emissions)
    torch.testing.assert_close(crf.marginals(emissions, lengths), slope)


def test_extreme_scores_stay_numbers():
    """Powers of these are zero or infinite; only in log space is there an answer."""
    crf = CRF(2)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.zero_()
    emissions = torch.tensor([[[1000.0, -1000.0]] * 50]).requires_grad_()
    likelihood = crf.log_likelihood(emissions, torch.zeros(1, 50, dtype=torch.long))
    assert likelihood.item() == 0
    likelihood.backward()
    assert torch.isfinite(emissions.grad).all()
    assert crf.log_likelihood(emissions.bfloat16(), torch.ones(1, 50, dtype=torch.long)).item() == -100_000


def test_padding_changes_nothing():
    crf = make(4)
    emissions = torch.randn(2, 6, 4, dtype=torch.float64)
    alone = crf.log_partition(emissions[1:, :3])
    emissions[1, 3:] = 1e6
    torch.testing.assert_close(crf.log_partition(emissions, [6, 3])[1:], alone, rtol=0, atol=0)
    torch.testing.assert_close(crf.marginals(emissions, [6, 3])[1:, :3], crf.marginals(emissions[1:, :3]))
    assert (crf.marginals(emissions, [6, 3])[1, 3:] == 0).all()


def test_a_row_without_a_way_breaks_the_fewest_rules():
    """Nothing may end: the last rule is broken once, the others never."""
    allowed = torch.tensor([[True, False], [True, True]])
    crf = CRF(2, allowed=allowed, first=torch.tensor([True, False]), last=torch.tensor([False, False]))
    path, score = crf.viterbi(torch.tensor([[[0.0, 9.0], [0.0, 9.0], [0.0, 9.0]]]))
    assert path.tolist() == [[0, 0, 0]]
    assert 1.5 * FORBIDDEN < score.item() < 0.5 * FORBIDDEN


def test_rules_are_no_weights():
    crf = CRF(2, allowed=torch.tensor([[True, False], [True, True]]))
    assert list(crf.state_dict()) == ["transitions", "start", "end"]
    assert "1 of 4 steps forbidden" in repr(crf)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: CRF(0), "tags must be a whole number"),
        (lambda: CRF(2, allowed=torch.ones(2, 2)), "allowed must be of bool"),
        (lambda: CRF(2, first=torch.ones(3, dtype=torch.bool)), r"first must have shape \(2,\)"),
        (lambda: CRF(2).viterbi(torch.zeros(1, 3, 4)), r"emissions must have shape \(B, T, 2\)"),
        (lambda: CRF(2).viterbi(torch.zeros(2, 3, 2), [3, 0]), "lengths must be at least 1"),
        (lambda: CRF(2).viterbi(torch.zeros(2, 3, 2), [3, 4]), "lengths must lie between"),
        (lambda: CRF(2).score(torch.zeros(2, 3, 2), torch.zeros(2, 2, dtype=torch.long)), "tags must have shape"),
        (lambda: CRF(2).n_best(torch.zeros(2, 3, 2), n=0), "n must be a whole number"),
    ],
)
def test_refusals(call, words):
    with pytest.raises((InputError, ShapeError), match=words):
        call()
