"""Tests of bench.table.table, and of the file behind it."""

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.network.cell import INPUT, OPERATIONS, OUTPUT, Cell
from bench.network.cell_costs import num_parameters
from bench.network.skeleton import Skeleton
from bench.table.data import tied
from bench.table.file import TableFile
from bench.table.table import (
    CellNotInTableError,
    Row,
    Source,
    Table,
    TableError,
    data_folder,
    default_table_path,
    write_table,
)
from tests.graphs import FIRST_CELL, FIRST_HASH, INCEPTION_CELL, LINE_CELL

DIGITS = Skeleton(stem_channels=8, image_size=8, in_channels=1)
NAN = math.nan

FIRST_ROWS = [
    Row(cell=FIRST_CELL, epochs=108, train=1.0, valid=0.92, test=test, time_s=30.5)
    for test in (0.91, 0.93, 0.92)
]
ROWS = [
    *FIRST_ROWS,
    Row(cell=FIRST_CELL, epochs=4, test=0.5),
    Row(cell=INCEPTION_CELL, epochs=108, valid=0.8),
    Row(cell=LINE_CELL, epochs=108, test=0.7, mean_only=True),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "table.h5"
    write_table(
        path,
        ROWS,
        skeleton=DIGITS,
        sources=[Source("rows.csv", "ab" * 32)],
        details={"recipe": {"epochs": 108}},
    )
    return path


def test_accuracies_come_back(path: Path) -> None:
    with Table(path) as table:
        np.testing.assert_array_equal(table.accuracy(FIRST_HASH), [0.91, 0.93, 0.92])
        np.testing.assert_array_equal(table.accuracy(FIRST_CELL, "valid"), [0.92] * 3)
        np.testing.assert_array_equal(table.accuracy(FIRST_CELL, "test", 4), [0.5, NAN, NAN])
        np.testing.assert_array_equal(table.accuracy(INCEPTION_CELL, "test"), [NAN] * 3)
        np.testing.assert_array_equal(table.time_s(FIRST_CELL), [30.5] * 3)
        np.testing.assert_array_equal(
            table.accuracies([LINE_CELL, FIRST_HASH]), [[0.7, NAN, NAN], [0.91, 0.93, 0.92]]
        )
        assert table.accuracies([]).shape == (0, 3)


def test_means_and_repeats(path: Path) -> None:
    with Table(path) as table:
        assert table.mean_accuracy(FIRST_CELL) == pytest.approx(0.92, abs=1e-15)
        assert table.mean_accuracy(FIRST_CELL, "train") == 1.0
        assert table.mean_accuracy(LINE_CELL) == 0.7
        np.testing.assert_array_equal(table.repeats(FIRST_CELL, epochs=4), [0.5])
        assert [table.is_mean_only(cell) for cell in (FIRST_CELL, LINE_CELL)] == [False, True]
        assert not table.is_mean_only(LINE_CELL, 4)


def test_what_a_table_says_of_itself(path: Path) -> None:
    with Table(path) as table:
        assert len(table) == 3
        assert table.budgets == (4, 108)
        assert table.num_repeats == 3
        assert table.skeleton == DIGITS
        assert table.provenance == {
            "sources": (Source("rows.csv", "ab" * 32),),
            "details": {"recipe": {"epochs": 108}},
            "skeleton": DIGITS,
            "num_cells": 3,
            "budgets": (4, 108),
            "num_repeats": 3,
            "schema_version": 2,
        }


def test_cells_come_back(path: Path) -> None:
    with Table(path) as table:
        assert table.hashes() == sorted(
            cell.hash for cell in (FIRST_CELL, INCEPTION_CELL, LINE_CELL)
        )
        for cell in (FIRST_CELL, INCEPTION_CELL, LINE_CELL):
            assert table.cell(cell.hash).adjacency == cell.adjacency
            assert table.cell(cell).operations == cell.operations
            assert table.parameters(cell) == num_parameters(cell, DIGITS)
            assert cell in table
            assert cell.hash.upper() in table


@pytest.mark.parametrize("key", ["0" * 32, "f" * 32, "", "abc", "no hash", "00" * 17, 3, None])
def test_other_keys_are_not_there(path: Path, key: Any) -> None:
    with Table(path) as table:
        assert key not in table


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("f" * 32, "cell f{32} is not among the 3 cells of"),
        ("abc", "'abc' .no hash of 32 hexadecimal digits. is not among"),
    ],
)
def test_absent_cells_are_refused(path: Path, key: str, message: str) -> None:
    with Table(path) as table:
        for ask in (
            table.accuracy,
            table.mean_accuracy,
            table.repeats,
            table.time_s,
            table.is_mean_only,
            table.parameters,
            table.cell,
        ):
            with pytest.raises(CellNotInTableError, match=message):
                ask(key)
        with pytest.raises(CellNotInTableError, match=message):
            table.accuracies([FIRST_HASH, key])


def test_absent_cell_given_as_a_graph(path: Path) -> None:
    other = Cell.from_matrix([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [INPUT, OPERATIONS[0], OUTPUT])
    with Table(path) as table, pytest.raises(CellNotInTableError, match=other.hash):
        table.accuracy(other)


def test_unknown_figures_are_refused(path: Path) -> None:
    with Table(path) as table:
        with pytest.raises(CellNotInTableError, match="knows no test accuracy of cell 28cfc787"):
            table.mean_accuracy(INCEPTION_CELL)
        with pytest.raises(CellNotInTableError, match="knows only the mean of cell"):
            table.repeats(LINE_CELL)
        with pytest.raises(ValueError, match="unknown split 'vaild': did you mean 'valid'"):
            table.accuracy(FIRST_CELL, "vaild")
        with pytest.raises(TableError, match="has no budget of 36 epochs: use one of 4, 108"):
            table.accuracy(FIRST_CELL, epochs=36)


def test_missing_tells_cells_without_accuracy(path: Path) -> None:
    keys: list[str | Cell] = [FIRST_HASH, "f" * 32, INCEPTION_CELL, LINE_CELL]
    with Table(path) as table:
        assert table.missing(keys) == ["f" * 32, INCEPTION_CELL]
        assert table.missing(keys, "valid") == ["f" * 32, LINE_CELL]
        assert table.missing(keys, "test", 4) == ["f" * 32, INCEPTION_CELL, LINE_CELL]


def test_answers_cannot_spoil_the_table(path: Path) -> None:
    with Table(path) as table:
        table.accuracy(FIRST_CELL)[:] = 0.0
        assert table.accuracy(FIRST_CELL)[0] == 0.91
        with pytest.raises(ValueError, match="read-only"):
            table.column("test")[:] = 0.0


def test_a_closed_table_answers_what_it_has_read(path: Path) -> None:
    with Table(path) as table:
        table.accuracy(FIRST_CELL)
    assert table.accuracy(FIRST_CELL)[0] == 0.91
    with pytest.raises(TableError, match="valid cannot be read"):
        table.accuracy(FIRST_CELL, "valid")


digests = st.binary(min_size=16, max_size=16) | st.sampled_from(
    [bytes(16), bytes(15) + b"\1", b"\1" + bytes(15), b"\xff" * 16, b"\x7f" * 15 + b"\0"]
)


def table_of(digests: list[bytes]) -> Table:
    """Make a table that has read its hashes, and has nothing else."""
    file, table = TableFile.__new__(TableFile), Table.__new__(Table)
    hashes = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 16)
    vars(file)["_columns"] = {("hash", None): hashes}
    vars(table)["_file"] = file
    return table


@given(st.sets(digests, min_size=1, max_size=20))
def test_every_hash_is_found_and_no_other(digests: set[bytes]) -> None:
    table = table_of(sorted(digests))
    for digest in digests:
        assert table.hashes()[table._index(digest.hex())] == digest.hex()
        other = bytes([digest[0] ^ 1]) + digest[1:]
        assert (other.hex() in table) == (other in digests)


figure = st.floats(0, 1) | st.just(NAN)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), figure, figure), min_size=1))
def test_any_figures_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, float, float]]
) -> None:
    cells = (FIRST_CELL, INCEPTION_CELL, LINE_CELL)
    path = tmp_path_factory.getbasetemp() / "any.h5"
    write_table(
        path,
        (Row(cell=cells[i], epochs=epochs, valid=v, test=t) for i, epochs, v, t in rows),
    )
    with Table(path) as table:
        for i, epochs in itertools.product({row[0] for row in rows}, table.budgets):
            known = [row for row in rows if row[:2] == (i, epochs)]
            padding = [NAN] * (table.num_repeats - len(known))
            for split, place in (("valid", 2), ("test", 3)):
                np.testing.assert_array_equal(
                    table.accuracy(cells[i], split, epochs),
                    [row[place] for row in known] + padding,
                )


def test_the_same_rows_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    again = tmp_path / "again.h5"
    write_table(
        again,
        [*ROWS[3:], *ROWS[:3]],
        skeleton=DIGITS,
        sources=[Source("rows.csv", "ab" * 32)],
        details={"recipe": {"epochs": 108}},
    )
    assert again.read_bytes() == data


def test_no_rows_make_no_table(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="needs at least one row"):
        write_table(tmp_path / "table.h5", [])
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("rows", [[ROWS[-1]] * 2, [ROWS[-1], Row(cell=LINE_CELL, epochs=108)]])
def test_a_mean_must_be_alone(tmp_path: Path, rows: list[Row]) -> None:
    with pytest.raises(TableError, match="must have one row"):
        write_table(tmp_path / "table.h5", rows)


def test_default_paths() -> None:
    assert default_table_path() == data_folder() / "nasbench101.h5"
    assert "mixpath-bench" in str(data_folder())


def test_means_of_the_same_images_are_tied_where_repeats_are_of_32_bits(tmp_path: Path) -> None:
    """Oracle: whole numbers of images. A mean that is 1e-5 higher, as of one more, is not tied."""
    num_images, cells = 9984, (FIRST_CELL, INCEPTION_CELL, LINE_CELL)
    counts = [(9001, 9100, 9207), (9050, 9057, 9201), (9050, 9057, 9202)]
    rows = [
        Row(cell=cell, epochs=108, test=float(np.float32(count / num_images)))
        for cell, repeats in zip(cells, counts, strict=True)
        for count in repeats
    ]
    path = tmp_path / "table.h5"
    write_table(path, rows, skeleton=DIGITS, sources=[Source("rows.csv", "ab" * 32)])
    with Table(path) as table:
        plain = table.accuracies(cells).mean(axis=1)
        means = table.mean_accuracies(cells)
        alone = [table.mean_accuracy(cell) for cell in cells]
    assert 1e-9 < abs(plain[0] - plain[1]) < 1e-7
    assert means[0] == means[1] == min(alone[:2]) < means[2] == alone[2]
    assert means == pytest.approx([sum(repeats) / num_images / 3 for repeats in counts], abs=1e-7)


def test_close_means_are_not_tied_over_any_distance() -> None:
    means = tied(np.linspace(0.5, 0.50001, 1001).tolist())
    assert 90 < len(np.unique(means)) < 110
    assert (np.diff(means) >= 0).all()
    np.testing.assert_allclose(means, np.linspace(0.5, 0.50001, 1001), atol=1e-7)
