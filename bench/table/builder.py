"""Collect rows into a table, a few numbers at a time."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.network.cell import Cell
from bench.network.cell_costs import num_parameters
from bench.network.skeleton import NASBENCH101, Skeleton
from bench.table.data import FIGURES, Budget, Source, TableData, TableError, widened
from bench.table.packing import pack
from bench.table.write import write

NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One repeat of one cell at one budget, or the mean of unknown repeats.

    Accuracies are fractions in [0, 1] and times seconds, NaN where unknown.
    """

    cell: Cell
    epochs: int
    train: float = NAN
    valid: float = NAN
    test: float = NAN
    time_s: float = NAN
    mean_only: bool = False


class TableBuilder:
    """Collects rows one at a time, in a few numbers each."""

    def __init__(self, skeleton: Skeleton = NASBENCH101) -> None:
        self.skeleton = skeleton
        self.parameters = array("q")
        self._indices: dict[bytes, int] = {}
        self._graphs = array("Q")
        self._rows: dict[int, array[float]] = {}  # per budget: index, is mean, repeat, figures

    def index(self, cell: Cell) -> int:
        """Return the number of a cell, which is new or known; the first graph given stays."""
        digest = bytes.fromhex(cell.hash)
        index = self._indices.setdefault(digest, len(self._indices))
        if index == len(self.parameters):
            edges, operations = pack(cell)
            self._graphs.append(edges << 32 | operations)  # 21 bits and 10: one number for both
            self.parameters.append(num_parameters(cell, self.skeleton))
        return index

    def add(
        self,
        index: int,
        epochs: int,
        figures: Mapping[str, float],
        *,
        mean_only: bool = False,
        repeat: int | None = None,
    ) -> None:
        """Add the figures of one repeat, or of their mean; those not given are unknown.

        Repeats are kept in the order of `repeat`, or else of their arrival.
        """
        rows = self._rows.get(epochs)
        if rows is None:
            rows = self._rows[epochs] = array("d")
        place = len(rows) if repeat is None else repeat
        rows.extend((index, mean_only, place, *[figures.get(name, NAN) for name in FIGURES]))

    def build(
        self, sources: Iterable[Source] = (), details: Mapping[str, Any] | None = None
    ) -> TableData:
        """Sort everything by hash into arrays.

        Raises:
            TableError: if there is no row.
        """
        if not self._rows:
            raise TableError("a table needs at least one row: the source has none")
        digests = b"".join(self._indices)
        hashes = np.frombuffer(digests, dtype=np.uint8).reshape(-1, 16)
        # As two big-endian numbers the 16 bytes sort as they do one by one; the last key leads.
        order = np.lexsort(hashes.view(">u8").T[::-1])
        graphs = np.frombuffer(self._graphs, dtype=np.uint64)[order]
        return TableData(
            hashes=hashes[order],
            edges=(graphs >> np.uint64(32)).astype(np.uint32),
            operations=graphs.astype(np.uint16),  # the low bits; those above are the edges
            parameters=np.frombuffer(self.parameters, dtype=np.int64)[order],
            budgets=_budgets(self._rows, order),
            skeleton=self.skeleton,
            sources=tuple(sources),
            details=details or {},
        )


def collect(
    rows: Iterable[Row],
    *,
    skeleton: Skeleton = NASBENCH101,
    sources: Iterable[Source] = (),
    details: Mapping[str, Any] | None = None,
) -> TableData:
    """Collect rows into a table in memory."""
    builder = TableBuilder(skeleton)
    for row in rows:
        figures = {name: getattr(row, name) for name in FIGURES}
        builder.add(builder.index(row.cell), row.epochs, figures, mean_only=row.mean_only)
    return builder.build(sources, details)


def write_table(
    path: Path | str,
    rows: Iterable[Row],
    *,
    skeleton: Skeleton = NASBENCH101,
    sources: Iterable[Source] = (),
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write a table: all of it, or nothing.

    Args:
        path: the HDF5 file.
        rows: in any order; the repeats of a cell in theirs.
        skeleton: the network that the figures belong to; parameters are counted for it.
        sources: where the rows come from.
        details: anything else worth knowing about their origin, such as the training recipe.
    """
    write(path, collect(rows, skeleton=skeleton, sources=sources, details=details))


def _budgets(rows: Mapping[int, "array[float]"], order: NDArray[np.intp]) -> dict[int, Budget]:
    """Sort the rows of every budget into arrays, cells in this order."""
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    budgets = {
        epochs: _budget(np.frombuffer(rows[epochs]).reshape(-1, 3 + len(FIGURES)), places)
        for epochs in sorted(rows)
    }
    num_repeats = max(budget.figures["test"].shape[1] for budget in budgets.values())
    return {epochs: widened(budget, num_repeats) for epochs, budget in budgets.items()}


def _budget(rows: NDArray[np.float64], places: NDArray[np.intp]) -> Budget:
    """Sort rows (index, is mean, repeat, *figures) into arrays, cells in these places."""
    rows = rows[np.lexsort((rows[:, 2], rows[:, 0]))]
    indices, is_mean = rows[:, 0].astype(np.intp), rows[:, 1] != 0
    # A row's place less that of its cell's first row: 0, 1, 2... within each cell.
    repeats = np.arange(len(indices)) - np.searchsorted(indices, indices)
    if (is_mean & (np.bincount(indices)[indices] > 1)).any():
        raise TableError("a cell known by its mean must have one row: give its repeats or its mean")
    values = np.full((len(FIGURES), len(places), repeats.max() + 1), NAN)
    values[:, places[indices], repeats] = rows[:, 3:].T
    mean_only = np.zeros(len(places), dtype=np.bool_)
    mean_only[places[indices]] = is_mean
    return Budget(figures=dict(zip(FIGURES, values, strict=True)), mean_only=mean_only)
