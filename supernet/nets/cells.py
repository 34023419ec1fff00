"""The supernet over the paper's sub-space of NAS-Bench-101 cells.

Skeleton as NAS-Bench-101: a 3x3 stem, stacks of cells with a 2x2 max-pool between them and twice
the channels each, global average pool, dense. In a cell every branch node projects the input
(1x1 conv-bn-relu), runs one of three operations, and the branches are summed into node 5. A path
names the operations of each branch node and is the same in every cell of the network.

The batch norm under test sits at node 5, in one of two places:

    conv  ReLU(SBN(conv1x1(sum)))          Algorithm 1, the default
    sum   ReLU(BN(conv1x1(SBN(sum))))      'after the input edge of node 5', section 6
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from bench.network.cell import OPERATIONS
from bench.network.skeleton import Skeleton
from supernet.nets.cell_layers import OPERATION_MODULES, ConvBnRelu
from supernet.shadow_bn import SHADOW, NormUnderTest, combinations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.config.recipe import Recipe
    from bench.space.branches import Path
    from bench.space.space import CellSpace

LARGEST_KERNEL = 3  # of a branch's operations


class CellNet(nn.Module):
    """A one-shot supernet of parallel branches in every cell.

    Args:
        skeleton: channels, depth, image and label sizes.
        space: gives the number of branch nodes and the largest number of paths.
        batch_norm: of node 5, and where it sits.
    """

    def __init__(
        self, skeleton: Skeleton, space: CellSpace, batch_norm: NormUnderTest = SHADOW
    ) -> None:
        super().__init__()
        channels = skeleton.stem_channels
        self.stem_conv = ConvBnRelu(skeleton.in_channels, channels, 3)
        self.layers = nn.ModuleList()
        before = channels
        for stack in range(skeleton.num_stacks):
            if stack:
                self.layers.append(nn.MaxPool2d(2))
                channels *= 2
            for _ in range(skeleton.cells_per_stack):
                self.layers.append(BranchCell(before, channels, space, batch_norm))
                before = channels
        self.classifier = nn.Linear(channels, skeleton.num_classes)

    def forward(self, x: torch.Tensor, path: Path) -> torch.Tensor:
        """Return logits of shape (B, num_classes) for normalised images (B, C, H, W)."""
        return self.body(self.stem(x), path)

    def stem(self, x: torch.Tensor) -> torch.Tensor:
        """Run what every path shares."""
        out: torch.Tensor = self.stem_conv(x)  # (B, stem_channels, H, W)
        return out

    def body(self, x: torch.Tensor, path: Path) -> torch.Tensor:
        """Run the cells and the classifier on the stem's output."""
        return self._after(x, path, list(self.layers))

    def shared(self, x: torch.Tensor) -> list[list[torch.Tensor]]:
        """Run what paths share: the stem, and every branch of the first cell.

        Returns:
            Outputs by branch node and operation, each of shape (B, stem_channels, H, W).
        """
        first = self.cells()[0]
        every = tuple(range(len(OPERATIONS)))
        x = self.stem(x)
        return [first.node_branches(x, node, every) for node in range(len(first.projections))]

    def rest(self, shared: list[list[torch.Tensor]], path: Path) -> torch.Tensor:
        """Run the rest of a path: the first cell's sum, and all that follows."""
        first = self.cells()[0]
        branches = [shared[node][op] for node, ops in enumerate(path) for op in ops]
        x = first.sum(branches, active_paths(path))
        return self._after(x, path, list(self.layers)[1:])

    def cells(self) -> list[BranchCell]:
        """List the cells, first to last."""
        return [layer for layer in self.layers if isinstance(layer, BranchCell)]

    def path_sums(self) -> list[BranchSum]:
        """List node 5 of every cell, where branches are summed."""
        return [BranchSum(self, number) for number in range(len(self.cells()))]

    def _after(self, x: torch.Tensor, path: Path, layers: list[nn.Module]) -> torch.Tensor:
        for layer in layers:
            x = layer(x, path) if isinstance(layer, BranchCell) else layer(x)
        out: torch.Tensor = self.classifier(x.mean((2, 3)))  # (B, num_classes)
        return out


class BranchCell(nn.Module):
    """One cell: the branches and node 5."""

    def __init__(
        self, before: int, channels: int, space: CellSpace, batch_norm: NormUnderTest
    ) -> None:
        super().__init__()
        nodes = range(space.num_nodes)
        self.projections = nn.ModuleList(ConvBnRelu(before, channels, 1) for _ in nodes)
        self.operations = nn.ModuleList(
            nn.ModuleList(OPERATION_MODULES[name](channels) for name in OPERATIONS) for _ in nodes
        )
        self.node = SumNode(channels, space, batch_norm)

    def forward(self, x: torch.Tensor, path: Path) -> torch.Tensor:
        """Sum the branches of this path and run node 5."""
        return self.sum(*self.branches(x, path))

    def branches(self, x: torch.Tensor, path: Path) -> tuple[list[torch.Tensor], tuple[int, ...]]:
        """Return every branch's output, and the indices of the paths that made them."""
        outputs = [
            branch
            for node, operations in enumerate(path)
            if operations
            for branch in self.node_branches(x, node, operations)
        ]
        return outputs, active_paths(path)

    def node_branches(
        self, x: torch.Tensor, node: int, operations: tuple[int, ...]
    ) -> list[torch.Tensor]:
        """Return the outputs of some operations of one branch node."""
        projected = self.projections[node](x)
        return [self.operations[node][op](projected) for op in operations]  # type: ignore[index]  # ModuleList of ModuleLists

    def sum(self, branches: list[torch.Tensor], active: tuple[int, ...]) -> torch.Tensor:
        """Sum branches and run node 5."""
        total = branches[0]
        for number, branch in enumerate(branches[1:]):
            total = total.add_(branch) if number else total + branch  # the first may be shared
        out: torch.Tensor = self.node(total, active)  # (B, channels, H, W)
        return out


def active_paths(path: Path) -> tuple[int, ...]:
    """Return the indices of the summed paths: node times operations plus operation."""
    return tuple(node * len(OPERATIONS) + op for node, ops in enumerate(path) for op in ops)


class SumNode(nn.Module):
    """Node 5: a conv1x1-bn-relu on the sum of the branches, with the batch norm under test."""

    def __init__(self, channels: int, space: CellSpace, batch_norm: NormUnderTest) -> None:
        super().__init__()
        self.is_on_sum = batch_norm.is_on_sum
        every = combinations(space.num_nodes, len(OPERATIONS), space.m)
        self.conv = nn.Conv2d(channels, channels, 1, bias=batch_norm.is_absent)
        self.norm = batch_norm.build(channels, space.m, every)
        self.after = nn.BatchNorm2d(channels) if self.is_on_sum else nn.Identity()

    def forward(self, total: torch.Tensor, active: tuple[int, ...]) -> torch.Tensor:
        """Run node 5 on the sum of the active paths."""
        if self.is_on_sum:
            x = self.after(self.conv(self.norm(total, active)))
        else:
            x = self.norm(self.conv(total), active)
        return torch.relu_(x)  # (B, channels, H, W)


class BranchSum:
    """Node 5 of one cell as a place where paths are summed (`supernet.nets.supernet.PathSum`)."""

    offset = 0
    is_linear = True

    def __init__(self, net: CellNet, number: int) -> None:
        self.net, self.cell = net, number
        self.inside = net.cells()[number]
        self.norm = self.inside.node.norm
        self.num_paths = len(self.inside.projections) * len(OPERATIONS)

    def can_sum(self, first: int, second: int) -> bool:
        """Whether the two are at different branch nodes."""
        return first // len(OPERATIONS) != second // len(OPERATIONS)

    def inputs(self, x: torch.Tensor, upstream: Sequence[Path]) -> torch.Tensor:
        """Return what the cell gets where the cells before run `upstream`, image by image."""
        if len(set(upstream)) == 1:
            return self._input(x, upstream[0])
        return torch.cat([self._input(x[[i]], path) for i, path in enumerate(upstream)])

    def outputs(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """Run every operation of every branch node."""
        return [
            self.inside.node_branches(inputs, node, (operation,))[0]
            for node in range(len(self.inside.projections))
            for operation in range(len(OPERATIONS))
        ]

    def before_norm(self, total: torch.Tensor) -> torch.Tensor:
        """Run node 5's convolution, where it comes before the batch norm."""
        node = self.inside.node
        out: torch.Tensor = total if node.is_on_sum else node.conv(total)
        return out

    def normed(self, total: torch.Tensor, paths: Sequence[int]) -> torch.Tensor:
        """Run node 5 up to its batch norm."""
        out: torch.Tensor = self.norm(self.before_norm(total), tuple(sorted(paths)))
        return out

    def num_values(self, image: torch.Tensor) -> int:
        """Return the size of the stem's output, the largest map of a network."""
        return self.net.stem(image).numel()

    @property
    def receptive_field(self) -> int:
        """Side of what one output of a branch sees: stem, cells and pools up to here."""
        side, jump = self.net.stem_conv.conv.kernel_size[0], 1
        for layer in self.net.layers:
            if isinstance(layer, BranchCell):
                side += (LARGEST_KERNEL - 1) * jump
                if layer is self.inside:
                    break
            else:
                side += jump  # a 2 x 2 pool
                jump *= 2
        return side

    def _input(self, x: torch.Tensor, path: Path) -> torch.Tensor:
        x = self.net.stem(x)
        for layer in self.net.layers:
            if layer is self.inside:
                return x
            x = layer(x, path) if isinstance(layer, BranchCell) else layer(x)
        raise AssertionError(self.cell)


def build_cells(recipe: Recipe, space: CellSpace, batch_norm: NormUnderTest) -> CellNet:
    """Build a recipe's supernet of cells.

    Raises:
        ValueError: a space or a skeleton of another net.
    """
    if not isinstance(recipe.skeleton, Skeleton) or not hasattr(space, "num_nodes"):
        raise ValueError(f"net 'cells' runs parallel branches of cells, not space {space.name!r}")
    return CellNet(recipe.skeleton, space, batch_norm)
