"""The ruler: what the runs of one comparison are measured with, so that they can be compared.

All runs share the cells, the bootstrap's resamples and the ceiling's pairs; the baselines are
measured on the very entries of each run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from bench.base.names import call_plugin
from bench.ranking.baselines import RANDOM, measure_random
from bench.ranking.ceiling import estimate_noise
from bench.ranking.correlation import measure_quality
from bench.ranking.entries import scorers
from bench.ranking.pairs.count import MAX_FEW, TAU, FewCells, ManyCells
from bench.ranking.strata import strata

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from bench.network.skeleton import Skeleton
    from bench.ranking.baselines import Baseline
    from bench.ranking.pairs.count import Counter
    from bench.ranking.protocol import Protocol
    from bench.table.table import Table

    Floats = NDArray[np.float64]

NONE = "-"
"""Stands for the batch norm that a baseline has not."""

GIVEN = "given"
"""Stands for the batch norm where scores were given: what made them is not known here."""


class Scored(NamedTuple):
    """What one seed gave: the entries of a run, or of scores from elsewhere.

    Attributes:
        bn: batch norm of the run, or GIVEN.
        seed: of the run, or the scores'.
        space: that the entries are architectures of.
        skeleton: the network that baselines are counted in.
        entries: rows as from `select_entries`.
    """

    bn: str
    seed: int
    space: str
    skeleton: Skeleton
    entries: pd.DataFrame


class Group(NamedTuple):
    """What is compared; calibrated is None of baselines, whose bn is NONE, and of given scores."""

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
        taus: tau of each resample of cells, of shape (num_resamples,), or of shape (0,) of many
            cells; of random scores, of each draw of scores.
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
        split, budget = protocol.truth_split, protocol.truth_budget
        accuracies = table.accuracies(cells, split, budget)
        is_mean_only = [table.is_mean_only(key, budget) for key in cells]
        noise = estimate_noise(accuracies, np.array(is_mean_only))
        means = np.array(table.mean_accuracies(cells, split, budget))
        is_each_once = protocol.selection == "all" and protocol.copies == "average"
        make = ManyCells if is_each_once and len(cells) > MAX_FEW else FewCells
        is_one_repeat = protocol.truth_repeats == "random"
        within = strata(cells, table, means)
        self.pairs: Counter = make(within, means, noise, is_one_repeat=is_one_repeat)
        self.note = "; ".join(filter(None, [noise.note, self.pairs.note]))
        self._known: dict[bytes, dict[Group, Ranked]] = {}

    def measure_all(self, scored: Scored) -> Iterator[tuple[Group, Ranked]]:
        """Yield the groups of a run or of given scores, then the baselines on its entries."""
        entries = scored.entries
        for calibrated, part in entries.groupby("calibrated", dropna=False):
            kind = None if pd.isna(calibrated) else bool(calibrated)
            for scorer in scorers(part):
                group = Group(scored.bn, kind, scorer)
                yield group, self._measure(scored, part, part[scorer].to_numpy(np.float64))
        # A baseline needs no calibration, and either part has all the entries: the last will do.
        for group, ranked in self._baselines(scored._replace(entries=part)).items():
            yield group, replace(ranked, bn=scored.bn, seed=scored.seed)

    def _measure(self, scored: Scored, entries: pd.DataFrame, scores: Floats) -> Ranked:
        truths, cells = entries["truth"].to_numpy(), self._cells(entries)
        counted = self.pairs.count(scores, truths, cells)
        return Ranked(
            bn=scored.bn,
            seed=scored.seed,
            num_architectures=int(entries["num_copies"].sum()),
            num_cells=len(np.unique(cells)),
            statistics={
                TAU: counted.taus[TAU],
                **measure_quality(scores, truths, counted.sums),
                "ceiling": counted.ceiling,
                **counted.taus,
            },
            taus=counted.resampled,
            jackknives=counted.jackknives,
        )

    def _baselines(self, scored: Scored) -> dict[Group, Ranked]:
        """Measure the baselines, once for all runs with the same entries."""
        truths, cells = scored.entries["truth"].to_numpy(), self._cells(scored.entries)
        key = cells.tobytes() + truths.tobytes() + repr(scored.skeleton).encode()
        if key not in self._known:
            self._known[key] = dict(self._measure_baselines(scored, truths))
        return self._known[key]

    def _measure_baselines(self, scored: Scored, truths: Floats) -> Iterator[tuple[Group, Ranked]]:
        entries = scored.entries
        cells = [self.table.cell(key) for key in entries["cell_hash"]]
        for name, baseline in self.baselines.items():
            values = [
                call_plugin(name, "baseline", baseline, cell, scored.skeleton) for cell in cells
            ]
            scores = np.array(values, dtype=float)
            yield Group(NONE, None, name), self._measure(scored, entries, scores)
        taus, expected = measure_random(truths)
        ranked = self._measure(scored, entries, np.zeros_like(truths))
        statistics = ranked.statistics | expected
        yield Group(NONE, None, RANDOM), replace(ranked, statistics=statistics, taus=taus)

    def _cells(self, entries: pd.DataFrame) -> NDArray[np.intp]:
        return np.array([self.index[key] for key in entries["cell_hash"].tolist()], dtype=np.intp)
