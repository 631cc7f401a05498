"""The task ``tagging`` for the command line: files with a token a line, and the tag of each."""

from __future__ import annotations

from collections import Counter
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

    from grunit.data.tagging import TaggedSentences
    from grunit.explain.report_story import Story
    from grunit.tasks import SequenceTagger
    from grunit.tasks.held_comparison import HeldComparison

HORIZON = None
READS_TEXTS = True
TAKES_VALIDATION = True
METRIC = None
"""What ``grunit compare`` decides by is the comparison's own choice."""
SPACE = {
    "cell": ["gru", "lstm"],
    "hidden_size": [64, 128],
    "characters": [None, "cnn"],
    "dropout": [0.3, 0.5],
    "lr": (1e-3, 1e-2, "log"),
}
"""What ``grunit tune`` searches where nothing is named."""
RESERVED = ("cell", "seed", "verbose", "features")
"""Settings that have an option of their own, or that no word can say."""


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
) -> SequenceTagger:
    """A tagger from what was typed, everything checked that can be checked without sentences."""
    from grunit.tasks import SequenceTagger
    from grunit.tasks.sequence_tagger_arguments import check_arguments

    for option, value in (("--h", h), ("--id", identity), ("--time", time)):
        if value is not None:
            raise InputError(f"tagging has nothing that {option} could name: leave it out")
    tagger = SequenceTagger(cell=cell, seed=seed, verbose=verbose, **read_settings(settings, SequenceTagger, RESERVED))
    check_arguments(tagger)
    tagger.settings(max_epochs=tagger.max_epochs or 1)
    tagger.columns_ = {"tokens": text, "tags": target, "validation": None}
    spare_threads(tagger.hidden_size)
    return tagger


def read_data(
    data: str,
    target: str | None = None,
    identity: str | None = None,
    time: str | None = None,
    text: str | None = None,
) -> TaggedSentences:
    """The sentences in a file, with their tags."""
    from grunit.data.tagging import read_tagged

    return read_tagged(data, tokens=text, tags=target)


def read_again(tagger: SequenceTagger, data: str, answers: bool = True) -> TaggedSentences:
    """A file with the columns that the model was fitted on; without ``answers`` the tags may be missing."""
    from grunit.data.tagging import read_tagged

    spare_threads(tagger.hidden_size)
    columns = getattr(tagger, "columns_", None) or {}
    return read_tagged(data, tokens=columns.get("tokens"), tags=columns.get("tags"), answers=answers)


def fit(tagger: SequenceTagger, given: TaggedSentences, resume: bool, validation: str | None = None) -> None:
    """Learn; a fit that is taken up again also finds the file of ``--validation`` again."""
    columns = getattr(tagger, "columns_", None) or {}
    validation = validation or columns.get("validation")
    tagger.columns_ = {**columns, "validation": validation}
    held = None if validation is None else read_again(tagger, validation)
    # Data that go on with a fit are those it began with, which were checked then, or are refused for being others.
    scheme = None if resume else check_scheme(tagger, given)
    if held is not None and not tagger.mend_tags and not resume:
        held.require_scheme(scheme)
        if tagger.learn_as is None:
            held.require_tags({tag for tags in given.labels() for tag in tags})
    kept = None if held is None else (held.tokens, held.labels())
    tagger.fit(given.tokens, given.labels(), validation=kept, resume=resume)


def describe_fit(tagger: SequenceTagger, given: TaggedSentences) -> dict[str, Any]:
    """What a fit came to, as plain data."""
    history = tagger.history_
    return {
        "task": "tagging",
        "cell": tagger.cell,
        "sentences": len(given),
        "tokens": sum(map(len, given.tokens)),
        "scheme": tagger.scheme_,
        "tags": tagger.tags_,
        "parameters": sum(parameter.numel() for parameter in tagger.model_.parameters()),
        "epochs": history.epochs,
        "best_epoch": history.best_epoch,
        "loss": history.train[-1],
        "validation_loss": min(history.validation, default=None),
        "seconds": sum(history.seconds),
    }


def show_fit(report: dict[str, Any]) -> str:
    """The same as a sentence."""
    scheme = f", {report['scheme']}" if report["scheme"] else ""
    return (
        f"{report['cell']} learned {report['tokens']:,} tokens of {report['sentences']:,} sentences "
        f"({len(report['tags'])} tags{scheme}) in {took(report)}"
    )


def predict(tagger: SequenceTagger, data: str | None, level: list[float] | None) -> pd.DataFrame:
    """The tag of each token of a file, and the probability of that tag."""
    import pandas as pd

    from grunit.data.tagging_schemes import convert

    if data is None:
        raise InputError("tagging needs sentences to tag: grunit predict MODEL DATA")
    if level is not None:
        raise InputError("tagging has no intervals: leave --level out")
    given = read_again(tagger, data, answers=False)
    rows = []
    numbers = {tag: number for number, tag in enumerate(tagger.tags_)}
    answers = zip(given.tokens, given.lines, tagger.predict(given.tokens), tagger.predict_proba(given.tokens))
    for index, (tokens, lines, tags, shares) in enumerate(answers, 1):
        learnt = tags if tagger.learn_as is None else convert(tags, tagger.learn_as)
        for line, token, tag, own, share in zip(lines, tokens, tags, learnt, shares):
            rows.append((index, line, token, tag, float(share[numbers[own]])))
    return pd.DataFrame(rows, columns=["sentence", "line", "token", "prediction", "probability"])


def evaluate(tagger: SequenceTagger, data: str, windows: int | None) -> pd.DataFrame:
    """Precision, recall and F1 of entities, in all and by kind; else accuracy, beside always the same tag."""
    import pandas as pd

    if windows is not None:
        raise InputError("tagging has no windows: leave --windows out")
    given = read_again(tagger, data)
    if tagger.scheme_ is not None:
        given.require_entities()
    scores = tagger.evaluate(given.tokens, given.labels())
    if tagger.scheme_ is None:
        counts = Counter(tag for tags in given.labels() for tag in tags)
        tag, most = counts.most_common(1)[0]
        answers = {"SequenceTagger": scores.accuracy, f"always {tag}": most / scores.tokens}
        return pd.DataFrame({"accuracy": answers}).rename_axis("model")
    rows = {
        kind: {
            "precision": one.precision,
            "recall": one.recall,
            "F1": one.f1,
            "there": one.there,
            "found": one.found,
            "right": one.right,
        }
        for kind, one in {"all": scores.total, **scores.kinds}.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("entities")


def check_scheme(tagger: SequenceTagger, given: TaggedSentences) -> str | None:
    """The scheme of tags; those that break it are refused, naming file and line, where they are not to be mended."""
    from grunit.tasks.sequence_tagger_arguments import AUTO, choose_scheme

    if tagger.scheme == AUTO:
        given.require_marks()
    scheme = choose_scheme(tagger.scheme, given.labels())
    if not tagger.mend_tags:
        given.require_scheme(scheme)
    return scheme


def examples(tagger: SequenceTagger, given: TaggedSentences) -> tuple[Any, ...]:
    """What ``fit`` takes."""
    check_scheme(tagger, given)
    return given.tokens, given.labels()


def compare(*plan: Any, keep: Path | None = None) -> HeldComparison:
    """Cells beside the most frequent tag of each word, on the same sentences."""
    from grunit.tasks.sequence_tagger_comparison import compare_taggers

    first, found, more = begin(create, read_data, RESERVED, *plan, keep=keep)
    check_scheme(first, found)
    return compare_taggers(found.tokens, found.labels(), **more)


def tell(found: HeldComparison, target: str, unit: str, facts: dict[str, Any]) -> Story:
    """The story of a comparison, for a report."""
    from grunit.explain.report_held import tell_held

    return tell_held(found, f"Which cell tags {target}?", facts)
