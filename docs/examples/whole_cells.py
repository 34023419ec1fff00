"""A supernet of whole cells: any graph of up to m vertices between input and output.

Weights are shared by slicing: a vertex that is narrow, because the output's channels are split
among several, uses the first channels of a wide convolution. The batch norm under test follows
every convolution: shadow batch norm number k where k inputs were summed, one set for each width.
There are 7, 91 and 2,532 cells for m = 1, 2 and 3. docs/own-parts.md has the commands.
"""

import itertools
from contextlib import suppress

import torch
import torch.nn.functional as F
from torch import nn

from bench.network.cell import INPUT, OPERATIONS, OUTPUT, Cell, InvalidCellError
from bench.network.cell_costs import vertex_channels
from supernet.nets.cell_layers import ConvBnRelu
from supernet.nets.registry import OwnNet
from supernet.shadow_bn import combinations


class WholeCells:
    """--space whole_cells:WholeCells. An architecture, and its path, is the cell itself."""

    name = "whole-cells"
    is_enumerated = True  # a run scores all

    def __init__(self, m):
        if not 1 <= m <= 3:
            raise ValueError(f"m={m} is outside 1..3: cells of up to 5 vertices are enumerated")
        self.m = self.num_nodes = m
        distinct = dict.fromkeys(cell for n in range(m + 1) for cell in graphs(n + 2))
        self.by_text = {self.encode(cell): cell for cell in distinct}

    def architectures(self):
        return tuple(self.by_text.values())

    def count(self):
        return len(self.by_text)

    def sample(self, rng):
        return self.architectures()[rng.integers(self.count())]

    def encode(self, cell):
        """Write each vertex as its operation and where its inputs come from: '30-p01-o2'."""
        letters = ["31p"[OPERATIONS.index(name)] for name in cell.operations[1:-1]] + ["o"]
        columns = [*zip(*cell.adjacency, strict=True)]
        sources = ["".join(str(u) for u, edge in enumerate(c) if edge) for c in columns]
        return "-".join(map(str.__add__, letters, sources[1:]))

    def decode(self, text):
        if text not in self.by_text:
            raise ValueError(f"{text!r} is no architecture of {self.name}, such as '30-o1'")
        return self.by_text[text]

    def cell(self, cell):
        return cell

    path = cell

    def identity(self, cell):
        return {"architecture": self.encode(cell), "cell_hash": cell.hash}


def graphs(size):
    """Yield every cell of a size, isomorphic ones too."""
    pairs = [*itertools.combinations(range(size), 2)]
    for bits in itertools.product((0, 1), repeat=len(pairs)):
        edges = dict(zip(pairs, bits, strict=True))
        matrix = [[edges.get((u, v), 0) for v in range(size)] for u in range(size)]
        for names in itertools.product(OPERATIONS, repeat=size - 2):
            with suppress(InvalidCellError):  # the input does not reach the output
                cell = Cell.from_matrix(matrix, [INPUT, *names, OUTPUT])
                if cell.num_vertices == size:  # no vertex was idle
                    yield cell


class SlicedConv(nn.Module):
    """A convolution of which the first channels are used; a batch norm per width; ReLU."""

    def __init__(self, before, channels, kernel, m, batch_norm):
        super().__init__()
        self.conv = nn.Conv2d(before, channels, kernel, padding=kernel // 2, bias=False)
        widths = {channels // k + more for k in range(1, m + 1) for more in (0, channels % k > 0)}
        norms = {str(w): batch_norm.build(w, m, combinations(m, 1, m)) for w in widths}
        self.norms = nn.ModuleDict(norms)  # each for sums of up to m inputs

    def forward(self, x, width, active):
        y = F.conv2d(x, self.conv.weight[:width, : x.shape[1]], padding=self.conv.padding)
        return F.relu(self.norms[str(width)](y, active))


class SlicedCell(nn.Module):
    """Every vertex's operations and projection, as wide as they can be."""

    def __init__(self, before, channels, m, batch_norm):
        super().__init__()

        def convs(num, before, kernel):
            args = (before, channels, kernel, m, batch_norm)
            return nn.ModuleList(SlicedConv(*args) for _ in range(num))

        self.channels = (before, channels)
        self.conv3x3, self.conv1x1 = convs(m, channels, 3), convs(m, channels, 1)
        self.projections = convs(m + 1, before, 1)  # the last one leads to the output

    def forward(self, x, cell):
        widths, outputs, last = vertex_channels(cell, *self.channels), [x], cell.num_vertices - 1
        for v, width in enumerate(widths[1:-1], start=1):
            sources = tuple(u for u in range(v) if cell.adjacency[u][v])
            project = self.projections[v - 1]
            parts = [outputs[u][:, :width] if u else project(x, width, (0,)) for u in sources]
            total = sum(parts[1:], start=parts[0])
            if cell.operations[v] == "maxpool3x3":
                outputs.append(F.max_pool2d(total, 3, stride=1, padding=1))
            else:
                convs = self.conv3x3 if cell.operations[v] == "conv3x3-bn-relu" else self.conv1x1
                outputs.append(convs[v - 1](total, width, sources))
        ends = [outputs[v] for v in range(1, last) if cell.adjacency[v][last]]
        parts = [torch.cat(ends, 1)] if ends else []
        if cell.adjacency[0][last]:
            parts.append(self.projections[-1](x, widths[last], (0,)))
        return sum(parts[1:], start=parts[0])


class SlicedNet(OwnNet):
    """--net whole_cells:SlicedNet. NAS-Bench-101's stem and stacks of sliced cells."""

    def __init__(self, recipe, space, batch_norm):
        super().__init__()
        if batch_norm.is_on_sum:
            raise ValueError(f"{batch_norm.name}-sum: here batch norms follow convolutions alone")
        sizes = recipe.skeleton
        self.stem = ConvBnRelu(sizes.in_channels, sizes.stem_channels, 3)
        self.layers, size = nn.ModuleList(), sizes.image_size
        for before, channels, smaller, count in sizes.stages:
            self.layers += [nn.MaxPool2d(2)] * (smaller < size)
            self.layers += [SlicedCell(before, channels, space.m, batch_norm) for _ in range(count)]
            size = smaller
        self.classifier = nn.Linear(sizes.last_channels, sizes.num_classes)

    def forward(self, x, cell):
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x, cell) if isinstance(layer, SlicedCell) else layer(x)
        return self.classifier(x.mean((2, 3)))
