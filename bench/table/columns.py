"""The arrays of a table: what each must be like, on writing as on reading.

The names are those of the file: `hash`, `edges`, `operations` and `parameters` of every cell, and
per budget the figures and `mean_only`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.table.data import FIGURES, SPLITS

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Column:
    """What an array must be like.

    Attributes:
        dtype: of its values.
        width: how many values a cell has: None one, 0 one per repeat.
        least: the smallest value.
        most: the largest; finite, so that infinity is too large.
    """

    dtype: type[np.generic]
    width: int | None = None
    least: float = 0.0
    most: float = 1e18

    def problem(self, values: NDArray[Any], num_cells: int, num_repeats: int) -> str:
        """Say what is wrong with an array; empty if nothing is. NaN stands for what is unknown."""
        misfit = self.misfit(values.dtype, values.shape, num_cells, num_repeats)
        return misfit or self.excess(values)

    def misfit(
        self, dtype: np.dtype[Any], shape: tuple[int, ...], num_cells: int, num_repeats: int
    ) -> str:
        """Say what is wrong with an array's type and shape, before it is read."""
        wide = {None: (), 0: (num_repeats,)}.get(self.width, (self.width,))
        if dtype.newbyteorder("=") == self.dtype and shape == (num_cells, *wide):
            return ""
        expected = np.dtype(self.dtype)
        return f"holds {dtype} of shape {shape} instead of {expected} of {(num_cells, *wide)}"

    def excess(self, values: NDArray[Any]) -> str:
        """Say which value lies out of bounds."""
        wrong = values[(values < self.least) | (values > self.most)]
        return f"holds {wrong[0]:g}, not in [{self.least:g}, {self.most:g}]" if wrong.size else ""


CELL_COLUMNS = {
    "hash": Column(dtype=np.uint8, width=16),
    "edges": Column(dtype=np.uint32, most=(1 << 21) - 1),
    "operations": Column(dtype=np.uint16, most=(1 << 10) - 1),
    "parameters": Column(dtype=np.int64, least=1),
}
BUDGET_COLUMNS = {
    **{
        name: Column(dtype=np.float64, width=0, most=1.0 if name in SPLITS else 1e18)
        for name in FIGURES
    },
    "mean_only": Column(dtype=np.bool_, most=1),
}


def unsorted_place(hashes: NDArray[np.uint8]) -> int | None:
    """Return the first cell whose hash is not above that of the cell before it, if any."""
    high, low = np.ascontiguousarray(hashes).view(">u8").T
    rises = (high[1:] > high[:-1]) | (high[1:] == high[:-1]) & (low[1:] > low[:-1])
    return None if rises.all() else int(np.argmin(rises)) + 1
