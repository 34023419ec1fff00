#!/usr/bin/env python3
"""Speed of the MixPath pipelines on one core, fp32, as ratios and shares measured in one run.

    python bench/speed_mixpath.py           # about 3 minutes
    python bench/speed_mixpath.py --data IMAGES --out results/speed

    s1_step        a training step of S1 (width 0.25, batch 64) against the
                   plain loop over paths in the usual contiguous layout; aim:
                   at least 1.8 times as fast
    s1_scoring     a forward pass in eval mode against the same; aim: no slower
    decoding       images decoded and augmented at 224 pixels a second and
                   core; aim: 120
    search         share of a search of 1,000 evaluations spent inside the
                   network; aim: 95%

Times are of this process's CPU, so that other work on the machine disturbs them little. The plain
loop is built here, from the same weights, and its outputs are compared before it is timed.
"""

from __future__ import annotations

import os
import sys

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = os.path.realpath(__file__).rpartition("bench")[0]

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.speed_mixpath"))

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.base.command import run_command
from bench.base.files import write_csv
from bench.base.parser import CommandParser

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    for row in measure_speed(**vars(parser().parse_args(argv))):
        verdict = "met" if row["value"] >= row["aim"] else "MISSED"
        print(
            f"{row['what']:12} {row['value']:8.2f} {row['unit']:20} aim {row['aim']:g}: {verdict}"
        )


def parser() -> CommandParser:
    """Describe the command line."""
    p = CommandParser(prog="bench/speed_mixpath.py", description=__doc__)
    p.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="folder with train/<class>/<image> to decode (default: none are)",
    )
    p.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder to write speed_mixpath.csv to (default: it is not written)",
    )
    return p


def measure_speed(*, data: Path | None = None, out: Path | None = None) -> list[dict[str, Any]]:
    """Measure S1's supernet, decoding where images are given, and a search.

    Args:
        data: folder with train/<class>/<image> to decode.
        out: folder to write speed_mixpath.csv to.

    Returns:
        The rows of speed_mixpath.csv: what, value, unit, aim, and for ratios ours_s and plain_s.
    """
    import torch

    from supernet.speed.bottlenecks import measure_s1
    from supernet.speed.pipelines import measure_decoding, measure_search

    torch.set_num_threads(1)
    rows = [*measure_s1()]
    if data is not None:
        rows.append(measure_decoding(data))
    forward_s = rows[1]["ours_s"]  # of the forward pass in eval mode
    rows.append(measure_search(forward_s))
    if out is not None:
        write_csv(pd.DataFrame(rows), out / "speed_mixpath.csv")
    return rows
