"""A ground truth for any data set: every cell of a space trained stand-alone, several times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import track

from bench.base.forecast import say_look, say_when, seconds_each
from bench.base.parallel import in_parallel, task
from bench.config.fields import to_dict
from bench.runs import schemas, trainings
from bench.runs.layout import CHECKPOINT
from bench.runs.lock import at_work
from bench.scores.sample import Sample, quick_look
from bench.table.table import Source, write_table
from bench.verbs.folders import as_path
from bench.verbs.presets import changed, ranking_preset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.config.recipe import StandAlone
    from bench.network.cell import Cell
    from supernet.data.data_set import DataSet

CELLS = 4
"""Cells that a forecast trains."""


def train_truth(
    out: Path | str,
    *,
    preset: str = "digits",
    data_set: str | None = None,
    data: Path | str | None = None,
    changes: Mapping[str, Any] | None = None,
    device: str = "auto",
    jobs: int | None = None,
) -> Path:
    """Train what is missing and write the table.

    Args:
        out: the HDF5 table to write; trainings are kept beside it until all are there.
        preset: whose stand-alone recipe it is.
        data_set: a data set, by name or as `package.module:name`; None: the preset's.
        data: folder of the images, where the data set needs one.
        changes: further fields of the recipe, by name.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        jobs: trainings at once; None: as many as cores and memory allow, or GPUs.

    Returns:
        The table.

    Raises:
        ValueError: a name, field or value that is none, or trainings of another recipe.
    """
    build_table(Path(out), _recipe(preset, data_set, changes), as_path(data), device, jobs)
    return Path(out)


def look(
    out: Path,
    *,
    preset: str,
    data_set: str | None,
    data: Path | None,
    limit: int,
    changes: Mapping[str, Any],
    device: str,
    jobs: int | None,
) -> str:
    """Train no more than `limit` of the cells, for a quick look, and say how well they do.

    The trainings are kept for `train_truth`, which alone writes a table.

    Raises:
        ValueError: as `train_truth`.
    """
    recipe, parts = _recipe(preset, data_set, changes), trainings.parts_of(out)
    with at_work(parts):
        wanted = _train_all(parts, recipe, data, _device(recipe, device), jobs, limit)
    results = [schemas.read_json(path, schemas.TRUTH_PART) for path in wanted]
    accuracies = [result["test_accuracy"] for result in results]
    num = len({cell for cell, _ in wanted.values()})
    told = say_look(num, len(trainings.space_cells(recipe)), "cells", "no table is written")
    times = f"{recipe.num_repeats} trainings each of {recipe.training.epochs} epochs"
    return f"{told}; {times}, test accuracies {min(accuracies):.3f} to {max(accuracies):.3f}"


def forecast(
    out: Path,
    *,
    preset: str,
    data_set: str | None,
    data: Path | None,
    limit: int | None,
    changes: Mapping[str, Any],
    device: str,
    jobs: int | None,
) -> str:
    """Check what `train_truth` checks, and say what it would train; write nothing.

    Raises:
        ValueError: what `train_truth` raises before it trains.
    """
    recipe, parts = _recipe(preset, data_set, changes), trainings.parts_of(out)
    device = _device(recipe, device)
    trainings.check_parts(parts, recipe)
    wanted = _wanted(parts, recipe, limit)
    todo = [one for path, one in wanted.items() if not path.is_file()]
    told = f"{out}: {len(todo):,} of {len(wanted):,} trainings are missing"
    if not todo:
        return f"{told}; nothing was written"
    at_once = _at_once(jobs, device, len(todo), recipe, data)
    time_s = _pace(todo, recipe, data, device) * len(todo)
    return f"{told}; {say_when(at_once, time_s, 'of them, an epoch each')}"


def _pace(
    todo: Sequence[tuple[Cell, int]], recipe: StandAlone, data: Path | None, device: str
) -> float:
    """Train a few cells for an epoch each, and return the seconds that one training takes."""
    epochs = recipe.training.epochs
    short = replace(recipe, training=replace(recipe.training, epochs=1, warmup_epochs=0.0))
    with TemporaryDirectory() as folder:
        part = Path(folder) / "part.json"
        return epochs * seconds_each(
            todo, CELLS, lambda one: train_part(part, *one, short, data, device)
        )


def build_table(
    out: Path,
    recipe: StandAlone,
    data_path: Path | None = None,
    device: str = "auto",
    jobs: int | None = None,
) -> None:
    """Train every cell of the recipe's space `num_repeats` times and write the table.

    Raises:
        ValueError: OUT's parts were made by another recipe, are damaged, or another command is at
            work on them.
    """
    from supernet.data.digest import digest_of

    parts = trainings.parts_of(out)
    with at_work(parts):
        wanted = _train_all(parts, recipe, data_path, _device(recipe, device), jobs)
        write_table(
            out,
            trainings.rows_of(wanted, recipe.training.epochs),
            skeleton=recipe.skeleton,
            sources=[
                Source(
                    f"stand-alone training on {recipe.data_set}", trainings.digest_of_parts(wanted)
                )
            ],
            details={"recipe": to_dict(recipe), "images": digest_of(_images(recipe, data_path))},
        )
        trainings.finish(parts)


def _device(recipe: StandAlone, device: str) -> str:
    """Choose the device, and check that it has the recipe's precision."""
    from supernet.devices import check_precision, choose_device

    device = choose_device(device)
    check_precision(recipe, device)
    return device


def _train_all(
    parts: Path,
    recipe: StandAlone,
    data_path: Path | None,
    device: str,
    jobs: int | None,
    limit: int | None = None,
) -> dict[Path, tuple[Cell, int]]:
    """Train what is missing; return the cell and repeat of every part."""
    trainings.open_parts(parts, recipe)
    wanted = _wanted(parts, recipe, limit)
    todo = {path: task for path, task in wanted.items() if not path.is_file()}
    tasks = (
        task(train_part, path, cell, repeat, recipe, data_path, device)
        for path, (cell, repeat) in todo.items()
    )
    at_once = _at_once(jobs, device, len(todo), recipe, data_path)
    done = in_parallel(tasks, at_once, shared=parts)
    for path, result in track(done, "training", total=len(todo), console=Console(stderr=True)):
        schemas.write_json(result, path, schemas.TRUTH_PART)
        rmtree(trainings.begun_folder(path), ignore_errors=True)
    return wanted


def _at_once(
    jobs: int | None, device: str, num: int, recipe: StandAlone, data_path: Path | None
) -> int:
    """Return how many of so many trainings run at once.

    Raises:
        ValueError: as many as asked, or even one, need more memory than there is.
    """
    from supernet.fits import jobs_that_fit
    from supernet.needs import truth_needs
    from supernet.nets.stand_alone import NasbenchNetwork

    if not num:
        return 1
    largest = max(trainings.space_cells(recipe), key=lambda cell: len(cell.operations))
    network = NasbenchNetwork(largest, recipe.skeleton).to("meta")  # it can't be made there
    needed = truth_needs(recipe, network, _images(recipe, data_path).num_images)
    what = "a training of the truth"
    return jobs_that_fit(what, jobs, device, 1, num, needed, other_batch="stem_channels")


def _wanted(
    parts: Path, recipe: StandAlone, limit: int | None = None
) -> dict[Path, tuple[Cell, int]]:
    """List the cell and repeat of every part; of no more than `limit` cells."""
    cells = {cell.hash: cell for cell in trainings.space_cells(recipe)}
    if limit is not None:
        cells = {key: cells[key] for key in quick_look(Sample([*cells], ""), limit).hashes}
    return {
        trainings.part_path(parts, cell, repeat): (cell, repeat)
        for repeat in range(recipe.num_repeats)
        for cell in cells.values()
    }


def train_part(
    path: Path, cell: Cell, repeat: int, recipe: StandAlone, data_path: Path | None, device: str
) -> tuple[Path, dict[str, float]]:
    """Train one cell once, on one thread; return where the result is to be kept, and it.

    Raises:
        Stopped: it was asked for; the next call goes on from there.
    """
    import torch

    from supernet.data.registry import load_data
    from supernet.nets.stand_alone import train_cell
    from supernet.seats import on_device

    torch.set_num_threads(1)
    seed, kept = trainings.seed_of(cell, repeat), trainings.begun_folder(path) / CHECKPOINT
    with on_device(device) as own:
        data = load_data(recipe.data_set, recipe.skeleton, data_path, own)
        return path, train_cell(cell, data, recipe.skeleton, recipe.training, seed, kept)


def _recipe(preset: str, data_set: str | None, changes: Mapping[str, Any] | None) -> StandAlone:
    usual = ranking_preset(preset).stand_alone
    return changed(changed(usual, changes or {}), {"data_set": data_set})


def _images(recipe: StandAlone, data_path: Path | None) -> DataSet:
    """Open the images, whose digest tells a ranking whether its runs are of them too."""
    from supernet.data.registry import load_data

    return load_data(recipe.data_set, recipe.skeleton, data_path, "cpu")
