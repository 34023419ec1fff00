"""A results folder with real runs so small that training them takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.report import write_report
from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.measure import main
from bench.ranking.outputs import write_rankings
from bench.ranking.protocol import PROTOCOLS
from bench.runs.find import find_runs
from bench.runs.run import open_run
from bench.table.table import Table
from supernet.data.registry import load_data
from supernet.measure.snapshots import Snapshots
from supernet.runs import complete
from tests.synthetic import write_truth

if TYPE_CHECKING:
    from pathlib import Path

    from bench.runs.run import Run

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


def make_results(results: Path) -> Path:
    """Train, rank, measure and report a folder with every batch norm and sampler of interest."""
    for m, batch_norm in ((1, "shadow"), (1, "single"), (2, "shadow"), (2, "single")):
        train_run(results, m, batch_norm)
    train_run(results, 2, "combination")
    train_run(results, 2, "single", sampler="one-shot")
    rank_and_measure(results)
    write_report(results)
    return results


def rank_and_measure(results: Path) -> None:
    """Rank and measure the runs of a folder, by a made-up table in it: truth.h5."""
    table_path = write_truth(results / "truth.h5")
    with Table(table_path) as table:
        write_rankings(results, find_runs(results), table, [PROTOCOLS["sound"]])
    assert main([str(results), "--table", str(table_path), "--other-truth", "--jobs", "1"]) == 0
