"""Texts into classes: SST-2, TREC and ChnSentiCorp, five seeds, without pretrained vectors, beside a bag of words.

``python -m benchmarks.text_classification [--sets trec ...] [--seeds 0 1 ...]`` measures what is missing of some sets
and keeps every seed when it is done, so that a run can be interrupted and taken up again;
``python -m benchmarks text_classification`` measures all that is missing. Needs the environment variable
``GRUNIT_DATA``, whose folder holds ``sst2``, ``trec`` and ``chnsenticorp``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from benchmarks.results import FOLDER, describe_run, read, rounded, write
from benchmarks.settings import Settings, say
from benchmarks.tables import markdown
from grunit import Ensemble, TextClassifier
from grunit.data.text import read_texts
from grunit.errors import DataError

NAME = "text_classification"
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
    "trec": {**SHARED, "unit": "space", "cell": "gru", "pooling": ["last", "max"], "max_epochs": 8},
    "chnsenticorp": {
        **SHARED,
        "unit": "bpe",
        "vocabulary_size": 12_000,
        "max_length": 300,
        "embedding_dropout": 0.3,
        "max_epochs": 4,
    },
}
"""One network a set: the best of a few on SST-2's dev part, and on training texts held back of the others."""
Texts = tuple[list[str], list[str]]


def load(name: str) -> tuple[Texts, Texts, Texts]:
    """Texts and labels to learn from, to choose the baseline on, and to test on."""
    root = os.environ.get("GRUNIT_DATA")
    if not root:
        raise DataError("set GRUNIT_DATA to the folder that holds sst2, trec and chnsenticorp")
    folder = Path(root, name)
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
    }


def measure_set(
    name: str, seeds: tuple[int, ...], row: dict[str, Any], keep: Any, smoke: bool = False, together: bool = False
) -> None:
    """What is missing of one set; ``keep`` is called after every part, ``together`` adds five seeds as one model."""
    torch.set_num_threads(1)
    train, choosing, test = load(name)
    if smoke:
        train, choosing, test = (tuple(part[:200] for part in texts) for texts in (train, choosing, test))
    row |= {"set": name, "train": len(train[0]), "test": len(test[0])}
    if "baseline" not in row:
        row["baseline"] = measure_baseline(name, train, choosing, test)
        keep()
    for seed in map(str, seeds):
        if seed not in row.setdefault("seeds", {}):
            run = row["seeds"][seed] = measure_seed(name, int(seed), train, test, smoke)
            say(f"{name}, seed {seed}: {run['accuracy']:.2f} %, {run['fit_seconds']:.0f} s")
            keep()
    if together and "together" not in row:
        one = TextClassifier(**RECIPES[name], verbose=0)
        row["together"] = 100 * Ensemble.of_seeds(one, SEEDS).fit(*train).score(*test)
        say(f"{name}, five as one: {row['together']:.2f} %")
        keep()


def measure(settings: Settings) -> dict[str, Any]:
    """All that has no result yet."""
    before = None if settings.smoke else read(NAME, FOLDER)
    rows = {row["set"]: row for row in (before or {}).get("rows", [])}
    for name in TARGETS:
        seeds = SEEDS[:2] if settings.smoke else SEEDS
        measure_set(name, seeds, rows.setdefault(name, {}), lambda: None, settings.smoke)
    return {"rows": [rows[name] for name in TARGETS]}


def tell(document: dict[str, Any]) -> str:
    """The table and what it means."""
    table = []
    for row in document["rows"]:
        runs = list(row["seeds"].values())
        scores = [run["accuracy"] for run in runs]
        mean = statistics.fmean(scores)
        spread = f" ± {statistics.stdev(scores):.2f}" if len(scores) > 1 else ""
        target = TARGETS[row["set"]]
        bar = row["baseline"]["accuracy"] if target is None else target
        goal = f"above {bar:.2f}" if target is None else f"{bar:.1f}"
        table.append(
            [
                row["set"],
                f"{row['train']:,} / {row['test']:,}",
                f"{row['baseline']['accuracy']:.2f}",
                f"{mean:.2f}{spread}",
                f"{min(scores):.2f} to {max(scores):.2f}",
                str(len(scores)),
                f"{row['together']:.2f}" if "together" in row else "-",
                goal,
                "met" if (mean > bar if target is None else round(mean, 1) >= bar) else "**missed**",
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
    known = {row["set"]: set(row["seeds"]) for row in document["rows"]}
    left = [f"{name} seed {seed}" for name in TARGETS for seed in SEEDS if str(seed) not in known.get(name, ())]
    missing = f"\n\nNot measured yet: {', '.join(left)}." if left else ""
    recipes = "\n".join(f"- {name}: `TextClassifier({_words(options)})`" for name, options in RECIPES.items())
    return (
        "Test accuracy in percent, no pretrained vectors; ChnSentiCorp's test part has no labels, so its dev part is "
        "the test. The bag of words is TF-IDF of words, or of characters for Chinese, with a logistic regression: "
        "the best of words or pairs, C 1 or 10, by SST-2's dev part or a tenth of the training part. The networks of "
        "SST-2 and TREC are the best of about eight on SST-2's dev part and on 500 training questions held back; that "
        "of ChnSentiCorp is the best of about fourteen on 1,200 training reviews held back, where it had 90.9 and the "
        "bag of words 93.3. *Five as one*: `grunit.Ensemble` of five seeds. Each learns from the whole training part "
        "for a fixed number of epochs, "
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
    for name in options.sets:
        row = {row["set"]: row for row in (read(NAME, FOLDER) or {"rows": []})["rows"]}.get(name, {})

        def keep(name: str = name, row: dict[str, Any] = row) -> None:
            # Read anew, so that several processes can measure sets or seeds of one side by side.
            rows = {known["set"]: known for known in (read(NAME, FOLDER) or {"rows": []})["rows"]}
            runs = {**rows.get(name, {}).get("seeds", {}), **row.get("seeds", {})}
            if not runs:
                return
            row["seeds"] = {seed: runs[seed] for seed in sorted(runs)}
            done = [rows[known] for known in TARGETS if known in (rows := {**rows, name: row})]
            seconds = sum(run["fit_seconds"] + run["test_seconds"] for one in done for run in one["seeds"].values())
            document = rounded({"run": describe_run(Settings(), [NAME], seconds), "rows": done})
            write(NAME, document, tell(document), FOLDER)

        measure_set(name, tuple(options.seeds), row, keep, together=options.together)


if __name__ == "__main__":
    main()
