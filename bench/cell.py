"""A NAS-Bench-101 cell: a small directed acyclic graph whose vertices are operations.

The first vertex is the input, the last the output; vertices on no path between them are pruned.
A cell's identity is the official module hash (google-research/nasbench, `graph_util.hash_module`):
vertex hashes start from (out-degree, in-degree, label) and are refined by their neighbours' hashes
once per vertex; the hash is that of their sorted list. It is rewritten here without numpy because
a table is asked by graph; the original stays the test's oracle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import md5
from typing import Any

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
INPUT = "input"
OUTPUT = "output"
MAX_VERTICES = 7
MAX_EDGES = 9

_LABELS = {INPUT: -1, OUTPUT: -2} | {name: label for label, name in enumerate(OPERATIONS)}


class InvalidCellError(ValueError):
    """A graph that is no NAS-Bench-101 cell."""


@dataclass(frozen=True, eq=False)
class Cell:
    """A pruned cell; the constructor trusts its arguments, `from_matrix` checks and prunes.

    Two cells are equal when they are isomorphic. The order of the vertices still matters for
    parameter counts: where the output's channels divide unevenly, earlier vertices get one more.

    Attributes:
        adjacency: rows of 0 and 1, upper triangular; `adjacency[u][v]` is the edge from u to v.
        operations: one name per vertex, `input` first and `output` last.
    """

    adjacency: tuple[tuple[int, ...], ...]
    operations: tuple[str, ...]

    @classmethod
    def from_matrix(cls, adjacency: Any, operations: Sequence[str]) -> "Cell":
        """Check and prune a graph.

        Args:
            adjacency: matrix of 0 and 1 of shape (num_vertices, num_vertices), upper triangular;
                nested sequences or an array.
            operations: one name per vertex, `input` first and `output` last.

        Raises:
            InvalidCellError: if the graph is no cell, or has too many vertices or edges once
                pruned.
        """
        rows = adjacency.tolist() if hasattr(adjacency, "tolist") else adjacency
        _check_operations(operations)
        _check_matrix(rows, len(operations))
        keep = _connected_vertices(rows)
        pruned = tuple(tuple([int(rows[u][v]) for v in keep]) for u in keep)
        _check_size(pruned)
        return cls(pruned, tuple([operations[v] for v in keep]))

    @cached_property
    def hash(self) -> str:
        """The official module hash, 32 hexadecimal digits."""
        return _module_hash(self.adjacency, [_LABELS[name] for name in self.operations])

    @property
    def num_vertices(self) -> int:
        """Number of vertices, input and output included."""
        return len(self.operations)

    @property
    def num_edges(self) -> int:
        """Number of edges."""
        return sum(map(sum, self.adjacency))

    def is_isomorphic(self, other: "Cell") -> bool:
        """Tell whether both are the same cell, up to the order of their vertices."""
        return self.hash == other.hash

    def __eq__(self, other: object) -> bool:
        return self.hash == other.hash if isinstance(other, Cell) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.hash)


def _check_operations(operations: Sequence[str]) -> None:
    if len(operations) < 2 or operations[0] != INPUT or operations[-1] != OUTPUT:
        raise InvalidCellError(
            f"operations must start with {INPUT!r} and end with {OUTPUT!r}, "
            f"not {', '.join(map(str, operations)) or 'be empty'}"
        )
    for name in operations[1:-1]:
        if name not in OPERATIONS:
            raise InvalidCellError(f"unknown operation {name!r}: use {', '.join(OPERATIONS)}")


def _check_matrix(rows: Sequence[Sequence[int]], num_vertices: int) -> None:
    if len(rows) != num_vertices or any(len(row) != num_vertices for row in rows):
        raise InvalidCellError(
            f"adjacency must be square with one row for each of the {num_vertices} operations, "
            f"not rows of lengths {[len(row) for row in rows]}"
        )
    for u, row in enumerate(rows):
        for v, value in enumerate(row):
            if value not in (0, 1):
                raise InvalidCellError(f"adjacency must hold 0 and 1, not {value!r} at ({u}, {v})")
            if value and v <= u:
                raise InvalidCellError(
                    f"adjacency must be upper triangular, but has an edge from {u} to {v}"
                )


def _connected_vertices(rows: Sequence[Sequence[int]]) -> list[int]:
    """Vertices on a path from the input to the output, in order."""
    last = len(rows) - 1
    from_input = {0}
    for u in range(last):  # the order is topological: one sweep reaches everything
        if u in from_input:
            from_input.update([v for v in range(u + 1, last + 1) if rows[u][v]])
    if last not in from_input:
        raise InvalidCellError("no path from the input to the output: add an edge")
    to_output = {last}
    for u in reversed(range(last)):
        if any([rows[u][v] and v in to_output for v in range(u + 1, last + 1)]):  # noqa: C419
            to_output.add(u)
    return sorted(from_input & to_output)


def _check_size(adjacency: tuple[tuple[int, ...], ...]) -> None:
    num_edges = sum(map(sum, adjacency))
    if len(adjacency) > MAX_VERTICES or num_edges > MAX_EDGES:
        raise InvalidCellError(
            f"a cell has at most {MAX_VERTICES} vertices and {MAX_EDGES} edges, "
            f"not {len(adjacency)} and {num_edges}: remove some"
        )


@cache
def _vertex_hash(num_out: int, num_in: int, label: int) -> str:
    return md5(str((num_out, num_in, label)).encode(), usedforsecurity=False).hexdigest()


def _module_hash(adjacency: tuple[tuple[int, ...], ...], labels: list[int]) -> str:
    vertices = range(len(labels))
    heads = [[v for v in vertices if adjacency[u][v]] for u in vertices]
    tails = [[u for u in vertices if adjacency[u][v]] for v in vertices]
    hashes = [_vertex_hash(len(heads[v]), len(tails[v]), labels[v]) for v in vertices]
    for _ in vertices:
        hashes = [
            md5(
                (
                    "".join(sorted([hashes[u] for u in tails[v]]))
                    + "|"
                    + "".join(sorted([hashes[u] for u in heads[v]]))
                    + "|"
                    + hashes[v]
                ).encode()
            ).hexdigest()
            for v in vertices
        ]
    return md5(str(sorted(hashes)).encode()).hexdigest()
