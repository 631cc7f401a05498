"""Where lines come from: standard input, or a Kafka topic."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from typing import Any

from grunit.errors import DataError, InputError, require
from grunit.online.lines import LONGEST

CHUNK = 1 << 16


class InputLines:
    """The lines of a file or pipe, each as soon as it is whole.

    A request to stop takes effect between lines; what has been read by then is still handed out.

    Args:
        file: number of an open file; 0 is standard input.
    """

    def __init__(self, file: int = 0):
        self.file = file
        self.is_reading = False
        self.stopped = False

    def _wait(self) -> None:
        """Until there is something to read."""
        if sys.platform != "win32":
            select.select([self.file], [], [])

    def stop(self) -> None:
        """Hand out what is there, then end. From a signal handler: it ends a wait for more."""
        self.stopped = True
        if self.is_reading:
            self.is_reading = False
            raise StopReadingError

    def __iter__(self) -> Iterator[str]:
        rest = b""
        too_long = False
        while not self.stopped:
            try:
                self.is_reading = True
                if self.stopped:  # the signal came just before
                    break
                self._wait()
                self.is_reading = False
            except StopReadingError:
                break
            # Out of reach of the signal: what is taken out of the pipe is not lost.
            chunk = os.read(self.file, CHUNK)
            if not chunk:
                if rest and not too_long:
                    yield rest.decode("utf-8", "replace")
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if not too_long:
                    yield line.decode("utf-8", "replace") + "\n"
                too_long = False
            if len(rest) > LONGEST:
                if not too_long:
                    yield rest[:100].decode("utf-8", "replace") + "\n"
                rest, too_long = b"", True


class StopReadingError(Exception):
    """Waiting for input has ended on request."""


class KafkaLines:
    """The messages of a Kafka topic, all its partitions, each message a line; from the beginning, or from a place.

    Nothing is committed to Kafka: the place is part of our own snapshots, so that the two cannot differ.

    Args:
        servers: ``host:port``, several with commas.
        topic: its name.
        place: offset to go on from by partition.

    Raises:
        MissingExtraError: the package ``kafka-python`` is not installed.
        DataError: the topic is not there, or its servers do not answer.
    """

    def __init__(self, servers: str, topic: str, place: dict[str, Any] | None = None):
        if not topic:
            raise InputError("--kafka needs --topic: name the topic to read")
        kafka: Any = require("kafka", "kafka")
        errors: Any = require("kafka.errors", "kafka")
        try:
            self._consumer = kafka.KafkaConsumer(
                bootstrap_servers=servers.split(","), enable_auto_commit=False, auto_offset_reset="earliest"
            )
            partitions = self._consumer.partitions_for_topic(topic)
        except errors.KafkaError as error:
            raise DataError(f"Kafka at {servers} does not answer ({error}): check the address") from error
        if not partitions:
            raise DataError(f"Kafka at {servers} has no topic {topic!r}: check its name")
        tops = {number: kafka.TopicPartition(topic, number) for number in sorted(partitions)}
        self._consumer.assign(list(tops.values()))
        for number, top in tops.items():
            known = (place or {}).get(str(number))
            if known is None:
                self._consumer.seek_to_beginning(top)
            else:
                self._consumer.seek(top, known)
        self.is_reading = False
        self.stopped = False

    def stop(self) -> None:
        """As :meth:`InputLines.stop`."""
        self.stopped = True
        if self.is_reading:
            self.is_reading = False
            raise StopReadingError

    def __iter__(self) -> Iterator[tuple[str, dict[str, int]]]:
        messages = iter(self._consumer)
        try:
            while not self.stopped:
                try:
                    self.is_reading = True
                    message = next(messages, None)
                    self.is_reading = False
                except StopReadingError:
                    return
                if message is None:
                    return
                text = (message.value or b"").decode("utf-8", "replace")
                yield text.replace("\n", " "), {str(message.partition): message.offset + 1}
        finally:
            self._consumer.close()
