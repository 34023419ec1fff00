"""The bootstrap over cells: copies of one cell are drawn together, since they share one truth.

The percentile interval of 2,000 resamples; none under 10 cells, where it would be too narrow to
be believed. All groups and seeds of one ranking share the resamples, so that differences pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.base.streams import child_rng

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NUM_RESAMPLES = 2000
MIN_CELLS = 10
CONFIDENCE = 0.95
SEED = 0  # fixed, so that the same runs give the same bytes


def resample_cells(num_cells: int, num_resamples: int = NUM_RESAMPLES) -> Floats:
    """Draw cells with replacement; return multiplicities of shape (num_resamples, num_cells)."""
    rng = child_rng(SEED, "bootstrap")
    equal = np.full(num_cells, 1 / num_cells)
    return rng.multinomial(num_cells, equal, size=num_resamples).astype(np.float64)


def interval(values: Floats, num_cells: int) -> tuple[float, float]:
    """Return the percentile interval of a statistic's resamples, NaN under MIN_CELLS cells.

    Resamples where the statistic has no value (all drawn truths equal) are left out.
    """
    values = values[~np.isnan(values)]
    if num_cells < MIN_CELLS or not len(values):
        return float("nan"), float("nan")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
