"""Lemma 2 put to the test: do combinations of as many paths share their statistics?

For every architecture the batch norm under test is calibrated from reset, so that its statistics
are those of just this combination of paths. They are compared, per channel, with the statistics
pooled over all combinations of as many paths, which is what one batch norm per number (shadow)
would have at best, and with those pooled over all combinations, which is one batch norm for all.

Pools weigh an architecture by its `probability` under the training sampler: the number of paths as
that draws it ('uniform': 1..m alike), and within a number all alike. At m = 4 the 12 single paths
then weigh 1/4 together, as in training, not 12/255, as if every architecture weighed alike.
Untrained weights are measured too, as the control (`is_trained`).

Distances are root mean squares over the channels: of the difference of the means in units of the
pooled standard deviation, and of the natural logarithm of the variances' ratio.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supernet.measure.snapshots import UNTRAINED
from supernet.sampling import number_probabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from supernet.measure.snapshots import Snapshots

    Floats = NDArray[np.float64]

MAX_IMAGES = 512
CHUNK = 64
"""Architectures of a piece, which share what is the same for all."""
TINY = 1e-8  # beside which a variance counts as nothing: that channel is dead


def measure(snapshots: Snapshots) -> pd.DataFrame:
    """Measure every architecture, trained and untrained: a row per block and architecture."""
    return pd.concat([_measure(snapshots, epoch) for epoch in reversed(snapshots.ends)])


def _measure(snapshots: Snapshots, epoch: int) -> pd.DataFrame:
    statistics = calibrate_all(snapshots, epoch)  # (num_architectures, num_blocks)
    space = snapshots.run.space
    architectures = space.architectures()
    num_paths = np.array([len(_active(space.path(a))) for a in architectures])
    numbers = number_probabilities(snapshots.run.recipe.sampler, space.num_nodes, space.m)
    weights = probabilities(num_paths, numbers)
    rows = []
    for block in range(len(statistics[0])):
        values = np.stack([one[block] for one in statistics])  # (num_architectures, 2, channels)
        overall = pool(values, weights)
        by_number = {k: pool(values[num_paths == k]) for k in np.unique(num_paths)}
        for i, (architecture, k) in enumerate(zip(architectures, num_paths, strict=True)):
            row = {"block": block, "architecture": space.encode(architecture), "num_paths": k}
            row |= _prefixed("number", distance(values[i], by_number[k]))
            row |= _prefixed("all", distance(values[i], overall))
            rows.append(row | {"probability": weights[i], "is_trained": epoch != UNTRAINED})
    return pd.DataFrame(rows)


def calibrate_all(snapshots: Snapshots, epoch: int) -> list[list[Floats]]:
    """Return, by architecture and block, means and variances of shape (2, channels)."""
    run, data = snapshots.run, snapshots.data
    model = snapshots.model(epoch)
    calibration = run.recipe.calibration
    limit = calibration.calibration_images or len(data.split(calibration.calibration_split))
    reset = replace(calibration, calibration_reset=True, calibration_images=min(limit, MAX_IMAGES))
    scorer = snapshots.scorer(model, replace(run.recipe, calibration=reset))
    under_test = [set(place.norm.modules()) for place in model.path_sums()]
    every = run.space.architectures()

    def statistics(chunk: Sequence[Any]) -> list[list[Floats]]:
        return [
            [
                np.stack([value.cpu().numpy() for value in estimate.statistics(norm)]).astype(
                    np.float64
                )
                for norms in under_test
                for norm in estimate.norms
                if norm in norms
            ]
            for estimate in scorer.estimate(chunk)[1]
        ]

    return [
        [np.array(block) for block in blocks]
        for start in range(0, len(every), CHUNK)
        for blocks in snapshots.pieces(
            f"epoch {epoch}, architecture {start}",
            partial(statistics, every[start : start + CHUNK]),
        )
    ]


def probabilities(num_paths: NDArray[np.int64], numbers: dict[int, float]) -> Floats:
    """Return each architecture's probability, alike among those of as many paths.

    Args:
        num_paths: of each architecture, of shape (num_architectures,).
        numbers: how often each number of paths is drawn.
    """
    counts = dict(zip(*np.unique(num_paths, return_counts=True), strict=True))
    return np.array([numbers[k] / counts[k] for k in num_paths])


def pool(values: Floats, weights: Floats | None = None) -> Floats:
    """Pool means and variances of shape (num, 2, channels) by the law of total variance.

    Args:
        values: of each architecture.
        weights: of each, of shape (num,); None: all alike.
    """
    means, variances = values[:, 0], values[:, 1]
    mean = np.average(means, axis=0, weights=weights)
    spread = np.average((means - mean) ** 2, axis=0, weights=weights)
    return np.stack([mean, np.average(variances, axis=0, weights=weights) + spread])


def distance(value: Floats, reference: Floats) -> dict[str, float]:
    """Measure how far means and variances of shape (2, channels) are from a reference's.

    Channels that are dead in either (a variance of nothing) are left out; NaN if all are.
    """
    alive = (value[1] > TINY) & (reference[1] > TINY)
    if not alive.any():
        return {"mean_distance": float("nan"), "log_variance_distance": float("nan")}
    (mean, variance), (mean_0, variance_0) = value[:, alive], reference[:, alive]
    return {
        "mean_distance": rms((mean - mean_0) / np.sqrt(variance_0)),
        "log_variance_distance": rms(np.log(variance / variance_0)),
    }


def rms(values: Floats) -> float:
    """Return the root mean square; NaN of none."""
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")


def _active(path: Any) -> list[int]:
    return [op for node in path for op in node]


def _prefixed(prefix: str, values: dict[str, float]) -> dict[str, float]:
    return {f"{prefix}_{name}": value for name, value in values.items()}
