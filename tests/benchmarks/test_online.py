"""The suite of streams runs, and says what it could not measure."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as command
from benchmarks import online
from benchmarks.online_peer import make_stream, rounds


@pytest.mark.slow
def test_it_runs_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.delenv(online.PEER, raising=False)
    monkeypatch.setattr(online.importlib.util, "find_spec", lambda name: None)
    command.main(["online", "--smoke", "--output", str(tmp_path)])
    found = json.loads((tmp_path / "online.json").read_text())
    assert {row["model"] for row in found["rows"]} == {"grunit.OnlineRegressor, gru", "grunit.OnlineRegressor, lstm"}
    text = (tmp_path / "online.md").read_text()
    assert "these numbers mean nothing" in text
    assert "deep-river is not installed here" in text


def test_a_round_counts_its_rows():
    stream = make_stream(30)
    seen = []
    found = rounds(lambda x, y: seen.append(x) or 0.0, stream, 10, 2)
    assert [id(x) for x in seen] == [id(x) for x, _ in stream]
    assert 0 < found["median"] <= found["best"]
    assert found["error"] > 0
