"""Can a recurrent network forecast a stock price? The random walk is the one to beat, and the answer is honest.

pip install 'grunit[demo]'
python examples/apple_stock.py
"""

from __future__ import annotations

import torch

from grunit.data import load_example
from grunit.tasks.comparison import Comparison, compare


def main(quick: bool = False) -> Comparison:
    torch.set_num_threads(1)  # networks this small are quicker on one
    prices = load_example("apple_stock")
    print(f"{len(prices):,} trading days of Apple, {prices['ds'].min():%Y-%m-%d} to {prices['ds'].max():%Y-%m-%d}")
    comparison = compare(
        prices[-200:] if quick else prices,
        h=5,
        cells=["gru"] if quick else ["rnn", "lstm", "gru", "peephole_lstm"],
        seeds=[0] if quick else [0, 1, 2],
        n_windows=2 if quick else 20,
        baselines=["naive", "drift"],  # the random walk, without and with its trend
        hidden_size=8 if quick else 16,
        max_epochs=1 if quick else 20,
        patience=4,
    )
    print("\n" + comparison.to_frame()[["name", "MAE", "MAE spread", "MASE", "seconds"]].to_string(index=False))
    print("\n" + comparison.verdict)
    if comparison.winner is None:
        print("So the last price remains the best guess of the next ones.")
    return comparison


if __name__ == "__main__":
    main()
