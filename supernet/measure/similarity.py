"""How similar the features of different paths are: the condition of zero order (Table 4).

Cosine similarity, per image, of the outputs of one cell, flattened:

    paths   x_i against x_j: Definition 1 itself
    sum     x_i against x_i + x_j: the paper's 'one path and two paths' of m = 2

on the raw outputs and after node 5's convolution and batch norm (before its ReLU), plain and
centred (each vector less its own mean, so that a common positive level does not count as
similarity). x and x + y of unrelated x and y of equal length already have cosine 0.71. The cells
before the one measured run, for every image, an architecture drawn as in training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import torch

from bench.base.streams import child_rng
from bench.network.cell import OPERATIONS
from supernet.data.tensors import take, to_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.space.branches import Path, Space
    from supernet.measure.snapshots import Snapshots
    from supernet.nets.cells import BranchCell, CellNet, SumNode

NUM_IMAGES = 10
NUM_EPOCHS = 7


class Branch(NamedTuple):
    """One operation of one branch node."""

    node: int
    operation: int

    @property
    def position(self) -> int:
        """The path's index in `active`."""
        return self.node * len(OPERATIONS) + self.operation

    def path(self, num_nodes: int) -> Path:
        """Return the path that runs only this."""
        return tuple((self.operation,) if n == self.node else () for n in range(num_nodes))


class Pair(NamedTuple):
    """What is compared: `kind` is 'paths' or 'sum' (see the module)."""

    kind: str
    first: Branch
    second: Branch


def measure(snapshots: Snapshots) -> pd.DataFrame:
    """Measure features by epoch, cell, place and pair: mean and variance over the images."""
    run = snapshots.run
    rows = []
    for epoch in snapshots.few_epochs(NUM_EPOCHS):
        model = snapshots.model(epoch)
        for cell, features in enumerate(cell_features(model, snapshots)):
            place = {"epoch": epoch, "cell": cell}
            rows += [place | row for row in _compare(model.cells()[cell], features, run.space)]
    return pd.DataFrame(rows)


def branches(space: Space) -> list[Branch]:
    """List every operation of every branch node."""
    return [Branch(n, op) for n in range(space.num_nodes) for op in range(len(OPERATIONS))]


def pairs(space: Space) -> Iterator[Pair]:
    """List what is compared; sums only where the space has two paths at once."""
    every = branches(space)
    for first in every:
        for second in every:
            if first < second:
                yield Pair("paths", first, second)
            if space.m >= 2 and first.node != second.node:
                yield Pair("sum", first, second)


def images(snapshots: Snapshots) -> torch.Tensor:
    """Return the normalised images that are measured on, of shape (NUM_IMAGES, C, H, W)."""
    split = snapshots.data.split(snapshots.run.recipe.score_split)
    return to_input(take(split, NUM_IMAGES).pixels, snapshots.data.statistics)


def upstream_paths(space: Space, seed: int, num_images: int) -> list[Path]:
    """Draw what the cells before run, for every image."""
    rng = child_rng(seed, "similarity")
    return [space.path(space.sample(rng)) for _ in range(num_images)]


@torch.no_grad()
def cell_features(model: CellNet, snapshots: Snapshots) -> Iterator[list[torch.Tensor]]:
    """Yield, by cell, each branch's output on all images, each of shape (N, C, H, W)."""
    x, run = images(snapshots), snapshots.run
    upstream = upstream_paths(run.space, run.seed, len(x))
    for cell in range(len(model.cells())):
        inputs = torch.cat(
            [cell_input(model, x[[i]], path, cell) for i, path in enumerate(upstream)]
        )
        yield branch_outputs(model.cells()[cell], inputs, run.space)


def cell_input(model: CellNet, x: torch.Tensor, path: Path, cell: int) -> torch.Tensor:
    """Return what cell number `cell` gets for images (B, C, H, W) when those before run `path`."""
    cells, x = model.cells(), model.stem(x)
    for layer in model.layers:
        if layer is cells[cell]:
            return x
        x = layer(x, path) if layer in cells else layer(x)
    raise AssertionError(cell)


def branch_outputs(cell: BranchCell, x: torch.Tensor, space: Space) -> list[torch.Tensor]:
    """Run every branch on one input."""
    return [cell.branches(x, b.path(space.num_nodes))[0][0] for b in branches(space)]


def normed(node: SumNode, total: torch.Tensor, members: Sequence[Branch]) -> torch.Tensor:
    """Run node 5 up to the batch norm under test on the sum of some branches."""
    active = tuple(sorted(branch.position for branch in members))
    out: torch.Tensor = node.norm(total if node.is_on_sum else node.conv(total), active)
    return out


def cosine(a: torch.Tensor, b: torch.Tensor, *, centred: bool) -> torch.Tensor:
    """Return the cosine of flattened features per image, of shape (N,); NaN for a zero vector."""
    a, b = (v.flatten(1).double() for v in (a, b))
    if centred:
        a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    out: torch.Tensor = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))
    return out


def summary(values: torch.Tensor) -> dict[str, float]:
    """Return mean and variance (ddof 1) over the images that have a value, and their number."""
    have = values[~torch.isnan(values)].cpu().numpy()
    spread = {"mean": float("nan"), "variance": float("nan"), "num_images": len(have)}
    if len(have) > 0:
        spread["mean"] = float(have.mean())
    if len(have) > 1:
        spread["variance"] = float(np.var(have, ddof=1))
    return spread


@torch.no_grad()
def _compare(
    cell: BranchCell, features: list[torch.Tensor], space: Space
) -> Iterator[dict[str, object]]:
    single = {b: normed(cell.node, features[b.position], [b]) for b in branches(space)}
    for pair in pairs(space):
        x, y = features[pair.first.position], features[pair.second.position]
        if pair.kind == "sum":
            after = normed(cell.node, x + y, [pair.first, pair.second])
            places = {"raw": (x, x + y), "normed": (single[pair.first], after)}
        else:
            places = {"raw": (x, y), "normed": (single[pair.first], single[pair.second])}
        for place, (a, b) in places.items():
            for centred in (False, True):
                yield {
                    "kind": pair.kind,
                    "first": pair.first.position,
                    "second": pair.second.position,
                    "place": place,
                    "centred": centred,
                } | summary(cosine(a, b, centred=centred))
