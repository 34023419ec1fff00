"""Intervals of what was measured: of a mean over seeds, and of a median over channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from bench.ranking.intervals import CONFIDENCE
from bench.ranking.intervals import over_seeds as t_interval

__all__ = ["correlation_interval", "median_interval", "t_interval"]

if TYPE_CHECKING:
    from numpy.typing import NDArray


def correlation_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return Student's 95% interval of a mean correlation over seeds, on Fisher's scale (artanh).

    There it can't leave [-1, 1]. NaN as `t_interval`'s, and where a value is -1 or 1.
    """
    if np.abs(values).max(initial=0.0) >= 1:
        return float("nan"), float("nan")
    low, high = t_interval(np.arctanh(values).tolist())
    return float(np.tanh(low)), float(np.tanh(high))


def median_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95% interval of a median from order statistics, without any assumption.

    How many of n values lie under the true median is binomial(n, 1/2), whatever they are
    distributed like. So the r-th smallest and the r-th largest enclose it unless fewer than r
    values fall on one side; r is the largest for which that happens in at most 2.5% of samples.
    NaN under 6 values, of which even the extremes hold the median less often than 95%.
    """
    ordered, num = np.sort(values), len(values)
    # ppf(q) is the smallest r with P(count <= r) >= q, so that P(count < r) stays below q
    rank = int(stats.binom.ppf((1 - CONFIDENCE) / 2, num, 0.5))
    if rank < 1 or num < 6:
        return float("nan"), float("nan")
    return float(ordered[rank - 1]), float(ordered[num - rank])
