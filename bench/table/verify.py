"""Recompute what a table claims: every hash and every parameter count.

Types, shapes, bounds and the order of the cells are checked whenever an array is read.
"""

from collections.abc import Callable, Iterator

import numpy as np

from bench.network.cell import Cell
from bench.network.cell_costs import num_parameters
from bench.network.skeleton import NASBENCH101
from bench.table.data import FIGURES, SPLITS
from bench.table.packing import unpack
from bench.table.table import Table, TableError

NUM_EVALUATED = 9984
"""Images behind one accuracy of NAS-Bench-101, whose evaluation drops the last partial batch."""

_STEP = 1000
_TOLERANCE = 2e-3  # of one image: sources may keep accuracies in single precision


def verify(table: Table, advance: Callable[[int], object] = lambda _: None) -> list[str]:
    """Check a whole table and return notes on what is odd but allowed.

    Args:
        table: the table.
        advance: called with the number of cells done since the last call.

    Raises:
        TableError: with the first thing found wrong, and how many there are.
    """
    problems = [*_graph_problems(table, advance)]
    for epochs in table.budgets:
        problems += _mean_problems(table, epochs)
    if problems:
        raise TableError(
            f"{table.path}: {len(problems)} problems, first: {problems[0]}; import it again"
        )
    return _notes(table) if table.skeleton == NASBENCH101 else []


def _graph_problems(table: Table, advance: Callable[[int], object]) -> Iterator[str]:
    columns = (table.column(name).tolist() for name in ("edges", "operations", "parameters"))
    for number, (digest, *graph) in enumerate(zip(table.hashes(), *columns, strict=True), start=1):
        problem = _graph_problem(table, digest, *graph)
        if problem:
            yield f"cell {digest} {problem}"
        if number % _STEP == 0:
            advance(_STEP)
    advance(len(table) % _STEP)


def _graph_problem(
    table: Table, digest: str, edges: int, operations: int, parameters: int
) -> str | None:
    try:
        graph = unpack(edges, operations)
        cell = Cell.from_matrix(graph.adjacency, graph.operations)
    except ValueError as error:
        return f"is none: {error}"
    if cell.hash != digest:
        return f"has a graph of hash {cell.hash}"
    counted = num_parameters(cell, table.skeleton)
    return None if counted == parameters else f"has {counted} parameters, not {parameters}"


def _mean_problems(table: Table, epochs: int) -> Iterator[str]:
    hashes, mean_only = table.column("hash"), table.column("mean_only", epochs)
    for name in FIGURES:
        extra = mean_only & ~np.isnan(table.column(name, epochs)[:, 1:]).all(axis=1)
        for index in np.flatnonzero(extra):
            yield (
                f"cell {hashes[index].tobytes().hex()} has more {name} than its mean after "
                f"{epochs} epochs"
            )


def _notes(table: Table) -> list[str]:
    """Count accuracies that no evaluation of NAS-Bench-101 can have given."""
    notes = []
    for epochs in table.budgets:
        single = ~table.column("mean_only", epochs)
        counts = NUM_EVALUATED * np.concatenate(
            [table.column(split, epochs)[single].ravel() for split in SPLITS]
        )
        counts = counts[~np.isnan(counts)]
        num_odd = int((np.abs(counts - np.rint(counts)) > _TOLERANCE).sum())
        if num_odd:
            notes.append(
                f"{num_odd:,} of {len(counts):,} accuracies after {epochs} epochs are no multiple "
                f"of 1/{NUM_EVALUATED:,}, as NAS-Bench-101's are"
            )
    return notes
