"""Similarities of the paths of S1's and S2's first searched layer (Table 4).

Of features, and of their Jacobians with respect to the image, estimated on random directions: both
on the raw sums of paths and after the batch norm under test. A path is numbered expansion x 4 +
kernel, and only paths of one expansion are compared.
"""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from bench.space.architecture import KERNELS
from supernet.data.source import torch_generator
from supernet.data.tensors import take, to_input
from supernet.measure.jacobian import jackknife
from supernet.measure.similarity import cosine, summary
from supernet.nets.bottlenecks import MixBlock, MixNet, active

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.runs.mixpath_store import MixRun
    from supernet.data.tensors import DataSet

    Features = dict[tuple[int, ...], torch.Tensor]

NUM_IMAGES = 10
NUM_DIRECTIONS = 64
PLACES = ("raw", "normed")


@torch.no_grad()
def similarity(run: MixRun, model: MixNet, data: DataSet) -> pd.DataFrame:
    """Compare the features of the first searched layer, by place and pair."""
    x = _images(run, data)
    rows = []
    for expansion, block in enumerate(first_blocks(model)):
        parts = features(block, model.shared(x))
        for kind, first, second, (a, b) in _compared(run.space.m):
            for place in PLACES:
                for centred in (False, True):
                    values = cosine(parts[place][a], parts[place][b], centred=centred)
                    rows.append(
                        _place(run, expansion, kind, first, second, place)
                        | {"centred": centred}
                        | summary(values)
                    )
    return pd.DataFrame(rows)


def jacobian(run: MixRun, model: MixNet, data: DataSet) -> pd.DataFrame:
    """Compare the Jacobians of those features with respect to the image."""
    x, generator = _images(run, data), torch_generator(run.seed, "projections")
    grams: dict[tuple[Any, ...], list[torch.Tensor]] = {}
    for image in x[:, None]:
        directions = torch.randn((NUM_DIRECTIONS, *x.shape[1:]), generator=generator).to(x)
        for expansion, block in enumerate(first_blocks(model)):
            parts = tangents(model, block, image, directions)
            for kind, first, second, (a, b) in _compared(run.space.m):
                for place in PLACES:
                    u, v = (parts[place][key].flatten(1).double() for key in (a, b))
                    products = torch.stack([(u * v).sum(1), (u * u).sum(1), (v * v).sum(1)])
                    grams.setdefault((expansion, kind, first, second, place), []).append(products)
    rows = []
    for key, by_image in grams.items():
        cosines, errors = jackknife(torch.stack(by_image, dim=1))  # (3, images, directions)
        spread = summary(cosines)
        error = errors.square().sum().sqrt().item() / spread["num_images"]
        about = {"error": error, "is_exact": False, "num_passes": NUM_DIRECTIONS}
        rows.append(_place(run, *key) | spread | about)
    return pd.DataFrame(rows)


def first_blocks(model: MixNet) -> list[MixBlock]:
    """Return the first searched layer's blocks, one an expansion."""
    layer: Any = model.layers[model.num_fixed]
    return list(layer.values())


def features(block: MixBlock, h: torch.Tensor) -> dict[str, Features]:
    """Return what every kernel and every sum of two gives on the layer's input.

    'raw' is the sum of the paths, of shape (B, mid, H, W); 'normed' what the batch norm under test
    makes of it, of shape (B, out, H, W). Keys are the indices of the kernels.
    """
    group: Any = block.groups[0]
    y = block.expand(h)
    single = [group(y, (kernel,)) for kernel in KERNELS]
    raw: Features = {(i,): path for i, path in enumerate(single)}
    for i, j in itertools.combinations(range(len(KERNELS)), 2):
        raw[i, j] = single[i] + single[j]
    normed = {
        key: block.norm(block.project(block.squeeze(total)), active(tuple(KERNELS[i] for i in key)))
        for key, total in raw.items()
        if len(key) == 1 or _can_sum(block)
    }
    return {"raw": raw, "normed": normed}


def tangents(
    model: MixNet, block: MixBlock, image: torch.Tensor, directions: torch.Tensor
) -> dict[str, Features]:
    """Return the features' derivatives along directions, the batch axis carrying these."""

    def run(x: torch.Tensor) -> dict[str, Features]:
        return features(block, model.shared(x))

    x = image.expand_as(directions).clone(memory_format=torch.channels_last)
    with warnings.catch_warnings():
        # PyTorch's own use of torch.jit.script, when forward mode is first used
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        derivatives: dict[str, Features] = torch.func.jvp(run, (x,), (directions,))[1]
    return derivatives


def _can_sum(block: MixBlock) -> bool:
    """Whether the batch norm under test serves sums of two paths."""
    norms: Any = getattr(block.norm, "norms", None)
    return norms is None or len(norms) > 1


def _compared(m: int) -> Iterator[tuple[str, int, int, tuple[tuple[int, ...], tuple[int, ...]]]]:
    """Yield kind, first and second path, and the features that these compare."""
    for i, j in itertools.permutations(range(len(KERNELS)), 2):
        if i < j:
            yield "paths", i, j, ((i,), (j,))
        if m >= 2:
            low, high = sorted((i, j))
            yield "sum", i, j, ((i,), (low, high))


def _place(
    run: MixRun, expansion: int, kind: str, first: int, second: int, place: str
) -> dict[str, Any]:
    offset = expansion * len(KERNELS)
    return {
        "epoch": run.recipe.training.epochs,
        "cell": 0,
        "kind": kind,
        "first": offset + first,
        "second": offset + second,
        "place": place,
    }


def _images(run: MixRun, data: DataSet) -> torch.Tensor:
    images = take(data.split(run.recipe.score_split), NUM_IMAGES)
    return to_input(images.pixels, data.statistics)
