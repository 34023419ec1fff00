"""Intervals of what was measured: of a mean over seeds, and of a median over channels."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from bench.ranking.intervals import CONFIDENCE
from bench.ranking.summary import MIN_SEEDS_FOR_T

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def t_interval(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Return Student's 95% interval of the mean over seeds; NaN under three seeds.

    Two seeds have one degree of freedom, for which the interval is 13 standard errors wide on
    either side: true, and of no use.
    """
    values = np.asarray(values, dtype=np.float64)
    if len(values) < MIN_SEEDS_FOR_T:
        return float("nan"), float("nan")
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    margin = float(quantile * values.std(ddof=1) / sqrt(len(values)))
    return float(values.mean()) - margin, float(values.mean()) + margin


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
