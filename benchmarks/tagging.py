"""Tags of words and characters: parts of speech of English, entities of Chinese résumés and of English posts.

``python -m benchmarks.tagging [--sets wnut17 ...] [--seeds 0 1 ...]`` measures one seed after the other and keeps each
when it is done, so that a run can be interrupted and taken up again; ``python -m benchmarks tagging`` measures what is
missing of the first seed. ``--baseline`` measures the most frequent tag of each word alone, ``--characters cnn rnn``
what words are spelt by, side by side on one set. Needs the environment variable ``GRUNIT_DATA``, whose folder holds
``ud_en_ewt``, ``resume_ner`` and ``wnut17``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.kept_rows import KeptRows
from benchmarks.settings import Settings, data_folder, say
from benchmarks.tables import markdown, spread, verdict
from grunit import SequenceTagger
from grunit.data.tagging import TaggedSentences, read_tagged
from grunit.tasks.measures import measure_answers
from grunit.tasks.sequence_tagger_baseline import FrequentTags
from grunit.training import History


@dataclass(frozen=True)
class Task:
    """A data set, what is measured on it, and the tagger.

    Args:
        files: to learn from, to choose by, to test on.
        measure: what the score is.
        target: to be reached, in percent; None where there is none.
        options: of :class:`grunit.SequenceTagger`, chosen on the second file.
    """

    files: tuple[str, str, str]
    measure: str
    target: float | None
    options: dict[str, Any]


NEAR = {"bucketing": True}
TASKS = {
    "ud_en_ewt": Task(
        ("en_ewt-ud-train.rebuilt.conllu.gz", "en_ewt-ud-dev.conllu", "en_ewt-ud-test.conllu"),
        "accuracy",
        93.0,
        {"max_epochs": 5, "training_options": NEAR},
    ),
    "resume_ner": Task(
        ("train.char.bmes", "dev.char.bmes", "test.char.bmes"),
        "entity F1",
        93.5,
        # One sentence of the training file was cut off within an entity.
        {"max_epochs": 10, "characters": None, "pairs": True, "lr": 5e-3, "mend_tags": True, "training_options": NEAR},
    ),
    "wnut17": Task(
        ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"),
        "entity F1",
        None,
        {"max_epochs": 10, "learn_as": "BIOES", "training_options": NEAR},
    ),
}
CHARACTERS = "ud_en_ewt"
"""The set on which the ways to spell a word stand side by side."""
SEEDS = (0,)
"""Measured by ``python -m benchmarks tagging``; more by name."""


def load(name: str, smoke: bool = False) -> list[TaggedSentences]:
    """The three files of a set."""
    found = [read_tagged(data_folder(name) / file) for file in TASKS[name].files]
    if smoke:
        found = [TaggedSentences(one.tokens[:20], one.labels()[:20], one.source) for one in found]
    return found


class PausedError(Exception):
    """The time given is over; the checkpoint holds how far the fit has come."""


def train(tagger: SequenceTagger, data: TaggedSentences, pieces: Path | None, seconds: float) -> float:
    """Fit, in as many pieces as it takes, and the processor's seconds of all of them.

    Args:
        tagger: untrained.
        data: to learn from.
        pieces: a file for the checkpoint; None to fit at one go. What comes out is the same, to the bit.
        seconds: after which a piece ends with its epoch.
    """
    spent_file = None if pieces is None else pieces.with_suffix(".seconds")
    spent = float(spent_file.read_text()) if spent_file is not None and spent_file.exists() else 0.0
    begun, before = time.perf_counter(), time.process_time()

    def watch(history: History) -> None:
        say(f"  epoch {history.epochs}: {history.train[-1]:.4f}, {history.seconds[-1]:.0f} s")
        if pieces is not None and time.perf_counter() - begun > seconds:
            raise PausedError

    resume = pieces is not None and pieces.exists()
    try:
        tagger.fit(data.tokens, data.labels(), watch=watch, resume=resume, checkpoint=pieces)
    except (PausedError, KeyboardInterrupt):
        if spent_file is not None:
            spent_file.write_text(str(spent + time.process_time() - before))
        raise
    if spent_file is not None:
        spent_file.unlink(missing_ok=True)
    return spent + time.process_time() - before


def measure_seed(
    name: str,
    seed: int,
    smoke: bool = False,
    pieces: Path | None = None,
    seconds: float = 0.0,
    characters: str | None = None,
) -> dict[str, Any]:
    """Fit once, and score on both files that were not learnt from.

    Args:
        name, seed: which.
        smoke: a little of the data, one epoch.
        pieces: a folder for checkpoints.
        seconds: of a piece.
        characters: in place of the set's own option.
    """
    data, held, test = load(name, smoke)
    spelt = {} if characters is None else {"characters": characters}
    options = {**TASKS[name].options, **spelt, **({"max_epochs": 1, "hidden_size": 4} if smoke else {})}
    tagger = SequenceTagger(**options, seed=seed, verbose=0)
    processor = train(tagger, data, None if pieces is None else pieces / f"{name}-{characters or ''}{seed}", seconds)
    start = time.perf_counter()
    scores = tagger.evaluate(test.tokens, test.labels())
    predicting = time.perf_counter() - start
    kinds = {kind: [100 * one.precision, 100 * one.recall, 100 * one.f1] for kind, one in scores.kinds.items()}
    return {
        "seed": seed,
        "held": 100 * tagger.score(held.tokens, held.labels()),
        "test": 100 * (scores.accuracy if tagger.scheme_ is None else scores.total.f1),
        "test_accuracy": 100 * scores.accuracy,
        "test_precision": 100 * scores.total.precision,
        "test_recall": 100 * scores.total.recall,
        "kinds": {} if tagger.scheme_ is None else kinds,
        "parameters": sum(parameter.numel() for parameter in tagger.model_.parameters()),
        "epochs": tagger.history_.epochs,
        "fit_seconds": sum(tagger.history_.seconds),
        "fit_processor_seconds": processor,
        "tokens_per_second": scores.tokens / predicting,
        "sentences": [len(data), len(held), len(test)],
        "options": {key: value for key, value in options.items() if key != "training_options"},
        "command": f"python -m benchmarks.tagging --sets {name} --seeds {seed}"
        + ("" if characters is None else f" --characters {characters}"),
    }


def measure_baseline(name: str, smoke: bool = False) -> dict[str, Any]:
    """The most frequent tag of each word, on the same files."""
    data, held, test = load(name, smoke)
    begun = time.process_time()
    baseline = FrequentTags().fit(data.tokens, data.labels())
    held_score, test_score = (
        100 * measure_answers("SequenceTagger", baseline.predict(part.tokens), part.labels(), part.tokens)[measured]
        for part, measured in ((held, TASKS[name].measure), (test, TASKS[name].measure))
    )
    return {"held": held_score, "test": test_score, "processor_seconds": time.process_time() - begun}


def kept(smoke: bool = False) -> KeptRows:
    """What is measured so far."""
    return KeptRows("tagging", ("set",), [(name,) for name in TASKS], tell, smoke=smoke)


def measure(settings: Settings) -> dict[str, Any]:
    """The first seed and the baseline of every set that have no result yet."""
    rows = kept(settings.smoke)
    for name in TASKS:
        for seed in SEEDS:
            rows.measure((name,), partial(measure_seed, name, seed, settings.smoke), "seeds", str(seed))
        rows.measure((name,), partial(measure_baseline, name, settings.smoke), "baseline")
    return rows.document


def tell(document: dict[str, Any]) -> str:
    """Tables and what they mean."""
    rows, kinds, commands, spelt = [], [], [], []
    for row in document["rows"]:
        task, seeds = TASKS[row["set"]], list(row.get("seeds", {}).values())
        if not seeds:
            continue
        first = seeds[0]
        commands.append(f"python -m benchmarks.tagging --sets {row['set']} --seeds {' '.join(row['seeds'])}")
        tests = [one["test"] for one in seeds]
        processor = [one["fit_processor_seconds"] for one in seeds if one["fit_processor_seconds"] is not None]
        rows.append(
            [
                row["set"],
                " / ".join(str(count) for count in first["sentences"]),
                task.measure,
                spread([one["held"] for one in seeds]),
                spread(tests),
                str(len(seeds)),
                "-" if task.target is None else f"{task.target:.1f}",
                "-" if task.target is None else verdict(statistics.fmean(tests), task.target),
                f"{first['parameters']:,}",
                str(first["epochs"]),
                f"{statistics.fmean(one['fit_seconds'] for one in seeds):.0f} s",
                f"{statistics.fmean(processor):.0f} s",
                f"{statistics.fmean(one['tokens_per_second'] for one in seeds):.0f}",
            ]
        )
        if "baseline" in row:
            ours = row["baseline"]
            line = [row["set"], rows[-1][1], f"{task.measure}, {FrequentTags.name}"]
            rows.append([*line, f"{ours['held']:.2f}", f"{ours['test']:.2f}", *["-"] * 8])
        for way, one in row.get("characters", {}).items():
            spelt.append(
                [
                    row["set"],
                    way,
                    f"{one['held']:.2f}",
                    f"{one['test']:.2f}",
                    f"{one['parameters']:,}",
                    f"{one['fit_processor_seconds']:.0f} s",
                    f"{one['tokens_per_second']:.0f}",
                ]
            )
        for kind in first["kinds"]:
            means = [statistics.fmean(one["kinds"][kind][place] for one in seeds) for place in range(3)]
            kinds.append([row["set"], kind, *(f"{mean:.2f}" for mean in means)])
    header = ["set", "sentences: train / dev / test", "measure", "dev", "test", "seeds", "target", "test against it"]
    header += ["parameters", "epochs", "a fit, wall", "a fit, processor", "tokens tagged a second"]
    described = "; ".join(f"{name}: {task.options}" for name, task in TASKS.items())
    return (
        "Percent, on the sets' own splits, without pretrained vectors: the mean and standard deviation over the seeds. "
        "Every fit has one thread and a fixed number of epochs; options were set before the test part was "
        "looked at. Entity F1 by the rules of `conlleval`. Wall times are of a machine with other work; the "
        "processor's time is beside them.\n\n"
        + markdown(rows, header)
        + "\n\nEntities of the test parts by kind, means over the seeds:\n\n"
        + markdown(kinds, ["set", "kind", "precision", "recall", "F1"])
        + tell_characters(spelt)
        + "\n\nCommands: "
        + ", ".join(f"`{command}`" for command in [*commands, "python -m benchmarks.tagging --baseline"])
        + f". Options of `SequenceTagger` that are not its defaults: `{described}`."
    )


def tell_characters(rows: list[list[str]]) -> str:
    """What words are spelt by, side by side."""
    if not rows:
        return ""
    header = ["set", "characters", "dev", "test", "parameters", "a fit, processor", "tokens tagged a second"]
    told = (
        "Characters read by a convolution or by a recurrent layer, all else alike, one seed each, one after the other"
    )
    command = f"python -m benchmarks.tagging --sets {CHARACTERS} --seeds 0 --characters cnn rnn"
    return f"\n\n{told} (`{command}`):\n\n" + markdown(rows, header)


def main() -> None:
    """Measure some seeds of some sets, and keep each as it is done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tagging", description=__doc__)
    parser.add_argument("--sets", nargs="*", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument(
        "--pieces", type=Path, help="a folder: fit in pieces, each --seconds long, taken up again there"
    )
    parser.add_argument("--seconds", type=float, default=90.0, help="of a piece; it ends with its epoch")
    parser.add_argument("--baseline", action="store_true", help="measure the most frequent tag of each word alone")
    parser.add_argument("--characters", nargs="*", choices=["cnn", "rnn"], help="what words are spelt by, side by side")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = kept()
    try:
        for name in options.sets if options.baseline else ():
            rows.measure((name,), partial(measure_baseline, name), "baseline", again=True)
        for way in options.characters or ():
            make = partial(measure_seed, CHARACTERS, options.seeds[0], pieces=options.pieces, characters=way)
            rows.measure((CHARACTERS,), make, "characters", way, again=True)
        for seed in () if options.baseline or options.characters else options.seeds:
            for name in options.sets:
                make = partial(measure_seed, name, seed, pieces=options.pieces, seconds=options.seconds)
                rows.measure((name,), make, "seeds", str(seed), again=True)
    except PausedError:
        sys.exit(75)  # "try again": the same command goes on


if __name__ == "__main__":
    main()
