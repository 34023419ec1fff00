"""One part of every kind that a user may plug in; the README shows these."""

from dataclasses import replace

import torch
from torch import nn

from bench.config.recipe import Recipe
from bench.network.cell import Cell
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches, Path
from bench.space.space import CellSpace
from supernet.data.data_set import DataSet
from supernet.data.sets import load_digits
from supernet.nets.cells import BranchCell
from supernet.nets.registry import OwnNet
from supernet.shadow_bn import NormUnderTest


class FirstTwo(Branches):
    """A space: only the first two branch nodes, each used at most once."""

    name = "first-two"

    def __init__(self, m: int) -> None:
        super().__init__(m)
        self.num_nodes = 2

    def architectures(self) -> tuple[tuple[int | None, ...], ...]:
        """Keep one architecture per cell."""
        every = super().architectures()
        return tuple({self.cell(a).hash: a for a in reversed(every)}.values())


def only_first_node(space: CellSpace, rng: object, progress: float) -> Path:  # noqa: ARG001 (a Sampler is called so)
    """Sampler: train nothing but the first architecture's path."""
    path: Path = space.path(space.architectures()[0])
    return path


class Halving(nn.Module):
    """A batch norm that halves its input first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor, active: tuple[int, ...]) -> torch.Tensor:  # noqa: ARG002 (called as all are)
        """Normalise half of the sum."""
        out: torch.Tensor = self.norm(x / 2)
        return out


def halving(channels: int, max_paths: int, combinations: object) -> nn.Module:  # noqa: ARG001 (all are made so)
    """Batch norm: build one for node 5."""
    return Halving(channels)


class OneCell(OwnNet):
    """A net: a stem and one cell, without stacks."""

    def __init__(self, recipe: Recipe, space: CellSpace, batch_norm: NormUnderTest) -> None:
        super().__init__()
        self.stem = nn.Conv2d(recipe.skeleton.in_channels, 8, 3, padding=1)
        self.cell = BranchCell(8, 8, space, batch_norm)
        self.classifier = nn.Linear(8, recipe.skeleton.num_classes)

    def forward(self, x: torch.Tensor, path: Path) -> torch.Tensor:
        """Return logits of shape (B, num_classes)."""
        out: torch.Tensor = self.classifier(self.cell(self.stem(x), path).mean((2, 3)))
        return out


def inverted(path: object) -> DataSet:  # noqa: ARG001 (a loader is called so)
    """Data set: the digits, white on black turned to black on white."""
    data = load_digits()
    train = replace(data.train, pixels=255 - data.train.pixels)
    return replace(data, name="inverted", train=train)


def num_edges(cell: Cell, skeleton: Skeleton) -> float:  # noqa: ARG001 (a Baseline is called so)
    """Baseline: the number of edges of a cell."""
    return float(cell.num_edges)
