"""The task ``language`` for the command line: a text to learn, and how well another one is foreseen."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunit.cli.forecast import spare_threads
from grunit.cli.held import begin
from grunit.cli.held import unit_of as unit_of
from grunit.cli.held import words_for as words_for
from grunit.cli.output import took
from grunit.cli.settings import read_settings
from grunit.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from grunit.explain.report_story import Story
    from grunit.tasks import LanguageModel
    from grunit.tasks.held_comparison import HeldComparison

HORIZON = None
TAKES_VALIDATION = True
NEXT = "generate"
"""The verb that is told of after a fit."""
METRIC = None
"""What ``grunit compare`` decides by is the comparison's own choice."""
SPACE = {"cell": ["gru", "lstm"], "hidden_size": [128, 256], "dropout": [0.0, 0.2], "lr": (1e-3, 1e-2, "log")}
"""What ``grunit tune`` searches where nothing is named."""
RESERVED = ("cell", "seed", "verbose")
"""Settings that have an option of their own."""
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
"""Files that hold many texts; any other is one text."""


def create(
    cell: str,
    h: int | None,
    seed: int,
    settings: list[str] | None,
    target: str | None = None,
    identity: str | None = None,
    time: str | None = None,
    verbose: int = 1,
) -> LanguageModel:
    """A model from what was typed, everything checked that can be checked without a text."""
    from grunit.tasks import LanguageModel
    from grunit.tasks.language_model_arguments import check_arguments, make_encoder

    for option, given in (("--h", h), ("--target", target), ("--id", identity), ("--time", time)):
        if given is not None:
            raise InputError(f"a text has nothing that {option} could name: leave it out")
    model = LanguageModel(cell=cell, seed=seed, verbose=verbose, **read_settings(settings, LanguageModel, RESERVED))
    check_arguments(model)
    make_encoder(model)
    model.settings(max_epochs=model.max_epochs or 1)
    spare_threads(model.hidden_size)
    return model


def read_data(
    data: str, target: str | None = None, identity: str | None = None, time: str | None = None
) -> str | list[str]:
    """The text of a plain file, or the texts of a table."""
    from grunit.data.text.files import read_lines, read_texts

    if Path(data).suffix.lower() in TABLES:
        return read_texts(data, answers=False, again=True).texts
    return "\n".join(read_lines(data)) + "\n"


def read_again(model: LanguageModel, data: str) -> str | list[str]:
    """A file for a model that is there."""
    spare_threads(model.hidden_size)
    return read_data(data)


def fit(model: LanguageModel, text: str | list[str], resume: bool, validation: str | None = None) -> None:
    """Learn; a fit that is taken up again also finds the file of ``--validation`` again."""
    validation = validation or (getattr(model, "columns_", None) or {}).get("validation")
    model.columns_ = {"validation": validation}
    model.fit(text, None if validation is None else read_data(validation), resume=resume)


def describe_fit(model: LanguageModel, text: str | list[str]) -> dict[str, Any]:
    """What a fit came to, as plain data."""
    history = model.history_
    best = min(history.validation, default=None)
    return {
        "task": "language",
        "cell": model.cell,
        "unit": model.unit,
        "texts": 1 if isinstance(text, str) else len(text),
        "characters": len(text) if isinstance(text, str) else sum(map(len, text)),
        "vocabulary": len(model.encoder_.vocabulary),
        "parameters": sum(parameter.numel() for parameter in model.model_.parameters()),
        "epochs": history.epochs,
        "best_epoch": history.best_epoch,
        "loss": history.train[-1],
        "validation_loss": best,
        "validation_perplexity": None if best is None else math.exp(min(best, 700.0)),
        "seconds": sum(history.seconds),
    }


def show_fit(report: dict[str, Any]) -> str:
    """The same as a sentence."""
    held = report["validation_perplexity"]
    what = f"perplexity {math.exp(min(report['loss'], 700.0)):.4g}" + (f", held back {held:.4g}" if held else "")
    return (
        f"{report['cell']} learned {report['characters']:,} characters ({report['unit']}, {report['vocabulary']:,} "
        f"different) in {took(report)}: {what}"
    )


def predict(model: LanguageModel, data: str | None, level: list[float] | None) -> pd.DataFrame:
    """Not what a language model does."""
    raise InputError("a language model writes on, it has no predictions: use grunit generate MODEL --prompt TEXT")


def evaluate(model: LanguageModel, data: str, windows: int | None) -> pd.DataFrame:
    """What the text costs, beside a guess among all tokens alike."""
    import pandas as pd

    from grunit.tasks.language_model_scores import TextScore

    if windows is not None:
        raise InputError("a text has no windows: leave --windows out")
    score = model.score_text(read_again(model, data))
    alike = score.tokens * math.log(len(model.encoder_.vocabulary))
    guess = TextScore(alike, score.tokens, score.characters)
    return pd.DataFrame(
        {
            "model": name,
            "tokens": one.tokens,
            "perplexity": one.perplexity,
            "bits per character": one.bits_per_character,
            "nats per token": one.nats_per_token,
        }
        for name, one in (("LanguageModel", score), ("all tokens alike", guess))
    )


def examples(model: LanguageModel, text: str | list[str]) -> tuple[Any, ...]:
    """What ``fit`` takes."""
    return (text,)


def compare(*plan: Any, keep: Path | None = None) -> HeldComparison:
    """Cells beside counts of neighbouring tokens, on the same text."""
    from grunit.tasks.language_model_comparison import compare_languages

    _, text, more = begin(create, read_data, RESERVED, *plan, keep=keep)
    return compare_languages(text, **more)


def tell(found: HeldComparison, target: str, unit: str, facts: dict[str, Any]) -> Story:
    """The story of a comparison, for a report."""
    from grunit.explain.report_held import tell_held

    return tell_held(found, f"Which cell foresees {target}?", facts)
