"""How similar the Jacobians of different paths are, with respect to the input image (Table 4).

The cosine of two Jacobians is that of their entries, <J, K> / (|J| |K|). All of it follows from
inner products, which forward mode gives a column at a time, or several columns at once: two
pixels so far apart that no output sees both can be perturbed together, and what comes out can
still be told apart (compressed Jacobians: Curtis, Powell and Reid 1974). With a receptive field
of r pixels r * r * channels passes are enough, whatever the size of the image: the first cell
sees 5 x 5 pixels, so that 75 passes give all 3,072 columns of a 32 x 32 colour image. The batch
axis carries the passes.

Where even this takes more than MAX_SEEDS passes, random directions v take the columns' place:
the mean of <Jv, Kv> over them is <J, K>, and the cosine the ratio of three such means, with its
bias removed and its standard error estimated by the jackknife.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch.autograd import forward_ad

from supernet.measure.similarity import (
    branch_outputs,
    cell_input,
    images,
    pairs,
    summary,
    upstream_paths,
)
from supernet.nets.cells import BranchCell
from supernet.training.trainer import torch_generator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.space.branches import Path, Space
    from supernet.measure.similarity import Branch, Pair
    from supernet.measure.snapshots import Snapshots
    from supernet.nets.cells import CellNet, SumNode

    Key = tuple[str, Branch, Branch, str]  # kind, first, second, place

MAX_SEEDS = 128
NUM_PROJECTIONS = 64
NUM_EPOCHS = 4
PASS_VALUES = 2**21  # of one feature map, in one pass
CELL_KERNEL = 3  # of a branch's largest operation


def measure(snapshots: Snapshots) -> pd.DataFrame:
    """Measure Jacobians by epoch, cell, place and pair: mean and variance over the images.

    `error` is the standard error of the mean that the random directions cause, 0 where exact.
    """
    rows = []
    for epoch in snapshots.few_epochs(NUM_EPOCHS):
        model = snapshots.model(epoch)
        for cell in range(len(model.cells())):
            place = {"epoch": epoch, "cell": cell}
            rows += [place | row for row in measure_cell(model, snapshots, cell)]
    return pd.DataFrame(rows)


def measure_cell(model: CellNet, snapshots: Snapshots, cell: int) -> list[dict[str, Any]]:
    """Measure one cell: a row per pair and place."""
    x, run = images(snapshots), snapshots.run
    window = receptive_field(model, cell)
    is_exact = num_seeds(x, window) <= MAX_SEEDS
    generator = torch_generator(run.seed, "projections")
    grams: dict[str, list[torch.Tensor]] = {"raw": [], "normed": []}
    for i, path in enumerate(upstream_paths(run.space, run.seed, len(x))):
        seeds = grid_seeds(x, window) if is_exact else random_seeds(x, generator)
        one = inner_products(model, x[[i]], path, cell, run.space, seeds)
        for place, gram in one.items():
            grams[place].append(gram.sum(0) if is_exact else gram)
    stacked = {place: torch.stack(gram) for place, gram in grams.items()}
    return [
        {"kind": kind, "first": first.position, "second": second.position, "place": place}
        | _summary(products, is_exact=is_exact)
        | {"is_exact": is_exact, "num_passes": len(seeds)}
        for (kind, first, second, place), products in pair_products(
            model.cells()[cell].node, stacked, run.space
        )
    ]


def inner_products(
    model: CellNet, image: torch.Tensor, path: Path, cell: int, space: Space, seeds: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return <J_i v, J_j v> of all branches i, j, per direction v and channel.

    Args:
        model: in eval mode, so that images don't affect each other; its parameters need no
            gradient.
        image: of shape (1, C, H, W).
        path: what the cells before run.
        cell: number of the cell.
        space: gives the branches.
        seeds: the directions, of shape (num_seeds, C, H, W).

    Returns:
        By place, 'raw' and what enters the batch norm under test ('normed'), float64 of shape
        (num_seeds, channels, num_branches, num_branches).
    """
    chunk = max(PASS_VALUES // model.stem(image).numel(), 1)
    parts = [_grams(model, image, path, cell, space, some) for some in torch.split(seeds, chunk)]
    return {place: torch.cat([part[place] for part in parts]) for place in parts[0]}


def pair_products(
    node: SumNode, grams: dict[str, torch.Tensor], space: Space
) -> Iterator[tuple[Key, torch.Tensor]]:
    """Yield <J, K>, <J, J> and <K, K> of every pair and place, of shape (3, ...).

    In eval mode the batch norm under test scales each channel, and what is before it is linear
    but for a constant, so that sums of branches need no passes of their own.

    Args:
        node: node 5 of the cell.
        grams: by place, of shape (..., channels, num_branches, num_branches).
        space: gives the pairs.
    """
    num_channels = grams["normed"].shape[-3]
    scales = {
        members: _scale(node, members, num_channels)
        for members in {members for pair in pairs(space) for members in _members(pair)}
    }
    for pair in pairs(space):
        i, j = pair.first.position, pair.second.position
        for place, gram in grams.items():
            first, second = (scales[members] for members in _members(pair))
            if place == "raw":
                first = second = torch.ones(gram.shape[-3]).to(gram)
            aa, ab, bb = gram[..., i, i], gram[..., i, j], gram[..., j, j]
            if pair.kind == "sum":  # x against x + y
                ab, bb = aa + ab, aa + 2 * ab + bb
            products = ab @ (first * second), aa @ first.square(), bb @ second.square()
            yield (*pair, place), torch.stack(products)


def receptive_field(model: CellNet, cell: int) -> int:
    """Return the side, in pixels of the image, of what one output of a branch of a cell sees."""
    side, jump = 1 + (model.stem_conv.conv.kernel_size[0] - 1), 1
    cells = model.cells()
    for layer in model.layers:
        if isinstance(layer, BranchCell):
            side += (CELL_KERNEL - 1) * jump
            if layer is cells[cell]:
                break
        else:
            side += jump  # a 2 x 2 pool
            jump *= 2
    return side


def num_seeds(x: torch.Tensor, window: int) -> int:
    """Return how many passes an exact Jacobian takes."""
    return int(x.shape[1] * min(window, x.shape[2]) * min(window, x.shape[3]))


def grid_seeds(x: torch.Tensor, window: int) -> torch.Tensor:
    """Return directions that perturb every `window`-th pixel of one channel at once."""
    _, channels, height, width = x.shape
    seeds = [
        (channel, row, column)
        for channel in range(channels)
        for row in range(min(window, height))
        for column in range(min(window, width))
    ]
    out = torch.zeros(len(seeds), channels, height, width, device=x.device)
    for i, (channel, row, column) in enumerate(seeds):
        out[i, channel, row::window, column::window] = 1.0
    return out


def random_seeds(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw Gaussian directions, of shape (NUM_PROJECTIONS, C, H, W)."""
    shape = (NUM_PROJECTIONS, *x.shape[1:])
    return torch.randn(shape, generator=generator).to(x.device)


def cosine(products: torch.Tensor) -> torch.Tensor:
    """Return the cosine from inner products of shape (3, ...); NaN beside a Jacobian of zeros."""
    out: torch.Tensor = products[0] / (products[1] * products[2]).sqrt()
    return out


def jackknife(products: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the cosine, less its jackknife bias, and its standard error, from random directions.

    Args:
        products: of shape (3, ..., num_directions).
    """
    num, total = products.shape[-1], products.sum(-1)
    without_one = cosine(total[..., None] - products)  # (..., num_directions)
    mean = without_one.mean(-1)
    squares = (without_one - mean[..., None]).square().sum(-1)
    return num * cosine(total) - (num - 1) * mean, ((num - 1) / num * squares).sqrt()


def _grams(
    model: CellNet, image: torch.Tensor, path: Path, cell: int, space: Space, seeds: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Make one pass: the batch axis of images carries the seeds.

    Gradients stay on and the image asks for one, so that MaxPool3x3 takes PyTorch's kernel: its
    in-place shortcut has no forward mode.
    """
    x = image.expand_as(seeds).clone(memory_format=torch.channels_last)
    inside = model.cells()[cell]
    with _forward_mode():
        x = forward_ad.make_dual(x.requires_grad_(True), seeds.to(x))  # type: ignore[no-untyped-call]
        raw = branch_outputs(inside, cell_input(model, x, path, cell), space)
        before = raw if inside.node.is_on_sum else [inside.node.conv(output) for output in raw]
        return {"raw": _gram(raw), "normed": _gram(before)}


def _gram(outputs: list[torch.Tensor]) -> torch.Tensor:
    tangents = [forward_ad.unpack_dual(x).tangent for x in outputs]  # type: ignore[no-untyped-call]
    stacked = torch.stack([t.detach().flatten(2) for t in tangents if t is not None], dim=2)
    return (stacked @ stacked.mT).double()  # (num_seeds, channels, num_branches, num_branches)


def _members(pair: Pair) -> tuple[tuple[Branch, ...], tuple[Branch, ...]]:
    """Return the branches whose sum each side of a comparison is."""
    both = (pair.first, pair.second) if pair.kind == "sum" else (pair.second,)
    return (pair.first,), tuple(sorted(both))


def _scale(node: SumNode, members: tuple[Branch, ...], num_channels: int) -> torch.Tensor:
    """Return what the batch norm under test multiplies each channel with, of shape (channels,)."""
    device = node.conv.weight.device
    x = torch.zeros(2, num_channels, 1, 1, device=device)
    x[1] = 1.0
    out = node.norm(x, tuple(branch.position for branch in members))
    scale: torch.Tensor = (out[1] - out[0]).flatten().double()
    return scale


@contextmanager
def _forward_mode() -> Iterator[None]:
    with warnings.catch_warnings(), torch.enable_grad(), forward_ad.dual_level():
        # PyTorch's own use of torch.jit.script, when forward mode is first used
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        yield


def _summary(products: torch.Tensor, *, is_exact: bool) -> dict[str, float]:
    """Summarise over the images: products of shape (3, N), or (3, N, num_directions)."""
    if is_exact:
        return summary(cosine(products)) | {"error": 0.0}
    cosines, errors = jackknife(products)
    spread = summary(cosines)
    error = errors.nan_to_num().square().sum().sqrt().item()
    return spread | {"error": error / max(spread["num_images"], 1)}
