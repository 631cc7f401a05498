"""Several models as one: means by hand, refusals, one folder, the command line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.validation import check_is_fitted
from tests.tasks.frames import daily, tiny

import grunit
from grunit import Ensemble, SequenceClassifier, SequenceRegressor
from grunit.errors import BundleError, DataError, InputError, NotFittedError

SMALL = {"hidden_size": 4, "max_epochs": 4, "lr": 0.02, "verbose": 0, "device": "cpu"}
GENERATOR = np.random.default_rng(0)
X = [GENERATOR.normal(size=(int(steps), 2)) for steps in GENERATOR.integers(3, 8, 24)]
SUMS = np.array([one.sum() for one in X])
LABELS = np.where(SUMS > 0.5, "high", np.where(SUMS < -0.5, "low", "mid"))


@pytest.fixture(scope="module")
def forecasters():
    frame = daily()
    return [tiny(seed=0).fit(frame), tiny(seed=1, input_size=10, exogenous=None).fit(frame)]


@pytest.fixture(scope="module")
def classifiers():
    return [
        SequenceClassifier(seed=seed, cell=cell, **SMALL).fit(X, LABELS) for seed, cell in enumerate(["gru", "lstm"])
    ]


@pytest.fixture(scope="module")
def regressors():
    return [SequenceRegressor(seed=seed, **SMALL).fit(X, SUMS) for seed in range(2)]


@pytest.mark.parametrize("weights", [None, [3, 1]])
def test_forecasts_are_means_of_the_members_quantiles(forecasters, weights):
    first, second = (one.predict() for one in forecasters)
    share = 0.5 if weights is None else 0.75
    answer = Ensemble(forecasters, weights).predict()
    assert answer.columns.tolist() == [name.replace("Forecaster", "Ensemble") for name in first.columns]
    pd.testing.assert_frame_equal(answer[["unique_id", "ds"]], first[["unique_id", "ds"]])
    for name in answer.columns[2:]:
        own = name.replace("Ensemble", "Forecaster")
        np.testing.assert_allclose(answer[name], share * first[own] + (1 - share) * second[own], rtol=1e-12)


def test_the_median_of_three_is_the_middle_one(forecasters, regressors, tmp_path):
    third = tiny(seed=2).fit(daily())
    answers = [one.predict() for one in (*forecasters, third)]
    ensemble = Ensemble([*forecasters, third], combine="median")
    for found in (ensemble.predict(), grunit.load(ensemble.save(tmp_path / "model")).predict()):
        for name in found.columns[2:]:
            own = np.sort([answer[name.replace("Ensemble", "Forecaster")] for answer in answers], 0)
            np.testing.assert_array_equal(found[name], own[1])
    three = [*regressors, SequenceRegressor(seed=2, **SMALL).fit(X, SUMS)]
    middle = np.sort([one.predict(X) for one in three], 0)[1]
    np.testing.assert_array_equal(Ensemble(three, combine="median").predict(X), middle)


def test_a_median_is_refused_where_it_has_no_meaning(regressors, classifiers):
    with pytest.raises(InputError, match="combine is 'mode': give 'mean' or 'median'"):
        Ensemble(regressors, combine="mode")
    with pytest.raises(InputError, match="leave weights out"):
        Ensemble(regressors, [1, 2], combine="median")
    with pytest.raises(InputError, match="classes take combine='mean'"):
        Ensemble(classifiers, combine="median")


def test_forecasts_go_on_from_a_history_with_the_levels_asked_for(forecasters):
    frame = daily(seed=3)
    answer = Ensemble(forecasters).predict(frame, level=[95])
    expected = np.mean([one.predict(frame, level=[95]).iloc[:, 2:].to_numpy() for one in forecasters], 0)
    assert answer.columns.tolist()[2:] == ["Ensemble", "Ensemble-lo-95", "Ensemble-hi-95"]
    np.testing.assert_allclose(answer.iloc[:, 2:], expected, rtol=1e-12)


def test_polars_in_polars_out(forecasters):
    frame = polars.from_pandas(daily())
    answer = Ensemble(forecasters).predict(frame)
    assert isinstance(answer, polars.DataFrame)
    np.testing.assert_allclose(answer["Ensemble"], Ensemble(forecasters).predict(daily())["Ensemble"], rtol=1e-12)


def test_forecasts_of_other_series_are_not_mixed(forecasters):
    other = tiny().fit(daily(series=("east", "west")))
    with pytest.raises(DataError, match="models 1 and 2 of the Ensemble forecast other series"):
        Ensemble([forecasters[0], other]).predict()


def test_evaluate_scores_the_mean_beside_the_baselines():
    frame = daily()
    members = [tiny(seed=seed).fit(frame.groupby("unique_id").head(50)) for seed in (0, 1)]
    table = Ensemble(members).evaluate(frame, n_windows=2).set_index("model")
    alone = members[0].evaluate(frame, n_windows=2).set_index("model")
    assert table.index[0] == "Ensemble"
    pd.testing.assert_frame_equal(table[1:], alone[1:])  # the baselines
    # By hand: the last two windows of 3 steps of each series.
    errors = []
    for cut in (6, 3):
        history = frame.groupby("unique_id").head(60 - cut)
        forecast = Ensemble(members).predict(history)
        merged = forecast.merge(frame, on=["unique_id", "ds"])
        assert len(merged) == 6
        errors.append((merged["Ensemble"] - merged["y"]).abs().mean())
    assert table.loc["Ensemble", "MAE"] == pytest.approx(np.mean(errors), rel=1e-6)


def test_evaluate_counts_as_new_what_is_new_to_all_members():
    frame = daily()
    early, late = (tiny(seed=days).fit(frame.groupby("unique_id").head(days)) for days in (45, 54))
    for members in ([early, late], [late, early]):
        table = Ensemble(members).evaluate(frame, baselines=["naive"]).set_index("model")
        errors = []
        for cut in (6, 3):  # the rows after those of the later one
            merged = Ensemble(members).predict(frame.groupby("unique_id").head(60 - cut)).merge(frame)
            errors.append((merged["Ensemble"] - merged["y"]).abs().mean())
        assert table.loc["Ensemble", "MAE"] == pytest.approx(np.mean(errors), rel=1e-6)
    with pytest.warns(grunit.data.DataWarning, match="lie in the training data"):
        Ensemble([early, late]).evaluate(frame, n_windows=3)


def test_evaluate_judges_members_of_unlike_input_sizes_and_seasons_on_the_same_points():
    frame = daily()
    past = frame.groupby("unique_id").head(50)
    members = [tiny(seed=1).fit(past), tiny(seed=2, input_size=14, season=5).fit(past)]
    table, swapped = (Ensemble(order).evaluate(frame, n_windows=2) for order in (members, members[::-1]))
    pd.testing.assert_frame_equal(table, swapped)
    pd.testing.assert_frame_equal(table[1:], members[0].evaluate(frame, n_windows=2)[1:])
    # A series never seen is judged as far as the longest history reaches.
    new = daily(20, ("east",))
    n = len(Ensemble(members).evaluate(new, baselines=["naive"]))
    assert n == 2
    scores = Ensemble(members).evaluate(new).set_index("model").loc["Ensemble", "MAE"]
    merged = [Ensemble(members).predict(new.head(20 - cut)).merge(new) for cut in (6, 3)]
    assert scores == pytest.approx(np.mean([(one["Ensemble"] - one["y"]).abs().mean() for one in merged]), rel=1e-6)


def test_evaluate_refuses_members_that_look_at_other_columns(forecasters):
    with pytest.raises(InputError, match="look at the same columns"):
        Ensemble(forecasters).evaluate(daily())


def test_cross_validation_is_the_mean_of_the_members():
    ensemble = Ensemble.of_seeds(tiny(level=[80]), [3, 4])
    answer = ensemble.cross_validation(daily(), n_windows=2)
    parts = [tiny(level=[80], seed=seed).cross_validation(daily(), n_windows=2) for seed in (3, 4)]
    assert answer.columns.tolist() == ["unique_id", "ds", "cutoff", "y", "Ensemble", "Ensemble-lo-80", "Ensemble-hi-80"]
    np.testing.assert_allclose(answer["Ensemble"], (parts[0]["Forecaster"] + parts[1]["Forecaster"]) / 2, rtol=1e-12)


@pytest.mark.parametrize("weights", [None, [0.2, 0.6]])
def test_classes_are_the_likeliest_by_the_mean_of_probabilities(classifiers, weights):
    ensemble = Ensemble(classifiers, weights)
    share = 0.5 if weights is None else 0.25
    expected = share * classifiers[0].predict_proba(X) + (1 - share) * classifiers[1].predict_proba(X)
    np.testing.assert_allclose(ensemble.predict_proba(X), expected, rtol=1e-12)
    assert ensemble.predict(X).tolist() == [["high", "low", "mid"][place] for place in expected.argmax(1)]
    assert ensemble.score(X, LABELS) == accuracy_score(LABELS, ensemble.predict(X))
    assert ensemble.classes_.tolist() == ["high", "low", "mid"]


def test_numbers_are_means(regressors):
    ensemble = Ensemble(regressors, [1, 0])
    np.testing.assert_allclose(ensemble.predict(X), regressors[0].predict(X), rtol=1e-12)
    ensemble = Ensemble(regressors)
    np.testing.assert_allclose(ensemble.predict(X), (regressors[0].predict(X) + regressors[1].predict(X)) / 2)
    assert ensemble.score(X, SUMS) == r2_score(SUMS, ensemble.predict(X))


def test_squared_error_of_the_mean_is_at_most_the_mean_of_the_squared_errors(regressors):
    errors = [np.square(one.predict(X) - SUMS).mean() for one in regressors]
    assert np.square(Ensemble(regressors).predict(X) - SUMS).mean() <= np.mean(errors)


def test_fit_trains_copies_that_differ_in_their_seed():
    one = SequenceClassifier(**SMALL)
    ensemble = Ensemble.of_seeds(one, 2)
    with pytest.raises(NotFittedError, match="model 1 of this Ensemble is not fitted"):
        ensemble.predict(X)
    assert ensemble.fit(X, LABELS) is ensemble
    alone = SequenceClassifier(**{**SMALL, "seed": 1}).fit(X, LABELS)
    np.testing.assert_array_equal(ensemble.members[1].predict_proba(X), alone.predict_proba(X))
    assert not hasattr(one, "model_")
    assert not hasattr(ensemble.models[0], "model_")


def test_the_contract_of_scikit_learn(classifiers, regressors, forecasters):
    ensemble = Ensemble(classifiers, [1, 2])
    check_is_fitted(ensemble)
    twin = clone(ensemble)
    assert twin.weights == [1, 2]
    assert [model.cell for model in twin.models] == ["gru", "lstm"]
    assert not twin.__sklearn_is_fitted__()
    assert is_classifier(ensemble)
    assert is_regressor(Ensemble(regressors))
    assert hasattr(ensemble, "predict_proba")
    assert not hasattr(Ensemble(regressors), "predict_proba")
    assert not hasattr(Ensemble(forecasters), "score")
    assert not hasattr(ensemble, "evaluate")
    assert (Ensemble(forecasters).h, Ensemble(forecasters).id_col) == (3, "unique_id")
    with pytest.raises(AttributeError, match="no attribute 'horizon'"):
        _ = ensemble.horizon


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda f, c, r: [], "at least one model"),
        (lambda f, c, r: [f[0], c[0]], "a Forecaster and a SequenceClassifier: give models of one task"),
        (lambda f, c, r: [f[0], tiny(h=4)], r"another h \(3 and 4\)"),
        (lambda f, c, r: [f[0], tiny(level=[80])], r"another level \(\[80.0, 95.0\] and \[80.0\]\)"),
        (lambda f, c, r: [f[0], tiny(id_col="series")], "another id_col"),
        (lambda f, c, r: [c[0], SequenceClassifier(**SMALL).fit(X, SUMS > 0)], "another classes"),
        (lambda f, c, r: [r[0], SequenceRegressor(**SMALL).fit(X, np.c_[SUMS, SUMS])], r"another targets \(None and 2"),
        (lambda f, c, r: [r[0], SequenceRegressor(**SMALL).fit([one[:, :1] for one in X], SUMS)], "another features"),
        (lambda f, c, r: [grunit.SequencePretrainer()], "holds a SequencePretrainer: give models of Forecaster"),
        (lambda f, c, r: [Ensemble(c)], "holds a Ensemble"),
    ],
)
def test_models_that_cannot_answer_as_one_are_refused(forecasters, classifiers, regressors, make, words):
    with pytest.raises(InputError, match=words):
        Ensemble(make(forecasters, classifiers, regressors))


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [1, float("nan")], "12", [1, "x"]])
def test_weights_that_are_none_are_refused(regressors, weights):
    with pytest.raises(InputError, match="give 2 numbers"):
        Ensemble(regressors, weights)


def test_one_folder_holds_all_and_is_loaded(forecasters, classifiers, regressors, tmp_path):
    for name, members in {"f": forecasters, "c": classifiers, "r": regressors}.items():
        kept = Ensemble(members, [2, 1])
        again = grunit.load(kept.save(tmp_path / name))
        assert sorted(path.suffix for path in (tmp_path / name).iterdir() if path.suffix != ".json") == [".safetensors"]
        assert isinstance(again, Ensemble)
        assert again.weights == [2, 1]
        if name == "f":
            pd.testing.assert_frame_equal(again.predict(), kept.predict())
        else:
            np.testing.assert_array_equal(again.predict(X), kept.predict(X))
    with pytest.raises(BundleError, match="there is a model here already"):
        Ensemble(regressors).save(tmp_path / "r")
    Ensemble(regressors).save(tmp_path / "r", overwrite=True)
    assert grunit.load(tmp_path / "r").weights is None


def test_more_than_ten_members_keep_their_tensors_apart(regressors, tmp_path):
    """Names such as 1. and 10. must not be mixed."""
    members = [regressors[place % 2] for place in range(12)]
    again = grunit.load(Ensemble(members).save(tmp_path / "many"))
    for one, other in zip(again.members, members, strict=True):
        np.testing.assert_array_equal(one.predict(X), other.predict(X))


def test_a_folder_that_is_not_whole_is_refused(regressors, tmp_path):
    path = Ensemble(regressors).save(tmp_path / "kept")
    config = json.loads((path / "config.json").read_text())
    whole = json.dumps(config)
    config["config"]["members"].append(config["config"]["members"][0])
    (path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BundleError, match="its parts do not fit together"):
        grunit.load(path)
    config = json.loads(whole)
    config["config"]["members"][0]["kind"] = "os.system"
    (path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BundleError, match="which this version cannot read"):
        grunit.load(path)


def test_an_interrupted_member_is_not_kept(regressors, tmp_path):
    def stop(history):
        raise KeyboardInterrupt

    half = SequenceRegressor(**SMALL)
    with pytest.raises(KeyboardInterrupt):
        half.fit(X, SUMS, watch=stop)
    with pytest.raises(InputError, match="the fit of model 2 was interrupted"):
        Ensemble([regressors[0], half]).save(tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_texts_are_classified_by_the_mean_of_probabilities(tmp_path):
    texts = ["a fine film", "fine and funny", "so fine", "a dull film", "dull and long", "so dull"]
    labels = ["good"] * 3 + ["bad"] * 3
    one = grunit.TextClassifier(hidden_size=4, embedding_size=8, max_epochs=4, lr=0.02, verbose=0)
    ensemble = Ensemble.of_seeds(one, 2).fit(texts, labels)
    expected = np.mean([member.predict_proba(texts) for member in ensemble.members], 0)
    for answer in (ensemble, grunit.load(ensemble.save(tmp_path / "model"))):
        np.testing.assert_allclose(answer.predict_proba(texts), expected, rtol=1e-12)
        assert answer.predict(texts).tolist() == answer.classes_[expected.argmax(1)].tolist()
        assert answer.score(texts, labels) == np.mean(answer.predict(texts) == labels)
    assert is_classifier(ensemble)
