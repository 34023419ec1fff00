"""Samples of cells: the same everywhere, nested, and stated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bench.scores.sample import parse_sample, read_hashes, sample_cells, stated_cells
from bench.table.table import open_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    with pytest.raises(ValueError, match=r"must be sample:NUM or sample:NUM:SEED.* or a file of"):
        parse_sample(text)


def write(path: Path, hashes: list[str]) -> str:
    path.write_text("".join(f"{key}\n" for key in hashes))
    return str(path)


def test_a_file_of_hashes_names_the_cells_of_a_sample(table: Table, tmp_path: Path) -> None:
    sample = stated_cells(table, "sample:5:3")
    assert sample == sample_cells(table, 5, 3)
    typed = [f" {key.upper()}" for key in reversed(sample.hashes)]
    stated = stated_cells(table, write(tmp_path / "cells.txt", ["\ufeff", *typed, ""]))
    assert stated.hashes == sample.hashes
    assert re.fullmatch(
        r"5 cells of cells\.txt \(SHA-256 of their sorted hashes [0-9a-f]{16}\)", stated.statement
    )


def test_two_files_of_other_cells_are_stated_differently(table: Table, tmp_path: Path) -> None:
    one, other = (sample_cells(table, 5, seed).hashes for seed in (1, 2))
    first = stated_cells(table, write(tmp_path / "cells.txt", one))
    assert first.statement != stated_cells(table, write(tmp_path / "cells.txt", other)).statement


def test_cells_of_a_file_that_the_table_lacks(table: Table, tmp_path: Path) -> None:
    known, unknown = sample_cells(table, 5).hashes, ["0" * 32, "1" * 32]
    file = write(tmp_path / "cells.txt", [*unknown, *known])
    with pytest.raises(
        ValueError, match=rf"lacks 2 of the 7 cells of \S+cells.txt, such as {'0' * 32}: "
    ):
        stated_cells(table, file)
    fewer = stated_cells(table, file, allow_missing=True)
    assert fewer.hashes == known
    assert fewer.statement.endswith("; 2 left out that digits_truth.h5 lacks")
    with pytest.raises(ValueError, match="lacks 2 of the 2 cells"):
        stated_cells(table, write(tmp_path / "none.txt", unknown), allow_missing=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cells.txt has no hashes: give one a line"),
        ("\n \n", "cells.txt has no hashes"),
        (
            f"{'a' * 32}\n\nabc\n",
            "cells.txt, line 3: cell_hash 'abc' must be 32 hexadecimal digits",
        ),
        (f"{'a' * 32}\n{'A' * 32}\n", f"line 2: {'a' * 32} stands in line 1 too: leave one out"),
    ],
)
def test_files_of_hashes_with_mistakes(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "cells.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_hashes(tmp_path / "cells.txt")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cells.txt").write_bytes(b"\x89HDF\xff")
    with pytest.raises(ValueError, match=r"cells.txt is no text: give a file of hashes"):
        read_hashes(tmp_path / "cells.txt")
