"""Scores that cost nothing: what a supernet must beat before its ranking is worth its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from bench.base.names import load
from bench.base.streams import child_rng
from bench.network.cell import MAX_VERTICES
from bench.network.cell_costs import num_multiply_adds, num_parameters
from bench.network.structure import (
    CONV1X1,
    CONV3X3,
    MAXPOOL3X3,
    count_operations,
    depth,
    longest_path,
    shortest_path,
)
from bench.ranking.about import read_earlier
from bench.ranking.correlation import precision_top10, regret, weighted_tau
from bench.runs import schemas

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.network.cell import Cell
    from bench.network.skeleton import Skeleton

    Floats = NDArray[np.float64]
    Baseline = Callable[[Cell, Skeleton], float]

RANDOM = "random"
NUM_DRAWS = 1000
NUM_WEIGHTED_DRAWS = 50  # weighted tau is slow, and only its mean is wanted
NUM_WEIGHTED_DRAWS_OF_MANY = 2  # of many cells, whose random scores hardly differ
MAX_SHUFFLED = 500  # cells; of more, tau of random scores is as good as normal
SEED = 0  # fixed, so that the same runs give the same bytes


def num_conv3x3(cell: Cell, skeleton: Skeleton) -> int:  # noqa: ARG001 (a Baseline is called so)
    """Count the 3x3 convolutions of a cell."""
    return count_operations(cell, CONV3X3)


def conv3x3_then_maxpool3x3(cell: Cell, skeleton: Skeleton) -> int:  # noqa: ARG001 (as above)
    """Count the 3x3 convolutions; among equal counts, the max-pools decide."""
    return MAX_VERTICES * count_operations(cell, CONV3X3) + count_operations(cell, MAXPOOL3X3)


BASELINES: dict[str, Baseline] = {
    "num_parameters": num_parameters,
    "num_multiply_adds": num_multiply_adds,
    "num_conv3x3": num_conv3x3,
    "conv3x3_then_maxpool3x3": conv3x3_then_maxpool3x3,
}
"""Of a cell in the recipe's skeleton; higher is better. An own one is named on the command line as
`package.module:name`. Random scores are measured beside them, by `measure_random`."""

STRUCTURE: dict[str, Baseline] = {
    "conv3x3_minus_path": lambda cell, _: count_operations(cell, CONV3X3) - shortest_path(cell),
    "minus_shortest_path": lambda cell, _: -shortest_path(cell),
    "longest_path": lambda cell, _: longest_path(cell),
    "depth": lambda cell, _: depth(cell),
    "num_edges": lambda cell, _: cell.num_edges,
    "num_vertices": lambda cell, _: cell.num_vertices,
    "num_conv1x1": lambda cell, _: count_operations(cell, CONV1X1),
    "num_maxpool3x3": lambda cell, _: count_operations(cell, MAXPOOL3X3),
}
"""What a graph tells besides, where cells of the whole space are ranked: in the paper's sub-space
several are the same for all cells, and the main job leaves them out."""

BAR = "conv3x3_minus_path"
"""The baseline that reaches most on NAS-Bench-101's whole space: the bar for everyone there."""

BASELINE_LABELS = {
    "num_parameters": "parameter count",
    "num_multiply_adds": "multiply-adds",
    "num_conv3x3": "3x3 convolutions",
    "conv3x3_then_maxpool3x3": "3x3 then max-pools",
    "conv3x3_minus_path": "3x3 minus shortest path",
    "minus_shortest_path": "minus shortest path",
    "longest_path": "longest path",
    "depth": "depth in convolutions",
    "num_edges": "edges",
    "num_vertices": "vertices",
    "num_conv1x1": "1x1 convolutions",
    "num_maxpool3x3": "3x3 max-pools",
    RANDOM: "random, one draw",
}
"""For a reader of figures and tables; one without a label goes by its name."""


def load_baselines(results: Path, names: Sequence[str]) -> dict[str, Baseline]:
    """Import the user's own baselines: those of now, and those that the folder was ranked with.

    Raises:
        ValueError: one that can't be imported, or can't be any more.
    """
    loaded = {name: load(name, BASELINES, "baseline") for name in names}
    earlier = [name for name in read_earlier(results).get("baselines", ()) if name not in loaded]
    try:
        return loaded | {name: load(name, BASELINES, "baseline") for name in earlier}
    except ValueError as error:
        raise ValueError(
            f"{results / schemas.KENDALL_TAU.name} has rows of {', '.join(earlier)}, to be ranked "
            f"again, but {error} Put it back, or copy the runs into another folder and name it "
            "with --out"
        ) from error


def measure_random(truths: Floats, num_draws: int = NUM_DRAWS) -> tuple[Floats, dict[str, float]]:
    """Return tau-b of many random scores, and their expected statistics.

    The expected precision and regret are a constant score's, whose ties count as broken by lot.
    The expected Spearman is 0 by symmetry; scipy's weighted tau is above 0 where truths are tied.
    """
    is_few = len(truths) <= MAX_SHUFFLED
    taus = _random_taus(truths, num_draws) if is_few else _normal_taus(truths, num_draws)
    constant = np.zeros_like(truths)
    rng = child_rng(SEED, "random-weighted-tau")
    num_weighted = NUM_WEIGHTED_DRAWS if is_few else NUM_WEIGHTED_DRAWS_OF_MANY
    draws = rng.permuted(np.tile(np.arange(len(truths)), (num_weighted, 1)), axis=1)
    expected = {
        "tau": float(taus.mean()),
        "spearman": 0.0,
        "weighted_tau": float(np.mean([weighted_tau(draw, truths) for draw in draws])),
        "precision_top10": precision_top10(constant, truths),
        "regret": regret(constant, truths),
    }
    return taus, expected


def _normal_taus(truths: Floats, num_draws: int) -> Floats:
    """Return the quantiles of tau-b of random scores among many cells, where it is normal.

    Its variance follows from the sizes t of the groups of equal truths (Kendall, Rank Correlation
    Methods, 4.7): that of concordant minus discordant pairs is (n (n - 1) (2n + 5) -
    sum of t (t - 1) (2t + 5)) / 18.
    """
    num = float(len(truths))
    sizes = np.unique(truths, return_counts=True)[1].astype(np.float64)
    terms = (num * (num - 1) * (2 * num + 5), (sizes * (sizes - 1) * (2 * sizes + 5)).sum())
    num_pairs = num * (num - 1) / 2
    num_untied = num_pairs - (sizes * (sizes - 1) / 2).sum()
    with np.errstate(invalid="ignore"):
        deviation = np.sqrt((terms[0] - terms[1]) / 18 / (num_pairs * num_untied))
    quantiles = stats.norm.ppf((np.arange(num_draws) + 0.5) / num_draws)
    return np.asarray(deviation * quantiles)


def _random_taus(truths: Floats, num_draws: int) -> Floats:
    """Shuffle the truths below the scores 0, 1, 2...: one pass per entry, over all draws."""
    shuffled = child_rng(SEED, "random-baseline").permuted(np.tile(truths, (num_draws, 1)), axis=1)
    agreement = np.zeros(num_draws)
    for i in range(len(truths) - 1):
        later = shuffled[:, i + 1 :]
        agreement += np.sign(later - shuffled[:, [i]]).sum(axis=1)
    num_pairs = len(truths) * (len(truths) - 1) / 2
    num_untied = np.count_nonzero(truths[:, None] != truths) / 2
    with np.errstate(invalid="ignore"):
        return np.asarray(agreement / np.sqrt(num_pairs * num_untied))
