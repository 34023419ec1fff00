"""The noise ceiling against a known truth, by simulation, and its closed form against draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import GammaRegressor

from bench.ranking.ceiling import (
    Noise,
    ceiling,
    estimate_noise,
    fit_gamma,
    pair_concordance,
)
from bench.ranking.correlation import kendall_tau
from bench.table.table import open_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

from tests.paths import SHARED_DATA

DATA = SHARED_DATA / "nasbench101_partial.npz"
NONE_IS_MEAN = np.zeros(34, dtype=bool)


def test_the_known_truths_tau_is_scipys() -> None:
    rng = np.random.default_rng(0)
    means, variance = clustered(rng), np.full(34, 0.005**2)
    draws = means + 0.005 * rng.standard_normal((500, 34))
    by_scipy = np.mean([stats.kendalltau(means, draw).statistic for draw in draws])
    assert expected_tau(means, variance) == pytest.approx(by_scipy, abs=0.01)


def gaussian(rng: np.random.Generator) -> Floats:
    return rng.normal(0.95, 0.01, 34)


def clustered(rng: np.random.Generator) -> Floats:
    """Most cells close together and a few far below, as in NAS-Bench-101."""
    return np.concatenate([rng.normal(0.93, 0.003, 28), rng.uniform(0.77, 0.9, 6)])


def expected_tau(means: Floats, variance: Floats) -> float:
    """Return the expected tau of a known truth: distinct pairs agree by 2 Phi(d / s) - 1."""
    distance = np.abs(means[:, None] - means)
    agreement = 2 * stats.norm.cdf(distance / np.sqrt(variance[:, None] + variance)) - 1
    return float(agreement.sum() / (len(means) * (len(means) - 1)))


def estimated_tau(accuracies: Floats, *, is_one_repeat: bool) -> float:
    noise = estimate_noise(accuracies, np.zeros(len(accuracies), dtype=bool))
    pairs = pair_concordance(accuracies.mean(axis=1), noise, is_one_repeat=is_one_repeat)
    num = len(accuracies)
    return ceiling(pairs, np.ones(num), num * (num - 1))


@pytest.mark.parametrize("num_repeats", [3, 10])
@pytest.mark.parametrize("is_one_repeat", [False, True])
@pytest.mark.parametrize(
    ("make_means", "noise"), [(gaussian, 0.003), (gaussian, 0.006), (clustered, 0.003)]
)
def test_the_ceiling_is_that_of_the_known_truth(
    make_means: Callable[[np.random.Generator], Floats],
    noise: float,
    num_repeats: int,
    is_one_repeat: bool,
) -> None:
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(150):
        means = make_means(rng)
        deviation = noise * np.exp(0.3 * rng.standard_normal(34))
        accuracies = means[:, None] + deviation[:, None] * rng.standard_normal((34, num_repeats))
        variance = deviation**2 / (1 if is_one_repeat else num_repeats)
        true = expected_tau(means, variance)
        errors.append(estimated_tau(accuracies, is_one_repeat=is_one_repeat) - true)
    assert abs(np.mean(errors)) < 0.015
    assert np.std(errors) < 0.05


def test_plugging_the_measured_means_in_would_overstate_it() -> None:
    """Why the noise is extrapolated away: the trap that this estimator avoids."""
    rng = np.random.default_rng(2)
    naive, ours = [], []
    for _ in range(100):
        means = clustered(rng)
        accuracies = means[:, None] + 0.005 * rng.standard_normal((34, 3))
        true = expected_tau(means, np.full(34, 0.005**2 / 3))
        measured = accuracies.mean(axis=1)
        naive.append(expected_tau(measured, np.full(34, 0.005**2 / 3)) - true)
        ours.append(estimated_tau(accuracies, is_one_repeat=False) - true)
    assert np.mean(naive) > 0.06
    assert abs(np.mean(ours)) < 0.03


def test_the_closed_form_is_the_expectation(monkeypatch: pytest.MonkeyPatch) -> None:
    """With lambda = 1 alone and no extrapolation, signs of drawn pairs must agree as often."""
    monkeypatch.setattr("bench.ranking.ceiling.LAMBDAS", (1.0,))
    monkeypatch.setattr("bench.ranking.ceiling.DEGREE", 0)
    noise = Noise(variance=np.array([1.0, 3.0]), num_averaged=np.array([2.0, 2.0]))
    rng = np.random.default_rng(0)
    for distance in (0.0, 0.5, 2.0):
        for is_one_repeat, truth_variance in ((False, 2.0), (True, 4.0)):
            pairs = pair_concordance(np.array([0.0, distance]), noise, is_one_repeat=is_one_repeat)
            expected = distance + np.sqrt(2.0) * rng.standard_normal(400_000)
            measured = expected + np.sqrt(truth_variance) * rng.standard_normal(400_000)
            agreement = np.mean(np.sign(expected) * np.sign(measured))
            assert pairs[0, 1] == pytest.approx(agreement, abs=0.006)


@pytest.mark.parametrize("is_one_repeat", [False, True])
def test_copies_count_as_the_perfect_scorer_ties_them(is_one_repeat: bool) -> None:
    """Against tau-b of drawn truths: kept copies share a mean truth, or draw one each."""
    rng = np.random.default_rng(3)
    means, variance = rng.normal(0.9, 0.02, 12), np.full(12, 0.01**2)
    noise = Noise(variance=variance, num_averaged=np.full(12, 4.0))
    exact = Noise(variance=variance, num_averaged=np.full(12, 1e12))  # the means are the truth
    cells = np.repeat(np.arange(12), rng.integers(1, 6, 12))
    counts = np.bincount(cells).astype(np.float64)
    if is_one_repeat:
        untied = len(cells) * (len(cells) - 1.0)
        draws = means[cells] + 0.01 * rng.standard_normal((400, len(cells)))
    else:
        untied = float(counts.sum() ** 2 - (counts**2).sum())
        draws = (means + 0.005 * rng.standard_normal((400, 12)))[:, cells]
    pairs = pair_concordance(means, exact if is_one_repeat else noise, is_one_repeat=is_one_repeat)
    expected = np.mean([kendall_tau(means[cells], draw) for draw in draws])
    tolerance = 0.01 if is_one_repeat else 0.05  # where these very means count as measured ones
    assert ceiling(pairs, counts, untied) == pytest.approx(expected, abs=tolerance)


def test_without_noise_the_ceiling_is_one() -> None:
    accuracies = np.repeat(np.arange(5.0)[:, None], 3, axis=1) / 10
    assert estimated_tau(accuracies, is_one_repeat=False) == pytest.approx(1)


def test_cells_without_repeats_take_the_variance_of_cells_as_good() -> None:
    rng = np.random.default_rng(0)
    accuracies = rng.normal(0.9, 0.01, (34, 3))
    accuracies[:12, 1:] = np.nan
    is_mean = np.arange(34) < 12
    noise = estimate_noise(accuracies, is_mean)
    typical = np.var(accuracies[12:], axis=1, ddof=1).mean()
    assert noise.variance[:12].mean() == pytest.approx(typical, rel=0.3)
    assert (noise.num_averaged == 3).all(), "a mean counts as one of the table's repeats"
    assert noise.note == (
        "ceiling: 22 of 34 cells have repeats; the other 12 take the variance of "
        "cells as good, their means counted as of 3 repeat(s)"
    )
    assert np.isfinite(pair_concordance(accuracies[:, 0], noise, is_one_repeat=False)).all()


def test_a_diverged_repeat_makes_no_other_cell_uncertain() -> None:
    """A few in NAS-Bench-101 are (0.9, 0.9, 0.1)."""
    rng = np.random.default_rng(0)
    accuracies = gaussian(rng)[:, None] + 0.002 * rng.standard_normal((34, 3))
    before = estimate_noise(accuracies, NONE_IS_MEAN).variance
    accuracies[0, 2] = 0.1
    noise = estimate_noise(accuracies, NONE_IS_MEAN)
    assert noise.variance[0] > 0.05
    assert (noise.variance[1:] < 2 * before[1:]).all()


@pytest.mark.skipif(not DATA.is_file(), reason="needs ../shared/data of the development checkout")
def test_the_ceiling_of_real_cells_agrees_with_one_repeat_against_another() -> None:
    """Greiner: a tau of sin(pi/2 tau) squared between repeats is its root against the mean."""
    repeats = np.load(DATA)["metrics_108"][::150, :, 2].astype(np.float64)
    between = kendall_tau(repeats[:, 0], repeats[:, 1])
    expected = 2 / np.pi * np.arcsin(np.sqrt(np.sin(np.pi / 2 * between)))
    assert estimated_tau(repeats, is_one_repeat=True) == pytest.approx(expected, abs=0.02)


def test_where_good_cells_repeat_better_three_repeats_give_the_ceiling_too() -> None:
    """As on digits: deviations from 0.01 among the best to 0.05 among the worst."""
    rng = np.random.default_rng(4)
    errors = []
    for _ in range(150):
        means = 0.95 - rng.exponential(0.06, 34)
        deviation = 0.012 * np.exp(4 * (0.95 - means))
        accuracies = means[:, None] + deviation[:, None] * rng.standard_normal((34, 3))
        true = expected_tau(means, deviation**2 / 3)
        errors.append(estimated_tau(accuracies, is_one_repeat=False) - true)
    assert abs(np.mean(errors)) < 0.015


def test_three_repeats_of_the_digits_truth_promise_no_less_than_the_other_seven_reach() -> None:
    with open_table("digits") as table:
        accuracies = table.accuracies(sorted(set(table.hashes())), "test")
    rng = np.random.default_rng(0)
    ceilings, reached = [], []
    for _ in range(40):
        repeats = rng.permutation(accuracies, axis=1)
        ceilings.append(estimated_tau(repeats[:, :3], is_one_repeat=False))
        reached.append(kendall_tau(repeats[:, 3:].mean(axis=1), repeats[:, :3].mean(axis=1)))
    assert np.mean(ceilings) > np.mean(reached)


def test_the_fit_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    means, freedom = rng.uniform(0.6, 0.95, 60), rng.integers(1, 9, 60).astype(np.float64)
    variance = np.exp(-6 - 3 * means) * rng.chisquare(freedom) / freedom
    design = np.stack([np.ones(60), means], axis=1)
    theirs = GammaRegressor(alpha=0, tol=1e-10, max_iter=10_000)
    theirs.fit(means[:, None], variance, sample_weight=freedom)
    ours = fit_gamma(design, variance, freedom)
    assert ours == pytest.approx([theirs.intercept_, *theirs.coef_], rel=1e-3)


def test_few_cells_share_one_variance() -> None:
    accuracies = np.array([[0.9, 0.9, 0.9], [0.7, 0.8, 0.9]])
    noise = estimate_noise(accuracies, np.zeros(2, dtype=bool))
    assert 0 < noise.variance[0] < 0.005 < noise.variance[1] < 0.01
    assert noise.note == ""


def test_no_repeats_no_ceiling() -> None:
    noise = estimate_noise(np.full((34, 1), 0.9), NONE_IS_MEAN)
    assert noise.note == "no ceiling: no cell has more than one repeat"
    pairs = pair_concordance(np.arange(34.0), noise, is_one_repeat=False)
    assert np.isnan(ceiling(pairs, np.ones(34), 34.0 * 33))


def test_one_cell_has_no_ceiling() -> None:
    assert np.isnan(ceiling(np.zeros((1, 1)), np.array([5.0]), 0.0))
