"""Cosines of Jacobians where sums of paths reach their batch norm linearly: exact where cheap.

All follows from inner products of single paths, which forward mode gives a column at a time, or
several columns at once: two pixels so far apart that no output sees both can be perturbed together,
and what comes out can still be told apart (compressed Jacobians: Curtis, Powell and Reid 1974).
With a receptive field of r pixels r * r * channels passes are enough, whatever the size of the
image: the first cell sees 5 x 5 pixels, so that 75 passes give all 3,072 columns of a 32 x 32
colour image. The batch axis carries the passes.

Where even this takes more than MAX_SEEDS passes, random directions v take the columns' place:
the mean of <Jv, Kv> over them is <J, K>, and the cosine the ratio of three such means, with its
bias removed and its standard error estimated by the jackknife.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd import forward_ad

from supernet.data.source import torch_generator
from supernet.measure.inner_products import cosine, jackknife
from supernet.measure.similarity import images, summary, upstream_paths
from supernet.nets.supernet import pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from supernet.measure.snapshots import Snapshots
    from supernet.nets.supernet import LinearPathSum

    Key = tuple[str, int, int, str]  # kind, first, second, place

MAX_SEEDS = 128
NUM_PROJECTIONS = 64
PASS_VALUES = 2**21  # of one feature map, in one pass


def measure_linear(place: LinearPathSum, snapshots: Snapshots) -> list[dict[str, Any]]:
    """Measure one place: a row per pair, raw and after the batch norm under test."""
    x, space, seed = images(snapshots), snapshots.parts.space, snapshots.run.seed
    window = place.receptive_field
    is_exact = num_seeds(x, window) <= MAX_SEEDS
    generator = torch_generator(seed, "projections")
    grams: dict[str, list[torch.Tensor]] = {"raw": [], "normed": []}
    for i, path in enumerate(upstream_paths(space, seed, len(x))):
        seeds = grid_seeds(x, window) if is_exact else random_seeds(x, generator)
        for where, gram in inner_products(place, x[[i]], path, seeds).items():
            grams[where].append(gram.sum(0) if is_exact else gram)
    stacked = {where: torch.stack(gram) for where, gram in grams.items()}
    return [
        {
            "kind": kind,
            "first": place.offset + first,
            "second": place.offset + second,
            "place": where,
        }
        | _summary(products, is_exact=is_exact)
        | {"is_exact": is_exact, "num_passes": len(seeds)}
        for (kind, first, second, where), products in pair_products(place, stacked, space.m)
    ]


def inner_products(
    place: LinearPathSum, image: torch.Tensor, path: Any, seeds: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return <J_i v, J_j v> of all paths i, j, per direction v and channel.

    Args:
        place: of a net in eval mode, so that images don't affect each other; its parameters need no
            gradient.
        image: of shape (1, C, H, W).
        path: what runs before the place.
        seeds: the directions, of shape (num_seeds, C, H, W).

    Returns:
        By place, 'raw' and what enters the batch norm under test ('normed'), float64 of shape
        (num_seeds, channels, num_paths, num_paths).
    """
    chunk = max(PASS_VALUES // place.num_values(image), 1)
    parts = [_grams(place, image, path, some) for some in torch.split(seeds, chunk)]
    return {where: torch.cat([part[where] for part in parts]) for where in parts[0]}


def pair_products(
    place: LinearPathSum, grams: dict[str, torch.Tensor], m: int
) -> Iterator[tuple[Key, torch.Tensor]]:
    """Yield <J, K>, <J, J> and <K, K> of every pair and place, of shape (3, ...).

    In eval mode the batch norm under test scales each channel, and what is before it is linear
    but for a constant, so that sums of paths need no passes of their own.

    Args:
        place: where paths are summed.
        grams: by place, of shape (..., channels, num_paths, num_paths).
        m: largest number of paths summed.
    """
    compared = list(pairs(place, m))
    scales = {
        members: _scale(place, members, grams["normed"])
        for members in {members for pair in compared for members in _members(*pair)}
    }
    for kind, i, j in compared:
        for where, gram in grams.items():
            first, second = (scales[members] for members in _members(kind, i, j))
            if where == "raw":
                first = second = torch.ones(gram.shape[-3]).to(gram)
            aa, ab, bb = gram[..., i, i], gram[..., i, j], gram[..., j, j]
            if kind == "sum":  # x against x + y
                ab, bb = aa + ab, aa + 2 * ab + bb
            products = ab @ (first * second), aa @ first.square(), bb @ second.square()
            yield (kind, i, j, where), torch.stack(products)


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


def _grams(
    place: LinearPathSum, image: torch.Tensor, path: Any, seeds: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Make one pass: the batch axis of images carries the seeds.

    Gradients stay on and the image asks for one, so that MaxPool3x3 takes PyTorch's kernel: its
    in-place shortcut has no forward mode.
    """
    x = image.expand_as(seeds).clone(memory_format=torch.channels_last)
    with _forward_mode():
        x = forward_ad.make_dual(x.requires_grad_(True), seeds.to(x))  # type: ignore[no-untyped-call]  # torch's
        raw = place.outputs(place.inputs(x, [path] * len(x)))
        before = [place.before_norm(output) for output in raw]
        return {"raw": _gram(raw), "normed": _gram(before)}


def _gram(outputs: list[torch.Tensor]) -> torch.Tensor:
    tangents = [forward_ad.unpack_dual(x).tangent for x in outputs]  # type: ignore[no-untyped-call]  # torch's
    stacked = torch.stack([t.detach().flatten(2) for t in tangents if t is not None], dim=2)
    return (stacked @ stacked.mT).double()  # (num_seeds, channels, num_branches, num_branches)


def _members(kind: str, first: int, second: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the paths whose sum each side of a comparison is."""
    both = (first, second) if kind == "sum" else (second,)
    return (first,), tuple(sorted(both))


def _scale(place: LinearPathSum, members: Sequence[int], gram: torch.Tensor) -> torch.Tensor:
    """Return what the batch norm under test multiplies each channel with, of shape (channels,)."""
    x = torch.zeros(2, gram.shape[-3], 1, 1, device=gram.device)
    x[1] = 1.0
    out = place.norm(x, tuple(members))
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
