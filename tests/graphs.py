"""Graphs and cells for tests, drawn by hypothesis or made by hand."""

import itertools
from collections.abc import Iterator, Sequence

from hypothesis import assume
from hypothesis import strategies as st

from bench.network.cell import INPUT, MAX_EDGES, OPERATIONS, OUTPUT, Cell

FIRST_HASH = "00005c142e6f48ac74fdcf73e3439874"
FIRST_CELL = Cell.from_matrix(
    [
        [0, 1, 1, 0, 0, 1, 0],
        [0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1, 0, 1],
        [0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0],
    ],
    [
        INPUT,
        "conv3x3-bn-relu",
        "conv3x3-bn-relu",
        "maxpool3x3",
        "conv3x3-bn-relu",
        "conv1x1-bn-relu",
        OUTPUT,
    ],
)
"""The first cell of the official table."""

INCEPTION_CELL = Cell.from_matrix(
    [
        [0, 1, 1, 1, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0],
    ],
    [
        INPUT,
        "conv1x1-bn-relu",
        "conv3x3-bn-relu",
        "conv3x3-bn-relu",
        "conv3x3-bn-relu",
        "maxpool3x3",
        OUTPUT,
    ],
)
"""The Inception-like cell of the official README."""

LINE_CELL = Cell.from_matrix([[0, 1], [0, 0]], [INPUT, OUTPUT])
"""The smallest cell: the input leads to the output."""


def matrix(size: int, edges: Sequence[bool]) -> list[list[int]]:
    """Make an upper triangular matrix of its edges, row by row."""
    pairs = zip(itertools.combinations(range(size), 2), edges, strict=True)
    present = {pair for pair, edge in pairs if edge}
    return [[int((u, v) in present) for v in range(size)] for u in range(size)]


@st.composite
def graphs(draw: st.DrawFn, max_vertices: int = 7) -> tuple[list[list[int]], list[str]]:
    """Draw any upper triangular matrix with operations, a cell or not."""
    size = draw(st.integers(2, max_vertices))
    num_pairs = size * (size - 1) // 2
    edges = draw(st.lists(st.booleans(), min_size=num_pairs, max_size=num_pairs))
    names = st.lists(st.sampled_from(OPERATIONS), min_size=size - 2, max_size=size - 2)
    return matrix(size, edges), [INPUT, *draw(names), OUTPUT]


@st.composite
def cells(draw: st.DrawFn, max_vertices: int = 7) -> Cell:
    """Draw a cell: every vertex between input and output gets a way in and a way out."""
    size = draw(st.integers(2, max_vertices))
    edges = {(draw(st.integers(0, v - 1)), v) for v in range(1, size)}
    edges |= {(u, draw(st.integers(u + 1, size - 1))) for u in range(size - 1)}
    assume(len(edges) <= MAX_EDGES)
    others = sorted({*itertools.combinations(range(size), 2)} - edges)
    if others:
        edges |= draw(st.sets(st.sampled_from(others), max_size=MAX_EDGES - len(edges)))
    rows = [[int((u, v) in edges) for v in range(size)] for u in range(size)]
    names = st.lists(st.sampled_from(OPERATIONS), min_size=size - 2, max_size=size - 2)
    return Cell.from_matrix(rows, [INPUT, *draw(names), OUTPUT])


def all_cells(num_vertices: int) -> Iterator[Cell]:
    """Make every graph of a size that is a cell with nothing to prune, isomorphic ones too."""
    num_pairs = num_vertices * (num_vertices - 1) // 2
    for edges in itertools.product((False, True), repeat=num_pairs):
        rows = matrix(num_vertices, edges)
        if all(map(any, rows[:-1])) and all(map(any, [*zip(*rows, strict=True)][1:])):
            for names in itertools.product(OPERATIONS, repeat=num_vertices - 2):
                if sum(edges) <= MAX_EDGES:
                    yield Cell.from_matrix(rows, [INPUT, *names, OUTPUT])
