"""What a ranking of many cells costs, counted in calls and passes: a busy machine moves neither."""

from __future__ import annotations

import math
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from bench.base.forecast import duration
from bench.ranking.given import forecast
from bench.ranking.given.entries import choose_cells
from bench.ranking.given.outputs import EVERY_BASELINE, rank_given
from bench.ranking.pairs import count, sums
from bench.ranking.protocol import FOR_GIVEN
from bench.scores.given import read_scores
from bench.table.table import Row, Source, Table, write_table
from tests.graphs import all_cells

if TYPE_CHECKING:
    from pathlib import Path

    from bench.ranking.given.entries import Chosen

FEW, MANY = 600, 1200  # cells, both of those whose pairs are summed
METHODS = 3
CALLS_A_CELL = 250
"""Python calls, of which it has 230: of 11 counts, and of what is looked up in the table."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a table of distinct cells."""
    rng = np.random.default_rng(0)
    cells = islice({cell.hash: cell for cell in all_cells(5)}.values(), MANY)
    rows = [
        Row(cell=cell, epochs=108, test=accuracy)
        for cell in cells
        for accuracy in rng.uniform(0.8, 0.9, 3)
    ]
    path = tmp_path_factory.mktemp("table") / "truth.h5"
    write_table(path, rows, sources=[Source("made up")])
    return path


def rank(path: Path, num: int) -> None:
    rng = np.random.default_rng(1)
    with Table(path) as table:
        scores = {f"method{i}": rng.normal(size=num) for i in range(METHODS)}
        frame = pd.DataFrame({"cell_hash": table.hashes()[:num], **scores})
        chosen = choose_cells(read_scores([frame]), table, FOR_GIVEN)
        rank_given(chosen, table, FOR_GIVEN)


def calls(path: Path, num: int) -> int:
    """Count the Python functions that a ranking of so many cells calls."""
    num_calls = 0

    def hear(_: Any, event: str, __: Any) -> None:
        nonlocal num_calls
        num_calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(hear)
    try:
        rank(path, num)
    finally:
        sys.setprofile(before)
    return num_calls


def test_calls_grow_with_the_cells_and_stay_few(path: Path) -> None:
    rank(path, FEW)  # what is imported, or remembered of a graph, is not counted
    rank(path, MANY)
    per_cell = (calls(path, MANY) - calls(path, FEW)) / (MANY - FEW)
    assert 10 < per_cell < CALLS_A_CELL


def test_the_pairs_of_a_scorer_are_summed_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []

    def counted(scores: sums.Floats, truths: sums.Floats) -> sums.Sums:
        passes.append(len(scores))
        return original(scores, truths)

    original = sums.sum_pairs
    monkeypatch.setattr(count, "sum_pairs", counted)
    monkeypatch.setattr("bench.ranking.correlation.sum_pairs", counted)
    rank(path, FEW)
    num_scorers = METHODS + len(EVERY_BASELINE) + 1  # and random scores
    assert passes == [FEW] * (num_scorers + 2)  # and the draws of a random weighted tau


def test_a_forecast_ranks_a_few_cells_and_says_what_all_take(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Oracle: a ranking that takes a second, and a millisecond a cell for each n log n step."""
    ranked: list[int] = []

    def seconds(chosen: Chosen, *_: Any) -> float:
        num = len(chosen.scores.cells)
        ranked.append(num)
        return 1 + 1e-3 * num * math.log(num)

    monkeypatch.setattr(forecast, "PACED", (100, 400))
    monkeypatch.setattr(forecast, "_seconds", seconds)
    with Table(path) as table:
        frame = pd.DataFrame({"cell_hash": table.hashes(), "own": range(MANY)})
        chosen = choose_cells(read_scores([frame]), table, FOR_GIVEN)
        said = forecast.forecast(chosen, table, FOR_GIVEN, EVERY_BASELINE)
        assert set(ranked) == {100, 400}
        expected = 1 + 1e-3 * MANY * math.log(MANY)
        told = f"1,200 cells that were scored: 1 method and {len(EVERY_BASELINE)} counts: about "
        assert f"{told}{duration(expected)} without" in said
        ranked.clear()
        monkeypatch.setattr(forecast, "PACED", (MANY, MANY))
        forecast.forecast(chosen, table, FOR_GIVEN, EVERY_BASELINE)
        assert set(ranked) == {MANY}, "of few cells all"
