"""Few cells and many: the same figures where both count, and intervals that hold the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.ranking.ceiling import Noise
from bench.ranking.intervals import crossed, over_cells
from bench.ranking.pairs.count import MAX_NEAR, Counted, FewCells, ManyCells
from bench.ranking.strata import Blocks, Near

if TYPE_CHECKING:
    from bench.ranking.pairs.count import Counter

NUM = 120


def noise(num: int, size: float = 0.1) -> Noise:
    return Noise(variance=np.full(num, size**2), num_averaged=np.full(num, 3.0))


def count(make: type[FewCells | ManyCells], scores: np.ndarray, truths: np.ndarray) -> Counted:
    num = len(truths)
    rng = np.random.default_rng(7)
    within: dict[str, Blocks | Near] = {
        "blocks": Blocks(rng.integers(-1, 3, num)),
        "near": Near(rng.uniform(1, 1.2, num)),
    }
    counter: Counter = make(within, truths, noise(num), is_one_repeat=False)
    return counter.count(scores, truths, np.arange(num))


def test_many_cells_have_the_figures_of_few() -> None:
    rng = np.random.default_rng(0)
    truths = rng.standard_normal(NUM)
    scores = (truths + rng.standard_normal(NUM)).round(1)
    few, many = (count(make, scores, truths) for make in (FewCells, ManyCells))
    assert many.taus == pytest.approx(few.taus)
    for name, jackknife in few.jackknives.items():
        np.testing.assert_allclose(many.jackknives[name], jackknife)
    assert np.isnan(many.jackknives["blocks"]).any()
    assert many.ceiling == pytest.approx(few.ceiling, abs=0.003)


def test_the_jackknifes_interval_over_cells_is_the_bootstraps() -> None:
    """Within a tenth of its width, for scores without ties and with many."""
    rng = np.random.default_rng(1)
    for digits in (3, 0):
        truths = rng.standard_normal(400)
        scores = (truths + rng.standard_normal(400)).round(digits)
        few, many = (count(make, scores, truths) for make in (FewCells, ManyCells))
        bootstrap, jackknife = (
            over_cells(one.resampled, one.taus["tau"], one.jackknives["tau"], is_tau=True)
            for one in (few, many)
        )
        width = bootstrap[1] - bootstrap[0]
        assert jackknife == pytest.approx(bootstrap, abs=width / 10)
        assert len(many.resampled) == 0 < len(few.resampled)


@pytest.mark.parametrize("correlation", [0.3, 0.8])
def test_95_percent_of_intervals_over_many_cells_hold_the_truth(correlation: float) -> None:
    """Gaussian pairs have an expected tau of 2/pi asin(correlation) (Greiner); 300 cells.

    Two scores of the same cells share their truths, and their difference pairs them.
    """
    rng, held = np.random.default_rng(0), np.zeros(2)
    taus = 2 / np.pi * np.arcsin([correlation, 0.5])
    num_worlds = 1000
    for _ in range(num_worlds):
        truths, *noises = rng.standard_normal((3, 300))
        one, other = (
            count_tau(r * truths + np.sqrt(1 - r**2) * noise, truths)
            for r, noise in zip((correlation, 0.5), noises, strict=True)
        )
        low, high = crossed(np.array([one[0]]), one[1][None], is_tau=True)
        held[0] += low <= taus[0] <= high
        difference, jackknife = one[0] - other[0], one[1] - other[1]
        low, high = crossed(np.array([difference]), jackknife[None], is_tau=False)
        held[1] += low <= taus[0] - taus[1] <= high
    assert held / num_worlds == pytest.approx(0.95, abs=0.02)


def count_tau(scores: np.ndarray, truths: np.ndarray) -> tuple[float, np.ndarray]:
    counter = ManyCells.__new__(ManyCells)  # without a ceiling, which takes half a second
    counter.num_cells, counter.within, counter.near, counter.concordance = 300, {}, {}, 1.0
    counter.paired = {}
    counted = counter.count(scores, truths, np.arange(300))
    return counted.taus["tau"], counted.jackknives["tau"]


def test_over_too_many_cells_near_pairs_are_left_out_and_it_is_said() -> None:
    num = MAX_NEAR + 1
    near = {"near": Near(np.ones(num))}
    many = ManyCells(near, np.arange(float(num)), noise(num), is_one_repeat=False)
    assert "tau_near_parameters is left out" in many.note
    counted = many.count(np.arange(float(num)), np.arange(float(num)), np.arange(num))
    assert counted.taus["tau"] == 1
    assert np.isnan(counted.taus["near"])


def test_entries_may_come_in_any_order_but_each_cell_once() -> None:
    many = ManyCells({}, np.arange(20.0), noise(20), is_one_repeat=False)
    order = np.random.default_rng(0).permutation(20)
    counted = many.count(np.arange(20.0)[order], np.arange(20.0)[order], order)
    assert counted.taus["tau"] == 1
    with pytest.raises(ValueError, match=r"21 entries of 20 cells.*averages copies"):
        many.count(np.arange(21.0), np.arange(21.0), np.r_[order, 0])
