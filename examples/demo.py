"""What ``make demo`` runs: two real series, four cells, the baselines, a model kept and used again, two reports.

python examples/demo.py
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import torch

import grunit
from grunit.data import load_example
from grunit.explain.report import standalone_svg, write_report
from grunit.explain.report_comparison import tell
from grunit.explain.report_story import Story
from grunit.tasks import Forecaster
from grunit.tasks.comparison import Comparison, compare

CELLS = ["rnn", "lstm", "gru", "peephole_lstm"]


def main(quick: bool = False, folder: str | Path = "demo-out") -> Path:
    torch.set_num_threads(1)  # networks this small are quicker on one
    begun = time.perf_counter()
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    weather = load_example("seattle_weather")
    size = {"hidden_size": 8, "max_epochs": 1} if quick else {"hidden_size": 32, "max_epochs": 30, "patience": 4}
    found, story = ask(
        "Seattle: the maximum temperature of the next 14 days",
        weather[-300:] if quick else weather,
        h=14,
        target="the maximum temperature in Seattle",
        unit="°C",
        quick=quick,
        baselines=["naive", "seasonal_naive"],
        **size,
    )
    write_report(story, folder / "report.html")
    (folder / "forecast.svg").write_text(standalone_svg(story.series[0]), encoding="utf-8")

    forecaster = Forecaster(h=14, cell=found.best, verbose=0, **size).fit(weather)
    kept = forecaster.save(folder / "model")
    print(f"\nkept in {kept.relative_to(kept.parent.parent)}/, read back, and asked for the days after the data ends:")
    print(grunit.load(folder / "model").predict(level=[80]).head(4).round(1).to_string(index=False))

    prices = load_example("apple_stock")
    _, story = ask(
        "Apple: the closing price of the next 5 trading days",
        prices[-300:] if quick else prices,
        h=5,
        target="the closing price of Apple",
        unit="USD",
        quick=quick,
        baselines=["naive", "drift"],
        hidden_size=8 if quick else 16,
        max_epochs=1 if quick else 20,
        patience=4,
    )
    write_report(story, folder / "report-apple.html")
    print(f"\n{time.perf_counter() - begun:.0f} s. Open {folder / 'report.html'} and {folder / 'report-apple.html'}")
    return folder


def ask(title: str, frame, h: int, target: str, unit: str, quick: bool, **settings) -> tuple[Comparison, Story]:
    """Compare the cells on the last windows of a series; returns what was found and its story for the report."""
    print(f"\n{title}")
    begun = time.perf_counter()

    def progress(done: int, total: int, what: str) -> None:
        if done < total:
            print(f"  training {done + 1} of {total}: {what}", flush=True)

    seeds, windows = ([0], 2) if quick else ([0, 1, 2], 20)  # the last fifth of the weather
    found = compare(frame, h, CELLS, seeds=seeds, n_windows=windows, progress=progress, **settings)
    for row in sorted(found.rows, key=lambda row: row.mean("MAE")):
        print(
            f"  {row.name:<15} MAE {row.mean('MAE'):.2f} {unit}"
            + (f" ± {row.spread('MAE'):.2f}" if row.seconds else "")
        )
    print(f"  {found.verdict}")
    facts = {"command": "python examples/demo.py", "wall time": f"{time.perf_counter() - begun:.0f} s"}
    return found, tell(found, target, unit, facts)


if __name__ == "__main__":
    main()
