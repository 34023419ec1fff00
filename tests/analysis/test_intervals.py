"""Intervals against scipy and against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.intervals import correlation_interval, median_interval, t_interval


def test_t_interval_is_scipys_and_needs_three_seeds() -> None:
    values = np.array([0.3, 0.5, 0.6])
    expected = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert t_interval(values) == pytest.approx(expected)
    assert np.isnan(t_interval([0.3, 0.5])).all()


def test_median_intervals_hold_the_median_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    samples = [median_interval(rng.exponential(size=25)) for _ in range(2000)]
    held = np.mean([low <= np.log(2) <= high for low, high in samples])
    assert 0.95 <= held <= 0.975
    assert np.isnan(median_interval(np.arange(5.0))).all()


@pytest.mark.parametrize("num", [6, 8, 9, 25, 100])
def test_no_narrower_interval_of_order_statistics_would_do(num: int) -> None:
    """Coverage of x(r) .. x(n + 1 - r) is 1 - 2 P(count < r), by hand."""
    low, high = median_interval(np.arange(1.0, num + 1))
    assert low + high == num + 1, "as many values outside on either side"
    coverage = [1 - 2 * stats.binom.cdf(r - 1, num, 0.5) for r in (low, low + 1)]
    assert coverage[0] >= 0.95 > coverage[1]


def test_an_interval_of_correlations_never_leaves_their_range() -> None:
    low, high = correlation_interval(np.array([-0.2, 0.6, 0.9]))
    expected = np.tanh(t_interval(np.arctanh([-0.2, 0.6, 0.9])))
    assert (low, high) == pytest.approx(tuple(expected))
    assert -1 < low < -0.2
    assert 0.9 < high < 1
    assert np.isnan(correlation_interval(np.array([0.5, 1.0, 0.9]))).all()
    assert np.isnan(correlation_interval(np.array([0.5, 0.6]))).all()
