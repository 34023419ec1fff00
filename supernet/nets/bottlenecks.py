"""Networks of mixed inverted bottlenecks: MixPath's supernets, and the networks found in them.

One class builds both from a description (`bench.network.blocks.Network`). In a supernet every
searched layer holds all kernels, and a path, a `KernelArchitecture`, says which of them run; layers
that are not searched run all that they have, so that a stand-alone network is one with nothing
searched.

    S1, S2   project(squeeze(sum of act(BN(depthwise_k)))) -> shadow batch norm number m'
    S3       per channel group: shadow batch norm m' of the sum of bare depthwise_k, concatenated;
             activation, squeeze, project, batch norm

In S3 the summed kernels are linear, so a supernet folds them into one kernel before it runs them:
one convolution a group instead of m', with the same result. A stand-alone network runs them as
described (`supernet.nets.extract.fold` rewrites it so).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from bench.network.skeleton import BlockSkeleton
from bench.space.architecture import KERNELS, KernelArchitecture
from bench.space.kernels import KernelSpace
from supernet.nets.bottleneck_layers import Bottleneck, ConvNorm, PathGroup, active
from supernet.nets.initialisation import fan_out
from supernet.shadow_bn import SHADOW, SINGLE, NormUnderTest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.config.recipe import Recipe
    from bench.network.blocks import Network
    from bench.space.space import Space


class BottleneckNet(nn.Module):
    """A network of mixed inverted bottlenecks, searched or stand-alone.

    Args:
        network: the description; searched blocks have every kernel that may be chosen.
        num_fixed: how many blocks at the start are not searched; all by default.
        expansions: what a searched layer chooses from; none: as described.
        max_paths: m, the largest number of kernels summed in a group.
        batch_norm: of the searched layers.
        dropout: probability before the dense layer, in training.
        is_folding: whether bare kernels are summed before they are run.
    """

    def __init__(
        self,
        network: Network,
        *,
        num_fixed: int | None = None,
        expansions: tuple[int, ...] = (),
        max_paths: int = 1,
        batch_norm: NormUnderTest = SINGLE,
        dropout: float = 0.0,
        is_folding: bool = False,
    ) -> None:
        super().__init__()
        self.network = network
        self.num_fixed = len(network.blocks) if num_fixed is None else num_fixed
        self.batch_norm = batch_norm
        act = network.activation
        self.stem_conv = ConvNorm(
            network.in_channels, network.stem_channels, 3, stride=network.stem_stride, act=act
        )
        self.layers = nn.ModuleList()
        for index, block in enumerate(network.blocks):
            searched = index >= self.num_fixed
            norm = batch_norm if searched or batch_norm.is_absent else SINGLE
            choices = (searched and expansions) or (block.expansion,)
            self.layers.append(
                nn.ModuleDict({str(e): Bottleneck(block, e, max_paths, norm) for e in choices})
            )
        self.head = ConvNorm(network.blocks[-1].out_channels, network.head_channels, 1, act=act)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(network.head_channels, network.num_classes)
        self.apply(_initialise)
        for module in self.modules():
            if isinstance(module, PathGroup):
                module.is_folding = is_folding

    def forward(self, x: torch.Tensor, path: KernelArchitecture | None = None) -> torch.Tensor:
        """Return logits of shape (B, num_classes) for normalised images (B, C, H, W)."""
        return self.body(self.stem(x), path)

    def stem(self, x: torch.Tensor) -> torch.Tensor:
        """Run what every path shares: the stem and the blocks that are not searched."""
        x = self.stem_conv(x)  # (B, stem_channels, H, W)
        for index in range(self.num_fixed):
            x = self._block(index, self.network.blocks[index].expansion)(x)
        return x

    shared = stem
    """What scoring runs once a batch for all paths (see `SupernetScorer`)."""

    def rest(self, shared: torch.Tensor, path: KernelArchitecture | None = None) -> torch.Tensor:
        """Run what depends on the path, after `shared`."""
        return self.body(shared, path)

    def body(self, x: torch.Tensor, path: KernelArchitecture | None = None) -> torch.Tensor:
        """Run the searched blocks and the head on the stem's output.

        Raises:
            ValueError: a path of another length than there are searched layers.
        """
        path = path or KernelArchitecture()
        if len(path) != len(self.layers) - self.num_fixed:
            raise ValueError(
                f"path has {len(path)} layers, the network {len(self.layers) - self.num_fixed}"
            )
        for index, layer in enumerate(path, start=self.num_fixed):
            expansion = layer.expansion or self.network.blocks[index].expansion
            x = self._block(index, expansion)(x, layer.kernels)
        x = self.head(x).mean((2, 3))  # (B, head_channels)
        out: torch.Tensor = self.classifier(self.dropout(x))  # (B, num_classes)
        return out

    def path_sums(self) -> list[KernelSum]:
        """List the blocks of the first searched layer, one an expansion, where kernels are summed.

        Raises:
            ValueError: a layer whose kernels are summed in several channel groups.
        """
        first = list(self.layers[self.num_fixed].values())  # type: ignore[operator]  # ModuleList of ModuleDicts
        if len(first[0].groups) > 1:
            raise ValueError(
                "kernels are summed in several channel groups: paths are compared where one batch "
                "norm serves all channels, in s1 and s2"
            )
        return [KernelSum(self, number, block) for number, block in enumerate(first)]

    def _block(self, index: int, expansion: int) -> Bottleneck:
        block = self.layers[index][str(expansion)]  # type: ignore[index]  # ModuleList of ModuleDicts
        assert isinstance(block, Bottleneck)
        return block


class KernelSum:
    """One block of the first searched layer as a place where paths are summed (`PathSum`).

    Only this layer is measured, as in the paper: its input is the same whatever path is taken.
    """

    cell = 0
    num_paths = len(KERNELS)
    is_linear = False  # the squeeze-excite between sum and batch norm is not

    def __init__(self, net: BottleneckNet, number: int, block: Bottleneck) -> None:
        self.net, self.block, self.norm = net, block, block.norm
        self.offset = number * len(KERNELS)

    def can_sum(self, first: int, second: int) -> bool:
        """Whether the two are different kernels."""
        return first != second

    def inputs(self, x: torch.Tensor, upstream: Sequence[Any]) -> torch.Tensor:  # noqa: ARG002 (PathSum's)
        """Return the layer's input, which no path changes."""
        return self.net.shared(x)

    def outputs(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """Run every kernel on the expanded channels, each to shape (B, mid, H', W')."""
        y = self.block.expand(inputs)
        group = self.block.groups[0]
        return [group(y, (kernel,)) for kernel in KERNELS]

    def before_norm(self, total: torch.Tensor) -> torch.Tensor:
        """Squeeze and project the sum, to shape (B, out, H', W')."""
        out: torch.Tensor = self.block.project(self.block.squeeze(total))
        return out

    def normed(self, total: torch.Tensor, paths: Sequence[int]) -> torch.Tensor:
        """Project the sum and run the batch norm under test, to shape (B, out, H', W')."""
        kernels = tuple(KERNELS[path] for path in sorted(paths))
        out: torch.Tensor = self.norm(self.before_norm(total), active(kernels))
        return out


def build_bottlenecks(recipe: Recipe, space: Space, batch_norm: NormUnderTest) -> BottleneckNet:
    """Build a recipe's supernet of S1, S2 or S3.

    Raises:
        ValueError: another space or skeleton, or a batch norm on the sum.
    """
    if not isinstance(recipe.skeleton, BlockSkeleton) or not isinstance(space, KernelSpace):
        raise ValueError(f"net 'bottlenecks' runs s1, s2 and s3, not space {space.name!r}")
    if batch_norm.is_on_sum:
        raise ValueError(
            f"batch norm '{batch_norm.name}-sum' is for cells: net 'bottlenecks' has its batch "
            f"norm after the projection: use {batch_norm.name!r}"
        )
    return supernet(space, batch_norm, recipe.skeleton.dropout)


def supernet(
    space: KernelSpace, batch_norm: NormUnderTest = SHADOW, dropout: float = 0.0
) -> BottleneckNet:
    """Build the supernet of a space."""
    return BottleneckNet(
        space.template,
        num_fixed=space.num_fixed,
        expansions=space.expansions,
        max_paths=space.m,
        batch_norm=batch_norm,
        dropout=dropout,
        is_folding=True,
    )


def _initialise(module: nn.Module) -> None:
    """Draw convolutions by their fan out and the dense layer narrowly, as MobileNets do."""
    fan_out(module)
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.01)
        nn.init.zeros_(module.bias)
