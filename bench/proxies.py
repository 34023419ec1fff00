#!/usr/bin/env python3
"""Score cells by zero-cost proxies: one batch, no training, any cell of NAS-Bench-101.

    mixpath-proxies --out full.csv --cells sample:1000   # CIFAR-10: a GPU
    mixpath-proxies --out small.csv --set stem_channels=16 image_size=16
    mixpath-proxies --out digits.csv --preset digits --cells sample:34

The CSV (cell_hash, method, seed, score; higher is better) is what mixpath-rank takes; OUT.json
beside it states network, images and sample. What is done is not done again: the same command
goes on where it stopped, and more cells, methods and seeds join the same file. At 16 channels and
16 pixels 1,000 cells take half an hour on one core, digits' 34 cells seconds.
"""

from __future__ import annotations

import os
import sys

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = os.path.realpath(__file__).rpartition("bench")[0]

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.proxies"))

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.base.command import run_command
from bench.base.forecast import say_when
from bench.base.names import is_plugin, load, source_digest
from bench.base.parser import CommandParser
from bench.config.fields import to_dict
from bench.config.recipe import ProxyScoring
from bench.config.registry import PRESETS
from bench.scores.sample import quick_look, stated_cells
from bench.table.table import open_table
from bench.verbs import options
from bench.verbs.folders import as_path
from bench.verbs.options import PLUG_IN
from bench.verbs.presets import changed, ranking_preset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.network.cell import Cell
    from bench.scores.growing import GrowingScores
    from supernet.data.data_set import DataSet


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Score what is missing and write the CSV, or say what that would be."""
    with parser().asked(argv) as values:
        if values.pop("dry_run"):
            print(forecast(**values))
        else:
            print(f"{values['out']}: {score_proxies(**values)}")


class Ready(NamedTuple):
    """What was asked for, looked up and checked; nothing is written yet."""

    growing: GrowingScores
    cells: list[Cell]
    methods: Sequence[str]
    seeds: Sequence[int]
    scoring: ProxyScoring
    images: DataSet
    statement: str

    @property
    def asked(self) -> tuple[GrowingScores, list[Cell], Sequence[str], Sequence[int]]:
        """Which scores are to be in the file: of cells, methods and seeds."""
        return self.growing, self.cells, self.methods, self.seeds


def score_proxies(
    out: Path | str,
    *,
    cells: str = "sample:1000",
    limit: int | None = None,
    preset: str = "paper",
    methods: Sequence[str] = (),
    seeds: Sequence[int] = (0,),
    data_set: str | None = None,
    data: Path | str | None = None,
    table: Path | str | None = None,
    changes: Mapping[str, Any] | None = None,
    device: str = "auto",
    threads: int = 1,
    jobs: int | None = None,
) -> str:
    """Score what is missing and write the CSV; OUT.json beside it states how.

    Args:
        out: the CSV file; what is done is kept beside it until all is there.
        cells: which of the table's, 'sample:NUM' or 'sample:NUM:SEED', or a file of hashes.
        limit: no more than so many of them, for a quick look.
        preset: whose skeleton, images and table it is; what is None below stays the preset's.
        methods: names in `PROXIES` or `package.module:name`; none: all of `PROXIES`.
        seeds: of weights, batch and what proxies draw.
        data_set: a data set, by name or as `package.module:name`.
        data: folder of the images, where the data set needs one.
        table: whose cells they are, an HDF5 file.
        changes: further fields of the scoring, by name.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        threads: of each worker.
        jobs: cells at once; None: as many as cores and memory allow, or GPUs.

    Returns:
        A statement of the cells.

    Raises:
        ValueError: a name, field or value that is none, or scores made in another way.
    """
    from bench.runs.lock import at_work
    from supernet.proxies.jobs import score_missing

    with at_work(Path(out).parent):
        ready = _prepare(
            Path(out),
            stated=(cells, limit),
            preset=preset,
            methods=methods,
            seeds=seeds,
            changes=[changes or {}, {"data_set": data_set}],
            data=as_path(data),
            table=table,
            device=device,
        )
        score_missing(*ready.asked, ready.scoring, ready.images, threads=threads, jobs=jobs)
    return ready.statement


def forecast(out: Path, *, threads: int, jobs: int | None, **asked: Any) -> str:
    """Check what `score_proxies` checks, and say what it would score; write nothing.

    Raises:
        ValueError: what `score_proxies` raises before it scores.
    """
    from supernet.needs import gigabytes
    from supernet.proxies.jobs import measure_pace, missing, needs_of, scored_at_once

    asked["stated"] = (asked.pop("cells"), asked.pop("limit"))
    asked["changes"] = [asked["changes"], {"data_set": asked.pop("data_set")}]
    ready = _prepare(out, **asked)
    if not (todo := missing(*ready.asked)):
        return f"{ready.statement}: complete; nothing was written"
    at_once = scored_at_once(todo, ready.scoring, ready.images, threads, jobs)
    time_s = measure_pace(todo, ready.scoring, ready.images, threads) * len(todo)
    num = sum(len(one.methods) for one in todo)
    memory = gigabytes(needs_of(todo, ready.scoring).memory_at_once(at_once))
    return (
        f"{ready.statement}: {num:,} scores are missing; about {memory} of memory, next to nothing "
        f"of the disk; {say_when(at_once, time_s, 'cells')}"
    )


def _prepare(
    out: Path,
    *,
    stated: tuple[str, int | None],
    preset: str,
    methods: Sequence[str],
    seeds: Sequence[int],
    changes: Sequence[Mapping[str, Any]],
    data: Path | None,
    table: Path | str | None,
    device: str,
) -> Ready:
    from bench.scores.growing import GrowingScores
    from supernet.data.digest import digest_of
    from supernet.data.registry import load_data
    from supernet.devices import choose_device
    from supernet.proxies.registry import PROXIES

    methods = tuple(methods) or tuple(PROXIES)
    for name in methods:
        load(name, PROXIES, "proxy")
    chosen = ranking_preset(preset)
    scoring = ProxyScoring(data_set=chosen.recipe.data_set, skeleton=chosen.recipe.skeleton)
    for one in changes:
        scoring = changed(scoring, one)
    with open_table(str(table or chosen.table)) as opened:
        sample = quick_look(stated_cells(opened, stated[0]), stated[1])
        cells = [opened.cell(key) for key in sample.hashes]
    device = choose_device(device)
    images = load_data(scoring.data_set, scoring.skeleton, data, device)
    about = {
        "kind": "zero-cost proxies of untrained networks",
        **to_dict(scoring),
        "images": digest_of(images),
        "device": device,
        **{f"source of {name}": source_digest(name) for name in methods if is_plugin(name)},
        "cells": sample.statement,
        "methods": list(methods),
        "seeds": list(seeds),
    }
    growing = GrowingScores(out, about)
    return Ready(growing, cells, methods, seeds, scoring, images, sample.statement)


def parser() -> CommandParser:
    """Describe the command line."""
    p = CommandParser(prog="mixpath-proxies", description=__doc__)
    p.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the CSV to write (required)"
    )
    options.add_cells(p, "sample:1000", "score these cells")
    p.add_argument(
        "--methods",
        type=options.names,
        default=(),
        metavar="NAME,...",
        help=f"grad_norm, snip, grasp, fisher, synflow, jacob_cov, naswot, zen or {PLUG_IN} "
        "(default: all of ours)",
    )
    options.add_preset(p, PRESETS, "paper")
    p.add_argument(
        "--seeds", type=options.seeds, default="1", help="how many seeds (0, 1, ...), or a list"
    )
    options.add_data_set(p, "digits, mnist5k, cifar10, folder")
    options.add_data(p)
    options.add_table(p)
    options.add_changes(p, ProxyScoring())
    options.add_machine(p)
    options.add_jobs(p, "cells")
    options.add_dry_run(p)
    options.add_list(p)
    return p
