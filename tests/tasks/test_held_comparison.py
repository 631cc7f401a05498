"""Cells side by side on examples held back: who wins, what is kept after an interruption, baselines by hand."""

from __future__ import annotations

import inspect
import itertools
import json
import math

import numpy as np
import pytest
import torch

from grunit.errors import DataError, InputError
from grunit.tasks import comparison
from grunit.tasks.held_comparison import compare_held
from grunit.tasks.language_model_baseline import CountedTokens
from grunit.tasks.language_model_comparison import compare_languages
from grunit.tasks.measures import measure_answers, measure_baselines
from grunit.tasks.sequence_comparison import compare_sequences
from grunit.tasks.sequence_tagger import SequenceTagger
from grunit.tasks.sequence_tagger_baseline import FrequentTags
from grunit.tasks.sequence_tagger_comparison import compare_taggers
from grunit.tasks.text_classifier_comparison import compare_texts
from grunit.tasks.translation_baseline import NearestTranslation
from grunit.tasks.translation_comparison import compare_translators
from grunit.tasks.verdict import judge
from grunit.training import History

SMALL = {"hidden_size": 8, "embedding_size": 8, "dropout": 0.0, "lr": 0.03}
ROW = comparison.Row


def test_more_may_be_better():
    cells = [ROW("gru", False, [{"BLEU": 30.0}, {"BLEU": 32.0}]), ROW("lstm", False, [{"BLEU": 20.0}, {"BLEU": 20.5}])]
    winner, best, verdict = judge(cells, [ROW("memory", True, [{"BLEU": 25.0}])], "BLEU", 2, {}, None, higher=True)
    assert (winner, best) == ("gru", "gru")
    assert verdict == "gru has BLEU 31 ± 1.4 over 2 seeds, 24% above the best baseline, memory with 25."
    winner, best, verdict = judge(cells, [ROW("memory", True, [{"BLEU": 30.5}])], "BLEU", 2, {}, None, higher=True)
    assert (winner, best) == (None, "gru")
    assert "lies above 30.5 by less than the spread" in verdict
    _, _, verdict = judge(cells, [ROW("nothing", True, [{"BLEU": 0.0}])], "BLEU", 2, {}, None, higher=True)
    assert "above the best baseline, nothing with 0." in verdict
    assert judge(cells, [ROW("memory", True, [{"BLEU": 40.0}])], "BLEU", 2, {}, None, higher=True)[0] is None


def sentences():
    """The word before a name tells its kind, so that the word alone does not."""
    X, y = [], []
    for name, (word, tag), rest in itertools.product(
        ("Paris", "Ada", "York"), (("met", "B-PER"), ("in", "B-LOC")), range(6)
    ):
        X.append([*["so"] * (rest % 3), word, name])
        y.append(["O"] * (len(X[-1]) - 1) + [tag])
    return X, y


def test_taggers_beat_the_most_frequent_tag_where_the_context_tells():
    X, y = sentences()
    found = compare_taggers(X, y, ["gru"], seeds=[0], max_epochs=30, characters=None, **SMALL)
    assert [(row.name, row.is_baseline) for row in found.rows] == [("gru", False), (FrequentTags.name, True)]
    assert (found.winner, found.metric, found.higher) == ("gru", "entity F1", True)
    assert found.row("gru").mean("entity F1") == 1.0
    assert found.row(FrequentTags.name).mean("entity F1") < 0.8
    assert found.facts["judged on"] == 7
    assert found.verdict.endswith(" This rests on 7 examples.")
    json.dumps(found.to_dict())
    plain = [["NN" if tag == "O" else "NP" for tag in tags] for tags in y]
    accuracy = compare_taggers(X, plain, ["gru"], seeds=[0], max_epochs=1, characters=None, **SMALL)
    assert accuracy.metric == "accuracy"
    assert list(accuracy.rows[0].by_seed[0]) == ["accuracy"]
    with pytest.raises(InputError, match="metric is 'BLEU'"):
        compare_taggers(X, y, ["gru"], metric="BLEU")
    with pytest.raises(DataError, match="too few"):
        compare_taggers(X[:2], y[:2], ["gru"])


def test_an_interrupted_comparison_goes_on_to_the_same_numbers(tmp_path):
    X, y = sentences()
    more = {"seeds": [0, 1], "max_epochs": 1, "characters": None, **SMALL}
    whole = compare_taggers(X, y, ["gru", "mgu"], **more)

    def stop(done, total, what):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_taggers(X, y, ["gru", "mgu"], keep=tmp_path / "kept", progress=stop, **more)
    assert len(list((tmp_path / "kept").glob("*.safetensors"))) == 3
    fitted = []
    again = compare_taggers(
        X, y, ["gru", "mgu"], keep=tmp_path / "kept", progress=lambda *step: fitted.append(step), **more
    )
    assert [row.by_seed for row in again.rows] == [row.by_seed for row in whole.rows]
    assert not (tmp_path / "kept").exists()


def test_what_is_kept_of_other_data_is_not_taken_over(tmp_path):
    X, y = sentences()
    more = {"seeds": [0], "characters": None, **SMALL}

    def stop(done, total, what):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_taggers(X, y, ["gru", "mgu"], keep=tmp_path / "kept", progress=stop, max_epochs=1, **more)
    swapped = [[{"B-PER": "B-LOC", "B-LOC": "B-PER"}.get(tag, tag) for tag in tags] for tags in y]
    fresh = compare_taggers(X, swapped, ["gru"], keep=tmp_path / "kept", max_epochs=30, **more)
    assert fresh.row("gru").mean("entity F1") == 1.0  # learnt anew: of one epoch it would not be


class Counted:
    """Learns nothing, and counts how often it did."""

    fits = 0

    def __init__(self, cell, seed, verbose):
        self.model_, self.history_ = torch.nn.Linear(1, 1), History(train=[1.0])

    def fit(self, examples):
        Counted.fits += 1
        return self


def test_large_arrays_that_differ_in_the_middle_are_other_data(tmp_path):
    def stop(done, total, what):
        if done == 1:
            raise KeyboardInterrupt

    def compare(data, progress=None):
        more = {"seeds": [0], "metric": "share", "facts": {}, "keep": tmp_path / "kept"}
        compare_held(
            Counted, ["gru", "mgu"], (data,), lambda model: {"share": 1.0}, list, data=data, progress=progress, **more
        )

    one, other = np.zeros(5000), np.zeros(5000)
    other[2500] = 1.0
    with pytest.raises(KeyboardInterrupt):
        compare(one, stop)
    assert Counted.fits == 1
    compare(other)
    assert Counted.fits == 3


def test_a_translation_memory_answers_with_the_nearest():
    memory = NearestTranslation().fit(["a b c", "c d e", "x y"], ["ABC", "CDE", "XY"])
    assert memory.translate(["b c", "e d", "y y x", "a b c"] * 100) == ["ABC", "CDE", "XY", "ABC"] * 100


def test_translators_stand_beside_a_translation_memory():
    pytest.importorskip("sacrebleu", reason="BLEU is of the extra translation")
    pairs = [(f"{a} {b}", f"{a.upper()} {b.upper()}") for a in "abcdefgh" for b in "abcdefgh"]
    found = compare_translators(*zip(*pairs, strict=True), ["gru"], seeds=[0], metric="chrF", max_epochs=1, **SMALL)
    assert [row.name for row in found.rows] == ["gru", "untranslated", NearestTranslation.name]
    assert found.row("untranslated").mean("BLEU") == 0.0
    assert set(found.rows[0].scores) == {"BLEU", "chrF"}
    assert found.facts == {"learnt from": 51, "judged on": 13, "seeds": [0]}


def test_counts_of_tokens_are_those_of_witten_and_bell():
    """By hand: after 1 came 2, 2, 3; a shorter past is what came anywhere, and below that all are alike."""
    model = CountedTokens(5, order=2).fit([[0, 1, 2, 1, 2, 1, 3]])
    seen = {1: 3, 2: 2, 3: 1}
    anywhere = {token: (seen.get(token, 0) + 3 * 0.2) / (6 + 3) for token in range(5)}
    after = {1: {2: 2, 3: 1}}[1]
    for token in range(5):
        assert model.share([1], token) == pytest.approx((after.get(token, 0) + 2 * anywhere[token]) / (3 + 2))
        assert model.share([4], token) == pytest.approx(anywhere[token])
    assert model.nats([[0, 1, 2]]) == pytest.approx(-math.log(model.share([0], 1)) - math.log(model.share([1], 2)))


@pytest.mark.parametrize("unit", ["char", "word"])
def test_a_language_is_judged_on_its_end(unit):
    text = "so it goes on and on\n" * 40
    found = compare_languages(text, ["gru"], seeds=[0], unit=unit, max_epochs=1, hidden_size=4, chunk=8)
    assert [row.name for row in found.rows] == ["gru", CountedTokens.name]
    assert found.row(CountedTokens.name).mean("perplexity") < 1.2
    assert found.winner is None
    several = compare_languages(["so it goes"] * 20, ["gru"], seeds=[0], unit=unit, max_epochs=1, hidden_size=4)
    assert several.row(CountedTokens.name).mean("perplexity") < 2
    assert several.verdict.endswith(" This rests on 40 characters.")  # a fifth of twenty texts of ten
    for given, message in (({"seed": 3}, "a comparison takes seeds"), ({"seeds": 3}, "seeds is 3")):
        with pytest.raises(InputError, match=message):
            compare_languages(text, ["gru"], unit=unit, **given)


def test_an_untrained_model_and_the_counts_know_the_same_tokens():
    """A model that gives every token the same share costs what its vocabulary says; so the tokens are the same ones."""
    found = compare_languages("abcd" * 100, ["gru"], seeds=[0], max_epochs=1, hidden_size=2, lr=1e-12)
    network, counts = (row.by_seed[0] for row in found.rows)
    ratio = [math.log(one["perplexity"]) / one["bits per character"] for one in (network, counts)]
    assert ratio[0] == pytest.approx(ratio[1])  # tokens a character


def test_baselines_of_tags_are_counted():
    X, y = [["a", "b"], ["a", "c"], ["a"]], [["X", "Y"], ["Z", "Y"], ["X"]]
    found = measure_baselines(SequenceTagger(), (X, y), ([["a", "new"]], [["X", "Y"]]))
    assert found[FrequentTags.name]["accuracy"] == 0.5
    assert measure_answers("SequenceTagger", [["X"]], [["X"]], [["a"]])["accuracy"] == 1.0


@pytest.mark.parametrize(
    "compare", [compare_languages, compare_sequences, compare_taggers, compare_texts, compare_translators]
)
def test_what_every_comparison_takes_stands_in_its_signature(compare):
    mine, common = (inspect.signature(one).parameters for one in (compare, compare_held))
    for name in ("seeds", "progress", "keep"):
        assert (mine[name].default, mine[name].annotation) == (common[name].default, common[name].annotation)
