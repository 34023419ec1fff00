"""The training curve: the accuracy of a fixed sample of architectures, epoch by epoch (Figure 3).

Measured from snapshots after training, on a sample drawn from a stream of its own, so that
measuring changes nothing. The statistics are those of training: nothing is calibrated.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.base.streams import child_rng
from bench.search.algorithms import sample_new

if TYPE_CHECKING:
    from bench.space.space import Space
    from supernet.measure.snapshots import Snapshots

NUM_ARCHITECTURES = 20
MAX_IMAGES = 1000


def measure(snapshots: Snapshots) -> pd.DataFrame:
    """Score the sample with the weights of every epoch: epoch, architecture, accuracy, loss."""
    chosen = sample(snapshots.parts.space, snapshots.run.seed)
    recipe = replace(snapshots.run.recipe, num_score_images=num_score_images(snapshots))

    def scored(epoch: int) -> list[dict[str, Any]]:
        return list(snapshots.scorer(snapshots.model(epoch), recipe).raw(chosen))

    rows = [
        {"epoch": epoch} | row
        for epoch in snapshots.epochs
        for row in snapshots.pieces(f"epoch {epoch}", partial(scored, epoch))
    ]
    return pd.DataFrame(rows)[["epoch", "architecture", "accuracy", "loss"]]


def sample(space: Space, seed: int, num: int = NUM_ARCHITECTURES) -> list[Any]:
    """Draw distinct architectures as training does, or take all where there are no more."""
    if space.count() <= num:
        return list(space.architectures())
    return sample_new(space, child_rng(seed, "curve"), {}, num)


def num_score_images(snapshots: Snapshots) -> int:
    """Return how many of the recipe's scoring images are enough to measure on."""
    recipe = snapshots.run.recipe
    return min(recipe.num_score_images or len(snapshots.data.split(recipe.score_split)), MAX_IMAGES)
