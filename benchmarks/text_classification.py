"""Texts into classes: SST-2, TREC and ChnSentiCorp, five seeds, without pretrained vectors, beside a bag of words.

``python -m benchmarks.text_classification [--sets trec ...] [--seeds 0 1 ...]`` measures what is missing of some sets
and keeps every seed when it is done, so that a run can be interrupted and taken up again;
``python -m benchmarks text_classification`` measures all that is missing. Needs the environment variable
``GRUNIT_DATA``, whose folder holds ``sst2``, ``trec`` and ``chnsenticorp``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from benchmarks.kept_rows import KeptRows
from benchmarks.settings import Settings, data_folder
from benchmarks.tables import markdown, spread, verdict
from grunit import Ensemble, TextClassifier
from grunit.data.text import read_texts

SEEDS = (0, 1, 2, 3, 4)
TARGETS = {"sst2": 82.0, "trec": 90.0, "chnsenticorp": None}
"""Accuracy to reach, percent; None for that of the bag of words."""
SHARED: dict[str, Any] = {
    "cell": "lstm",
    "embedding_size": 128,
    "pooling": ["max", "mean"],
    "min_count": 2,
    "batch_size": 50,
    "lr": 3e-3,
    "training_options": {"averaging": "ema"},
}
RECIPES: dict[str, dict[str, Any]] = {
    "sst2": {
        **SHARED,
        "unit": "space",
        "hidden_size": 96,
        "embedding_size": 200,
        "word_dropout": 0.3,
        "max_epochs": 6,
    },
    "trec": {
        **SHARED,
        "unit": "space",
        "pairs": True,
        "pair_size": 100,
        "cell": "gru",
        "pooling": ["last", "max"],
        "max_epochs": 8,
    },
    "chnsenticorp": {
        **SHARED,
        "unit": "char",
        "pairs": True,
        "pair_size": 100,
        "max_length": 300,
        "embedding_dropout": 0.3,
        "max_epochs": 4,
    },
}
"""One network a set: the best of a few on SST-2's dev part, and on training texts held back of the others."""
Texts = tuple[list[str], list[str]]


def load(name: str) -> tuple[Texts, Texts, Texts]:
    """Texts and labels to learn from, to choose the baseline on, and to test on."""
    folder = data_folder(name)
    if name == "trec":
        train, test = (_read_trec(folder / f"TREC.{part}.all") for part in ("train", "test"))
        return (*_tenth(train), test)
    if name == "chnsenticorp":
        train, test = (_read_table(folder / f"{part}.tsv") for part in ("train", "dev"))
        return (*_tenth(train), test)
    train, dev, test = (_read_table(folder / f"{part}.tsv") for part in ("train", "dev", "test"))
    return train, dev, test


def _read_table(path: Path) -> Texts:
    found = read_texts(path, text="1", label="2")
    assert found.labels is not None
    return found.texts, found.labels.tolist()


def _read_trec(path: Path) -> Texts:
    """A label and a question a line, in Latin-1."""
    rows = [line.partition(" ") for line in path.read_text(encoding="latin-1").splitlines()]
    return [question for _, _, question in rows], [label for label, _, _ in rows]


def _tenth(train: Texts) -> tuple[Texts, Texts]:
    """All there is to learn from, and every tenth text of it, on which the baseline is chosen."""
    return train, (train[0][::10], train[1][::10])


def measure_baseline(name: str, train: Texts, choosing: Texts, test: Texts) -> dict[str, Any]:
    """TF-IDF and a logistic regression, the best of four by the part that is for choosing."""
    own = len(choosing[0]) < len(train[0]) and choosing[0] == train[0][::10]
    kept = [index for index in range(len(train[0])) if not own or index % 10]
    part = [[those[index] for index in kept] for those in train]
    scores = {}
    for longest in (1, 2):
        for strength in (1.0, 10.0):
            analyzer = {"analyzer": "char"} if name == "chnsenticorp" else {"token_pattern": r"\S+"}
            model = make_pipeline(
                TfidfVectorizer(ngram_range=(1, longest), **analyzer), LogisticRegression(C=strength, max_iter=1000)
            )
            scores[longest, strength] = (model.fit(*part).score(*choosing), model)
    (longest, strength), (_, model) = max(scores.items(), key=lambda item: item[1][0])
    accuracy = 100 * clone(model).fit(*train).score(*test)
    return {"accuracy": accuracy, "ngrams": longest, "C": strength}


def measure_seed(name: str, seed: int, train: Texts, test: Texts, smoke: bool = False) -> dict[str, Any]:
    """Fit with one seed and test once."""
    begun = time.perf_counter()
    options = {**RECIPES[name], **({"max_epochs": 1, "hidden_size": 4} if smoke else {})}
    model = TextClassifier(**options, seed=seed, verbose=0).fit(*train)
    fitted = time.perf_counter()
    accuracy = 100 * model.score(*test)
    return {
        "accuracy": accuracy,
        "fit_seconds": fitted - begun,
        "test_seconds": time.perf_counter() - fitted,
        "parameters": sum(parameter.numel() for parameter in model.model_.parameters()),
        "vocabulary": len(model.encoder_.vocabulary),
        "options": options,
    }


def measure_set(rows: KeptRows, name: str, seeds: tuple[int, ...], smoke: bool = False, together: bool = False) -> None:
    """What is missing of one set; ``together`` adds five seeds as one model."""
    torch.set_num_threads(1)
    train, choosing, test = load(name)
    if smoke:
        train, choosing, test = (tuple(part[:200] for part in texts) for texts in (train, choosing, test))

    def begin() -> dict[str, Any]:
        baseline = measure_baseline(name, train, choosing, test)
        return {"train": len(train[0]), "test": len(test[0]), "baseline": baseline}

    def fit_together() -> float:
        one = TextClassifier(**RECIPES[name], verbose=0)
        return 100 * Ensemble.of_seeds(one, SEEDS).fit(*train).score(*test)

    rows.measure((name,), begin)
    for seed in seeds:
        rows.measure((name,), partial(measure_seed, name, seed, train, test, smoke), "seeds", str(seed))
    if together:
        rows.measure((name,), fit_together, "together")


def kept(smoke: bool = False) -> KeptRows:
    """What is measured so far."""
    return KeptRows("text_classification", ("set",), [(name,) for name in TARGETS], tell, smoke=smoke)


def measure(settings: Settings) -> dict[str, Any]:
    """All that has no result yet."""
    rows = kept(settings.smoke)
    for name in TARGETS:
        measure_set(rows, name, SEEDS[:2] if settings.smoke else SEEDS, settings.smoke)
    return rows.document


def tell(document: dict[str, Any]) -> str:
    """The table and what it means."""
    table = []
    for row in document["rows"]:
        runs = list(row.get("seeds", {}).values())
        if not runs:
            continue
        scores = [run["accuracy"] for run in runs]
        mean = statistics.fmean(scores)
        target = TARGETS[row["set"]]
        bar = row["baseline"]["accuracy"] if target is None else target
        goal = f"above {bar:.2f}" if target is None else f"{bar:.1f}"
        table.append(
            [
                row["set"],
                f"{row['train']:,} / {row['test']:,}",
                f"{row['baseline']['accuracy']:.2f}",
                spread(scores),
                f"{min(scores):.2f} to {max(scores):.2f}",
                str(len(scores)),
                f"{row['together']:.2f}" if "together" in row else "-",
                goal,
                verdict(mean, bar) if target is not None else "met" if mean > bar else "**missed**",
                f"{runs[0]['parameters']:,}",
                f"{statistics.fmean(run['fit_seconds'] for run in runs):.0f} s",
            ]
        )
    header = [
        "set",
        "train / test",
        "bag of words",
        "network",
        "range",
        "seeds",
        "five as one",
        "goal",
        "",
        "parameters",
        "a fit",
    ]
    known = {row["set"]: row.get("seeds", ()) for row in document["rows"]}
    left = [f"{name} seed {seed}" for name in TARGETS for seed in SEEDS if str(seed) not in known.get(name, ())]
    missing = f"\n\nNot measured yet: {', '.join(left)}." if left else ""
    recipes = "\n".join(f"- {name}: `TextClassifier({_words(options)})`" for name, options in RECIPES.items())
    return (
        "Test accuracy in percent, no pretrained vectors; ChnSentiCorp's test part has no labels, so its dev part is "
        "the test. The bag of words is TF-IDF of words, or of characters for Chinese, with a logistic regression: "
        "the best of words or pairs, C 1 or 10, by SST-2's dev part or a tenth of the training part. The networks are "
        "the best of about ten on SST-2's dev part, of about fifteen on 500 or 1,000 training questions held back, and "
        "of about twenty-five on 1,200 training reviews held back; these trials have no command. *Five as one*: "
        "`grunit.Ensemble` of five seeds. Each learns from the whole training part for a fixed number of epochs, "
        "and every seed was tested once. One thread, beside other work, so that the times are upper bounds.\n\n"
        + markdown(table, header)
        + missing
        + "\n\n"
        + recipes
    )


def _words(options: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


def main() -> None:
    """Measure what is missing of some sets, and keep each seed as it is done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text_classification", description=__doc__)
    parser.add_argument("--sets", nargs="*", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument("--together", action="store_true", help="fit five seeds once more, as one model")
    options = parser.parse_args()
    rows = kept()
    for name in options.sets:
        measure_set(rows, name, tuple(options.seeds), together=options.together)


if __name__ == "__main__":
    main()
