#!/usr/bin/env python3
"""Train supernets, rank their architectures, and say how rightly: the ranking benchmark.

    python bench/run.py --m 4 --seeds 3                      # digits, minutes on a laptop
    python bench/run.py --m 3,4 --protocol authors           # the released code, point by point
    python bench/run.py --preset paper --m 3,4 --device cuda # the paper's Table 3, on a GPU

What is finished is not done again: the same command goes on where it stopped, and a folder of
results takes in further m, seeds and batch norms. Results: results/<preset>/report.html.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import json
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from bench.base.command import Parser, positive, run_command
from bench.base.names import load
from bench.base.parallel import BACKENDS
from bench.config.fields import override, read_changes
from bench.config.registry import PRESETS, RECIPES
from bench.ranking.baselines import BASELINES
from bench.ranking.outputs import ABOUT, write_rankings
from bench.ranking.protocol import PROTOCOLS, check
from bench.runs.run import Run, find_runs, load_space, open_run
from bench.table.table import open_table
from bench.verbs.complete import run_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.config.recipe import Preset, Recipe
    from bench.ranking.protocol import Protocol
    from bench.table.table import Table

COMMAND = "bench/run.py"
BATCH_NORMS = {"sound": "shadow,single", "authors": "none,shadow"}
"""Batch norms by default: in the released code shadow batch norm is never called ('none')."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Train, score, rank and report."""
    from supernet.devices import choose_device

    options = parser().parse_args(argv)
    preset, changes = _preset(options)
    protocols = [load(name, PROTOCOLS, "protocol") for name in _names(options.protocol)]
    out = _out(options, changes)
    with open_table(options.table or preset.table) as table:
        recipes = []
        for protocol in protocols:
            for recipe in _recipes(preset.recipe, protocol, options):
                check(protocol, load_space(recipe))
                _check_cells(table, recipe, allow_missing=options.allow_missing)
                recipes.append(recipe)
        device = choose_device(options.device)
        runs = _open_runs(out, recipes, device, options)
        run_all(
            runs,
            data=options.data,
            device=device,
            num_threads=options.threads,
            jobs=options.jobs,
            backend=options.backend,
            scheduler=options.scheduler,
        )
        _report(out, table, protocols, options, argv)


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    p = Parser(
        prog=COMMAND,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--preset", default="digits", help=f"one of {', '.join(PRESETS)}")
    p.add_argument("--m", default="4", help="largest number of paths: 1..4, or a list: 3,4")
    p.add_argument("--seeds", default="3", help="how many seeds (0, 1, ...), or a list: 0,7,")
    p.add_argument("--batch-norm", help="shadow, shadow-sum, single, single-sum, combination, none")
    p.add_argument("--protocol", default="sound,paper", help=f"of {', '.join(PROTOCOLS)}")
    p.add_argument("--space", help="a search space other than the preset's")
    p.add_argument("--sampler", help="which path trains next: uniform, or package.module:name")
    p.add_argument("--scorer", action="append", default=[], help="a further package.module:name")
    p.add_argument("--baseline", action="append", default=[], help="a further package.module:name")
    p.add_argument("--data-set", help="digits, cifar10, folder, or package.module:name")
    p.add_argument("--data", type=Path, help="folder of the images")
    p.add_argument("--table", help="HDF5 table with the truth (mixpath-table makes one)")
    p.add_argument("--allow-missing", action="store_true", help="rank only cells in the table")
    p.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="changes",
                   help="change a field of the recipe; needs --out")  # fmt: skip
    p.add_argument("--out", type=Path, help="results folder (default results/<preset>)")
    p.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    p.add_argument("--threads", type=positive, default=1, help="threads of each run")
    p.add_argument("--jobs", type=positive, help="runs at once (default: cores; 1 on a GPU)")
    p.add_argument("--backend", default="loky", help=f"of {', '.join(BACKENDS)}")
    p.add_argument("--scheduler", help="address of a Dask scheduler or a Ray cluster")
    return p


def _preset(options: argparse.Namespace) -> tuple[Preset, dict[str, str]]:
    """Return the preset with the command line's changes, and these changes."""
    preset = load(options.preset, PRESETS, "preset")()
    changes = read_changes(options.changes)
    named = {"space": options.space, "sampler": options.sampler, "data_set": options.data_set}
    changes |= {name: value for name, value in named.items() if value is not None}
    if options.scorer:
        changes["scorers"] = ",".join(options.scorer)
    return replace(preset, recipe=override(preset.recipe, changes)), changes


def _out(options: argparse.Namespace, changes: dict[str, str]) -> Path:
    if changes and options.out is None:
        raise ValueError(
            f"{', '.join(changes)} differ from preset {options.preset!r}: name a folder with --out"
        )
    return Path(options.out or Path("results") / options.preset)


def _recipes(recipe: Recipe, protocol: Protocol, options: argparse.Namespace) -> list[Recipe]:
    """Return a recipe per m and batch norm, as the protocol wants them."""
    recipe = RECIPES[protocol.recipe](recipe)
    norms = _names(options.batch_norm or BATCH_NORMS[protocol.recipe])
    return [
        replace(recipe, m=m, batch_norm=norm) for m in _numbers("--m", options.m) for norm in norms
    ]


def _open_runs(
    out: Path, recipes: list[Recipe], device: str, options: argparse.Namespace
) -> list[Run]:
    from supernet.parts import resolve

    for recipe in recipes:
        resolve(recipe)
    seeds = _seeds(options.seeds)
    runs = [open_run(out, r, seed, device, options.threads) for seed in seeds for r in recipes]
    return list({run.folder: run for run in runs}.values())


def _report(
    out: Path,
    table: Table,
    protocols: list[Protocol],
    options: argparse.Namespace,
    argv: Sequence[str] | None,
) -> None:
    """Rank every complete run of the folder, by the protocols asked for now and before."""
    from analysis.report import write_report
    from analysis.tables import difference_lines, terminal_table

    arguments = sys.argv[1:] if argv is None else argv
    about = json.loads((out / ABOUT).read_text()) if (out / ABOUT).is_file() else {}
    earlier = {name: PROTOCOLS[name] for name in about.get("protocols", ()) if name in PROTOCOLS}
    every = earlier | {protocol.name: protocol for protocol in protocols}
    commands = [*about.get("command", "").splitlines(), shlex.join(["python", COMMAND, *arguments])]
    rankings = write_rankings(
        out,
        find_runs(out),
        table,
        sorted(every.values(), key=lambda protocol: _rank(protocol.name)),
        command="\n".join(dict.fromkeys(commands)),
        baselines=BASELINES
        | {name: load(name, BASELINES, "baseline") for name in options.baseline},
        allow_missing=options.allow_missing,
    )
    page = write_report(out)
    asked = rankings.kendall_tau["protocol"].isin([protocol.name for protocol in protocols])
    Console().print(terminal_table(rankings.kendall_tau[asked]))
    print(*difference_lines(rankings.differences), f"report: {page}", sep="\n")


def _rank(protocol: str) -> int:
    """Order protocols as PROTOCOLS does, the headline first and a user's own last."""
    return [*PROTOCOLS, protocol].index(protocol)


def _check_cells(table: Table, recipe: Recipe, *, allow_missing: bool) -> None:
    space = load_space(recipe)
    hashes = sorted({space.cell(a).hash for a in space.architectures()})
    missing = table.missing(hashes)
    if missing and (not allow_missing or len(missing) == len(hashes)):
        remedy = "" if len(missing) == len(hashes) else "; --allow-missing ranks the others"
        raise ValueError(
            f"table {table.path} lacks {len(missing)} of the {len(hashes)} cells of space "
            f"{recipe.space!r}, m={recipe.m}{remedy}"
        )


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _numbers(option: str, text: str) -> list[int]:
    try:
        return [int(part) for part in _names(text)]
    except ValueError:
        raise ValueError(f"{option} {text!r} is not a number or a list such as 3,4") from None


def _seeds(text: str) -> list[int]:
    numbers = _numbers("--seeds", text)
    seeds = list(range(numbers[0])) if len(numbers) == 1 and "," not in text else numbers
    if not seeds or min(seeds) < 0:
        raise ValueError(f"--seeds {text!r} must be at least 1, or a list of seeds from 0")
    return seeds


if __name__ == "__main__":
    sys.exit(main())
