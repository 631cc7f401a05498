"""Writing on: searches against every continuation there is, draws against single steps, rows against themselves."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from grunit.tasks.language_model_generation import sample_tokens, search_beams
from grunit.tasks.language_model_network import LanguageNetwork
from grunit.tasks.language_model_sampling import Sampling
from grunit.tasks.language_model_state import LanguageState, open_state, read_tokens

END = 2


def network(vocabulary: int = 5, boundary: int | None = None, seed: int = 0, cell: str = "lstm") -> LanguageNetwork:
    """A network that is far from indifferent."""
    torch.manual_seed(seed)
    made = LanguageNetwork(cell, 6, vocabulary_size=vocabulary, embedding_size=4, boundary=boundary).double().eval()
    with torch.no_grad():
        for weight in made.parameters():
            torch.nn.init.normal_(weight, std=1.0)
    return made


@torch.no_grad()
def log_probability(model: LanguageNetwork, tokens: list[int], start: int) -> float:
    """Of the tokens from ``start`` on, read from the beginning in one go."""
    hidden, _ = model(torch.tensor([tokens[:-1]]))
    found = model.softmax.log_probabilities(hidden)[0]
    return sum(float(found[place - 1, tokens[place]]) for place in range(start, len(tokens)))


def every_continuation(vocabulary: int, count: int, end: int | None, banned: tuple[int, ...]) -> list[list[int]]:
    allowed = [token for token in range(vocabulary) if token not in banned]
    found = set()
    for tokens in itertools.product(allowed, repeat=count):
        cut = tokens.index(end) + 1 if end in tokens else count
        found.add(tokens[:cut])
    return [list(tokens) for tokens in sorted(found)]


@pytest.mark.parametrize("end", [None, END])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_search_that_keeps_everything_finds_the_best_of_all(end, length_penalty, seed):
    model = network(seed=seed)
    prompts, banned = [[3, 1], [4]], (0,)
    state = read_tokens(model, open_state(model, END, 2, single=False), prompts)
    found = search_beams(
        model, state, 3, 64, length_penalty=length_penalty, sampling=Sampling(), banned=banned, end=end
    )
    for prompt, tokens in zip(prompts, found.tokens, strict=True):
        begun = [END, *prompt]

        def worth(continuation, begun=begun):
            total = log_probability(model, begun + continuation, len(begun))
            return total / len(continuation) ** length_penalty

        best = max(every_continuation(5, 3, end, banned), key=worth)
        assert list(tokens) == begun + best


def test_few_beams_are_the_plain_algorithm():
    model = network(seed=5)
    state = open_state(model, END, 1, single=True)
    beams = [([], 0.0)]
    for _ in range(6):
        grown = [
            ([*tokens, token], log_probability(model, [END, *tokens, token], 1))
            for tokens, _ in beams
            for token in range(5)
        ]
        beams = sorted(grown, key=lambda one: -one[1])[:2]
    found = search_beams(model, state, 6, 2, length_penalty=1.0, sampling=Sampling(), banned=(), end=None)
    assert list(found.tokens[0][1:]) == beams[0][0]


def test_the_state_after_a_search_goes_on_as_if_it_had_been_read():
    model = network(seed=3)
    state = read_tokens(model, open_state(model, END, 2, single=False), [[3], [4, 4, 1]])
    found = search_beams(model, state, 4, 3, length_penalty=1.0, sampling=Sampling(), banned=(), end=END)
    read = read_tokens(model, open_state(model, END, 2, single=False), [tokens[1:] for tokens in found.tokens])
    for one, other in zip(found.core, read.core, strict=True):
        torch.testing.assert_close(one, other)


def test_a_row_is_searched_alone_as_in_a_batch():
    model = network(seed=4, boundary=END)
    prompts = [[3], [4, 1, 1, 3], [], [1]]
    options = {"length_penalty": 1.0, "sampling": Sampling(repetition_penalty=1.3), "banned": (0,), "end": END}
    together = search_beams(
        model, read_tokens(model, open_state(model, END, 4, single=False), prompts), 8, 3, **options
    )
    for row, prompt in enumerate(prompts):
        alone = search_beams(
            model, read_tokens(model, open_state(model, END, 1, single=True), [prompt]), 8, 3, **options
        )
        assert alone.tokens[0] == together.tokens[row]


def last(states) -> LanguageState:
    *_, state = states
    return state


def test_rows_draw_alone_as_in_a_batch():
    model = network(vocabulary=9)
    prompts = [[3], [4, 1, 7, 3], [], [8]]
    options = {"banned": (0,), "end": END}
    sampling = Sampling(1.5, top_k=7, top_p=0.95, repetition_penalty=1.1)
    start = read_tokens(model, open_state(model, END, 4, single=False), prompts)
    together = last(sample_tokens(model, start, 40, sampling, seed=11, **options))
    assert len({len(tokens) for tokens in together.tokens}) > 1  # rows end at different times
    for row, prompt in enumerate(prompts):
        start = read_tokens(model, open_state(model, END, 1, single=True), [prompt])
        alone = last(sample_tokens(model, start, 40, sampling, seed=11 + row, **options))
        assert alone.tokens[0] == together.tokens[row]


def test_a_state_that_is_kept_goes_on_with_the_same_draws():
    model = network(vocabulary=9)
    start = open_state(model, END, 2, single=False)
    whole = last(sample_tokens(model, start, 12, Sampling(), seed=5, banned=(), end=None))
    half = last(sample_tokens(model, start, 5, Sampling(), seed=5, banned=(), end=None))
    assert last(sample_tokens(model, half, 7, Sampling(), seed=None, banned=(), end=None)).tokens == whole.tokens
    assert start.tokens == ((END,), (END,))  # a state is never changed


def test_without_chance_every_token_is_the_most_probable_one():
    model = network(vocabulary=7, seed=2)
    state = read_tokens(model, open_state(model, END, 1, single=True), [[3, 4]])
    found = last(sample_tokens(model, state, 6, Sampling(0), seed=0, banned=(0, 1), end=None)).tokens[0]
    for place in range(3, len(found)):
        worth = [log_probability(model, [*found[:place], token], place) for token in range(7)]
        assert found[place] == max(range(2, 7), key=lambda token: worth[token])


def test_draws_have_the_probabilities_of_the_model():
    model = network(vocabulary=5, seed=1)
    rows = 4000
    found = last(
        sample_tokens(model, open_state(model, END, rows, single=False), 1, Sampling(), seed=0, banned=(0,), end=None)
    )
    counts = torch.tensor([tokens[-1] for tokens in found.tokens]).bincount(minlength=5) / rows
    shares = torch.tensor([math.exp(log_probability(model, [END, token], 1)) for token in range(5)])
    shares[0] = 0
    assert float((counts - shares / shares.sum()).abs().max()) < 0.032  # four standard errors


def test_what_follows_a_boundary_knows_nothing_of_what_came_before():
    model = network(vocabulary=7, boundary=END)
    fresh = open_state(model, END, 1, single=True)
    used = read_tokens(model, fresh, [[3, 4, 5, END]])
    for prompt in ([], [6]):
        ways = [read_tokens(model, state, [prompt]) for state in (fresh, used)]
        written = [last(sample_tokens(model, way, 8, Sampling(), seed=1, banned=(), end=None)) for way in ways]
        assert written[0].tokens[0][1:] == written[1].tokens[0][5:]


@pytest.mark.parametrize("cell", ["gru", "lstm", "min_gru"])
def test_reading_in_pieces_is_reading_at_once(cell):
    model = network(vocabulary=9, cell=cell)
    start = open_state(model, END, 3, single=False)
    texts = [[3, 4, 5, 6], [7], [8, 3, 3]]
    once = read_tokens(model, start, texts)
    parts = read_tokens(model, read_tokens(model, start, [text[:1] for text in texts]), [text[1:] for text in texts])
    assert parts.tokens == once.tokens
    for one, other in zip(once.core, parts.core, strict=True):
        torch.testing.assert_close(one, other)
