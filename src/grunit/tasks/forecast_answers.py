"""From the end of a history to quantiles of what comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from grunit.data import Panel, require_length
from grunit.errors import DataError
from grunit.tasks import forecast_network as network
from grunit.tasks.calendar import calendar_features
from grunit.tasks.forecast_gaps import fill_window
from grunit.tasks.forecast_outputs import CountOutput
from grunit.tasks.forecast_reading import gap_places, read_statics
from grunit.tasks.forecast_windows import scale_future, with_calendar

if TYPE_CHECKING:
    from grunit.tasks.forecaster import Forecaster


@torch.no_grad()
def answer(
    forecaster: Forecaster, panel: Panel, times: list[np.ndarray], futures: np.ndarray, static_df: Any = None
) -> np.ndarray:
    """Quantiles ``(N, h, Q)``, ascending, in the units of ``y``.

    Args:
        forecaster: fitted.
        panel: history, unscaled.
        times: of the horizon, one array a series.
        futures: what is known of them, ``(N, h, G)``, unscaled.
        static_df: of series never seen, where the model uses such.

    Raises:
        DataError: a series is too short, or is not described; or one never seen has no value to be scaled by.
    """
    require_length(panel, forecaster.input_size_, f"a forecast with input_size {forecaster.input_size_}")
    statics = read_statics(forecaster, panel, static_df)
    panel = panel.cut(-forecaster.input_size_)
    network.check_values(forecaster, panel)
    _require_scale(forecaster, panel)
    scaler = forecaster.scaler_.extend(panel)
    inputs = with_calendar(scaler.transform(panel), forecaster.cycles_)
    future = scale_future(scaler, panel.ids, futures)
    known = np.concatenate([future, np.stack([calendar_features(t, forecaster.cycles_) for t in times])], -1)
    device = next(forecaster.model_.parameters()).device
    arrays = (np.stack(inputs.values), known, statics.rows(panel.ids), scaler.units(panel.ids))
    numbers = network.series_numbers(forecaster, panel.ids)
    outputs = []
    if forecaster.model_.training:
        forecaster.model_.eval()
    for start in range(0, len(panel), 1024):
        rows = slice(start, start + 1024)
        batch = [torch.from_numpy(array[rows]).float().to(device) for array in arrays]
        batch[:2] = fill_window(batch[0], batch[1], gap_places(forecaster))
        parameters = forecaster.model_(*batch, numbers[rows].to(device))
        outputs.append(forecaster.model_.head.output.quantiles(parameters, batch[-1]).double().cpu().numpy())
    quantiles = np.concatenate(outputs)
    quantiles = quantiles if forecaster.conformal_ is None else forecaster.conformal_.apply(quantiles)
    values = scaler.inverse(quantiles, panel.ids)
    # The ends of intervals of counts are counts, corrected ones too.
    return np.maximum(np.round(values), 0) if isinstance(forecaster.model_.head.output, CountOutput) else values


def _require_scale(forecaster: Forecaster, panel: Panel) -> None:
    """Refuse a series never seen whose window is empty: the centre of nothing is no forecast."""
    for name, values in zip(panel.ids, panel.values, strict=True):
        if name not in forecaster.scaler_.learned and np.isnan(values[:, 0]).all():
            where = f"{panel.source}, " if panel.source else ""
            raise DataError(
                f"{where}series {name!r} was not fitted, and each of its last {len(values)} values is missing, so that "
                f"nothing says how large it is: leave it out, or give a history that ends with values"
            )
