"""``python -m benchmarks [suite ...]``: measure, and write ``benchmarks/results/``."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from benchmarks.results import FOLDER, describe_run, read, rounded, write
from benchmarks.settings import Settings, say

SUITES = (
    "first_use",
    "streaming",
    "online",
    "sequences",
    "catalogue",
    "classification",
    "text_classification",
    "pretraining",
    "tagging",
    "language",
    "translation",
    "growth",
    "prediction",
    "throughput",
    "peers",
    "coverage",
    "ett",
    "m4",
    "goals",
)
"""In the order they run; the goals judge what the others wrote."""


def main(arguments: list[str] | None = None) -> None:
    """Run the suites named, or all."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Side by side against peers, in one run.")
    parser.add_argument("suites", nargs="*", choices=[[], *SUITES], metavar="suite", help=f"of {', '.join(SUITES)}")
    parser.add_argument("--seconds", type=float, default=Settings.seconds, help="of measuring each comparison")
    parser.add_argument("--patience", type=float, default=Settings.patience, help="seconds to wait for a quiet machine")
    parser.add_argument("--cells", help="sequences only: measure these anew, names parted by commas, and keep the rest")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: shows that everything runs")
    parser.add_argument("--output", type=Path, help="folder [default: benchmarks/results]")
    options = parser.parse_args(given)
    if options.smoke and options.output is None:
        parser.error("--smoke needs --output: its numbers must not take the place of real ones")
    if options.cells and options.suites != ["sequences"]:
        parser.error("--cells is for the suite sequences alone")
    folder = options.output or FOLDER
    settings = Settings(options.seconds, patience=options.patience, smoke=options.smoke)
    if options.smoke:
        settings = Settings(seconds=0.0, least_rounds=2, patience=0.0, smoke=True)
    # The folder is left out of what is recorded: it says nothing about the numbers.
    recorded = [word for word in given if word != "--output" and word != str(options.output)]
    for name in options.suites or SUITES:
        suite, begun = importlib.import_module(f"benchmarks.{name}"), time.perf_counter()
        more = {"folder": folder} if name in ("goals", "prediction", "throughput") else {}
        if options.cells:
            more = {"only": options.cells.split(",")}
        document = suite.measure(settings, **more)
        # Reports are made of what the JSON holds, so that they can be made again from it.
        document = rounded({"run": describe_run(settings, recorded, time.perf_counter() - begun), **document})
        if options.cells:
            document = suite.join(read(name, folder), document)
        write(name, document, suite.tell(document), folder)
        if hasattr(suite, "illustrate"):
            suite.illustrate(document, folder)
        say(f"{name}: {time.perf_counter() - begun:.0f} s, {folder.name}/{name}.md")


if __name__ == "__main__":
    main()
