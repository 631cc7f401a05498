"""Word vectors that others trained: files of word2vec and GloVe."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from grunit.data.text.vocabulary import Vocabulary
from grunit.errors import DataError

_WORD = 1000
"""Bytes of the longest word a binary file is believed to hold."""


@dataclass(frozen=True)
class Vectors:
    """Words and a vector each.

    Args:
        words: row of each.
        values: ``(N, E)``, float32.

    >>> vectors = Vectors({"good": 0, "bad": 1}, np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32))
    >>> vectors.find("Good").tolist(), vectors.find("ugly")
    ([1.0, 0.0], None)
    """

    words: dict[str, int]
    values: np.ndarray

    @property
    def size(self) -> int:
        """E, the numbers of a vector."""
        return self.values.shape[1]

    def __len__(self) -> int:
        return len(self.words)

    def find(self, word: str) -> np.ndarray | None:
        """The vector of a word, else of the word without capitals, else None."""
        row = self.words.get(word, self.words.get(word.lower()))
        return None if row is None else self.values[row]

    def place(self, vocabulary: Vocabulary, table: Any) -> int:
        """Write the vector of every token that has one into its row of a table ``(V, E)``.

        The rows of other tokens are brought to the same mean size, for a network to begin with all alike.

        Returns:
            how many had one.
        """
        import torch

        rows, found = [], []
        for number, token in enumerate(vocabulary.tokens):
            vector = self.find(token) if number >= vocabulary.specials else None
            if vector is not None:
                rows.append(number)
                found.append(vector)
        if rows:
            vectors = torch.from_numpy(np.stack(found)).to(table)
            table.mul_(vectors.std() / table[1:].std().clamp(min=1e-12))
            table[torch.tensor(rows)] = vectors
        return len(rows)


def open_vectors(given: Any, words: Iterable[str]) -> Vectors:
    """Vectors as they were given, or those of some words out of a file."""
    if isinstance(given, Vectors):
        return given
    wanted = set(words)
    return read_vectors(given, wanted | {word.lower() for word in wanted})


def read_vectors(path: str | os.PathLike, words: Iterable[str] | None = None) -> Vectors:
    """Read a file of word vectors.

    Args:
        path: GloVe (a line a word: the word and its numbers, parted by spaces), word2vec as text (the same below a line
            with the number of words and of numbers; fastText's ``.vec`` too), or word2vec's binary format, known by
            its ending ``.bin``.
        words: those to keep (default None: all), so that a large file takes little memory.

    Raises:
        DataError: the file cannot be used; the message names the line, or the byte of a binary file.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "vectors.txt")
    >>> _ = file.write_text("good 1 0.5\\nbad -1 0.5\\n")
    >>> read_vectors(file).find("bad").tolist()
    [-1.0, 0.5]
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file: give the vectors' .txt, .vec or .bin")
    keep = None if words is None else set(words)
    with open(path, "rb") as file:
        found = _read_binary(file, path, keep) if path.suffix.lower() == ".bin" else _read_lines(file, path, keep)
    rows, vectors = found
    if not vectors:
        if keep is not None and rows is not None:
            raise DataError(f"{path}: it holds none of the {len(keep)} words asked for: is it of this language?")
        raise DataError(f"{path}: it holds no vector: give a file of word vectors")
    assert rows is not None
    return Vectors(rows, np.stack(vectors))


Found = tuple[dict[str, int] | None, list[np.ndarray]]


def _header(line: bytes) -> tuple[int, int] | None:
    parts = line.split()
    if len(parts) == 2 and all(part.isdigit() for part in parts):
        return int(parts[0]), int(parts[1])
    return None


def _read_lines(file: BinaryIO, path: Path, keep: set[str] | None) -> Found:
    rows: dict[str, int] = {}
    vectors: list[np.ndarray] = []
    size = promised = None
    number = words = 0
    for number, line in enumerate(file, 1):
        if number == 1 and (header := _header(line)) is not None:
            promised, size = header
            continue
        try:
            text = line.decode().rstrip("\r\n ")
        except UnicodeDecodeError as error:
            raise DataError(f"{path}, line {number}: it is not UTF-8 text: is the file binary (.bin)?") from error
        if not text:
            raise DataError(f"{path}, line {number}: it is empty: every line holds a word and its vector")
        size = size or text.count(" ")
        word, *values = text.rsplit(" ", size) if size else [text]
        if not values or len(values) != size:
            raise DataError(
                f"{path}, line {number}: it holds {len(values)} numbers, those before {size}: is it cut off?"
            )
        words += 1
        if word in rows or (keep is not None and word not in keep):
            continue
        try:
            vector = np.array(values, dtype=np.float32)
        except ValueError as error:
            raise DataError(f"{path}, line {number}: {error!s}: give a word and its numbers") from error
        if not np.isfinite(vector).all():
            raise DataError(f"{path}, line {number}: the vector of {word!r} is not finite: mend the file")
        rows[word] = len(vectors)
        vectors.append(vector)
    if promised is not None and words != promised:
        raise DataError(f"{path}, line {number}: it ends after {words} of {promised} words: get it again")
    return (rows if words else None), vectors


def _read_binary(file: BinaryIO, path: Path, keep: set[str] | None) -> Found:
    header = _header(file.readline(64))
    if header is None:
        raise DataError(f"{path}, byte 0: it does not begin with two numbers, as word2vec's binary format does")
    count, size = header
    rows: dict[str, int] = {}
    vectors: list[np.ndarray] = []
    for index in range(count):
        place = file.tell()
        raw = _read_word(file)
        content = file.read(4 * size)
        if raw is None or len(content) < 4 * size:
            raise DataError(f"{path}, byte {place}: it ends after {index} of {count} words: get it again")
        word = raw.decode("utf-8", errors="replace")
        if word in rows or (keep is not None and word not in keep):
            continue
        vector = np.frombuffer(content, dtype="<f4").astype(np.float32)
        if not np.isfinite(vector).all():
            raise DataError(f"{path}, byte {place}: the vector of {word!r} is not finite: is this word2vec's format?")
        rows[word] = len(vectors)
        vectors.append(vector)
    return (rows if count else None), vectors


def _read_word(file: BinaryIO) -> bytes | None:
    """The bytes up to a space; some writers end each vector with a line end, which belongs to no word."""
    word = bytearray()
    while len(word) <= _WORD:
        byte = file.read(1)
        if not byte:
            return None
        if byte == b" ":
            return bytes(word)
        if byte != b"\n" or word:
            word += byte
    return None
