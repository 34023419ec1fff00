"""What the paper's analyses need of a supernet's weights in S1 and S2, as CSV in its run folder.

    bn_statistics   of every batch norm under test (Figure 5)
    similarity      cosines of features in the first searched layer (Table 4)
    jacobian        cosines of their Jacobians, estimated on random directions (Table 4)
    curve           accuracy of 20 architectures by epoch, from snapshots (Figure 3)
    accuracies      accuracy of many architectures, raw and calibrated (Figures 3 and 6)

Columns are those of the cell supernet's measurements, so that the same analyses read them. Sampled
architectures are distinct and come from streams of their own: runs of one space, m and seed have
the same ones, and a smaller sample is the start of a larger one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bench.base.files import read_csv, write_csv
from bench.base.streams import child_rng
from bench.runs.evaluations import Evaluations
from bench.runs.run import CHECKPOINT
from bench.search.algorithms import draw_new
from supernet.measure.bn_statistics import read_statistics
from supernet.measure.mixpath_similarity import jacobian, similarity
from supernet.mixpath_runs import build, identify, load_supernet
from supernet.runs import read_checkpoint
from supernet.score import SupernetScorer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch

    from bench.runs.mixpath_store import MixRun
    from bench.space.architecture import MixArchitecture
    from supernet.data.tensors import DataSet
    from supernet.nets.bottlenecks import MixNet

ACCURACIES = "accuracies"
NUM_IN_CURVE = 20


def measure(run: MixRun, data: DataSet, device: str, num_models: int) -> None:
    """Measure what is missing of a trained supernet.

    Args:
        run: the supernet.
        data: its images.
        device: where to run.
        num_models: how many architectures to score, or all that there are.

    Raises:
        ValueError: a space whose kernels are summed in several channel groups.
    """
    if run.space.num_groups > 1:
        raise ValueError(
            f"{run.folder} is of {run.space.name}: paths are compared where one batch norm serves "
            "all channels, in s1 and s2"
        )
    model = load_supernet(run, device).eval().requires_grad_(requires_grad=False)
    for name in missing(run, num_models):
        frame = (
            accuracies(run, model, data, num_models)
            if name == ACCURACIES
            else MEASUREMENTS[name](run, model, data)
        )
        write_csv(frame, run.folder / f"{name}.csv")


def missing(run: MixRun, num_models: int) -> list[str]:
    """List the measurements that a run lacks, or has of fewer architectures."""
    names = [name for name in MEASUREMENTS if not (run.folder / f"{name}.csv").is_file()]
    path, num = run.folder / f"{ACCURACIES}.csv", min(num_models, run.space.count())
    if not path.is_file() or read_csv(path)["architecture"].nunique() < num:
        names.append(ACCURACIES)
    return names


def bn_statistics(run: MixRun, model: MixNet, data: DataSet) -> pd.DataFrame:  # noqa: ARG001
    """Read the statistics of the batch norms under test."""
    return read_statistics(model)


def curve(run: MixRun, model: MixNet, data: DataSet) -> pd.DataFrame:
    """Score a fixed sample of architectures, uncalibrated, with the weights of every snapshot."""
    chosen = sample(run, "curve", NUM_IN_CURVE)
    rows = []
    for epoch, weights in _snapshots(run, next(model.parameters()).device):
        scorer = SupernetScorer(weights, run.space, data, run.recipe, identify)
        rows += [{"epoch": epoch} | row for row in scorer.raw(chosen)]
    return pd.DataFrame(rows)[["epoch", "architecture", "accuracy", "loss"]]


def accuracies(run: MixRun, model: MixNet, data: DataSet, num_models: int) -> pd.DataFrame:
    """Score architectures raw and calibrated; scores that a search has paid for are taken over."""
    chosen = sample(run, "accuracies", num_models)
    scorer = SupernetScorer(model, run.space, data, run.recipe, identify)
    rows = []
    for is_calibrated, score in ((False, scorer.raw), (True, scorer.calibrated)):
        evaluations = Evaluations(run.folder, score, is_calibrated=is_calibrated)
        evaluations(chosen)
        evaluations.save()
        rows += [evaluations.row(architecture) for architecture in chosen]
    return pd.DataFrame(rows)[["architecture", "calibrated", "accuracy", "loss"]]


def sample(run: MixRun, stream: str, num: int) -> list[MixArchitecture]:
    """Draw distinct architectures as training does, or take all where there are no more."""
    return draw_new(run.space, child_rng(run.seed, stream), {}, min(num, run.space.count()))


MEASUREMENTS: dict[str, Callable[[MixRun, MixNet, DataSet], pd.DataFrame]] = {
    "bn_statistics": bn_statistics,
    "similarity": similarity,
    "jacobian": jacobian,
    "curve": curve,
}


def _snapshots(run: MixRun, device: torch.device) -> Iterator[tuple[int, MixNet]]:
    """Yield the weights kept during training, and the last."""
    epochs = [*run.recipe.snapshot_epochs, run.recipe.training.epochs]
    for epoch in sorted(set(epochs)):
        path = run.folder / f"checkpoint-epoch{epoch}.pt"
        if not path.is_file() and epoch == run.recipe.training.epochs:
            path = run.folder / CHECKPOINT
        if path.is_file():
            model = build(run, str(device))
            model.load_state_dict(read_checkpoint(path, str(device))["model"])
            yield epoch, model
