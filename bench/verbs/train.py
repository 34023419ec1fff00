"""`train`: one supernet of S1, S2 or S3, into its run folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.base.command import is_first_process
from bench.runs.layout import run_folder
from bench.runs.progress import say_epochs, say_if_look
from bench.runs.run import Run, open_run
from bench.verbs.complete import check_runs, train_together
from bench.verbs.folders import as_path, results_folder
from bench.verbs.presets import changed, differences, mixpath_preset

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.config.recipe import Recipe
    from supernet.parts import Parts


class Asked(NamedTuple):
    """What was asked for, looked up: where it goes, and what is trained."""

    results: Path
    recipe: Recipe
    parts: Parts


def train(
    preset: str = "s1",
    *,
    m: int | None = None,
    batch_norm: str | None = None,
    sampler: str | None = None,
    net: str | None = None,
    data_set: str | None = None,
    data: Path | str | None = None,
    changes: Mapping[str, Any] | None = None,
    skip_broken: bool = False,
    out: Path | str | None = None,
    seed: int = 0,
    limit: int | None = None,
    device: str = "auto",
    threads: int = 1,
) -> Run:
    """Train a supernet, going on where it stopped.

    Args:
        preset: whose recipe it is; what is None below stays the preset's.
        m: largest number of kernels summed.
        batch_norm: shadow, single, combination or none.
        sampler: which path trains next, by name or as `package.module:name`.
        net: an own supernet, as `package.module:name`.
        data_set: a data set, by name or as `package.module:name`.
        data: folder of the images, where the data set needs one.
        changes: further fields of the recipe, by name.
        skip_broken: replace images that don't decode.
        out: results folder; needed where the recipe is not the preset's.
        seed: root of every random stream.
        limit: no more than so many of the recipe's epochs, for a quick look.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        threads: of each process.

    Raises:
        ValueError: a name, field or value that is none, or a folder that holds another recipe.
    """
    from supernet.devices import name_of
    from supernet.runs import train as train_supernet

    named = {"m": m, "batch_norm": batch_norm, "sampler": sampler, "net": net}
    asked = _asked(preset, named, data_set, changes, out, skip_broken=skip_broken)
    return train_together(
        asked.recipe,
        asked.parts.open_images,
        lambda own: open_run(asked.results, asked.recipe, seed, own, threads, name_of(own)),
        lambda run, pool, own, ranks: train_supernet(run, asked.parts, pool, own, ranks, limit),
        data=as_path(data),
        device=device,
        threads=threads,
    )


def command(*, dry_run: bool, **values: Any) -> None:
    """Train, and say where; or say what that would be."""
    if dry_run:
        print(forecast(**values))
        return
    run = train(**values)
    if is_first_process():
        print(f"supernet in {run.folder}{say_if_look(run, 'no search and no figure takes it')}")


def forecast(
    preset: str,
    *,
    data_set: str | None,
    data: Path | None,
    changes: Mapping[str, Any],
    skip_broken: bool,
    out: Path | None,
    seed: int,
    limit: int | None,
    device: str,
    threads: int,
    **named: Any,
) -> str:
    """Check what `train` checks, and say what it would train; write nothing.

    Raises:
        ValueError: what `train` raises before it trains.
    """
    from supernet.devices import check_precision, choose_device
    from supernet.distributed import ALONE
    from supernet.fits import check_run
    from supernet.forecast import supernet_epoch_s

    asked = _asked(preset, named, data_set, changes, out, skip_broken=skip_broken)
    recipe, device = asked.recipe, choose_device(device)
    check_precision(recipe, device)
    run = Run(run_folder(asked.results, recipe, seed), recipe, seed)
    pool = asked.parts.open_images(data, device)
    check_runs(asked.results, [run], pool.digest)
    if not run.has_weights:
        check_run(run, asked.parts, device, ALONE)
    return say_epochs(
        run, limit, lambda: supernet_epoch_s(run, asked.parts, pool, data, device, threads)
    )


def _asked(
    preset: str,
    named: Mapping[str, Any],
    data_set: str | None,
    changes: Mapping[str, Any] | None,
    out: Path | str | None,
    *,
    skip_broken: bool,
) -> Asked:
    from supernet.parts import resolve

    usual = mixpath_preset(preset).recipe
    others = {"data_set": data_set, "skip_broken": skip_broken or None}
    recipe = changed(usual, {**named, **others, **(changes or {})})
    parts = resolve(recipe)
    usual = replace(usual, m=recipe.m, batch_norm=recipe.batch_norm)
    return Asked(results_folder(out, preset, differences(recipe, usual)), recipe, parts)
