"""Tests of bench.table.merge."""

import math

import numpy as np
import pytest

from bench.network.skeleton import Skeleton
from bench.table.builder import Row, collect
from bench.table.data import Source, TableError
from bench.table.merge import merge
from tests.graphs import FIRST_CELL, INCEPTION_CELL, LINE_CELL

REPEATS = [Row(cell=FIRST_CELL, epochs=108, valid=0.5, test=test) for test in (0.90, 0.92)]
MEAN = Row(cell=FIRST_CELL, epochs=108, test=0.91, mean_only=True)
OTHER = Row(cell=LINE_CELL, epochs=108, test=0.6, mean_only=True)
NAN = math.nan


@pytest.mark.parametrize("swap", [False, True])
def test_repeats_win_over_a_mean(swap: bool) -> None:
    tables = collect(REPEATS, sources=[Source("a")]), collect([MEAN, OTHER], sources=[Source("b")])
    merged = merge(*(tables[::-1] if swap else tables))
    hashes = [row.tobytes().hex() for row in merged.hashes]
    assert hashes == sorted([FIRST_CELL.hash, LINE_CELL.hash])
    first = hashes.index(FIRST_CELL.hash)
    figures = merged.budgets[108].figures
    np.testing.assert_array_equal(figures["test"][first], [0.90, 0.92])
    np.testing.assert_array_equal(figures["test"][1 - first], [0.6, NAN])
    np.testing.assert_array_equal(figures["valid"][first], [0.5, 0.5])
    assert merged.budgets[108].mean_only.tolist() == [first == 1, first == 0]
    assert {source.name for source in merged.sources} == {"a", "b"}


def test_budgets_and_cells_are_joined() -> None:
    merged = merge(
        collect([Row(cell=INCEPTION_CELL, epochs=4, train=0.2)], details={"one": 1}),
        collect([*REPEATS, Row(cell=INCEPTION_CELL, epochs=108, test=0.8)], details={"two": 2}),
    )
    assert [*merged.budgets] == [4, 108]
    assert merged.num_repeats == 2
    assert merged.parameters.tolist() == [8_555_530, 2_694_282]
    np.testing.assert_array_equal(merged.budgets[4].figures["train"], [[NAN, NAN], [0.2, NAN]])
    np.testing.assert_array_equal(merged.budgets[108].figures["test"], [[0.90, 0.92], [0.8, NAN]])
    assert merged.details == {"one": 1, "two": 2}


def test_the_same_twice_is_the_same() -> None:
    rows = [*REPEATS, OTHER]
    merged = merge(collect(rows), collect(rows))
    for name, values in collect(rows).budgets[108].figures.items():
        np.testing.assert_array_equal(merged.budgets[108].figures[name], values)


def test_means_may_differ_a_little() -> None:
    close = Row(cell=FIRST_CELL, epochs=108, test=0.91009, mean_only=True)
    merge(collect(REPEATS), collect([close]))
    np.testing.assert_array_equal(
        merge(collect([MEAN]), collect([close])).budgets[108].figures["test"], [[0.91]]
    )


@pytest.mark.parametrize("rows", [REPEATS, [MEAN]])
def test_disagreeing_means_are_refused(rows: list[Row]) -> None:
    far = Row(cell=FIRST_CELL, epochs=108, test=0.9102, mean_only=True)
    message = (
        "disagree on 1 cells by more than 0.0001, .* test accuracy of 00005c14.*: 0.910000 and"
    )
    with pytest.raises(TableError, match=message):
        merge(collect(rows), collect([far]))


def test_two_different_sets_of_repeats_are_refused() -> None:
    other = [Row(cell=FIRST_CELL, epochs=108, valid=0.5, test=test) for test in (0.92, 0.90)]
    with pytest.raises(TableError, match="different repeats of 1 cells, first of 00005c14"):
        merge(collect(REPEATS), collect(other))


def test_other_skeletons_are_refused() -> None:
    with pytest.raises(TableError, match="different networks"):
        merge(collect(REPEATS), collect([OTHER], skeleton=Skeleton(stem_channels=8)))
