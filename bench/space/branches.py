"""Search spaces: which architectures there are, how one is drawn, written and mapped to a cell.

The paper's sub-space of NAS-Bench-101 puts k <= m branches in parallel:

    input -> (1x1 projection) -> operation_i -> sum -> node 5 (conv1x1-bn-relu) -> output

`Branches` lets any of the four branch nodes be used (12/66/174/255 architectures for
m = 1..4, copies of 3/9/19/34 cells). `FirstBranches` is what the released code does: m nodes
exist at all, so that m changes the space (3/15/63/255 architectures).
"""

from __future__ import annotations

import itertools
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from bench.base.checks import show
from bench.network.cell import INPUT, OPERATIONS, OUTPUT, Cell

if TYPE_CHECKING:
    import numpy as np

Architecture: TypeAlias = tuple[int | None, ...]
"""Per branch node the index of its operation in OPERATIONS, or None where it is unused."""

Path: TypeAlias = tuple[tuple[int, ...], ...]
"""Per branch node the indices of the operations that one forward pass uses."""

NUM_NODES = 4
LETTERS = "31p"  # conv3x3, conv1x1, max-pool
UNUSED = "-"


class Branches:
    """The paper's sub-space: up to m of four branch nodes, one operation each.

    Raises:
        ValueError: m outside 1..4.
    """

    name = "branches"
    is_enumerated = True

    def __init__(self, m: int) -> None:
        if not 1 <= m <= NUM_NODES:
            raise ValueError(
                f"m={m} is outside 1..{NUM_NODES}: a cell has {NUM_NODES} branch nodes"
            )
        self.m = m
        self.num_nodes = NUM_NODES

    def architectures(self) -> tuple[Architecture, ...]:
        """List every architecture, by number of branches, then nodes, then operations."""
        return self._architectures

    def count(self) -> int:
        """Count the architectures."""
        return len(self.architectures())

    def sample_list(self, rng: np.random.Generator) -> tuple[tuple[int, int], ...]:
        """Draw (node, operation) pairs in the order drawn.

        Their number is uniform in 1..m, the nodes uniform without replacement, the operations
        uniform. The released code compares such ordered lists to tell duplicates.
        """
        num_paths = int(rng.integers(1, self.m + 1))
        nodes = rng.permutation(self.num_nodes)[:num_paths]
        operations = rng.integers(len(OPERATIONS), size=num_paths)
        return tuple((int(node), int(op)) for node, op in zip(nodes, operations, strict=True))

    def num_lists(self) -> int:
        """Count the ordered lists that `sample_list` can draw (3/24/225/2,712 as released)."""
        return sum(
            len(list(itertools.permutations(range(self.num_nodes), k))) * len(OPERATIONS) ** k
            for k in range(1, self.m + 1)
        )

    def from_list(self, pairs: tuple[tuple[int, int], ...]) -> Architecture:
        """Forget the order of (node, operation) pairs."""
        chosen = dict(pairs)
        return tuple(chosen.get(node) for node in range(self.num_nodes))

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw one architecture as training does (see `sample_list`)."""
        return self.from_list(self.sample_list(rng))

    def encode(self, architecture: Architecture) -> str:
        """Write one letter a branch node: 3 (conv3x3), 1 (conv1x1), p (max-pool), - (unused)."""
        return "".join(UNUSED if op is None else LETTERS[op] for op in architecture)

    def decode(self, text: str) -> Architecture:
        """Read what `encode` wrote.

        Raises:
            ValueError: a wrong length or letter, no branch, or more than m branches.
        """
        if len(text) != self.num_nodes or set(text) - set(LETTERS + UNUSED):
            raise ValueError(
                f"architecture {show(text)} is not {self.num_nodes} letters of "
                f"'{LETTERS + UNUSED}', such as '{(LETTERS + UNUSED)[: self.num_nodes]}'"
            )
        architecture = tuple(None if c == UNUSED else LETTERS.index(c) for c in text)
        num_branches = sum(op is not None for op in architecture)
        if not 1 <= num_branches <= self.m:
            raise ValueError(f"architecture {text!r} has {num_branches} branches, not 1..{self.m}")
        return architecture

    def cell(self, architecture: Architecture) -> Cell:
        """Return the cell: branches in parallel, summed into a conv1x1-bn-relu node."""
        return parallel_cell(tuple(sorted(op for op in architecture if op is not None)))

    def path(self, architecture: Architecture) -> Path:
        """Return the operations that a forward pass uses at each node."""
        return tuple(() if op is None else (op,) for op in architecture)

    def identity(self, architecture: Architecture) -> dict[str, Any]:
        """Name an architecture in a table: its text and its cell's hash."""
        return {
            "architecture": self.encode(architecture),
            "cell_hash": self.cell(architecture).hash,
        }

    @cached_property
    def _architectures(self) -> tuple[Architecture, ...]:
        nodes, operations = range(self.num_nodes), range(len(OPERATIONS))
        return tuple(
            self.from_list(tuple(zip(chosen, ops, strict=True)))
            for k in range(1, self.m + 1)
            for chosen in itertools.combinations(nodes, k)
            for ops in itertools.product(operations, repeat=k)
        )


class FirstBranches(Branches):
    """The released code's space: only the first m branch nodes exist."""

    name = "first-branches"

    def __init__(self, m: int) -> None:
        super().__init__(m)
        self.num_nodes = m


@cache
def parallel_cell(operations: tuple[int, ...]) -> Cell:
    """Return the cell that runs these operations in parallel before node 5."""
    num_vertices = len(operations) + 3
    node = num_vertices - 2
    matrix = [[0] * num_vertices for _ in range(num_vertices)]
    for vertex in range(1, node):
        matrix[0][vertex] = matrix[vertex][node] = 1
    matrix[node][node + 1] = 1
    names = [OPERATIONS[op] for op in operations]
    return Cell.from_matrix(matrix, [INPUT, *names, "conv1x1-bn-relu", OUTPUT])
