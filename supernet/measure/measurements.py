"""What the analyses need of a run's weights, measured into CSV files in its run folder.

    bn_statistics           statistics of the batch norms under test (section 4.4)
    combination_statistics  how far combinations of paths spread around their number (Lemma 2)
    similarity, jacobian    cosine similarities of features and of Jacobians (section 7.1)
    curve                   accuracy of a fixed sample of architectures by epoch (section 3.2)
    calibration_sweep       images, batches, reset and split of calibration, one at a time

A file that exists is not measured again. Each measurement starts from the weights alone, and has
the run's number of threads, so that it gives the same bytes in whatever order they are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from bench.base.files import write_csv
from supernet.data.tensors import load_data
from supernet.measure import (
    bn_statistics,
    calibration_sweep,
    combination_statistics,
    curve,
    jacobian,
    similarity,
)
from supernet.measure.snapshots import Snapshots

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from bench.runs.run import Run

MEASUREMENTS: dict[str, Callable[[Snapshots], pd.DataFrame]] = {
    "bn_statistics": bn_statistics.measure,
    "combination_statistics": combination_statistics.measure,
    "similarity": similarity.measure,
    "jacobian": jacobian.measure,
    "curve": curve.measure,
    "calibration_sweep": calibration_sweep.measure,
}
"""By name, which is also the name of the CSV file."""


def missing(run: Run, names: Sequence[str]) -> list[str]:
    """List which of these measurements a run has not."""
    return [name for name in names if not (run.folder / f"{name}.csv").is_file()]


def measure_run(
    run: Run, names: Sequence[str], data_path: Path | None, device: str, num_threads: int
) -> Run:
    """Measure what is missing of a run."""
    torch.set_num_threads(num_threads)
    data = load_data(run.recipe.data_set, run.recipe.skeleton, data_path, device)
    snapshots = Snapshots(run, data, device)
    for name in missing(run, names):
        write_csv(MEASUREMENTS[name](snapshots), run.folder / f"{name}.csv")
    return run
