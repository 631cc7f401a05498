"""What the arguments of a tagger come to, given sentences and tags."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from grunit.data.tagging_schemes import convert, entities, find_break, find_scheme, find_stray, guess_scheme, write_tags
from grunit.errors import DataError, InputError, suggest
from grunit.nn.options import check_choice, check_part, check_share, check_size
from grunit.tasks.cell_choice import require_plain_inputs
from grunit.tasks.sequence_arguments import split_rows
from grunit.tasks.sequence_tagger_model import CHARACTERS, CharacterCNN, CharacterRNN
from grunit.tasks.text_features import check_given

AUTO = "auto"
VALIDATION = 0.1
"""Share of the sentences that decides when to stop, where patience is given and no share."""


def check_arguments(tagger: Any) -> None:
    """Refuse values out of range before any work.

    Raises:
        InputError: naming the argument.
    """
    require_plain_inputs(tagger.cell, "a tagger")
    for name in ("batch_size", "hidden_size", "num_layers", "embedding_size", "pair_size", "min_count"):
        check_size(name, getattr(tagger, name))
    for name in ("dropout", "unknown_share"):
        check_share(name, getattr(tagger, name))
    check_choice("characters", tagger.characters, CHARACTERS)
    check_given(tagger, "sentences, each a list of tokens")
    check_character_options(tagger.characters, tagger.character_options)
    for name in ("scheme", "learn_as"):
        value = getattr(tagger, name)
        if value is not None and (name == "learn_as" or value != AUTO):
            find_scheme(value)
    check_part("validation_fraction", tagger.validation_fraction)


def check_character_options(characters: str | None, options: Any) -> None:
    """Refuse options that the way to spell words does not have.

    Raises:
        InputError: naming the option.

    >>> check_character_options("cnn", {"output_size": 10})
    """
    kind = {"cnn": CharacterCNN, "rnn": CharacterRNN}.get(characters or "")
    if not options:
        return
    if kind is None:
        raise InputError("character_options are given, but characters is None: choose cnn or rnn, or leave them out")
    known = [name for name in inspect.signature(kind).parameters if name != "characters"]
    for name in options:
        if name not in known:
            raise InputError(f"character_options names {name!r}: {suggest(name, known)}")


def read_sentences(X: Any, empty: bool = True) -> list[list[str]]:
    """Sentences as lists of tokens.

    Args:
        X: lists, tuples or arrays of tokens.
        empty: whether a sentence may have none.

    Raises:
        DataError: a sentence is no list of texts, or a token is empty; the message counts from 1.

    >>> read_sentences([["Fine", "."], ("Yes",)])
    [['Fine', '.'], ['Yes']]
    """
    return _read(X, "token", "sentence", empty)


def read_tags(y: Any, sentences: list[list[str]]) -> list[list[str]]:
    """Tags, one a token.

    Raises:
        DataError: they are no lists of texts, or not as many as tokens; the message counts from 1.
    """
    if y is None:
        raise DataError("this estimator requires y to be passed, but the target y is None: give tags for every token")
    tags = _read(y, "tag", "the tags of sentence", True)
    if len(tags) != len(sentences):
        raise DataError(f"X has {len(sentences)} sentences and y {len(tags)}: give tags for each")
    for index, (tokens, given) in enumerate(zip(sentences, tags)):
        if len(tokens) != len(given):
            raise DataError(f"sentence {index + 1} has {len(tokens)} tokens and {len(given)} tags: give one a token")
    return tags


class Examples(NamedTuple):
    """Tagged sentences.

    Args:
        sentences: N lists of tokens.
        tags: N lists of tags.
        numbers: by which messages call the sentences, counted from 1 in what was given.
        what: one of them is called.
    """

    sentences: list[list[str]]
    tags: list[list[str]]
    numbers: Sequence[int]
    what: str = "sentence"

    def take(self, rows: Iterable[int]) -> Examples:
        """Some of them."""
        rows = list(rows)
        sentences, tags = ([part[row] for row in rows] for part in (self.sentences, self.tags))
        return Examples(sentences, tags, [self.numbers[row] for row in rows], self.what)


def read_given(X: Any, y: Any, validation: tuple[Any, Any] | None) -> tuple[Examples, Examples | None]:
    """What ``fit`` was given, and what it was given for validation.

    Raises:
        DataError: sentences or tags cannot be used.
    """
    sentences = read_sentences(X, empty=False)
    if not sentences:
        raise DataError("there is no sentence to learn from: give at least one")
    given = Examples(sentences, read_tags(y, sentences), range(1, len(sentences) + 1))
    if validation is None:
        return given, None
    held = read_sentences(validation[0], empty=False)
    return given, Examples(held, read_tags(validation[1], held), range(1, len(held) + 1), "validation sentence")


def read_examples(
    tagger: Any, X: Any, y: Any, validation: tuple[Any, Any] | None
) -> tuple[str | None, Examples, Examples | None]:
    """What ``fit`` was given: the scheme, the sentences and tags to learn from, and those to validate on.

    Raises:
        DataError: sentences or tags cannot be used, or break the scheme.
        InputError: ``learn_as`` was given for tags that mark no entities.
    """
    return part_examples(tagger, *read_given(X, y, validation))


def part_examples(tagger: Any, given: Examples, held: Examples | None) -> tuple[str | None, Examples, Examples | None]:
    """The scheme, the sentences and tags to learn from, and those to validate on.

    Args:
        tagger: whose arguments count.
        given, held: from :func:`read_given`.

    Raises:
        DataError: tags break the scheme.
        InputError: ``learn_as`` was given for tags that mark no entities.
    """
    scheme = choose_scheme(tagger.scheme, given.tags)
    given = given._replace(tags=keep_scheme(given.tags, scheme, tagger.mend_tags, tagger.learn_as))
    if held is not None:
        tags = keep_scheme(held.tags, scheme, tagger.mend_tags, tagger.learn_as, held.what)
        return scheme, given, held._replace(tags=tags)
    share = float(tagger.validation_fraction or (VALIDATION if tagger.patience is not None else 0.0))
    if not share:
        return scheme, given, None
    learnt, back = split_rows(len(given.sentences), share, int(tagger.seed))
    if not len(back):
        raise DataError(
            f"there are too few sentences to hold any back, {len(given.sentences)}: give more, or validation=..., or "
            "leave out patience and validation_fraction"
        )
    return scheme, given.take(learnt), given.take(back)


def require_known(tags: Sequence[Sequence[str]], known: Sequence[str]) -> None:
    """Refuse tags of validation that are not learnt.

    Raises:
        DataError: naming the first, and those that are.
    """
    unknown = next((tag for row in tags for tag in row if tag not in known), None)
    if unknown is not None:
        raise DataError(
            f"the tag {unknown!r} of validation does not occur in training: the tags learnt are {', '.join(known)}"
        )


def _read(given: Any, what: str, whole: str, empty: bool) -> list[list[str]]:
    if isinstance(given, str) or not hasattr(given, "__len__") or not hasattr(given, "__iter__"):
        raise DataError(f"give a list of lists of {what}s, not {type(given).__name__}")
    rows = []
    for index, row in enumerate(given, 1):
        if isinstance(row, str) or not hasattr(row, "__iter__"):
            came = f"the text {row[:20]!r}" if isinstance(row, str) else f"of type {type(row).__name__}"
            raise DataError(f"{whole} {index} is {came}: give a list of {what}s, such as {row_example(what)}")
        read = []
        for place, item in enumerate(row, 1):
            if not isinstance(item, str):
                raise DataError(f"{whole} {index}, {what} {place} is {item!r}, not a text: give texts")
            if not item:
                raise DataError(f"{whole} {index}, {what} {place} is empty: leave it out or mend it")
            if not item.isascii() and any("\ud800" <= sign <= "\udfff" for sign in item):
                raise DataError(f"{whole} {index}, {what} {place} holds half a character: decode its file anew")
            read.append(str(item))
        if not (read or empty):
            raise DataError(f"{whole} {index} has no {what}: leave it out")
        rows.append(read)
    return rows


def row_example(what: str) -> str:
    """How a list of tokens or tags looks.

    >>> row_example("tag")
    "['O', 'B-PER']"
    """
    return "['Hello', 'world']" if what == "token" else "['O', 'B-PER']"


def choose_scheme(asked: str | None, tags: Sequence[Sequence[str]]) -> str | None:
    """The scheme the tags are in: the one asked for, or the one they look like; None where they mark no entities.

    Raises:
        DataError: a tag marks no entity where nearly all others do; the message counts from 1.
    """
    if asked != AUTO:
        return asked
    stray = find_stray(tags)
    if stray is not None:
        raise DataError(
            f"sentence {stray[0] + 1}, token {stray[1] + 1}: the tag {tags[stray[0]][stray[1]]!r} marks no entity as "
            "nearly all others do: mend it, or set scheme=None for tags that mark none"
        )
    return guess_scheme(tags)


def keep_scheme(
    tags: list[list[str]], scheme: str | None, mend: bool, learn_as: str | None, what: str = "sentence"
) -> list[list[str]]:
    """The tags as they are learnt.

    Args:
        tags: of each sentence.
        scheme: they are written in; None for tags that mark no entities.
        mend: rewrite those that break it as ``conlleval`` reads them.
        learn_as: the scheme to learn in; None for ``scheme``.
        what: a sentence is called.

    Raises:
        DataError: tags break the scheme; the message counts sentences and tokens from 1.
        InputError: ``learn_as`` was given for tags that mark no entities.

    >>> keep_scheme([["B-X", "I-X"], ["I-X"]], "BIO", mend=True, learn_as="BIOES")
    [['B-X', 'E-X'], ['S-X']]
    """
    if scheme is None:
        if learn_as is not None:
            raise InputError(f"learn_as is {learn_as!r}, but these tags mark no entities: leave it out")
        return tags
    kept = []
    for index, row in enumerate(tags, 1):
        broken = find_break(row, scheme)
        if broken and not mend:
            raise DataError(
                f"{what} {index}, token {broken[0] + 1}: {broken[1]}: mend the tag, set mend_tags=True to have it "
                "read as conlleval reads it, or scheme=None for tags that mark no entities"
            )
        kept.append(convert(row, learn_as or scheme) if broken or learn_as else row)
    return kept


def give_back(tags: list[str], scheme: str | None, learn_as: str | None) -> list[str]:
    """Tags as they were learnt, in the scheme they came in.

    >>> give_back(["S-X", "O"], "BIO", "BIOES")
    ['B-X', 'O']
    """
    return tags if scheme is None or learn_as is None else write_tags(entities(tags), len(tags), scheme)
