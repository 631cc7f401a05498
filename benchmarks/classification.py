"""Sequences of numbers into classes: four sets of the UEA/UCR archive, five seeds, the network chosen on training data.

``python -m benchmarks.classification [--sets GunPoint ...]`` measures sets one by one and keeps each when it is done,
so that a run can be interrupted and taken up again; ``python -m benchmarks classification`` measures those missing.
Needs the environment variable ``GRUNIT_DATA``, whose folder holds ``ucr_uea``.
"""

from __future__ import annotations

import statistics
import time
from functools import partial
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from benchmarks.kept_rows import KeptRows, run
from benchmarks.settings import Settings, say
from benchmarks.tables import markdown, spread, verdict
from grunit import SequenceClassifier
from grunit.data import load_ucr

TARGETS = {"JapaneseVowels": 98.9, "GunPoint": 100.0, "ItalyPowerDemand": 96.2, "BasicMotions": 100.0}
"""Published test accuracy of recurrent networks, percent."""
SEEDS = (0, 1, 2, 3, 4)
FOLDS = 5
CANDIDATES: dict[str, dict[str, Any]] = {
    "GRU, both ways, last and max": {"dropout": 0.2},
    "LSTM, both ways, mean": {"cell": "lstm", "pooling": "mean", "dropout": 0.5, "label_smoothing": 0.1},
    "convolutions, then GRU": {
        "front": "convolution",
        "front_options": {"output_size": 48, "kernel_size": 5, "num_layers": 2, "stride": (2, 1), "padding": "same"},
        "pooling": ["mean", "max"],
        "dropout": 0.3,
        "label_smoothing": 0.1,
    },
    "GRU beside convolutions": {
        "branch": "convolution",
        "branch_options": {"channels": (48, 96, 48), "kernel_sizes": (8, 5, 3)},
        "hidden_size": 32,
        "dropout": 0.5,
        "label_smoothing": 0.1,
    },
}
"""What cross-validation on the training part chooses from, the same for every set."""


def make(options: dict[str, Any], seed: int, smoke: bool = False) -> SequenceClassifier:
    """An untrained classifier."""
    return SequenceClassifier(**{**options, **({"max_epochs": 1} if smoke else {})}, seed=seed, verbose=0)


def choose(X: list[np.ndarray], y: np.ndarray, smoke: bool = False) -> dict[str, Any]:
    """Accuracy and log loss of every candidate over folds of the training part, and the one with most right answers.

    Of those with equally many the one with the smaller log loss. The folds are the same for all.
    """
    folds = list(StratifiedKFold(2 if smoke else FOLDS, shuffle=True, random_state=0).split(np.zeros(len(y)), y))
    table = {}
    for name, options in CANDIDATES.items():
        right, losses = [], []
        for train, held in folds:
            model = make(options, 0, smoke).fit([X[row] for row in train], y[train])
            probabilities = model.predict_proba([X[row] for row in held])
            codes = np.searchsorted(model.classes_, y[held])
            right += (probabilities.argmax(1) == codes).tolist()
            losses += (-np.log(probabilities[np.arange(len(codes)), codes].clip(1e-12))).tolist()
        table[name] = {"accuracy": 100 * float(np.mean(right)), "log_loss": float(np.mean(losses))}
        say(f"  {name}: {table[name]['accuracy']:.2f} %, log loss {table[name]['log_loss']:.4f}")
    best = max(table, key=lambda name: (table[name]["accuracy"], -table[name]["log_loss"]))
    return {"folds": table, "chosen": best}


def measure_set(name: str, smoke: bool = False) -> dict[str, Any]:
    """Choose, fit with every seed, and test once."""
    begun = time.perf_counter()
    train, test = load_ucr(name, "train"), load_ucr(name, "test")
    found = choose(train.X, train.labels(), smoke)
    selection = time.perf_counter() - begun
    truth, accuracies, probabilities, seconds = test.labels(), [], [], []
    for seed in SEEDS[:2] if smoke else SEEDS:
        start = time.perf_counter()
        model = make(CANDIDATES[found["chosen"]], seed, smoke).fit(train.X, train.labels())
        seconds.append(time.perf_counter() - start)
        probabilities.append(model.predict_proba(test.X))
        accuracies.append(100 * float((model.classes_[probabilities[-1].argmax(1)] == truth).mean()))
    say(f"  {found['chosen']}: " + ", ".join(f"{accuracy:.2f}" for accuracy in accuracies))
    together = np.mean(probabilities, 0)
    return {
        "train": len(train.X),
        "test": len(test.X),
        **found,
        "accuracies": accuracies,
        "mean": statistics.fmean(accuracies),
        "spread": statistics.stdev(accuracies),
        "together": 100 * float((model.classes_[together.argmax(1)] == truth).mean()),
        "target": TARGETS[name],
        "fit_seconds": statistics.fmean(seconds),
        "selection_seconds": selection,
        "command": f"python -m benchmarks.classification --sets {name}",
    }


def kept(smoke: bool = False) -> KeptRows:
    """What is measured so far."""
    return KeptRows("classification", ("set",), [(name,) for name in TARGETS], tell, smoke=smoke)


def measure(settings: Settings) -> dict[str, Any]:
    """All sets that have no result yet."""
    return kept(settings.smoke).measure_missing(partial(measure_set, smoke=settings.smoke))


def tell(document: dict[str, Any]) -> str:
    """Tables and what they mean."""
    rows = [
        [
            row["set"],
            f"{row['train']} / {row['test']}",
            row["chosen"],
            spread(row["accuracies"]),
            f"{min(row['accuracies']):.2f} to {max(row['accuracies']):.2f}",
            f"{row['together']:.2f}",
            f"{row['target']:.1f}",
            verdict(row["mean"], row["target"]),
            verdict(row["together"], row["target"]),
            f"{row['fit_seconds']:.0f} s",
            f"{row['wall_seconds']:.0f} s",
        ]
        for row in document["rows"]
    ]
    header = ["set", "train / test", "network", "mean of 5 seeds", "range", "the 5 together", "published"]
    header += ["mean against it", "together against it", "a fit", "wall time"]
    folds = [
        [
            row["set"],
            *(f"{row['folds'][name]['accuracy']:.1f} ({row['folds'][name]['log_loss']:.3f})" for name in CANDIDATES),
        ]
        for row in document["rows"]
    ]
    return (
        "Test accuracy in percent, on the archive's own split. The network of each set was chosen among the four below "
        "by cross-validation on its training part alone; the test part was looked at once a seed, after that. "
        "*The 5 together* is the mean of the five networks' probabilities: one ensemble, so it has no spread.\n\n"
        + markdown(rows, header)
        + "\n\nAccuracy (and log loss) over 5 folds of the training part, by which the network was chosen:\n\n"
        + markdown(folds, ["set", *CANDIDATES])
        + "\n\nCommands: "
        + ", ".join(f"`{row['command']}`" for row in document["rows"])
        + ". Published: JapaneseVowels, an ensemble of LSTMs; GunPoint and ItalyPowerDemand, LSTM-FCN (Karim et al., "
        "2018)."
    )


if __name__ == "__main__":
    run(kept(), measure_set, __doc__, again=True)
