"""What the verbs of bench/mixpath.py do: from options to recipes, and from recipes to folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bench.base.names import load
from bench.base.parallel import default_jobs, in_parallel, task
from bench.config.block_presets import DROPOUT, transfer_training
from bench.config.fields import override, read_changes
from bench.config.recipe import Final, Preset
from bench.config.registry import PRESETS
from bench.runs.layout import NETWORK
from bench.runs.progress import show
from bench.runs.run import (
    FinalRun,
    Run,
    RunFolderError,
    find_trained,
    load_space,
    open_final,
    open_run,
    read_final,
    read_trained,
)
from bench.runs.searches import read_search
from bench.space.reconstruction import RECONSTRUCTIONS, reconstruct
from bench.verbs.describe import describe
from bench.verbs.search import search
from bench.verbs.tables import tables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from bench.config.recipe import Recipe


def train(options: argparse.Namespace) -> None:
    """Train a supernet."""
    from supernet.devices import choose_device
    from supernet.distributed import check_batch, in_turn, join
    from supernet.parts import resolve
    from supernet.runs import train as train_supernet

    preset = _preset(options)
    named = {"m": options.m, "batch_norm": options.batch_norm, "sampler": options.sampler}
    recipe = _changed(preset.recipe, options, {k: v for k, v in named.items() if v is not None})
    parts = resolve(recipe)
    usual = replace(preset.recipe, m=recipe.m, batch_norm=recipe.batch_norm)
    out = _out_folder(options.out, options, is_changed=recipe != usual)
    with join(choose_device(options.device)) as (ranks, device):
        _start(options.threads)
        check_batch(recipe.training.batch_size, ranks, recipe.training.accumulate)
        pool = parts.open_images(options.data, device)
        with in_turn(ranks):
            run = open_run(out, recipe, options.seed, device, options.threads)
        with show([cast("Any", run)] if ranks.is_first else []) as finished:
            train_supernet(run, parts, pool, device, ranks)
            if ranks.is_first:
                finished(cast("Any", run))
    if ranks.is_first:
        _tell_broken(pool.broken)
        print(f"supernet in {run.folder}")


def retrain(options: argparse.Namespace) -> None:
    """Train a found network from scratch, or from a run's weights."""
    source = options.search and read_trained(options.search.resolve().parent).recipe
    options.preset = options.preset or (preset_of(source) if source else "s1")
    preset = _preset(options)
    assert preset.final is not None
    base = preset.final
    if source is not None:
        skeleton = replace(source.skeleton, dropout=base.skeleton.dropout)
        base = replace(
            base, space=source.space, m=source.m, skeleton=skeleton, data_set=source.data_set
        )
    elif options.architecture in RECONSTRUCTIONS:
        found = reconstruct(options.architecture).space
        base = replace(base, space=found.name, m=found.m)
    recipe = _changed(base, options, {} if options.m is None else {"m": options.m})
    recipe = replace(recipe, architecture=_architecture(recipe, options))
    if options.start is not None:
        recipe = replace(recipe, start=str(options.start))
    out = options.out or (options.search and _shortened(options.search.resolve().parents[2]))
    _finish(recipe, options, _out_folder(out, options, is_changed=recipe_changed(recipe, preset)))


def transfer(options: argparse.Namespace) -> None:
    """Fine-tune a trained network on another data set, CIFAR-10 by default."""
    source = read_final(options.network)
    recipe = Final(
        name="transfer",
        space=source.recipe.space,
        m=source.recipe.m,
        architecture=source.recipe.architecture,
        start=str(options.network),
        resize=source.recipe.skeleton.image_size,
        skeleton=replace(source.recipe.skeleton, image_size=32, num_classes=10, dropout=DROPOUT),
        training=transfer_training(),
    )
    recipe = _changed(recipe, options, {})
    _finish(recipe, options, options.out or _shortened(options.network.resolve().parent))


def measure(options: argparse.Namespace) -> None:
    """Measure the supernets of a results folder, and draw the paper's figures of them."""
    from analysis.figures.mixpath_figures import figures
    from supernet.devices import choose_device

    device = choose_device(options.device)
    runs = [run for run in find_trained(options.results) if run.has_weights]
    if not runs:
        raise RunFolderError(f"{options.results} holds no trained supernet: train one first")
    tasks = (
        task(_measure, run, options.data, device, options.threads, options.models) for run in runs
    )
    jobs = min(options.jobs or default_jobs(device, options.threads), len(runs))
    for run in in_parallel(tasks, jobs):
        print(f"measured {run.folder}", flush=True)
    for path in figures(options.results):
        print(f"drawn {path}.png")


def _measure(run: Run, data: Path | None, device: str, num_threads: int, num_models: int) -> Run:
    from supernet.measure.measurements import MEASUREMENTS, measure_run

    return measure_run(run, list(MEASUREMENTS), data, device, num_threads, num_models)


VERBS: dict[str, Callable[[argparse.Namespace], None]] = {
    "train": train,
    "search": search,
    "retrain": retrain,
    "transfer": transfer,
    "measure": measure,
    "describe": describe,
    "tables": tables,
}


def _finish(recipe: Final, options: argparse.Namespace, out: Path) -> None:
    """Train a network for good, print what came out, and export it where asked."""
    from supernet.data.registry import data_source
    from supernet.devices import choose_device
    from supernet.distributed import check_batch, in_turn, join
    from supernet.final import train as train_final

    open_images = data_source(recipe)
    with join(choose_device(options.device)) as (ranks, device):
        _start(options.threads)
        check_batch(recipe.training.batch_size, ranks, recipe.training.accumulate)
        pool = open_images(options.data, device)
        with in_turn(ranks):
            run = open_final(out, recipe, options.seed, device, options.threads)
        with show([cast("Any", run)] if ranks.is_first else []) as finished:
            evaluation = train_final(run, pool, device, ranks)
            if ranks.is_first:
                finished(cast("Any", run))
    if ranks.is_first:
        last = evaluation.iloc[-1]
        print(
            f"{run.recipe.architecture}: top-1 {100 * last['accuracy']:.2f}%, top-5 "
            f"{100 * last['top5_accuracy']:.2f}% after epoch {last['epoch']:.0f} "
            f"({last['weights']}), best {100 * evaluation['accuracy'].max():.2f}%; in {run.folder}"
        )
        _tell_broken(pool.broken)
        if options.export:
            _export(run, device)


def _export(run: FinalRun, device: str) -> None:
    """Write the best weights as one program, S3's summed kernels folded."""
    from supernet.final import build, read_best
    from supernet.nets.export import export
    from supernet.nets.extract import fold, is_foldable

    network = build(run, device)
    network.load_state_dict(read_best(run, device)["model"])
    network.eval()
    folded = is_foldable(network)
    difference = export(fold(network) if folded else network, run.folder / NETWORK, network)
    how = "with each group's kernels folded into one, " if folded else ""
    print(f"exported to {run.folder / NETWORK}, {how}logits differ by {difference:.1e} at most")


def _preset(options: argparse.Namespace) -> Preset:
    return load(options.preset, PRESETS, "preset")()


def preset_of(recipe: Recipe) -> str:
    """Return the preset whose supernets are most like a recipe: of its size, or of its space."""
    fitting = [n for n, make in PRESETS.items() if make().recipe.space == recipe.space]
    sized = [n for n in fitting if PRESETS[n]().recipe.skeleton == recipe.skeleton]
    return (sized or fitting)[0]


def _changed(recipe: Any, options: argparse.Namespace, named: dict[str, Any]) -> Any:
    """Return a recipe with the command line's changes."""
    changes = read_changes(options.changes)
    if options.data_set is not None:
        named = {**named, "data_set": options.data_set}
    if options.skip_broken:
        named = {**named, "skip_broken": True}
    return override(replace(recipe, **named), changes)


def recipe_changed(recipe: Final, preset: Preset) -> bool:
    """Whether a recipe differs from its preset's in more than what is trained."""
    same = replace(preset.final, architecture=recipe.architecture, start=recipe.start, m=recipe.m,
                   space=recipe.space)  # fmt: skip
    return recipe != same


def _out_folder(out: Path | None, options: argparse.Namespace, *, is_changed: bool) -> Path:
    if out is None and is_changed:
        raise ValueError(
            f"the recipe differs from preset {options.preset!r}: name a folder with --out"
        )
    return Path(out or Path("results") / options.preset)


def _shortened(folder: Path) -> Path:
    """Return a folder as seen from here, where it lies below."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _architecture(recipe: Final | Recipe, options: argparse.Namespace) -> str:
    """Return the architecture that the options name, checked."""
    space = load_space(recipe)
    if (options.architecture is None) == (options.search is None):
        raise ValueError("name either --architecture TEXT or --search FOLDER")
    if options.search is None:
        if options.architecture in RECONSTRUCTIONS:
            return str(reconstruct(options.architecture).architecture)
        return str(space.decode(options.architecture))
    _, found = read_search(options.search)
    if options.max_multiply_adds is not None:
        found = found[found["num_multiply_adds"] <= 1e6 * options.max_multiply_adds]
    if not len(found):
        raise RunFolderError(
            f"{options.search} found no network of at most {options.max_multiply_adds:g} M "
            "multiply-adds"
        )
    best = found.sort_values(["accuracy", "num_multiply_adds"], ascending=[False, True])
    return str(space.decode(best.iloc[0]["architecture"]))


def _tell_broken(broken: set[str]) -> None:
    if broken:
        print(f"images that did not decode and were skipped: {len(broken)}, such as {min(broken)}")


def _start(num_threads: int) -> None:
    import torch

    torch.set_num_threads(num_threads)
