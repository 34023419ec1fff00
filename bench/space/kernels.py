"""Spaces of networks whose layers choose depthwise kernels, and perhaps expansions.

Kernels are of 3, 5, 7, 9. A group's number of kernels is drawn uniform in 1..m for itself, then the
kernels without replacement. Every choice is one integer below the size of a fixed list, so that
an architecture is a vector of integers and every such vector an architecture.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bench.network.block_costs import num_multiply_adds, num_parameters
from bench.space.architecture import (
    KERNELS,
    ArchitectureError,
    KernelArchitecture,
    Layer,
    parse_architecture,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from bench.network.block import Block
    from bench.network.blocks import Network


class KernelSpace:
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

    is_enumerated = False

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

    def architectures(self) -> Iterator[KernelArchitecture]:
        """Enumerate every architecture (of a small space: see `count`)."""
        return map(self.from_integers, itertools.product(*map(range, self.sizes)))

    def sample(self, rng: np.random.Generator) -> KernelArchitecture:
        """Draw one as training does: m' per group uniform in 1..m, then kernels, expansions."""

        def group() -> tuple[int, ...]:
            count = int(rng.integers(1, self.m + 1))
            return tuple(KERNELS[i] for i in sorted(rng.permutation(len(KERNELS))[:count]))

        def layer() -> Layer:
            e = self.expansions[int(rng.integers(len(self.expansions)))] if self.expansions else 0
            return Layer(e, tuple(group() for _ in range(self.num_groups)))

        return KernelArchitecture(layer() for _ in range(self.num_layers))

    def from_integers(self, values: Sequence[int]) -> KernelArchitecture:
        """Map a vector of integers, each below its entry in `sizes`, to its architecture."""
        per_layer = len(self.sizes) // self.num_layers
        layers = []
        for start in range(0, len(self.sizes), per_layer):
            part = [int(value) for value in values[start : start + per_layer]]
            expansion = self.expansions[part.pop(0)] if self.expansions else 0
            layers.append(Layer(expansion, tuple(self.subsets[value] for value in part)))
        return KernelArchitecture(layers)

    def to_integers(self, architecture: KernelArchitecture) -> list[int]:
        """Map back from an architecture."""
        return [
            value
            for layer in architecture
            for value in (
                *([self.expansions.index(layer.expansion)] if self.expansions else []),
                *(self.subsets.index(group) for group in layer.kernels),
            )
        ]

    def encode(self, architecture: KernelArchitecture) -> str:
        """Write an architecture as its short text."""
        return str(architecture)

    def decode(self, text: str) -> KernelArchitecture:
        """Read short text or JSON, and check that it lies in the space.

        Raises:
            ArchitectureError: not an architecture, or not one of this space.
        """
        return self.checked(parse_architecture(text))

    def checked(self, architecture: KernelArchitecture) -> KernelArchitecture:
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

    def path(self, architecture: KernelArchitecture) -> KernelArchitecture:
        """Return the path of a forward pass: the architecture itself."""
        return architecture

    def network(self, architecture: KernelArchitecture) -> Network:
        """Describe the stand-alone network."""
        fixed = self.template.blocks[: self.num_fixed]
        searched = zip(self.template.blocks[self.num_fixed :], architecture, strict=True)
        return replace(
            self.template, blocks=fixed + tuple(_block(b, layer) for b, layer in searched)
        )

    def num_parameters(self, architecture: KernelArchitecture) -> int:
        """Count the stand-alone network's trainable parameters."""
        return num_parameters(self.network(architecture))

    def num_multiply_adds(self, architecture: KernelArchitecture) -> int:
        """Count the stand-alone network's multiply-adds for one image."""
        return num_multiply_adds(self.network(architecture))

    def identity(self, architecture: KernelArchitecture) -> dict[str, Any]:
        """Name an architecture in a table: its text and costs."""
        network = self.network(architecture)
        return {
            "architecture": self.encode(architecture),
            "num_parameters": num_parameters(network),
            "num_multiply_adds": num_multiply_adds(network),
        }


def _block(block: Block, layer: Layer) -> Block:
    return replace(block, groups=layer.kernels, expansion=layer.expansion or block.expansion)
