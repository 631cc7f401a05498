"""fit and what uses a fitted model: every refusal is one sentence, status 2, and leaves nothing behind."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

import grunit

SMALL = ("--h", 3, "--set", "hidden_size=4", "--set", "max_epochs=2")


@pytest.fixture(scope="session")
def fitted(tmp_path_factory) -> Path:
    """A model of the weekly wave, with the column names of the table."""
    import numpy as np

    from grunit.tasks import Forecaster

    days = pd.date_range("2024-01-01", periods=200)
    frame = pd.DataFrame({"date": days, "sales": 20 + 5 * np.sin(2 * np.pi * np.arange(200) / 7)})
    estimator = Forecaster(3, hidden_size=4, max_epochs=2, verbose=0, target_col="sales", time_col="date")
    return estimator.fit(frame).save(tmp_path_factory.mktemp("kept") / "model")


def test_fit_keeps_a_model_that_loads(run, table):
    answer = run("fit", "forecast", table, "--target", "sales", "-o", "kept", *SMALL, "--cell", "lstm", "--json")
    report = json.loads(answer.out)
    assert answer.status == 0
    assert report["cell"] == "lstm"
    assert report["rows"] == 200
    assert report["epochs"] == 2
    model = grunit.load("kept")
    assert (model.h, model.cell, model.hidden_size, model.target_col) == (3, "lstm", 4, "sales")
    assert report["parameters"] == sum(weight.numel() for weight in model.model_.parameters())
    # Plain lines in a pipe, one an epoch, away from the answer.
    assert len([line for line in answer.err.splitlines() if line.startswith("epoch ")]) == 2


def bad_tables() -> dict[str, tuple[str, str]]:
    good = [f"2024-01-{day:02},{day % 7}" for day in range(1, 31)]

    def text(rows: list[str]) -> str:
        return "\n".join(["date,sales", *rows]) + "\n"

    return {
        "unsorted": (text([*good[:5], good[6], good[5], *good[7:]]), "row 7"),
        "duplicate": (text([*good[:5], good[4], *good[5:]]), "row 6"),
        "words": (text([*good[:5], "2024-01-06,many", *good[6:]]), "row 6"),
        "short": (text(good[:3]), "3 rows"),
        "empty": ("", "empty"),
        "header": ("date,sales\n", "no rows"),
    }


@pytest.mark.parametrize("name", bad_tables())
def test_bad_tables_are_refused(run, tmp_path, name):
    content, part = bad_tables()[name]
    path = tmp_path / f"{name}.csv"
    path.write_text(content)
    status, out, err = run("fit", "forecast", path, "--target", "sales", "-o", "kept", *SMALL)
    assert (status, out) == (2, "")
    assert part in err
    assert_one_sentence(err)
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name]


@pytest.mark.parametrize("cell", ["", "nan"])
def test_missing_values_are_told_or_refused_as_asked(run, tmp_path, cell):
    rows = [f"2024-01-{day:02d},{day * 7 % 5}" for day in range(1, 31)]
    rows[5] = f"2024-01-06,{cell}"
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["date,sales", *rows]) + "\n")
    words = ["fit", "forecast", path, "--target", "sales", "-o", "kept", *SMALL]
    refused = run(*words, "--set", "missing=refuse")
    assert (refused.status, refused.out) == (2, "")
    assert "row 6" in refused.err
    assert_one_sentence(refused.err)
    assert not (tmp_path / "kept").exists()
    taken = run(*words)
    assert taken.status == 0
    assert "1 value is missing" in taken.err
    assert "row 6" in taken.err


def assert_one_sentence(err: str) -> None:
    assert err.startswith("grunit: ")
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["fit", "forecats", "TABLE"], "did you mean 'forecast'"),
        (["fit", "forecast", "nowhere.csv"], "nowhere.csv"),
        (["fit", "forecast", "TABLE", "--target", "sale"], "did you mean 'sales'"),
        (["fit", "forecast", "TABLE", "--time", "day"], "'day'"),
        (["fit", "forecast", "TABLE", "--id", "shop"], "'shop'"),
        (["fit", "forecast", "TABLE", "--cell", "gruu"], "did you mean 'gru'"),
        (["fit", "forecast", "TABLE", "--set", "hiden_size=3"], "did you mean 'hidden_size'"),
        (["fit", "forecast", "TABLE", "--set", "hidden_size=big"], "whole number"),
        (["fit", "forecast", "TABLE", "--set", "max_epochs=0"], "max_epochs"),
        (["fit", "forecast", "TABLE", "--set", "h=3"], "option of its own"),
        (["fit", "forecast", "TABLE", "--h", "0"], "--h"),
        (["fit", "forecast", "TABLE", "--seed", "-5"], "'--seed': Input should be greater than or equal to 0"),
        (["fit", "forecast", "TABLE", "--seed", "4294967296"], "than or equal to 4294967295"),
        (["tune", "forecast", "TABLE", "--seed", "99999999999999999999"], "than or equal to 4294967295"),
        (["compare", "forecast", "TABLE", "--seeds", "99999999999999999999"], "than or equal to 1000"),
        (["generate", "MODEL", "--seed", "-1"], "'--seed'"),
        (["fit", "forecast", "example:seatle_weather"], "did you mean 'seattle_weather'"),
        (["fit", "forecast", "example:seattle_weather", "--target", "wind"], "leave out --target"),
        (["fit", "forecast", "TABLE", "--resume"], "model"),
        (["fit", "forecast", "TABLE", "--resume", "--cell", "gru"], "leave out --cell"),
        (["predict", "nowhere"], "nowhere"),
        (["predict", "TABLE"], "folder"),
        (["predict", "MODEL", "-o", "out.xlsx"], ".csv"),
        (["predict", "MODEL", "-o", "none/out.csv"], "does not exist"),
        (["predict", "MODEL", "TABLE", "-o", "TABLE"], "is the data itself"),
        (["predict", "MODEL", "--level", "high"], "give percentages"),
        (["predict", "MODEL", "--level", "50"], "50"),
        (["evaluate", "MODEL", "nowhere.csv"], "nowhere.csv"),
        (["evaluate", "MODEL", "TABLE", "--windows", "0"], "--windows"),
    ],
)
def test_refusals_leave_nothing(run, table, fitted, tmp_path, words, part):
    before = table.read_text()
    status, out, err = run(*[{"TABLE": table, "MODEL": fitted}.get(word, word) for word in words])
    assert (status, out) == (2, ""), err
    assert part in err
    assert_one_sentence(err)
    assert [file.name for file in tmp_path.iterdir()] == [table.name]
    assert table.read_text() == before


def test_an_existing_folder_is_refused_before_the_data_is_read(run, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "thesis.txt").write_text("mine")
    status, _, err = run("fit", "forecast", "nowhere.csv", "-o", "kept")
    assert status == 2
    assert "kept exists already" in err
    assert (tmp_path / "kept" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("damage", ["foreign", "cut", "edited", "missing"])
def test_broken_models_are_refused(run, fitted, tmp_path, damage):
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(fitted, folder)
    weights = folder / "model.safetensors"
    if damage == "foreign":
        (folder / "config.json").write_text('{"model_type": "bert"}')
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-9])
    elif damage == "edited":
        (folder / "config.json").write_text((folder / "config.json").read_text()[:-20])
    else:
        weights.unlink()
    for words in (
        ["predict", folder],
        ["evaluate", folder, "x.csv"],
        ["fit", "forecast", "x.csv", "--resume", "-o", folder],
    ):
        status, out, err = run(*words)
        assert (status, out) == (2, "")
        assert_one_sentence(err)
        assert "model" in err


def test_resuming_a_finished_fit_is_refused(run, fitted):
    status, _, err = run("fit", "forecast", "x.csv", "--resume", "-o", fitted)
    assert status == 2
    assert "nothing to resume" in err


def test_predictions_equal_those_in_python(run, fitted, table):
    import numpy as np

    expected = grunit.load(fitted).predict(pd.read_csv(table, parse_dates=["date"]), level=[80])
    assert run("predict", fitted, table, "--level", 80, "-o", "out.csv").status == 0
    written = pd.read_csv("out.csv", parse_dates=["date"])
    assert written.columns.tolist() == expected.columns.tolist()
    # A file for people holds the seven digits that mean something; JSON for machines holds them all.
    np.testing.assert_allclose(written["Forecaster"], expected["Forecaster"], rtol=5e-7)
    assert max(len(part.replace(".", "")) for part in Path("out.csv").read_text().split()[1].split(",")[2:]) <= 9
    records = json.loads(run("predict", fitted, table, "--level", 80, "--json").out)["predictions"]
    assert [record["Forecaster-hi-80"] for record in records] == expected["Forecaster-hi-80"].tolist()
    piped = run("predict", fitted, table, "--level", 80).out.splitlines()
    assert piped[0] == ",".join(expected.columns)
    assert len(piped) == 4


def test_without_data_the_end_of_the_fit_goes_on(run, fitted):
    records = json.loads(run("predict", fitted, "--json").out)["predictions"]
    assert [record["date"] for record in records] == ["2024-07-19", "2024-07-20", "2024-07-21"]


def test_evaluate_sets_the_baselines_beside(run, fitted, table):
    answer = run("evaluate", fitted, table, "--windows", 2, "--json")
    scores = {row["model"]: row for row in json.loads(answer.out)["scores"]}
    assert {"Forecaster", "naive", "seasonal_naive"} <= set(scores)
    # The noise is a sixteenth of the wave, so a week ago is close and yesterday is not.
    assert scores["seasonal_naive"]["MAE"] < scores["naive"]["MAE"]
    assert "note:" in answer.err
    assert "Forecaster" in run("evaluate", fitted, table).out


@pytest.mark.slow
def test_interrupted_fit_goes_on_to_the_same_model(run, start, table, tmp_path):
    words = ["fit", "forecast", table, "--target", "sales", "--h", 3, "--set", "hidden_size=4"]
    # Long enough that the signal always comes first, short enough to be finished afterwards.
    epochs = ["--set", "max_epochs=30", "--set", "scheduler=none"]
    process = start(*words, *epochs, "-o", "stopped")
    for line in process.stderr:
        if line.startswith("epoch 2/"):
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    last = err.strip().splitlines()[-1]
    assert last.startswith("grunit: stopped in epoch")
    assert "--resume" in last
    assert sorted(file.name for file in tmp_path.iterdir()) == ["sales.csv", "stopped"]
    assert run("predict", "stopped").status == 0

    resumed = run("fit", "forecast", table, "--resume", "-o", "stopped")
    assert resumed.status == 0, resumed.err
    assert run(*words, *epochs, "-o", "whole").status == 0
    assert run("predict", "stopped").out == run("predict", "whole").out


def test_interrupt_before_training_writes_nothing(start, tmp_path, table):
    process = start("fit", "forecast", table, "--target", "sales", "-o", "kept")
    time.sleep(0.2)  # still importing torch
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    assert [file.name for file in tmp_path.iterdir()] == ["sales.csv"]


def test_a_place_that_cannot_hold_a_model_is_refused_before_training(tmp_path):
    from pathlib import Path

    from grunit.cli.fit import refuse_taken
    from grunit.errors import BundleError

    file = tmp_path / "table.csv"
    file.write_text("ds,y\n")
    with pytest.raises(BundleError, match="cannot be made"):
        refuse_taken(file / "model")
    refuse_taken(Path(tmp_path / "new" / "model"))
