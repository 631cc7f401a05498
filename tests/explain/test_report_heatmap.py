"""The pictures are real PNG files that hold the colours asked for."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest

from grunit.explain.report_heatmap import AROUND_ZERO, RISING, colour, heatmap, png


def test_another_reader_gets_the_same_pixels():
    image = pytest.importorskip("matplotlib.image", reason="pictures are of the extra report")
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    read = image.imread(io.BytesIO(png(pixels)), format="png")
    assert (np.round(read[..., :3] * 255).astype(np.uint8) == pixels).all()


def test_colours_are_those_of_viridis():
    colormaps = pytest.importorskip("matplotlib", reason="pictures are of the extra report").colormaps
    steps = np.linspace(0, 1, len(RISING))
    expected = colormaps["viridis"](steps)[:, :3] * 255
    # A step of viridis' own 256 colours is at most three levels of a channel.
    assert np.abs(colour(steps[None], 0, 1, RISING)[0] - expected).max() <= 3


def test_ends_and_middle():
    assert colour([[-1.0, 0.0, 1.0]], -1, 1, AROUND_ZERO).tolist() == [[[5, 48, 97], [247, 247, 247], [127, 59, 8]]]
    assert colour([[9.0]], 0, 1, RISING).tolist() == colour([[1.0]], 0, 1, RISING).tolist()


def test_data_address():
    kind, _, content = heatmap(np.zeros((2, 3)), 0, 1).partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content).startswith(b"\x89PNG")
