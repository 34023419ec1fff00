"""What is counted of the pairs of cells, for one scorer: tau, tau within, their uncertainty.

Up to MAX_FEW cells every pair is kept, so that tau can be bootstrapped over cells. Of more, which
would be a matrix of gigabytes and hours of resampling, sums by cell are kept: tau and its
jackknife are the same to the last digit, and the interval over cells alone is the jackknife's
(Student's, on Fisher's scale) in place of the bootstrap's. Both are estimates of the variance that
the projection on single cells has (Hoeffding 1948; for tau-b Brown and Benedetti, JASA 1977);
`tests/bench/ranking/pairs/test_count.py` shows that they agree, and that they cover.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from bench.ranking.ceiling import ceiling, expected_tau, pair_concordance, sampled_concordance
from bench.ranking.correlation import count_pairs
from bench.ranking.intervals import resample_cells
from bench.ranking.pairs.sums import Sums, sum_pairs, sum_pairs_near, sum_pairs_within
from bench.ranking.strata import NEAR_PARAMETERS, Blocks, Near

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bench.ranking.ceiling import Noise
    from bench.ranking.strata import Stratum

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

TAU = "tau"
MAX_FEW = 500  # cells
MAX_NEAR = 2_000  # cells; pairs of near size are no blocks, and counting them takes n^2 steps


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """One scorer's pairs.

    Attributes:
        taus: tau, and tau within, by name.
        jackknives: the same without each cell in turn, each of shape (num_cells,); NaN of cells
            that are in none of its pairs.
        resampled: tau of each resample of cells, of shape (num_resamples,), or of shape (0,).
        ceiling: tau of the perfect scorer.
        sums: of the pairs with each entry, where they were counted.
    """

    taus: dict[str, float]
    jackknives: dict[str, Floats]
    resampled: Floats
    ceiling: float
    sums: Sums | None = None


class Counter(Protocol):
    """Counts the pairs of some cells for one scorer after another."""

    note: str

    def count(self, scores: Floats, truths: Floats, cells: Indices) -> Counted:
        """Count the pairs of entries.

        Args:
            scores: of shape (num_entries,).
            truths: of shape (num_entries,).
            cells: index of each entry's cell, of shape (num_entries,).
        """
        ...


class FewCells:
    """Keeps every pair.

    Args:
        within: pairs that a tau within is over, by its name.
        means: the cells' measured mean accuracies, of shape (num_cells,).
        noise: of the same cells.
        is_one_repeat: whether the truth is one repeat instead of the mean.
    """

    note = ""

    def __init__(
        self, within: Mapping[str, Stratum], means: Floats, noise: Noise, *, is_one_repeat: bool
    ) -> None:
        self.num_cells = len(means)
        self.masks = {name: one.mask() for name, one in within.items()}
        self.paired = {name: one.is_paired() for name, one in within.items()}
        self.resamples = resample_cells(self.num_cells)
        self.concordance = pair_concordance(means, noise, is_one_repeat=is_one_repeat)

    def count(self, scores: Floats, truths: Floats, cells: Indices) -> Counted:
        """Count the pairs of entries, of which a cell may have several."""
        pairs = count_pairs(scores, truths, cells, self.num_cells)
        parts = {TAU: pairs} | {name: pairs.within(mask) for name, mask in self.masks.items()}
        every = np.ones((1, self.num_cells))
        jackknives = {name: part.jackknife() for name, part in parts.items()}
        counts = np.bincount(cells, minlength=self.num_cells).astype(np.float64)
        return Counted(
            taus={name: float(part.tau(every)[0]) for name, part in parts.items()},
            jackknives=_of_paired(jackknives, self.paired),
            resampled=pairs.tau(self.resamples),
            ceiling=ceiling(self.concordance, counts, float(pairs.untied_truths.sum())),
        )


class ManyCells:
    """Keeps sums by cell, each with one entry; the arguments are those of `FewCells`."""

    def __init__(
        self, within: Mapping[str, Stratum], means: Floats, noise: Noise, *, is_one_repeat: bool
    ) -> None:
        self.num_cells = len(means)
        self.within = within
        self.note = (
            f"over more than {MAX_FEW} cells, intervals over cells alone are the jackknife's"
        )
        if self.num_cells > MAX_NEAR:
            self.note += f"; over more than {MAX_NEAR:,}, {NEAR_PARAMETERS} is left out"
        self.concordance = sampled_concordance(means, noise, is_one_repeat=is_one_repeat)
        is_counted = self.num_cells <= MAX_NEAR
        counted = {n: one for n, one in within.items() if isinstance(one, Blocks) or is_counted}
        self.near = {name: one.mask() for name, one in counted.items() if isinstance(one, Near)}
        self.paired = {name: one.is_paired() for name, one in counted.items()}

    def count(self, scores: Floats, truths: Floats, cells: Indices) -> Counted:
        """Count the pairs of entries, of which every cell has one.

        Raises:
            ValueError: cells with several, or without.
        """
        if not np.array_equal(np.sort(cells), np.arange(self.num_cells)):
            raise ValueError(
                f"{len(cells)} entries of {self.num_cells} cells: over more than {MAX_FEW} cells, "
                "rank under a protocol that averages copies, every run with the same cells"
            )
        x, y = np.empty((2, self.num_cells))
        x[cells], y[cells] = scores, truths
        whole = sum_pairs(x, y)
        sums = {TAU: whole} | {name: self._within(x, y, name) for name in self.within}
        num_pairs = self.num_cells * (self.num_cells - 1.0)
        limit = expected_tau(self.concordance * num_pairs, num_pairs, float(whole.totals[2]))
        return Counted(
            taus={name: one.tau for name, one in sums.items()},
            jackknives=_of_paired({n: one.jackknife() for n, one in sums.items()}, self.paired),
            resampled=np.empty(0),
            ceiling=limit,
            sums=Sums(whole.totals, whole.with_cell[:, cells]),
        )

    def _within(self, scores: Floats, truths: Floats, name: str) -> Sums:
        stratum = self.within[name]
        if isinstance(stratum, Blocks):
            return sum_pairs_within(scores, truths, stratum.labels)
        if name in self.near:
            return sum_pairs_near(scores, truths, self.near[name])
        return Sums(np.full(3, np.nan), np.full((3, self.num_cells), np.nan))


def _of_paired(
    jackknives: dict[str, Floats], paired: Mapping[str, NDArray[np.bool_]]
) -> dict[str, Floats]:
    """Leave out cells that are in none of the pairs: what they say nothing of rests on fewer."""
    return {
        name: np.where(paired[name], values, np.nan) if name in paired else values
        for name, values in jackknives.items()
    }
