"""Segments: against the paper's network written out with torch.nn, and the shapes that do not divide."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from grunit.cli.catalogue import CLASSIC
from grunit.tasks.forecast_outputs import QuantileOutput, SquaredOutput
from grunit.tasks.segment_model import SegmentModel

L, H, W, D = 12, 8, 4, 6


def test_it_is_the_network_of_the_paper():
    torch.manual_seed(0)
    model = SegmentModel("gru", 1, D, horizon=H, segment=W, output=SquaredOutput([0.5]), static=3).double()
    gru = nn.GRU(D, D, batch_first=True).double()
    with torch.no_grad():
        for ours, theirs in zip(model.core.parameters(), gru.parameters(), strict=True):
            theirs.copy_(ours)
    history, known = torch.randn(5, L, 1).double(), torch.zeros(5, H, 0).double()
    static = torch.eye(3).double()[[0, 1, 2, 0, 1]]
    last = history[:, -1:]
    segments = (history - last).reshape(5, L // W, W)
    _, state = gru(torch.relu(model.front.linear(segments)))
    expected = []
    for step in range(H // W):
        question = torch.cat([model.position[step].expand(5, -1), model.about(static)], -1)
        answer, _ = gru(question.unsqueeze(1), state)
        expected.append(model.head.linear(answer[:, 0]))
    torch.testing.assert_close(model(history, known, static)[..., 0], torch.cat(expected, 1) + last[..., 0])


@pytest.mark.parametrize("cell", CLASSIC)
@pytest.mark.parametrize(("steps", "horizon", "segment"), [(9, 5, 4), (7, 1, 7), (8, 3, 1)])
def test_any_cell_and_sizes_that_do_not_divide(cell, steps, horizon, segment):
    model = SegmentModel(
        cell, 2, 4, horizon=horizon, segment=segment, output=QuantileOutput([0.1, 0.5, 0.9]), known=1, num_layers=2
    )
    found = model(torch.randn(3, steps, 2), torch.randn(3, horizon, 1), torch.zeros(3, 0))
    assert found.shape == (3, horizon, 3)
    assert (found.diff(dim=-1) >= 0).all()


def test_steps_before_the_first_whole_segment_are_left_out():
    model = SegmentModel("gru", 1, 4, horizon=3, segment=4)
    history, known, static = torch.randn(2, 10, 1), torch.zeros(2, 3, 0), torch.zeros(2, 0)
    changed = history.clone()
    changed[:, :2] = 100.0
    torch.testing.assert_close(model(changed, known, static), model(history, known, static))
    changed[:, 2] = 100.0
    assert not torch.allclose(model(changed, known, static), model(history, known, static))


def test_what_is_known_of_a_segment_moves_that_segment_alone():
    model = SegmentModel("gru", 1, 4, horizon=6, segment=3, known=1)
    history, static = torch.randn(2, 6, 1), torch.zeros(2, 0)
    known = torch.zeros(2, 6, 1)
    other = known.clone()
    other[:, 4] = 1.0
    before, after = model(history, known, static), model(history, other, static)
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3:], after[:, 3:])
