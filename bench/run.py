#!/usr/bin/env python3
"""Train supernets, rank their architectures, and say how far to trust it: the ranking benchmark.

    python bench/run.py --m 4 --seeds 3         # digits, minutes on a laptop
    python bench/run.py --m 3,4 --protocol authors    # the released code's way
    python bench/run.py --preset paper --m 3,4 --device cuda   # Table 3
    python bench/run.py --set epochs=20 batch_size=96 --out results/mine

What is finished is not done again: the same command goes on where it stopped, and a folder of
results takes in further m, seeds and batch norms. Results: results/PRESET/report.html.
"""

from __future__ import annotations

import os
import sys

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = os.path.realpath(__file__).rpartition("bench")[0]

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.run"))

import shlex
from typing import TYPE_CHECKING, Any

from bench.base.command import run_command
from bench.base.forecast import duration, say_when
from bench.base.parallel import BACKENDS
from bench.base.parser import CommandParser
from bench.config.recipe import Recipe
from bench.config.registry import PRESETS
from bench.ranking.protocol import PROTOCOLS
from bench.verbs import options
from bench.verbs.options import PLUG_IN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.verbs.rank_supernets import Ranked

COMMAND = "bench/run.py"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Train, score, rank and report, or say what that would be."""
    with parser().asked(argv) as values:
        if values.pop("dry_run"):
            _dry_run(values)
            return

        from bench.verbs.rank_supernets import rank

        arguments = sys.argv[1:] if argv is None else argv
        ranked = rank(**values, command=shlex.join(["python", COMMAND, *arguments]))
    _show(ranked)


def _show(ranked: Ranked) -> None:
    from rich.console import Console

    from analysis.tables import difference_lines, terminal_table

    Console().print(terminal_table(ranked.kendall_tau))
    if ranked.truth_note:
        print(f"{ranked.truth_note}.")
    print(*difference_lines(ranked.rankings.differences), f"report: {ranked.page}", sep="\n")


def _dry_run(values: dict[str, Any]) -> None:
    from bench.runs.progress import label
    from bench.verbs.ranking.dry_run import dry_run
    from supernet.needs import describe_needs

    plan = dry_run(**values)
    for run, missing in plan.runs:
        what = f"{missing.num_epochs} epochs, {missing.num_architectures} architectures to score"
        told = f"{what}: {duration(missing.time_s)}" if missing.time_s else "complete"
        told += f", {describe_needs(missing.needs)}" if missing.needs else ""
        print(f"{label(run)}: {told}")
    print(f"{len(plan.runs)} runs, {say_when(plan.jobs, plan.work_s, 'steps of each recipe')}")


def parser() -> CommandParser:
    """Describe the command line."""
    p = CommandParser(prog=COMMAND, description=__doc__)
    options.add_preset(p, PRESETS, "digits")
    options.add_ms(p)
    options.add_seeds(p)
    _add_parts(p)
    options.add_data_set(p, "digits, mnist5k, cifar10, folder")
    options.add_data(p)
    options.add_table(p)
    options.add_other_truth(p)
    p.add_argument("--allow-missing", action="store_true", help="rank only cells in the table")
    options.add_changes(p, Recipe())
    options.add_out(p, "results/PRESET")
    options.add_machine(p)
    options.add_jobs(p, "runs")
    p.add_argument(
        "--tensorboard", action="store_true", help="write curves to OUT/tensorboard as runs train"
    )
    options.add_dry_run(p, "how long, and what it takes of memory and disk")
    options.add_list(p)
    p.add_argument("--backend", default="loky", metavar="NAME", help=f"of {', '.join(BACKENDS)}")
    p.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask scheduler (default: none, this machine)",
    )
    return p


def _add_parts(p: CommandParser) -> None:
    """Add what is trained and how it is ranked; each may be a user's own."""
    p.add_argument(
        "--batch-norm",
        dest="batch_norms",
        type=options.names,
        metavar="NAME,...",
        help="shadow, shadow-sum, single, single-sum, combination, none or "
        f"{PLUG_IN} (default: shadow,single; of protocol authors none,shadow)",
    )
    p.add_argument(
        "--protocol",
        dest="protocols",
        type=options.names,
        default="sound,paper",
        metavar="NAME,...",
        help=f"of {', '.join(PROTOCOLS)} or {PLUG_IN}",
    )
    p.add_argument(
        "--space",
        metavar="NAME",
        help=f"a search space, such as {PLUG_IN} (default: the preset's)",
    )
    options.add_net(p)
    options.add_sampler(p)
    for option, what in (("--scorer", "scorers"), ("--baseline", "baselines")):
        p.add_argument(
            option,
            dest=what,
            action="append",
            default=[],
            metavar="NAME",
            help=f"a further {PLUG_IN}, any number of times (default: none but ours)",
        )
