"""What is searched, as typed."""

from __future__ import annotations

import pytest

from grunit.cli.space import default_space, read_pairs
from grunit.errors import InputError
from grunit.tasks import Forecaster, SequenceClassifier
from grunit.tuning.space import read_space


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ("hidden_size=16,32", [16, 32]),
        ("cell=gru, lstm", ["gru", "lstm"]),
        ("lr=1e-4..1e-1:log", (1e-4, 1e-1, "log")),
        ("num_layers=1..3", (1, 3)),
        ("dropout=0..0.5:0.1", (0, 0.5, 0.1)),
        ("weight_decay=0,1", [0.0, 1.0]),
        ("bidirectional=true,false", [True, False]),
        ("patience=none,5", [None, 5]),
        ('pooling=["last", ["last", "max"]]', ["last", ["last", "max"]]),
        ("cell_options.zoneout=0,0.1", [0, 0.1]),
    ],
)
def test_words(pair, expected):
    (found,) = read_pairs([pair], SequenceClassifier).values()
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["hidden_size"], "is not KEY=VALUES"),
        (["hidden_size="], "is not KEY=VALUES"),
        (["lr=0.1,0.2", "lr=0.3"], "given twice"),
        (["lr=low..high"], "a range is LOW..HIGH"),
        (["lr=1..2..3"], "a range is LOW..HIGH"),
        (["hidden_size=16,many"], "--space hidden_size=many: give a whole number"),
        (["pooling=[last"], "this is no list"),
    ],
)
def test_refusals(pairs, message):
    with pytest.raises(InputError, match=message):
        read_pairs(pairs, SequenceClassifier)


@pytest.mark.parametrize("estimator", [Forecaster(3), SequenceClassifier()])
def test_what_is_searched_by_default_holds_the_defaults(estimator):
    space = read_space(default_space(estimator, ()), estimator)
    assert space.holds(space.labels_of(estimator))
    assert "cell" not in default_space(estimator, {"cell"})
    with pytest.raises(InputError, match="name what to search with --space"):
        default_space(estimator, set(space.domains))
