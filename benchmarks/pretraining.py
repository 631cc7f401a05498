"""Few labels: a classifier begun from scratch beside one begun from what sequences without labels taught.

``python -m benchmarks pretraining`` needs the environment variable ``GRUNIT_DATA``, whose folder holds ``ucr_uea``.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.settings import Settings, say
from benchmarks.tables import markdown, spread
from grunit import SequenceClassifier, SequencePretrainer
from grunit.data import load_ucr

NAME = "JapaneseVowels"
LABELS = (1, 2, 5)
"""Labelled sequences of each class."""
SEEDS = (0, 1, 2, 3, 4)


def measure(settings: Settings) -> dict[str, Any]:
    """For every seed its own labelled sequences and its own start; both ways of beginning see the same ones."""
    train, test = load_ucr(NAME, "train"), load_ucr(NAME, "test")
    labels, epochs = train.labels(), {"max_epochs": 1} if settings.smoke else {}
    rows: dict[int, dict[str, list[float]]] = {count: {"scratch": [], "pretrained": []} for count in LABELS}
    begun = time.perf_counter()
    for seed in SEEDS[:2] if settings.smoke else SEEDS:
        pretrainer = SequencePretrainer(seed=seed, verbose=0, **epochs).fit(train.X)
        generator = np.random.default_rng(seed)
        order = {label: generator.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)}
        for count in LABELS:
            chosen = np.concatenate([places[:count] for places in order.values()])
            X, y = [train.X[place] for place in chosen], labels[chosen]
            for name, source in (("scratch", None), ("pretrained", pretrainer)):
                model = SequenceClassifier(seed=seed, verbose=0, max_epochs=epochs.get("max_epochs", 60))
                # The scale is of all sequences in both cases, so that only the weights differ.
                model.fit([pretrainer.scaler_.transform(one) for one in X] if source is None else X, y, transfer=source)
                given = [pretrainer.scaler_.transform(one) for one in test.X] if source is None else test.X
                rows[count][name].append(100 * float(model.score(given, test.labels())))
            say(f"seed {seed}, {count} a class: " + ", ".join(f"{k} {v[-1]:.1f}" for k, v in rows[count].items()))
    return {"rows": [{"labels": count, **row} for count, row in rows.items()], "seconds": time.perf_counter() - begun}


def tell(document: dict[str, Any]) -> str:
    """The table."""
    rows = []
    for row in document["rows"]:
        gains = [after - before for before, after in zip(row["scratch"], row["pretrained"], strict=True)]
        better = sum(gain > 0 for gain in gains)
        rows.append(
            [
                str(row["labels"]),
                spread(row["scratch"], 1),
                spread(row["pretrained"], 1),
                spread(gains, 1),
                f"{better} of {len(gains)}",
            ]
        )
    header = ["labelled a class", "from scratch", "pre-trained", "difference", "seeds that gain"]
    return (
        f"Test accuracy in percent on {NAME}, mean and standard deviation over {len(document['rows'][0]['scratch'])} "
        "seeds. Pre-training hides spans of the 270 training sequences and learns to tell them, without labels; then a "
        "classifier learns from a few labelled ones, drawn anew for each seed.\n\n"
        + markdown(rows, header)
        + f"\n\nAll of it took {document['seconds']:.0f} s."
    )
