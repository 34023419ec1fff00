"""Which cells of given scores are ranked: all, a stated sample, a quick look; and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from bench.ranking.given.entries import choose_cells, score_entries
from bench.ranking.protocol import FOR_GIVEN, for_given
from bench.scores.given import Scores, read_scores
from bench.scores.sample import sample_cells
from bench.table.table import Table
from tests.synthetic import cells, write_truth

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    path = write_truth(tmp_path_factory.mktemp("table") / "truth.h5", num_cells=30)
    with Table(path) as opened:
        yield opened


def scores(num: int = 30) -> Scores:
    hashes = [cell.hash for cell in cells()[:num]]
    frame = pd.DataFrame({"cell_hash": hashes, "a": range(num), "b": range(num, 0, -1)})
    return read_scores([frame])


def test_all_cells_scored_are_ranked(table: Table) -> None:
    chosen = choose_cells(scores(), table, FOR_GIVEN)
    assert chosen.scores.cells == sorted(cell.hash for cell in cells()[:30])
    assert chosen.statement == "30 cells that were scored"


def test_a_stated_sample_is_what_the_table_draws(table: Table) -> None:
    sample = sample_cells(table, 12, seed=3)
    chosen = choose_cells(scores(), table, FOR_GIVEN, cells="sample:12:3")
    assert chosen.scores.cells == sample.hashes
    assert chosen.statement == sample.statement
    with pytest.raises(ValueError, match=r"no scores of \d+ of the 12 cells asked for, such as"):
        choose_cells(scores(15), table, FOR_GIVEN, cells="sample:12:3")
    fewer = choose_cells(scores(15), table, FOR_GIVEN, cells="sample:12:3", allow_missing=True)
    num = len(fewer.scores.cells)
    assert 2 <= num < 12
    assert fewer.statement == f"{sample.statement}; {12 - num} left out without scores"


def test_a_quick_look_says_that_it_is_one(table: Table) -> None:
    chosen = choose_cells(scores(), table, FOR_GIVEN, limit=5)
    assert len(chosen.scores.cells) == 5
    assert chosen.statement.endswith("; a quick look at 5 of them")
    assert len(choose_cells(scores(), table, FOR_GIVEN, limit=99).scores.cells) == 30


def test_cells_that_the_table_lacks_are_refused_or_left_out(table: Table) -> None:
    with pytest.raises(ValueError, match=r"lacks the test accuracy of 4 of the 34 cells .*missing"):
        choose_cells(scores(34), table, FOR_GIVEN)
    chosen = choose_cells(scores(34), table, FOR_GIVEN, allow_missing=True)
    assert len(chosen.scores.cells) == 30
    assert chosen.statement.endswith("; 4 left out without truth")


def test_fewer_than_two_cells_are_no_ranking(table: Table) -> None:
    with pytest.raises(ValueError, match="no ranking of 1 of 1 cells with score and truth"):
        choose_cells(scores(1), table, FOR_GIVEN)
    outside = scores(34).only(cell.hash for cell in cells()[29:34])
    with pytest.raises(ValueError, match=r"no ranking of 1 of 5 cells .*: score at least 2 that"):
        choose_cells(outside, table, FOR_GIVEN, allow_missing=True)
    with pytest.raises(ValueError, match="no ranking of 1 of 30 cells"):
        choose_cells(scores(), table, FOR_GIVEN, limit=1)


def test_a_budget_that_the_table_lacks_is_refused_with_those_it_has(table: Table) -> None:
    with pytest.raises(ValueError, match="has no budget of 12 epochs: use one of 40"):
        choose_cells(scores(), table, for_given(truth_budget=12))


def test_entries_hold_the_truth_and_the_methods_of_each_seed(table: Table) -> None:
    hashes = [cell.hash for cell in cells()[:3]]
    both = pd.DataFrame({"cell_hash": hashes, "seed": 0, "a": [1.0, 2.0, 3.0]})
    other = pd.DataFrame({"cell_hash": hashes * 2, "seed": [0] * 3 + [5] * 3, "b": range(6)})
    entries = score_entries(read_scores([both, other]), table, for_given("valid"))
    assert [one.seed for one in entries] == [0, 5]
    assert "a" in entries[0].entries
    assert "a" not in entries[1].entries
    for one in entries:
        expected = [table.mean_accuracy(key, "valid") for key in one.entries["cell_hash"]]
        np.testing.assert_array_equal(one.entries["truth"], expected)
