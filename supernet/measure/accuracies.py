"""Accuracies of a sample of architectures, where a space is too large for all (Figure 6).

Sampled architectures are distinct and come from a stream of their own: runs of one space, m and
seed have the same ones, and a smaller sample is the start of a larger one. Scores lie in
scores.csv, so that what a search has paid for is taken over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bench.base.streams import child_rng
from bench.runs.evaluations import Evaluations
from bench.search.algorithms import sample_new

if TYPE_CHECKING:
    from supernet.measure.snapshots import Snapshots


def measure(snapshots: Snapshots, num_models: int) -> pd.DataFrame:
    """Score architectures: architecture, calibrated, accuracy, loss."""
    run, space = snapshots.run, snapshots.parts.space
    num = min(num_models, space.count())
    chosen = sample_new(space, child_rng(run.seed, "accuracies"), {}, num)
    scorer = snapshots.scorer(snapshots.model(snapshots.final_epoch))
    rows = []
    for is_calibrated, score in ((False, scorer.raw), (True, scorer.calibrated)):
        evaluations = Evaluations(run.folder, space, score, is_calibrated=is_calibrated)
        evaluations(chosen)
        evaluations.save()
        rows += [evaluations.row(architecture) for architecture in chosen]
    return pd.DataFrame(rows)[["architecture", "calibrated", "accuracy", "loss"]]
