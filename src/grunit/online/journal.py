"""Where a stream has come to, on disk: a snapshot now and then, and every line since.

    folder/
      stream/              the last snapshot, a bundle that is replaced whole
      journal-<n>.jsonl    the lines read since, n of them having been read before

A line is written down just before its predictions go out, with how long the file they go to will then be. What a killed
process leaves is a snapshot and the lines since; they are read again in silence, and the stream goes on with the line
after. Whether the very last predictions have gone out the length of the file tells; a pipe cannot be asked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grunit.bundle import Bundle, read_bundle, write_bundle
from grunit.errors import BundleError

KIND, STREAM = "Stream", "stream"


class Journal:
    """Snapshots and lines in a folder.

    Args:
        folder: made where it is not there.

    Raises:
        BundleError: it is in use for something else, or cannot be written.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder)
        self._file: int | None = None
        self._lock: int | None = None
        self._length = 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            foreign = [entry.name for entry in self.folder.iterdir() if not _is_ours(entry.name)]
        except OSError as error:
            raise BundleError(
                f"{self.folder}: it cannot be used for snapshots ({error.strerror}); name another"
            ) from error
        if foreign:
            raise BundleError(
                f"{self.folder}: it holds {foreign[0]!r}, which is no part of a snapshot; name another folder"
            )
        self._claim()

    def _claim(self) -> None:
        """One stream a folder: two would tear each other's snapshots apart."""
        try:
            import fcntl
        except ImportError:  # not on Windows
            return
        self._lock = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            self._lock = None
            raise BundleError(
                f"{self.folder}: another stream is using it; stop that one, or name another folder"
            ) from None

    def read(self) -> Bundle | None:
        """The last snapshot; None where there is none yet."""
        path = self.folder / STREAM
        if not path.exists():
            return None
        bundle = read_bundle(path)
        if bundle.kind != KIND:
            raise BundleError(f"{path}: it holds a {bundle.kind!r} and no stream; name another folder")
        return bundle

    def lines_since(self, position: int) -> Iterator[list[Any]]:
        """What was written down after the snapshot at ``position``; a last entry that was torn is cut off."""
        path = self._path(position)
        if not path.exists():
            return
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(path, len(whole))
        for line in whole.splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                raise BundleError(
                    f"{path}: a line of it cannot be read; remove the file to go on from the snapshot"
                ) from None

    def open(self, position: int) -> None:
        """Write down lines behind the snapshot at ``position``."""
        self._close_file()
        self._file = os.open(self._path(position), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)

    def append(self, entry: list[Any]) -> None:
        """Write down a line that has been dealt with."""
        assert self._file is not None
        self._length = os.fstat(self._file).st_size
        os.write(self._file, (json.dumps(entry, ensure_ascii=False) + "\n").encode())

    def take_back(self) -> None:
        """Strike out the last entry: its predictions could not be written."""
        assert self._file is not None
        os.ftruncate(self._file, self._length)

    def snapshot(
        self, position: int, config: dict[str, Any], tensors: dict[str, Any], encoders: dict[str, Any]
    ) -> None:
        """Take a snapshot after ``position`` lines; from here on the journal begins anew."""
        self._path(position).unlink(missing_ok=True)
        write_bundle(self.folder / STREAM, KIND, config, tensors, encoders, overwrite=True)
        self.open(position)
        for old in self.folder.glob("journal-*.jsonl"):
            if old != self._path(position):
                old.unlink()

    def close(self) -> None:
        """Let go of the folder."""
        self._close_file()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _path(self, position: int) -> Path:
        return self.folder / f"journal-{position}.jsonl"


def _is_ours(name: str) -> bool:
    journal = name.startswith("journal-") and name.endswith(".jsonl")
    partial = name.startswith(f".{STREAM}-") and name.endswith(".partial")
    return name in (STREAM, "lock") or journal or partial or name.startswith("forecaster-")
