"""A goal that is missed is shown as missed."""

from __future__ import annotations

from benchmarks import goals
from benchmarks.results import write
from benchmarks.settings import Settings

RUN = {
    "machine": {
        "processor": "X",
        "cores": 2,
        "versions": {},
        "commit": "abc",
        "flags": [],
        "memory_gib": 1,
        "system": "S",
        "compiler": "C",
        "python": "3",
    },
    "command": "it",
    "wall_seconds": 1.0,
    "smoke": False,
}


def row(peer, units, ratio, over_eager=4.0, work="training"):
    speedup = {"c": ratio}
    return {
        "cell": peer.lower(),
        "peer": peer,
        "size": [1, 1, units],
        "work": work,
        "threads": 1,
        "speedup": speedup,
        "over_eager": over_eager,
    }


def judged(tmp_path, rows):
    write("sequences", {"run": RUN, "rows": rows}, "", tmp_path)
    return {goal["what"]: goal for goal in goals.measure(Settings(), tmp_path)["goals"]}


def test_every_size_means_the_slowest(tmp_path):
    found = judged(tmp_path, [row("LSTM", 64, 2.0), row("LSTM", 512, 0.9)])
    goal = found["LSTM-class training / nn.LSTM, every size, 1 thread"]
    assert goal["met"] is False
    assert goal["number"] == 0.9
    assert "lstm at 1,1,512: 0.90x; 1 of 2 reach it" in goal["worst"]
    assert found["LSTM-class training / nn.LSTM, median of each cell, 1 thread"]["number"] == 1.45


def test_small_sizes_have_a_goal_of_their_own(tmp_path):
    found = judged(tmp_path, [row("GRU", 128, 2.6), row("GRU", 256, 1.4, over_eager=2.0)])
    assert found["GRU-class training / nn.GRU, H <= 128, 1 thread"]["met"] is True
    assert found["GRU-class training / nn.GRU, every size, 1 thread"]["met"] is True
    assert found["training / own plain loop, H <= 128, 1 thread"]["number"] == 4.0
    assert found["training / own plain loop, every size, 1 thread"]["number"] == 2.0


def test_what_was_not_measured_is_neither_met_nor_missed(tmp_path):
    found = judged(tmp_path, [row("LSTM", 64, 2.0)])
    assert found["inference / nn.LSTM, median of each cell, 1 thread"]["met"] is None
    assert goals.measure(Settings(), tmp_path / "nowhere") == {"goals": []}


def test_the_report_names_misses(tmp_path):
    judged(tmp_path, [row("LSTM", 64, 0.5)])
    text = goals.tell(goals.measure(Settings(), tmp_path))
    line = next(line for line in text.splitlines() if "LSTM-class training / nn.LSTM, every size" in line)
    assert "0.50x" in line
    assert "**missed**" in line


def test_streaming_is_held_against_the_quicker_way_to_call_a_peer():
    times = {"Session": {"median": 1e-6}, "Session, int8": {"median": 1e-6}}
    ratios = {"torch.nn": 30.0, "onnxruntime": 12.0, "onnxruntime, bound": 2.0}
    rows = [{"cell": "lstm", "units": 64, "times": times, "speedup": ratios}]
    found = {goal.what: goal for goal in goals.streaming_goals(rows)}
    assert found["one step / nn.LSTM, H <= 128"].met
    assert found["one step / ONNX Runtime, H <= 128"].number == 2.0
    assert not found["one step / ONNX Runtime, H <= 128"].met
