"""The contents of a table in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.network.skeleton import Skeleton

SPLITS = ("train", "valid", "test")
FIGURES = (*SPLITS, "time_s")
"""What is known of one repeat: accuracies in [0, 1], all others no less than 0. A further one is a
name at the end here and a field of `builder.Row`; importers, file, `verify` and `text` follow."""
FIRST_FIGURES = frozenset(FIGURES[:4])
"""Those of every file; one added later is unknown in the files written before it."""

MOST_EPOCHS = 1_000_000
"""The largest budget that is believed."""

MEAN_DIGITS = 12  # equal means of other repeats differ in the 16th, and would not be tied

SAME_MEAN = 1e-7
"""Means no further apart are one. Accuracies are counts of images, whose means are 1e-5 apart or
more; those of equal counts are up to 6e-8 apart where repeats were kept in 32 bits."""


class TableError(ValueError):
    """A table that cannot be read, or does not hold what is asked of it."""


class CellNotInTableError(TableError):
    """A cell, or a figure of it, that the table lacks."""


class SourceError(TableError):
    """A source that cannot be imported, with the number of the record at fault, from 1."""

    def __init__(self, path: Path, number: int, reason: object) -> None:
        super().__init__(f"{path}: record {number}: {reason}")


class Source(NamedTuple):
    """Where rows come from."""

    name: str
    sha256: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Budget:
    """What is known at one number of epochs.

    Attributes:
        figures: those of FIGURES by name, each of shape (num_cells, num_repeats).
        mean_only: whether repeat 0 is a mean, of shape (num_cells,).
    """

    figures: dict[str, NDArray[np.float64]]
    mean_only: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class TableData:
    """A whole table; cells are sorted by hash.

    Attributes:
        hashes: of shape (num_cells, 16), uint8.
        edges: packed, of shape (num_cells,).
        operations: packed, of shape (num_cells,).
        parameters: trainable parameters in `skeleton`, of shape (num_cells,).
        budgets: per number of epochs.
        details: anything else worth knowing about the origin of the figures.
    """

    hashes: NDArray[np.uint8]
    edges: NDArray[np.uint32]
    operations: NDArray[np.uint16]
    parameters: NDArray[np.int64]
    budgets: dict[int, Budget]
    skeleton: Skeleton
    sources: tuple[Source, ...]
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def num_repeats(self) -> int:
        """The most repeats that any cell has."""
        return int(max(budget.figures["test"].shape[1] for budget in self.budgets.values()))


def known_means(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over the known repeats, from shape (num_cells, num_repeats); NaN without any."""
    counts = (~np.isnan(figures)).sum(axis=1)
    means: NDArray[np.float64] = np.nansum(figures, axis=1) / np.where(counts, counts, np.nan)
    return means


def tied(means: Sequence[float]) -> list[float]:
    """Give means of the same images the same bits: the lowest of them.

    Rounding would not do: there are always two close means that it tells apart.
    """
    if len(means) < 2:
        return [round(mean, MEAN_DIGITS) for mean in means]
    order = np.argsort(means, kind="stable")
    ascending = np.array(means)[order]
    begins = np.diff(ascending, prepend=-np.inf) > SAME_MEAN
    lowest = ascending[begins][np.cumsum(begins) - 1]
    # Means that are no counts can be close one to the next over any distance: none so is a group.
    begins |= np.diff(np.floor((ascending - lowest) / SAME_MEAN), prepend=0) > 0
    same = np.empty_like(ascending)
    same[order] = ascending[begins][np.cumsum(begins) - 1]
    return same.round(MEAN_DIGITS).tolist()  # type: ignore[no-any-return]  # numpy's


def widened(budget: Budget, num_repeats: int) -> Budget:
    """Pad a budget with unknown repeats."""
    missing = num_repeats - budget.figures["test"].shape[1]
    if not missing:
        return budget
    padding = ((0, 0), (0, missing))
    return Budget(
        figures={
            name: np.pad(values, padding, constant_values=np.nan)
            for name, values in budget.figures.items()
        },
        mean_only=budget.mean_only,
    )
