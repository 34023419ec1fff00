"""A NAS-Bench-101 cell: a small directed acyclic graph whose vertices are operations.

The first vertex is the input, the last the output; vertices on no path between them are pruned.
A cell's identity is the official module hash (google-research/nasbench, `graph_util.hash_module`):
vertex hashes start from (out-degree, in-degree, label) and are refined by their neighbours' hashes
once per vertex; the hash is that of their sorted list. It is rewritten here without numpy, three
times as fast, because tables are asked by graph; the original stays the test's oracle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from hashlib import md5
from operator import itemgetter
from typing import Any

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
INPUT = "input"
OUTPUT = "output"
MAX_VERTICES = 7
MAX_EDGES = 9

Adjacency = tuple[tuple[int, ...], ...]

_BITS = frozenset((0, 1))
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

    adjacency: Adjacency
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
        _check_operations(operations)
        try:
            rows = tuple(
                map(tuple, adjacency.tolist() if hasattr(adjacency, "tolist") else adjacency)
            )
            pruned, keep = _prune(rows)
        except TypeError:
            raise InvalidCellError(f"adjacency must be a matrix, not {adjacency!r}") from None
        if len(rows) != len(operations):
            raise InvalidCellError(
                f"adjacency has {len(rows)} rows for {len(operations)} operations: give as many"
            )
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


@lru_cache(maxsize=4096)  # few graphs are distinct but for their operations
def _prune(rows: Adjacency) -> tuple[Adjacency, tuple[int, ...]]:
    """Check a matrix; return its pruned form, of ints, and the vertices kept."""
    _check_matrix(rows)
    keep = _connected_vertices(rows)
    pruned = tuple(tuple(int(rows[u][v]) for v in keep) for u in keep)
    num_edges = sum(map(sum, pruned))
    if len(pruned) > MAX_VERTICES or num_edges > MAX_EDGES:
        raise InvalidCellError(
            f"a cell has at most {MAX_VERTICES} vertices and {MAX_EDGES} edges, "
            f"not {len(pruned)} and {num_edges}: remove some"
        )
    return pruned, keep


def _check_matrix(rows: Adjacency) -> None:
    lengths = [*map(len, rows)]
    if lengths != [len(rows)] * len(rows) or len(rows) < 2:
        raise InvalidCellError(
            f"adjacency must be square, of at least 2 vertices, not rows of lengths {lengths}"
        )
    for u, row in enumerate(rows):
        if not _BITS.issuperset(row):
            raise InvalidCellError(f"adjacency must hold 0 and 1, but row {u} is {row}")
        if any(row[: u + 1]):
            raise InvalidCellError(
                f"adjacency must be upper triangular, but vertex {u} leads to {row.index(1)}"
            )


def _connected_vertices(rows: Adjacency) -> tuple[int, ...]:
    """Vertices on a path from the input to the output, in order."""
    last = len(rows) - 1
    from_input = {0}
    for u in range(last):  # the order is topological: one sweep reaches everything
        if u in from_input:
            from_input.update(v for v in range(u + 1, last + 1) if rows[u][v])
    if last not in from_input:
        raise InvalidCellError("no path leads from the input to the output: add an edge")
    to_output = {last}
    for u in reversed(range(last)):
        if any(rows[u][v] for v in to_output):
            to_output.add(u)
    return tuple(sorted(from_input & to_output))


@cache
def _vertex_hash(num_out: int, num_in: int, label: int) -> str:
    return md5(str((num_out, num_in, label)).encode()).hexdigest()


def _picker(neighbours: list[int], num_vertices: int) -> tuple[int, int, Any]:
    """How to join the hashes of neighbours: the indices of two, or a getter of more.

    Fewer than two are filled up with `num_vertices`, where the caller keeps an empty string.
    """
    if len(neighbours) > 2:
        return num_vertices, num_vertices, itemgetter(*neighbours)
    first, second = (*neighbours, num_vertices, num_vertices)[:2]
    return first, second, None


@lru_cache(maxsize=4096)
def _structure(adjacency: Adjacency) -> tuple[list[Any], list[tuple[int, int]]]:
    """Pickers for the tails and heads of every vertex, and its (out-degree, in-degree)."""
    heads = [[v for v, edge in enumerate(row) if edge] for row in adjacency]
    tails = [[u for u, edge in enumerate(row) if edge] for row in zip(*adjacency, strict=True)]
    neighbours = [*zip(tails, heads, strict=True)]
    num_vertices = len(adjacency)
    pickers = [
        (*_picker(tail, num_vertices), *_picker(head, num_vertices)) for tail, head in neighbours
    ]
    return pickers, [(len(head), len(tail)) for tail, head in neighbours]


def _module_hash(adjacency: Adjacency, labels: list[int]) -> str:
    pickers, degrees = _structure(adjacency)
    hashes = [_vertex_hash(*pair, label) for pair, label in zip(degrees, labels, strict=True)]
    for _ in labels:
        old, hashes = [*hashes, ""], []
        for (a, b, many_in, c, d, many_out), own in zip(pickers, old, strict=False):
            if many_in:
                before = "".join(sorted(many_in(old)))
            else:  # two or fewer, most often: sorted by hand
                before = old[a] + old[b] if old[a] < old[b] else old[b] + old[a]
            if many_out:
                after = "".join(sorted(many_out(old)))
            else:
                after = old[c] + old[d] if old[c] < old[d] else old[d] + old[c]
            hashes.append(md5(f"{before}|{after}|{own}".encode()).hexdigest())
    return md5(str(sorted(hashes)).encode()).hexdigest()
