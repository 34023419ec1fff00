"""Sums of pairs in n log n: against every pair, against scipy, with ties of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.ranking.correlation import count_pairs
from bench.ranking.pairs.sums import Sums, sum_pairs, sum_pairs_near, sum_pairs_within

PAIRS = st.integers(1, 12).flatmap(
    lambda num: st.tuples(
        *(st.lists(st.integers(0, 4), min_size=num, max_size=num) for _ in range(3))
    )
)


def every_pair(scores: np.ndarray, truths: np.ndarray, mask: np.ndarray) -> Sums:
    """Count each pair by itself."""
    num = len(scores)
    pairs = count_pairs(scores, truths, np.arange(num), num).within(mask)
    rows = np.array(
        [one.sum(1) for one in (pairs.agreement, pairs.untied_scores, pairs.untied_truths)]
    )
    return Sums(rows.sum(axis=1), 2 * rows)


@given(PAIRS)
def test_sums_are_those_of_every_pair(drawn: tuple[list[int], ...]) -> None:
    scores, truths, labels = (np.array(one, dtype=float) for one in drawn)
    num = len(scores)
    found, expected = sum_pairs(scores, truths), every_pair(scores, truths, np.ones((num, num)))
    np.testing.assert_array_equal(found.totals, expected.totals)
    np.testing.assert_array_equal(found.with_cell, expected.with_cell)
    mask = labels[:, None] == labels
    for part in (
        sum_pairs_within(scores, truths, labels.astype(np.intp)),
        sum_pairs_near(scores, truths, mask),
    ):
        np.testing.assert_array_equal(part.with_cell, every_pair(scores, truths, mask).with_cell)


def test_many_cells_have_scipys_tau_and_infinite_scores_compare() -> None:
    rng = np.random.default_rng(0)
    truths = rng.integers(300, size=5000) / 300
    scores = (truths + rng.normal(0, 0.4, 5000)).round(2)
    scores[:3] = np.inf, np.inf, -np.inf
    assert sum_pairs(scores, truths).tau == pytest.approx(stats.kendalltau(scores, truths)[0])


def test_the_jackknife_leaves_each_cell_out() -> None:
    scores, truths = np.random.default_rng(1).standard_normal((2, 15)).round(1)
    for cell, found in enumerate(sum_pairs(scores, truths).jackknife()):
        kept = np.delete(np.arange(15), cell)
        assert found == pytest.approx(stats.kendalltau(scores[kept], truths[kept])[0])


def test_cells_of_no_block_are_in_no_pair() -> None:
    scores, truths = np.arange(4.0), np.array([3.0, 0.0, 1.0, 2.0])
    part = sum_pairs_within(scores, truths, np.array([-1, 0, 0, 0]))
    assert part.tau == 1
    assert np.isnan(part.with_cell[:, 0]).all()
    assert np.isnan(part.jackknife()[0])


def test_constant_scores_have_no_tau() -> None:
    assert np.isnan(sum_pairs(np.ones(5), np.arange(5.0)).tau)
