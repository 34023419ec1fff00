"""The bootstrap: its law, its coverage, and that it is the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from bench.ranking.correlation import count_pairs
from bench.ranking.intervals import MIN_CELLS, interval, resample_cells


def test_every_resample_draws_as_many_cells_as_there_are() -> None:
    resamples = resample_cells(34)
    assert resamples.shape == (2000, 34)
    assert (resamples.sum(axis=1) == 34).all()
    assert resamples.mean(axis=0) == pytest.approx(np.ones(34), abs=0.1)
    assert np.array_equal(resamples, resample_cells(34)), "a fixed seed: same runs, same bytes"


def test_the_interval_is_the_middle_95_percent() -> None:
    assert interval(np.arange(2001.0), MIN_CELLS) == pytest.approx((50, 1950))
    assert interval(np.array([1.0, np.nan, 1.0]), MIN_CELLS) == (1, 1)


def test_no_interval_under_ten_cells_or_without_values() -> None:
    assert np.isnan(interval(np.arange(2000.0), MIN_CELLS - 1)).all()
    assert np.isnan(interval(np.full(2000, np.nan), MIN_CELLS)).all()


def test_the_interval_covers_the_true_tau() -> None:
    """Gaussian pairs of correlation r have an expected tau of 2/pi asin(r) (Greiner)."""
    rng, resamples, one_each = np.random.default_rng(0), resample_cells(34), np.arange(34)
    covered = 0
    for _ in range(200):
        truths, noise = rng.standard_normal((2, 34))
        scores = 0.7 * truths + np.sqrt(1 - 0.7**2) * noise
        low, high = interval(count_pairs(scores, truths, one_each, 34).tau(resamples), 34)
        covered += low < 2 / np.pi * np.arcsin(0.7) < high
    assert 0.9 <= covered / 200 <= 0.99
