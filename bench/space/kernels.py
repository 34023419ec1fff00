"""MixPath's three search spaces S1, S2 and S3 (sections 3.4 and 4; Figure 1).

    S1  CIFAR-10: 12 inverted bottlenecks; each an expansion (3 or 6) and up to m kernels, summed
    S2  ImageNet: MixNet-M's 18 searched layers at its expansions, up to m kernels each, summed
    S3  the same layers, the depthwise channels in four groups with up to m kernels each

Kernels are of 3, 5, 7, 9. A group's number of kernels is drawn uniform in 1..m for itself, then the
kernels without replacement. Every choice is one integer below the size of a fixed list, so that
an architecture is a vector of integers and every such vector an architecture.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bench.base.names import unknown
from bench.network.block_costs import num_multiply_adds, num_parameters
from bench.network.blocks import Block, Network
from bench.network.known_networks import known_network
from bench.network.scaling import scale
from bench.space.architecture import (
    KERNELS,
    ArchitectureError,
    Layer,
    MixArchitecture,
    parse_architecture,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

S1_CHANNELS = (48, 48, 96, 96, 96, 192, 192, 192, 256, 256, 320, 320)
S1_STRIDED = (2, 5)
"""Layers of S1, from 0, with stride 2."""


@dataclass(frozen=True, kw_only=True)
class MixSkeleton:
    """How large a space's networks are; the defaults are ImageNet's.

    Attributes:
        width: factor on every number of channels, rounded to multiples of 8.
        depth: factor on the layers of every stage, rounded up.
    """

    width: float = 1.0
    depth: float = 1.0
    image_size: int = 224
    in_channels: int = 3
    num_classes: int = 1000

    def __post_init__(self) -> None:
        for name in ("width", "depth", "image_size", "in_channels", "num_classes"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}={getattr(self, name)} must be above 0")


CIFAR10 = MixSkeleton(image_size=32, num_classes=10)
IMAGENET = MixSkeleton()


class MixPathSpace:
    """A space of networks of one description with free kernels, and perhaps expansions.

    Args:
        name: 's1', 's2' or 's3'.
        m: largest number of kernels summed in a group.
        template: the network, its searched layers with any kernels.
        num_fixed: how many blocks at the start are not searched.
        expansions: what a layer may choose from; none: as the template has it.
        num_groups: channel groups with kernels of their own.

    Raises:
        ValueError: m outside 1..4.
    """

    def __init__(
        self,
        name: str,
        m: int,
        template: Network,
        *,
        num_fixed: int,
        expansions: tuple[int, ...],
        num_groups: int,
    ) -> None:
        if not 1 <= m <= len(KERNELS):
            raise ValueError(
                f"m={m} is outside 1..{len(KERNELS)}: there are {len(KERNELS)} kernels"
            )
        self.name, self.m, self.template = name, m, template
        self.num_fixed, self.expansions, self.num_groups = num_fixed, expansions, num_groups

    @property
    def num_layers(self) -> int:
        """How many layers are searched."""
        return len(self.template.blocks) - self.num_fixed

    @cached_property
    def subsets(self) -> tuple[tuple[int, ...], ...]:
        """Every choice of kernels for one group, by number, then size."""
        return tuple(
            chosen for k in range(1, self.m + 1) for chosen in itertools.combinations(KERNELS, k)
        )

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many values each integer of the encoding has."""
        layer = (len(self.expansions),) if self.expansions else ()
        return (layer + (len(self.subsets),) * self.num_groups) * self.num_layers

    def count(self) -> int:
        """Count the architectures."""
        return math.prod(self.sizes)

    def architectures(self) -> Iterator[MixArchitecture]:
        """Enumerate every architecture (of a small space: see `count`)."""
        return map(self.from_integers, itertools.product(*map(range, self.sizes)))

    def sample(self, rng: np.random.Generator) -> MixArchitecture:
        """Draw one as training does: m' per group uniform in 1..m, then kernels, expansions."""

        def group() -> tuple[int, ...]:
            count = int(rng.integers(1, self.m + 1))
            return tuple(KERNELS[i] for i in sorted(rng.permutation(len(KERNELS))[:count]))

        def layer() -> Layer:
            e = self.expansions[int(rng.integers(len(self.expansions)))] if self.expansions else 0
            return Layer(e, tuple(group() for _ in range(self.num_groups)))

        return MixArchitecture(layer() for _ in range(self.num_layers))

    def from_integers(self, values: Sequence[int]) -> MixArchitecture:
        """Map a vector of integers, each below its entry in `sizes`, to its architecture."""
        per_layer = len(self.sizes) // self.num_layers
        layers = []
        for start in range(0, len(self.sizes), per_layer):
            part = [int(value) for value in values[start : start + per_layer]]
            expansion = self.expansions[part.pop(0)] if self.expansions else 0
            layers.append(Layer(expansion, tuple(self.subsets[value] for value in part)))
        return MixArchitecture(layers)

    def to_integers(self, architecture: MixArchitecture) -> list[int]:
        """Map back from an architecture."""
        return [
            value
            for layer in architecture
            for value in (
                *([self.expansions.index(layer.expansion)] if self.expansions else []),
                *(self.subsets.index(group) for group in layer.kernels),
            )
        ]

    def encode(self, architecture: MixArchitecture) -> str:
        """Write an architecture as its short text."""
        return str(architecture)

    def decode(self, text: str) -> MixArchitecture:
        """Read short text or JSON, and check that it lies in the space.

        Raises:
            ArchitectureError: not an architecture, or not one of this space.
        """
        return self.checked(parse_architecture(text))

    def checked(self, architecture: MixArchitecture) -> MixArchitecture:
        """Return an architecture of this space as it is.

        Raises:
            ArchitectureError: another number of layers or groups, an expansion that is no choice,
                or more than m kernels.
        """
        if len(architecture) != self.num_layers:
            raise ArchitectureError(
                f"architecture {architecture} has {len(architecture)} layers, "
                f"{self.name} here has {self.num_layers}"
            )
        for index, layer in enumerate(architecture, start=1):
            where = f"architecture {architecture}: layer {index} has"
            if layer.expansion not in (self.expansions or (0,)):
                choices = " or ".join(map(str, self.expansions)) or "none, it is fixed"
                raise ArchitectureError(f"{where} expansion {layer.expansion}, not {choices}")
            if len(layer.kernels) != self.num_groups:
                raise ArchitectureError(
                    f"{where} {len(layer.kernels)} channel groups, not {self.num_groups}"
                )
            if (most := max(map(len, layer.kernels))) > self.m:
                raise ArchitectureError(f"{where} {most} kernels in a group, m={self.m}")
        return architecture

    def path(self, architecture: MixArchitecture) -> MixArchitecture:
        """Return the path of a forward pass: the architecture itself."""
        return architecture

    def network(self, architecture: MixArchitecture) -> Network:
        """Describe the stand-alone network."""
        fixed = self.template.blocks[: self.num_fixed]
        searched = zip(self.template.blocks[self.num_fixed :], architecture, strict=True)
        return replace(
            self.template, blocks=fixed + tuple(_block(b, layer) for b, layer in searched)
        )

    def num_parameters(self, architecture: MixArchitecture) -> int:
        """Count the stand-alone network's trainable parameters."""
        return num_parameters(self.network(architecture))

    def num_multiply_adds(self, architecture: MixArchitecture) -> int:
        """Count the stand-alone network's multiply-adds for one image."""
        return num_multiply_adds(self.network(architecture))

    def identity(self, architecture: MixArchitecture) -> dict[str, Any]:
        """Name an architecture in a table: its text and costs."""
        network = self.network(architecture)
        return {
            "architecture": self.encode(architecture),
            "num_parameters": num_parameters(network),
            "num_multiply_adds": num_multiply_adds(network),
        }


def s1(m: int, skeleton: MixSkeleton = CIFAR10) -> MixPathSpace:
    """Build S1: CIFAR-10, 12 layers, expansion 3 or 6."""
    blocks, channels = [], 32
    for layer, out in enumerate(S1_CHANNELS):
        stride = 2 if layer in S1_STRIDED else 1
        blocks.append(
            Block(
                in_channels=channels,
                out_channels=out,
                groups=(KERNELS,),
                stride=stride,
                expansion=6,
                activation="relu6",
            )
        )
        channels = out
    template = Network(
        blocks=tuple(blocks),
        stem_channels=32,
        stem_stride=1,
        head_channels=1280,
        activation="relu6",
    )
    return MixPathSpace(
        "s1", m, _sized(template, skeleton), num_fixed=0, expansions=(3, 6), num_groups=1
    )


def s2(m: int, skeleton: MixSkeleton = IMAGENET) -> MixPathSpace:
    """Build S2: MixNet-M's 18 layers, kernels summed over all channels."""
    template = _sized(_mixnet_m((KERNELS,), is_bare=False), skeleton)
    return MixPathSpace("s2", m, template, num_fixed=1, expansions=(), num_groups=1)


def s3(m: int, skeleton: MixSkeleton = IMAGENET) -> MixPathSpace:
    """Build S3: MixNet-M's 18 layers, kernels summed in each of four channel groups."""
    template = _sized(_mixnet_m((KERNELS,) * 4, is_bare=True), skeleton)
    return MixPathSpace("s3", m, template, num_fixed=1, expansions=(), num_groups=4)


MIXPATH_SPACES: dict[str, Callable[[int, MixSkeleton], MixPathSpace]] = {
    "s1": s1,
    "s2": s2,
    "s3": s3,
}


def mixpath_space(name: str, m: int, skeleton: MixSkeleton) -> MixPathSpace:
    """Build a space by name.

    Raises:
        ValueError: an unknown name, or m outside 1..4.
    """
    if name not in MIXPATH_SPACES:
        raise unknown("space", name, MIXPATH_SPACES)
    return MIXPATH_SPACES[name](m, skeleton)


def _mixnet_m(groups: tuple[tuple[int, ...], ...], *, is_bare: bool) -> Network:
    """Take MixNet-M, whose first block is fixed, with other kernels in the 18 that follow."""
    mixnet = known_network("mixnet-m")
    searched = (replace(block, groups=groups, is_bare=is_bare) for block in mixnet.blocks[1:])
    return replace(mixnet, blocks=(mixnet.blocks[0], *searched))


def _sized(template: Network, skeleton: MixSkeleton) -> Network:
    return replace(
        scale(template, skeleton.width, skeleton.depth),
        image_size=skeleton.image_size,
        in_channels=skeleton.in_channels,
        num_classes=skeleton.num_classes,
    )


def _block(block: Block, layer: Layer) -> Block:
    return replace(block, groups=layer.kernels, expansion=layer.expansion or block.expansion)
