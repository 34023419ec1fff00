"""Tau within what counting can't tell apart: against scipy stratum by stratum, and its traps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from bench.ranking.baselines import num_conv3x3
from bench.ranking.ceiling import Noise
from bench.ranking.correlation import count_pairs
from bench.ranking.intervals import crossed, num_cells_of
from bench.ranking.outputs import rank
from bench.ranking.pairs.count import FewCells, ManyCells
from bench.ranking.protocol import PROTOCOLS
from bench.ranking.strata import (
    EQUAL_CONV3X3,
    NEAR,
    NEAR_PARAMETERS,
    TOP20,
    WITHIN,
    Blocks,
    Near,
    strata,
)
from bench.table.table import Table
from tests.synthetic import cells, write_runs, write_truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def noise(num: int) -> Noise:
    return Noise(variance=np.full(num, 0.01), num_averaged=np.full(num, 3.0))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    with Table(write_truth(tmp_path_factory.mktemp("table") / "truth.h5")) as opened:
        yield opened


def within(scores: np.ndarray, truths: np.ndarray, mask: np.ndarray) -> float:
    pairs = count_pairs(scores, truths, np.arange(len(truths)), len(truths)).within(mask)
    return float(pairs.tau(np.ones((1, len(truths))))[0])


def test_one_stratum_is_kendalls_tau_and_several_add_up_their_pairs() -> None:
    rng = np.random.default_rng(0)
    scores, truths = rng.standard_normal((2, 30))
    strata_of = np.repeat([0, 1, 2], [5, 10, 15])
    every = np.ones((30, 30), dtype=bool)
    assert within(scores, truths, every) == pytest.approx(stats.kendalltau(scores, truths)[0])
    parts = [(scores[strata_of == k], truths[strata_of == k]) for k in range(3)]
    sizes = [len(x) * (len(x) - 1) / 2 for x, _ in parts]
    taus = [stats.kendalltau(x, y)[0] for x, y in parts]  # without ties, tau is a share of pairs
    expected = np.dot(sizes, taus) / sum(sizes)
    found = within(scores, truths, strata_of[:, None] == strata_of)
    assert found == pytest.approx(expected)


def test_counting_alone_is_worth_nothing_within_its_own_strata() -> None:
    """A score that knows the stratum ranks well over all pairs, and not at all within."""
    rng = np.random.default_rng(0)
    count = np.repeat(np.arange(5), 8)
    truths = count + 0.1 * rng.standard_normal(40)
    noisy = count + 0.1 * rng.standard_normal(40)
    mask = count[:, None] == count
    assert within(noisy, truths, np.ones((40, 40), dtype=bool)) > 0.7
    assert abs(within(noisy, truths, mask)) < 0.25
    assert np.isnan(within(count.astype(float), truths, mask))


def test_masks_are_of_equal_counts_and_near_sizes(table: Table) -> None:
    keys = [cell.hash for cell in cells()]
    truths = np.arange(34.0)
    masks = {name: one.mask() for name, one in strata(keys, table, truths).items()}
    assert set(masks) == set(WITHIN)
    for i, one in enumerate(cells()):
        for j, other in enumerate(cells()):
            is_equal = num_conv3x3(one, table.skeleton) == num_conv3x3(other, table.skeleton)
            assert masks["tau_equal_conv3x3"][i, j] == is_equal
            ratio = table.parameters(one) / table.parameters(other)
            assert masks["tau_near_parameters"][i, j] == (1 / NEAR <= ratio <= NEAR)
            assert masks["tau_top20"][i, j] == (min(i, j) >= 27)  # the best 7 of 34


def test_cells_as_good_as_the_last_of_the_best_belong_to_them(table: Table) -> None:
    keys = [cell.hash for cell in cells()]
    truths = np.repeat([0.1, 0.5, 0.9], [14, 18, 2])
    assert strata(keys, table, truths)["tau_top20"].mask().any(axis=1).sum() == 20


def test_every_scorer_and_baseline_has_them(tmp_path: Path, table: Table) -> None:
    runs = write_runs(tmp_path, ms=(4,))
    frame = rank(runs, table, [PROTOCOLS["sound"]]).kendall_tau
    scored = frame[frame["scorer"] == "accuracy"]
    assert len(scored) == 4
    for name in (EQUAL_CONV3X3, NEAR_PARAMETERS):
        assert scored[[name, f"{name}_low", f"{name}_high"]].notna().all(axis=None)
        assert (scored[f"{name}_low"] <= scored[name]).all()
        assert scored[f"{name}_high"].between(scored[name], 1).all()
        assert (scored[f"{name}_high"] - scored[f"{name}_low"] > 0.1).all()
    assert (scored[f"{EQUAL_CONV3X3}_cells"] == 33).all(), "four 3x3: one cell, in no pair"
    assert (scored[f"{TOP20}_cells"] == 7).all()
    assert scored[TOP20].notna().all()
    assert scored[f"{TOP20}_low"].isna().all(), "7 cells are too few for an interval"
    (counted,) = frame[frame["scorer"] == "num_conv3x3"]["tau_equal_conv3x3"]
    assert np.isnan(counted)


def test_near_is_within_five_percent() -> None:
    masks = Near(np.array([100.0, 104.9, 105.1])).mask()
    assert masks.tolist() == [[True, True, False], [True, True, True], [False, True, True]]


def test_cells_in_no_pair_do_not_count_towards_an_interval() -> None:
    """Nine cells in pairs are too few, however many others there are; ten are enough."""
    rng = np.random.default_rng(0)
    for num, is_enough in ((9, False), (10, True)):
        labels = np.r_[np.zeros(num, dtype=np.intp), np.arange(1, 21), np.full(5, -1)]
        sizes = np.where(labels == 0, 1.0, 10.0 ** np.arange(1.0, len(labels) + 1))
        for stratum in (Blocks(labels), Near(sizes)):
            assert stratum.is_paired().tolist() == (labels == 0).tolist()
            assert (stratum.mask().sum(axis=1) > 1).tolist() == (labels == 0).tolist()
            for make in (FewCells, ManyCells):
                counter: Any = make(
                    {"within": stratum},
                    np.linspace(0, 1, len(labels)),
                    noise(len(labels)),
                    is_one_repeat=False,
                )
                scores, truths = rng.standard_normal((2, len(labels)))
                counted = counter.count(scores, truths, np.arange(len(labels)))
                known = counted.jackknives["within"][None]
                assert num_cells_of(known) == num
                low, high = crossed(np.array([counted.taus["within"]]), known, is_tau=True)
                assert np.isfinite([low, high]).all() == is_enough


def test_the_interval_is_that_of_the_pairs_within() -> None:
    """In one stratum of all cells it is tau's own; in blocks it is the hand-made jackknife's."""
    rng = np.random.default_rng(1)
    scores, truths = rng.standard_normal((2, 24))
    blocks = np.repeat(np.arange(3), 8)
    counter = FewCells(
        {"one": Blocks(np.zeros(24, dtype=np.intp)), "blocks": Blocks(blocks)},
        np.linspace(0, 1, 24),
        noise(24),
        is_one_repeat=False,
    )
    counted = counter.count(scores, truths, np.arange(24))
    assert counted.jackknives["one"] == pytest.approx(counted.jackknives["tau"])
    for i in range(24):
        rest = np.arange(24) != i
        mask = blocks[rest][:, None] == blocks[rest]
        assert counted.jackknives["blocks"][i] == pytest.approx(
            within(scores[rest], truths[rest], mask)
        )
