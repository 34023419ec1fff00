"""Correlations against scipy, and the stated treatment of ties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from bench.ranking.correlation import (
    count_pairs,
    kendall_tau,
    measure,
    precision_top10,
    regret,
    spearman,
    weighted_tau,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SMALL = st.integers(-3, 3).map(float)  # many ties
PAIRS = hnp.arrays(np.float64, st.tuples(st.just(2), st.integers(2, 30)), elements=SMALL)


@given(PAIRS)
def test_tau_b_is_scipys(pair: Floats) -> None:
    expected = stats.kendalltau(*pair).statistic
    assert kendall_tau(*pair) == pytest.approx(expected, nan_ok=True, abs=1e-12)


@given(PAIRS)
def test_spearman_and_weighted_tau_are_scipys(pair: Floats) -> None:
    if (pair.std(axis=1) == 0).any():
        assert np.isnan([spearman(*pair), weighted_tau(*pair)]).all()
        return
    weighted: Any = stats.weightedtau(*pair)
    assert spearman(*pair) == pytest.approx(stats.spearmanr(*pair).statistic)
    assert weighted_tau(*pair) == pytest.approx(weighted.statistic)


@given(PAIRS, st.integers(1, 6), st.randoms(use_true_random=False))
def test_tau_of_a_resample_is_scipys_on_the_resampled_data(
    pair: Floats, num_cells: int, random: Any
) -> None:
    """All entries of a cell are repeated together, ties among the repeats included."""
    cells = np.array([random.randrange(num_cells) for _ in pair[0]])
    drawn = np.array([random.randrange(num_cells) for _ in range(num_cells)])
    multiplicities = np.bincount(drawn, minlength=num_cells).astype(np.float64)
    rows = np.concatenate([np.flatnonzero(cells == cell) for cell in drawn])
    tau = count_pairs(pair[0], pair[1], cells, num_cells).tau(multiplicities[None])[0]
    expected = stats.kendalltau(*pair[:, rows]).statistic if len(rows) > 1 else np.nan
    assert tau == pytest.approx(expected, nan_ok=True, abs=1e-12)


@given(PAIRS)
def test_a_monotone_map_of_the_scores_changes_nothing_but_nothing_else_is_assumed(
    pair: Floats,
) -> None:
    scores, truths = pair
    np.testing.assert_equal(measure(np.exp(scores), truths), measure(scores, truths))


def test_infinite_scores_compare() -> None:
    scores = np.array([-np.inf, -np.inf, 0.0, 1.0])
    truths = np.arange(4.0)
    assert kendall_tau(scores, truths) == pytest.approx(stats.kendalltau([0, 0, 1, 2], truths)[0])


def test_perfect_and_worst_scores() -> None:
    truths = np.random.default_rng(0).permutation(41.0 * np.arange(34))
    assert measure(truths, truths) == pytest.approx(
        {"tau": 1, "spearman": 1, "weighted_tau": 1, "precision_top10": 1, "regret": 0}
    )
    worst = measure(-truths, truths)
    assert worst["tau"] == worst["spearman"] == pytest.approx(-1)
    assert worst["precision_top10"] == 0
    assert worst["regret"] == truths.max() - truths.min()


def test_the_top_is_a_tenth_rounded_up() -> None:
    truths = np.arange(34.0)
    scores = truths.copy()
    scores[[33, 32, 0, 1]] = [33, 32, 40, 41]  # two of the top ceil(3.4) = 4 are right
    assert precision_top10(scores, truths) == pytest.approx(2 / 4)


def test_equal_scores_share_the_last_places() -> None:
    truths = np.arange(20.0)
    scores = np.zeros(20)
    assert precision_top10(scores, truths) == pytest.approx(2 / 20), "a constant score is chance"
    scores[0] = 1.0  # one place is wrongly taken, 19 entries share the other
    assert precision_top10(scores, truths) == pytest.approx((2 / 19) / 2)


def test_entries_as_good_as_the_last_of_the_true_top_belong_to_it() -> None:
    truths = np.array([5.0] * 4 + [1.0] * 16)  # copies of the best cell, more than ceil(20 / 10)
    for first in range(3):
        scores = np.zeros(20)
        scores[first : first + 2] = [2.0, 1.0]
        assert precision_top10(scores, truths) == 1


def test_regret_averages_what_is_ranked_first() -> None:
    truths = np.array([0.95, 0.93, 0.90, 0.80])
    assert regret(np.array([0.0, 1.0, 0.5, 0.2]), truths) == pytest.approx(0.02)
    assert regret(np.array([0.0, 1.0, 1.0, 0.2]), truths) == pytest.approx(0.95 - 0.915)
