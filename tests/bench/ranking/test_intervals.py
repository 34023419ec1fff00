"""Intervals: the bootstrap's law, and how often each interval holds a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.ranking.correlation import count_pairs
from bench.ranking.intervals import MIN_CELLS, crossed, interval, over_seeds, resample_cells


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


class World:
    """Supernets that see true qualities q as q + bias + noise, the noise's size differing by seed.

    Score and truth are Gaussian of correlation 1 / sqrt(1 + bias^2 + noise^2), so that a seed's
    expected tau is 2/pi asin of that (Greiner), and the mean over seeds an integral.
    """

    def __init__(self, noise: float, bias: float, spread: float) -> None:
        self.noise, self.bias, self.spread = noise, bias, spread

    def scores(self, qualities: np.ndarray, num_seeds: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the scores of every seed, of shape (num_seeds, num_cells)."""
        num_cells = len(qualities)
        sizes = self.noise * np.exp(self.spread * rng.standard_normal(num_seeds))
        shared = qualities + self.bias * rng.standard_normal(num_cells)
        return shared + sizes[:, None] * rng.standard_normal((num_seeds, num_cells))

    @property
    def tau(self) -> float:
        """Integrate the expected tau over seeds."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        sizes = self.noise * np.exp(self.spread * nodes)
        taus = 2 / np.pi * np.arcsin(1 / np.sqrt(1 + self.bias**2 + sizes**2))
        return float(weights @ taus / weights.sum())


def measure(scores: np.ndarray, truths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return tau and jackknives by seed."""
    cells = np.arange(len(truths))
    pairs = [count_pairs(one, truths, cells, len(truths)) for one in scores]
    every = np.ones((1, len(truths)))
    taus = np.array([one.tau(every)[0] for one in pairs])
    return taus, np.array([one.jackknife() for one in pairs])


def coverage(
    first: World, second: World, num_seeds: int, num_cells: int, num_worlds: int = 400
) -> tuple[float, float]:
    """Return how often the interval of the first, and of the paired difference, hold the truth."""
    rng, held = np.random.default_rng(0), np.zeros(2)
    for _ in range(num_worlds):
        qualities = rng.standard_normal(num_cells)
        a, b = (measure(w.scores(qualities, num_seeds, rng), qualities) for w in (first, second))
        low, high = crossed(*a, is_tau=True)
        held[0] += low <= first.tau <= high
        low, high = crossed(a[0] - b[0], a[1] - b[1], is_tau=False)
        held[1] += low <= first.tau - second.tau <= high
    one, difference = held / num_worlds
    return float(one), float(difference)


WORLDS = [
    (World(0.3, 0.1, 0.5), World(0.4, 0.1, 0.5)),
    (World(1.0, 0.5, 0.6), World(1.3, 0.5, 0.6)),
    (World(2.0, 0.0, 0.8), World(2.6, 0.0, 0.8)),
]


@pytest.mark.parametrize("worlds", WORLDS, ids=["high tau", "medium tau", "low tau"])
def test_95_percent_of_intervals_over_seeds_and_cells_hold_the_truth(
    worlds: tuple[World, World],
) -> None:
    """As the reference results have them: 10 seeds, 34 cells."""
    for held in coverage(*worlds, num_seeds=10, num_cells=34):
        assert held == pytest.approx(0.95, abs=0.02)


def test_few_seeds_and_cells_make_the_interval_wider_not_wrong() -> None:
    for num_seeds, num_cells in ((3, 34), (3, 12)):
        assert min(coverage(*WORLDS[1], num_seeds, num_cells, 200)) >= 0.92


def test_with_three_seeds_that_vary_much_it_is_a_little_too_narrow() -> None:
    """A standard deviation of tau of 0.23 over seeds, the most that our runs have."""
    worlds = World(1.0, 0.3, 1.2), World(1.3, 0.3, 1.2)
    assert min(coverage(*worlds, num_seeds=10, num_cells=34)) >= 0.93
    assert all(0.90 <= held <= 0.95 for held in coverage(*worlds, 3, 34, 1000))


@pytest.mark.parametrize("step", [0.0, 0.5], ids=["no ties", "many ties"])
def test_one_seeds_interval_over_22_cells_holds_what_other_cells_would_show(step: float) -> None:
    """Scores may be in steps, as accuracies are; the mean tau of 4,000 worlds is the truth."""
    rng, world = np.random.default_rng(2), World(1.0, 0.5, 0.0)
    found = []
    for _ in range(4000):
        qualities = rng.standard_normal(22)
        scores = world.scores(qualities, 1, rng)
        found.append(measure((scores / step).round() if step else scores, qualities))
    expected = np.mean([taus for taus, _ in found])
    if not step:
        assert expected == pytest.approx(world.tau, abs=0.01)
    intervals = [crossed(*one, is_tau=True) for one in found[:1000]]
    held = np.mean([low <= expected <= high for low, high in intervals])
    assert held == pytest.approx(0.95, abs=0.02)


def test_leaving_out_either_source_would_hold_the_truth_too_seldom() -> None:
    """The trap: over seeds alone where cells vary, over cells alone where seeds do."""
    rng, held = np.random.default_rng(0), np.zeros(2)
    by_cells, by_seeds = World(0.5, 2.0, 0.0), World(1.0, 0.0, 1.0)
    for _ in range(200):
        qualities = rng.standard_normal(34)
        taus, _ = measure(by_cells.scores(qualities, 10, rng), qualities)
        low, high = over_seeds(taus)
        held[0] += low <= by_cells.tau <= high
        taus, jackknives = measure(by_seeds.scores(qualities, 1, rng), qualities)
        low, high = crossed(taus, jackknives, is_tau=True)
        held[1] += low <= by_seeds.tau <= high
    assert (held / 200 < 0.85).all()


def test_the_jackknife_leaves_each_cell_out() -> None:
    rng = np.random.default_rng(1)
    scores, truths = rng.standard_normal((2, 12)).round(1)  # with ties
    pairs = count_pairs(scores, truths, np.arange(12), 12)
    for cell, found in enumerate(pairs.jackknife()):
        kept = np.delete(np.arange(12), cell)
        expected = stats.kendalltau(scores[kept], truths[kept]).statistic
        assert found == pytest.approx(expected)


def test_no_interval_over_both_where_there_is_nothing_to_go_by() -> None:
    few = np.random.default_rng(0).random((3, MIN_CELLS - 1))
    assert np.isnan(crossed(few.mean(axis=1), few, is_tau=True)).all()
    same = np.full((3, 34), 0.5)
    assert np.isnan(crossed(same.mean(axis=1), same, is_tau=True)).all()
    assert np.isnan(over_seeds(np.array([0.1, 0.2]))).all()
    assert over_seeds(np.array([0.1, 0.2, 0.3])) == pytest.approx((-0.0484, 0.4484), abs=1e-4)
