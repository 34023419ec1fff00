"""Intervals of a mean tau: over cells, over seeds, and over both together.

Over both (`crossed`), the headline: seeds and cells are drawn independently and every seed sees
every cell, so that

    variance = seeds' variance / S + jackknife variance over cells - what both count of the rest

with S seeds; the last term, from how much the jackknife of one seed exceeds that of their mean, is
the scatter of single (seed, cell) scores, which the first two both hold. Degrees of freedom are
Satterthwaite's, the interval is Student's, of tau on Fisher's scale (artanh), which its bounds
need. Simulated (`tests/bench/ranking/test_intervals.py`): 93 to 97% of the intervals hold the true
mean at 10 seeds and 34 cells, and of paired differences too; with fewer cells more do, and of the
difference of two that share nearly all of their errors 99%: what it excludes is excluded safely. Of
three seeds that vary as much as any of ours (tau's standard deviation 0.23) 91 to 93% do.
With one seed it is over cells alone and says nothing of other seeds.

Over cells (`interval`): the percentile bootstrap of 2,000 resamples; copies of one cell are drawn
together, since they share one truth. All groups and seeds of one ranking share the resamples, so
that differences pair. Of many cells (`pairs.count`), the jackknife of one seed. Neither is given
under 10 cells, where it would not be believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from bench.base.streams import child_rng

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NUM_RESAMPLES = 2000
MIN_CELLS = 10
MIN_SEEDS = 3
NEAR_1 = 0.999  # where Fisher's scale ends
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


def over_cells(
    resampled: Floats, value: float, jackknife: Floats, *, is_tau: bool
) -> tuple[float, float]:
    """Return the interval over cells alone: the bootstrap's, or the jackknife's of many cells.

    Args:
        resampled: the statistic of each resample, or of shape (0,) where none were drawn.
        value: the statistic.
        jackknife: the same without each cell in turn, of shape (num_cells,).
        is_tau: whether it lies in [-1, 1], to be put on Fisher's scale.
    """
    if len(resampled):
        return interval(resampled, len(jackknife))
    return crossed(np.array([value]), jackknife[None], is_tau=is_tau)


def over_seeds(values: Floats | Sequence[float]) -> tuple[float, float]:
    """Return Student's interval of the mean over seeds, of shape (num_seeds,); NaN under three.

    Two seeds have one degree of freedom, for which the interval is 13 standard errors wide on
    either side: true, and of no use.
    """
    values = np.asarray(values, dtype=np.float64)
    if len(values) < MIN_SEEDS:
        return float("nan"), float("nan")
    margin = _quantile(len(values) - 1) * float(values.std(ddof=1)) / len(values) ** 0.5
    return float(values.mean()) - margin, float(values.mean()) + margin


def crossed(values: Floats, jackknives: Floats, *, is_tau: bool) -> tuple[float, float]:
    """Return the interval of a mean over seeds and cells together (see the module).

    Args:
        values: one per seed, of shape (num_seeds,).
        jackknives: the same without each cell in turn, of shape (num_seeds, num_cells); cells that
            no entry has are NaN.
        is_tau: whether it lies in [-1, 1], to be put on Fisher's scale.

    Returns:
        Low and high; NaN under MIN_CELLS cells.
    """
    jackknives = jackknives[:, _is_known(jackknives)]
    num_seeds, num_cells = jackknives.shape
    if num_cells < MIN_CELLS or np.isnan(values).any():
        return float("nan"), float("nan")
    cells, one = _jackknife_variance(jackknives.mean(axis=0)), _jackknife_variance(jackknives)
    seeds = float(values.var(ddof=1)) / num_seeds if num_seeds > 1 else 0.0
    both = max(float(one.mean() - cells), 0.0) / max(num_seeds - 1, 1)
    variance = max(seeds + float(cells) - both * (num_seeds > 1), seeds, float(cells))
    if not variance > 0:
        return float("nan"), float("nan")
    freedom = variance**2 / (seeds**2 / max(num_seeds - 1, 1) + float(cells) ** 2 / (num_cells - 1))
    mean, margin = float(values.mean()), _quantile(max(freedom, 1.0)) * variance**0.5
    if not is_tau:
        return mean - margin, mean + margin
    centre, width = np.arctanh(np.clip(mean, -NEAR_1, NEAR_1)), margin / (1 - min(mean**2, NEAR_1))
    return float(np.tanh(centre - width)), float(np.tanh(centre + width))


def num_cells_of(jackknives: Floats) -> int:
    """Return how many cells an interval is over, of jackknives (num_seeds, num_cells)."""
    return int(_is_known(jackknives).sum())


def _is_known(jackknives: Floats) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(jackknives).any(axis=0))


def _jackknife_variance(without_one: Floats) -> Floats:
    """Return the jackknife's variance over the last axis."""
    num = without_one.shape[-1]
    centred = without_one - without_one.mean(axis=-1, keepdims=True)
    return np.asarray((num - 1) / num * (centred**2).sum(axis=-1))


def _quantile(freedom: float) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
