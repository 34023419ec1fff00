"""Which calibration helps: images, batches, reset and split, one factor changed at a time.

One architecture for every cell, the first. From the reference (all the recipe's calibration
images, in one batch, from reset) each setting changes one thing. Batches are varied with and
without reset, since without it their number decides how far the statistics move; the split is
varied at every number of images, to be compared with as many training images.
Labels are never used, so that the images that are scored may calibrate too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from supernet.measure.curve import num_score_images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.config.training import Calibration
    from bench.space.space import CellSpace
    from supernet.measure.snapshots import Snapshots

NUM_IMAGES = (16, 32, 64, 128, 256, 512)
BATCHES = (16, 64, 256)
MAX_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One way to calibrate, and which factor it changes from the reference."""

    factor: str
    split: str
    num_images: int
    batch: int
    reset: bool


def measure(snapshots: Snapshots) -> pd.DataFrame:
    """Score one architecture of each cell raw and under every setting."""
    run, data = snapshots.run, snapshots.data
    model = snapshots.model(snapshots.final_epoch)
    chosen = one_per_cell(run.space)
    recipe = replace(run.recipe, num_score_images=num_score_images(snapshots))
    raw = snapshots.pieces("raw", lambda: list(snapshots.scorer(model, recipe).raw(chosen)))
    rows = [{"factor": "raw", "split": "-"} | row for row in raw]

    def calibrated(setting: Setting) -> list[dict[str, Any]]:
        changed = replace(recipe, calibration=_calibration(recipe.calibration, setting))
        return list(snapshots.scorer(model, changed).calibrated(chosen))

    for setting in settings(recipe.calibration, len(data.train), len(data.valid)):
        scored = snapshots.pieces(str(setting), partial(calibrated, setting))
        rows += [vars(setting) | row for row in scored]
    frame = pd.DataFrame(rows).astype({"num_images": "Int64", "batch": "Int64"})
    return frame.drop(columns="calibrated")


def settings(calibration: Calibration, num_train: int, num_valid: int) -> Iterator[Setting]:
    """List the settings, the reference first."""
    num = calibration.calibration_images or num_train
    reference = Setting(
        factor="none", split="train", num_images=num, batch=min(num, MAX_BATCH), reset=True
    )
    yield reference
    for fewer in NUM_IMAGES:
        if fewer < num:
            yield replace(reference, factor="images", num_images=fewer, batch=fewer)
    for reset in (True, False):
        for batch in BATCHES:
            if batch < reference.batch:
                yield replace(reference, factor="batch", batch=batch, reset=reset)
    yield replace(reference, factor="reset", reset=False)
    for fewer in NUM_IMAGES:
        if fewer <= min(num, num_valid):
            yield replace(reference, factor="split", split="valid", num_images=fewer, batch=fewer)


def one_per_cell(space: CellSpace) -> list[Any]:
    """Return the first architecture of every distinct cell."""
    first: dict[str, Any] = {}
    for architecture in space.architectures():
        first.setdefault(space.cell(architecture).hash, architecture)
    return list(first.values())


def _calibration(calibration: Calibration, setting: Setting) -> Calibration:
    return replace(
        calibration,
        calibration_split=setting.split,
        calibration_images=setting.num_images,
        calibration_batch=setting.batch,
        calibration_batches=0,
        calibration_reset=setting.reset,
    )
