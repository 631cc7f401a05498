"""``grunit translate``: texts in, a line each, translations out."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from grunit.cli.cell_files import OwnCell, own_cells
from grunit.cli.options import Json, Model
from grunit.cli.output import Output
from grunit.cli.predict import warn_unfinished
from grunit.cli.tasks import task_of
from grunit.errors import InputError

BLOCK = 640
"""Lines that are translated before they are written: enough for batches of like length."""


def run(
    model: Model,
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="A file of one text a line [default: stdin].")
    ] = None,
    beams: Annotated[int, typer.Option("--beams", help="Translations followed at once; 1 is quickest.", min=1)] = 5,
    length_penalty: Annotated[
        float, typer.Option("--length-penalty", help="Exponent of the length: more favours long translations.")
    ] = 1.0,
    coverage_penalty: Annotated[
        float, typer.Option("--coverage-penalty", help="Against leaving parts of a text out, such as 0.2.", min=0)
    ] = 0.0,
    keep_unknown: Annotated[
        bool, typer.Option("--keep-unknown", help="Leave <unk> where a word is unknown, do not copy the source's.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Single precision: near ties may fall either way.")] = False,
    cell: OwnCell = None,
    as_json: Json = False,
) -> None:
    """Texts in, a line each, translations out."""
    from grunit.cli.forecast import spare_threads
    from grunit.data.parallel_texts import decode_text, require_texts, split_lines
    from grunit.tasks import Translator, load

    # The model comes first: a wrong folder is told before anybody types texts for it.
    translator = load(model, own_cells(cell))
    job = task_of(translator)
    if not isinstance(translator, Translator):
        verb = getattr(job, "NEXT", "predict")
        raise InputError(f"{model} is a {type(translator).__name__}, which does not translate: use grunit {verb}")
    if data is not None:
        texts = job.read_again(translator, data, answers=False).sources
    else:
        texts = [line.strip() for line in split_lines(decode_text(sys.stdin.buffer.read(), "stdin"))]
        require_texts(texts, "stdin")
    warn_unfinished(translator, model)
    spare_threads(translator.hidden_size)
    pairs = []
    for begin in range(0, len(texts), BLOCK):
        part = texts[begin : begin + BLOCK]
        found = translator.translate(
            part,
            beams,
            length_penalty,
            coverage_penalty=coverage_penalty,
            replace_unknown=not keep_unknown,
            exact=not quick,
        )
        pairs += [{"source": source, "translation": one} for source, one in zip(part, found, strict=True)]
        if not as_json:
            sys.stdout.writelines(f"{one}\n" for one in found)
            sys.stdout.flush()
    if as_json:
        Output(as_json).answer({"model": str(model), "translations": pairs}, "")
