"""A cell in the form in which a table keeps it: two small integers, and the 16 bytes of its hash.

Edges are numbered as in google-research/nasbench (`gen_is_edge_fn`): bit u + v (v - 1) / 2 is the
edge from u to v, whatever the number of vertices. With at most 7 vertices that is 21 bits:

    edge   0-1 | 0-2 1-2 | 0-3 1-3 2-3 | ... | 0-6 1-6 2-6 3-6 4-6 5-6
    bit      0 |   1   2 |   3   4   5 | ... |  15  16  17  18  19  20

Operations are base-4 digits, 1 + their index, from the first vertex after the input: at most 5 of
them, so 10 bits. A digit 0 ends the list, which tells the number of vertices. The order of the
vertices is kept, since parameter counts depend on it.
"""

from functools import cache, lru_cache

from bench.network.cell import INPUT, OPERATIONS, OUTPUT, Adjacency, Cell

Key = str | Cell
"""A module hash in hexadecimal, or a cell."""

_DIGITS = {name: digit for digit, name in enumerate(OPERATIONS, start=1)}


def pack(cell: Cell) -> tuple[int, int]:
    """Write a cell as its edges (21 bits) and its operations (10 bits)."""
    return _edges(cell.adjacency), _operations_code(cell.operations)


def unpack(edges: int, operations: int) -> Cell:
    """Read what `pack` wrote; cells share their parts, so this is cheap in time and memory."""
    names = _operations(operations)
    return Cell(_adjacency(edges, len(names)), names)


def digest_of(key: Key) -> bytes:
    """Return the 16 bytes of a hash; one zero byte, which no cell has, for what is none."""
    try:
        digest = bytes.fromhex(key.hash if isinstance(key, Cell) else key)
    except ValueError:
        return b"\0"
    return digest if len(digest) == 16 else b"\0"


@lru_cache(maxsize=4096)
def _edges(adjacency: Adjacency) -> int:
    return sum(
        adjacency[u][v] << (u + v * (v - 1) // 2) for v in range(len(adjacency)) for u in range(v)
    )


@lru_cache(maxsize=4096)
def _operations_code(operations: tuple[str, ...]) -> int:
    return sum(_DIGITS[name] << (2 * place) for place, name in enumerate(operations[1:-1]))


@lru_cache(maxsize=4096)
def _adjacency(edges: int, num_vertices: int) -> Adjacency:
    vertices = range(num_vertices)
    return tuple(
        tuple(edges >> (u + v * (v - 1) // 2) & 1 if u < v else 0 for v in vertices)
        for u in vertices
    )


@cache
def _operations(code: int) -> tuple[str, ...]:
    names = []
    while code:
        if not code & 3:  # a 0 below a digit that is none: no cell was written so
            raise ValueError(f"operations code {code} has an empty place")
        names.append(OPERATIONS[(code & 3) - 1])
        code >>= 2
    return (INPUT, *names, OUTPUT)
