"""Outputs of other people's cells, with their weights, in ``strong_cells.json``: each entry names its source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

import grunit

ENTRIES = json.loads((Path(__file__).parent / "strong_cells.json").read_text())


def numbers(value) -> Tensor:
    """A list of lists as a tensor in double precision."""
    return torch.tensor(value, dtype=torch.float64)


def weights_of(entry) -> dict[str, Tensor]:
    """The weights of the source, by its names."""
    return {name: numbers(value) for name, value in entry["weights"].items()}


def walk(name: str, weights: dict[str, Tensor], start: tuple[Tensor, ...] | None, x: Tensor, hidden_size: int, **more):
    """Output and final states of our layer with the given weights; what is left out of them is zero."""
    extra = {key: more.pop(key) for key in ("dt", "mask", "time") if key in more}
    rnn = grunit.Recurrent(name, x.shape[-1], hidden_size, **more).double()
    own = rnn.cells[0].state_dict()
    assert set(weights) <= set(own)
    rnn.cells[0].load_state_dict({key: weights.get(key, torch.zeros_like(value)) for key, value in own.items()})
    state = None if start is None else tuple(value[None] for value in start)
    with torch.no_grad():
        return rnn(x, state, **extra)


def check(found: Tensor, expected) -> None:
    torch.testing.assert_close(found, numbers(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["nas", "nas with projection"])
def test_nas_is_that_of_tensorflow(name):
    entry = ENTRIES[name]
    theirs = weights_of(entry)
    ours = {"weight_ih": theirs["kernel"].T, "weight_hh": theirs["recurrent_kernel"].T, "bias_hh": theirs["bias"]}
    more = {}
    if "projection_weights" in theirs:
        ours["weight_hr"] = theirs["projection_weights"].T
        more["proj_size"] = len(ours["weight_hr"])
    start = numbers(entry["start"]["m"]), numbers(entry["start"]["c"])
    output, (_, c) = walk("nas", ours, start, numbers(entry["x"]), 3, **more)
    check(output, entry["output"])
    check(c[0], entry["final_c"])


def test_phased_lstm_is_that_of_tensorflow():
    entry = ENTRIES["phased_lstm"]
    w = weights_of(entry)
    features, units = 2, 3
    seen = features + units
    i, f = w["W1"].chunk(2, 1)
    order = (i, f, w["W2"], w["W3"])
    (bi, bf), bg, bo = w["b1"].chunk(2), w["b2"], w["b3"]
    ours = {
        "weight_ih": torch.cat([v[:features].T for v in order]),
        "weight_hh": torch.cat([v[features:seen].T for v in order]),
        "bias_ih": torch.cat([bi, bf, bg, bo]),
        "weight_ci": i[seen:].diagonal(),
        "weight_cf": f[seen:].diagonal(),
        "weight_co": w["W3"][seen:].diagonal(),
        "period": w["period"],
        "phase": w["phase"],
    }
    more = {"ratio_on": entry["ratio_on"], "leak": entry["leak"], "time": numbers(entry["time"])}
    start = numbers(entry["start"]["h"]), numbers(entry["start"]["c"])
    output, (_, c) = walk("phased_lstm", ours, start, numbers(entry["x"]), units, **more)
    check(output, entry["output"])
    check(c[0], entry["final_c"])


def test_recurrent_highway_is_that_of_its_authors():
    entry = ENTRIES["recurrent_highway"]
    w = weights_of(entry)
    layers = range(entry["depth"])
    ours = {
        "weight_ih": torch.cat([w["h_0/Matrix"][:2].T, w["t_0/Matrix"][:2].T]),
        "weight_hh": torch.cat([w[f"{gate}_{k}/Matrix"][-3:].T for k in layers for gate in "ht"]),
        "bias_hh": torch.cat([w[f"{gate}_{k}/Bias"] for k in layers for gate in "ht"]),
    }
    start = (numbers(entry["start"]),)
    output, _ = walk("recurrent_highway", ours, start, numbers(entry["x"]), 3, depth=entry["depth"])
    check(output, entry["output"])


@pytest.mark.parametrize("name", ["slstm", "slstm with 2 heads"])
def test_slstm_is_that_of_its_authors(name):
    entry = ENTRIES[name]
    R = numbers(entry["R"])  # (heads, from, gate, to)
    ours = {
        "weight_ih": torch.eye(16, dtype=torch.float64),  # the source is given W x
        "weight_hh": R.permute(2, 0, 3, 1).reshape(16, -1),
        "bias_hh": numbers(entry["b"]),
    }
    expected = numbers(entry["states"])
    output, final = walk("slstm", ours, None, numbers(entry["Wx"]), 4, heads=entry["heads"])
    check(output, expected[:, 0].tolist())
    check(torch.cat(final), expected[-1].tolist())


@pytest.mark.parametrize("mode", ["default", "no_gate", "pure"])
def test_cfc_is_that_of_ncps(mode):
    entry = ENTRIES[f"cfc {mode}"]
    start, x, dt = (numbers(entry[key]) for key in ("start", "x", "dt"))
    more = {key: entry[key] for key in ("mode", "backbone_layers", "backbone_units")}
    output, _ = walk("cfc", weights_of(entry), (start,), x, 3, dt=dt, **more)
    check(output, entry["output"])


def test_gru_d_is_that_of_pypots():
    entry = ENTRIES["gru_d"]
    w = weights_of(entry)
    values, mask_rows = w["rnn_cell.weight_ih"][:, :2], w["rnn_cell.weight_ih"][:, 5:]
    ours = {
        "weight_ih": torch.cat([values, mask_rows], 1),
        "weight_hh": w["rnn_cell.weight_hh"],
        "bias_ih": w["rnn_cell.bias_ih"],
        "bias_hh": w["rnn_cell.bias_hh"],
        "weight_dh": w["temp_decay_h.W"],
        "bias_dh": w["temp_decay_h.b"],
        "weight_dx": w["temp_decay_x.W"].diagonal(),
        "bias_dx": w["temp_decay_x.b"],
        "mean": numbers(entry["mean"]),
    }
    x, mask, dt = (numbers(entry[key]).transpose(0, 1) for key in ("X", "missing_mask", "deltas"))
    assert 0 < mask.mean() < 1
    more = {"mean": entry["mean"], "reset_after": True, "mask": mask, "dt": dt}
    output, _ = walk("gru_d", ours, None, x, 3, **more)
    check(output, entry["output"])


@pytest.mark.parametrize(
    ("name", "order", "state_order"),
    [
        ("star", [1, 0], [0]),
        ("mut1", [1, 2, 0], [0, 1]),
        ("mut2", [1, 2, 0], [1, 2, 0]),
        ("mut3", [1, 2, 0], [1, 2, 0]),
    ],
)
def test_it_is_that_of_torchrecurrent(name, order, state_order):
    entry = ENTRIES[name]
    ours = {}
    for key, value in weights_of(entry).items():
        parts = value.split(3)  # their blocks stand in another order
        ours[key] = torch.cat([parts[k] for k in (order if key.endswith("ih") else state_order)])
    output, _ = walk(name, ours, (numbers(entry["start"]),), numbers(entry["x"]), 3)
    check(output, entry["output"])
