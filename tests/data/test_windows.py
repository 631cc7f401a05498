"""Windows against brute force, and never a step beyond the cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from grunit.data import Panel, Windows, split_tail
from grunit.errors import DataError, InputError


def make_panel(lengths: list[int], columns: int = 2) -> Panel:
    """Every value is different and tells its series, step and column."""
    values = [
        np.array([[1000.0 * i + 10 * t + c + 1 for c in range(columns)] for t in range(length)]).reshape(
            length, columns
        )
        for i, length in enumerate(lengths)
    ]
    names = [f"series {i}" for i in range(len(lengths))]
    return Panel(names, [np.arange(length) for length in lengths], values, [f"x{c}" for c in range(1, columns)], 1)


def enumerate_windows(panel, input_size, horizon, step, pad, tail):
    """The definition, one window at a time."""
    for series, values in enumerate(panel.values):
        cuts = []
        for cut in range(len(values) - horizon, 0, -step):
            enough = cut >= (1 if pad else input_size)
            in_tail = tail is None or cut >= len(values) - tail
            if enough and in_tail:
                cuts.append(cut)
        for cut in reversed(cuts):
            history = values[max(cut - input_size, 0) : cut]
            short = input_size - len(history)
            inputs = np.concatenate([np.zeros((short, values.shape[1])), history])
            mask = np.arange(input_size) >= short
            yield inputs, values[cut : cut + horizon, 0], series, mask


cases = {
    "lengths": st.lists(st.integers(1, 15), min_size=1, max_size=4),
    "input_size": st.integers(1, 6),
    "horizon": st.integers(1, 4),
    "step": st.integers(1, 4),
    "pad": st.booleans(),
    "tail": st.none() | st.integers(1, 8),
}


@given(**cases)
def test_windows_are_those_that_the_definition_enumerates(lengths, input_size, horizon, step, pad, tail):
    panel = make_panel(lengths)
    windows = Windows(panel, input_size, horizon, step, pad=pad, tail=tail, dtype=torch.float64)
    expected = list(enumerate_windows(panel, input_size, horizon, step, pad, tail))
    assert len(windows) == len(expected)
    for index, (inputs, target, series, mask) in enumerate(expected):
        item = windows[index]
        np.testing.assert_array_equal(item[0], inputs)
        np.testing.assert_array_equal(item[1], target)
        assert item[2] == series
        assert len(item) == (4 if pad else 3)
        if pad:
            np.testing.assert_array_equal(item[3], mask)


@given(lengths=st.lists(st.integers(6, 20), min_size=1, max_size=3), size=st.integers(1, 5), context=st.integers(1, 6))
def test_training_windows_never_see_the_validation_tail(lengths, size, context):
    panel = make_panel(lengths)
    train, validation = split_tail(panel, size, context)
    kept = {value for series in panel.values for value in series[-size:].ravel()}
    seen = set()
    windows = Windows(train, context, 1, pad=True, dtype=torch.float64)
    for inputs, target, *_ in (windows[i] for i in range(len(windows))):
        seen |= {*inputs.ravel().tolist(), *target.tolist()}
    assert seen.isdisjoint(kept)
    targets = Windows(validation, context, 1, pad=True, tail=size, dtype=torch.float64)
    said = {targets[i][1].item() for i in range(len(targets))}
    assert said == {value for series in panel.values for value in series[-size:, 0]}


def test_a_split_puts_every_step_in_one_part_and_repeats_only_the_context():
    panel = make_panel([9, 6])
    train, validation = split_tail(panel, 2, context=3)
    for whole, before, after in zip(panel.times, train.times, validation.times, strict=True):
        np.testing.assert_array_equal(np.concatenate([before, after[3:]]), whole)
        np.testing.assert_array_equal(after[:3], before[-3:])
    assert train.freq == panel.freq
    assert validation.exogenous == panel.exogenous


def test_a_series_that_the_tail_would_use_up_is_named():
    with pytest.raises(DataError, match="'series 1' has 3 rows and a validation tail of 3 needs 4"):
        split_tail(make_panel([9, 3]), 3)


@pytest.mark.parametrize("pad", [False, True])
def test_a_loader_gives_the_same_batches_as_the_dataset(pad):
    windows = Windows(make_panel([8, 5]), 3, 2, pad=pad)
    (loaded,) = DataLoader(windows, batch_size=len(windows))
    batch = windows.batch(range(len(windows)))
    assert len(loaded) == len(batch)
    for got, expected in zip(loaded, batch, strict=True):
        assert torch.equal(got, expected)
    assert loaded[0].shape == (len(windows), 3, 2)
    assert loaded[0].dtype == torch.float32


def test_windows_outside_the_set():
    windows = Windows(make_panel([5]), 2, 1)
    assert torch.equal(windows[-1][0], windows[2][0])
    for index in (3, -4):
        with pytest.raises(IndexError):
            windows[index]


def test_no_window_fits():
    assert len(Windows(make_panel([3, 2]), 3, 1)) == 0


@pytest.mark.parametrize("arguments", [(0, 1), (1, 0), (1, 1, 0)])
def test_sizes_below_one(arguments):
    with pytest.raises(InputError, match="is 0: give at least 1"):
        Windows(make_panel([5]), *arguments)
