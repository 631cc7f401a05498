"""Suites of long trainings: every row is kept when it is done, and one that is there is not measured again."""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.results import FOLDER, describe_run, read, rounded, write
from benchmarks.settings import Settings, say
from grunit.errors import InputError

Row = dict[str, Any]


def data_folder(name: str) -> Path:
    """The folder of a data set.

    Raises:
        InputError: ``GRUNIT_DATA`` is not set, or has no such folder.
    """
    root = os.environ.get("GRUNIT_DATA")
    if not root or not (Path(root) / name).is_dir():
        raise InputError(f"set the environment variable GRUNIT_DATA to the folder that holds {name}")
    return Path(root) / name


def measure_missing(
    name: str, wanted: Iterable[tuple[str, int]], measure_row: Callable[[str, int], Row], tell: Callable[[Row], str]
) -> Row:
    """Measure the rows that have no result yet, one by one, and keep each.

    Args:
        name: of the suite.
        wanted: what a row is of, and its seed, in the order of the table.
        measure_row: both -> the row; ``what``, ``seed`` and ``wall_seconds`` are added to it.
        tell: the document as text.
    """
    wanted = list(wanted)
    document = read(name, FOLDER) or {"rows": []}
    rows = {(row["what"], row["seed"]): row for row in document["rows"]}
    for what, seed in wanted:
        if (what, seed) in rows:
            continue
        say(f"{name}: {what}, seed {seed}")
        begun = time.perf_counter()
        row = measure_row(what, seed)
        rows[what, seed] = {"what": what, "seed": seed, **row, "wall_seconds": time.perf_counter() - begun}
        run = describe_run(Settings(), [name], sum(known["wall_seconds"] for known in rows.values()))
        kept = sorted(rows.values(), key=lambda known: (order(wanted, known["what"]), known["seed"]))
        document = rounded({"run": run, "rows": kept})
        write(name, document, tell(document), FOLDER)
        say(f"  {', '.join(f'{key} {value:.4g}' for key, value in row.items() if isinstance(value, float))}")
    return document


def order(wanted: list[tuple[str, int]], what: str) -> int:
    """Where a row stands in the table; those no longer wanted come last."""
    names = list(dict.fromkeys(name for name, _ in wanted))
    return names.index(what) if what in names else len(names)


def by_what(document: Row) -> dict[str, list[Row]]:
    """The rows of every seed, by what they are of."""
    names = dict.fromkeys(row["what"] for row in document["rows"])
    return {name: [row for row in document["rows"] if row["what"] == name] for name in names}


def spread(values: list[float], digits: int = 3) -> str:
    """Mean and standard deviation over seeds; the number alone where there is one.

    >>> spread([1.0, 2.0], 2)
    '1.50 ± 0.71'
    """
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def run(suite: Any, document: str | None) -> None:
    """``python -m benchmarks.NAME [--rows ...] [--seeds ...]``: some rows alone, in this order."""
    name = suite.__spec__.name.rpartition(".")[2]
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=document)
    parser.add_argument("--rows", nargs="*", choices=list(suite.ROWS), default=list(suite.ROWS))
    parser.add_argument("--seeds", nargs="*", type=int, default=list(suite.SEEDS))
    options = parser.parse_args()
    begun = time.perf_counter()
    wanted = [(row, seed) for seed in options.seeds for row in options.rows]
    measure_missing(name, wanted, suite.measure_row, suite.tell)
    say(f"{shlex.join(sys.argv[1:]) or 'everything missing'} took {time.perf_counter() - begun:.0f} s")
