"""The network that a forecaster's arguments ask for, and what it learns by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from grunit.data import Panel
from grunit.errors import DataError, InputError
from grunit.tasks.forecast_model import ForecastModel
from grunit.tasks.forecast_normalize import Normalization, check_normalization
from grunit.tasks.forecast_outputs import CountOutput, NormalOutput, PointOutput, find_output
from grunit.tasks.quantiles import level_quantiles
from grunit.tasks.segment_model import SegmentModel
from grunit.training import Batches, History, Settings, fit
from grunit.training.settings import plain

if TYPE_CHECKING:
    from grunit.tasks.forecaster import Forecaster


def build_network(forecaster: Forecaster, known: int) -> ForecastModel | SegmentModel:
    """The network, with its first weights; ``known`` columns are known of the horizon."""
    output = find_output(forecaster.loss)(level_quantiles(forecaster.level))
    horizon, season = plain(forecaster.h), forecaster.season_
    kind = normalization_kind(forecaster)
    normalization = Normalization(kind, season=season, horizon=horizon, series=len(forecaster.series_))
    options: dict[str, Any] = {
        "horizon": horizon,
        "output": output,
        "normalization": normalization,
        "known": known,
        "static": forecaster.statics_.size,
        "num_layers": plain(forecaster.num_layers),
        "dropout": plain(forecaster.dropout),
        "cell_options": plain(forecaster.cell_options),
    }
    if forecaster.segment is None:
        options["season"] = season if 1 < season <= forecaster.input_size_ else 1
    else:
        options["segment"] = plain(forecaster.segment)
    features = 1 + len(forecaster.exogenous_) + 4 * len(forecaster.cycles_) + 2 * len(forecaster.gaps_)
    network: Any = ForecastModel if forecaster.segment is None else SegmentModel
    return network(forecaster.cell, features, plain(forecaster.hidden_size), **options)


def network_loss(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
    """The mean loss of windows, as :class:`~grunit.tasks.forecast_windows.ForecastWindows` gives them."""
    inputs, known, static, target, units, series = batch
    return model.head.output.loss(model(inputs, known, static, units, series), target, units)


def count_targets(batch: tuple[Tensor, ...]) -> int:
    """Targets of a batch that were observed: what :func:`network_loss` is a mean over."""
    target = batch[3]
    return target.numel() - int(target.isnan().sum())


def train_network(
    forecaster: Forecaster, train: Batches, validation: Batches | None, settings: Settings, **more: Any
) -> History:
    """Train the network on batches of windows; ``more`` as :func:`grunit.training.fit` takes it."""
    return fit(forecaster.model_, network_loss, train, validation, settings, weigh=count_targets, **more)


def series_numbers(forecaster: Forecaster, ids: list[str]) -> Tensor:
    """Which of the series with parameters of their own each is, ``(N,)``; -1 for others."""
    places = {name: place for place, name in enumerate(forecaster.series_)}
    return torch.tensor([places.get(name, -1) for name in ids])


def normalization_kind(forecaster: Forecaster) -> str:
    """What is taken out of each window: as asked, or the last value; nothing where counts are forecast."""
    if forecaster.normalize != "auto":
        return check_normalization(forecaster.normalize)
    return "none" if find_output(forecaster.loss) is CountOutput else "last"


def check_network(forecaster: Forecaster) -> None:
    """Refuse a loss, a normalisation or a segment that there is not, or that do not go together.

    Raises:
        InputError: naming the argument.
    """
    kind, output = normalization_kind(forecaster), find_output(forecaster.loss)
    if issubclass(output, CountOutput) and kind != "none":
        raise InputError(f"loss 'negative_binomial' forecasts counts as they are: leave out normalize={kind!r}")
    if issubclass(output, NormalOutput) and kind == "multiplicative":
        raise InputError(
            f"normalize 'multiplicative' makes no {forecaster.loss} distribution of one: use loss='quantile'"
        )
    if forecaster.scaler == "log" and (issubclass(output, CountOutput) or kind == "multiplicative"):
        what = "loss 'negative_binomial'" if issubclass(output, CountOutput) else "normalize 'multiplicative'"
        raise InputError(f"{what} wants the data as they are, not scaler='log': leave one of them out")
    segment = forecaster.segment
    if segment is not None and (isinstance(segment, bool) or not isinstance(segment, (int, np.integer)) or segment < 1):
        raise InputError(f"segment is {segment!r}: give a whole number of at least 1, or None")


def check_intervals(forecaster: Forecaster) -> None:
    """Refuse a loss that knows nothing of spread where intervals are wanted and none are measured.

    Raises:
        InputError: naming the arguments.
    """
    if issubclass(find_output(forecaster.loss), PointOutput) and forecaster.level and forecaster.conformal == 0:
        raise InputError(
            f"loss {forecaster.loss!r} knows nothing of spread and conformal=0 measures none: "
            f"give level=() for no intervals, or leave conformal out"
        )


def check_sizes(forecaster: Forecaster) -> None:
    """Refuse a history too short for the segments or seasons asked for, once it is known.

    Raises:
        InputError: naming the argument.
    """
    steps, season = forecaster.input_size_, forecaster.season_
    if forecaster.segment is not None and forecaster.segment > steps:
        raise InputError(f"segment is {forecaster.segment} and input_size {steps}: give a shorter segment")
    kind = normalization_kind(forecaster)
    if kind in ("additive", "multiplicative") and not 1 < season <= steps // 2:
        raise InputError(
            f"normalize {kind!r} needs a season of at least 2 steps and two seasons of history: season is {season} "
            f"and input_size {steps}; give both, or another normalize"
        )


def check_values(forecaster: Forecaster, panel: Panel) -> None:
    """Refuse values that the loss or the normalisation cannot take.

    Raises:
        DataError: naming the series.
    """
    counts = find_output(forecaster.loss) is CountOutput
    logarithms = forecaster.scaler == "log" or normalization_kind(forecaster) == "multiplicative"
    if not counts and not logarithms:
        return
    needs = "scaler='log'" if forecaster.scaler == "log" else "normalize='multiplicative'"
    for name, values in zip(panel.ids, panel.values, strict=True):
        target = values[:, 0][~np.isnan(values[:, 0])]
        where = f"{panel.source}, " if panel.source else ""
        if logarithms and (target <= 0).any():
            raise DataError(f"{where}series {name!r}: {target.min():g} is not above 0, as {needs} needs; use another")
        if counts and ((target < 0) | (target != np.round(target))).any():
            wrong = target[(target < 0) | (target != np.round(target))][0]
            raise DataError(
                f"{where}series {name!r}: {wrong:g} is no count, as loss='negative_binomial' needs; use another loss"
            )
