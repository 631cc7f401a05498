"""``grunit evaluate``: how well a kept model does on data, beside the baselines."""

from __future__ import annotations

from grunit.cli.cell_files import OwnCell, own_cells
from grunit.cli.options import Baselines, Data, Json, Model, Windows, read_baselines
from grunit.cli.output import Output, align
from grunit.cli.predict import warn_unfinished
from grunit.cli.tasks import task_of


def run(
    model: Model,
    data: Data,
    windows: Windows = None,
    baselines: Baselines = None,
    cell: OwnCell = None,
    as_json: Json = False,
) -> None:
    """How well a kept model does on data, beside the baselines."""
    from grunit.tasks import load

    estimator = load(model, own_cells(cell))
    warn_unfinished(estimator, model)
    job = task_of(estimator)
    more = read_baselines(baselines, job.evaluate, type(estimator).__name__)
    scores = job.evaluate(estimator, data, windows, **more)
    table = scores.reset_index() if scores.index.name else scores
    rows = [[f"{value:.4g}" if isinstance(value, float) else str(value) for value in row] for row in table.to_numpy()]
    text = align(rows, [str(name) for name in table.columns])
    Output(as_json).answer({"model": str(model), "scores": table.astype(object).to_dict("records")}, text)
