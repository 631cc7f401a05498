"""A matrix as a picture: colours that stay ordered for every kind of colour vision, in a PNG made by hand."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np

# Nine evenly spaced colours of viridis (van der Walt & Smith 2015), and of a blue-white-orange scale around zero.
RISING = ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"]
AROUND_ZERO = ["053061", "2166ac", "4393c3", "92c5de", "f7f7f7", "fdb863", "e08214", "b35806", "7f3b08"]


def colour(values: Any, low: float, high: float, palette: list[str]) -> np.ndarray:
    """Colours ``(rows, columns, 3)`` of a matrix, straight between the palette's."""
    places = np.clip((np.asarray(values, float) - low) / (high - low), 0, 1) * (len(palette) - 1)
    anchors = np.array([[int(code[at : at + 2], 16) for at in (0, 2, 4)] for code in palette], float)
    channels = [np.interp(places, np.arange(len(palette)), anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, -1).round().astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    """A PNG file of ``(rows, columns, 3)`` bytes.

    >>> png(np.zeros((2, 2, 3), np.uint8))[1:4]
    b'PNG'
    """
    rows, columns = pixels.shape[:2]
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), pixels.reshape(rows, -1)], axis=1)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def heatmap(values: Any, low: float, high: float) -> str:
    """A matrix as a ``data:`` address of a PNG with one pixel an entry."""
    palette = AROUND_ZERO if low < 0 else RISING
    return "data:image/png;base64," + base64.b64encode(png(colour(values, low, high, palette))).decode()
