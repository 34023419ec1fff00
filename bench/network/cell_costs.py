"""Parameters and multiply-adds of a cell in a NAS-Bench-101 skeleton, in closed form.

The skeleton is a 3x3 convolution, stacks of cells with a 2x2 max-pool between stacks and twice the
channels in every further stack, a global average pool and a dense layer. Convolutions have no bias
and a batch norm of two parameters per channel. Inside a cell every edge from the input is a 1x1
projection; channels follow `compute_vertex_channels` of google-research/nasbench. Multiply-adds
count convolutions and the dense layer; norms, activations, sums and pools are left out, as is
customary.
"""

from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from bench.network.cell import Adjacency, Cell

_KERNEL_AREAS = {"conv3x3-bn-relu": 9, "conv1x1-bn-relu": 1, "maxpool3x3": 0}
_NORMED = frozenset(("conv3x3-bn-relu", "conv1x1-bn-relu"))


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """The network around the cells; the defaults are NAS-Bench-101's."""

    stem_channels: int = 128
    num_stacks: int = 3
    cells_per_stack: int = 3
    image_size: int = 32
    in_channels: int = 3
    num_classes: int = 10

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"{field.name} must be a whole number of at least 1, not {value!r}"
                )
        if self.image_size < 2 ** (self.num_stacks - 1):
            raise ValueError(
                f"image_size {self.image_size} cannot be halved {self.num_stacks - 1} times: use "
                f"at least {2 ** (self.num_stacks - 1)}, or fewer stacks"
            )

    @cached_property
    def stages(self) -> tuple[tuple[int, int, int, int], ...]:
        """Distinct places of a cell: (input channels, output channels, image size, how many)."""
        stages = []
        for stack in range(self.num_stacks):
            channels, size = self.stem_channels << stack, self.image_size >> stack
            num_first = 1 if stack else 0  # the first cell of a further stack doubles the channels
            stages += [(channels // 2, channels, size, 1)] * num_first
            stages += [(channels, channels, size, self.cells_per_stack - num_first)]
        return tuple(stage for stage in stages if stage[-1])

    @property
    def last_channels(self) -> int:
        """Channels that enter the dense layer."""
        return self.stem_channels << (self.num_stacks - 1)


NASBENCH101 = Skeleton()


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
