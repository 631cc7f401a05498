"""compare: the table, the verdict and the report say the same."""

from __future__ import annotations

import json
import signal

import pytest

SMALL = ("--target", "sales", "--h", 3, "--windows", 2, "--seeds", 2, "--set", "hidden_size=4", "--set", "max_epochs=1")


def test_machine_answer_and_report_agree(run, table, tmp_path):
    answer = run("compare", "forecast", table, "--cells", "gru,lstm", *SMALL, "--unit", "boxes", "--json")
    found = json.loads(answer.out)
    assert answer.status == 0
    assert [row["name"] for row in found["rows"] if not row["is_baseline"]] == ["gru", "lstm"]
    assert {"naive", "seasonal_naive"} == {row["name"] for row in found["rows"] if row["is_baseline"]}
    assert all(len(row["by_seed"]) == 2 for row in found["rows"] if not row["is_baseline"])
    # One epoch learns nothing, and a wave of seven days repeats every seven days.
    assert found["winner"] is None
    report = (tmp_path / "report.html").read_text()
    assert found["verdict"] in report
    assert 'class="verdict poor"' in report
    assert "sales (boxes)" in report
    for gate in ("Gates over time", "Training", "Scores", "Forecasts"):
        assert gate in report
    assert "--cells" not in answer.out
    assert answer.err.splitlines()[0] == "1 of 4: gru, seed 0"


def test_people_answer_ends_with_verdict_and_report(run, table, tmp_path):
    chosen = ("--baselines", "naive,seasonal_naive")
    answer = run("compare", "forecast", table, "--cells", "gru", *SMALL, *chosen, "-o", "out.html")
    lines = answer.out.splitlines()
    assert answer.status == 0
    assert {line.split()[0] for line in lines[1:4]} == {"gru", "naive", "seasonal_naive"}
    assert "seasonal naive" in lines[-2]
    assert lines[-1] == "report: out.html"
    assert (tmp_path / "out.html").exists()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--cells", "gru,lstn"], "did you mean 'lstm'"),
        (["--cells", ","], "names no cell"),
        (["--cells", "gru,gru"], "twice"),
        (["--metric", "MAPE"], "metric"),
        (["--baselines", "nave"], "did you mean 'naive'"),
        (["--baselines", ","], "--baselines names nothing"),
        (["--windows", "90"], "rows"),
        (["--set", "max_epoch=3"], "did you mean 'max_epochs'"),
        (["-o", "none/report.html"], "does not exist"),
        (["-o", "."], "is a folder"),
        (["--target", "sells"], "did you mean 'sales'"),
    ],
)
def test_refusals_write_no_report(run, table, tmp_path, words, part):
    given = ["--target", "sales"] if "--target" not in words else []
    status, out, err = run("compare", "forecast", table, *given, *words)
    assert (status, out) == (2, ""), err
    assert part in err
    assert len(err.strip().splitlines()) == 1
    assert [file.name for file in tmp_path.iterdir()] == [table.name]


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(start, run, table, tmp_path):
    words = ("compare", "forecast", table, "--cells", "gru,lstm", *SMALL, "--set", "conformal=0", "--json")
    process = start(*words, "--set", "batch_size=1")
    for line in process.stderr:
        if line.startswith("2 of 4"):
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    kept = list((tmp_path / "report.html.kept").glob("*.safetensors"))
    assert kept
    said = err.strip().splitlines()[-1]
    assert "report.html.kept keeps the" in said
    assert "the same command goes on" in said
    answer = run(*words, "--set", "batch_size=1")
    assert answer.status == 0, answer.err
    assert not (tmp_path / "report.html.kept").exists()
    whole = json.loads(run(*words, "--set", "batch_size=1", "-o", "again.html").out)
    assert [row["by_seed"] for row in json.loads(answer.out)["rows"]] == [row["by_seed"] for row in whole["rows"]]
