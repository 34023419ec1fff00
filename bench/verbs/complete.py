"""Runs opened and completed: several at once, or one on all processes that torchrun started.

Folders and images are looked at before anything is trained.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from bench.base.checks import check_choice
from bench.base.files import remove_temporary
from bench.base.parallel import in_parallel, task
from bench.config.registry import RECIPES
from bench.runs.about import UNKNOWN, is_folder_of, is_trained, read_about
from bench.runs.find import check_files, find_runs
from bench.runs.layout import run_folder
from bench.runs.lock import at_work
from bench.runs.origin import check_origin, claim, origin_of, read_origin
from bench.runs.progress import show
from bench.runs.run import Run, num_epochs, open_run
from bench.runs.tensorboard import follow
from bench.runs.together import check_together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.config.recipe import Recipe, Trained
    from bench.runs.run import FinalRun
    from supernet.data.pool import Pool
    from supernet.distributed import Ranks

AnyRun = TypeVar("AnyRun", bound=Any)


def plan_runs(results: Path, recipes: Sequence[Recipe], seeds: Sequence[int]) -> list[Run]:
    """List the runs asked for, each once; nothing is made yet.

    Raises:
        ValueError: a recipe with a part or a name that is unknown.
    """
    from supernet.parts import resolve

    for recipe in recipes:
        check_choice(recipe, name=RECIPES)  # or no ranking would take it, once trained
        resolve(recipe)
    runs = [Run(run_folder(results, one, seed), one, seed) for seed in seeds for one in recipes]
    return list({run.folder: run for run in runs}.values())


def open_all_images(planned: Sequence[Run], data: Path | None) -> tuple[str, int]:
    """Open the images as every recipe wants them, before anything is trained.

    Returns their digest, and how many of them are kept in memory. Where every run is complete and
    no folder is named there is nothing to open: what is there can be ranked where its images are
    not.
    """
    from supernet.parts import resolve

    if data is None and all(run.is_complete for run in planned):
        return "", 0
    kinds = {run.recipe.name: run.recipe for run in planned}
    pools = [resolve(one).open_images(data, "cpu") for one in kinds.values()]
    return (pools[0].digest, pools[0].num_kept) if pools else ("", 0)


def known_images(results: Path, planned: Sequence[Run], images: str) -> list[tuple[Recipe, str]]:
    """List every run's recipe with its images' digest: of runs that are there, and of new ones.

    Raises:
        ValueError: a run that is there is damaged.
    """
    there = find_runs(results, [run.folder for run in planned])
    check_files(there)
    new = [run for run in planned if run.folder not in {one.folder for one in there}]
    return [
        *((run.recipe, read_origin(run.folder).images) for run in there),
        *((run.recipe, images) for run in new),
    ]


def open_runs(
    results: Path, planned: Sequence[Run], images: str, device: str, threads: int
) -> list[Run]:
    """Open every run's folder, once all of them are checked."""
    from supernet.devices import name_of

    check_runs(results, planned, images)
    tell_other_device(planned, device)
    name = name_of(device)
    return [open_run(results, run.recipe, run.seed, device, threads, name) for run in planned]


def check_runs(results: Path, planned: Sequence[Run], images: str) -> None:
    """Refuse folders of other recipes, and to mix runs of other recipes, images or code."""
    for run in planned:
        is_folder_of(run.folder, run.recipe, run.seed)
    now = {run.folder: origin_of(run.recipe, images) for run in planned}
    there = {run.folder for run in planned if is_trained(run.folder)}
    for folder in there:
        check_origin(folder, now[folder])
    every = {run.folder: run for run in [*find_runs(results, list(now)), *planned]}
    new = {folder: origin for folder, origin in now.items() if folder not in there}
    old = {folder: read_origin(folder) for folder in every if folder not in new}
    check_together(every.values(), new | old)


def tell_other_device(runs: Sequence[Run | FinalRun], device: str) -> None:
    """Say in one line that runs which a GPU began go on on a CPU, or the reverse."""
    kind = device.partition(":")[0]
    if kind == UNKNOWN:
        return
    began = {
        run.folder: read_about(run.folder).device.partition(":")[0]
        for run in runs
        if is_trained(run.folder) and not getattr(run, "is_complete", False)
    }
    others = [
        f"{folder} ({other})" for folder, other in began.items() if other not in (kind, UNKNOWN)
    ]
    if others:
        print(
            f"begun on another kind of device and gone on with on {kind}: {', '.join(others)}; "
            "figures are the same to the byte only on one",
            file=sys.stderr,
        )


def run_all(
    runs: Sequence[Run],
    *,
    data: Path | None,
    device: str,
    num_threads: int,
    jobs: int | None,
    num_images: int = 0,
    backend: str = "loky",
    scheduler: str | None = None,
    tensorboard: bool = False,
) -> None:
    """Complete runs, several at a time, showing how far they are; of so many images each.

    Raises:
        ValueError: curves are asked for, but TensorBoard is not installed; or so many runs at once
            need more memory than there is.
    """
    from supernet.fits import jobs_that_fit, most_needs

    todo = [run for run in runs if not run.is_complete]
    with follow(runs) if tensorboard else nullcontext(), show(todo) as finished:
        if not todo:
            return
        tasks = (task(_complete, run, data, device, num_threads) for run in todo)
        needed = most_needs(todo, num_images) if backend == "loky" else None  # a cluster's: unknown
        jobs = jobs_that_fit("a run", jobs, device, num_threads, len(todo), needed)
        for run in in_parallel(tasks, jobs, backend, scheduler, shared=todo[0].folder):
            finished(run)


def train_together(
    recipe: Trained,
    open_images: Callable[[Path | None, str], Pool],
    open_folder: Callable[[str], AnyRun],
    train: Callable[[AnyRun, Pool, str, Ranks], object],
    *,
    data: Path | None,
    device: str,
    threads: int,
) -> AnyRun:
    """Open a run and train it, showing how far it is.

    Args:
        recipe: the run's.
        open_images: opens the images at a path, for a device.
        open_folder: makes or opens the run's folder for a device; the first process does so first.
        train: trains a run on images, a device and processes.
        data: folder of the images.
        device: where to run.
        threads: of each process.

    Raises:
        ValueError: a batch that the processes don't divide, or what opening and training raise.
    """
    import torch

    from supernet.devices import check_precision, choose_device
    from supernet.distributed import check_batch, in_turn, join
    from supernet.seats import on_device

    torch.set_num_threads(threads)
    device = choose_device(device)
    check_precision(recipe, device)
    with join(device) as (ranks, rank_device), on_device(rank_device) as own_device:
        check_batch(recipe.training.batch_size, ranks, recipe.training.accumulate)
        pool = open_images(data, own_device)
        with ExitStack() as stack:
            with in_turn(ranks):
                run = open_folder(own_device)
                tell_other_device([run] if ranks.is_first else [], own_device)
                if ranks.is_first:
                    stack.enter_context(at_work(run.folder))
                    remove_temporary(run.folder)
                    claim(run, origin_of(run.recipe, pool.digest))
            finished = stack.enter_context(show([run] if ranks.is_first else []))
            train(run, pool, own_device, ranks)
            if ranks.is_first and num_epochs(run.folder) == recipe.training.epochs:
                finished(run)
    if ranks.is_first and (broken := pool.broken):
        example = f"{len(broken)}, such as {min(broken)}"
        print(f"images that did not decode and were skipped: {example}", file=sys.stderr)
    return run


def _complete(run: Run, data: Path | None, device: str, num_threads: int) -> Run:
    from supernet.devices import check_precision, choose_device
    from supernet.runs import complete
    from supernet.seats import on_device

    device = choose_device(device)  # a cluster's worker has devices of its own
    check_precision(run.recipe, device)
    with on_device(device) as own:
        return complete(run, data, own, num_threads)
