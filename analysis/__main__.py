"""Redraw figures, tables and page of a results folder from its files: python -m analysis FOLDER."""

from __future__ import annotations

import sys

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("analysis.__main__"))

from pathlib import Path
from typing import TYPE_CHECKING

from bench.base.command import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence


def command(argv: Sequence[str] | None = None) -> None:
    """Redraw what was ranked."""
    results = parser().parse_args(argv).results

    from analysis.report import write_report

    print(write_report(results))


def parser() -> Parser:
    """Describe the command line."""
    p = Parser(prog="python -m analysis", description=__doc__)
    p.add_argument("results", type=Path, help="results folder, such as results/digits")
    return p
