#!/usr/bin/env python3
r"""Find multi-path networks as MixPath does: train a supernet, search it, train what was found.

    python bench/mixpath.py train --preset s1       # the paper's S1, on a GPU
    python bench/mixpath.py search results/s1/s1-m2/shadow-seed0
    python bench/mixpath.py retrain \\
        --search results/s1/s1-m2/shadow-seed0/search-nsga2-seed0
    python bench/mixpath.py transfer results/s3/retrain-0123456789-seed0
    python bench/mixpath.py describe mixnet-m
    python bench/mixpath.py train --preset s1 --out results/scaled-down \\
        --set width=0.25 depth=0.5 epochs=10 num_train_images=5000
    torchrun --nproc-per-node 8 bench/mixpath.py train --preset s3 --data DIR

Settings are the paper's; --set changes fields of the recipe, into a folder named with --out. What
is finished is not done again: the same command goes on where it stopped. Every verb has a --help.
"""

from __future__ import annotations

import os
import sys

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = os.path.realpath(__file__).rpartition("bench")[0]

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.mixpath"))

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from bench.base.command import positive, run_command
from bench.base.parser import CommandParser
from bench.config.recipe import Final, Recipe
from bench.config.registry import PRESETS
from bench.network.skeleton import BlockSkeleton
from bench.search.algorithms import ALGORITHMS
from bench.verbs import options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Do what the verb says, with the command line's options as keyword values."""
    with parser().asked(argv) as values:
        verb = import_module(f"bench.verbs.{values.pop('verb')}")
        verb.command(**values)


def parser() -> CommandParser:
    """Describe the command line."""
    whole = CommandParser(prog="bench/mixpath.py", description=__doc__)
    options.add_list(whole)
    verbs = whole.add_subparsers(required=True, metavar="VERB", dest="verb")
    for name, (add_options, summary, arguments) in VERBS.items():
        about = f"{summary[0].upper()}{summary[1:]}.\n\n    python {whole.prog} {name} {arguments}"
        add_options(verbs.add_parser(name, help=summary, description=about))
    return whole


def _train(p: CommandParser) -> None:
    options.add_preset(p, PRESETS, "s1")
    options.add_m(p, None)
    p.add_argument(
        "--batch-norm",
        metavar="NAME",
        help=f"shadow, single, combination, none or {options.PLUG_IN} (default: the preset's)",
    )
    options.add_sampler(p)
    options.add_net(p)
    options.add_images(p, Recipe())
    options.add_out(p, "results/PRESET")
    _add_limits(p, "epochs")


def _search(p: CommandParser) -> None:
    p.add_argument("supernet", type=Path, metavar="SUPERNET", help="its run folder")
    p.add_argument(
        "--algorithm",
        dest="algorithms",
        type=options.names,
        default=",".join(ALGORITHMS),
        metavar="NAME,...",
        help="nsga2, random, or both",
    )
    p.add_argument("--evaluations", type=positive, default=1000, help="architectures to evaluate")
    p.add_argument("--population", type=positive, default=40, help="architectures a generation")
    options.add_seeds(p)
    p.add_argument("--raw", action="store_true", help="score without calibrating batch norms")
    options.add_data(p)
    _add_limits(p, "evaluations of each search")


def _retrain(p: CommandParser) -> None:
    p.add_argument(
        "--search",
        type=Path,
        metavar="FOLDER",
        help="a search: takes its best network (default: --architecture)",
    )
    text = "the most that the search's network may cost (default: no limit)"
    p.add_argument("--max-multiply-adds", type=float, metavar="MILLIONS", help=text)
    p.add_argument("--architecture", help="text, JSON, mixpath-a or -b (default: the search's)")
    p.add_argument(
        "--start", metavar="FOLDER", help="a run to take weights from (default: from scratch)"
    )
    options.add_export(p)
    options.add_m(p, None)
    options.add_preset(p, PRESETS, None, "the one like the search's supernet, or s1")
    options.add_images(p, Final())
    options.add_out(p, "the search's, or results/PRESET")
    _add_limits(p, "epochs")


def _transfer(p: CommandParser) -> None:
    p.add_argument("network", type=Path, metavar="NETWORK", help="its run folder")
    options.add_export(p)
    options.add_images(p, Final(), "cifar10")
    options.add_out(p, "the network's")
    _add_limits(p, "epochs")


def _measure(p: CommandParser) -> None:
    p.add_argument("results", type=Path, metavar="RESULTS", help="folder with run folders")
    options.add_only(p)
    p.add_argument(
        "--models",
        dest="num_models",
        type=positive,
        default=1000,
        metavar="N",
        help="architectures of Figure 6",
    )
    options.add_data(p)
    options.add_jobs(p, "supernets")
    _add_limits(p, "of the supernets", "what is missing of each")


def _describe(p: CommandParser) -> None:
    p.add_argument(
        "network",
        metavar="NETWORK",
        help="architecture (text or JSON), a name such as mixnet-m or mixpath-a, or MixNet's "
        "notation",
    )
    options.add_preset(p, PRESETS, "s1")
    options.add_m(p, 4)
    options.add_changes(p, BlockSkeleton())
    p.add_argument("--json", dest="as_json", action="store_true", help="print JSON")


def _tables(p: CommandParser) -> None:
    p.add_argument(
        "networks", type=Path, nargs="*", metavar="NETWORK", help="run folder of a trained network"
    )
    text = "where to write table1.csv and table2.csv (default: nowhere)"
    p.add_argument("--out", type=Path, metavar="FOLDER", help=text)


def _add_limits(p: CommandParser, what: str, told: str = "how long") -> None:
    """Add where it runs, --dry-run and --limit to a verb of more than seconds."""
    options.add_machine(p)
    options.add_limit(p, what)
    options.add_dry_run(p, told)


VERBS: dict[str, tuple[Callable[[CommandParser], None], str, str]] = {
    "train": (_train, "train a supernet of S1, S2 or S3", "--preset s1-small"),
    "search": (
        _search,
        "search a trained supernet, with several seeds at one budget",
        "results/s1/s1-m2/shadow-seed0",
    ),
    "retrain": (
        _retrain,
        "train a found network, from scratch or from a run's weights",
        "\\\n        --search results/s1/s1-m2/shadow-seed0/search-nsga2-seed0 --export",
    ),
    "transfer": (
        _transfer,
        "fine-tune a trained network on another data set",
        "results/s3/retrain-0123456789-seed0",
    ),
    "measure": (
        _measure,
        "measure supernets of S1 and S2, and draw Figures 3, 5, 6 and Table 4",
        "results/s1-small",
    ),
    "describe": (_describe, "print a network's layers and costs", "mixnet-m --json"),
    "tables": (
        _tables,
        "print the paper's Tables 1 and 2, with trained networks of ours",
        "results/s1-small/retrain-*",
    ),
}
"""By name: what it asks for, what it does, and its arguments in the example that --help shows."""
