"""Any cell of NAS-Bench-101 as a network of its own.

Vertices, projections and channels as google-research/nasbench builds them: an edge from the input
is a 1x1 conv-bn-relu projection, edges into a vertex are summed, those into the output
concatenated, and an edge from the input to the output is added. Where channels divide unevenly,
a vertex takes the first of a wider one's. Weights are drawn as nasbench-pytorch does, which is the
tests' oracle; it is not used itself, since its batch norms have TensorFlow's momentum and its
placeholders parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from bench.network.cell_costs import vertex_channels
from supernet.nets.cell_layers import OPERATION_MODULES, ConvBnRelu
from supernet.nets.initialisation import fan_out

if TYPE_CHECKING:
    from bench.network.cell import Cell
    from bench.network.skeleton import Skeleton


class CellNetwork(nn.Module):
    """A stem, stacks of one cell, and a classifier; called as supernets are: `model(x, path)`."""

    def __init__(self, cell: Cell, skeleton: Skeleton) -> None:
        super().__init__()
        channels = before = skeleton.stem_channels
        self.stem = ConvBnRelu(skeleton.in_channels, channels, 3)
        self.layers = nn.ModuleList()
        for stack in range(skeleton.num_stacks):
            if stack:
                self.layers.append(nn.MaxPool2d(2))
                channels *= 2
            for _ in range(skeleton.cells_per_stack):
                self.layers.append(GraphCell(cell, before, channels))
                before = channels
        self.classifier = nn.Linear(channels, skeleton.num_classes)
        self.apply(_initialise)

    def forward(self, x: torch.Tensor, path: None = None) -> torch.Tensor:  # noqa: ARG002 (called as a supernet is)
        """Return logits (B, num_classes) of normalised images (B, C, H, W)."""
        out: torch.Tensor = self.classifier(self.features(x).mean((2, 3)))
        return out

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last cell's output, of shape (B, channels, H', W')."""
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x)
        return x


class GraphCell(nn.Module):
    """One cell: projections of the input by the vertex that they lead to, and operations."""

    def __init__(self, cell: Cell, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.adjacency = cell.adjacency
        self.channels = vertex_channels(cell, in_channels, out_channels)
        self.operations = nn.ModuleList(
            OPERATION_MODULES[name](channels)
            for name, channels in zip(cell.operations[1:-1], self.channels[1:-1], strict=True)
        )
        self.projections = nn.ModuleDict(
            {
                str(vertex): ConvBnRelu(in_channels, self.channels[vertex], 1)
                for vertex, is_edge in enumerate(cell.adjacency[0])
                if is_edge
            }
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run every vertex, in order."""
        outputs = [x]
        for vertex, operation in enumerate(self.operations, start=1):
            outputs.append(operation(self._sum(vertex, outputs)))
        last = len(outputs)
        ends = [outputs[v] for v in range(1, last) if self.adjacency[v][last]]
        parts = [torch.cat(ends, 1)] if ends else []
        if self.adjacency[0][last]:
            parts.append(self.projections[str(last)](x))
        return sum(parts[1:], start=parts[0])  # (B, out_channels, H, W)

    def _sum(self, vertex: int, outputs: list[torch.Tensor]) -> torch.Tensor:
        width = self.channels[vertex]
        parts = [outputs[v][:, :width] for v in range(1, vertex) if self.adjacency[v][vertex]]
        if self.adjacency[0][vertex]:
            parts.append(self.projections[str(vertex)](outputs[0]))
        return sum(parts[1:], start=parts[0])


def _initialise(module: nn.Module) -> None:
    fan_out(module)
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.01)
        nn.init.zeros_(module.bias)
