"""Baselines on the real cells, and random scores against many scored by scipy."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy import stats

from bench.network.cell import INPUT, OUTPUT, Cell
from bench.network.skeleton import NASBENCH101
from bench.network.structure import CONV3X3, MAXPOOL3X3
from bench.ranking.baselines import (
    BAR,
    BASELINE_LABELS,
    BASELINES,
    MAX_SHUFFLED,
    RANDOM,
    STRUCTURE,
    measure_random,
)
from bench.ranking.correlation import kendall_tau, measure
from tests.paths import SHARED_DATA
from tests.synthetic import cells

DATA = SHARED_DATA / "nasbench101_mixpath_cells.csv"


@pytest.mark.skipif(not DATA.is_file(), reason="needs ../shared/data of the development checkout")
def test_the_real_22_cells_are_ranked_well_for_nothing() -> None:
    """Parameters reach 0.77, 3x3 convolutions 0.79: above the paper's record of 0.597."""
    with DATA.open() as file:
        truth = {r["module_hash"]: r["mean_test_accuracy"] for r in csv.DictReader(file)}
    known = [cell for cell in cells() if truth[cell.hash]]
    truths = np.array([float(truth[cell.hash]) for cell in known])
    taus = {
        name: kendall_tau(np.array([float(baseline(c, NASBENCH101)) for c in known]), truths)
        for name, baseline in BASELINES.items()
    }
    assert len(known) == 22
    assert taus["num_parameters"] == pytest.approx(0.77, abs=0.005)
    assert taus["num_conv3x3"] == pytest.approx(0.79, abs=0.005)


def test_max_pools_decide_among_equal_3x3_counts_alone() -> None:
    """By sorting pairs of counts, in every cell of the paper's sub-space."""
    of = BASELINES["conv3x3_then_maxpool3x3"]
    counts = {c: tuple(c.operations.count(op) for op in (CONV3X3, MAXPOOL3X3)) for c in cells()}
    scores = [float(of(cell, NASBENCH101)) for cell in counts]
    expected = stats.rankdata([10 * conv + pool for conv, pool in counts.values()])
    assert (stats.rankdata(scores) == expected).all()
    assert len(set(scores)) == len(set(counts.values()))


def test_random_scores_have_the_law_of_tau() -> None:
    """Without ties the variance of tau is 2 (2n + 5) / (9 n (n - 1)) (Kendall)."""
    taus, expected = measure_random(np.arange(34.0))
    assert taus.var() == pytest.approx(2 * 73 / (9 * 34 * 33), rel=0.15)
    assert expected["tau"] == pytest.approx(taus.mean())
    assert abs(taus.mean()) < 0.015


def test_random_scores_among_tied_truths_are_scipys() -> None:
    rng = np.random.default_rng(0)
    truths = rng.integers(0, 4, 30).astype(float)
    draws = [rng.permutation(30).astype(float) for _ in range(500)]
    taus, expected = measure_random(truths)
    by_scipy = [stats.kendalltau(draw, truths).statistic for draw in draws]
    assert np.std(taus) == pytest.approx(np.std(by_scipy), rel=0.1)
    measured = [measure(draw, truths) for draw in draws]
    for name in ("spearman", "weighted_tau", "precision_top10", "regret"):
        mean = np.mean([one[name] for one in measured])
        assert expected[name] == pytest.approx(mean, abs=0.06), name


def test_equal_truths_can_not_be_ranked() -> None:
    taus, _ = measure_random(np.ones(5))
    assert np.isnan(taus).all()


def test_many_random_scores_are_as_normal_as_shuffled_ones() -> None:
    """At the size where one stands in for the other, with ties."""
    truths = np.random.default_rng(0).integers(200, size=MAX_SHUFFLED) / 200
    shuffled, _ = measure_random(truths)
    normal, expected = measure_random(np.append(truths, 0.5))
    quantiles = [0.025, 0.25, 0.5, 0.75, 0.975]
    assert np.quantile(normal, quantiles) == pytest.approx(
        np.quantile(shuffled, quantiles), abs=0.006
    )
    assert expected["tau"] == pytest.approx(0, abs=1e-9)


def test_the_bar_needs_both_of_its_counts() -> None:
    """Two 3x3 convolutions in a chain have a longer way than two side by side."""
    names = (INPUT, "conv3x3-bn-relu", "conv3x3-bn-relu", OUTPUT)
    chain = Cell.from_matrix([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0] * 4], names)
    beside = Cell.from_matrix([[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0] * 4], names)
    assert [STRUCTURE[BAR](cell, NASBENCH101) for cell in (chain, beside)] == [-1, 0]


def test_every_baseline_has_a_name_for_readers() -> None:
    assert set(BASELINE_LABELS) == {*BASELINES, *STRUCTURE, RANDOM}
