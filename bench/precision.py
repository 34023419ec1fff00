#!/usr/bin/env python3
"""Whether scores taken in bf16 rank as those taken in fp32 do, on the digits.

    python bench/precision.py --out results/speed  # 8 minutes on one core

Supernets of m = 4 are trained in fp32 by the same recipe and seeds, so that their weights are the
same bytes; they are calibrated and scored in both precisions, and ranked under protocol `sound`.
bf16_scores.csv has a row for each batch norm, seed, raw and calibrated, and scorer: tau in fp32, in
bf16, and bf16 minus fp32.
"""

from __future__ import annotations

import os
import sys

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = os.path.realpath(__file__).rpartition("bench")[0]

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.precision"))

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.base.command import run_command
from bench.base.files import write_csv
from bench.base.parser import CommandParser

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

PRECISIONS = ("fp32", "bf16")
KEYS = ["bn", "seed", "calibrated", "scorer"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Compare, and print by how much tau moves."""
    found = compare(**vars(parser().parse_args(argv)))
    for scorer, moved in found.groupby("scorer")["difference"]:
        print(f"{scorer}: bf16 minus fp32 {moved.min():+.3f} to {moved.max():+.3f}")


def parser() -> CommandParser:
    """Describe the command line."""
    p = CommandParser(prog="bench/precision.py", description=__doc__)
    p.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder to write bf16_scores.csv to (default: it is not written)",
    )
    return p


def compare(
    *,
    out: Path | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    changes: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Rank scores of both precisions.

    Args:
        out: folder to write bf16_scores.csv to.
        seeds: of the supernets.
        changes: fields of the recipe, by name.
    """
    from bench.verbs.rank_supernets import rank

    taus = {}
    with tempfile.TemporaryDirectory() as folder:
        for precision in PRECISIONS:
            ranked = rank(
                "digits",
                seeds=seeds,
                protocols=("sound",),
                changes={**(changes or {}), "score_precision": precision},
                out=Path(folder) / precision,
                device="cpu",
                jobs=1,
            )
            taus[precision] = by_seed(ranked.rankings.by_seed)
    both = taus["fp32"].merge(taus["bf16"], on=KEYS, suffixes=("_fp32", "_bf16"))
    both["difference"] = (both["tau_bf16"] - both["tau_fp32"]).round(6)
    if out is not None:
        write_csv(both, out / "bf16_scores.csv")
    return both


def by_seed(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the supernets' rows of kendall_tau_by_seed.csv, and their tau."""
    return frame[frame["bn"] != "-"][[*KEYS, "tau"]]
