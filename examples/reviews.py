"""Tell good reviews from bad ones, and see which words told.

Run:  python examples/reviews.py  (needs the environment variable GRUNIT_DATA, whose folder holds sst2)
"""

from __future__ import annotations

import os
from pathlib import Path

import grunit
from grunit.data.text import read_texts


def main(quick: bool = False) -> float:
    """Learn the Stanford sentiment sentences, and return the share of right answers on others."""
    folder = Path(os.environ["GRUNIT_DATA"], "sst2")
    train, test = (read_texts(folder / f"{part}.tsv", text="1", label="2") for part in ("train", "test"))
    count = 300 if quick else len(train)
    assert train.labels is not None
    assert test.labels is not None
    classifier = grunit.TextClassifier(
        cell="lstm",
        unit="space",
        min_count=2,
        pooling=["max", "mean"],
        word_dropout=0.3,
        max_epochs=2 if quick else 6,
        batch_size=50,
        lr=3e-3,
        verbose=0 if quick else 1,
    )
    classifier.fit(train.texts[:count], train.labels[:count])
    share = float(classifier.score(test.texts, test.labels))
    print(f"{share:.1%} of {len(test)} sentences told right")
    for label, words in classifier.top_words(test.texts[:100], count=5).items():
        print(f"{'good' if label == '1' else 'bad'}: {', '.join(word for word, _ in words)}")
    return share


if __name__ == "__main__":
    main()
