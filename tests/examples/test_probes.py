"""The probes ask what the papers ask, and their runs are kept, taken up again and told truly."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from benchmarks import probes
from benchmarks.results import FOLDER
from examples.probes import adding, copy_memory, digits, recall, runs
from examples.probes.command import main
from examples.probes.runs import Store, carry_out
from examples.probes.table import tabulate
from examples.probes.training import Settings, start_options, train
from grunit.errors import InputError

TINY = Settings(cell="gru", hidden_size=4, steps=3, batch_size=5)


def drawn(probe, rows=400):
    return probe.draw(rows, torch.Generator().manual_seed(1))


def test_adding_marks_one_step_in_each_half_and_asks_their_sum():
    x, target = drawn(adding.Adding(7))
    numbers, marks = x.numpy()[..., 0], x.numpy()[..., 1]
    assert (marks[:3].sum(0) == 1).all()
    assert (marks[3:].sum(0) == 1).all()
    expected = [numbers[marks[:, row] == 1, row].sum() for row in range(400)]
    np.testing.assert_allclose(target.numpy(), expected, rtol=1e-6)
    assert set(np.flatnonzero(marks.sum(1))) == set(range(7))


def test_always_answering_one_has_the_error_of_the_baseline():
    probe = adding.Adding(4)
    _, target = drawn(probe, 100_000)
    # The square has mean 1/6 and standard deviation sqrt(7/180): five errors of the mean of 100,000.
    assert probe.score(torch.ones(1, 100_000, 1), target) == pytest.approx(1 / 6, abs=5 * math.sqrt(7 / 180 / 1e5))
    assert probe.baseline == 1 / 6


def test_copy_memory_shows_symbols_blanks_a_sign_and_asks_the_symbols_last():
    probe = copy_memory.CopyMemory(30)
    x, target = drawn(probe)
    shown = x.argmax(-1)
    assert x.shape == (50, 400, 10)
    assert (x.sum(-1) == 1).all()
    assert (shown[:10] < 8).all()
    assert (shown[10:39] == 8).all()  # length - 1 blanks
    assert (shown[39] == 9).all()
    assert (shown[40:] == 8).all()
    assert (target[:40] == 8).all()
    assert torch.equal(target[40:], shown[:10])


def test_copy_memory_without_memory_costs_what_the_paper_says():
    probe = copy_memory.CopyMemory(30)
    _, target = drawn(probe)
    guess = torch.full((50, 400, 9), -math.inf)
    guess[:40, :, 8] = 0
    guess[40:, :, :8] = 0
    assert probe.loss(guess, target).item() == pytest.approx(10 * math.log(8) / 50, rel=1e-5)
    right = torch.nn.functional.one_hot(target, 9).float()
    assert probe.score(right, target) == 1
    right[:40] = 0  # only the ten symbols count
    assert probe.score(right, target) == 1


@pytest.mark.parametrize(("by", "shape"), [("row", (8, 8)), ("pixel", (64, 1))])
def test_digits_are_those_of_scikit_learn_split_once(by, shape):
    probe, again = digits.Digits(by), digits.Digits(by)
    x, names = probe.test()
    assert x.shape == (shape[0], 360, shape[1])
    assert torch.equal(x, again.test()[0])
    known = {image.tobytes(): name for image, name in zip(*load_digits(return_X_y=True))}
    learnt, tested = ((part.transpose(0, 1).reshape(-1, 64).double() * 16).numpy() for part in (probe.images, x))
    assert [known[image.tobytes()] for image in tested] == names[0].tolist()
    assert {image.tobytes() for image in learnt} | {image.tobytes() for image in tested} == set(known)
    assert len(learnt) + len(tested) == 1797
    assert np.bincount(names[0]).min() >= 34  # each digit has its share of the 360


@pytest.mark.parametrize("keys", [1, 3])
def test_recall_asks_the_value_of_one_key_from_the_first_half(keys):
    x, target = drawn(recall.Recall(20, keys))
    assert (x[:-1, :, :8].sum(-1) == 1).all()
    assert (x[-1, :, :8] == 0).all()
    raised, asked = x[..., 8 : 8 + keys], x[..., 8 + keys :]
    assert (raised[:10].sum(0) == 1).all()
    assert (raised[10:] == 0).all()
    assert (asked[:-1] == 0).all()
    assert (asked[-1].sum(-1) == 1).all()
    for row in range(400):
        key = asked[-1, row].argmax()
        place = raised[:, row, key].argmax()
        assert x[place, row, target[0, row]] == 1
    assert len(target.unique()) == 8


def test_start_follows_the_cell():
    assert start_options(Settings(cell="lstm"), 200) == {"initializer": "chrono", "max_time": 200}
    assert start_options(Settings(cell="rnn"), 200) == {"initializer": "orthogonal"}
    assert start_options(Settings(cell="lstm", start="uniform"), 200) == {"initializer": "uniform"}


def test_cells_that_keep_by_a_gate_get_chrono_others_their_own_start():
    assert start_options(Settings(cell="min_gru"), 50) == {"initializer": "chrono", "max_time": 50}
    assert start_options(Settings(cell="rg_lru"), 50) == {}


def test_sequences_grow_whenever_they_are_learnt(monkeypatch):
    lengths, draw = [], adding.Adding.draw

    def note(self, rows, generator):
        lengths.append(self.length)
        return draw(self, rows, generator)

    monkeypatch.setattr(adding.Adding, "draw", note)
    probe = adding.Adding(7)
    probe.stop = math.inf  # always good enough
    result = train(probe, Settings(cell="gru", hidden_size=4, steps=100, batch_size=5, grow=2))
    assert lengths == [2] * 20 + [4] * 20 + [7] * 20 + [7]  # the last is the test
    assert result["steps"] == 60
    assert copy_memory.CopyMemory(30).at(5).length == 25
    assert recall.Recall(30, 2).at(9).sizes() == {"length": 9, "keys": 2}


def test_a_run_follows_from_its_seed():
    probe = adding.Adding(6)
    first, second = train(probe, TINY), train(probe, TINY)
    other = train(probe, Settings(cell="gru", hidden_size=4, steps=3, batch_size=5, seed=1))
    assert first["score"] == second["score"] != other["score"]
    # Two gates and a candidate of 2 + 4 inputs with two biases, and the head.
    assert first["parameters"] == 3 * 4 * (2 + 4 + 2) + 4 + 1


def test_training_learns_and_stops_when_it_has():
    probe = adding.Adding(4)
    result = train(probe, Settings(cell="gru", hidden_size=16, steps=2000, lr=0.02, batch_size=50))
    assert result["score"] < probe.goal
    assert result["steps"] < 2000


def test_a_run_that_diverges_has_no_score():
    result = train(adding.Adding(6), Settings(cell="rnn", hidden_size=4, steps=50, lr=1e37, start="uniform"))
    assert result["score"] is None
    run = {"probe": adding.Adding(6).describe(), "settings": {"cell": "rnn", "num_layers": 1}, "result": result}
    (line,), header = tabulate([run])
    assert line[header.index("MSE")] == "- (1 diverged)"
    assert line[header.index("solved")] == "0 of 1"


def test_table_gives_mean_and_spread_of_the_seeds():
    scores = [0.004, 0.009, 0.02]
    made = [
        {
            "probe": adding.Adding(6).describe(),
            "settings": {"cell": "gru", "num_layers": 2, "seed": seed},
            "result": {"score": s, "loss": s, "steps": 7, "seconds": 2.0, "parameters": 1234, "backend": "c"},
        }
        for seed, s in enumerate(scores)
    ]
    (line,), header = tabulate(made)
    told = dict(zip(header, line))
    assert told["MSE"] == f"{np.mean(scores):.4f} ± {np.std(scores, ddof=1):.4f}"
    assert told["solved"] == "2 of 3"
    assert told["cell"] == "gru, 2 layers"
    assert told["parameters"] == "1,234"


def words(path, *more):
    return ["--units", "4", "--steps", "2", "--length", "6", "--output", str(path), *more]


def test_finished_runs_are_kept_after_an_interrupt_and_not_made_again(tmp_path, monkeypatch, capsys):
    path, made = tmp_path / "runs.json", []

    def stop_at_the_third(probe, settings, watch):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(settings)
        return train(probe, settings)

    monkeypatch.setattr(runs, "train", stop_at_the_third)
    plan = adding.read(words(path, "--cells", "gru,lstm", "--seeds", "2"))
    with pytest.raises(SystemExit) as stopped:
        main(plan)
    assert stopped.value.code == 130
    assert "2 of 4 runs are kept" in capsys.readouterr().out
    assert len(json.loads(path.read_text())["runs"]) == 2

    monkeypatch.setattr(runs, "train", train)
    found = carry_out(plan.probe, plan.settings, Store(path), show=False)
    assert [(run["settings"]["cell"], run["settings"]["seed"]) for run in found] == [
        ("gru", 0),
        ("gru", 1),
        ("lstm", 0),
        ("lstm", 1),
    ]
    assert len(json.loads(path.read_text())["runs"]) == 4
    # Another setting is another run.
    assert Store(path).find(plan.probe, Settings(cell="gru", hidden_size=5)) is None
    assert Store(path).find(adding.Adding(8), plan.settings[0]) is None


def test_json_is_all_that_stdout_carries(tmp_path, capsys):
    main(adding.read(words(tmp_path / "runs.json", "--cells", "gru", "--seeds", "2", "--json")))
    answer = json.loads(capsys.readouterr().out)
    scores = [run["result"]["score"] for run in answer["runs"]]
    assert answer["rows"][0]["mean"] == pytest.approx(np.mean(scores))
    assert answer["rows"][0]["spread"] == pytest.approx(np.std(scores, ddof=1))


def test_bad_use_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as refused:
        adding.read(["--cells", "lstn"])
    assert refused.value.code == 2
    assert "did you mean 'lstm'?" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        recall.read(["--length", "4", "--keys", "3"])
    path = tmp_path / "other.json"
    path.write_text("[]")
    with pytest.raises(InputError, match="does not hold runs"):
        Store(path)


def test_what_the_page_says_of_the_adding_problem_is_what_was_measured():
    kept = json.loads((FOLDER / "probes.json").read_text(encoding="utf-8"))["runs"]
    scores: dict[str, list[float]] = {}
    for run in kept:
        if run["probe"]["name"] == "adding" and run["probe"]["length"] == 200:
            scores.setdefault(run["settings"]["cell"], []).append(run["result"]["score"])
    plain = scores.pop("rnn")
    assert len(plain) == 5
    assert min(plain) > 0.9 / 6
    assert {"lstm", "gru", "peephole_lstm", "janet", "mgu"} <= set(scores)
    assert all(len(found) == 5 and max(found) < 0.01 for found in scores.values())


def test_the_tables_are_made_by_commands_of_the_examples(tmp_path, monkeypatch):
    for plan in probes.plans().values():
        assert len(plan.settings) == 5 * len(plan.options.cell)
    command = "recall --length 6 --units 4 --steps 2 --seeds 2 --cells gru,lstm"
    monkeypatch.setattr(probes, "TABLES", {"Small": command})
    probes.main(["--rows", "1", "--output", str(tmp_path)])
    text = (tmp_path / "probes.md").read_text()
    assert command in text
    assert "Not yet complete: lstm (0 of 2 seeds)." in text
    probes.main(["--output", str(tmp_path)])
    kept = json.loads((tmp_path / "probes.json").read_text())
    assert [run["settings"]["cell"] for run in kept["runs"]] == ["gru", "gru", "lstm", "lstm"]
    assert "Not yet complete" not in (tmp_path / "probes.md").read_text()
