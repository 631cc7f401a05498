"""Long measurements: every part is kept when it is done, and one that is there is not measured again."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.results import FOLDER, describe_run, read, rounded, write
from benchmarks.settings import Settings, say

Row = dict[str, Any]


class KeptRows:
    """The rows of a suite that are measured so far.

    Args:
        name: of the result.
        keys: what tells a row from the others, in the result's words.
        wanted: the values of the keys, in the order of measuring; they also give the order of the table.
        tell: the result as text; None where it is only there to go on from, see :meth:`close`.
        smoke: nothing is taken over, and nothing kept.
        folder: of results.
        facts: what rows depend on; those measured with others are not taken over.
    """

    def __init__(
        self,
        name: str,
        keys: tuple[str, ...],
        wanted: Sequence[tuple[Any, ...]],
        tell: Callable[[Row], str] | None = None,
        *,
        smoke: bool = False,
        folder: Path = FOLDER,
        facts: Row | None = None,
    ):
        self.name, self.keys, self.wanted, self.tell = name, keys, wanted, tell
        self.smoke, self.folder, self.facts = smoke, folder, json.loads(json.dumps(facts))
        self.document: Row = {"rows": []}
        self._read()

    def measure(self, key: tuple[Any, ...], make: Callable[[], Any], *place: str, again: bool = False) -> None:
        """Measure a row, or a part of one, and keep it.

        Args:
            key: of the row.
            make: gives what is measured; the seconds it took are added to a row.
            place: of a part, see :func:`join`.
            again: also if it is there.
        """
        known = self._rows().get(key)
        for name in place:
            known = (known or {}).get(name)
        if known is not None and not again:
            return
        say(f"{self.name}: {', '.join(map(str, (*key, *place)))}")
        begun = time.perf_counter()
        found = make()
        seconds = time.perf_counter() - begun
        self._read()  # anew, so that several processes can measure side by side
        rows, row = self._rows(), dict(zip(self.keys, key))
        row = rows.get(key, row)  # which may have got parts meanwhile
        rows[key] = join(row, place, found) if place else {**row, **found, "wall_seconds": seconds}
        self.document = {"rows": sorted(rows.values(), key=self._stand)}
        if not self.smoke:
            run = describe_run(Settings(), [self.name], sum(map(seconds_of, rows.values())))
            facts = {} if self.facts is None else {"facts": self.facts}
            self.document = rounded({"run": run, **facts, **self.document})
            write(self.name, self.document, self.tell and self.tell(self.document), self.folder)
        numbers = found if isinstance(found, dict) else {place[-1]: found}
        told = [f", {name} {value:.4g}" for name, value in numbers.items() if isinstance(value, float)]
        say(f"  {seconds:.0f} s{''.join(told)}")

    def measure_missing(
        self, make: Callable[..., Row], wanted: Sequence[tuple[Any, ...]] | None = None, again: bool = False
    ) -> Row:
        """Measure all rows, or those given, by calling ``make`` with their keys, and what there is then."""
        for key in self.wanted if wanted is None else wanted:
            self.measure(key, partial(make, *key), again=again)
        return self.document

    def close(self) -> list[Row]:
        """All rows, which are not needed any longer to go on from."""
        (self.folder / f"{self.name}.json").unlink(missing_ok=True)
        return self.document["rows"]

    def _read(self) -> None:
        found = None if self.smoke else read(self.name, self.folder)
        if found is not None and found.get("facts") == self.facts:
            self.document = found

    def _rows(self) -> dict[tuple[Any, ...], Row]:
        return {tuple(row[name] for name in self.keys): row for row in self.document["rows"]}

    def _stand(self, row: Row) -> list[tuple[int, Any]]:
        """Where a row stands in the table; what is not wanted comes last."""
        columns = [list(dict.fromkeys(values)) for values in zip(*self.wanted)]
        pairs = [(row[name], known) for name, known in zip(self.keys, columns)]
        return [(known.index(value) if value in known else len(known), value) for value, known in pairs]


def join(row: Row, place: Sequence[str], found: Any) -> Row:
    """A row with one more part: with its name, or with that of a group and its name there.

    Seeds are told together: those that were measured with other options than the new one go, and with them what was
    made of all of them.

    >>> join({"seeds": {"0": {"options": 1}}}, ("seeds", "1"), {"options": 2})
    {'seeds': {'1': {'options': 2}}}
    >>> join({"set": "wnut17"}, ("baseline",), {"test": 1.0})
    {'set': 'wnut17', 'baseline': {'test': 1.0}}
    """
    group, *name = place
    if not name:
        return {**row, group: found}
    beside = row.get(group, {})
    if group == "seeds":
        options = rounded(json.loads(json.dumps(found.get("options"))))  # as those of the others were kept
        alike = {seed: one for seed, one in beside.items() if one.get("options") == options}
        row = row if len(alike) == len(beside) else {part: one for part, one in row.items() if part != "together"}
        beside = alike
    parts = {**beside, name[0]: found}
    return {**row, group: {part: parts[part] for part in sorted(parts, key=_in_order)}}


def _in_order(name: str) -> tuple[int, str]:
    """Numbers by their size, then words."""
    return (int(name), "") if name.isdigit() else (sys.maxsize, name)


def seconds_of(row: Row) -> float:
    """What a row took to measure, or its parts where it was measured in parts.

    >>> seconds_of({"seeds": {"0": {"fit_seconds": 2.0, "test_seconds": 1.0}, "1": {"fit_seconds": 4.0}}})
    7.0
    """
    own = row.get("wall_seconds", row.get("fit_seconds", 0.0) + row.get("test_seconds", 0.0))
    return own + sum(seconds_of(part) for part in row.values() if isinstance(part, dict))


def by(key: str, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of every seed, by what they are of."""
    return {name: [row for row in rows if row[key] == name] for name in dict.fromkeys(row[key] for row in rows)}


def run(rows: KeptRows, measure_row: Callable[..., Row], document: str | None, again: bool = False) -> None:
    """``python -m benchmarks.NAME [--rows ...] [--seeds ...]``: some rows; ``again`` also those there are."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{rows.name}", description=document)
    names = list(dict.fromkeys(key[0] for key in rows.wanted))
    option = "--sets" if rows.keys[0] == "set" else "--rows"
    parser.add_argument(option, dest="rows", nargs="*", choices=names, default=names)
    if "seed" in rows.keys:
        parser.add_argument("--seeds", nargs="*", type=int, help="[default: those of the row]")
    options = parser.parse_args()
    wanted = [key for key in rows.wanted if key[0] in options.rows]
    if getattr(options, "seeds", None):
        wanted = [(name, seed) for seed in options.seeds for name in options.rows]
    rows.measure_missing(measure_row, wanted, again)
