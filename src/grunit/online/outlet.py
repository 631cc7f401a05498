"""Where predictions go: a file, which can be taken back to a place, or a pipe, which cannot."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from grunit.errors import DataError


class Outlet:
    """Writes whole lines at once.

    Args:
        path: a file to go on with, made where it is not there; None for standard output.

    Raises:
        DataError: the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike | None = None):
        self._own = path is not None
        try:
            self._file = 1 if path is None else os.open(Path(path), os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o644)
        except OSError as error:
            raise DataError(f"{path}: it cannot be written ({error.strerror}): name another file") from error
        info = os.fstat(self._file)
        self.is_file = stat.S_ISREG(info.st_mode)
        self._inode = info.st_ino
        # Written without O_APPEND, standard output stands where its shell left it.
        self._end = info.st_size if self.is_file else 0

    def write(self, text: str) -> None:
        """Write lines and hand them over to the system at once.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        data = text.encode("utf-8", "replace")
        self._end += len(data)
        while data:
            data = data[os.write(self._file, data) :]

    def place(self) -> list[int] | None:
        """Which file, and how long it is; None for a pipe."""
        return [self._inode, self._end] if self.is_file else None

    def go_back(self, place: Any) -> None:
        """Cut off what was written after a place, where this is the same file: it is about to be said again."""
        if not place or not self.is_file or place[0] != self._inode or self._end <= place[1]:
            return
        os.ftruncate(self._file, place[1])
        if not self._own:
            os.lseek(self._file, 0, os.SEEK_END)
        self._end = place[1]

    def close(self) -> None:
        """Let go of a file of our own."""
        if self._own:
            os.close(self._file)
