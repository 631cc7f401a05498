"""Entity F1 against what ``conlleval`` itself prints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data.tagging_schemes import SCHEMES, convert
from grunit.data.tagging_scores import EntityCount, score_tags
from grunit.errors import DataError

TAGS = ["O", "O", "O", "B-PER", "I-PER", "I-PER", "B-LOC", "I-LOC", "B-WORK", "I-MISC"]


def numbers(state: int) -> Iterator[int]:
    """A linear congruence with the constants of Knuth's MMIX, the same everywhere."""
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 33


def drawn() -> tuple[list[list[str]], list[list[str]]]:
    """Sixty sentences of true tags, many of which break the scheme, and answers of which most are the same."""
    draw, truth, answers = numbers(2000), [], []
    for _ in range(60):
        true, given = [], []
        for _ in range(1 + next(draw) % 12):
            true.append(TAGS[next(draw) % 10])
            given.append(true[-1] if next(draw) % 4 else TAGS[next(draw) % 10])
        truth.append(true)
        answers.append(given)
    return truth, answers


def test_it_counts_as_conlleval_does():
    """The output of conlleval.pl, version 2004-01-26 (Erik Tjong Kim Sang), given these very tags."""
    scores = score_tags(*drawn())
    assert (scores.tokens, scores.total) == (416, EntityCount(there=261, found=267, right=203))
    assert percent(scores.accuracy, scores.total.precision, scores.total.recall, scores.total.f1) == [
        81.73,
        76.03,
        77.78,
        76.89,
    ]
    printed = {
        "LOC": ([75.68, 74.67, 75.17], 74),
        "MISC": ([74.42, 80.00, 77.11], 43),
        "PER": ([75.47, 76.19, 75.83], 106),
        "WORK": ([79.55, 85.37, 82.35], 44),
    }
    assert {
        kind: (percent(one.precision, one.recall, one.f1), one.found) for kind, one in scores.kinds.items()
    } == printed


def test_shares_are_those_the_shared_task_published():
    """The example on the page of the CoNLL-2000 task: 459 phrases, 539 found, 371 right."""
    published = EntityCount(there=459, found=539, right=371)
    assert percent(published.precision, published.recall, published.f1) == [68.83, 80.83, 74.35]


def percent(*shares: float) -> list[float]:
    return [round(100 * share, 2) for share in shares]


@given(
    st.lists(st.lists(st.sampled_from(TAGS), min_size=1, max_size=8), max_size=5),
    st.sampled_from(list(SCHEMES)),
    st.randoms(use_true_random=False),
)
def test_the_scheme_does_not_matter(truth, scheme, random):
    answers = [[random.choice([tag, "O", "B-PER", "I-PER"]) for tag in tags] for tags in truth]
    before = score_tags(truth, answers)
    after = score_tags([convert(t, scheme) for t in truth], [convert(a, scheme) for a in answers])
    assert (after.total, after.kinds) == (before.total, before.kinds)


def test_nothing_found_is_zero_and_not_a_failure():
    scores = score_tags([["O"]], [["O"]])
    assert (scores.total.precision, scores.total.recall, scores.total.f1, scores.accuracy) == (0, 0, 0, 1)
    assert score_tags([], []).accuracy == 0


def test_refusals():
    with pytest.raises(DataError, match="there are 1 sentences of true tags and 2 of answers"):
        score_tags([["O"]], [["O"], ["O"]])
    with pytest.raises(DataError, match="sentence 2 has 1 true tags and 2 answers"):
        score_tags([["O"], ["O"]], [["O"], ["O", "O"]])
