"""How much a truth can be relied on: does one repeat rank the cells like the mean of the others?

    python -m bench.reliability bench/digits_truth.h5 OTHER.h5

For every repeat, Kendall tau-b of its ranking against the mean of all other repeats; printed are
the mean and the range over repeats, and tau of one repeat against another (which does not depend
on the number of repeats, so that tables with few and with many compare).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable

from bench.base.command import Parser, run_command
from bench.ranking.correlation import kendall_tau
from bench.table.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Print a row per table."""
    p = Parser(prog="python -m bench.reliability", description=__doc__)
    p.add_argument("tables", nargs="+", type=Path)
    p.add_argument("--split", default="test", help="train, valid or test")
    rich = RichTable("table", "cells", "repeats", "epochs", "accuracy", "one against the others",
                     "one against another", box=None)  # fmt: skip
    options = p.parse_args(argv)
    for path in options.tables:
        with Table(path) as table:
            accuracies = table.accuracies(table.hashes(), options.split)
            rest, pairs = against_rest(accuracies), between_repeats(accuracies)
            rich.add_row(
                path.stem,
                str(len(table)),
                str(table.num_repeats),
                str(table.budgets[-1]),
                f"{100 * np.nanmean(accuracies):.1f}%",
                f"{rest.mean():.3f} ({rest.min():.3f} to {rest.max():.3f})",
                f"{pairs.mean():.3f}",
            )
    Console().print(rich)


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


def _check(accuracies: NDArray[np.float64]) -> None:
    num_repeats = accuracies.shape[1]
    if num_repeats < 2 or np.isnan(accuracies).any():
        raise ValueError(
            f"needs at least 2 repeats of every cell, got {num_repeats} with "
            f"{int(np.isnan(accuracies).sum())} missing"
        )


if __name__ == "__main__":
    sys.exit(main())
