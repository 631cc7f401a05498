"""Lines from a pipe, and from a Kafka that is not there."""

from __future__ import annotations

import os
import sys
import threading
import types
from typing import NamedTuple

import pytest

from grunit.errors import DataError, InputError, MissingExtraError
from grunit.online.lines import LONGEST
from grunit.online.sources import InputLines, KafkaLines


def lines_of(content: bytes) -> list[str]:
    """What a pipe with this content gives."""
    read, write = os.pipe()

    def feed() -> None:
        with os.fdopen(write, "wb") as pipe:
            pipe.write(content)

    thread = threading.Thread(target=feed)
    thread.start()
    found = list(InputLines(read))
    thread.join()
    os.close(read)
    return found


def test_lines_of_a_pipe():
    assert lines_of(b"a\nb\r\n\nlast") == ["a\n", "b\r\n", "\n", "last"]
    assert lines_of(b"") == []
    assert lines_of(b"\xff\n") == ["\ufffd\n"]
    many = [f"{at}\n" for at in range(50_000)]
    assert lines_of("".join(many).encode()) == many


def test_a_line_without_end_does_not_fill_the_memory():
    found = lines_of(b"a\n" + b"x" * (3 * LONGEST) + b"\nb\n")
    assert [len(line) <= 101 for line in found] == [True] * 3
    assert (found[0], found[-1]) == ("a\n", "b\n")


def test_after_a_stop_what_was_read_is_handed_out():
    read, write = os.pipe()
    os.write(write, b"1\n2\n3\n")
    source = InputLines(read)
    found = []
    for line in source:
        found.append(line)
        source.stop()
    assert found == ["1\n", "2\n", "3\n"]
    os.close(read)
    os.close(write)


class Message(NamedTuple):
    partition: int
    offset: int
    value: bytes | None


class FakeConsumer:
    """Two partitions of three messages each, taken in turns."""

    made: list[FakeConsumer]

    def __init__(self, **options):
        self.options, self.places, self.closed = options, {}, False
        type(self).made.append(self)

    def partitions_for_topic(self, topic):
        return {0, 1} if topic == "sensors" else None

    def assign(self, tops):
        self.tops = tops

    def seek(self, top, offset):
        self.places[top.partition] = offset

    def seek_to_beginning(self, top):
        self.places[top.partition] = 0

    def __iter__(self):
        for offset in range(3):
            for partition in (0, 1):
                if offset >= self.places[partition]:
                    yield Message(partition, offset, None if offset == 2 else f"{partition}-{offset}".encode())

    def close(self):
        self.closed = True


@pytest.fixture
def kafka(monkeypatch):
    """A module in the place of kafka-python."""
    FakeConsumer.made = []
    module, errors = types.ModuleType("kafka"), types.ModuleType("kafka.errors")
    module.KafkaConsumer = FakeConsumer
    module.TopicPartition = NamedTuple("TopicPartition", [("topic", str), ("partition", int)])
    errors.KafkaError = type("KafkaError", (Exception,), {})
    monkeypatch.setitem(sys.modules, "kafka", module)
    monkeypatch.setitem(sys.modules, "kafka.errors", errors)
    return module


def test_kafka_from_the_beginning_and_from_a_place(kafka):
    whole = list(KafkaLines("a:1,b:2", "sensors"))
    assert whole == [
        ("0-0", {"0": 1}),
        ("1-0", {"1": 1}),
        ("0-1", {"0": 2}),
        ("1-1", {"1": 2}),
        ("", {"0": 3}),
        ("", {"1": 3}),
    ]
    place = {}
    for _, after in whole[:3]:
        place |= after
    assert list(KafkaLines("a:1", "sensors", place)) == whole[3:]
    assert FakeConsumer.made[0].options["bootstrap_servers"] == ["a:1", "b:2"]
    assert not FakeConsumer.made[0].options["enable_auto_commit"], "our snapshot alone says how far we are"
    assert FakeConsumer.made[0].closed


def test_kafka_that_does_not_answer(kafka, monkeypatch):
    with pytest.raises(DataError, match="no topic 'other'"):
        KafkaLines("a:1", "other")

    def refuse(self, **options):
        raise sys.modules["kafka.errors"].KafkaError("NoBrokersAvailable")

    monkeypatch.setattr(FakeConsumer, "__init__", refuse)
    with pytest.raises(DataError, match="does not answer"):
        KafkaLines("a:1", "sensors")


def test_kafka_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "kafka", None)
    with pytest.raises(MissingExtraError, match=r"grunit\[kafka\]"):
        KafkaLines("a:1", "sensors")
    with pytest.raises(InputError, match="--topic"):
        KafkaLines("a:1", "")
