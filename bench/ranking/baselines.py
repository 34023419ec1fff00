"""Scores that cost nothing: what a supernet must beat before its ranking is worth its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.base.names import load
from bench.base.streams import child_rng
from bench.network.cell_costs import num_multiply_adds, num_parameters
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
SEED = 0  # fixed, so that the same runs give the same bytes


def num_conv3x3(cell: Cell, skeleton: Skeleton) -> int:  # noqa: ARG001 (a Baseline is called so)
    """Count the 3x3 convolutions of a cell."""
    return cell.operations.count("conv3x3-bn-relu")


BASELINES: dict[str, Baseline] = {
    "num_parameters": num_parameters,
    "num_multiply_adds": num_multiply_adds,
    "num_conv3x3": num_conv3x3,
}
"""Of a cell in the recipe's skeleton; higher is better. An own one is named on the command line as
`package.module:name`. Random scores are measured beside them, by `measure_random`."""

BASELINE_LABELS = {
    "num_parameters": "parameter count",
    "num_multiply_adds": "multiply-adds",
    "num_conv3x3": "3x3 convolutions",
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
            f"again, but {error} To drop the rows, take the name out of 'baselines' in "
            f"{results / schemas.RANKING.name}"
        ) from error


def measure_random(truths: Floats, num_draws: int = NUM_DRAWS) -> tuple[Floats, dict[str, float]]:
    """Return tau-b of many random scores, and their expected statistics.

    The expected precision and regret are a constant score's, whose ties count as broken by lot.
    The expected Spearman is 0 by symmetry; scipy's weighted tau is above 0 where truths are tied.
    """
    taus = _random_taus(truths, num_draws)
    constant = np.zeros_like(truths)
    rng = child_rng(SEED, "random-weighted-tau")
    draws = rng.permuted(np.tile(np.arange(len(truths)), (NUM_WEIGHTED_DRAWS, 1)), axis=1)
    expected = {
        "tau": float(taus.mean()),
        "spearman": 0.0,
        "weighted_tau": float(np.mean([weighted_tau(draw, truths) for draw in draws])),
        "precision_top10": precision_top10(constant, truths),
        "regret": regret(constant, truths),
    }
    return taus, expected


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
