"""Tests of bench.table.packing."""

import pytest
from hypothesis import given

from bench.network.cell import Cell
from bench.table.packing import pack, unpack
from tests.graphs import LINE_CELL, cells


@given(cells())
def test_unpacking_gives_the_same_graph(cell: Cell) -> None:
    edges, operations = pack(cell)
    assert edges < 2**21
    assert operations < 2**10
    again = unpack(edges, operations)
    assert (again.adjacency, again.operations) == (cell.adjacency, cell.operations)


def test_the_smallest_cell() -> None:
    assert pack(LINE_CELL) == (1, 0)


def test_a_code_with_a_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="has an empty place"):
        unpack(1, 0b0100)
