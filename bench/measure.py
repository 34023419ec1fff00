#!/usr/bin/env python3
"""Measure what the paper's analyses need of trained supernets, into CSV files in their run folders.

    python bench/measure.py results/digits                     # all runs there
    python bench/measure.py results/digits --only curve,similarity

Then `python -m analysis results/digits` draws the page. What is measured is not measured again:
the same command goes on where it stopped. All 24 digits runs (m = 1..4, shadow and single, 3
seeds) take a few minutes on two cores. Weights by epoch come from the snapshots that the preset's
`snapshot_epochs` keeps; without them only untrained and final weights are measured. Last come
what needs the truth as well: variations.csv and calibration_tau.csv in the results folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from bench.base.command import Parser, positive, run_command
from bench.base.names import unknown
from bench.base.parallel import default_jobs, in_parallel, task
from bench.config.registry import PRESETS
from bench.ranking.variations import write_variations
from bench.runs.run import Run, find_main_runs
from bench.table.table import open_table

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Measure what is missing."""
    from supernet.devices import choose_device
    from supernet.measure.measurements import MEASUREMENTS, missing

    options = parser().parse_args(argv)
    names = [name for name in (options.only or "").split(",") if name] or list(MEASUREMENTS)
    for name in names:
        if name not in MEASUREMENTS:
            raise unknown("measurement", name, MEASUREMENTS)
    runs = find_main_runs(options.results)
    if not runs:
        raise ValueError(
            f"{options.results} holds no complete run: python bench/run.py --m 1,2,3,4 makes the "
            "digits runs"
        )
    with open_table(options.table or default_table(runs)) as table:
        device = choose_device(options.device)
        todo = [run for run in runs if missing(run, names)]
        tasks = (task(_measure, run, names, options.data, device, options.threads) for run in todo)
        jobs = min(options.jobs or default_jobs(device, options.threads), max(len(todo), 1))
        done = in_parallel(tasks, jobs)
        for _ in track(done, "measuring", total=len(todo), console=Console(stderr=True)):
            pass
        write_variations(options.results, runs, table)  # seconds, so always anew
    print(f"{len(runs)} runs measured: python -m analysis {options.results} draws the page")


def default_table(runs: Sequence[Run]) -> str:
    """Return the table of the preset that has the runs' data set.

    Raises:
        ValueError: no preset has it.
    """
    for preset in (make() for make in PRESETS.values()):
        if preset.recipe.data_set == runs[0].recipe.data_set:
            return preset.table
    raise ValueError(
        f"no preset has data set {runs[0].recipe.data_set!r}: name its truth with --table"
    )


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    p = Parser(
        prog="bench/measure.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("results", type=Path, help="a results folder, such as results/digits")
    p.add_argument("--only", metavar="NAME,...", help="measure just these (default: all)")
    p.add_argument("--table", help="HDF5 table with the truth (default: the preset's)")
    p.add_argument("--data", type=Path, help="folder of the images")
    p.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    p.add_argument("--threads", type=positive, default=1, help="threads of each run")
    p.add_argument("--jobs", type=positive, help="runs at once (default: cores; 1 on a GPU)")
    return p


def _measure(run: Run, names: list[str], data: Path | None, device: str, num_threads: int) -> Run:
    from supernet.measure.measurements import measure_run

    return measure_run(run, names, data, device, num_threads)


if __name__ == "__main__":
    sys.exit(main())
