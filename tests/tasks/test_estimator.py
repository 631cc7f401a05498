"""What every estimator does with the rarer training arguments."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import grunit
from grunit.tasks.estimator import OtherDataError

TEXTS = ["a fine film", "so fine", "a dull film", "so dull"] * 4
LABELS = ["good", "good", "bad", "bad"] * 4
CODES = [1, 1, 0, 0] * 4
FORMS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "wider array": lambda labels: np.array(labels, dtype="<U12" if isinstance(labels[0], str) else np.int32),
    "object array": lambda labels: np.array(labels, dtype=object),
    "list of an array's": lambda labels: list(np.array(labels)),
    "series": pd.Series,
    "categories": lambda labels: pd.Series(labels, dtype="category"),
}
WAVE = pd.DataFrame({"unique_id": "wave", "ds": np.arange(60), "y": np.sin(np.arange(60) / 3)})


def forecaster(**options):
    return grunit.Forecaster(h=3, hidden_size=4, max_epochs=2, verbose=0, training_options=options or None)


def test_options_reach_the_settings():
    settings = forecaster(averaging="ema", l1=1e-4).settings(max_epochs=2)
    assert (settings.averaging, settings.l1, settings.l2) == ("ema", 1e-4, 0.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"averagin": "ema"}, "'averagin' is none of the training_options: did you mean 'averaging'"),
        ({"lr": 0.1}, "'lr' is an argument of its own, not one of training_options: take it out"),
        ({"averaging": "mean"}, "averaging is 'mean': use one of none, ema, swa, triggered"),
    ],
)
def test_an_option_that_is_none_is_refused(options, message):
    with pytest.raises(grunit.GrunitError, match=message):
        forecaster(**options).fit(WAVE)


def test_options_are_cloned_and_saved_but_for_functions(tmp_path):
    calls = []

    def further(model, batch):
        calls.append(1)
        return next(model.parameters()).square().mean()

    fitted = clone(forecaster(averaging="ema", freeze=["core.*"], auxiliary=[(further, 0.1)])).fit(WAVE)
    assert calls
    loaded = grunit.load(fitted.save(tmp_path / "model"))
    assert loaded.training_options == {"averaging": "ema", "freeze": ["core.*"]}
    pd.testing.assert_frame_equal(loaded.predict(), fitted.predict())


def test_what_is_frozen_stays_as_it_was_drawn():
    free, frozen = forecaster().fit(WAVE), forecaster(freeze=["core.*"]).fit(WAVE)
    other = forecaster(freeze=["core.*"], l1=0.5).fit(WAVE)
    name = next(name for name, _ in free.model_.named_parameters() if name.startswith("core."))
    values = [dict(model.model_.named_parameters())[name] for model in (free, frozen, other)]
    assert (values[1] == values[2]).all()
    assert (values[0] != values[1]).any()


def stop_after_two(history):
    if history.epochs == 2:
        raise KeyboardInterrupt


def interrupted(texts, labels):
    model = grunit.TextClassifier(hidden_size=2, embedding_size=2, max_epochs=3, verbose=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(texts, labels, watch=stop_after_two)
    return model


# Whole numbers in an array of objects are no classes to scikit-learn.
PAIRS = [(labels, form) for form in FORMS for labels in (LABELS, CODES) if labels is LABELS or form != "object array"]


@pytest.mark.parametrize(("labels", "form"), PAIRS)
def test_the_same_data_in_another_form_go_on(labels, form):
    begun = interrupted(FORMS[form](TEXTS), FORMS[form](labels))
    for given, other in PAIRS:
        if given is not labels:
            continue
        other, held = FORMS[other], copy.deepcopy(begun)
        assert held.fit(other(TEXTS), other(labels), resume=True).history_.epochs == 3
    with pytest.raises(OtherDataError, match="the training data are not those that the interrupted fit began with:"):
        begun.fit(TEXTS, labels[1:] + labels[:1], resume=True)


@pytest.mark.parametrize(
    ("wrong", "other"),
    [
        ({"training_options": {"averagin": "ema"}}, (TEXTS[::-1], LABELS)),
        ({"validation_fraction": 0.1}, (TEXTS[:2], LABELS[1:3])),
        ({"lr": -1.0}, (TEXTS[::-1], LABELS)),
    ],
)
def test_a_fit_that_is_refused_leaves_the_interrupted_one(wrong, other, tmp_path):
    model = interrupted(TEXTS, LABELS)
    right = model.get_params()
    with pytest.raises(grunit.GrunitError):
        model.set_params(**wrong).fit(*other)
    model.set_params(**right)
    for found in (copy.deepcopy(model), grunit.load(model.save(tmp_path / "model"))):
        with pytest.raises(OtherDataError):
            found.fit(TEXTS[::-1], LABELS, resume=True)
        assert found.fit(TEXTS, LABELS, resume=True).history_.epochs == 3


def test_the_note_is_of_the_data_that_the_last_checkpoint_was_made_from():
    model = interrupted(TEXTS, LABELS)
    with pytest.raises(KeyboardInterrupt):
        model.fit(TEXTS[::-1], LABELS, watch=stop_after_two)
    with pytest.raises(OtherDataError):
        model.fit(TEXTS, LABELS, resume=True)
    assert model.fit(TEXTS[::-1], LABELS, resume=True).history_.epochs == 3
    with pytest.raises(grunit.GrunitError, match="there is no interrupted fit"):
        model.fit(TEXTS[::-1], LABELS, resume=True)


@pytest.mark.parametrize("kind", ["TextClassifier", "LanguageModel", "Translator"])
def test_half_a_character_is_refused_where_texts_are_read(kind):
    data = {"TextClassifier": (CODES,), "LanguageModel": (), "Translator": (TEXTS,)}[kind]
    with pytest.raises(grunit.errors.DataError, match="a text holds half a character at place 4"):
        getattr(grunit, kind)(hidden_size=2, max_epochs=1, verbose=0).fit(["bad \ud83d", *TEXTS[1:]], *data)
