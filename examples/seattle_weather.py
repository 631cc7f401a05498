"""Tomorrow's warmest hour in Seattle, and the two weeks after: fit, compare, save, reload, predict.

pip install 'grunit[demo]'
python examples/seattle_weather.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

import grunit
from grunit.data import load_example
from grunit.tasks import Forecaster
from grunit.tasks.comparison import compare


def main(quick: bool = False) -> None:
    torch.set_num_threads(1)  # networks this small are quicker on one
    size = {"hidden_size": 8, "max_epochs": 1} if quick else {"hidden_size": 32, "max_epochs": 30, "patience": 4}
    weather = load_example("seattle_weather")
    print(weather.tail(3).to_string(index=False))

    comparison = compare(
        weather[-300:] if quick else weather,
        h=14,
        cells=["gru", "peephole_lstm"],
        seeds=[0] if quick else [0, 1, 2],
        n_windows=2 if quick else 20,  # the last fifth
        **size,
    )
    print("\n" + comparison.to_frame()[["name", "MAE", "MAE spread", "coverage-80", "seconds"]].to_string(index=False))
    print(comparison.verdict)

    forecaster = Forecaster(h=14, cell=comparison.best, verbose=0, **size).fit(weather)
    with tempfile.TemporaryDirectory() as folder:
        forecaster.save(Path(folder) / "weather")
        forecaster = grunit.load(Path(folder) / "weather")
    print("\n" + forecaster.predict(level=[80]).round(1).to_string(index=False))


if __name__ == "__main__":
    main()
