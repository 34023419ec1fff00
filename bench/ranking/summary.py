"""The rows of the ranking's CSV files, made from groups of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from bench.ranking.baselines import RANDOM
from bench.ranking.intervals import CONFIDENCE, MIN_CELLS, interval
from bench.ranking.ruler import NONE, Group

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bench.ranking.comparison import Comparison
    from bench.ranking.ruler import Ranked

    Floats = NDArray[np.float64]
    Row = dict[str, Any]

RIVALS = {
    "shadow": ("single", "combination", "none"),
    "shadow-sum": ("single-sum",),
    "single": ("none",),
}
"""Whose tau is subtracted from a batch norm's, run by run."""

BASELINE = "num_parameters"
"""The rival of every batch norm."""

MIN_SEEDS_FOR_T = 3


def summary_rows(comparison: Comparison) -> Iterator[Row]:
    """Make the rows of kendall_tau.csv: means over seeds, their spread, the interval over cells.

    Of random scores, spread and interval are those of single draws: what chance alone can reach.
    """
    for group, ranked in comparison.groups.items():
        yield _summary_row(group, ranked, comparison.num_cells)


def seed_rows(comparison: Comparison) -> Iterator[Row]:
    """Make the rows of kendall_tau_by_seed.csv."""
    for group, ranked in comparison.groups.items():
        for seed, statistics in _by_seed(ranked).items():
            same = [one for one in ranked if one.seed == seed]
            yield {
                **_identity(group),
                "seed": seed,
                "num_architectures": _mean([one.num_architectures for one in same]),
                "num_cells": _mean([one.num_cells for one in same]),
                **statistics,
            }


def difference_rows(comparison: Comparison) -> Iterator[Row]:
    """Make the rows of differences.csv: tau of a batch norm minus a rival's, seed by seed.

    The interval over cells resamples the cells of both alike; the one over seeds is Student's, from
    three seeds that differ on. They answer different questions: would other cells, or other seeds,
    agree?
    """
    for group, ranked in comparison.groups.items():
        rivals = {bn: group._replace(bn=bn) for bn in RIVALS.get(group.bn, ())}
        if group.bn != NONE:
            rivals[BASELINE] = Group(NONE, None, BASELINE)
        for minus, rival in rivals.items():
            other = comparison.groups.get(rival, [])
            pairs = [(a, b) for a in ranked for b in other if _is_pair(a, b, minus)]
            if pairs:
                yield _difference_row(group, minus, pairs, comparison.num_cells)


def _summary_row(group: Group, ranked: Sequence[Ranked], num_cells: int) -> Row:
    seeds = _by_seed(ranked)
    means = {name: _mean([s[name] for s in seeds.values()]) for name in ranked[0].statistics}
    resampled = np.mean([one.taus for one in ranked], axis=0)
    tau_std = _std([s["tau"] for s in seeds.values()])
    low, high = interval(resampled, num_cells)
    if group.scorer == RANDOM:
        draws = np.concatenate([one.taus for one in ranked])
        tau_std = float(draws.std(ddof=1))
        low, high = interval(draws, MIN_CELLS)  # their law is known for any number of cells
    return {
        **_identity(group),
        "num_seeds": len(seeds),
        "num_architectures": _mean([one.num_architectures for one in ranked]),
        "num_cells": _mean([one.num_cells for one in ranked]),
        "tau_mean": means.pop("tau"),
        "tau_std": tau_std,
        "tau_low": low,
        "tau_high": high,
        **means,
    }


def _is_pair(a: Ranked, b: Ranked, minus: str) -> bool:
    """Tell whether b is the rival's run of the same seed, or a baseline on a's entries."""
    return a.seed == b.seed and b.bn in (minus, a.bn)


def _difference_row(
    group: Group, minus: str, pairs: list[tuple[Ranked, Ranked]], num_cells: int
) -> Row:
    values = [a.statistics["tau"] - b.statistics["tau"] for a, b in pairs]
    low, high = interval(np.mean([a.taus - b.taus for a, b in pairs], axis=0), num_cells)
    margin = float("nan")
    if len(values) >= MIN_SEEDS_FOR_T and _std(values) > 0:
        quantile = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
        margin = float(quantile) * _std(values) / len(values) ** 0.5
    return {
        "bn": group.bn,
        "minus": minus,
        "calibrated": group.calibrated,
        "scorer": group.scorer,
        "num_seeds": len(values),
        "num_cells": num_cells,
        "difference_mean": _mean(values),
        "difference_std": _std(values),
        "difference_low": low,
        "difference_high": high,
        "difference_low_seeds": _mean(values) - margin,
        "difference_high_seeds": _mean(values) + margin,
        "by_seed": " ".join(f"{a.seed}:{v:.4f}" for (a, _), v in zip(pairs, values, strict=True)),
    }


def _identity(group: Group) -> Row:
    return {"bn": group.bn, "calibrated": group.calibrated, "scorer": group.scorer}


def _by_seed(ranked: Sequence[Ranked]) -> dict[int, dict[str, float]]:
    """Average the statistics of one seed: a baseline has the entries of several runs."""
    by_seed: dict[int, dict[str, float]] = {}
    for seed in sorted({one.seed for one in ranked}):
        same = [one.statistics for one in ranked if one.seed == seed]
        by_seed[seed] = {name: _mean([s[name] for s in same]) for name in same[0]}
    return by_seed


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _std(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
