"""Files of tagged sentences: columns as in the CoNLL tasks, one character a line as in Chinese sets, CoNLL-U."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from grunit.data.parallel_texts import TABLES, count_of, read_text
from grunit.data.tagging_schemes import ROLES, find_break, find_stray, split_tag
from grunit.errors import DataError, suggest

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
"""Columns of CoNLL-U, universaldependencies.org/format.html."""
JSON = (".json", ".jsonl", ".ndjson")
LONGEST = 12
"""Characters of a Chinese, Japanese or Korean word; names of firms and offices are longer, but no median is."""
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_SENTENCE_MARKS = frozenset("。，！？；")


@dataclass(frozen=True)
class TaggedSentences:
    """Sentences of a file.

    Args:
        tokens: of each sentence.
        tags: as many, or None where the file has none.
        source: the file.
        lines: for each token its line in the file, counted from 1.
    """

    tokens: list[list[str]]
    tags: list[list[str]] | None
    source: str
    lines: list[list[int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.tokens)

    def labels(self) -> list[list[str]]:
        """The tags.

        Raises:
            DataError: there are none.
        """
        if self.tags is None:
            raise DataError(f"{self.source}: it holds tokens alone: add a column of tags to learn from")
        return self.tags

    def require_scheme(self, scheme: str | None) -> None:
        """Refuse tags that break a scheme (None: plain tags, which break nothing).

        Raises:
            DataError: naming file and line.
        """
        for lines, tags in zip(self.lines, self.labels()):
            broken = None if scheme is None else find_break(tags, scheme)
            if broken:
                raise DataError(
                    f"{self.source}, line {lines[broken[0]]}: {broken[1]}: mend the tag, set mend_tags=true to have it "
                    "read as conlleval reads it, or scheme to another one"
                )

    def require_marks(self) -> None:
        """Refuse a tag that is neither an entity's nor ``O`` where all the others are.

        Raises:
            DataError: naming file and line.
        """
        stray = find_stray(self.labels())
        if stray is not None:
            row, place = stray
            raise DataError(
                f"{self.source}, line {self.lines[row][place]}: the tag {self.labels()[row][place]!r} marks no entity "
                "as nearly all others do: mend it, or set scheme=none for tags that mark none"
            )

    def require_entities(self) -> None:
        """Refuse a tag that is neither ``O`` nor an entity's in any scheme; the scheme itself may be broken.

        Raises:
            DataError: naming file and line.
        """
        for lines, tags in zip(self.lines, self.labels()):
            for line, tag in zip(lines, tags):
                letter, _ = split_tag(tag)
                if letter not in ROLES and tag != "O":
                    raise DataError(
                        f"{self.source}, line {line}: the tag {tag!r} marks no entity, and the model answers with "
                        "tags of entities: mend it, or give a file with the tags that the model learnt"
                    )

    def require_tags(self, known: Collection[str]) -> None:
        """Refuse tags that are not among those known.

        Raises:
            DataError: naming file and line.
        """
        for lines, tags in zip(self.lines, self.labels()):
            for line, tag in zip(lines, tags):
                if tag not in known:
                    raise DataError(
                        f"{self.source}, line {line}: the tag {tag!r} does not occur in training: leave its sentence "
                        "out"
                    )


def read_tagged(
    path: str | os.PathLike, *, tokens: int | str | None = None, tags: int | str | None = None, answers: bool = True
) -> TaggedSentences:
    """Read a file of sentences, one token a line, an empty line between sentences.

    Args:
        path: columns parted by tabs, or by spaces where the first token's line has no tab. Lines ``-DOCSTART- ...`` are
            left out. A ``.conllu`` file has the ten columns of CoNLL-U; its comments, and its lines of words that were
            contracted or left out (``4-5``, ``8.1``), are left out. Text is UTF-8; ``.gz`` is unpacked.
        tokens: the column of tokens, counted from 1 (default 1; CoNLL-U: ``"form"``).
        tags: the column of tags, counted from 1, or from the end with a minus; in CoNLL-U also a name (default: the
            last; CoNLL-U: ``"upos"``).
        answers: there must be tags; False for a file to be answered, which may hold tokens alone.

    Raises:
        DataError: the file cannot be used; the message names file and line.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "news.conll")
    >>> _ = file.write_text("Ada B-PER\\nwrites O\\n\\nFine O\\n")
    >>> news = read_tagged(file)
    >>> news.tokens, news.tags, news.lines
    ([['Ada', 'writes'], ['Fine']], [['B-PER', 'O'], ['O']], [[1, 2], [4]])
    """
    path = Path(path)
    text = read_text(path)
    if not text.strip():
        raise DataError(f"{path}: it is empty: give a file with a token a line")
    universal = path.name.removesuffix(".gz").lower().endswith(".conllu")
    if path.name.removesuffix(".gz").lower().endswith(JSON):
        what = "a token and its tag" if answers else "a token"
        raise DataError(
            f"{path}: it is named as JSON, and tagged sentences are read from lines of text: give {what} a line and an "
            f"empty line between sentences{_elsewhere(path) if answers else ''}"
        )
    separator = None
    width = first = 0
    found: list[list[tuple[str, str, int]]] = [[]]
    # Other signs that Python takes for the end of a line occur within tokens.
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip(" \t"):
            found.append([])
            continue
        if line.startswith("-DOCSTART-") or (universal and line.startswith("#")):
            continue
        separator = separator or re.compile("\t" if universal or "\t" in line else " +")
        fields = separator.split(line.rstrip(" ") if separator.pattern != "\t" else line)
        if not width:
            width, first = (10 if universal else len(fields)), number
            token_at, tag_at = _columns(path, width, universal, tokens, tags, answers)
        if len(fields) != width:
            like = "CoNLL-U has 10" if universal else f"line {first} has {width}"
            between = "tabs" if separator.pattern == "\t" else "spaces"
            raise DataError(
                f"{path}, line {number}: it has {count_of(fields, 'column')} between {between} and {like}: give a "
                f"token a line, with the same columns{_elsewhere(path) if answers else ''}"
            )
        if universal and not fields[0].isdecimal():
            if not re.fullmatch(r"\d+[-.]\d+", fields[0]):
                raise DataError(f"{path}, line {number}: {fields[0]!r} is no number of a token: is this CoNLL-U?")
            continue
        tag = "" if tag_at is None else fields[tag_at]
        if not fields[token_at]:
            raise DataError(f"{path}, line {number}: its token is empty: mend it")
        if answers and (not tag or (universal and tag == "_")):
            raise DataError(f"{path}, line {number}: the token {fields[token_at]!r} has no tag: mend it")
        found[-1].append((fields[token_at], tag, number))
    sentences = [sentence for sentence in found if sentence]
    if not sentences:
        raise DataError(f"{path}: it holds no sentence: give a file with a token a line")
    if not universal:
        _refuse_texts(path, sentences, answers)
    return TaggedSentences(
        [[token for token, _, _ in sentence] for sentence in sentences],
        None if tag_at is None else [[tag for _, tag, _ in sentence] for sentence in sentences],
        str(path),
        [[number for _, _, number in sentence] for sentence in sentences],
    )


def _refuse_texts(path: Path, sentences: list[list[tuple[str, str, int]]], answers: bool) -> None:
    """Refuse a table of whole texts, which has no empty line between sentences and mostly texts where a token is.

    Raises:
        DataError: naming the first line and what such a table is for.
    """
    rows = [row for sentence in sentences for row in sentence]
    if len(sentences) > 1 or 2 * sum(_is_text(token) for token, _, _ in rows) <= len(rows):
        return
    token, tag, line = next(row for row in rows if _is_text(row[0]))
    layout = "give a token a line and an empty line between sentences"
    if not answers:
        raise DataError(f"{path}, line {line}: {_shown(token)!r} looks like a whole text, not a token: {layout}")
    pairs = 2 * sum(_is_text(other) for _, other, _ in rows) > len(rows)
    what, verb = ("a text beside a text", "translation") if pairs else ("a text and its class", "text-classification")
    raise DataError(
        f"{path}, line {line}: {_shown(token)!r} and {_shown(tag)!r} look like {what}, not a token and its tag: use "
        f"grunit fit {verb} for these, or {layout}"
    )


def _is_text(token: str) -> bool:
    """Whether this holds words in plenty, which Chinese and Japanese write without spaces between them."""
    token = token.strip()
    if " " in token or (len(token) > LONGEST and _EAST_ASIAN.search(token)):
        return True
    # Marks alone are tokens, such as "！！".
    return not _SENTENCE_MARKS.isdisjoint(token) and any(sign.isalnum() for sign in token)


def _elsewhere(path: Path) -> str:
    """What a file is for whose ending says that it holds a table."""
    if path.name.removesuffix(".gz").lower().endswith(tuple(kind for kind in TABLES if kind != ".tsv")):
        return "; a table of texts is for grunit fit translation or grunit fit text-classification"
    return ""


def _shown(text: str) -> str:
    return text if len(text) <= 40 else text[:37].rstrip() + "..."


def _columns(
    path: Path, width: int, universal: bool, tokens: int | str | None, tags: int | str | None, answers: bool
) -> tuple[int, int | None]:
    """Where tokens and tags stand, counted from 0; None for tags that need not be there and are not."""
    token_at = _column(path, width, universal, ("form" if universal else 1) if tokens is None else tokens)
    if tags is None and not universal and width == 1:
        if answers:
            raise DataError(
                f"{path}: its first line has one column between spaces or tabs: give a token and its tag a line"
                + _elsewhere(path)
            )
        return token_at, None
    if not answers and not universal and width == 1:
        return token_at, None
    tag_at = _column(path, width, universal, ("upos" if universal else -1) if tags is None else tags)
    if tag_at == token_at:
        raise DataError(f"{path}: column {tag_at + 1} cannot hold both tokens and tags: name two columns")
    return token_at, tag_at


def _column(path: Path, width: int, universal: bool, asked: int | str) -> int:
    if universal and asked in CONLLU:
        return CONLLU.index(asked)
    try:
        number = int(asked)
    except ValueError:
        mend = suggest(asked, CONLLU) if universal else f"give its number, 1 to {width}"
        raise DataError(f"{path}: there is no column {asked!r}: {mend}") from None
    if number == 0 or abs(number) > width:
        raise DataError(f"{path}: there is no column {number}: it has {width}, counted from 1")
    return number - 1 if number > 0 else width + number
