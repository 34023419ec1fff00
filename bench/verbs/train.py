"""`train`: one supernet of S1, S2 or S3, into its run folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench.base.command import is_first_process
from bench.runs.run import open_run
from bench.verbs.complete import train_together
from bench.verbs.folders import as_path, results_folder
from bench.verbs.presets import changed, differences, mixpath_preset

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.runs.run import Run


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
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        threads: of each process.

    Raises:
        ValueError: a name, field or value that is none, or a folder that holds another recipe.
    """
    from supernet.parts import resolve
    from supernet.runs import train as train_supernet

    named = {
        "m": m,
        "batch_norm": batch_norm,
        "sampler": sampler,
        "net": net,
        "data_set": data_set,
        "skip_broken": skip_broken or None,
    }
    usual = mixpath_preset(preset).recipe
    recipe = changed(usual, {**named, **(changes or {})})
    parts = resolve(recipe)
    usual = replace(usual, m=recipe.m, batch_norm=recipe.batch_norm)
    results = results_folder(out, preset, differences(recipe, usual))
    return train_together(
        recipe.training,
        parts.open_images,
        lambda own_device: open_run(results, recipe, seed, own_device, threads),
        lambda run, pool, own_device, ranks: train_supernet(run, parts, pool, own_device, ranks),
        data=as_path(data),
        device=device,
        threads=threads,
    )


def command(**values: Any) -> None:
    """Train, and say where."""
    run = train(**values)
    if is_first_process():
        print(f"supernet in {run.folder}")
