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
        data = _bytes(text)
        self._end += len(data)
        while data:
            data = data[os.write(self._file, data) :]

    def place(self, text: str) -> list[int] | None:
        """Which file, and how long it will be when it also holds ``text``; None for a pipe."""
        return [self._inode, self._end + len(_bytes(text))] if self.is_file else None

    def go_back(self, before: Any, after: Any, text: str) -> None:
        """Bring a file to where its journal says it was.

        Args:
            before, after: places before and after the last text that was written down.
            text: that one; it is written now where the process was killed before that.
        """
        if not after or not self.is_file or after[0] != self._inode:
            return
        if self._end > after[1]:
            self._cut(after[1])
        elif before and before[0] == self._inode and before[1] <= self._end < after[1]:
            self._cut(before[1])
            self.write(text)

    def _cut(self, length: int) -> None:
        os.ftruncate(self._file, length)
        if not self._own:
            os.lseek(self._file, 0, os.SEEK_END)
        self._end = length

    def close(self) -> None:
        """Let go of a file of our own."""
        if self._own:
            os.close(self._file)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
