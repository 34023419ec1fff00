"""What a scorer knows that counting does not: pairs of cells that counting can't tell apart.

Most of tau is counting: cells with more 3x3 convolutions, or more parameters, are the better ones.
`tau_equal_conv3x3` is tau-b over pairs of cells with equally many 3x3 convolutions, which is
Kendall's tau with a blocking variable (Taylor, Biometrics 43, 1987); `tau_near_parameters` is the
same over pairs whose parameter counts differ by at most 5%: no blocks, but pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.ranking.baselines import num_conv3x3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bench.table.table import Table

NEAR = 1.05  # the larger count over the smaller

EQUAL_CONV3X3 = "tau_equal_conv3x3"
NEAR_PARAMETERS = "tau_near_parameters"
WITHIN = (EQUAL_CONV3X3, NEAR_PARAMETERS)


def strata(cells: Sequence[str], table: Table) -> dict[str, NDArray[np.bool_]]:
    """Tell which pairs of cells each tau within is over.

    Args:
        cells: hashes.
        table: knows them; parameters are counted in its skeleton.

    Returns:
        By name, symmetric masks of shape (num_cells, num_cells).
    """
    counts = np.array([num_conv3x3(table.cell(key), table.skeleton) for key in cells])
    sizes = np.array([table.parameters(key) for key in cells], dtype=np.float64)
    ratios = sizes[:, None] / sizes
    return {
        EQUAL_CONV3X3: counts[:, None] == counts,
        NEAR_PARAMETERS: (ratios <= NEAR) & (ratios >= 1 / NEAR),
    }
