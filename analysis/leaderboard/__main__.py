"""Add a ranking to a leaderboard, and draw it again.

    python -m analysis.leaderboard results/mine --section "NAS-Bench-101, whole space"

Writes leaderboard.csv, leaderboard.md and the figure into the leaderboard's folder. Rows of a
method, cells and section that are there already are replaced.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("analysis.leaderboard.__main__"))

from pathlib import Path
from typing import TYPE_CHECKING

from bench.base.command import Parser, run_command, words

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Add the folder's rows."""
    values = vars(parser().parse_args(argv))

    from analysis.leaderboard.board import update
    from analysis.leaderboard.rows import BOARD

    update(values["board"], values["results"], values["section"], values["m"])
    print(values["board"] / BOARD)


def parser() -> Parser:
    """Describe the command line."""
    p = Parser(prog="python -m analysis.leaderboard", description=__doc__)
    p.add_argument("results", type=Path, help="results folder, such as results/mine")
    text = "which the rows belong to (default: the one of the same cells, else a new one)"
    p.add_argument("--section", type=words, default="", help=text)
    p.add_argument("--m", type=int, default=0, help="of supernets, the one to show")
    text = "folder of the leaderboard"
    p.add_argument("--board", type=Path, default=Path("results/leaderboard"), help=text)
    return p
