#!/usr/bin/env python3
"""Rank any scores of NAS-Bench-101 cells against their true accuracies.

    python bench/rank.py scores.csv                    # the table of tau
    python bench/rank.py a.csv b.csv --out results/own # files, figures, page
    python bench/rank.py a.csv --lower a --cells sample:1000:0

A file has a row per cell, method and seed (cell_hash,method,seed,score), or a column of scores for
each method. A cell is told by cell_hash (or module_hash), by adjacency and operations, by branches
(conv3x3-bn-relu+maxpool3x3) or by architecture (3-p-).

From Python, `rank` takes a data frame and returns one, and `draw` draws it.
"""

from __future__ import annotations

import os
import sys

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = os.path.realpath(__file__).rpartition("bench")[0]

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.rank"))

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.base.command import positive, run_command
from bench.base.parser import CommandParser
from bench.verbs import options
from bench.verbs.options import PLUG_IN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    Source = Path | str | pd.DataFrame

COMMAND = "bench/rank.py"
REPORT = "report.html"


def rank(
    scores: Source | Sequence[Source],
    table: Path | str = "nasbench101",
    *,
    lower: Iterable[str] = (),
    cells: str = "",
    limit: int | None = None,
    allow_missing: bool = False,
    split: str = "test",
    epochs: int | None = None,
    baselines: Sequence[str] = (),
    out: Path | str | None = None,
    leaderboard: Path | str | None = None,
    command: str = "",
) -> pd.DataFrame:
    """Rank scores, and what costs nothing beside them.

    Args:
        scores: a data frame or a CSV file, or several; long or wide (see `bench.scores`). None:
            what costs nothing is ranked alone, on all cells of the table.
        table: the truth, an HDF5 file, 'nasbench101' or 'digits'.
        lower: methods of which lower is better.
        cells: `sample:NUM:SEED` of the table's, or a file of hashes, one a line; all that are
            scored unless given.
        limit: no more than so many cells, for a quick look.
        allow_missing: leave out cells without truth, or without a score of every method and seed.
        split: of the truth's images, 'test' or 'valid'.
        epochs: the truth's budget; None: the table's largest.
        baselines: further ones, as `package.module:name`.
        out: a folder for tables, figures and the page; None: nothing is written.
        leaderboard: the folder of one that the rows are added to, beside those of the same cells.
        command: the command line that asked for it, for the page.

    Returns:
        The rows of kendall_tau.csv: one for each method (column `scorer`), then the baselines; its
        `attrs["cells"]` says which cells they are of.

    Raises:
        ValueError: scores, a table or names that are not as they should be, or another command that
            is still at work in `out`.
    """
    import pandas as pd

    from bench.ranking.given.asked import asked_of
    from bench.ranking.given.outputs import rank_given, write_given
    from bench.runs.lock import RANKING_S, at_work

    _check_places(out, leaderboard)
    sources = [scores] if isinstance(scores, Path | str | pd.DataFrame) else list(scores)
    with asked_of(
        sources,
        table,
        lower=lower,
        cells=cells,
        limit=limit,
        allow_missing=allow_missing,
        split=split,
        epochs=epochs,
        baselines=baselines,
    ) as asked:
        rankings = rank_given(*asked)
        if out is not None:
            paths = [Path(source) for source in sources if not isinstance(source, pd.DataFrame)]
            about = (asked.chosen, asked.truth, asked.protocol)
            with at_work(Path(out), RANKING_S):
                write_given(Path(out), rankings, *about, command=command, files=paths)
                _report(Path(out), leaderboard)
    rankings.kendall_tau.attrs["cells"] = asked.chosen.statement
    return rankings.kendall_tau


def forecast(
    scores: Sequence[Source], *, out: Path | None, leaderboard: Path | None, **asked: Any
) -> str:
    """Check what `rank` checks, and say what it would do; write nothing.

    Raises:
        ValueError: as `rank`.
    """
    from bench.ranking.given.asked import asked_of
    from bench.ranking.given.forecast import forecast as say
    from bench.ranking.given.outputs import check_folder

    _check_places(out, leaderboard)
    if out is not None:
        check_folder(out)
    with asked_of(scores, **asked) as ready:
        return say(*ready)


def _check_places(out: Path | str | None, leaderboard: Path | str | None) -> None:
    """Refuse a leaderboard without a results folder of its own to take its rows from."""
    if leaderboard is None:
        return
    if out is None:
        raise ValueError("a leaderboard takes its rows from a results folder: name one with --out")
    if Path(out).resolve() == Path(leaderboard).resolve():
        raise ValueError(f"{out} is the leaderboard's own folder: name another with --out")


def _report(out: Path, leaderboard: Path | str | None) -> None:
    """Draw the page, and add the rows to a leaderboard."""
    from analysis.leaderboard.board import update
    from analysis.report import write_report

    write_report(out)
    if leaderboard is not None:
        update(Path(leaderboard), out)


def draw(ranked: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw what `rank` returned, in a notebook too.

    Args:
        ranked: rows of kendall_tau.csv.
        ax: where to; None: a figure of its own.
    """
    import matplotlib.pyplot as plt

    from analysis import style
    from analysis.given import tau

    if ax is not None:
        return tau.draw(ranked, ax)
    with style.context():
        size = (style.WIDTH, tau.height(ranked))
        return tau.draw(ranked, plt.subplots(figsize=size, layout="constrained")[1])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Rank the files, print the table, write what was asked for; or say what that would be."""
    with parser().asked(argv) as values:
        if values.pop("dry_run"):
            print(forecast(**values))
            return

        from rich.console import Console

        from analysis.given.tables import NARROW, given_table
        from analysis.text_table import to_rich

        arguments = sys.argv[1:] if argv is None else argv
        ranked = rank(**values, command=shlex.join(["python", COMMAND, *arguments]))
        Console().print(to_rich(given_table(ranked, tuple(NARROW)), NARROW, ["method"]))
        print(ranked.attrs["cells"])
        if values["out"]:
            print(f"report: {values['out'] / REPORT}")


def parser() -> CommandParser:
    """Describe the command line."""
    p = CommandParser(prog=COMMAND, description=__doc__)
    text = "CSV file with scores; without one, what costs nothing is ranked alone"
    p.add_argument("scores", nargs="*", type=Path, metavar="FILE", help=text)
    text = "HDF5 table with the truth, or nasbench101 or digits"
    p.add_argument("--table", default="nasbench101", metavar="FILE", help=text)
    text = "methods of which lower is better (default: none)"
    p.add_argument("--lower", type=options.names, default=(), metavar="NAME,...", help=text)
    options.add_cells(p, "", "rank these cells")
    text = "leave out cells without truth, or without a score of every method and seed"
    p.add_argument("--allow-missing", action="store_true", help=text)
    p.add_argument("--split", default="test", help="of the truth's images: test or valid")
    text = "budget of the truth (default: the table's largest)"
    p.add_argument("--epochs", type=positive, metavar="N", help=text)
    text = f"a further {PLUG_IN}, any number of times (default: none but ours)"
    p.add_argument(
        "--baseline", dest="baselines", action="append", default=[], metavar="NAME", help=text
    )
    options.add_out(p, "none, only the table is printed")
    text = (
        "add the rows to the leaderboard of a folder, such as results/leaderboard (default: none)"
    )
    p.add_argument("--leaderboard", type=Path, metavar="FOLDER", help=text)
    options.add_dry_run(p)
    options.add_list(p)
    return p
