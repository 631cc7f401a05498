"""Refusals in the words of the command line: what Python calls arguments, people typed as options and settings."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from typer.models import OptionInfo

SAME = {"num_beams": "beams", "id_col": "identity", "time_col": "time", "target_col": "target"}
"""Arguments in Python whose option has another name."""
PHRASES = (
    ("start without resume", "start without --resume, in another folder with -o"),
    (
        r"give its class with grunit\.load\(path, cells=\[\.\.\.\]\), or register it with .* first",
        "name its file and class with --cell FILE.py:CLASS",
    ),
)
"""What is done otherwise on the command line, as regular expressions."""
_END = r"(?=[,;:.!?)]*(?:\s|$))"
_GIVEN = re.compile(
    r"""(?P<before>\bset\s|\bpass\s|--set\s|--space\s)?(?<!\S)(?P<name>[a-z]\w*)="""
    r"""(?P<value>\.\.\.|'[^'\s]*'|"[^"\s]*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[A-Za-z_]\w*)""" + _END
)
_CONSTANT = rf"\b(?:True|False|None){_END}"
_CHOICE = rf"(?:\ue000\d+\ue001|{_CONSTANT})"
_CHOICES = re.compile(rf"\b(?:give|use) {_CHOICE}(?:, {_CHOICE})*,?(?= or )|\bor {_CONSTANT}")
"""What one can give, with "or" before the last; names of columns and labels stand in lists without it."""
_QUOTED = (
    r"""='[^'\s]*'|="[^"\s]*"|"""  # the value of an argument
    r"""(?P<quoted>(?<!\w)'(?:[^'\\]|\\.|'(?=\w))*'(?!\w)|(?<!\w)"(?:[^"\\]|\\.)*"(?!\w))"""
)
_HIDDEN = re.compile(r"\ue000(\d+)\ue001")
_REWRITTEN = re.compile(r"=|\b(?:True|False|None)\b")
_SUBJECT = re.compile(r"^(\w+)(?= (?:is|must) )")


def as_typed(sentence: str, verb: Callable[..., Any], given: Sequence[str] = ()) -> str:
    """A sentence for somebody who typed options, not arguments.

    ``name=value`` becomes the verb's option of that meaning, or ``--set name=value`` where it takes settings and a task
    has one of that name; ``name=...`` the option alone. What stands in quotes, or was typed, stays as it is.

    Args:
        sentence: of an error or a warning.
        verb: the function of the command, whose annotated arguments are its options.
        given: the words that were typed.

    >>> from grunit.cli.fit import run
    >>> as_typed("the adaptive softmax has matrices of its own: set tie_weights=False", run)
    'the adaptive softmax has matrices of its own: give --set tie_weights=false'
    >>> as_typed("there are too few pairs to hold any back, 2: give more, or validation=...", run)
    'there are too few pairs to hold any back, 2: give more, or --validation'
    """
    options, numbers = options_of(verb), numbers_of(verb)
    sentence, kept = _hide(sentence, [word for word in _names(given) if word in numbers or _REWRITTEN.search(word)])
    for phrase, words in PHRASES:
        wanted = re.findall(r"--\w+", words)
        if all(word in options.values() for word in wanted):
            sentence = re.sub(phrase, words, sentence)

    def rewrite(found: re.Match[str]) -> str:
        before, name, value = found["before"] or "", found["name"], found["value"]
        option = options.get(SAME.get(name, name))
        if before.startswith("--") or (option is None and not ("settings" in options and name in setting_names())):
            return found[0]
        before = "give " if before else ""
        if option is not None:
            return before + (option if value in ("...", "True") else f"{option} {value.strip(chr(39) + chr(34))}")
        value = value.lower() if value in ("True", "False", "None") else value.strip("'\"")
        return f"{before}--set {name}" + ("" if value == "..." else f"={value}")

    sentence = _GIVEN.sub(rewrite, sentence)
    if "settings" in options:
        sentence = _CHOICES.sub(lambda found: re.sub(_CONSTANT, lambda word: word[0].lower(), found[0]), sentence)
    sentence = _SUBJECT.sub(lambda found: options[found[0]] if found[0] in numbers else found[0], sentence)
    return _HIDDEN.sub(lambda found: kept[int(found[1])], sentence)


def _names(given: Sequence[str]) -> set[str]:
    """How a sentence may name what was typed: whole, without the option before it, as a path, as an item of a list."""
    words = {word.partition("=")[2] if word.startswith("--") else word for word in given}
    words |= {word[2:] for word in given if re.match("-[a-z]", word)}
    words |= {item for word in words for item in word.split(",")}
    return {name for word in words if word for name in (word, str(Path(word)), Path(word).name) if name}


def _hide(sentence: str, words: Sequence[str]) -> tuple[str, list[str]]:
    """The sentence with a sign in place of each of these words and of what is quoted, and what they stand for."""
    longest = sorted(words, key=len, reverse=True)
    typed = "".join(rf"(?<!\w){re.escape(word)}(?!\w)|" for word in longest)
    kept: list[str] = []

    def hide(found: re.Match[str]) -> str:
        if found["quoted"] is None and found[0][0] == "=":
            return found[0]
        kept.append(found[0])
        return f"\ue000{len(kept) - 1}\ue001"

    # A text of somebody's may hold the sign itself.
    return re.sub(rf"{typed}{_HIDDEN.pattern}|{_QUOTED}", hide, sentence), kept


def options_of(verb: Callable[..., Any]) -> dict[str, str]:
    """The option of each argument of a verb, as ``--name``; arguments that are no option are left out."""
    found = {}
    for name, hint in typing.get_type_hints(verb, include_extras=True).items():
        # Python 3.10 wraps what may be None once more.
        marks = [mark for part in (hint, *typing.get_args(hint)) for mark in getattr(part, "__metadata__", ())]
        for mark in marks:
            # The first name stands where a default would, were it not annotated.
            names = (mark.default, *(mark.param_decls or ())) if isinstance(mark, OptionInfo) else ()
            long = [word for word in names if isinstance(word, str) and word.startswith("--")]
            if long:
                found[name] = long[0].partition("/")[0]
    return found


def numbers_of(verb: Callable[..., Any]) -> set[str]:
    """The options of a verb that are numbers: no other word of theirs can begin a sentence."""
    hints = typing.get_type_hints(verb).items()
    return {name for name, hint in hints if {int, float} & {hint, *typing.get_args(hint)}} & set(options_of(verb))


def setting_names() -> set[str]:
    """What ``--set`` can name, of all tasks."""
    from grunit import tasks
    from grunit.cli.tasks import KINDS

    return {name for kind in KINDS for name in inspect.signature(getattr(tasks, kind)).parameters}
