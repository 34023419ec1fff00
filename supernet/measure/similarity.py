"""How similar the features of different paths are: the condition of zero order (Table 4).

Cosine similarity, per image, of the outputs of one place where paths are summed, flattened:

    paths   x_i against x_j: Definition 1 itself
    sum     x_i against x_i + x_j: the paper's 'one path and two paths' of m = 2

on the raw outputs and after the batch norm under test (before its ReLU), plain and centred (each
vector less its own mean, so that a common positive level does not count as similarity). x and x + y
of unrelated x and y of equal length already have cosine 0.71. What is before the place runs, for
every image, an architecture drawn as in training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from bench.base.streams import child_rng
from supernet.data.data_set import take, to_input
from supernet.measure.snapshots import rows_by_place
from supernet.nets.supernet import pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.space.space import Space
    from supernet.measure.snapshots import Snapshots
    from supernet.nets.supernet import PathSum

NUM_IMAGES = 10
NUM_EPOCHS = 7


@torch.no_grad()
def measure(snapshots: Snapshots) -> pd.DataFrame:
    """Measure features by epoch, cell, place and pair: mean and variance over the images."""
    space, seed = snapshots.parts.space, snapshots.run.seed
    x = images(snapshots)
    upstream = upstream_paths(space, seed, len(x))

    def measured(place: PathSum) -> list[dict[str, object]]:
        return list(compare(place, place.outputs(place.inputs(x, upstream)), space.m))

    return pd.DataFrame(rows_by_place(snapshots, snapshots.few_epochs(NUM_EPOCHS), measured))


def images(snapshots: Snapshots) -> torch.Tensor:
    """Return the normalised images that are measured on, of shape (NUM_IMAGES, C, H, W)."""
    split = snapshots.data.split(snapshots.run.recipe.score_split)
    return to_input(take(split, NUM_IMAGES).pixels, snapshots.data.statistics)


def upstream_paths(space: Space, seed: int, num_images: int) -> list[Any]:
    """Draw what runs before the place that is measured, for every image."""
    rng = child_rng(seed, "similarity")
    return [space.path(space.sample(rng)) for _ in range(num_images)]


def compare(place: PathSum, outputs: list[torch.Tensor], m: int) -> Iterator[dict[str, object]]:
    """Yield a row per pair, place of comparison, and plain or centred.

    Args:
        place: where paths are summed.
        outputs: of every path, each of shape (N, C, H, W).
        m: largest number of paths summed.
    """
    single = [place.normed(output, [i]) for i, output in enumerate(outputs)]
    for kind, first, second in pairs(place, m):
        x, y = outputs[first], outputs[second]
        if kind == "sum":
            total = x + y
            compared = {
                "raw": (x, total),
                "normed": (single[first], place.normed(total, [first, second])),
            }
        else:
            compared = {"raw": (x, y), "normed": (single[first], single[second])}
        for where, (a, b) in compared.items():
            for centred in (False, True):
                yield {
                    "kind": kind,
                    "first": place.offset + first,
                    "second": place.offset + second,
                    "place": where,
                    "centred": centred,
                } | summary(cosine(a, b, centred=centred))


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
