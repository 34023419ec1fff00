"""Complete runs, several at once: train what is not trained, score what is not scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.base.parallel import default_jobs, in_parallel, task
from bench.runs.progress import show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.runs.run import Run


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


def _complete(run: Run, data: Path | None, device: str, num_threads: int) -> Run:
    from supernet.runs import complete

    return complete(run, data, device, num_threads)
