"""The tagger: what it can only learn from context, alone and in any batch, rules, resuming, saving."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import grunit
from grunit import SequenceTagger
from grunit.data.tagging_schemes import SCHEMES, convert, find_break
from grunit.data.text import Vectors
from grunit.data.text.features import SentenceError
from grunit.errors import DataError, InputError, NotFittedError
from grunit.tasks.sequence_tagger_arguments import read_given

NAMES = ["Ada", "Alan", "Grace", "Kurt"]
PLACES = ["Paris", "Rome", "New York"]


def small(**changes) -> SequenceTagger:
    options = {"hidden_size": 8, "embedding_size": 8, "dropout": 0.0, "max_epochs": 30, "lr": 0.02, "verbose": 0}
    if changes.get("characters", "cnn") is not None:
        options["character_options"] = {"output_size": 8}
    return SequenceTagger(**{**options, **changes})


def news(count: int = 60, seed: int = 0) -> tuple[list[list[str]], list[list[str]]]:
    """People meet in places; a word in front of a name says whether it is one of a person."""
    generator = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(count):
        name, place = generator.choice(NAMES), generator.choice(PLACES).split()
        tokens, tags = ["yesterday"] * int(generator.integers(0, 3)), ["O"] * 3
        tags = ["O"] * len(tokens)
        tokens += [str(name), "met", "her", "in", *map(str, place), "."]
        tags += ["B-PER", "O", "O", "O", "B-LOC", *["I-LOC"] * (len(place) - 1), "O"]
        X.append(tokens)
        y.append(tags)
    return X, y


KINDS = {
    "convolution": {"pairs": True, "max_epochs": 20},
    "recurrent": {"characters": "rnn", "cell": ["lstm", "gru"], "num_layers": 2, "max_epochs": 1},
    "each by itself": {"crf": False, "characters": None, "bidirectional": False, "max_epochs": 1},
    "another scheme": {"learn_as": "BIOES", "casing": False, "cell": "min_gru", "max_epochs": 1},
}


@functools.cache
def fitted(kind: str = "convolution") -> SequenceTagger:
    return small(**KINDS[kind]).fit(*news())


def test_it_learns_entities():
    X, y = news(20, seed=1)
    tagger = fitted()
    assert tagger.scheme_ == "BIO"
    assert tagger.tags_ == ["B-LOC", "B-PER", "I-LOC", "O"]
    assert tagger.score(X, y) == 1.0
    assert tagger.evaluate(X, y).kinds["LOC"].f1 == 1.0
    assert tagger.predict([["Ada"], [], ["Rome", "."]])[1] == []


def test_a_tag_may_depend_on_a_word_far_away():
    """Only the first word tells what the last one is; every word by itself says nothing."""
    X = [[first, *["and"] * gap, "it"] for first in ("up", "down") for gap in range(1, 5)]
    y = [["O"] * (len(row) - 1) + [f"TO-{row[0]}"] for row in X]
    tagger = small(max_epochs=40, batch_size=4, crf=False, characters=None).fit(X, y)
    assert tagger.scheme_ is None
    assert tagger.score(X, y) == 1.0


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.integers(0, 19), min_size=1, max_size=6), st.integers(1, 4))
@settings(max_examples=4)
def test_alone_or_in_any_batch_the_answer_is_the_same(kind, rows, n):
    tagger = fitted(kind)
    X = [[*tokens, "Unseen😀" * (row % 3 + 1)] if row % 2 else tokens for row, tokens in enumerate(news(20, seed=2)[0])]
    together, shares, ways = (
        ask([X[row] for row in rows])
        for ask in (tagger.predict, tagger.predict_proba, lambda X: tagger.predict_n_best(X, n))
    )
    for place, row in enumerate(rows):
        assert tagger.predict([X[row]]) == [together[place]]
        np.testing.assert_allclose(tagger.predict_proba([X[row]])[0], shares[place], rtol=1e-9, atol=1e-12)
        alone = tagger.predict_n_best([X[row]], n)[0]
        assert [tags for tags, _ in alone] == [tags for tags, _ in ways[place]]
        np.testing.assert_allclose([s for _, s in alone], [s for _, s in ways[place]], rtol=1e-9)


def test_probabilities_are_those_of_whole_sentences():
    """All ways to tag a sentence have probability one together, and their shares make the marginals."""
    tagger = small(max_epochs=1).fit(*news(8))
    sentence = [["Ada", "met", "Rome"]]
    ways = tagger.predict_n_best(sentence, 200)[0]
    assert all(find_break(tags, "BIO") is None for tags, _ in ways)
    assert sum(share for _, share in ways) == pytest.approx(1, abs=1e-9)
    assert ways[0][0] == tagger.predict(sentence)[0]
    marginals = np.zeros((3, 4))
    for tags, share in ways:
        for step, tag in enumerate(tags):
            marginals[step, tagger.tags_.index(tag)] += share
    np.testing.assert_allclose(tagger.predict_proba(sentence)[0], marginals, atol=1e-9)
    assert tagger.predict_proba([[]])[0].shape == (0, 4)
    assert tagger.predict_n_best([[]]) == [[([], 1.0)]]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_answers_never_break_the_scheme(scheme):
    """The scores speak for every move that is forbidden: the rules hold, and without them they are broken at once."""
    X, y = news(30)
    X, y = [*X, ["Ada", "Alan"]], [convert(tags, scheme) for tags in [*y, ["B-PER", "B-PER"]]]
    tagger = small(max_epochs=1, lr=1e-9, scheme=scheme).fit(X, y)
    with torch.no_grad():
        tagger.model_.crf.transitions.copy_(100.0 * (tagger.model_.crf.rules != 0))
    words = [token for tokens in X[:3] for token in tokens]
    noise = [np.random.default_rng(row).permutation(words).tolist() for row in range(10)]
    assert [find_break(tags, scheme) for tags in tagger.predict(noise)] == [None] * 10
    for name in ("rules", "first_rules", "last_rules"):
        getattr(tagger.model_.crf, name).zero_()
    assert any(find_break(tags, scheme) for tags in tagger.predict(noise))


def test_what_is_learnt_in_another_scheme_comes_back_in_its_own():
    X, y = news()
    tagger = small(learn_as="BIOES").fit(X, y)
    assert tagger.tags_ == ["B-LOC", "E-LOC", "O", "S-LOC", "S-PER"]
    assert tagger.score(*news(20, seed=1)) == 1.0
    assert tagger.predict(X[:3]) == y[:3]


def test_the_loss_is_the_likelihood_a_token():
    """Without a CRF against cross-entropy over all tokens; both kinds of loss mean the same for chains that score 0."""
    X, y = news(7)
    tagger = small(crf=False, max_epochs=1, batch_size=3, unknown_share=0.0).fit(X, y)
    rows = tagger._rows(read_given(X, y, None)[0])
    batch = rows.take(torch.arange(7))
    losses = [
        -np.log(share[step, tagger.tags_.index(tag)])
        for tags, share in zip(y, tagger.predict_proba(X), strict=True)
        for step, tag in enumerate(tags)
    ]
    assert tagger.loss(tagger.model_, batch).item() == pytest.approx(np.mean(losses), rel=1e-5)
    tagger.crf = True
    assert tagger.loss(tagger.model_, batch).item() == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"characters": None, "pairs": True, "casing": False},
        {"cell": ["lstm", "min_gru"], "num_layers": 2, "characters": "rnn", "learn_as": "BMES"},
        {"crf": False, "lowercase": False, "min_count": 2, "bidirectional": False},
    ],
)
def test_saving_keeps_everything(changes, tmp_path):
    X, y = news(12)
    tagger = small(max_epochs=2, **changes).fit(X, y)
    loaded = grunit.load(tagger.save(tmp_path / "model"))
    fresh = [*news(9, seed=3)[0], ["Neverland", "!"]]
    assert loaded.predict(fresh) == tagger.predict(fresh)
    for one, other in zip(loaded.predict_proba(fresh), tagger.predict_proba(fresh), strict=True):
        np.testing.assert_array_equal(one, other)
    assert loaded._config() == tagger._config()
    tokens = next((tmp_path / "model").rglob("*tokens*.json"))
    assert "yesterday" in json.loads(tokens.read_text())["words"]["tokens"]


def test_resuming_comes_to_the_same_weights(tmp_path):
    X, y = news(20)

    def stop(history):
        if history.epochs == 2:
            raise KeyboardInterrupt

    whole = small(max_epochs=4, dropout=0.3, validation_fraction=0.2).fit(X, y)
    broken = small(max_epochs=4, dropout=0.3, validation_fraction=0.2)
    with pytest.raises(KeyboardInterrupt):
        broken.fit(X, y, watch=stop)
    again = grunit.load(broken.save(tmp_path / "half")).fit(X, y, resume=True)
    for one, other in zip(whole.model_.parameters(), again.model_.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert again.history_.validation == whole.history_.validation
    with pytest.raises(InputError, match="no interrupted fit"):
        whole.fit(X, y, resume=True)


def test_validation_of_ones_own_decides_which_weights_are_kept():
    X, y = news(12)
    exchanged = {"B-PER": "B-LOC", "B-LOC": "B-PER", "I-LOC": "O"}
    wrong = [[exchanged.get(tag, tag) for tag in tags] for tags in y]
    tagger = small(max_epochs=30, batch_size=4).fit(X, y, validation=(X, wrong))
    assert len(tagger.history_.validation) == 30
    assert tagger.history_.best_epoch < 30  # the surer of what it learns, the more wrong it is there
    early = small(max_epochs=50, patience=2).fit(X, y)
    assert early.history_.validation
    with pytest.raises(DataError, match="the tag 'B-ORG' of validation does not occur in training"):
        small().fit(X, y, validation=([["x"]], [["B-ORG"]]))


def test_words_of_pretrained_vectors_are_known(tmp_path):
    """Two words that never occur in training are told apart by their vectors alone."""
    path = tmp_path / "vectors.txt"
    near = {"cat": "1 0", "dog": "1 0.1", "fox": "1 0.2", "red": "0 1", "blue": "0.1 1", "green": "0.2 1"}
    path.write_text("".join(f"{word} {vector}\n" for word, vector in near.items()))
    X = [["cat", "red"], ["blue", "dog"], ["cat", "dog"], ["red", "blue"]]
    y = [["A" if token in ("cat", "dog") else "C" for token in tokens] for tokens in X]
    tagger = small(vectors=path, characters=None, unknown_share=0.0, max_epochs=60).fit(X, y)
    assert tagger.model_.words.embedding_dim == 2
    assert tagger.predict([["Fox", "green"], ["green", "fox"]]) == [["A", "C"], ["C", "A"]]
    again = grunit.load(tagger.save(tmp_path / "kept"))
    assert again.predict([["Fox", "green"]]) == [["A", "C"]]
    assert again.vectors is None


def colours(sentences):
    """Two numbers a token: whether it is a colour, and how long it is."""
    return [[[float(token in ("red", "blue", "green")), len(token) / 5] for token in tokens] for tokens in sentences]


def test_features_in_place_of_the_embedding_of_words(tmp_path):
    """A word that never occurs in training is told by its features alone, and nothing else could tell it."""
    X = [["cat", "red"], ["blue", "dog"], ["cat", "dog"], ["red", "blue"]]
    y = [["C" if token in ("red", "blue") else "A" for token in tokens] for tokens in X]
    tagger = small(features=colours, characters=None, casing=False, max_epochs=60).fit(X, y)
    assert tagger.model_.words is None
    asked = [["green"], [], ["fox", "green", "fox"]]
    assert tagger.predict(asked) == [["C"], [], ["A", "C", "A"]]
    for one, row in zip(asked, tagger.predict_proba(asked), strict=True):
        np.testing.assert_allclose(tagger.predict_proba([one])[0], row, rtol=1e-9, atol=1e-12)
    again = grunit.load(tagger.save(tmp_path / "kept"))
    with pytest.raises(InputError, match="set its attribute features"):
        again.predict(asked)
    again.features = colours
    assert again.predict(asked) == tagger.predict(asked)
    again.features = lambda sentences: [[[0.0]] * len(tokens) for tokens in sentences]
    with pytest.raises(InputError, match="features gave 1 numbers a step: give 2, as in fit"):
        again.predict(asked)
    again.features = lambda sentences: [[[0.0, 0.0]] for _ in sentences]
    with pytest.raises(InputError, match="gave 1 rows for the 3 tokens of sentence 3: give one a token"):
        again.predict(asked)
    again.features = lambda sentences: [[[0.0, np.nan]] * len(tokens) for tokens in sentences]
    with pytest.raises(DataError, match="NaN"):
        again.predict(asked)
    with pytest.raises(InputError, match="leave vectors out"):
        small(features=colours, vectors="vectors.txt").fit(X, y)
    with pytest.raises(InputError, match="give a function of a list of sentences"):
        small(features="bert").fit(X, y)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_sentence_without_features_is_counted_in_the_whole_input(number):
    """Whether it is learnt from or held back, and whatever comes with it."""
    X = [["cat"] * count for count in (1, 2, 3, 4, 5)]
    y = [["A"] * len(tokens) for tokens in X]

    def too_long(sentences):
        for index, tokens in enumerate(sentences):
            if len(tokens) == number:
                raise SentenceError(index, "is too long: part it")
        return colours(sentences)

    def endless(sentences):
        return [np.full((len(tokens), 2), np.inf if len(tokens) == number else 1.0) for tokens in sentences]

    for features, words in ((too_long, "is too long: part it"), (endless, "contains infinity")):
        tagger = small(features=features, validation_fraction=0.4, max_epochs=1)
        with pytest.raises(DataError, match=rf"\bsentence {number} {words}"):
            tagger.fit(X, y)
        with pytest.raises(DataError, match=rf"validation sentence {6 - number} {words}"):
            tagger.fit([["dog"] * 9], [["A"] * 9], validation=(X[::-1], y[::-1]))
    tagger = small(features=colours, max_epochs=1).fit(X, y)
    tagger.features = too_long
    with pytest.raises(DataError, match=f"^sentence {number + 2} is too long"):
        tagger.predict([[], [], *X])


def test_a_fit_on_features_goes_on_to_the_same_weights(tmp_path):
    def stop(history):
        raise KeyboardInterrupt

    X, y = [["cat", "red"], ["blue", "dog"]] * 3, [["A", "C"], ["C", "A"]] * 3
    whole = small(features=colours, max_epochs=3, batch_size=4).fit(X, y)
    broken = small(features=colours, max_epochs=3, batch_size=4)
    with pytest.raises(KeyboardInterrupt):
        broken.fit(X, y, watch=stop)
    again = grunit.load(broken.save(tmp_path / "half"))
    again.features = colours
    again.fit(X, y, resume=True)
    for one, other in zip(whole.model_.parameters(), again.model_.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_fit_with_vectors_goes_on_without_them(tmp_path):
    def stop(history):
        raise KeyboardInterrupt

    X, y = news(6)
    vectors = Vectors({"ada": 0, "zoe": 1}, np.ones((2, 5), dtype=np.float32))
    whole = small(vectors=vectors, max_epochs=3).fit(X, y)
    broken = small(vectors=vectors, max_epochs=3)
    with pytest.raises(KeyboardInterrupt):
        broken.fit(X, y, watch=stop)
    again = grunit.load(broken.save(tmp_path / "half")).fit(X, y, resume=True)
    torch.testing.assert_close(again.model_.words.weight, whole.model_.words.weight, rtol=0, atol=0)


def test_scikit_learns_contract():
    tagger = small(cell="lstm")
    assert clone(tagger).get_params() == tagger.get_params()
    with pytest.raises(NotFittedError, match="call fit first"):
        tagger.predict([["a"]])
    with pytest.raises(NotFittedError, match="call fit first"):
        tagger.predict_proba([["a"]])
    with pytest.raises(DataError, match="no sentence to learn from"):
        tagger.fit([], [])
    with pytest.raises(DataError, match="sentence 2, token 1 holds half a character"):
        tagger.fit([["é"], ["\ud83d"]], [["A"], ["A"]])
    with pytest.raises(DataError, match="too few sentences to hold any back, 1"):
        tagger.set_params(patience=2).fit([["a"]], [["X"]])
    with pytest.raises(InputError, match="n must be a whole number"):
        fitted().predict_n_best([["a"]], 0)


def test_a_tag_not_seen_in_training_is_only_wrong():
    assert fitted().score([["Ada"]], [["B-ORG"]]) == 0.0


def test_it_runs_as_compiled_c():
    X, y = news(20)
    reference = small(max_epochs=3).fit(X, y)
    with grunit.backend("c"):
        compiled = small(max_epochs=3).fit(X, y)
        answers = compiled.predict_proba(X)
    for one, other in zip(answers, reference.predict_proba(X), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
