"""The story of a comparison on examples held back, for a report."""

from __future__ import annotations

from typing import Any

import numpy as np

from grunit.explain.report_story import Row, Story
from grunit.tasks.held_comparison import HeldComparison


def tell_held(found: HeldComparison, title: str, facts: dict[str, Any]) -> Story:
    """The story of a comparison.

    Args:
        found: what was compared.
        title: the question.
        facts: what stands below the charts, before what the comparison knows itself.
    """
    runs = [history for histories in found.histories.values() for history in histories]
    return Story(
        title=title,
        verdict=found.verdict,
        is_beaten=found.winner is not None,
        metric=found.metric,
        rows=[Row(row.name, row.scores, row.is_baseline, row.seconds, row.parameters) for row in found.rows],
        curves={
            name: [np.asarray(history.validation or history.train) for history in histories]
            for name, histories in found.histories.items()
        },
        loss="validation loss" if any(history.validation for history in runs) else "training loss",
        facts={**facts, **{name: str(value) for name, value in found.facts.items()}, **found.failures},
        higher=found.higher,
    )
