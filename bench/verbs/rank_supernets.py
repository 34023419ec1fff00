"""The ranking benchmark: train supernets, score and rank their architectures, draw the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.base.names import load
from bench.config.registry import PRESETS, RECIPES
from bench.ranking.about import read_earlier
from bench.ranking.baselines import BASELINES, load_baselines
from bench.ranking.outputs import Rankings, write_rankings
from bench.ranking.protocol import PROTOCOLS, Protocol, check
from bench.ranking.truth import check_cells, check_truth
from bench.runs.run import find_runs, load_space
from bench.table.table import open_table
from bench.verbs.complete import known_images, open_all_images, open_runs, plan_runs, run_all
from bench.verbs.folders import as_path, results_folder
from bench.verbs.presets import changed, ranking_preset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from bench.config.recipe import Recipe
    from bench.ranking.baselines import Baseline
    from bench.table.table import Table

BATCH_NORMS = {"sound": ("shadow", "single"), "authors": ("none", "shadow")}
"""Batch norms by default: in the released code shadow batch norm is never called ('none')."""


class Ranked(NamedTuple):
    """What a ranking found.

    Attributes:
        rankings: of every run in the results folder, by the protocols asked for now and before.
        protocols: names of those asked for now.
        page: the report.
        truth_note: how the truth differs from the runs, where it does and is meant to.
    """

    rankings: Rankings
    protocols: tuple[str, ...]
    page: Path
    truth_note: str = ""

    @property
    def kendall_tau(self) -> pd.DataFrame:
        """The rows of kendall_tau.csv that were asked for."""
        frame = self.rankings.kendall_tau
        return frame[frame["protocol"].isin(self.protocols)]


def rank(
    preset: str = "digits",
    *,
    m: Sequence[int] = (4,),
    seeds: Sequence[int] = (0, 1, 2),
    batch_norms: Sequence[str] | None = None,
    protocols: Sequence[str] = ("sound", "paper"),
    space: str | None = None,
    net: str | None = None,
    sampler: str | None = None,
    scorers: Sequence[str] = (),
    baselines: Sequence[str] = (),
    data_set: str | None = None,
    data: Path | str | None = None,
    table: Path | str | None = None,
    other_truth: bool = False,
    allow_missing: bool = False,
    changes: Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    device: str = "auto",
    threads: int = 1,
    jobs: int | None = None,
    backend: str = "loky",
    scheduler: str | None = None,
    command: str = "",
) -> Ranked:
    """Train and score what is missing, rank every run of the results folder, write the page.

    Args:
        preset: whose recipe and table it is; what is None below stays the preset's.
        m: largest numbers of paths.
        seeds: of the runs, one each.
        batch_norms: of BATCH_NORMS or `package.module:name`; None: what the protocol compares.
        protocols: of PROTOCOLS or `package.module:name`.
        space: a search space, by name or as `package.module:name`.
        net: an own supernet, as `package.module:name`.
        sampler: which path trains next, by name or as `package.module:name`.
        scorers: further scorers, as `package.module:name`.
        baselines: further baselines, as `package.module:name`.
        data_set: a data set, by name or as `package.module:name`.
        data: folder of the images, where the data set needs one.
        table: the truth, an HDF5 file.
        other_truth: it may be that of other images or another network; every table says so then.
        allow_missing: leave out architectures whose truth the table lacks.
        changes: further fields of the recipe, by name.
        out: results folder; needed where the recipe is not the preset's.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        threads: of each run.
        jobs: runs at once; None: as many as there are cores, or GPUs.
        backend: of BACKENDS, where runs go in parallel.
        scheduler: address of a Dask scheduler.
        command: the command line that asked for it, for the page.

    Raises:
        ValueError: a name, field or value that is none, a table that lacks cells or is another's, a
            folder that holds another recipe, or runs of it from other images or code.
    """
    from supernet.devices import check_precision, choose_device

    chosen = ranking_preset(preset)
    named = {"space": space, "net": net, "sampler": sampler, "data_set": data_set}
    fields = {name: value for name, value in named.items() if value is not None}
    fields = {**(changes or {}), **fields} | ({"scorers": tuple(scorers)} if scorers else {})
    recipe = changed(chosen.recipe, fields)
    loaded = [load(name, PROTOCOLS, "protocol") for name in protocols]
    results = results_folder(out, preset, fields)
    own = load_baselines(results, baselines)
    with open_table(str(table or chosen.table)) as truth:
        recipes = _recipes(recipe, loaded, m, batch_norms)
        for protocol, one in recipes:
            check(protocol, load_space(one))
            check_cells(truth, one, allow_missing=allow_missing)
        presets = [chosen, *(make() for make in PRESETS.values())]
        device = choose_device(device)
        for _, one in recipes:
            check_precision(one.training, device)
        planned = plan_runs(results, [one for _, one in recipes], seeds)
        images = open_all_images(planned, as_path(data))
        known = known_images(results, planned, images)
        note = check_truth(truth, known, presets, is_meant=other_truth)
        run_all(
            open_runs(results, planned, images, device, threads),
            data=as_path(data),
            device=device,
            num_threads=threads,
            jobs=jobs,
            backend=backend,
            scheduler=scheduler,
        )
        return _report(
            results, truth, loaded, own, command=command, allow_missing=allow_missing, note=note
        )


def _recipes(
    recipe: Recipe,
    protocols: Sequence[Protocol],
    m: Sequence[int],
    batch_norms: Sequence[str] | None,
) -> list[tuple[Protocol, Recipe]]:
    """Return a recipe per protocol, m and batch norm, as the protocol wants it."""
    return [
        (protocol, replace(RECIPES[protocol.recipe](recipe), m=number, batch_norm=norm))
        for protocol in protocols
        for number in m
        for norm in batch_norms or BATCH_NORMS[protocol.recipe]
    ]


def _report(
    results: Path,
    table: Table,
    protocols: Sequence[Protocol],
    baselines: Mapping[str, Baseline],
    *,
    command: str,
    allow_missing: bool,
    note: str,
) -> Ranked:
    """Rank every complete run of the folder, by the protocols asked for now and before."""
    from analysis.report import write_report

    about = read_earlier(results)
    earlier = {name: PROTOCOLS[name] for name in about.get("protocols", ()) if name in PROTOCOLS}
    every = earlier | {protocol.name: protocol for protocol in protocols}
    commands = filter(None, [*about.get("command", "").splitlines(), command])
    rankings = write_rankings(
        results,
        find_runs(results),
        table,
        sorted(every.values(), key=lambda protocol: _place(protocol.name)),
        command="\n".join(dict.fromkeys(commands)),
        baselines={**BASELINES, **baselines},
        allow_missing=allow_missing,
        truth_note=note,
    )
    return Ranked(rankings, tuple(p.name for p in protocols), write_report(results), note)


def _place(protocol: str) -> int:
    """Order protocols as PROTOCOLS does, the headline first and a user's own last."""
    return [*PROTOCOLS, protocol].index(protocol)
