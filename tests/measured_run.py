"""A results folder with real runs so small that training them takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.recipe import digits, override
from bench.store import open_run
from supernet.data import load_data
from supernet.runs import complete
from supernet.snapshots import Snapshots

if TYPE_CHECKING:
    from pathlib import Path

    from bench.store import Run

TINY = {
    "stem_channels": "3",
    "num_train_images": "200",
    "num_score_images": "60",
    "score_batch": "60",
    "calibration_images": "120",
    "epochs": "2",
    "snapshot_epochs": "1",
}


def train_run(
    results: Path, m: int, batch_norm: str = "shadow", seed: int = 0, sampler: str = "uniform"
) -> Run:
    """Train and score one run, with a snapshot after its first epoch."""
    changes = TINY | {"m": str(m), "batch_norm": batch_norm, "sampler": sampler}
    run = open_run(results, override(digits().recipe, changes), seed, "cpu", 1)
    return complete(run, None, "cpu", 1)


def snapshots_of(run: Run) -> Snapshots:
    """Open a run's weights."""
    return Snapshots(run, load_data("digits", run.recipe.skeleton, None, "cpu"))
