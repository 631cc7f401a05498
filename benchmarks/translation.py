"""German captions into English: Multi30k, attention beside none, six cells, and how fast a beam search is.

``python -m benchmarks.translation [--rows NAME ...] [--seeds 0 1]`` measures rows one by one and keeps each when it is
done; a fit that is interrupted leaves a checkpoint, from which the same command goes on. ``python -m benchmarks
translation`` measures those missing. Needs the environment variable ``GRUNIT_DATA``, whose folder holds ``multi30k``.
"""

from __future__ import annotations

import shlex
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.kept_rows import KeptRows, by, run
from benchmarks.settings import Settings, data_folder
from benchmarks.tables import markdown, spread
from benchmarks.translation_speed import measure_speed
from grunit import Translator
from grunit.cli.timing import use_threads
from grunit.data.parallel_texts import TextPairs, read_pairs

GOAL = 28.0
"""BLEU that the well-known tutorial of an attention GRU reports for de-en, on test 2016."""
TEXT: dict[str, Any] = {"unit": "bpe", "max_size": 6000}
LARGE: dict[str, Any] = {**TEXT, "hidden_size": 256, "embedding_size": 256, "dropout": 0.3, "max_epochs": 12}
SMALL: dict[str, Any] = {**TEXT, "max_size": 4000, "hidden_size": 128, "embedding_size": 128, "max_epochs": 5}
CELLS = ("rnn", "lstm", "gru", "peephole_lstm", "mgu", "slstm")
ROWS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "attention": (LARGE, (0, 1, 2)),
    "plain": ({**LARGE, "attention": None}, (0, 1, 2)),
    **{f"small, {cell}": ({**SMALL, "cell": cell}, (0, 1)) for cell in CELLS},
}
"""What is measured, with which arguments of Translator and which seeds; everything else is at its default."""


def load(part: str, limit: int | None = None) -> TextPairs:
    """A part of the set, German and English."""
    pairs = read_pairs(*(str(data_folder("multi30k") / f"{part}.{language}.gz") for language in ("de", "en")))
    return TextPairs(pairs.sources[:limit], pairs.targets[:limit], pairs.place)


def measure_row(name: str, seed: int, smoke: bool = False) -> dict[str, Any]:
    """Fit on the training part, keep the weights that are best on the validation part, and test once."""
    options, _ = ROWS[name]
    few = {"hidden_size": 8, "embedding_size": 8, "max_epochs": 1, "max_size": 400} if smoke else {}
    train, held, test = (load(part, 20 if smoke else None) for part in ("train", "val", "test_2016_flickr"))
    with use_threads(1):
        cpu = time.process_time()
        model = Translator(**{**options, **few}, seed=seed, verbose=0 if smoke else 2, device="cpu")
        checkpoint = Path(tempfile.gettempdir(), f"translation-{name.replace(', ', '-')}-{seed}.checkpoint")
        resumed = checkpoint.exists() and not smoke
        model.fit(
            train.sources,
            train.targets,
            validation=(held.sources, held.targets),
            checkpoint=None if smoke else checkpoint,
            resume=resumed,
        )
        # A fit that was taken up again has its seconds in the history, and those of the processor in two processes.
        wall = sum(model.history_.seconds)
        processor = None if resumed else time.process_time() - cpu
        scores = {beams: model.evaluate(test.sources, test.targets, num_beams=beams) for beams in (1, 5)}
        folded = model.evaluate(test.sources, test.targets, lowercase=True)
        speed = measure_speed(model, test.sources, rounds=1 if smoke else 3) if name == "attention" else None
    found = {
        "options": {**options, **few},
        "parameters": sum(parameter.numel() for parameter in model.model_.parameters()),
        "tokens": [len(model.source_.vocabulary), len(model.target_.vocabulary)],
        "BLEU": scores[5]["BLEU"],
        "BLEU, one beam": scores[1]["BLEU"],
        "BLEU, capitals alike": folded["BLEU"],
        "chrF": scores[5]["chrF"],
        "signatures": [scores[5]["BLEU signature"], scores[5]["chrF signature"]],
        "best_epoch": model.history_.best_epoch,
        "validation": model.history_.validation,
        "fit_seconds": wall,
        "processor_seconds": processor,
        "examples": [list(three) for three in zip(test.sources, test.targets, model.translate(test.sources[:5]))],
        "command": f"python -m benchmarks.translation --rows {shlex.quote(name)} --seeds {seed}",
    }
    if speed is not None:
        found["speed"] = speed
    return found


def kept(smoke: bool = False) -> KeptRows:
    """What is measured so far."""
    wanted = [(name, seed) for name, (_, seeds) in ROWS.items() for seed in (seeds[:1] if smoke else seeds)]
    return KeptRows("translation", ("row", "seed"), wanted, tell, smoke=smoke)


def measure(settings: Settings) -> dict[str, Any]:
    """All rows and seeds that have no result yet."""
    return kept(settings.smoke).measure_missing(partial(measure_row, smoke=settings.smoke))


def tell(document: dict[str, Any]) -> str:
    """Tables and what they mean."""
    lines = []
    for name, rows in by("row", document["rows"]).items():
        processor = [row["processor_seconds"] for row in rows]
        scores = ("BLEU", "BLEU, one beam", "BLEU, capitals alike", "chrF")
        lines.append(
            [
                name,
                ", ".join(str(row["seed"]) for row in rows),
                *(spread([row[score] for row in rows]) for score in scores),
                f"{rows[0]['parameters'] / 1e6:.1f} M",
                f"{statistics.fmean(row['fit_seconds'] for row in rows) / 60:.0f} min",
                ", ".join("-" if one is None else f"{one / 60:.0f} min" for one in processor),
            ]
        )
    header = ["network", "seeds", "BLEU", "one beam", "capitals alike", "chrF", "parameters", "a fit", "of processor"]
    main = [row["BLEU"] for row in document["rows"] if row["row"] == "attention"]
    judged = "not measured yet" if not main else "met" if statistics.fmean(main) > GOAL else "**missed**"
    options = [f"`{name}`: `{row['options']}`" for name, row in {r["row"]: r for r in document["rows"]}.items()]
    commands = ", ".join(f"`{row['command']}`" for row in document["rows"])
    return (
        "Multi30k, German to English, 29,000 captions; the weights kept are those with the smallest loss on the "
        "validation part; tested once a seed on test 2016, 1,000 captions, with sacreBLEU (13a, capitals count) and "
        "five beams where nothing else is said. One thread. With several seeds: mean ± standard deviation.\n\n"
        + markdown(lines, header)
        + f"\n\nThe goal, BLEU above {GOAL:.0f} with attention: {judged}.\n\n"
        + tell_speed(document["rows"])
        + "\n\n".join(["Arguments, the rest at their defaults:", *options])
        + (f"\n\nSignatures: `{document['rows'][0]['signatures'][0]}`, " if document["rows"] else "")
        + (f"`{document['rows'][0]['signatures'][1]}`. Commands: {commands}.\n" if document["rows"] else "")
        + tell_examples(document["rows"])
    )


def tell_speed(rows: list[dict[str, Any]]) -> str:
    """How many sentences a second a beam search gives."""
    found = [row["speed"] for row in rows if "speed" in row]
    if not found:
        return ""
    lines = [
        [name, *(f"{speed['sentences a second'][name]:.0f}" for speed in found)]
        for name in found[0]["sentences a second"]
    ]
    agree = ", ".join(f"{speed['same translations']} of {speed['sentences']}" for speed in found)
    return (
        "Sentences a second, five beams, the whole test part, one thread, the median of rounds in turn:\n\n"
        + markdown(lines, ["program", *(f"run {place + 1}" for place in range(len(found)))])
        + f"\n\nThe plain program is `torch.nn` layers with the same weights and the same batched search; it gives the "
        f"same translation as float32 here for {agree}.\n\n"
    )


def tell_examples(rows: list[dict[str, Any]]) -> str:
    """A few translations of the first row."""
    if not rows:
        return ""
    lines = [[source, expected, found] for source, expected, found in rows[0]["examples"]]
    return f"\nThe first captions of the test part, {rows[0]['row']}, seed {rows[0]['seed']}:\n\n" + markdown(
        lines, ["source", "reference", "translation"]
    )


if __name__ == "__main__":
    run(kept(), measure_row, __doc__, again=True)
