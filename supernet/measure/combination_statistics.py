"""Lemma 2 put to the test: do combinations of as many paths share their statistics?

For every architecture the batch norm under test is calibrated from reset, so that its statistics
are those of just this combination of paths. They are compared, per channel, with the statistics
pooled over all combinations of as many paths, which is what one batch norm per number (shadow)
would have at best, and with those pooled over all combinations, which is one batch norm for all.

Distances are root mean squares over the channels: of the difference of the means in units of the
pooled standard deviation, and of the natural logarithm of the variances' ratio.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from supernet.measure.snapshots import Snapshots

    Floats = NDArray[np.float64]

MAX_IMAGES = 512
TINY = 1e-8  # beside which a variance counts as nothing: that channel is dead


def measure(snapshots: Snapshots) -> pd.DataFrame:
    """Measure every architecture with the final weights: a row per block and architecture."""
    statistics = calibrate_all(snapshots)  # (num_architectures, num_blocks) of (2, channels)
    space = snapshots.run.space
    architectures = space.architectures()
    num_paths = np.array([len(_active(space.path(a))) for a in architectures])
    rows = []
    for block in range(len(statistics[0])):
        values = np.stack([one[block] for one in statistics])  # (num_architectures, 2, channels)
        overall = pool(values)
        by_number = {k: pool(values[num_paths == k]) for k in np.unique(num_paths)}
        for architecture, k, value in zip(architectures, num_paths, values, strict=True):
            row = {"block": block, "architecture": space.encode(architecture), "num_paths": k}
            row |= _prefixed("number", distance(value, by_number[k]))
            rows.append(row | _prefixed("all", distance(value, overall)))
    return pd.DataFrame(rows)


def calibrate_all(snapshots: Snapshots) -> list[list[Floats]]:
    """Return, by architecture and block, means and variances of shape (2, channels)."""
    run, data = snapshots.run, snapshots.data
    model = snapshots.model(snapshots.final_epoch)
    calibration = run.recipe.calibration
    limit = calibration.calibration_images or len(data.split(calibration.calibration_split))
    reset = replace(calibration, calibration_reset=True, calibration_images=min(limit, MAX_IMAGES))
    scorer = snapshots.scorer(model, replace(run.recipe, calibration=reset))
    _, estimates = scorer.estimate(run.space.architectures())
    under_test = [set(place.norm.modules()) for place in model.path_sums()]
    return [
        [
            np.stack([value.numpy() for value in estimate.statistics(norm)]).astype(np.float64)
            for norms in under_test
            for norm in estimate.norms
            if norm in norms
        ]
        for estimate in estimates
    ]


def pool(values: Floats) -> Floats:
    """Pool means and variances of shape (num, 2, channels) by the law of total variance."""
    means, variances = values[:, 0], values[:, 1]
    return np.stack([means.mean(0), variances.mean(0) + means.var(0)])


def distance(value: Floats, reference: Floats) -> dict[str, float]:
    """Measure how far means and variances of shape (2, channels) are from a reference's.

    Channels that are dead in either (a variance of nothing) are left out; NaN if all are.
    """
    alive = (value[1] > TINY) & (reference[1] > TINY)
    if not alive.any():
        return {"mean_distance": float("nan"), "log_variance_distance": float("nan")}
    (mean, variance), (mean_0, variance_0) = value[:, alive], reference[:, alive]
    return {
        "mean_distance": _rms((mean - mean_0) / np.sqrt(variance_0)),
        "log_variance_distance": _rms(np.log(variance / variance_0)),
    }


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _active(path: Any) -> list[int]:
    return [op for node in path for op in node]


def _prefixed(prefix: str, values: dict[str, float]) -> dict[str, float]:
    return {f"{prefix}_{name}": value for name, value in values.items()}
