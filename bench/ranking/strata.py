"""What a scorer knows that counting does not, and whether it still knows it among the best.

Most of tau is counting: cells with more 3x3 convolutions, or more parameters, are the better ones.
`tau_equal_conv3x3` is tau-b over pairs of cells with equally many 3x3 convolutions, which is
Kendall's tau with a blocking variable (Taylor, Biometrics 43, 1987); `tau_near_parameters` is the
same over pairs whose parameter counts differ by at most 5%: no blocks, but pairs. `tau_top20` is
tau-b among the fifth of the cells of highest truth, where a search has to choose and where orders
found over all cells can turn round.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from bench.ranking.baselines import num_conv3x3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bench.table.table import Table

    Floats = NDArray[np.float64]

NEAR = 1.05  # the larger count over the smaller
TOP_FRACTION = 5  # the best 1/5

EQUAL_CONV3X3 = "tau_equal_conv3x3"
NEAR_PARAMETERS = "tau_near_parameters"
TOP20 = "tau_top20"
WITHIN = (EQUAL_CONV3X3, NEAR_PARAMETERS, TOP20)


@dataclass(frozen=True, eq=False)
class Blocks:
    """Pairs of cells of one block.

    Attributes:
        labels: of the blocks, of shape (num_cells,); -1 of cells in none.
    """

    labels: NDArray[np.intp]

    def mask(self) -> NDArray[np.bool_]:
        """Tell which pairs there are, of shape (num_cells, num_cells)."""
        return np.asarray((self.labels[:, None] == self.labels) & (self.labels >= 0))

    def is_paired(self) -> NDArray[np.bool_]:
        """Tell which cells are in any pair, of shape (num_cells,)."""
        _, inverse, counts = np.unique(self.labels, return_inverse=True, return_counts=True)
        return np.asarray((counts[inverse] > 1) & (self.labels >= 0))


@dataclass(frozen=True, eq=False)
class Near:
    """Pairs of cells of nearly the same size.

    Attributes:
        sizes: of shape (num_cells,), all above 0.
    """

    sizes: Floats

    def mask(self) -> NDArray[np.bool_]:
        """Tell which pairs there are, of shape (num_cells, num_cells)."""
        ratios = self.sizes[:, None] / self.sizes
        return np.asarray((ratios <= NEAR) & (ratios >= 1 / NEAR))

    def is_paired(self) -> NDArray[np.bool_]:
        """Tell which cells are in any pair, of shape (num_cells,)."""
        return np.asarray(self.mask().sum(axis=1) > 1)  # with others than itself


Stratum = Blocks | Near


def strata(cells: Sequence[str], table: Table, truths: Floats) -> dict[str, Stratum]:
    """Tell which pairs of cells each tau within is over.

    Args:
        cells: hashes.
        table: knows them; parameters are counted in its skeleton.
        truths: the cells' mean accuracies, of shape (num_cells,).
    """
    counts = [num_conv3x3(table.cell(key), table.skeleton) for key in cells]
    sizes = [table.parameters(key) for key in cells]
    return {
        EQUAL_CONV3X3: Blocks(np.array(counts, dtype=np.intp)),
        NEAR_PARAMETERS: Near(np.array(sizes, dtype=np.float64)),
        TOP20: Blocks(np.where(_is_top(truths), 0, -1)),
    }


def _is_top(truths: Floats) -> NDArray[np.bool_]:
    """Tell which cells are among the best, those as good as the last of them included."""
    num = ceil(len(truths) / TOP_FRACTION)
    return np.asarray(truths >= np.sort(truths)[-num])
