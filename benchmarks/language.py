"""Language models: Shakespeare by characters, Tang poems whose lines have the right length, Penn Treebank by words.

``python -m benchmarks.language [--sets tinyshakespeare ...]`` measures sets one by one and keeps each when it is done;
a training that was interrupted goes on from its last epoch. ``python -m benchmarks language`` measures those missing.
Needs the environment variable ``GRUNIT_DATA``, whose folder holds ``tinyshakespeare``, ``tang_poems`` and ``ptb``.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.kept_rows import KeptRows, run
from benchmarks.settings import Settings, data_folder
from benchmarks.tables import markdown
from grunit import LanguageModel

RECIPES: dict[str, dict[str, Any]] = {
    "tinyshakespeare": {
        "unit": "char",
        "cell": "gru",
        "hidden_size": 512,
        "embedding_size": 128,
        "tie_weights": False,
        "dropout": 0.2,
        "chunk": 64,
        "batch_size": 32,
        "max_epochs": 8,
        "lr": 4e-3,
        "warmup": 0.1,
    },
    "tang_poems": {
        "unit": "char",
        "cell": "gru",
        "hidden_size": 320,
        "embedding_size": 192,
        "dropout": 0.2,
        "text_options": {"min_count": 3},
        "chunk": 64,
        "batch_size": 16,
        "max_epochs": 8,
        "lr": 4e-3,
        "warmup": 0.1,
    },
    "ptb": {
        "unit": "space",
        "cell": "lstm",
        "hidden_size": 400,
        "dropout": 0.4,
        "embedding_dropout": 0.1,
        "connected": True,
        "chunk": 35,
        "batch_size": 20,
        "max_epochs": 8,
        "lr": 4e-3,
        "warmup": 0.1,
        "weight_decay": 1e-3,
    },
}
"""What is trained, with seed 0."""
SEED = 0
SIGNS = "，。！？；"
POEMS = 100
"""Poems written of each form."""


def train(name: str, learnt: Any, validation: Any, smoke: bool = False) -> tuple[LanguageModel, dict[str, Any]]:
    """A trained model, and what the training took."""
    recipe = {**RECIPES[name], **({"max_epochs": 1, "hidden_size": 8, "embedding_size": 8} if smoke else {})}
    place = Path(tempfile.gettempdir()) / f"grunit-language-{name}{'-smoke' * smoke}.checkpoint"
    wall, processor = time.perf_counter(), time.process_time()
    model = LanguageModel(**recipe, seed=SEED, verbose=2)
    model.fit(learnt, validation, checkpoint=place, resume=place.exists())
    history = model.history_
    return model, {
        "parameters": sum(parameter.numel() for parameter in model.model_.parameters()),
        "vocabulary": len(model.encoder_.vocabulary),
        "epochs": history.epochs,
        "best_epoch": history.best_epoch,
        "training_seconds": sum(history.seconds),
        "fit_seconds": time.perf_counter() - wall,
        "processor_seconds": time.process_time() - processor,
        "threads": torch.get_num_threads(),
        "recipe": recipe,
    }


def measure_shakespeare(smoke: bool = False) -> dict[str, Any]:
    """Characters: the first 90 % are learnt, the rest is held back."""
    text = (data_folder("tinyshakespeare") / "input.txt").read_text(encoding="utf-8")
    cut = int(0.9 * len(text))
    learnt, held = (text[:4000], text[cut : cut + 500]) if smoke else (text[:cut], text[cut:])
    model, row = train("tinyshakespeare", learnt, held, smoke)
    score = model.score_text(held, num_rows=8)
    return {
        **row,
        "nats_per_character": score.nats_per_token,
        "bits_per_character": score.bits_per_character,
        "sample": model.generate("ROMEO:\n", 300, temperature=0.7, seed=0),
    }


def read_poems() -> list[str]:
    """Poems of 4 to 12 lines that are all of 5 or all of 7 characters, the digit before each."""
    poems = []
    for path in sorted(data_folder("tang_poems").glob("poet.tang.*.json"), key=lambda path: int(path.suffixes[-2][1:])):
        for poem in json.loads(path.read_text(encoding="utf-8")):
            text = "".join(poem["paragraphs"])
            lines = cut_lines(text)
            sizes = {len(line) for line in lines}
            if 4 <= len(lines) <= 12 and sizes in ({5}, {7}) and re.fullmatch(f"[\u3400-\u9fff{SIGNS}]+", text):
                poems.append(f"{sizes.pop()}{text}")
    return poems


def cut_lines(text: str) -> list[str]:
    """What stands between the marks.

    >>> cut_lines("床前明月光，疑是地上霜。")
    ['床前明月光', '疑是地上霜']
    """
    return [line for line in re.split(f"[{SIGNS}]", text) if line]


def measure_poems(smoke: bool = False) -> dict[str, Any]:
    """Characters of poems, each of which begins with its form: lines of what is written are counted."""
    poems = read_poems()[: 40 if smoke else None]
    # Every twentieth is held back; poems of one author stand together, so none is left out.
    held, learnt = poems[::20], [poem for index, poem in enumerate(poems) if index % 20]
    model, row = train("tang_poems", learnt, held, smoke)
    known = {line for poem in poems for line in cut_lines(poem[1:])}
    forms, samples = {}, []
    for form in (5, 7):
        written = model.generate([str(form)] * (2 if smoke else POEMS), 110, temperature=0.8, seed=1000 * form)
        lines = [line for poem in written for line in cut_lines(poem)]
        forms[str(form)] = {
            "lines": len(lines),
            "right": 100 * sum(len(line) == form for line in lines) / max(1, len(lines)),
            "whole poems right": 100 * sum({len(x) for x in cut_lines(p)} == {form} for p in written) / len(written),
            "lines of the training text": 100 * sum(line in known for line in lines) / max(1, len(lines)),
        }
        samples += written[:2]
    lines, right = (sum(f["lines"] * f.get(key, 1) for f in forms.values()) for key in ("none", "right"))
    return {
        **row,
        "poems": [len(learnt), len(held)],
        "perplexity": model.perplexity(held),
        "forms": forms,
        "right": right / max(1, lines),
        "sample": "\n\n".join(samples),
    }


def measure_treebank(smoke: bool = False) -> dict[str, Any]:
    """Words of the Penn Treebank, lines one behind the other with an end each, as the field counts them."""
    with zipfile.ZipFile(data_folder("ptb") / "ptb.zip") as archive:
        parts = [
            archive.read(f"ptb.{part}.txt").decode().strip("\n").split("\n") for part in ("train", "valid", "test")
        ]
    learnt, valid, test = (part[: 40 if smoke else None] for part in parts)
    model, row = train("ptb", learnt, valid, smoke)
    score = model.score_text(test, num_rows=10)
    return {
        **row,
        "validation_perplexity": model.perplexity(valid, num_rows=10),
        "perplexity": score.perplexity,
        "test_tokens": score.tokens,
        "sample": model.generate("the company said", 40, temperature=0.7, seed=0),
    }


MEASURES: dict[str, tuple[Callable[..., dict[str, Any]], str, float, Callable[[float, float], bool], str]] = {
    "tinyshakespeare": (measure_shakespeare, "nats_per_character", 1.55, float.__le__, "validation, nats a character"),
    "tang_poems": (measure_poems, "right", 95.0, float.__ge__, "lines of the right length, percent"),
    "ptb": (measure_treebank, "perplexity", 115.0, float.__le__, "test perplexity of words"),
}
"""By set: how it is measured, which number counts, what it is held against, how, and what it is called."""


def measure_set(name: str, smoke: bool = False) -> dict[str, Any]:
    """One row."""
    return {**MEASURES[name][0](smoke), "command": f"python -m benchmarks.language --sets {name}"}


def kept(smoke: bool = False) -> KeptRows:
    """What is measured so far."""
    return KeptRows("language", ("set",), [(name,) for name in MEASURES], tell, smoke=smoke)


def measure(settings: Settings) -> dict[str, Any]:
    """All sets that have no result yet."""
    return kept(settings.smoke).measure_missing(partial(measure_set, smoke=settings.smoke))


def tell(document: dict[str, Any]) -> str:
    """A table, what was written, and what the table means."""
    table, samples, found = [], [], {row["set"]: row for row in document["rows"]}
    for name, (_, key, target, holds, what) in MEASURES.items():
        sign = "≤" if holds is float.__le__ else "≥"
        if name not in found:
            table.append([name, what, f"{sign} {target:g}", "not measured", *["-"] * 6])
            continue
        row = found[name]
        number = float(row[key])
        table.append(
            [
                name,
                what,
                f"{sign} {target:g}",
                f"{number:.3f}" if number < 10 else f"{number:.1f}",
                "met" if holds(number, target) else "**missed**",
                f"{row['recipe']['cell']} {row['recipe']['hidden_size']}",
                f"{row['parameters']:,}",
                f"{row['epochs']}",
                f"{row['wall_seconds'] / 60:.1f} min",
                f"{row['processor_seconds'] / 60:.1f} min",
            ]
        )
        samples.append(f"Of {name}:\n\n```text\n{row['sample'].strip()}\n```")
    header = ["set", "number", "target", "measured", "verdict", "network", "parameters", "epochs", "wall", "processor"]
    parts = [
        "One training each, seed 0, so there is no spread. *Wall* is of training and measuring; *processor* is the "
        "time that the training took of the processor, which tells more where other programs ran beside it.",
        markdown(table, header),
    ]
    if "tinyshakespeare" in found:
        parts.append(
            "tinyshakespeare: the first 90 % learnt, the rest also chose the epoch, as in the numbers published for "
            f"it; {found['tinyshakespeare']['bits_per_character']:.3f} bits a character, read as 8 pieces from empty "
            "states."
        )
    if "tang_poems" in found:
        lines = [
            [f"{form} characters", *(f"{value:.1f}" if value % 1 else f"{value:.0f}" for value in row.values())]
            for form, row in found["tang_poems"]["forms"].items()
        ]
        parts.append(
            "Tang poems: 4 to 12 lines, the form (5 or 7) as the first character; perplexity of the held-back poems "
            f"{found['tang_poems']['perplexity']:.1f}. {POEMS} poems of each form, temperature 0.8:\n\n"
            + markdown(lines, ["form", "lines", "right length, %", "poems all right, %", "lines known before, %"])
        )
    recipes = "\n".join(f"- {name}: `{json.dumps(recipe)}`" for name, recipe in RECIPES.items())
    commands = ", ".join(f"`python -m benchmarks.language --sets {name}`" for name in MEASURES)
    return "\n\n".join([*parts, *samples, f"Recipes:\n\n{recipes}", f"Commands: {commands}, with `OMP_NUM_THREADS=1`."])


if __name__ == "__main__":
    run(kept(), measure_set, __doc__, again=True)
