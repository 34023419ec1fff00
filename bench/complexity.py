"""Parameters and multiply-adds of a cell in a NAS-Bench-101 skeleton, in closed form.

The skeleton is a 3x3 convolution, stacks of cells with a 2x2 max-pool between stacks and twice the
channels in every further stack, a global average pool and a dense layer. Convolutions have no bias
and a batch norm of two parameters per channel. Inside a cell every edge from the input is a 1x1
projection; channels follow `compute_vertex_channels` of google-research/nasbench. Multiply-adds
count convolutions and the dense layer; norms, activations, sums and pools are left out, as is
customary.
"""

from dataclasses import dataclass, fields
from functools import cached_property

from bench.cell import Cell

_KERNEL_AREAS = {"conv3x3-bn-relu": 9, "conv1x1-bn-relu": 1, "maxpool3x3": 0}


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
    last = cell.num_vertices - 1
    channels = [in_channels] + [0] * (last - 1) + [out_channels]
    ends = [v for v in range(1, last) if cell.adjacency[v][last]]
    if len(ends) > out_channels:
        raise ValueError(
            f"{out_channels} channels cannot be split among the {len(ends)} vertices that lead to "
            f"the output of cell {cell.hash}: use at least {len(ends)} stem channels"
        )
    for rank, v in enumerate(ends):
        channels[v] = out_channels // len(ends) + (rank < out_channels % len(ends))
    for v in reversed(range(1, last)):
        if not cell.adjacency[v][last]:
            channels[v] = max([channels[w] for w in range(v + 1, last) if cell.adjacency[v][w]])
    return channels


def num_parameters(cell: Cell, skeleton: Skeleton = NASBENCH101) -> int:
    """Count the trainable parameters of the network, batch norms included."""
    return _num_fixed_parameters(skeleton) + sum(
        count * sum(_cell_counts(cell, in_channels, out_channels))
        for in_channels, out_channels, _, count in skeleton.stages
    )


def num_multiply_adds(cell: Cell, skeleton: Skeleton = NASBENCH101) -> int:
    """Count the multiply-adds of one forward pass of one image."""
    stem = 9 * skeleton.in_channels * skeleton.stem_channels * skeleton.image_size**2
    return (
        stem
        + skeleton.last_channels * skeleton.num_classes
        + sum(
            count * size**2 * _cell_counts(cell, in_channels, out_channels)[0]
            for in_channels, out_channels, size, count in skeleton.stages
        )
    )


def _num_fixed_parameters(skeleton: Skeleton) -> int:
    """Parameters of the stem and the dense layer."""
    stem = (9 * skeleton.in_channels + 2) * skeleton.stem_channels
    return stem + (skeleton.last_channels + 1) * skeleton.num_classes


def _cell_counts(cell: Cell, in_channels: int, out_channels: int) -> tuple[int, int]:
    """Weights of the convolutions, and parameters of the batch norms, of one cell."""
    channels = vertex_channels(cell, in_channels, out_channels)
    num_weights = num_norm = 0
    for width, operation, projected in zip(
        channels[1:-1], cell.operations[1:-1], cell.adjacency[0][1:-1], strict=True
    ):
        area = _KERNEL_AREAS[operation]
        num_weights += area * width * width + projected * in_channels * width
        num_norm += 2 * width * ((area > 0) + projected)
    projected = cell.adjacency[0][-1]
    return (
        num_weights + projected * in_channels * out_channels,
        num_norm + projected * 2 * out_channels,
    )
