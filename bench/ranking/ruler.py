"""The ruler: what the runs of one comparison are measured with, so that they can be compared.

All runs share the cells, the bootstrap's resamples and the ceiling's pairs; the baselines are
measured on the very entries of each run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench.base.names import call_plugin
from bench.ranking.baselines import RANDOM, measure_random
from bench.ranking.ceiling import ceiling, estimate_noise, pair_concordance
from bench.ranking.correlation import count_pairs, measure
from bench.ranking.entries import scorers
from bench.ranking.intervals import resample_cells
from bench.ranking.strata import strata

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from bench.ranking.baselines import Baseline
    from bench.ranking.protocol import Protocol
    from bench.runs.run import Run
    from bench.table.table import Table

    Floats = NDArray[np.float64]

NONE = "-"
"""Stands for the batch norm that a baseline has not."""


class Group(NamedTuple):
    """What is compared; baselines have neither batch norm nor calibration, NONE and None."""

    bn: str
    calibrated: bool | None
    scorer: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranked:
    """One scorer on the entries of one run.

    Attributes:
        bn: batch norm of the run, also for baselines.
        seed: of the run.
        num_architectures: that entered, averaged copies counted.
        num_cells: distinct cells among them.
        statistics: by name, with the ceiling of these entries.
        taus: tau of each resample of cells, of shape (num_resamples,); of random scores, of each
            draw of scores.
        jackknives: tau, and tau within (see WITHIN), without each cell in turn, by name, each of
            shape (num_cells,).
    """

    bn: str
    seed: int
    num_architectures: int
    num_cells: int
    statistics: dict[str, float]
    taus: Floats
    jackknives: dict[str, Floats]


class Ruler:
    """Measures scores against the truths of some cells.

    Args:
        cells: hashes of all cells that any run enters.
        table: the truth.
        protocol: what counts as truth.
        baselines: what else to measure, by name.
    """

    def __init__(
        self,
        cells: list[str],
        table: Table,
        protocol: Protocol,
        baselines: Mapping[str, Baseline],
    ) -> None:
        self.table = table
        self.baselines = baselines
        self.index = {key: i for i, key in enumerate(cells)}
        self.resamples = resample_cells(len(cells))
        accuracies = table.accuracies(cells, protocol.truth_split)
        noise = estimate_noise(accuracies, np.array([table.is_mean_only(key) for key in cells]))
        self.note = noise.note
        self.concordance = pair_concordance(
            np.nanmean(accuracies, axis=1), noise, is_one_repeat=protocol.truth_repeats == "random"
        )
        self.within = strata(cells, table)
        self._known: dict[bytes, dict[Group, Ranked]] = {}

    def measure_run(self, run: Run, entries: pd.DataFrame) -> Iterator[tuple[Group, Ranked]]:
        """Yield the groups of a run, then the baselines on its entries."""
        parts = {bool(calibrated): part for calibrated, part in entries.groupby("calibrated")}
        for calibrated, part in parts.items():
            for scorer in scorers(part):
                group = Group(run.variant, calibrated, scorer)
                yield group, self._measure(run, part, part[scorer].to_numpy(np.float64))
        # A baseline needs no calibration, and either part has all the entries: the last will do.
        for group, ranked in self._baselines(run, part).items():
            yield group, replace(ranked, bn=run.variant, seed=run.seed)

    def _measure(self, run: Run, entries: pd.DataFrame, scores: Floats) -> Ranked:
        truths, cells = entries["truth"].to_numpy(), self._cells(entries)
        pairs = count_pairs(scores, truths, cells, len(self.index))
        counts = np.bincount(cells, minlength=len(self.index)).astype(np.float64)
        limit = ceiling(self.concordance, counts, float(pairs.untied_truths.sum()))
        parts = {"tau": pairs} | {name: pairs.within(mask) for name, mask in self.within.items()}
        every = np.ones((1, len(self.index)))
        within = {name: float(parts[name].tau(every)[0]) for name in self.within}
        return Ranked(
            bn=run.variant,
            seed=run.seed,
            num_architectures=int(entries["num_copies"].sum()),
            num_cells=int((counts > 0).sum()),
            statistics=measure(scores, truths) | {"ceiling": limit} | within,
            taus=pairs.tau(self.resamples),
            jackknives={name: part.jackknife() for name, part in parts.items()},
        )

    def _baselines(self, run: Run, entries: pd.DataFrame) -> dict[Group, Ranked]:
        """Measure the baselines, once for all runs with the same entries."""
        truths, cells = entries["truth"].to_numpy(), self._cells(entries)
        key = cells.tobytes() + truths.tobytes() + repr(run.recipe.skeleton).encode()
        if key not in self._known:
            self._known[key] = dict(self._measure_baselines(run, entries, truths))
        return self._known[key]

    def _measure_baselines(
        self, run: Run, entries: pd.DataFrame, truths: Floats
    ) -> Iterator[tuple[Group, Ranked]]:
        cells = [self.table.cell(key) for key in entries["cell_hash"]]
        for name, baseline in self.baselines.items():
            values = [
                call_plugin(name, "baseline", baseline, cell, run.recipe.skeleton) for cell in cells
            ]
            scores = np.array(values, dtype=float)
            yield Group(NONE, None, name), self._measure(run, entries, scores)
        taus, expected = measure_random(truths)
        ranked = self._measure(run, entries, np.zeros_like(truths))
        statistics = ranked.statistics | expected
        yield Group(NONE, None, RANDOM), replace(ranked, statistics=statistics, taus=taus)

    def _cells(self, entries: pd.DataFrame) -> NDArray[np.intp]:
        return np.array([self.index[key] for key in entries["cell_hash"]], dtype=np.intp)
