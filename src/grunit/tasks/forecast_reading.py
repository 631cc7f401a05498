"""Tables as panels, by what a forecaster was told and has learnt of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grunit.data import Panel, to_long, to_panel
from grunit.data.categories import MOST, collapse, encode, expand, learn_categories
from grunit.errors import DataError, InputError
from grunit.tasks.forecast_frames import choose_exogenous, find_future_rows, read_static
from grunit.tasks.forecast_targets import WHICH, part_ids, past_name, stack_targets
from grunit.tasks.statics import Statics

if TYPE_CHECKING:
    from grunit.tasks.forecaster import Forecaster

MISSING = ("auto", "refuse")


def takes_gaps(forecaster: Forecaster) -> bool:
    """Whether values may be missing.

    Raises:
        InputError: ``missing`` is neither of its names.
    """
    if forecaster.missing not in MISSING:
        raise InputError(f"missing is {forecaster.missing!r}: give 'auto' or 'refuse'")
    return forecaster.missing == "auto"


def read_training(forecaster: Forecaster, df: Any, static_df: Any = None) -> tuple[Panel, Statics]:
    """A user's frames, checked, with the exogenous columns that the arguments choose and the categories found there."""
    gaps = takes_gaps(forecaster)
    frame = _read_long(forecaster, df)
    exogenous = forecaster.exogenous
    if len(forecaster.targets) > 1:
        # Every target is forecast from all of them, whatever else is chosen.
        chosen = [] if exogenous is None or isinstance(exogenous, str) else list(exogenous)
        past = [past_name(target) for target in forecaster.targets]
        more = [name for name in chosen if name not in forecaster.targets]
        exogenous = exogenous if isinstance(exogenous, str) else [*past, *more]
    names = choose_exogenous(frame, exogenous, forecaster.futr_exog or ())
    source = frame.attrs.get("grunit_origin", {}).get("source", "data")
    mend = f"leave it out with exogenous=[...], or write at most {MOST} kinds"
    categories = learn_categories(frame, names, source, mend)
    panel = to_panel(frame, names, categories=categories, missing=gaps)
    given = None if static_df is None else read_static(static_df, forecaster.columns, _names(forecaster, panel))
    return panel, Statics.measure(_by_target(forecaster, given, panel.ids))


def read_history(forecaster: Forecaster, df: Any) -> Panel:
    """A panel of history with the exogenous columns, the categories and the step of the fit.

    Raises:
        DataError: the frame cannot be used, or its times have another step.
    """
    frame = _read_long(forecaster, df)
    categories = forecaster.categories_
    names = collapse(forecaster.exogenous_, categories)
    return to_panel(frame, names, forecaster.freq_, categories=categories, missing=takes_gaps(forecaster))


def read_future(forecaster: Forecaster, data: Any, panel: Panel, times: list[np.ndarray]) -> np.ndarray:
    """What is known of the horizon: ``(N, h, G)`` for the series of ``panel`` at ``times``.

    Raises:
        DataError: the frame is missing, or a column or a row of it.
    """
    names = list(forecaster.futr_exog or ())
    if not names:
        return np.zeros((len(panel), len(times[0]), 0))
    series = _series(forecaster, panel.ids)
    rows = find_future_rows(data, forecaster.columns, names, series, times, takes_gaps(forecaster))
    return encode(rows, names, forecaster.categories_, "futr_df").reshape(len(panel), len(times[0]), -1)


def read_statics(forecaster: Forecaster, panel: Panel, static_df: Any) -> Statics:
    """What is known of the series of ``panel``: as in the fit, and what ``static_df`` says of others."""
    known = forecaster.statics_
    asked = [name for name in known.columns if name != WHICH]
    if not known.names or (static_df is None and (asked or not known.categories)):
        return known
    given = None
    if asked:
        given = read_static(static_df, forecaster.columns, _names(forecaster, panel), asked)
    frame = _by_target(forecaster, given, panel.ids)
    return known if frame is None else known.extend(frame)


def known_columns(forecaster: Forecaster, panel: Panel) -> int:
    """How many of the last exogenous columns of ``panel`` are known of the future."""
    return len(expand(forecaster.futr_exog or (), panel.categories))


def gap_columns(panel: Panel) -> list[str]:
    """The columns in which a value is missing.

    >>> gap_columns(Panel(["a"], [np.arange(2)], [np.array([[1.0, np.nan], [2.0, 0.0]])], ["rain"], 1))
    ['rain']
    """
    missing = np.any([np.isnan(values).any(0) for values in panel.values], 0)
    return [name for name, some in zip(["y", *panel.exogenous], missing, strict=True) if some]


def gap_places(forecaster: Forecaster) -> list[int]:
    """Where in the history the columns are whose gaps the network is told."""
    return [["y", *forecaster.exogenous_].index(name) for name in forecaster.gaps_]


def _read_long(forecaster: Forecaster, df: Any) -> pd.DataFrame:
    frame = to_long(df, forecaster.columns, missing=takes_gaps(forecaster), text=True)
    return stack_targets(frame, forecaster.targets) if len(forecaster.targets) > 1 else frame


def _series(forecaster: Forecaster, ids: list[str]) -> list[str]:
    """The names of series as a user has them."""
    return part_ids(ids, forecaster.targets)[0] if len(forecaster.targets) > 1 else ids


def _names(forecaster: Forecaster, panel: Panel) -> list[str]:
    """The same, each once."""
    return list(dict.fromkeys(_series(forecaster, panel.ids)))


def _by_target(forecaster: Forecaster, given: pd.DataFrame | None, ids: Sequence[str]) -> pd.DataFrame | None:
    """With several targets, a row for each series of the panel that also says which target it is."""
    if len(forecaster.targets) == 1:
        return given
    series, which = part_ids(ids, forecaster.targets)
    if given is None:
        return pd.DataFrame({WHICH: which}, index=list(ids))
    if WHICH in given.columns:
        raise DataError(f"static_df: grunit needs the name {WHICH!r} for itself; rename the column")
    return given.loc[series].set_axis(list(ids)).assign(**{WHICH: which})
