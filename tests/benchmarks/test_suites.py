"""The suites run, check what they time, and write what they found."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import memory, onnx_models, peak, quiet, sequences
from benchmarks.agreement import check_agreement
from benchmarks.cells import LayerNormLSTM, MultiplicativeLSTM
from benchmarks.quiet import Watch, quietly
from benchmarks.settings import Settings, Size
from grunit.cli.contenders import contenders, walk_plainly


@pytest.mark.slow
def test_sequences_streaming_and_goals_from_end_to_end(tmp_path, capfd):
    command.main(["sequences", "streaming", "goals", "--smoke", "--output", str(tmp_path)])
    found = json.loads((tmp_path / "sequences.json").read_text())
    assert {row["cell"] for row in found["rows"]} == {"lstm", "multiplicative LSTM"}
    assert found["run"]["command"] == "python -m benchmarks sequences streaming goals --smoke"
    assert str(tmp_path) not in (tmp_path / "sequences.json").read_text()
    for name in ("sequences", "streaming", "goals"):
        text = (tmp_path / f"{name}.md").read_text()
        assert "these numbers mean nothing" in text
        assert "nan" not in text.split("took")[1]
    assert "missed" in (tmp_path / "goals.md").read_text()


def test_some_cells_are_measured_again_and_the_rest_is_kept():
    def row(cell, time):
        return {"cell": cell, "size": [1, 2, 3], "threads": 1, "work": "training", "time": time}

    before = {"run": {"commit": "old"}, "rows": [row("lstm", 1), row("gru", 2)]}
    again = sequences.join(before, {"run": {"commit": "new"}, "rows": [row("gru", 3)]})
    assert [each["time"] for each in again["rows"]] == [1, 3]
    assert again["run"] == {"commit": "old"}
    assert again["parts"] == [{"cells": ["gru"], "run": {"commit": "new"}}]
    with pytest.raises(SystemExit, match="no cell gruu is measured"):
        sequences.measure(Settings(smoke=True), only=["gruu"])


def test_a_smoke_test_cannot_take_the_place_of_results(capsys):
    with pytest.raises(SystemExit):
        command.main(["--smoke"])
    assert "--output" in capsys.readouterr().err


def test_another_result_is_never_timed():
    right, wrong = torch.ones(3), torch.tensor([1.0, 1.0, 1.01])
    calls = {"right": lambda: right, "rounded": lambda: right * (1 + 1e-6), "wrong": lambda: wrong}
    check_agreement(calls, "right", ["rounded"])
    with pytest.raises(AssertionError, match="wrong computes something else"):
        check_agreement(calls, "right", ["wrong"])


@pytest.mark.parametrize("kind", [LayerNormLSTM, MultiplicativeLSTM])
def test_cells_of_ones_own_agree_with_their_loop(kind):
    calls = contenders(kind, Size(3, 4, 8), training=True)
    check_agreement(calls, "eager", ["torch", "c"])


def test_multiplicative_lstm_is_an_lstm_when_its_inner_product_is_the_state():
    cell, peer = MultiplicativeLSTM(4, 4), torch.nn.LSTM(4, 4)
    x = torch.randn(6, 2, 4)
    x[..., 0] = 1.0
    with torch.no_grad():
        cell.W_m.weight.zero_()[:, 0] = 1.0  # m = 1 * h
        cell.U_m.weight.copy_(torch.eye(4))
        cell.W.weight.copy_(peer.weight_ih_l0)
        cell.W.bias.copy_(peer.bias_ih_l0 + peer.bias_hh_l0)
        cell.U.weight.copy_(peer.weight_hh_l0)
    torch.testing.assert_close(walk_plainly(cell, x), peer(x)[0])


@pytest.mark.parametrize("kind", [torch.nn.LSTM, torch.nn.GRU])
@pytest.mark.parametrize("run", [onnx_models.run_plainly, onnx_models.run_bound])
def test_onnx_runtime_carries_its_state_as_torch_does(kind, run):
    layer, x = kind(5, 5), np.random.default_rng(0).standard_normal((1, 1, 5), np.float32)
    call, state = run(layer, x), None
    with torch.no_grad():
        for _ in range(3):
            expected, state = layer(torch.from_numpy(x), state)
            np.testing.assert_allclose(call()[:, 0], expected.numpy(), atol=1e-5)


def test_memory_of_a_known_call():
    parameter = torch.zeros(1000, requires_grad=True)

    def train():
        # exp keeps its result of 4,000 bytes; at the end that, the gradient that arrives and the product are alive.
        return torch.autograd.grad(parameter.exp(), [parameter], torch.ones(1000))

    assert memory.held_bytes(train) == 4000
    assert memory.peak_bytes(train) in range(12000, 12300)


def test_peak_is_one_a_processor_can_have():
    rate = peak.fma_rate(1)
    assert 0.1 < rate < 1000
    # Nothing computes faster than multiply-adds in registers; noise of a busy machine allowed for.
    assert peak.sgemm_rate(1, size=256) < 3 * rate


def test_own_work_is_not_taken_for_that_of_others(monkeypatch):
    clock, busy, own = iter([0.0, 10.0]), iter([100.0, 117.0]), iter([5.0, 14.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    monkeypatch.setattr(quiet, "busy_seconds", lambda: next(busy))
    monkeypatch.setattr(quiet, "own_seconds", lambda: next(own))
    # 17 seconds of processors in 10, of which 9 were ours.
    assert Watch().elsewhere() == pytest.approx(0.8)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc/stat is Linux's")
def test_seconds_grow_with_work():
    before, total = quiet.busy_seconds(), 0
    own = quiet.own_seconds()
    while quiet.own_seconds() < own + 0.2:
        total += 1
    assert quiet.busy_seconds() >= before + 0.15  # ours are among everybody's; both count hundredths


def test_the_quietest_try_is_kept(monkeypatch):
    shares = iter([0.0, 0.9, 0.0, 0.05])
    monkeypatch.setattr(Watch, "elsewhere", lambda self: next(shares))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    tries = iter("ab")
    assert quietly(lambda: next(tries), Settings(patience=1.0)) == ("b", 0.05)
