"""Tests of bench.network.cell."""

import itertools
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasbench_pytorch.model.graph_util import hash_module
from nasbench_pytorch.model.model_spec import ModelSpec

from bench.network.cell import INPUT, OPERATIONS, OUTPUT, Cell, InvalidCellError
from tests.conftest import RealRows
from tests.graphs import (
    FIRST_CELL,
    FIRST_HASH,
    INCEPTION_CELL,
    LINE_CELL,
    all_cells,
    cells,
    graphs,
)

CONV = "conv3x3-bn-relu"


def official_hash(cell: Cell) -> str:
    labels = [-1, *map(OPERATIONS.index, cell.operations[1:-1]), -2]
    return str(hash_module(np.array(cell.adjacency), labels))


def official_spec(rows: list[list[int]], names: list[str]) -> Any:
    try:
        return ModelSpec(np.array(rows), [*names])
    except RuntimeError:  # it turns the matrix into a tensor even where there is none
        return None


def permuted(cell: Cell, inner: list[int]) -> Cell:
    """Renumber the vertices between input and output; the matrix may stop being triangular."""
    order = [0, *inner, cell.num_vertices - 1]
    adjacency = tuple(tuple(cell.adjacency[u][v] for v in order) for u in order)
    return Cell(adjacency, tuple(cell.operations[v] for v in order))


def is_isomorphic_by_force(one: Cell, other: Cell) -> bool:
    return one.num_vertices == other.num_vertices and any(
        (same := permuted(one, list(inner))).adjacency == other.adjacency
        and same.operations == other.operations
        for inner in itertools.permutations(range(1, one.num_vertices - 1))
    )


@given(cells())
def test_hash_is_official(cell: Cell) -> None:
    assert cell.hash == official_hash(cell)


@given(cells(), st.randoms())
def test_permuting_vertices_keeps_the_hash(cell: Cell, random: Any) -> None:
    inner = [*range(1, cell.num_vertices - 1)]
    random.shuffle(inner)
    assert permuted(cell, inner).hash == cell.hash


@pytest.mark.parametrize(("num_vertices", "num_cells"), [(2, 1), (3, 6), (4, 84)])
def test_hash_tells_exactly_the_isomorphic_apart(num_vertices: int, num_cells: int) -> None:
    graphs = [*all_cells(num_vertices)]
    distinct = {cell.hash: cell for cell in graphs}
    assert len(distinct) == num_cells
    assert all(is_isomorphic_by_force(cell, distinct[cell.hash]) for cell in graphs)
    for one, other in itertools.combinations(distinct.values(), 2):
        assert not is_isomorphic_by_force(one, other)


def test_number_of_cells_with_five_vertices() -> None:
    assert len({cell.hash for cell in all_cells(5)}) == 2441


@given(cells(max_vertices=5), cells(max_vertices=5))
def test_isomorphism_by_force(one: Cell, other: Cell) -> None:
    assert one.is_isomorphic(other) == is_isomorphic_by_force(one, other)


@given(graphs())
def test_pruning_is_official(graph: tuple[list[list[int]], list[str]]) -> None:
    rows, names = graph
    spec = official_spec(rows, names)
    if spec is None:
        with pytest.raises(InvalidCellError, match="no path"):
            Cell.from_matrix(rows, names)
    elif spec.matrix.sum() > 9:
        with pytest.raises(InvalidCellError, match="at most"):
            Cell.from_matrix(rows, names)
    else:
        cell = Cell.from_matrix(rows, names)
        assert [*map(list, cell.adjacency)] == spec.matrix.tolist()
        assert [*cell.operations] == spec.ops
        assert (cell.num_vertices, cell.num_edges) == (len(spec.ops), spec.matrix.sum())


def test_golden_hashes() -> None:
    assert FIRST_CELL.hash == FIRST_HASH
    assert LINE_CELL.hash == official_hash(LINE_CELL)


def test_equality_is_isomorphism() -> None:
    assert permuted(INCEPTION_CELL, [2, 1, 3, 4, 5]) == INCEPTION_CELL
    assert len({permuted(INCEPTION_CELL, [2, 1, 3, 4, 5]), INCEPTION_CELL, FIRST_CELL}) == 2
    assert INCEPTION_CELL != FIRST_CELL
    assert FIRST_CELL != FIRST_HASH


def test_a_cell_is_immutable() -> None:
    with pytest.raises(FrozenInstanceError):
        FIRST_CELL.operations = ()  # type: ignore[misc]  # frozen: what is tested


@pytest.mark.parametrize("kind", [np.array, np.uint8, np.float64, np.bool_, list, tuple])
def test_any_matrix_of_zeros_and_ones_will_do(kind: Any) -> None:
    rows = kind(FIRST_CELL.adjacency)
    cell = Cell.from_matrix(rows, FIRST_CELL.operations)
    assert cell.adjacency == FIRST_CELL.adjacency
    assert {type(value) for row in cell.adjacency for value in row} == {int}
    assert cell.hash == FIRST_HASH


@pytest.mark.parametrize(
    ("rows", "names", "message"),
    [
        ([[0, 1], [0, 0]], [INPUT, "output "], "must start with 'input' and end with 'output'"),
        ([], [], "not be empty"),
        ([[0, 1], [0, 0]], [INPUT, CONV, OUTPUT], "2 rows for 3 operations"),
        ([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [INPUT, "conv5x5", OUTPUT], "unknown operation"),
        ([[0, 1], [0]], [INPUT, OUTPUT], "must be square"),
        ([[0]], [INPUT, OUTPUT], "at least 2 vertices"),
        ([[0, 2], [0, 0]], [INPUT, OUTPUT], "must hold 0 and 1"),
        ([[0, float("nan")], [0, 0]], [INPUT, OUTPUT], "must hold 0 and 1"),
        ([[0, 1], [1, 0]], [INPUT, OUTPUT], "must be upper triangular, but vertex 1 leads to 0"),
        ([[1, 1], [0, 0]], [INPUT, OUTPUT], "must be upper triangular"),
        ([[0, 0], [0, 0]], [INPUT, OUTPUT], "no path"),
        ([0, 1], [INPUT, OUTPUT], "must be a matrix"),
        ([[[0], [1]], [[0], [0]]], [INPUT, OUTPUT], "must be a matrix"),
        (None, [INPUT, OUTPUT], "must be a matrix"),
        (np.eye(8, k=1), [INPUT, *[CONV] * 6, OUTPUT], "at most 7 vertices and 9 edges"),
        (np.triu(np.ones((5, 5)), 1), [INPUT, *[CONV] * 3, OUTPUT], "not 5 and 10: remove some"),
    ],
)
def test_what_is_no_cell_is_refused(rows: Any, names: list[str], message: str) -> None:
    with pytest.raises(InvalidCellError, match=message) as error:
        Cell.from_matrix(rows, names)
    assert "\n" not in str(error.value)


def test_hashes_of_real_rows(real_rows: RealRows) -> None:
    for index in np.random.default_rng(0).choice(len(real_rows), 2000, replace=False):
        assert real_rows.cell(index).hash == real_rows.hashes[index]


@pytest.mark.slow
def test_hashes_of_all_real_rows(real_rows: RealRows) -> None:
    assert [real_rows.cell(index).hash for index in range(len(real_rows))] == real_rows.hashes
