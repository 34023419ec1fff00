"""Samples of cells: the same everywhere, nested, and stated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.scores.sample import parse_sample, sample_cells
from bench.table.table import open_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.table.table import Table


@pytest.fixture
def table() -> Iterator[Table]:
    with open_table("digits") as opened:
        yield opened


def test_a_sample_is_the_same_everywhere(table: Table) -> None:
    """Golden: a change here changes every stated sample that was ever published."""
    assert sample_cells(table, 3).hashes == [
        "17caa92e5d434778b13fe25aa4ff7a9a",
        "6e450d70ecd52f54c5574cdb2531779c",
        "d3fcfae30d7cd0149cc9f72496f59375",
    ]


def test_a_sample_states_number_seed_and_table(table: Table) -> None:
    assert sample_cells(table, 3, seed=7).statement == (
        "3 cells drawn with seed 7 from the 34 of digits_truth.h5 "
        "(SHA-256 of their sorted hashes 35961b57e8016a15)"
    )


def test_a_larger_sample_holds_the_smaller(table: Table) -> None:
    samples = [set(sample_cells(table, num, seed=2).hashes) for num in (1, 9, 34)]
    assert samples[0] < samples[1] < samples[2] == set(table.hashes())
    assert sample_cells(table, 9, seed=2) != sample_cells(table, 9, seed=3)


def test_every_cell_is_as_likely(table: Table) -> None:
    counts = dict.fromkeys(table.hashes(), 0)
    for seed in range(400):
        for key in sample_cells(table, 17, seed).hashes:
            counts[key] += 1
    assert all(150 < num < 250 for num in counts.values())  # 5 standard deviations about 200


@pytest.mark.parametrize("num", [0, 35])
def test_more_than_there_are_is_refused(table: Table, num: int) -> None:
    with pytest.raises(ValueError, match=f"a sample of {num} cells of .*: draw 1 to 34"):
        sample_cells(table, num)


def test_a_sample_is_read_from_text() -> None:
    assert parse_sample("sample:1000") == (1000, 0)
    assert parse_sample("sample:50:7") == (50, 7)


@pytest.mark.parametrize("text", ["sample", "1000", "sample:x", "sample:5:", "sample:-1"])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be sample:NUM or sample:NUM:SEED"):
        parse_sample(text)
