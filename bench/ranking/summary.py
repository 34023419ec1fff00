"""The rows of the ranking's CSV files, made from groups of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.ranking.baselines import BAR, RANDOM
from bench.ranking.intervals import (
    MIN_CELLS,
    crossed,
    interval,
    num_cells_of,
    over_cells,
    over_seeds,
)
from bench.ranking.ruler import GIVEN, NONE, Group
from bench.ranking.strata import WITHIN

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

SIZE = "num_parameters"
COUNTS = (SIZE, "num_conv3x3", "conv3x3_then_maxpool3x3")
"""What costs nothing, the rivals of every batch norm; of scorers given the first, and the BAR."""


def summary_rows(comparison: Comparison) -> Iterator[Row]:
    """Make the rows of kendall_tau.csv: means over seeds, their spread, their intervals.

    tau_low and tau_high are over seeds and cells together, beside them those over cells alone and
    over seeds alone. Of random scores, spread and interval are those of single draws: what chance
    alone can reach.
    """
    for group, ranked in comparison.groups.items():
        yield _summary_row(group, ranked)


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
    """Make the rows of differences.csv: tau of a batch norm or scorer minus a rival's, by seed.

    difference_low and difference_high are over seeds and cells together; beside them the interval
    over cells, which resamples those of both alike, and Student's over seeds, from three that
    differ on. They answer different questions: would other cells, or other seeds, agree?
    """
    for group, ranked in comparison.groups.items():
        for minus, rival in _rivals(group, comparison):
            others = comparison.groups.get(rival, [])
            if GIVEN == group.bn == rival.bn and 1 in (len(ranked), len(others)):
                pairs = [(a, b) for a in ranked for b in others]  # one seed alone: with every other
            else:
                pairs = [(a, b) for a in ranked for b in others if _is_pair(a, b, minus)]
            if pairs:
                yield _difference_row(group, minus, pairs)


def _rivals(group: Group, comparison: Comparison) -> Iterator[tuple[str, Group]]:
    """Yield what a group's tau is subtracted from: of given scorers each pair once."""
    if group.bn == NONE:
        return
    if group.bn == GIVEN:
        given = [other for other in comparison.groups if other.bn == GIVEN]
        yield from ((other.scorer, other) for other in given[given.index(group) + 1 :])
        yield from ((count, Group(NONE, None, count)) for count in (BAR, SIZE))
        return
    yield from ((bn, group._replace(bn=bn)) for bn in RIVALS.get(group.bn, ()))
    yield from ((count, Group(NONE, None, count)) for count in COUNTS)


def _summary_row(group: Group, ranked: Sequence[Ranked]) -> Row:
    seeds = _by_seed(ranked)
    means = {name: _mean([s[name] for s in seeds.values()]) for name in ranked[0].statistics}
    taus = np.array([s["tau"] for s in seeds.values()])
    jackknives = _jackknives(ranked, "tau")
    low, high = crossed(taus, jackknives, is_tau=True)
    resampled = np.mean([one.taus for one in ranked], axis=0)
    cells = over_cells(resampled, float(taus.mean()), jackknives.mean(axis=0), is_tau=True)
    over = over_seeds(taus) if group.bn != NONE else (float("nan"), float("nan"))
    tau_std = _std(taus.tolist())
    if group.scorer == RANDOM:
        draws = np.concatenate([one.taus for one in ranked])
        tau_std = float(draws.std(ddof=1))
        low, high = cells = interval(draws, MIN_CELLS)  # their law is known for any number of cells
    within = {name: means.pop(name) for name in WITHIN}
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
        "tau_low_cells": cells[0],
        "tau_high_cells": cells[1],
        "tau_low_seeds": over[0],
        "tau_high_seeds": over[1],
        **_within(within, ranked),
    }


def _within(means: dict[str, float], ranked: Sequence[Ranked]) -> Row:
    """Return each tau within, its interval over seeds and cells together, and its cells."""
    row: Row = {}
    jackknives = {name: _jackknives(ranked, name) for name in means}
    for name, mean in means.items():
        values = np.array([s[name] for s in _by_seed(ranked).values()])
        low, high = crossed(values, jackknives[name], is_tau=True)
        row |= {name: mean, f"{name}_low": low, f"{name}_high": high}
    return row | {f"{name}_cells": num_cells_of(one) for name, one in jackknives.items()}


def _jackknives(ranked: Sequence[Ranked], name: str) -> Floats:
    """Return jackknives by seed, of shape (num_seeds, num_cells), of runs of one seed averaged."""
    return np.array(
        [
            np.mean([one.jackknives[name] for one in ranked if one.seed == seed], axis=0)
            for seed in sorted({one.seed for one in ranked})
        ]
    )


def _is_pair(a: Ranked, b: Ranked, minus: str) -> bool:
    """Tell whether b is the rival's run of the same seed, or a baseline on a's entries."""
    return a.seed == b.seed and b.bn in (minus, a.bn)


def _difference_row(group: Group, minus: str, pairs: list[tuple[Ranked, Ranked]]) -> Row:
    values = [a.statistics["tau"] - b.statistics["tau"] for a, b in pairs]
    jackknives = np.array([a.jackknives["tau"] - b.jackknives["tau"] for a, b in pairs])
    low, high = crossed(np.array(values), jackknives, is_tau=False)
    resampled = np.mean([a.taus - b.taus for a, b in pairs], axis=0)
    cells = over_cells(resampled, _mean(values), jackknives.mean(axis=0), is_tau=False)
    is_settled = not _std(values) > 0  # at m = 1 batch norms are the same, to the last digit
    seeds = (float("nan"), float("nan")) if is_settled else over_seeds(values)
    return {
        "bn": group.bn,
        "minus": minus,
        "calibrated": group.calibrated,
        "scorer": group.scorer,
        "num_seeds": len(values),
        "num_cells": jackknives.shape[1],
        "difference_mean": _mean(values),
        "difference_std": _std(values),
        "difference_low": low,
        "difference_high": high,
        "difference_low_seeds": seeds[0],
        "difference_high_seeds": seeds[1],
        "by_seed": " ".join(
            f"{_seeds(*pair)}:{value:.4f}" for pair, value in zip(pairs, values, strict=True)
        ),
        "difference_low_cells": cells[0],
        "difference_high_cells": cells[1],
    }


def _seeds(a: Ranked, b: Ranked) -> str:
    return str(a.seed) if a.seed == b.seed else f"{a.seed}-{b.seed}"


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
