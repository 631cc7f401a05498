"""``grunit generate``: a language model writes on, as it goes."""

from __future__ import annotations

import io
import itertools
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grunit.cli.cell_files import OwnCell, own_cells
from grunit.cli.options import Json, Model, Seed
from grunit.cli.output import Output
from grunit.cli.predict import warn_unfinished
from grunit.cli.tasks import task_of
from grunit.errors import InputError

if TYPE_CHECKING:
    from grunit.tasks import LanguageModel


def run(
    model: Model,
    prompt: Annotated[
        str | None, typer.Option("--prompt", "-p", help="What is there already; - reads it from stdin.")
    ] = None,
    max_new_tokens: Annotated[
        int, typer.Option("--max-new-tokens", "-n", help="Characters, words or pieces to write at most.", min=0)
    ] = 200,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="0: the most probable [default: 1].")
    ] = None,
    top_k: Annotated[int | None, typer.Option("--top-k", help="Draw among so many of the most probable.")] = None,
    top_p: Annotated[float | None, typer.Option("--top-p", help="Draw among those that come to this share.")] = None,
    beams: Annotated[int, typer.Option("--beams", help="Search so many continuations instead of drawing.", min=1)] = 1,
    repetition_penalty: Annotated[
        float, typer.Option("--repetition-penalty", help="Above 1: what was written before is rarer.")
    ] = 1.0,
    seed: Seed = None,
    cell: OwnCell = None,
    as_json: Json = False,
) -> None:
    """A language model writes on, as it goes."""
    given = _piped() if prompt == "-" else prompt or ""
    from grunit.cli.language import spare_threads
    from grunit.tasks import LanguageModel, load

    estimator = load(model, own_cells(cell))
    if not isinstance(estimator, LanguageModel):
        verb = getattr(task_of(estimator), "NEXT", "predict")
        raise InputError(f"{model} is a {type(estimator).__name__}, which writes no text: use grunit {verb}")
    warn_unfinished(estimator, model)
    warn_unknown(estimator, given)
    spare_threads(estimator.hidden_size)
    options: dict[str, Any] = {"repetition_penalty": repetition_penalty}
    drawing: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
    drawing = {name: value for name, value in drawing.items() if value is not None}
    if beams > 1:
        if drawing or seed is not None:
            raise InputError("beams draw nothing: leave --temperature, --top-k, --top-p and --seed out, or --beams")
        pieces = iter([estimator.generate(given, max_new_tokens, num_beams=beams, **options)])
    else:
        pieces = estimator.stream(given, max_new_tokens, seed=seed or 0, **drawing, **options)
    if as_json:
        Output(as_json).answer({"model": str(model), "prompt": given, "text": "".join(pieces)}, "")
        return
    for piece in itertools.chain([given], pieces):
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")


def _piped() -> str:
    """What comes through stdin: UTF-8 wherever this runs, and its last line's end is not written on from."""
    from grunit.data.parallel_texts import decode_text

    text = decode_text(sys.stdin.buffer.read(), "stdin")
    return io.StringIO(text, newline=None).read().removesuffix("\n")


def warn_unknown(estimator: LanguageModel, prompt: str) -> None:
    """Say that nothing of a prompt occurs in what the model has learnt."""
    from grunit.data.text import UNKNOWN

    tokens = estimator.encoder_.encode(prompt)
    if tokens and set(tokens) == {UNKNOWN}:
        unit = "character" if estimator.unit == "char" else "word"
        print(
            f"grunit: note: no {unit} of the prompt occurs in what the model learnt: it writes on as after an unknown "
            "one",
            file=sys.stderr,
        )
