"""The command line of the damage campaign: see `tests.damage`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torch

from tests.damage.campaign import Campaign, run_campaign
from tests.damage.tally import bad_lines, table_lines


def main() -> int:
    """Run the campaign; return 1 where a damaged file was believed, crashed or hung a reader."""
    p = argparse.ArgumentParser(prog="python -m tests.damage", description=__doc__)
    p.add_argument("--inputs", type=int, default=3000, help="damaged files in all")
    p.add_argument("--kills", type=int, default=40, help="commands killed in all")
    p.add_argument("--commands", type=int, default=20, help="inputs by command line in all")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--only", default="", metavar="TEXT", help="kinds whose name has it")
    p.add_argument("--shown", type=int, default=20, help="examples of what went wrong")
    values = vars(p.parse_args())
    shown = values.pop("shown")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        trials = run_campaign(Campaign(**values), Path(scratch))
    print(*table_lines(trials), *bad_lines(trials, shown), sep="\n")
    return int(any(trial.is_bad for trial in trials))


if __name__ == "__main__":
    sys.exit(main())
