"""The task ``text-classification`` for the command line: files of texts, and the class of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunit.cli.forecast import largest, spare_threads
from grunit.cli.held import begin
from grunit.cli.held import unit_of as unit_of
from grunit.cli.held import words_for as words_for
from grunit.cli.output import took
from grunit.cli.settings import read_settings
from grunit.errors import DataError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from grunit.data.text import LabelledTexts
    from grunit.explain.report_story import Story
    from grunit.tasks import TextClassifier
    from grunit.tasks.held_comparison import HeldComparison

HORIZON = None
READS_TEXTS = True
TAKES_VALIDATION = True
METRIC = None
"""What ``grunit compare`` decides by is the comparison's own choice: the share of wrong answers."""
RESERVED = ("cell", "seed", "verbose", "features")
"""Settings that have an option of their own, or that no word can say."""
WORDS_SHOWN = 5


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
) -> TextClassifier:
    """A classifier from what was typed, everything checked that can be checked without texts."""
    from grunit.tasks import TextClassifier
    from grunit.tasks.text_classifier_arguments import check_arguments, make_encoder

    refuse_others(h, identity, time)
    classifier = TextClassifier(
        cell=cell, seed=seed, verbose=verbose, **read_settings(settings, TextClassifier, RESERVED)
    )
    check_arguments(classifier)
    classifier.check_class_arguments()
    make_encoder(classifier)
    classifier.settings(max_epochs=classifier.max_epochs or 1)
    classifier.columns_ = {"text": text, "label": target, "validation": None}
    spare_threads(classifier.hidden_size)
    return classifier


def refuse_others(h: int | None, identity: str | None, time: str | None) -> None:
    """Refuse options that mean nothing to texts."""
    for option, given in (("--h", h), ("--id", identity), ("--time", time)):
        if given is not None:
            raise InputError(f"text-classification has nothing that {option} could name: leave it out")


def read_data(
    data: str,
    target: str | None = None,
    identity: str | None = None,
    time: str | None = None,
    text: str | None = None,
) -> LabelledTexts:
    """The texts in a file, with their labels."""
    from grunit.data.text import read_texts

    found = read_texts(data, text=text, label=target)
    assert found.labels is not None
    if len(set(found.labels.tolist())) == 1:
        raise DataError(
            f"{data}: every text has the label {str(found.labels[0])!r}: give texts of two classes at least"
        )
    return found


def read_again(classifier: TextClassifier, data: str, answers: bool = True) -> LabelledTexts:
    """A file with the columns that the model was fitted on; without ``answers`` that of the labels may be missing."""
    from grunit.data.text import read_texts

    spare_threads(largest(classifier))
    first = getattr(classifier, "members", [classifier])[0]  # of an ensemble
    known = getattr(first, "columns_", None) or {}
    columns = {name: known.get(name) for name in ("text", "label")}
    if not answers and data.endswith(".txt"):
        columns = {"text": None, "label": None}
    return read_texts(data, answers=answers, again=True, **columns)


def fit(classifier: TextClassifier, given: LabelledTexts, resume: bool, validation: str | None = None) -> None:
    """Learn; a fit that is taken up again also finds the file of ``--validation`` again."""
    columns = getattr(classifier, "columns_", None) or {}
    validation = validation or columns.get("validation")
    classifier.columns_ = {**columns, "validation": validation}
    held = None if validation is None else read_again(classifier, validation)
    kept = None if held is None else (held.texts, held.labels)
    classifier.fit(given.texts, given.labels, validation=kept, resume=resume)


def describe_fit(classifier: TextClassifier, given: LabelledTexts) -> dict[str, Any]:
    """What a fit came to, as plain data."""
    history, encoder = classifier.history_, classifier.encoder_
    return {
        "task": "text-classification",
        "cell": classifier.cell,
        "texts": len(given),
        "classes": classifier.classes_.tolist(),
        "vocabulary": None if encoder is None else len(encoder.vocabulary),
        "temperature": classifier.temperature_,
        "parameters": sum(parameter.numel() for parameter in classifier.model_.parameters()),
        "epochs": history.epochs,
        "best_epoch": history.best_epoch,
        "loss": history.train[-1],
        "validation_loss": min(history.validation, default=None),
        "seconds": sum(history.seconds),
    }


def show_fit(report: dict[str, Any]) -> str:
    """The same as a sentence."""
    return (
        f"{report['cell']} learned {report['texts']:,} texts of {len(report['classes'])} classes "
        f"({report['vocabulary']:,} tokens known) in {took(report)}"
    )


def predict(classifier: TextClassifier, data: str | None, level: list[float] | None) -> pd.DataFrame:
    """The class of each text of a file, the probability of each class, and the tokens that spoke for the answer."""
    import pandas as pd

    if data is None:
        raise InputError("text-classification needs texts to answer for: grunit predict MODEL DATA")
    if level is not None:
        raise InputError("text-classification has no intervals: leave --level out")
    given = read_again(classifier, data, answers=False)
    probabilities = classifier.predict_proba(given.texts)
    frame = pd.DataFrame({"line": given.lines, "prediction": classifier.classes_[probabilities.argmax(1)]})
    for label, column in zip(classifier.classes_, probabilities.T, strict=True):
        frame[f"probability of {label}"] = column
    if hasattr(classifier, "explain"):  # the members of an ensemble may cut texts into unlike tokens
        reasons = classifier.explain(given.texts, method="gradient_x_input")
        frame["because of"] = [", ".join(strongest(reason)) for reason in reasons]
    return frame


def strongest(reason: list[tuple[str, float]], count: int = WORDS_SHOWN) -> list[str]:
    """The tokens that spoke most for an answer, each once.

    >>> strongest([("a", 0.1), ("fine", 0.7), ("dull", -0.4), ("fine", 0.5)])
    ['fine', 'a']
    """
    ordered = sorted((pair for pair in reason if pair[1] > 0), key=lambda pair: -pair[1])
    return list(dict.fromkeys(token for token, _ in ordered))[:count]


def evaluate(classifier: TextClassifier, data: str, windows: int | None) -> pd.DataFrame:
    """Scores of the model and of the answer that does not look."""
    from grunit.tasks.sequence_scores import score_classes

    if windows is not None:
        raise InputError("text-classification has no windows: leave --windows out")
    given = read_again(classifier, data)
    return score_classes(classifier, given.texts, given.labels)


def examples(classifier: TextClassifier, given: LabelledTexts) -> tuple[Any, ...]:
    """What ``fit`` takes."""
    return given.texts, given.labels


def compare(*plan: Any, keep: Path | None = None) -> HeldComparison:
    """Cells beside a bag of words, each fitted on the same texts and judged on the same others."""
    from grunit.tasks.text_classifier_comparison import compare_texts

    _, found, more = begin(create, read_data, RESERVED, *plan, keep=keep)
    return compare_texts(found.texts, found.labels, **more)


def tell(found: HeldComparison, target: str, unit: str, facts: dict[str, Any]) -> Story:
    """The story of a comparison, for a report."""
    from grunit.explain.report_held import tell_held

    return tell_held(found, f"Which cell classifies {target}?", facts)
