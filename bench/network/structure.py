"""What a cell's graph tells for free: its operations, edges and paths, counted.

A path's length is its number of edges, so that the shortest possible is 1: input straight to
output. Depth counts convolutions, not edges: the most that lie on one path.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.network.cell import Adjacency, Cell

CONV3X3, CONV1X1, MAXPOOL3X3 = "conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"


def count_operations(cell: Cell, operation: str) -> int:
    """Count the vertices with an operation."""
    return cell.operations.count(operation)


def shortest_path(cell: Cell) -> int:
    """Return the fewest edges that lead from the input to the output."""
    return _path_lengths(cell.adjacency)[0]


def longest_path(cell: Cell) -> int:
    """Return the most edges that lead from the input to the output."""
    return _path_lengths(cell.adjacency)[1]


def depth(cell: Cell) -> int:
    """Return the most convolutions on one path from the input to the output."""
    most = [0] * cell.num_vertices
    for v in range(1, cell.num_vertices):  # the order is topological
        before = max(most[u] for u in range(v) if cell.adjacency[u][v])
        most[v] = before + (cell.operations[v] in (CONV3X3, CONV1X1))
    return most[-1]


@lru_cache(maxsize=4096)  # few graphs are distinct but for their operations
def _path_lengths(adjacency: Adjacency) -> tuple[int, int]:
    shortest, longest = [0], [0]
    for v in range(1, len(adjacency)):  # pruned: every vertex has one before it
        before = [u for u in range(v) if adjacency[u][v]]
        shortest.append(1 + min(shortest[u] for u in before))
        longest.append(1 + max(longest[u] for u in before))
    return shortest[-1], longest[-1]
