"""The task ``translation`` for the command line: files of texts, and the translation of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunit.cli.forecast import spare_threads
from grunit.cli.held import begin
from grunit.cli.held import unit_of as unit_of
from grunit.cli.held import words_for as words_for
from grunit.cli.output import took
from grunit.cli.settings import read_settings
from grunit.errors import DataError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from grunit.data.parallel_texts import TextPairs
    from grunit.explain.report_story import Story
    from grunit.tasks import Translator
    from grunit.tasks.held_comparison import HeldComparison

HORIZON = None
READS_TEXTS = True
TAKES_VALIDATION = True
NEXT = "translate"
METRIC = None
"""What ``grunit compare`` decides by is the comparison's own choice."""
SPACE = {
    "cell": ["gru", "lstm"],
    "hidden_size": [128, 256],
    "attention": ["multiplicative", "additive"],
    "dropout": [0.1, 0.3],
    "lr": (5e-4, 5e-3, "log"),
}
"""What ``grunit tune`` searches where nothing is named."""
RESERVED = ("cell", "seed", "verbose")
"""Settings that have an option of their own."""


def create(
    cell: str,
    h: int | None,
    seed: int,
    settings: list[str] | None,
    target: str | None = None,
    identity: str | None = None,
    time: str | None = None,
    text: str | None = None,
    verbose: int = 1,
) -> Translator:
    """A translator from what was typed, everything checked that can be checked without texts."""
    from grunit.tasks import Translator
    from grunit.tasks.cell_choice import require_plain_inputs
    from grunit.tasks.translation_arguments import check_arguments

    for option, value in (("--h", h), ("--id", identity), ("--time", time)):
        if value is not None:
            raise InputError(f"translation has nothing that {option} could name: leave it out")
    translator = Translator(cell=cell, seed=seed, verbose=verbose, **read_settings(settings, Translator, RESERVED))
    check_arguments(translator)
    require_plain_inputs(cell, "a translator")
    translator.settings()
    translator.columns_ = {"text": text, "target": target, "validation": None}
    spare_threads(translator.hidden_size)
    return translator


def read_data(
    data: str,
    target: str | None = None,
    identity: str | None = None,
    time: str | None = None,
    text: str | None = None,
) -> TextPairs:
    """The pairs in a table or in two files."""
    from grunit.data.parallel_texts import read_pairs

    return read_pairs(data, target, text=text)


def read_again(translator: Translator, data: str, answers: bool = True) -> TextPairs:
    """Pairs where those of ``fit`` were; without ``answers`` the texts alone."""
    from grunit.data.parallel_texts import is_table, read_pairs

    spare_threads(translator.hidden_size)
    columns = getattr(translator, "columns_", None) or {}
    text, target = columns.get("text"), columns.get("target")
    if not is_table(data):
        # What --target named was the file beside the one of fit; two files are named with a comma now.
        text, target = None, None if "," in data or not answers else target
    return read_pairs(data, target, text=text, answers=answers)


def fit(translator: Translator, given: TextPairs, resume: bool, validation: str | None = None) -> None:
    """Learn; a fit that is taken up again also finds the file of ``--validation`` again."""
    validation = validation or translator.columns_["validation"]
    translator.columns_["validation"] = validation
    held = None
    if validation is not None:
        from grunit.data.parallel_texts import is_table

        if not is_table(validation) and "," not in validation:
            raise DataError(
                f"{validation}: name both files of --validation with a comma, as in "
                "val.de,val.en, or hold pairs back with --set validation_fraction=0.1 in its place"
            )
        pairs = read_again(translator, validation)
        held = pairs.sources, pairs.targets
    translator.fit(given.sources, given.targets, validation=held, resume=resume)


def describe_fit(translator: Translator, given: TextPairs) -> dict[str, Any]:
    """What a fit came to, as plain data."""
    history = translator.history_
    return {
        "task": "translation",
        "cell": translator.cell,
        "pairs": len(given.sources),
        "too_long": translator.skipped_,
        "vocabulary": [len(translator.source_.vocabulary), len(translator.target_.vocabulary)],
        "parameters": sum(parameter.numel() for parameter in translator.model_.parameters()),
        "epochs": history.epochs,
        "best_epoch": history.best_epoch,
        "loss": history.train[-1],
        "validation_loss": min(history.validation, default=None),
        "seconds": sum(history.seconds),
    }


def show_fit(report: dict[str, Any]) -> str:
    """The same as a sentence."""
    sources, targets = report["vocabulary"]
    long = f", {report['too_long']:,} left out as too long" if report["too_long"] else ""
    known = f"{sources:,} and {targets:,} tokens known"
    return f"{report['cell']} learned {report['pairs']:,} pairs{long} ({known}) in {took(report)}"


def predict(translator: Translator, data: str | None, level: list[float] | None) -> pd.DataFrame:
    """The translation of each text of a file."""
    import pandas as pd

    if data is None:
        raise InputError("translation needs texts: grunit predict MODEL DATA, or grunit translate MODEL < DATA")
    if level is not None:
        raise InputError("translation has no intervals: leave --level out")
    given = read_again(translator, data, answers=False)
    return pd.DataFrame({"line": given.lines, "translation": translator.translate(given.sources)})


def evaluate(translator: Translator, data: str, windows: int | None) -> pd.DataFrame:
    """BLEU and chrF beside those of the texts left as they are."""
    import pandas as pd

    from grunit.data.parallel_texts import is_table
    from grunit.tasks.translation_scores import score_translations

    if windows is not None:
        raise InputError("translation has no windows: leave --windows out")
    if not is_table(data) and "," not in data:
        raise InputError(f"{data} holds one side alone: name both files with a comma, as in test.de,test.en")
    given = read_again(translator, data)
    rows = {
        "Translator": translator.evaluate(given.sources, given.targets),
        "untranslated": score_translations(given.sources, given.targets),
    }
    return pd.DataFrame([{"model": name, **scores} for name, scores in rows.items()])


def examples(translator: Translator, given: TextPairs) -> tuple[Any, ...]:
    """What ``fit`` takes."""
    return given.sources, given.targets


def compare(*plan: Any, keep: Path | None = None) -> HeldComparison:
    """Cells beside a translation memory, on the same pairs."""
    from grunit.tasks.translation_comparison import compare_translators

    _, found, more = begin(create, read_data, RESERVED, *plan, keep=keep)
    return compare_translators(found.sources, found.targets, **more)


def tell(found: HeldComparison, target: str, unit: str, facts: dict[str, Any]) -> Story:
    """The story of a comparison, for a report."""
    from grunit.explain.report_held import tell_held

    return tell_held(found, f"Which cell translates {target}?", facts)
