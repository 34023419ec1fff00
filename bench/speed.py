#!/usr/bin/env python3
"""Speed of the ranking benchmark, measured side by side in one run: on one core, or on a GPU.

    python bench/speed.py                   # the supernet, a few minutes
    python bench/speed.py --device cuda     # the paper preset on a GPU, minutes
    python bench/speed.py --table nasbench101.h5 --tfrecord only108.tfrecord

    training_step   16 channels, 3 cells a stack, batch 96, against the same
                    network in contiguous order with one Python loop over
                    paths; aim: at least 2.2 times as fast
    scoring_pass    an architecture's forward passes over images in eval mode,
                    among 64 that are scored together, against the same; aim:
                    at least 4 times as fast
    *_bf16          the same in bf16, where the CPU has it, against fp32
    table_*         opening and the first answer; an answer by hash, by graph
    import, verify  of a TFRecord: seconds and peak memory

On a GPU, at full size:

    gpu_step        a step in bf16 without CUDA graphs against one with them;
                    gpu_step_fused: and with layers compiled, if they can be
    gpu_busy_*      share of the time in which kernels run
    gpu_training    images a second
    gpu_scoring_*   255 architectures calibrated on 500 images and scored on
                    2,000, raw and calibrated; with CUDA graphs and without

Times on a GPU are wall-clock. Else they are of the process's CPU, so that
other work on the machine disturbs them little; each is the median of several,
baseline and ours by turns. The baseline is built here from the same weights,
and its outputs are compared with ours (to 1e-4) before anything is timed.
"""

from __future__ import annotations

import os
import sys

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = os.path.realpath(__file__).rpartition("bench")[0]

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.speed"))

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable

from bench.base.command import run_command
from bench.base.files import write_csv
from bench.base.parser import CommandParser
from bench.table.speed import measure_import, measure_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


HIGHER = ("ratio", "%", "images/s")
"""Units in which more is better."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Measure, print, and write speed.csv."""
    table = RichTable("measured", "value", "unit", "aim", "", box=None)
    for row in measure_speed(**vars(parser().parse_args(argv))):
        is_met = row["value"] >= row["aim"] if row["unit"] in HIGHER else row["value"] <= row["aim"]
        value, aim = f"{row['value']:.3g}", f"{row['aim']:g}"
        table.add_row(row["name"], value, row["unit"], aim, "met" if is_met else "missed")
    Console().print(table)


def parser() -> CommandParser:
    """Describe the command line."""
    p = CommandParser(prog="bench/speed.py", description=__doc__)
    p.add_argument("--device", default="cpu", help="cpu, or cuda: the GPU alone is measured then")
    p.add_argument(
        "--table",
        type=Path,
        metavar="FILE",
        help="an imported table of NAS-Bench-101 (default: none is measured)",
    )
    p.add_argument(
        "--tfrecord",
        type=Path,
        metavar="FILE",
        help="a file to import and verify (default: none is)",
    )
    p.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder to write speed.csv to (default: it is not written)",
    )
    return p


def measure_speed(
    *,
    device: str = "cpu",
    table: Path | None = None,
    tfrecord: Path | None = None,
    out: Path | None = None,
) -> list[dict[str, Any]]:
    """Measure the supernet, and where they are given a table and an import.

    What was measured is written even where something later fails.

    Args:
        device: 'cpu', or a GPU, which is measured instead.
        table: an imported table of NAS-Bench-101.
        tfrecord: a file to import and verify.
        out: folder to write speed.csv to.

    Returns:
        The rows of speed.csv: name, value, unit, aim, and for ratios ours_s and baseline_s.

    Raises:
        ValueError: a device that this machine lacks.
    """
    rows: list[dict[str, Any]] = []
    for row in _measured(device, table, tfrecord):
        rows.append(row)
        if out is not None:
            write_csv(pd.DataFrame(rows), out / "speed.csv")
    return rows


def _measured(device: str, table: Path | None, tfrecord: Path | None) -> Iterator[dict[str, Any]]:
    from supernet.devices import choose_device
    from supernet.speed.cells import measure_scoring, measure_training, precisions
    from supernet.speed.gpu import measure_gpu

    if choose_device(device) == "cpu":
        for precision in precisions():
            yield measure_training(precision)
            yield measure_scoring(precision)
    else:
        yield from measure_gpu(choose_device(device))
    if table is not None:
        yield from measure_table(table)
    if tfrecord is not None:
        yield from measure_import(tfrecord)
