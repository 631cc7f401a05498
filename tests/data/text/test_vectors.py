"""Vectors that others trained, in the formats they are passed on in."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import torch

from grunit.data.text import Vectors, Vocabulary, read_vectors
from grunit.errors import DataError

WORDS = {"good": [1.0, 0.5, -2.0], "schön": [0.25, 0.0, 4.0], "a b": [3.0, 3.0, 3.0]}
NUMBERS = [f"{word} {' '.join(str(value) for value in values)}" for word, values in WORDS.items()]


def binary(words: dict[str, list[float]], count: int | None = None, between: bytes = b"") -> bytes:
    """As word2vec.c writes it: a line of two numbers, then each word, a space and its floats."""
    size = len(next(iter(words.values())))
    rows = [word.encode() + b" " + struct.pack(f"<{size}f", *values) + between for word, values in words.items()]
    return f"{len(words) if count is None else count} {size}\n".encode() + b"".join(rows)


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("glove.txt", "\n".join(NUMBERS) + "\n"),
        ("word2vec.txt", "3 3\n" + "\n".join(NUMBERS) + "\n"),
        ("fast.vec", "3 3\n" + " \n".join(NUMBERS) + " \n"),  # fastText ends lines with a space
    ],
)
def test_text_formats(tmp_path, name, content):
    vectors = read_vectors(write(tmp_path / name, content))
    assert (len(vectors), vectors.size) == (3, 3)
    for word, values in WORDS.items():
        np.testing.assert_array_equal(vectors.find(word), np.float32(values))


@pytest.mark.parametrize("between", [b"", b"\n"])
def test_binary_format(tmp_path, between):
    words = {word: values for word, values in WORDS.items() if " " not in word}
    vectors = read_vectors(write(tmp_path / "vectors.bin", binary(words, between=between)))
    for word, values in words.items():
        np.testing.assert_array_equal(vectors.find(word), np.float32(values))
    some = read_vectors(tmp_path / "vectors.bin", ["schön", "unheard"])
    assert list(some.words) == ["schön"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("v.txt", "good 1 2\nbad 1\n", r"line 2: it holds 1 numbers, those before 2"),
        ("v.txt", "good 1 2\n\nbad 1 2\n", r"line 2: it is empty"),
        ("v.txt", "good 1 2\nbad 1 x\n", r"line 2: could not convert"),
        ("v.txt", "good 1 2\nbad 1 nan\n", r"line 2: the vector of 'bad' is not finite"),
        ("v.txt", b"good 1 2\n\xff\xfe 1 2\n", r"line 2: it is not UTF-8"),
        ("v.txt", "3 2\ngood 1 2\nbad 1 2\n", r"line 3: it ends after 2 of 3 words"),
        ("v.txt", "", r"holds no vector"),
        ("v.bin", b"nothing", r"byte 0: it does not begin"),
        ("v.bin", binary({"good": [1.0, 2.0]}, count=2), r"byte 17: it ends after 1 of 2 words"),
        ("v.bin", binary({"good": [1.0, 2.0]})[:-1], r"byte 4: it ends after 0 of 1 words"),
        ("v.bin", binary({"good": [1.0, float("inf")]}), r"byte 4: the vector of 'good' is not finite"),
    ],
)
def test_broken_files_are_refused_by_line_or_byte(tmp_path, name, content, said):
    with pytest.raises(DataError, match=said):
        read_vectors(write(tmp_path / name, content))


def test_files_that_hold_nothing_of_use(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_vectors(tmp_path / "none.txt")
    with pytest.raises(DataError, match="none of the 1 words"):
        read_vectors(write(tmp_path / "v.txt", "good 1 2\n"), ["schlecht"])


def test_the_first_of_two_counts(tmp_path):
    assert read_vectors(write(tmp_path / "v.txt", "good 1 2\ngood 3 4\n")).find("good").tolist() == [1.0, 2.0]


def test_placed_in_a_table():
    vectors = Vectors({"good": 0, "bad": 1}, np.array([[4.0, -4.0], [2.0, 6.0]], dtype=np.float32))
    vocabulary = Vocabulary(["<pad>", "<unk>", "Good", "ugly"])
    table = torch.tensor([[0.0, 0.0], [1.0, -1.0], [0.0, 0.0], [0.5, 0.5]])
    assert vectors.place(vocabulary, table) == 1
    assert table[2].tolist() == [4.0, -4.0]
    assert table[0].tolist() == [0.0, 0.0]
    assert table[1, 0] == -table[1, 1] == 2 * table[3, 0]  # scaled alike
