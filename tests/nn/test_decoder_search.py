"""Beam search against exhaustive search and against the definition, on tables of probabilities."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grunit.errors import InputError
from grunit.nn.decoder_search import length_penalty_of, search_beams

START, END = 2, 3
PAD = 0


class Table:
    """A model whose next token depends on all before it: logits drawn from a hash of the history."""

    def __init__(self, seeds, beams, vocabulary, bonus=None):
        self.seeds, self.beams, self.vocabulary, self.given = list(seeds), beams, vocabulary, bonus
        self.history = [() for _ in range(len(self.seeds) * beams)]

    def step(self, ids):
        self.history = [(*past, int(token)) for past, token in zip(self.history, ids, strict=True)]
        rows = [logits(self.seeds[i // self.beams], past, self.vocabulary) for i, past in enumerate(self.history)]
        return torch.stack(rows)

    def reorder(self, rows):
        self.history = [self.history[row] for row in rows.tolist()]

    def keep(self, sequences):
        kept = sequences.tolist()
        self.history = [past for s in kept for past in self.history[s * self.beams : (s + 1) * self.beams]]
        self.seeds = [self.seeds[s] for s in kept]

    def bonus(self):
        if self.given is None:
            return None
        return torch.tensor([self.given(past) for past in self.history], dtype=torch.float64)


def logits(seed, history, vocabulary):
    generator = torch.Generator().manual_seed(seed * 1_000_003 + sum(7**i * t for i, t in enumerate(history)))
    return 2 * torch.randn(vocabulary, generator=generator, dtype=torch.float64)


def log_probability(seed, tokens, vocabulary):
    """Of a whole sequence, its end included."""
    total, history = 0.0, (START,)
    for token in [*tokens, END]:
        total += float(logits(seed, history, vocabulary).log_softmax(0)[token])
        history = (*history, token)
    return total


def every_sequence(vocabulary, most):
    words = [token for token in range(vocabulary) if token not in (PAD, START, END)]
    return [list(one) for length in range(most + 1) for one in itertools.product(words, repeat=length)]


def search(seeds, beams, limits, vocabulary=6, penalty=1.0, bonus=None):
    return search_beams(
        Table(seeds, beams, vocabulary, bonus),
        limits,
        start=START,
        end=END,
        num_beams=beams,
        length_penalty=penalty,
        forbidden=(PAD, START),
    )


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0, 2.0])
def test_with_beams_for_all_it_is_exhaustive_search(penalty):
    everything = every_sequence(6, 3)  # 3 words: 1 + 3 + 9 + 27
    for seed in range(5):
        scored = [(log_probability(seed, one, 6) / length_penalty_of(len(one) + 1, penalty), one) for one in everything]
        scored.sort(reverse=True)
        (found,) = search([seed], len(everything), [3], penalty=penalty)
        assert [one.ids for one in found] == [one for _, one in scored]
        assert [one.score for one in found] == pytest.approx([score for score, _ in scored], abs=1e-12)


def follow_by_definition(seed, beams, most, vocabulary, penalty):
    """The search as its docstring says it, with lists and loops."""
    alive, finished = [([], 0.0)], []
    for length in range(most + 1):
        extensions = []
        for tokens, total in alive:
            logs = logits(seed, (START, *tokens), vocabulary).log_softmax(0).tolist()
            extensions += [(total + logs[t], tokens, t) for t in range(vocabulary) if t not in (PAD, START)]
        extensions.sort(key=lambda one: -one[0])
        best = [one for one in extensions if one[2] == END] if length == most else extensions[:beams]
        for total, tokens, token in best:
            if token == END:
                finished.append((total / length_penalty_of(length + 1, penalty), tokens))
        if len(finished) >= beams:
            break
        alive = [([*tokens, token], total) for total, tokens, token in extensions if token != END][:beams]
    return [tokens for _, tokens in sorted(finished, key=lambda one: -one[0])]


@given(
    seeds=st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    beams=st.integers(1, 4),
    data=st.data(),
    penalty=st.sampled_from([0.0, 1.0]),
)
def test_many_at_once_is_the_definition_one_by_one(seeds, beams, data, penalty):
    limits = [data.draw(st.integers(0, 6)) for _ in seeds]
    found = search(seeds, beams, limits, vocabulary=7, penalty=penalty)
    for seed, limit, hypotheses in zip(seeds, limits, found, strict=True):
        assert [one.ids for one in hypotheses] == follow_by_definition(seed, beams, limit, 7, penalty)
        for one in hypotheses:
            assert one.log_probability == pytest.approx(log_probability(seed, one.ids, 7), abs=1e-9)


def test_one_beam_takes_the_likeliest_token_each_time():
    (found,) = search([4], 1, [5])
    history: tuple[int, ...] = (START,)
    for token in found[0].ids:
        scores = logits(4, history, 6)
        scores[[PAD, START]] = -math.inf
        assert token == int(scores.argmax())
        history = (*history, token)


def test_what_is_forbidden_never_comes():
    for hypotheses in search(range(20), 4, [6] * 20):
        assert all(token not in (PAD, START, END) for one in hypotheses for token in one.ids)


def test_the_bonus_decides_among_finished_ones():
    everything = every_sequence(6, 2)

    def many_fives(past):
        return 10.0 * past.count(5)

    (found,) = search([1], len(everything), [2], bonus=many_fives)
    assert found[0].ids == [5, 5]
    expected = log_probability(1, [5, 5], 6) / length_penalty_of(3, 1.0) + 20
    assert found[0].score == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("beams", [0, -1, True, 2.5])
def test_beams_that_are_none_are_refused(beams):
    with pytest.raises(InputError, match=r"num_beams is .*: give a whole number of at least 1"):
        search_beams(Table([0], 1, 6), [3], start=START, end=END, num_beams=beams)
