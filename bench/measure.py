#!/usr/bin/env python3
"""Measure what the paper's analyses need of ranked supernets, into their run folders.

    python bench/measure.py results/digits          # all runs there
    python bench/measure.py results/digits --only curve,similarity

Then `python -m analysis results/digits` draws the page. What is measured is not measured again:
the same command goes on where it stopped. All 24 digits runs (m = 1..4, shadow and single, 3
seeds) take a few minutes on two cores. Weights by epoch come from the snapshots that the preset's
`snapshot_epochs` keeps; without them only untrained and final weights are measured. Last come
what needs the truth as well: variations.csv and calibration_tau.csv in the results folder.
"""

from __future__ import annotations

import os
import sys

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = os.path.realpath(__file__).rpartition("bench")[0]

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.measure"))

from pathlib import Path
from typing import TYPE_CHECKING

from bench.base.command import run_command
from bench.base.parser import CommandParser
from bench.verbs import options

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Measure what is missing, or say what that would be."""
    with parser().asked(argv) as values:
        from bench.verbs import measure_ranked

        if values.pop("dry_run"):
            asked = ("results", "only", "limit", "data", "jobs", "device", "threads")
            told = measure_ranked.say_missing(**{name: values[name] for name in asked})
            print(*told, sep="\n")
        else:
            measure_ranked.command(**values)


def parser() -> CommandParser:
    """Describe the command line."""
    p = CommandParser(prog="bench/measure.py", description=__doc__)
    p.add_argument("results", type=Path, metavar="RESULTS", help="folder with run folders")
    options.add_only(p)
    options.add_limit(p, "of the runs")
    options.add_table(p)
    options.add_other_truth(p)
    options.add_data(p)
    options.add_machine(p)
    options.add_jobs(p, "runs")
    options.add_dry_run(p, "what is missing of each run")
    options.add_list(p)
    return p
