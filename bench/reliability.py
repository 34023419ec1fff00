"""How much a truth can be relied on: does one repeat rank the cells like the mean of the others?

    python -m bench.reliability bench/table/digits_truth.h5 OTHER.h5

For every repeat, Kendall tau-b of its ranking against the mean of all other repeats; printed are
the mean and the range over repeats, and tau of one repeat against another (which does not depend
on the number of repeats, so that tables with few and with many compare).
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.reliability"))

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable

from bench.base.command import run_command
from bench.base.parser import CommandParser
from bench.ranking.correlation import kendall_tau
from bench.table.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


COLUMNS = (
    "table",
    "cells",
    "repeats",
    "epochs",
    "accuracy",
    "one against the others",
    "one against another",
)


class Reliability(NamedTuple):
    """How well the repeats of a table agree.

    Attributes:
        table: its name.
        num_cells: how many cells it has.
        num_repeats: of each cell.
        epochs: the longest budget, which is looked at.
        accuracy: mean over cells and repeats, in [0, 1].
        against_rest: tau of each repeat against the mean of the others, shape (num_repeats,).
        between_repeats: tau of each repeat against each later one, shape (num_pairs,).
    """

    table: str
    num_cells: int
    num_repeats: int
    epochs: int
    accuracy: float
    against_rest: NDArray[np.float64]
    between_repeats: NDArray[np.float64]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Print a row per table."""
    rich = RichTable(*COLUMNS, box=None)
    for row in reliability(**vars(parser().parse_args(argv))):
        rest, pairs = row.against_rest, row.between_repeats
        rich.add_row(
            row.table,
            str(row.num_cells),
            str(row.num_repeats),
            str(row.epochs),
            f"{100 * row.accuracy:.1f}%",
            f"{rest.mean():.3f} ({rest.min():.3f} to {rest.max():.3f})",
            f"{pairs.mean():.3f}",
        )
    Console().print(rich)


def parser() -> CommandParser:
    """Describe the command line."""
    p = CommandParser(prog="python -m bench.reliability", description=__doc__)
    p.add_argument("tables", nargs="+", type=Path, metavar="TABLE", help="HDF5 table of truth")
    p.add_argument("--split", default="test", help="train, valid or test")
    return p


def reliability(tables: Iterable[Path | str], split: str = "test") -> list[Reliability]:
    """Return how well the repeats of each table agree after its longest budget.

    Args:
        tables: HDF5 tables.
        split: whose accuracies: 'train', 'valid' or 'test'.

    Raises:
        ValueError: no table, or one with fewer than two repeats of a cell.
    """
    return [_of(Path(path), split) for path in tables]


def against_rest(accuracies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return tau of each repeat against the mean of the others, shape (num_repeats,).

    Args:
        accuracies: of shape (num_cells, num_repeats), in [0, 1].

    Raises:
        ValueError: fewer than two repeats, or cells that lack some.
    """
    _check(accuracies)
    return np.array(
        [
            kendall_tau(accuracies[:, i], np.delete(accuracies, i, axis=1).mean(1))
            for i in range(accuracies.shape[1])
        ]
    )


def between_repeats(accuracies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return tau of each repeat against each later one, shape (num_pairs,); else as above."""
    _check(accuracies)
    num_repeats = accuracies.shape[1]
    pairs = [(i, j) for j in range(num_repeats) for i in range(j)]
    return np.array([kendall_tau(accuracies[:, i], accuracies[:, j]) for i, j in pairs])


def _of(path: Path, split: str) -> Reliability:
    with Table(path) as table:
        accuracies = table.accuracies(table.hashes(), split)
        return Reliability(
            table=path.stem,
            num_cells=len(table),
            num_repeats=table.num_repeats,
            epochs=table.budgets[-1],
            accuracy=float(np.nanmean(accuracies)),
            against_rest=against_rest(accuracies),
            between_repeats=between_repeats(accuracies),
        )


def _check(accuracies: NDArray[np.float64]) -> None:
    num_repeats = accuracies.shape[1]
    if num_repeats < 2 or np.isnan(accuracies).any():
        raise ValueError(
            f"needs at least 2 repeats of every cell, got {num_repeats} with "
            f"{int(np.isnan(accuracies).sum())} missing"
        )
