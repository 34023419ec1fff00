"""How large a net is: each kind of net's own part of a recipe.

`Skeleton` is the network around NAS-Bench-101's cells, `BlockSkeleton` scales a network of inverted
bottlenecks (S1, S2, S3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bench.base.checks import check_bounds

MOST_PIXELS = 10_000
"""Height and width of the largest images that are taken."""


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
        check_bounds(
            self,
            stem_channels=(1, 65_536),
            num_stacks=(1, 16),
            cells_per_stack=(1, 1000),
            image_size=(1, MOST_PIXELS),
            in_channels=(1, 65_536),
            num_classes=(1, 10_000_000),
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


@dataclass(frozen=True, kw_only=True)
class BlockSkeleton:
    """The size of a space's networks of inverted bottlenecks; the defaults are ImageNet's.

    Attributes:
        width: factor on every number of channels, rounded to multiples of 8.
        depth: factor on the layers of every stage, rounded up.
        image_size: height and width of the images, in pixels.
        in_channels: channels of the images.
        num_classes: outputs of the dense layer.
        dropout: probability before the dense layer, in training.
    """

    width: float = 1.0
    depth: float = 1.0
    image_size: int = 224
    in_channels: int = 3
    num_classes: int = 1000
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_bounds(
            self,
            width=(1e-3, 100.0),
            depth=(1e-3, 100.0),
            image_size=(1, MOST_PIXELS),
            in_channels=(1, 65_536),
            num_classes=(1, 10_000_000),
            dropout=(0.0, 1.0),
        )
        if self.dropout == 1.0:
            raise ValueError(f"dropout={self.dropout} must lie in [0, 1)")


CIFAR10 = BlockSkeleton(image_size=32, num_classes=10)
IMAGENET = BlockSkeleton()
