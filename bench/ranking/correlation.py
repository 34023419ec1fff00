"""How well scores rank truths: tau-b, Spearman, weighted tau, precision at the top, regret.

Every function takes scores and truths of shape (num_entries,), higher being better, and answers NaN
where the question has no answer, as when all scores are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from bench.ranking.pairs.sums import sum_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bench.ranking.pairs.sums import Sums

    Floats = NDArray[np.float64]

TOP_FRACTION = 10  # the top 1/10


@dataclass(frozen=True, eq=False)
class Concordance:
    """Pairs of entries, counted by the cells of the two.

    Resampling cells repeats all entries of a cell together, so that tau of a resample follows from
    these sums and the cells' multiplicities alone; ties within repeated entries drop out of tau-b.

    Attributes:
        agreement: concordant minus discordant ordered pairs, of shape (num_cells, num_cells).
        untied_scores: ordered pairs not tied in score, likewise.
        untied_truths: ordered pairs not tied in truth, likewise.
    """

    agreement: Floats
    untied_scores: Floats
    untied_truths: Floats

    def tau(self, multiplicities: Floats) -> Floats:
        """Return tau-b of each resample.

        Args:
            multiplicities: how often each cell was drawn, of shape (num_resamples, num_cells).
        """
        agreement, scores, truths = (
            ((multiplicities @ pairs) * multiplicities).sum(axis=1)
            for pairs in (self.agreement, self.untied_scores, self.untied_truths)
        )
        with np.errstate(invalid="ignore"):
            return np.asarray(agreement / np.sqrt(scores * truths))

    def within(self, mask: NDArray[np.bool_]) -> Concordance:
        """Keep the pairs of some pairs of cells: a stratified tau-b (Taylor 1987).

        Args:
            mask: symmetric, of shape (num_cells, num_cells).
        """
        return Concordance(
            self.agreement * mask, self.untied_scores * mask, self.untied_truths * mask
        )

    def jackknife(self) -> Floats:
        """Return tau-b without each cell in turn, of shape (num_cells,)."""
        agreement, scores, truths = (
            pairs.sum() - pairs.sum(axis=0) - pairs.sum(axis=1) + np.diag(pairs)
            for pairs in (self.agreement, self.untied_scores, self.untied_truths)
        )
        with np.errstate(invalid="ignore"):
            return np.asarray(agreement / np.sqrt(scores * truths))


def count_pairs(scores: Floats, truths: Floats, cells: NDArray[np.intp], num: int) -> Concordance:
    """Count the pairs of entries by cell.

    Args:
        scores: of shape (num_entries,).
        truths: of shape (num_entries,).
        cells: index of each entry's cell, of shape (num_entries,), in 0..num-1.
        num: number of cells.
    """
    members = np.zeros((len(cells), num))
    members[np.arange(len(cells)), cells] = 1
    x, y = _signs(scores), _signs(truths)
    return Concordance(*(members.T @ pairs @ members for pairs in (x * y, x * x, y * y)))


def kendall_tau(scores: Floats, truths: Floats) -> float:
    """Return Kendall's tau-b."""
    return sum_pairs(scores, truths).tau


def spearman(scores: Floats, truths: Floats) -> float:
    """Return Spearman's rank correlation."""
    if _is_constant(scores) or _is_constant(truths):
        return float("nan")
    return float(stats.spearmanr(scores, truths).statistic)


def weighted_tau(scores: Floats, truths: Floats, sums: Sums | None = None) -> float:
    """Return Vigna's weighted tau: pairs at the top of either ranking weigh most (hyperbolic).

    The weight of a pair is the sum of its entries', so that sums by entry suffice. As in scipy,
    whose value it is, equal truths are put in the order of their scores, and the other way round,
    which flatters: judge it beside that of random scores.

    Args:
        scores: of shape (num_entries,).
        truths: of shape (num_entries,).
        sums: of their pairs, where these are known already.
    """
    agreement, untied_scores, untied_truths = (sums or sum_pairs(scores, truths)).with_cell
    taus = []
    for order in (np.lexsort((truths, scores)), np.lexsort((scores, truths))):
        weights = np.empty(len(scores))
        weights[order[::-1]] = 1 / np.arange(1, len(scores) + 1)
        untied = (weights @ untied_scores) * (weights @ untied_truths)
        taus.append(weights @ agreement / np.sqrt(untied) if untied > 0 else np.nan)
    return float(np.mean(taus))


def precision_top10(scores: Floats, truths: Floats) -> float:
    """Return which part of the ceil(n/10) entries of highest score is truly in the top ceil(n/10).

    Entries as good as the last of the true top belong to it too. Equal scores at the edge share the
    places left, as if drawn by lot: a constant score gets the precision of chance.
    """
    num = ceil(len(scores) / TOP_FRACTION)
    is_top = truths >= np.sort(truths)[-num]
    edge = np.sort(scores)[-num]
    above, tied = scores > edge, scores == edge
    hits = is_top[above].sum() + is_top[tied].mean() * (num - above.sum())
    return float(hits / num)


def regret(scores: Floats, truths: Floats) -> float:
    """Return how much truth is lost by taking the entry of highest score, ties averaged."""
    return float(truths.max() - truths[scores == scores.max()].mean())


QUALITY: dict[str, Callable[[Floats, Floats, Sums | None], float]] = {
    "spearman": lambda scores, truths, _: spearman(scores, truths),
    "weighted_tau": weighted_tau,
    "precision_top10": lambda scores, truths, _: precision_top10(scores, truths),
    "regret": lambda scores, truths, _: regret(scores, truths),
}
"""What stands beside tau, of scores, truths and the sums of their pairs, where known already."""


def measure_quality(scores: Floats, truths: Floats, sums: Sums | None = None) -> dict[str, float]:
    """Return every statistic but tau by name."""
    return {name: statistic(scores, truths, sums) for name, statistic in QUALITY.items()}


def measure(scores: Floats, truths: Floats) -> dict[str, float]:
    """Return every statistic by name."""
    return {"tau": kendall_tau(scores, truths)} | measure_quality(scores, truths)


def _signs(values: Floats) -> Floats:
    """Return the signs of all differences, of shape (n, n); infinite values compare too."""
    column = values[:, None]
    return (column > values).astype(np.float64) - (column < values)


def _is_constant(values: Floats) -> bool:
    return bool((values == values[0]).all())
