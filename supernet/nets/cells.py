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
import torch.nn.functional as F
from torch import nn

from bench.base.names import load
from bench.network.cell import OPERATIONS
from supernet.shadow_bn import BATCH_NORMS, combinations

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.network.cell_costs import Skeleton
    from bench.space.branches import Path, Space

SUM_SUFFIX = "-sum"


class CellNet(nn.Module):
    """A one-shot supernet of parallel branches in every cell.

    Args:
        skeleton: channels, depth, image and label sizes.
        space: gives the number of branch nodes and the largest number of paths.
        batch_norm: a name in BATCH_NORMS, or `package.module:name`; '-sum' puts it on the sum.
    """

    def __init__(self, skeleton: Skeleton, space: Space, batch_norm: str = "shadow") -> None:
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

    def _after(self, x: torch.Tensor, path: Path, layers: list[nn.Module]) -> torch.Tensor:
        for layer in layers:
            x = layer(x, path) if isinstance(layer, BranchCell) else layer(x)
        out: torch.Tensor = self.classifier(x.mean((2, 3)))  # (B, num_classes)
        return out


class BranchCell(nn.Module):
    """One cell: the branches and node 5."""

    def __init__(self, before: int, channels: int, space: Space, batch_norm: str) -> None:
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
        return [self.operations[node][op](projected) for op in operations]  # type: ignore[index]

    def sum(self, branches: list[torch.Tensor], active: tuple[int, ...]) -> torch.Tensor:
        """Sum branches and run node 5."""
        total = branches[0]
        for branch in branches[1:]:
            total = total + branch
        out: torch.Tensor = self.node(total, active)  # (B, channels, H, W)
        return out


def active_paths(path: Path) -> tuple[int, ...]:
    """Return the indices of the summed paths: node times operations plus operation."""
    return tuple(node * len(OPERATIONS) + op for node, ops in enumerate(path) for op in ops)


class SumNode(nn.Module):
    """Node 5: a conv1x1-bn-relu on the sum of the branches, with the batch norm under test."""

    def __init__(self, channels: int, space: Space, batch_norm: str) -> None:
        super().__init__()
        name = batch_norm.removesuffix(SUM_SUFFIX)
        self.is_on_sum = batch_norm.endswith(SUM_SUFFIX)
        factory = load(name, BATCH_NORMS, "batch norm")
        every = combinations(space.num_nodes, len(OPERATIONS), space.m)
        self.conv = nn.Conv2d(channels, channels, 1, bias=name == "none")
        self.norm = factory(channels, space.m, every)
        self.after = nn.BatchNorm2d(channels) if self.is_on_sum else nn.Identity()

    def forward(self, total: torch.Tensor, active: tuple[int, ...]) -> torch.Tensor:
        """Run node 5 on the sum of the active paths."""
        if self.is_on_sum:
            x = self.after(self.conv(self.norm(total, active)))
        else:
            x = self.norm(self.conv(total), active)
        return torch.relu_(x)  # (B, channels, H, W)


class ConvBnRelu(nn.Module):
    """A convolution that keeps the size, batch norm, ReLU."""

    def __init__(self, before: int, channels: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, channels, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run it."""
        return torch.relu_(self.norm(self.conv(x)))  # (B, channels, H, W)


class MaxPool3x3(nn.Module):
    """A 3x3 max-pool that keeps the size.

    Without gradients, on a CPU, it is taken as four element-wise maxima of shifted views, rows
    then columns: the same values, 2 to 11 times as fast as PyTorch's kernel in channels-last order.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run it."""
        if x.requires_grad or not x.is_cpu:
            return F.max_pool2d(x, 3, stride=1, padding=1)  # (B, C, H, W)
        return _widen(_widen(x, 2), 3)


def _widen(x: torch.Tensor, axis: int) -> torch.Tensor:
    """Take the maximum of each position and its two neighbours on one axis."""
    size = x.shape[axis] - 1
    out = x.clone(memory_format=torch.preserve_format)
    for to, of in ((1, 0), (0, 1)):
        target = out.narrow(axis, to, size)
        torch.maximum(target, x.narrow(axis, of, size), out=target)
    return out


OPERATION_MODULES: dict[str, Callable[[int], nn.Module]] = {
    "conv3x3-bn-relu": lambda channels: ConvBnRelu(channels, channels, 3),
    "conv1x1-bn-relu": lambda channels: ConvBnRelu(channels, channels, 1),
    "maxpool3x3": lambda _: MaxPool3x3(),
}
