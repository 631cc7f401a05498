"""The classifier of texts: what it learns, the same answer in any batch, reasons, calibration, resuming, saving."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import grunit
from grunit import TextClassifier
from grunit.data.text import Vectors
from grunit.errors import DataError, InputError, NotFittedError

GOOD, BAD, REST = ["fine", "lovely", "bright"], ["dull", "awful", "grey"], ["the", "film", "was", "so", "and", "很"]


def small(**changes) -> TextClassifier:
    base = {"hidden_size": 6, "embedding_size": 8, "max_epochs": 12, "lr": 0.03, "batch_size": 16, "verbose": 0}
    return TextClassifier(**{**base, **changes})


def reviews(count: int = 60, seed: int = 0) -> tuple[list[str], list[str]]:
    """Sentences of unequal length with one word that tells."""
    generator = np.random.default_rng(seed)
    texts, labels = [], []
    for index in range(count):
        words = generator.choice(REST, generator.integers(2, 9)).tolist()
        telling = generator.choice(BAD if index % 2 else GOOD)
        words.insert(int(generator.integers(len(words) + 1)), str(telling))
        texts.append(" ".join(words))
        labels.append("bad" if index % 2 else "good")
    return texts, labels


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return small().fit(*reviews())


def test_it_finds_the_word_that_tells(fitted):
    texts, labels = reviews(40, seed=1)
    assert fitted.score(texts, labels) == 1.0
    probabilities = fitted.predict_proba(texts)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-12)
    np.testing.assert_array_equal(fitted.classes_[probabilities.argmax(1)], fitted.predict(texts))


words = st.lists(st.sampled_from([*GOOD, *BAD, *REST, "unheard", ","]), max_size=12).map(" ".join)


@settings(max_examples=10, deadline=None)
@given(texts=st.lists(words, min_size=1, max_size=6))
def test_the_same_answer_alone_and_in_any_batch(fitted, texts):
    together = fitted.predict_proba([*texts, "the " * 40])[:-1]
    alone = np.concatenate([fitted.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("cell", ["lstm", "sru", "indrnn", "mogrifier_lstm", grunit.cells.MGU])
def test_any_cell_can_be_chosen(cell):
    texts, labels = reviews(8)
    model = small(cell=cell, hidden_size=4, max_epochs=1).fit(texts, labels)
    assert np.isfinite(model.predict_proba(texts)).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": "char"},
        {"unit": "space", "pooling": "attention", "bidirectional": False},
        {"unit": "bpe", "vocabulary_size": 290},
        {"num_layers": 2, "cell": ["gru", "mgu"], "pooling": ["mean", "first"]},
        {"cell_options": {"state_dropout": 0.1}, "max_length": 4, "min_count": 2},
        {"unit": "char", "pairs": True, "pair_size": 3, "max_length": 9},
    ],
)
def test_saved_and_loaded_it_answers_alike(tmp_path, changes):
    if changes.get("unit") == "bpe":
        pytest.importorskip("tokenizers", reason="pieces are of the extra text")
    texts, labels = reviews(20)
    model = small(max_epochs=2, **changes).fit(texts, np.array(labels) == "good")
    model.save(tmp_path / "kept")
    again = grunit.load(tmp_path / "kept")
    np.testing.assert_array_equal(again.predict_proba(texts), model.predict_proba(texts))
    assert again.classes_.tolist() == [False, True]
    assert again.predict(texts).dtype == bool
    for file in (tmp_path / "kept").glob("*.json"):
        json.loads(file.read_text(encoding="utf-8"))


def test_integrated_gradients_add_up(fitted):
    """The axiom of completeness: all of the difference to a text of unknown words is shared out."""
    smooth = small(pooling="mean", max_epochs=3).fit(*reviews(20))
    paired = small(pooling="mean", max_epochs=3, pairs=True).fit(*reviews(20))
    for model, tolerance in ((smooth, 1e-8), (paired, 1e-8), (fitted, 2e-3)):  # the maximum over time has kinks
        for text in ["so fine and dull", "the film was lovely 很"]:
            for label in ("good", "bad"):
                (reason,) = model.explain([text], label)
                empty = " ".join(["unheard"] * len(reason))
                logits = model.decision([text, empty])
                scores = (logits - logits.mean(1, keepdims=True))[:, model.classes_.tolist().index(label)]
                assert abs(sum(value for _, value in reason) - (scores[0] - scores[1])) < tolerance


def test_reasons_name_the_words_that_tell(fitted):
    (reason,) = fitted.explain(["the film was lovely and unheard"])
    values = dict(reason)
    assert max(values, key=values.get) == "lovely"
    assert values["unheard"] == 0.0
    top = fitted.top_words(reviews()[0], count=3)
    assert {word for word, _ in top["good"]} == set(GOOD)
    assert {word for word, _ in top["bad"]} == set(BAD)
    assert fitted.explain([""]) == [[]]


def test_gradient_times_input_is_the_slope_at_the_text(fitted):
    """Against differences: a step from the text towards one of unknown words, word by word."""
    text, model = "so lovely and dull", fitted.model_
    (reason,) = fitted.explain([text], "good", method="gradient_x_input")
    exact = copy.deepcopy(model).double().eval()
    ids = torch.tensor([fitted.encoder_.encode(text)])
    with torch.no_grad():
        embedded, nothing = exact.embed(ids), exact.embedding.weight[1]
        for place, (_, value) in enumerate(reason):
            scores = []
            for step in (1e-5, -1e-5):
                moved = embedded.clone()
                moved[0, place] += step * (embedded[0, place] - nothing)
                logits = exact.judge(moved)[0]
                scores.append((logits - logits.mean())[1].item())
            assert (scores[0] - scores[1]) / 2e-5 == pytest.approx(value, rel=1e-5, abs=1e-9)


def test_calibration_lowers_the_surprise_of_the_rows_held_back():
    texts, labels = reviews(80, seed=3)
    noisy = [label if index % 5 else "bad" for index, label in enumerate(labels)]
    others, truth = reviews(60, seed=4)
    held = others, [label if index % 5 else "bad" for index, label in enumerate(truth)]
    model = small(calibration=True, max_epochs=15, bidirectional=False).fit(texts, noisy, validation=held)
    codes = np.searchsorted(model.classes_, held[1])

    def surprise(temperature: float) -> float:
        logits = torch.from_numpy(model.decision(held[0])) / temperature
        return torch.nn.functional.cross_entropy(logits, torch.from_numpy(codes)).item()

    best = surprise(model.temperature_)
    assert model.temperature_ != 1.0
    assert all(best <= surprise(other) for other in np.geomspace(0.05, 20, 200))
    chosen = model.predict_proba(held[0])[np.arange(len(codes)), codes]
    assert -np.log(chosen).mean() == pytest.approx(best, rel=1e-9)


def test_vectors_are_where_the_embedding_begins(tmp_path):
    table = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    vectors = Vectors({word: row for row, word in enumerate(GOOD + BAD)}, table)
    model = small(vectors=vectors, max_epochs=1, training_options={"freeze": ["embedding.*"]}).fit(*reviews(20))
    rows = model.encoder_.vocabulary.encode(GOOD + BAD)
    np.testing.assert_array_equal(model.model_.embedding.weight[rows].detach().numpy(), table)
    file = tmp_path / "vectors.txt"
    lines = [f"{word} {' '.join(map(repr, map(float, row)))}" for word, row in zip(GOOD + BAD, table, strict=True)]
    file.write_text("\n".join(lines) + "\n")
    other = small(vectors=str(file), max_epochs=1, training_options={"freeze": ["embedding.*"]}).fit(*reviews(20))
    np.testing.assert_array_equal(other.predict_proba(["fine"]), model.predict_proba(["fine"]))
    model.save(tmp_path / "kept")
    np.testing.assert_array_equal(
        grunit.load(tmp_path / "kept").predict_proba(["so dull"]), model.predict_proba(["so dull"])
    )


def test_features_in_place_of_an_embedding(tmp_path):
    table = {word: np.eye(12)[place] for place, word in enumerate([*GOOD, *BAD, *REST])}

    def features(texts):
        return [np.stack([table[word] for word in text.split()]) for text in texts]

    texts, labels = reviews()
    model = small(features=features, max_epochs=20).fit(texts, labels)
    assert model.score(*reviews(30, seed=1)) >= 0.9
    model.save(tmp_path / "kept")
    again = grunit.load(tmp_path / "kept")
    with pytest.raises(InputError, match="set its attribute features"):
        again.predict(texts)
    again.features = features
    np.testing.assert_array_equal(again.predict_proba(texts), model.predict_proba(texts))
    with pytest.raises(InputError, match="explain needs"):
        model.explain(texts)


def test_class_weights_move_answers():
    texts = ["film"] * 30
    labels = ["rare"] * 5 + ["usual"] * 25
    plain = small(word_dropout=0.0).fit(texts, labels).predict_proba(["film"])[0, 0]
    alike = small(word_dropout=0.0, class_weight="balanced").fit(texts, labels).predict_proba(["film"])[0, 0]
    assert plain == pytest.approx(1 / 6, abs=0.1)
    assert alike == pytest.approx(1 / 2, abs=0.1)


def test_word_dropout_hides_words_only_in_training(fitted):
    model = copy.deepcopy(fitted.model_)
    model.word_dropout, model.embedding_dropout.p = 0.5, 0.0
    ids = torch.tensor([[3, 4, 5, 6] * 500 + [0] * 100])
    with torch.no_grad():
        hidden = (model.train().embed(ids) == model.embedding.weight[1]).all(-1)[0]
        assert 0.45 < hidden[:2000].float().mean() < 0.55
        assert not hidden[2000:].any()
        torch.testing.assert_close(model.eval().embed(ids), model.embedding(ids))


def test_pairs_of_neighbours_have_numbers_of_their_own():
    """A network that may look at pairs alone, a cell without memory, tells orders apart that hold the same words."""
    texts, labels = ["so fine", "fine so"] * 20, ["first", "second"] * 20
    frozen = {"training_options": {"freeze": ["embedding.*"]}, "pooling": "mean", "word_dropout": 0.0}
    model = small(pairs=True, max_epochs=30, **frozen).fit(texts, labels)
    assert model.front_.pairs.tokens[2:] == ["fine ", "fine so", "so ", "so fine"]  # each 20 times
    assert model.front_.steps("so fine fine")[:, 1].tolist() == [5, 1, 2]  # "fine fine" was never read
    assert model.score(texts, labels) == 1.0
    rows = model.front_.rows(["so fine", "fine"], None)
    ids, lengths = rows.take(torch.tensor([1, 0]))
    assert ids.tolist() == [[[2, 2], [0, 0]], [[3, 5], [2, 2]]]
    assert lengths.tolist() == [1, 2]


def test_what_a_pair_says_is_shared_by_its_tokens(monkeypatch):
    """Of a network that only adds what it reads, the numbers are known."""
    text = "the film was fine"
    model = small(pairs=True, pair_size=1, max_epochs=1).fit([text, text, "film"], ["good", "good", "bad"])
    exact = copy.deepcopy(model.model_).double().eval()
    exact.judge = lambda embedded, lengths=None: torch.stack([embedded[..., 8].sum(1), embedded[..., 0].sum(1)], -1)
    monkeypatch.setattr(model, "_precise", lambda: exact)
    steps = model.front_.steps(text)
    (values,) = ([value for _, value in reason] for reason in model.explain([text], "bad"))
    words, pairs = (
        (table.weight[column] - table.weight[1])[:, 0].detach() / 2  # a logit less the mean of both
        for table, column in zip((exact.embedding, exact.pairs), steps.T, strict=True)
    )
    first, second, third, last = pairs
    shared = torch.stack([first / 2, (first + second) / 2, (second + third) / 2, third / 2 + last])
    np.testing.assert_allclose(values, shared - words, atol=1e-12)
    assert pairs.abs().max() > 0.01


def test_a_hidden_word_is_hidden_in_its_pairs_too():
    model = copy.deepcopy(small(pairs=True, max_epochs=1).fit(*reviews(20)).model_)
    model.word_dropout, model.embedding_dropout.p = 0.3, 0.0
    ids = torch.full((40, 50, 2), 3)
    ids[:, 40:] = 0
    with torch.no_grad():
        embedded = model.train().embed(ids)
        words, pairs = (
            (part == table.weight[1]).all(-1)
            for part, table in zip(embedded.split([8, 50], -1), (model.embedding, model.pairs), strict=True)
        )
    assert 0.25 < words[:, :40].float().mean() < 0.35
    assert not words[:, 40:].any()
    assert not pairs[:, 40:].any()
    after = torch.cat([words[:, 1:40], torch.zeros(40, 1, dtype=torch.bool)], 1)
    torch.testing.assert_close(pairs[:, :40], words[:, :40] | after)


def test_an_interrupted_fit_goes_on_to_the_same_weights():
    texts, labels = reviews(40)
    whole = small(max_epochs=4).fit(texts, labels)
    broken = small(max_epochs=4)

    def stop(history):
        if history.epochs == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken.fit(texts, labels, watch=stop)
    broken.fit(texts, labels, resume=True)
    for name, value in whole.model_.state_dict().items():
        assert torch.equal(value, broken.model_.state_dict()[name]), name


def test_scikit_learn_can_clone_and_validate_it():
    texts, labels = reviews(40)
    scores = cross_val_score(clone(small(max_epochs=40)), texts, labels, cv=2)
    assert scores.mean() > 0.7
    assert small().set_params(hidden_size=3).get_params()["hidden_size"] == 3


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"hidden_size": 0}, InputError, "hidden_size is 0"),
        ({"word_dropout": 1.0}, InputError, "word_dropout is 1.0"),
        ({"max_length": 0}, InputError, "max_length is 0"),
        ({"unit": "words"}, InputError, "did you mean 'word'"),
        ({"label_smoothing": 1}, InputError, "label_smoothing is 1"),
        ({"class_weight": "even"}, InputError, "class_weight is 'even'"),
        ({"class_weight": {"ugly": 2}}, InputError, "names 'ugly'"),
        ({"cell": "gru_d"}, InputError, "gru_d needs"),
        ({"cell": "grru"}, InputError, "grru"),
        ({"vectors": "none.txt"}, DataError, "no such file"),
        ({"features": len, "vectors": "v.txt"}, InputError, "leave vectors out"),
        ({"features": "bert"}, InputError, "give a function"),
        ({"features": len, "pairs": True}, InputError, "leave pairs out"),
        ({"pairs": "yes"}, InputError, "use True or False"),
        ({"pairs": True, "pair_size": 0}, InputError, "pair_size is 0"),
        ({"training_options": {"lr": 1}}, InputError, "take it out"),
    ],
)
def test_arguments_that_cannot_be_used(changes, error, said):
    with pytest.raises(error, match=said):
        small(**changes).fit(*reviews(8))


@pytest.mark.parametrize(
    ("texts", "labels", "said"),
    [
        ("one text", ["a"], "texts is one string"),
        (["a", 3], ["x", "y"], r"texts\[1\] is 3, a int"),
        (["a", " "], ["x", "y"], r"texts\[1\] is empty"),
        (["a", "b"], ["x", None], r"labels\[1\] is missing"),
        (["a", "b"], ["x", float("nan")], r"labels\[1\] is missing"),
        (["a", "b"], ["x"], "2 texts and 1 labels"),
        ([], [], "no texts"),
        (["a", "b"], None, "give a list, one label a text"),
        (5, ["x"], "texts is a int"),
    ],
)
def test_texts_that_cannot_be_used(texts, labels, said):
    with pytest.raises(DataError, match=said):
        small().fit(texts, labels)


def test_other_refusals(fitted):
    with pytest.raises(NotFittedError, match="not fitted"):
        small().predict(["a"])
    with pytest.raises(DataError, match="validation labels hold 'ugly'"):
        small().fit(*reviews(8), validation=(["a"], ["ugly"]))
    with pytest.raises(InputError, match="label is 'ugly'"):
        fitted.explain(["a"], "ugly")
    with pytest.raises(InputError, match="method is 'guess'"):
        fitted.explain(["a"], method="guess")
    assert fitted.predict([]).shape == (0,)
