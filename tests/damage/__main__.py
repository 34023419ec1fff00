"""The command line of the damage campaign: see `tests.damage`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torch

from bench.base.command import STOPPED
from bench.base.stopping import is_asked, stoppable
from bench.verbs.options import duration
from tests.damage.campaign import Campaign, run_campaign
from tests.damage.kept import Kept
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
    p.add_argument("--keep", type=Path, metavar="FILE", help="what was tried: go on from there")
    p.add_argument("--time-limit", type=duration, metavar="TIME", help="stop then, with code 75")
    values = vars(p.parse_args())
    shown, keep, limit_s = (values.pop(name) for name in ("shown", "keep", "time_limit"))
    torch.set_num_threads(1)
    campaign = Campaign(**values)
    kept = Kept(keep, campaign)
    with stoppable(limit_s), tempfile.TemporaryDirectory() as scratch:
        for trial in run_campaign(campaign, Path(scratch), list(kept.trials)):
            kept.add(trial)
            if is_asked():
                break
        has_stopped = is_asked()
    print(*table_lines(kept.trials), *bad_lines(kept.trials, shown), sep="\n")
    is_bad = any(trial.is_bad for trial in kept.trials)
    return int(is_bad) or STOPPED * has_stopped


if __name__ == "__main__":
    sys.exit(main())
