"""Parameters and multiply-adds of a cell in a NAS-Bench-101 skeleton, in closed form.

The skeleton is a 3x3 convolution, stacks of cells with a 2x2 max-pool between stacks and twice the
channels in every further stack, a global average pool and a dense layer. Convolutions have no bias
and a batch norm of two parameters per channel. Inside a cell every edge from the input is a 1x1
projection; channels follow `compute_vertex_channels` of google-research/nasbench. Multiply-adds
count convolutions and the dense layer; norms, activations, sums and pools are left out, as is
customary.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bench.network.cell import Adjacency, Cell
from bench.network.skeleton import NASBENCH101, Skeleton

_KERNEL_AREAS = {"conv3x3-bn-relu": 9, "conv1x1-bn-relu": 1, "maxpool3x3": 0}
_NORMED = frozenset(("conv3x3-bn-relu", "conv1x1-bn-relu"))


def vertex_channels(cell: Cell, in_channels: int, out_channels: int) -> list[int]:
    """Give the output channels of every vertex.

    The cell's output channels are split among the vertices that lead to it, earlier ones taking
    the remainder; every other vertex is as wide as the widest that it leads to.

    Raises:
        ValueError: if there are fewer output channels than vertices to split them among.
    """
    return _vertex_channels(cell.adjacency, in_channels, out_channels)


def num_parameters(cell: Cell, skeleton: Skeleton = NASBENCH101) -> int:
    """Count the trainable parameters of the network, batch norms included."""
    terms = _parameter_terms(cell.adjacency, skeleton)
    return terms.constant + sum(
        _KERNEL_AREAS[operation] * square + (operation in _NORMED) * norm
        for operation, square, norm in zip(
            cell.operations[1:-1], terms.squares, terms.norms, strict=True
        )
    )


def num_multiply_adds(cell: Cell, skeleton: Skeleton = NASBENCH101) -> int:
    """Count the multiply-adds of one forward pass of one image."""
    terms = _multiply_add_terms(cell.adjacency, skeleton)
    return terms.constant + sum(
        _KERNEL_AREAS[operation] * square
        for operation, square in zip(cell.operations[1:-1], terms.squares, strict=True)
    )


class _Terms(NamedTuple):
    """A count that is linear in the kernel areas of the vertices, for one graph of any operations.

    Attributes:
        constant: what does not depend on the operations.
        squares: per vertex between input and output, the count for each unit of kernel area.
        norms: per vertex, the parameters of its batch norm, should it have one.
    """

    constant: int
    squares: tuple[int, ...]
    norms: tuple[int, ...]


@lru_cache(maxsize=4096)
def _parameter_terms(adjacency: Adjacency, skeleton: Skeleton) -> _Terms:
    constant = (9 * skeleton.in_channels + 2) * skeleton.stem_channels
    constant += (skeleton.last_channels + 1) * skeleton.num_classes
    squares, norms = np.zeros((2, len(adjacency) - 2), dtype=np.int64)
    for in_channels, out_channels, _, count in skeleton.stages:
        channels = np.array(_vertex_channels(adjacency, in_channels, out_channels))
        constant += count * int((in_channels + 2) * np.dot(adjacency[0][1:], channels[1:]))
        squares += count * channels[1:-1] ** 2
        norms += count * 2 * channels[1:-1]
    return _Terms(constant, tuple(squares.tolist()), tuple(norms.tolist()))


@lru_cache(maxsize=4096)
def _multiply_add_terms(adjacency: Adjacency, skeleton: Skeleton) -> _Terms:
    constant = 9 * skeleton.in_channels * skeleton.stem_channels * skeleton.image_size**2
    constant += skeleton.last_channels * skeleton.num_classes
    squares = np.zeros(len(adjacency) - 2, dtype=np.int64)
    for in_channels, out_channels, size, count in skeleton.stages:
        channels = np.array(_vertex_channels(adjacency, in_channels, out_channels))
        constant += count * size**2 * int(in_channels * np.dot(adjacency[0][1:], channels[1:]))
        squares += count * size**2 * channels[1:-1] ** 2
    return _Terms(constant, tuple(squares.tolist()), ())


def _vertex_channels(adjacency: Adjacency, in_channels: int, out_channels: int) -> list[int]:
    last = len(adjacency) - 1
    channels = [in_channels] + [0] * (last - 1) + [out_channels]
    ends = [v for v in range(1, last) if adjacency[v][last]]
    if len(ends) > out_channels:
        raise ValueError(
            f"{out_channels} channels cannot be split among the {len(ends)} vertices that lead to "
            f"the output: use at least {len(ends)} stem channels"
        )
    for rank, v in enumerate(ends):
        channels[v] = out_channels // len(ends) + (rank < out_channels % len(ends))
    for v in reversed(range(1, last)):
        if not adjacency[v][last]:
            channels[v] = max(channels[w] for w in range(v + 1, last) if adjacency[v][w])
    return channels
