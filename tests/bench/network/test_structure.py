"""What is counted of a cell's graph: cells by hand, and paths against enumerating them all."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.network.cell import INPUT, OPERATIONS, OUTPUT, Cell, InvalidCellError
from bench.network.structure import (
    CONV1X1,
    CONV3X3,
    MAXPOOL3X3,
    count_operations,
    depth,
    longest_path,
    shortest_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def paths(cell: Cell) -> Iterator[tuple[int, ...]]:
    """Enumerate the paths from the input to the output."""
    last = cell.num_vertices - 1
    for num in range(last):
        for between in combinations(range(1, last), num):
            path = (0, *between, last)
            if all(cell.adjacency[u][v] for u, v in pairwise(path)):
                yield path


def test_a_cell_by_hand() -> None:
    """A chain of 3x3, pool and 1x1, with a shortcut round the pool."""
    adjacency = np.zeros((5, 5), dtype=int)
    for u, v in ((0, 1), (1, 2), (2, 3), (3, 4), (1, 3)):
        adjacency[u, v] = 1
    cell = Cell.from_matrix(adjacency, (INPUT, CONV3X3, MAXPOOL3X3, CONV1X1, OUTPUT))
    assert (shortest_path(cell), longest_path(cell), depth(cell)) == (3, 4, 2)
    assert [count_operations(cell, name) for name in OPERATIONS] == [1, 1, 1]


def test_the_smallest_cell() -> None:
    cell = Cell.from_matrix([[0, 1], [0, 0]], (INPUT, OUTPUT))
    assert (shortest_path(cell), longest_path(cell), depth(cell)) == (1, 1, 0)


@given(
    bits=st.lists(st.integers(0, 1), min_size=21, max_size=21),
    operations=st.lists(st.sampled_from(OPERATIONS), min_size=5, max_size=5),
)
def test_paths_are_those_that_enumeration_finds(bits: list[int], operations: list[str]) -> None:
    adjacency = np.zeros((7, 7), dtype=int)
    adjacency[np.triu_indices(7, 1)] = bits
    try:
        cell = Cell.from_matrix(adjacency, (INPUT, *operations, OUTPUT))
    except InvalidCellError:
        return
    lengths = [len(path) - 1 for path in paths(cell)]
    assert (shortest_path(cell), longest_path(cell)) == (min(lengths), max(lengths))
    convolutions = [sum("conv" in cell.operations[v] for v in path) for path in paths(cell)]
    assert depth(cell) == max(convolutions)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (0, 2, 1, 3, 4)])
def test_the_order_of_vertices_changes_nothing(order: tuple[int, ...]) -> None:
    adjacency = np.array(
        [[0, 1, 1, 0, 1], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0] * 5]
    )
    names = (INPUT, CONV3X3, MAXPOOL3X3, CONV1X1, OUTPUT)
    permuted = adjacency[np.ix_(order, order)]
    cell = Cell.from_matrix(permuted, [names[v] for v in order])
    assert (shortest_path(cell), longest_path(cell), depth(cell)) == (1, 3, 2)
