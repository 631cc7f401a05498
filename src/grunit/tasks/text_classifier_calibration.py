"""Probabilities that mean what they say: logits divided by one number, fitted on rows that were not learnt from."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

COLDEST, HOTTEST = 0.05, 20.0


def fit_temperature(logits: np.ndarray, codes: np.ndarray) -> float:
    """The temperature under which the labels are likeliest.

    Args:
        logits: ``(N, classes)``.
        codes: ``(N,)`` the right class of each.

    Returns:
        T of ``softmax(logits / T)``, between 0.05 and 20: above 1 where the network was too sure.

    Source: Guo, Pleiss, Sun & Weinberger, *On calibration of modern neural networks*, ICML (2017), section 4.2.

    >>> right_twice_in_three = np.array([[9.0, 0.0]] * 3)
    >>> round(9.0 / fit_temperature(right_twice_in_three, np.array([0, 0, 1])), 3)  # log(2 / 1)
    0.693
    """
    rows = np.arange(len(codes))

    def surprise(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float((logsumexp(scaled, axis=1) - scaled[rows, codes]).mean())

    # In the inverse temperature it is convex, so that it has one minimum in the logarithm too.
    found = minimize_scalar(
        surprise, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded", options={"xatol": 1e-9}
    )
    return float(np.exp(found.x))
