#!/usr/bin/env python3
"""Find multi-path networks as MixPath does: train a supernet, search it, train what was found.

    python bench/mixpath.py train --preset s1            # the paper's S1, on a GPU
    python bench/mixpath.py search results/s1/s1-m2/shadow-seed0 # NSGA-II and random
    python bench/mixpath.py retrain --search results/s1/s1-m2/shadow-seed0/search-nsga2-seed0
    python bench/mixpath.py transfer results/s3/retrain-0123456789-seed0   # ImageNet to CIFAR-10
    python bench/mixpath.py describe mixnet-m                              # costs of a network

Settings are the paper's; `--set width=0.25 depth=0.5 epochs=10 num_train_images=5000 image_size=64`
scales down, into a folder named with --out. What is finished is not done again. S2 and S3 train on
several GPUs under `torchrun --nproc-per-node 8 bench/mixpath.py train --preset s3 --data IMAGENET`.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
from typing import TYPE_CHECKING

from bench.base.command import Parser, positive, run_command
from bench.config.registry import PRESETS
from bench.search.algorithms import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Do what the verb says."""
    options = parser().parse_args(argv)
    options.run(options)


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    whole = Parser(
        prog="bench/mixpath.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = whole.add_subparsers(required=True, metavar="VERB")
    _add_train(verbs)
    _add_search(verbs)
    _add_retrain(verbs)
    _add_transfer(verbs)
    _add_measure(verbs)
    _add_describe(verbs)
    _add_tables(verbs)
    return whole


def _add_train(verbs: argparse._SubParsersAction[Parser]) -> None:
    p = verbs.add_parser("train", help="train a supernet")
    _preset_options(p)
    p.add_argument("--m", type=positive, help="largest number of kernels summed, 1..4 (default 2)")
    p.add_argument("--batch-norm", help="shadow (default), single, combination, none")
    p.add_argument(
        "--sampler", help="which path trains next: uniform, one-shot or package.module:name"
    )
    _machine_options(p)
    p.set_defaults(run=_verb("train"))


def _add_search(verbs: argparse._SubParsersAction[Parser]) -> None:
    p = verbs.add_parser("search", help="search a trained supernet")
    p.add_argument("supernet", type=Path, help="its run folder")
    p.add_argument("--algorithm", default=",".join(ALGORITHMS), help="nsga2, random, or both")
    p.add_argument("--evaluations", type=positive, default=1000, help="architectures to evaluate")
    p.add_argument("--population", type=positive, default=40, help="architectures a generation")
    p.add_argument("--seeds", default="3", help="how many seeds (0, 1, ...), or a list: 0,7,")
    p.add_argument("--raw", action="store_true", help="score without calibrating batch norms")
    p.add_argument("--data", type=Path, help="folder of the images")
    _machine_options(p)
    p.set_defaults(run=_verb("search"))


def _add_retrain(verbs: argparse._SubParsersAction[Parser]) -> None:
    p = verbs.add_parser("retrain", help="train a found network for good")
    p.add_argument("--search", type=Path, help="a search's folder: takes its most accurate network")
    p.add_argument("--max-multiply-adds", type=float, help="of the search's networks, in millions")
    p.add_argument("--architecture", help="text, JSON, mixpath-a or mixpath-b")
    p.add_argument("--start", help="a run folder to take weights from (default: scratch)")
    p.add_argument("--export", action="store_true", help="write network.pt2 (torch.export)")
    p.add_argument("--m", type=positive, help="largest number of kernels summed, 1..4 (default 2)")
    _preset_options(p, preset=None)  # the search's, else s1
    _machine_options(p)
    p.set_defaults(run=_verb("retrain"))


def _add_transfer(verbs: argparse._SubParsersAction[Parser]) -> None:
    p = verbs.add_parser("transfer", help="fine-tune a trained network on another data set")
    p.add_argument("network", type=Path, help="its run folder")
    p.add_argument("--export", action="store_true", help="write network.pt2 (torch.export)")
    _data_options(p)
    _machine_options(p)
    p.set_defaults(run=_verb("transfer"))


def _add_measure(verbs: argparse._SubParsersAction[Parser]) -> None:
    p = verbs.add_parser("measure", help="Figures 3, 5, 6 and Table 4 for supernets of S1 and S2")
    p.add_argument("results", type=Path, help="results folder with their run folders")
    p.add_argument("--models", type=positive, default=1000, help="architectures of Figure 6")
    p.add_argument("--data", type=Path, help="folder of the images")
    p.add_argument("--jobs", type=positive, help="supernets at once (default: cores; 1 on a GPU)")
    _machine_options(p)
    p.set_defaults(run=_verb("measure"))


def _add_describe(verbs: argparse._SubParsersAction[Parser]) -> None:
    p = verbs.add_parser("describe", help="a network's layers and costs")
    p.add_argument("network", help="architecture (text or JSON), a name such as mixnet-m or "
                   "mixpath-a, or MixNet's notation")  # fmt: skip
    p.add_argument("--preset", default="s1", help=f"space: {', '.join(PRESETS)}")
    p.add_argument("--m", type=positive, default=4, help="largest number of kernels summed")
    p.add_argument("--set", nargs="+", action="extend", default=[], metavar="FIELD=VALUE",
                   dest="changes", help="width, depth, image_size, num_classes")  # fmt: skip
    p.add_argument("--json", action="store_true", help="print JSON")
    p.set_defaults(run=_verb("describe"))


def _add_tables(verbs: argparse._SubParsersAction[Parser]) -> None:
    p = verbs.add_parser("tables", help="the paper's Tables 1 and 2, with trained networks of ours")
    p.add_argument("networks", type=Path, nargs="*", help="run folders of retrain and transfer")
    p.add_argument("--out", type=Path, help="folder to write table1.csv and table2.csv to")
    p.set_defaults(run=_verb("tables"))


def _preset_options(p: argparse.ArgumentParser, preset: str | None = "s1") -> None:
    p.add_argument("--preset", default=preset, help=f"one of {', '.join(PRESETS)}")
    _data_options(p)


def _data_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--data-set", help="cifar10, imagenet, folder, digits or package.module:name")
    p.add_argument("--data", type=Path, help="folder of the images")
    p.add_argument("--set", nargs="+", action="extend", default=[], metavar="FIELD=VALUE",
                   dest="changes", help="change fields of the recipe; needs --out")  # fmt: skip
    p.add_argument("--skip-broken", action="store_true", help="replace images that don't decode")
    p.add_argument("--out", type=Path, help="results folder (default results/<preset>)")
    p.add_argument("--seed", type=int, default=0, help="root of every random stream")


def _machine_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    p.add_argument("--threads", type=positive, default=1, help="threads of each process")


class _verb:  # noqa: N801
    """Calls a verb of `bench.verbs.mixpath_verbs`, imported only then: --help stays fast."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, options: argparse.Namespace) -> None:
        from bench.verbs.mixpath_verbs import VERBS

        VERBS[self.name](options)


if __name__ == "__main__":
    sys.exit(main())
