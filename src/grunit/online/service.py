"""Lines in, predictions out, and nothing lost or said twice when the process is killed."""

from __future__ import annotations

import hashlib
import importlib
import sys
from typing import Any, Protocol, TextIO

from grunit.errors import BundleError, DataError
from grunit.online.journal import STREAM, Journal
from grunit.online.lines import LineReader, LineWriter
from grunit.online.outlet import Outlet


class Stream(Protocol):
    """What the service feeds: rows in, answers out, and all of it in a snapshot."""

    kind: str

    def take(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """The answers to a row."""

    def take_notes(self) -> list[str]:
        """What was noticed."""

    def describe(self) -> str:
        """What it came to."""

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """State as JSON, and tensors."""


KINDS = {
    "rows": ("grunit.online.row_stream", "RowStream"),
    "series": ("grunit.online.series_stream", "SeriesStream"),
    "fitted": ("grunit.online.fitted_stream", "FittedStream"),
}
"""Streams by the name a snapshot gives, and where each lives."""


class StreamService:
    """Feeds lines to a stream, writes its answers, keeps snapshots.

    Args:
        stream: what answers.
        reader, writer: of lines.
        outlet: where answers go.
        journal: where snapshots go; None to keep none.
        every: lines between two snapshots.
        words: where sentences for people go (default: standard error).

    Attributes:
        position: lines dealt with.
        malformed: lines that were skipped.
    """

    def __init__(
        self,
        stream: Any,
        reader: LineReader,
        writer: LineWriter,
        outlet: Outlet,
        journal: Journal | None = None,
        every: int = 1000,
        words: TextIO | None = None,
    ):
        self.stream, self.reader, self.writer, self.outlet = stream, reader, writer, outlet
        self.journal, self.every = journal, every
        self.words = sys.stderr if words is None else words
        self.position, self.malformed, self.answers = 0, 0, 0
        self.first, self.latest = "", ""
        self.place: dict[str, Any] = {}
        self._quiet = False
        self._resumed, self._held, self._left = False, list[str](), 0
        self.follow_form = False
        """Whether answers take the format of the first line."""
        self.replayed: bool | None = None
        """After a restart: whether the input begins anew with what is known; None to see from its first row."""

    def feed(self, line: str) -> None:
        """:meth:`take` a line of an input that, after a restart, may begin with lines that are known already.

        Raises:
            DataError: the input begins like the one before the restart and is another one further on.
        """
        if self._left:
            self._left -= 1
            if not self._left and _digest(line) != self.latest:
                raise DataError(
                    f"line {self.position} of the input is not what it was before the restart: give the same input "
                    "again, or only what follows with --no-replay"
                )
        elif not self._resumed:
            self.take(line)
        else:
            self._decide(line)

    def _decide(self, line: str) -> None:
        """The first lines after a restart: the input from its beginning, or what follows?"""
        self._held.append(line)
        if self.replayed is None:
            if self.reader.is_silent(line):  # column names tell nothing
                return
            begun = self.first if self.first else self.latest
            self.replayed = _digest(self._held[0] if not self.first else line) == begun
        self._resumed = False
        held, self._held = self._held, []
        if self.replayed:
            self._left = self.position
        for one in held:
            self.feed(one)

    def take(self, line: str, place: dict[str, Any] | None = None) -> None:
        """Deal with one line: answer it, write it down, and take a snapshot when one is due.

        Args:
            line: the text.
            place: where the source is after it, for sources that can be asked to go on from a place.
        """
        text = self._answer(line)
        if place:
            self.place.update(place)
        if self.journal is not None:
            self.journal.append([line, self.outlet.place(text), place])
        if text:
            try:
                self.outlet.write(text)
            except OSError:
                if self.journal is not None:
                    self.journal.take_back()
                raise
        if self.journal is not None and self.position % self.every == 0:
            self.snapshot()

    def _answer(self, line: str) -> str:
        """The answers to a line as text."""
        self.position += 1
        self.latest = _digest(line)
        answers: list[dict[str, Any]] = []
        try:
            row = self.reader(line)
            if row is not None:
                self.first = self.first or self.latest
                answers = self.stream.take(row)
        except DataError as error:
            self.malformed += 1
            self.say(f"line {self.position} is skipped: {error}")
        for note in self.stream.take_notes():
            self.say(f"note: line {self.position}: {note}")
        if self.follow_form and self.reader.form is not None:
            self.writer.form, self.follow_form = self.reader.form, False
        self.answers += len(answers)
        return "".join(self.writer({"line": self.position, **answer}) for answer in answers)

    def begin(self) -> None:
        """Take the first snapshot, before any line: what a process leaves that is killed at once."""
        self.snapshot()

    def say(self, sentence: str) -> None:
        """A sentence for people."""
        if not self._quiet:
            print(f"grunit: {' '.join(sentence.split())}", file=self.words, flush=True)

    # -- snapshots --

    def snapshot(self) -> None:
        """Put on disk where the stream is."""
        if self.journal is None:
            return
        state, tensors = self.stream.snapshot()
        data = {
            "kind": self.stream.kind,
            "state": state,
            "position": self.position,
            "malformed": self.malformed,
            "answers": self.answers,
            "first": self.first,
            "latest": self.latest,
            "place": self.place,
            "outlet": self.outlet.place(""),
            "reader": {"form": self.reader.form, "header": self.reader.header},
            "writer": {"form": self.writer.form, "header": self.writer.header},
            "every": self.every,
            "follow_form": self.follow_form,
        }
        self.journal.snapshot(self.position, {}, tensors, {STREAM: data})

    @classmethod
    def resume(cls, journal: Journal, outlet: Outlet, words: TextIO | None = None) -> StreamService | None:
        """Go on from the last snapshot and the lines since; None where there is no snapshot.

        Raises:
            BundleError: the snapshot is broken.
        """
        bundle = journal.read()
        if bundle is None:
            return None
        try:
            data = bundle.encoders[STREAM]
            module, name = KINDS[data["kind"]]
            kind = getattr(importlib.import_module(module), name)
            stream = kind.restore(data["state"], bundle.tensors)
            service = cls(
                stream,
                LineReader(**data["reader"]),
                LineWriter(**data["writer"]),
                outlet,
                journal,
                data["every"],
                words,
            )
            for name in ("position", "malformed", "answers", "first", "latest", "place", "follow_form"):
                setattr(service, name, data[name])
            before = at = data["outlet"]
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise BundleError(
                f"{journal.folder}: its parts do not fit together ({error}); remove it to begin anew"
            ) from error
        since = service.position
        service._quiet = True
        text = ""
        for line, place, source in journal.lines_since(since):
            text = service._answer(line)
            before = at
            if source:
                service.place.update(source)
            at = place
        service._quiet = False
        service._resumed = service.position > 0
        outlet.go_back(before, at, text)
        journal.open(since)
        return service


def _digest(line: str) -> str:
    return hashlib.sha256(line.rstrip("\r\n").encode("utf-8", "replace")).hexdigest()[:16]
