"""Complete runs: several at once, each alone, or one on all processes that torchrun started."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from bench.base.parallel import default_jobs, in_parallel, task
from bench.runs.origin import claim, origin_of
from bench.runs.progress import show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.config.training import Training
    from bench.runs.run import Run
    from supernet.data.pool import Pool
    from supernet.distributed import Ranks

AnyRun = TypeVar("AnyRun", bound=Any)


def run_all(
    runs: Sequence[Run],
    *,
    data: Path | None,
    device: str,
    num_threads: int,
    jobs: int | None,
    backend: str = "loky",
    scheduler: str | None = None,
) -> None:
    """Complete runs, several at a time, showing how far they are."""
    todo = [run for run in runs if not run.is_complete]
    with show(todo) as finished:
        tasks = (task(_complete, run, data, device, num_threads) for run in todo)
        jobs = min(jobs or default_jobs(device, num_threads), max(len(todo), 1))
        for run in in_parallel(tasks, jobs, backend, scheduler):
            finished(run)


def is_first_process() -> bool:
    """Whether this process is the one that writes and prints."""
    return int(os.environ.get("RANK", "0")) == 0


def train_together(
    training: Training,
    open_images: Callable[[Path | None, str], Pool],
    open_run: Callable[[str], AnyRun],
    train: Callable[[AnyRun, Pool, str, Ranks], object],
    *,
    data: Path | None,
    device: str,
    threads: int,
) -> AnyRun:
    """Open a run and train it, showing how far it is.

    Args:
        training: of the run's recipe.
        open_images: opens the images at a path, for a device.
        open_run: makes or opens the run's folder for a device; the first process does so first.
        train: trains a run on images, a device and processes.
        data: folder of the images.
        device: where to run.
        threads: of each process.

    Raises:
        ValueError: a batch that the processes don't divide, or what opening and training raise.
    """
    import torch

    from supernet.devices import choose_device
    from supernet.distributed import check_batch, in_turn, join

    torch.set_num_threads(threads)
    with join(choose_device(device)) as (ranks, own_device):
        check_batch(training.batch_size, ranks, training.accumulate)
        pool = open_images(data, own_device)
        with in_turn(ranks):
            run = open_run(own_device)
            if ranks.is_first:
                claim(run.folder, origin_of(run.recipe, pool.digest))
        with show([run] if ranks.is_first else []) as finished:
            train(run, pool, own_device, ranks)
            if ranks.is_first:
                finished(run)
    if ranks.is_first and (broken := pool.broken):
        example = f"{len(broken)}, such as {min(broken)}"
        print(f"images that did not decode and were skipped: {example}", file=sys.stderr)
    return run


def _complete(run: Run, data: Path | None, device: str, num_threads: int) -> Run:
    from supernet.runs import complete

    return complete(run, data, device, num_threads)
