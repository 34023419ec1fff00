"""Cosines of Jacobians from random directions, where sums of paths need passes of their own.

The mean of <Jv, Kv> over Gaussian directions v is <J, K>, and the cosine the ratio of three such
means; the jackknife removes its bias and estimates its error.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch

from supernet.data.source import torch_generator
from supernet.measure.inner_products import jackknife
from supernet.measure.similarity import images, summary
from supernet.nets.supernet import pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supernet.measure.snapshots import Snapshots
    from supernet.nets.supernet import PathSum

    Features = dict[tuple[int, ...], torch.Tensor]

NUM_DIRECTIONS = 64
PLACES = ("raw", "normed")


def measure_sampled(place: PathSum, snapshots: Snapshots) -> list[dict[str, Any]]:
    """Measure one place: a row per pair, raw and after the batch norm under test."""
    x, m = images(snapshots), snapshots.parts.space.m
    generator = torch_generator(snapshots.run.seed, "projections")
    grams: dict[tuple[str, int, int, str], list[torch.Tensor]] = {}
    for image in x[:, None]:
        directions = torch.randn((NUM_DIRECTIONS, *x.shape[1:]), generator=generator).to(x)
        parts = tangents(place, image, directions, m)
        for kind, first, second in pairs(place, m):
            members = (first, second) if kind == "sum" else (second,)
            for where in PLACES:
                u, v = (
                    parts[where][key].flatten(1).double()
                    for key in ((first,), tuple(sorted(members)))
                )
                products = torch.stack([(u * v).sum(1), (u * u).sum(1), (v * v).sum(1)])
                grams.setdefault((kind, first, second, where), []).append(products)
    return [_row(place, key, torch.stack(by_image, dim=1)) for key, by_image in grams.items()]


def features(place: PathSum, inputs: torch.Tensor, m: int) -> dict[str, Features]:
    """Return what every path and every sum of two gives on the place's input.

    'raw' is the sum of the paths, 'normed' what the batch norm under test makes of it. Keys are the
    numbers of the paths.
    """
    single = place.outputs(inputs)
    raw: Features = {(i,): output for i, output in enumerate(single)}
    for i in range(place.num_paths):
        for j in range(i + 1, place.num_paths):
            if m >= 2 and place.can_sum(i, j):
                raw[i, j] = single[i] + single[j]
    return {"raw": raw, "normed": {key: place.normed(total, key) for key, total in raw.items()}}


def tangents(
    place: PathSum, image: torch.Tensor, directions: torch.Tensor, m: int
) -> dict[str, Features]:
    """Return the features' derivatives along directions, the batch axis carrying these."""
    nothing: Sequence[Any] = [None] * len(directions)

    def run(x: torch.Tensor) -> dict[str, Features]:
        return features(place, place.inputs(x, nothing), m)

    x = image.expand_as(directions).clone(memory_format=torch.channels_last)
    with warnings.catch_warnings():
        # PyTorch's own use of torch.jit.script, when forward mode is first used
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        derivatives: dict[str, Features] = torch.func.jvp(run, (x,), (directions,))[1]
    return derivatives


def _row(place: PathSum, key: tuple[str, int, int, str], products: torch.Tensor) -> dict[str, Any]:
    """Summarise inner products of shape (3, images, directions)."""
    kind, first, second, where = key
    cosines, errors = jackknife(products)
    spread = summary(cosines)
    return {
        "kind": kind,
        "first": place.offset + first,
        "second": place.offset + second,
        "place": where,
        **spread,
        "error": errors.square().sum().sqrt().item() / spread["num_images"],
        "is_exact": False,
        "num_passes": NUM_DIRECTIONS,
    }
