"""Train every cell of a space stand-alone, several times: a ground-truth table for any data set.

    mixpath-truth --preset digits --out digits.h5   # the table that ships
    mixpath-truth --data-set folder --data IMAGES --out own.h5 --set epochs=20

One cell trained once is one small file in OUT's `.parts` folder, so that the same command goes on
where it stopped; when all are there they become the table. On two cores the digits table takes
about half an hour.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.truth"))

from pathlib import Path
from typing import TYPE_CHECKING

from bench.base.command import run_command
from bench.base.parser import CommandParser
from bench.config.recipe import StandAlone
from bench.config.registry import PRESETS
from bench.verbs import options

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Train what is missing and write the table, or say what that would be."""
    with parser().asked(argv) as values:
        from bench.verbs.truth import forecast, look, train_truth

        is_dry = values.pop("dry_run")
        if is_dry or values["limit"]:
            print((forecast if is_dry else look)(**values))
            return
        del values["limit"]
        table = train_truth(**values)
    print(f"{table}: mixpath-table describe shows what is in it")


def parser() -> CommandParser:
    """Describe the command line."""
    p = CommandParser(prog="mixpath-truth", description=__doc__)
    p.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the HDF5 table to write (required)"
    )
    options.add_preset(p, PRESETS, "digits")
    options.add_data_set(p, "digits, mnist5k, cifar10, folder")
    options.add_data(p)
    options.add_limit(p, "of the cells")
    options.add_changes(p, StandAlone())
    options.add_device(p)
    options.add_jobs(p, "trainings")
    options.add_dry_run(p)
    options.add_list(p)
    return p
