"""Rows of a JSON file: an object a line, or one list of objects however it is laid out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from grunit.errors import DataError

_SPACES = " \t\r\n"


def read_objects(text: str, place: str) -> Iterator[tuple[int, dict[str, Any]]]:
    r"""Each object and the line, counted from 1, that it begins in.

    Args:
        text: of the file: JSON Lines, or one JSON list of objects.
        place: the file's name, for messages.

    Raises:
        DataError: something else stands there; the message names the line.

    >>> list(read_objects('{"a": 1}\n{"a": 2}\n', "x.jsonl"))
    [(1, {'a': 1}), (2, {'a': 2})]
    >>> list(read_objects('[\n  {"a": 1},\n  {\n    "a": 2\n  }\n]\n', "x.json"))
    [(2, {'a': 1}), (3, {'a': 2})]
    """
    listed = text.lstrip(_SPACES)[:1] == "["
    if not listed:
        _refuse_one_object(text, place)
    line = 0
    for line, value in _list_items(text, place) if listed else _lines(text, place):
        if not isinstance(value, dict):
            raise DataError(f"{place}, line {line}: it is {_kind(value)}, not an object: give one object a line")
        yield line, value
    if not line:
        raise DataError(f"{place}: it is empty: give objects in its list")


def _refuse_one_object(text: str, place: str) -> None:
    """Refuse a file that is one object around the rows, which read as an object a line would be one row at most.

    Raises:
        DataError: it spans lines, or holds tables and no plain value.
    """
    text = text.strip(_SPACES)
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError:
        return
    if not isinstance(value, dict) or end < len(text):
        return
    nested = [part for part in value.values() if isinstance(part, (list, dict))]
    rows = any(isinstance(part, list) and part and all(isinstance(row, dict) for row in part) for part in nested)
    if "\n" in text or (place.endswith(".json") and (rows or (value and len(nested) == len(value)))):
        raise DataError(f"{place}: it is one object: give one list of objects, or one object a line")


def _lines(text: str, place: str) -> Iterator[tuple[int, Any]]:
    for number, row in enumerate(text.rstrip(" \t").removesuffix("\n").split("\n"), 1):
        if not row.strip(_SPACES):
            raise DataError(f"{place}, line {number}: it is empty: leave it out")
        try:
            yield number, json.loads(row)
        except json.JSONDecodeError as error:
            raise _broken(place, number, error.msg) from error


def _list_items(text: str, place: str) -> Iterator[tuple[int, Any]]:
    decoder = json.JSONDecoder()
    line, counted = 1, 0
    where = _skip(text, text.index("[") + 1)
    sign = ","
    while sign == "," and text[where : where + 1] != "]":
        line, counted = line + text.count("\n", counted, where), where
        try:
            value, where = decoder.raw_decode(text, where)
        except json.JSONDecodeError as error:
            raise _broken(place, error.lineno, error.msg) from error
        yield line, value
        where = _skip(text, where)
        sign = text[where : where + 1]
        if sign == ",":
            where = _skip(text, where + 1)
    # A comma before the closing bracket is let pass: nothing is lost by it.
    closed = text[where : where + 1] == "]"
    if not closed or text[where + 1 :].strip(_SPACES):
        what = "more stands behind the list" if closed else "a comma or ] is missing"
        raise _broken(place, text.count("\n", 0, where) + 1, what)


def _skip(text: str, where: int) -> int:
    """The next place that holds no white space."""
    while text[where : where + 1] in _SPACES and where < len(text):
        where += 1
    return where


def _broken(place: str, line: int, what: str) -> DataError:
    return DataError(f"{place}, line {line}: it is no JSON ({what}): give one object a line, or one list of objects")


def _kind(value: object) -> str:
    kinds = {str: "a text", list: "a list", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "null")
