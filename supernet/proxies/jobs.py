"""Many cells scored at once, on as many workers as there are to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from rich.console import Console
from rich.progress import track

from bench.base.forecast import seconds_each
from bench.base.parallel import in_parallel, task
from supernet.fits import jobs_that_fit
from supernet.needs import proxy_needs
from supernet.nets.cell_network import CellNetwork
from supernet.proxies.scoring import draw_batch, score_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.config.recipe import ProxyScoring
    from bench.network.cell import Cell
    from bench.scores.growing import GrowingScores
    from supernet.data.data_set import Batch, DataSet
    from supernet.needs import Needs

CELLS = 4
"""Cells that a forecast scores."""


@dataclass(frozen=True)
class Missing:
    """What one worker does at a time: the missing methods of one cell and seed."""

    cell: Cell
    seed: int
    methods: tuple[str, ...]


def score_missing(
    growing: GrowingScores,
    cells: Sequence[Cell],
    methods: Sequence[str],
    seeds: Sequence[int],
    scoring: ProxyScoring,
    images: DataSet,
    *,
    threads: int,
    jobs: int | None,
) -> None:
    """Score what a file of scores lacks, with a fixed number of threads each, and write it.

    Raises:
        ValueError: a batch of more images than there are, an own method that fails, or so many
            cells at once need more memory than there is.
        Stopped: it was asked for; what was scored is kept.
    """
    batches = {seed: draw_batch(images, scoring.batch_size, seed) for seed in seeds}
    todo = missing(growing, cells, methods, seeds)
    usual_threads = torch.get_num_threads()
    at_once = scored_at_once(todo, scoring, images, threads, jobs)
    growing.begin()
    done = in_parallel(
        (task(_score, one, scoring, batches[one.seed], threads) for one in todo),
        at_once,
        shared=growing.path.parent,
    )
    try:
        for one, scores in track(done, "scoring", total=len(todo), console=Console(stderr=True)):
            growing.add(one.cell.hash, one.seed, scores)
    except BaseException:
        growing.save()
        raise
    finally:
        torch.set_num_threads(usual_threads)  # one job alone runs in this process
    growing.finish()


def scored_at_once(
    todo: Sequence[Missing], scoring: ProxyScoring, images: DataSet, threads: int, jobs: int | None
) -> int:
    """Return how many cells are scored at once.

    Raises:
        ValueError: as many as asked, or even one, need more memory than there is.
    """
    if not todo:
        return 1
    device = str(images.train.labels.device)
    return jobs_that_fit("a cell", jobs, device, threads, len(todo), needs_of(todo, scoring))


def needs_of(todo: Sequence[Missing], scoring: ProxyScoring) -> Needs:
    """Estimate what the largest of some cells takes."""
    largest = max((one.cell for one in todo), key=lambda cell: len(cell.operations))
    with torch.device("meta"):
        return proxy_needs(scoring, CellNetwork(largest, scoring.skeleton))


def measure_pace(
    todo: Sequence[Missing], scoring: ProxyScoring, images: DataSet, threads: int
) -> float:
    """Score a few of the missing cells, forget them, and return the seconds that one takes."""
    batch = draw_batch(images, scoring.batch_size, todo[0].seed)
    return seconds_each(todo, CELLS, lambda one: _score(one, scoring, batch, threads))


def missing(
    growing: GrowingScores, cells: Sequence[Cell], methods: Sequence[str], seeds: Sequence[int]
) -> list[Missing]:
    """List what a file of scores lacks, seed by seed."""
    every = (
        Missing(cell, seed, tuple(m for m in methods if (cell.hash, m, seed) not in growing.scores))
        for seed in seeds
        for cell in cells
    )
    return [one for one in every if one.methods]


def _score(
    one: Missing, scoring: ProxyScoring, batch: Batch, threads: int
) -> tuple[Missing, dict[str, float]]:
    torch.set_num_threads(threads)
    return one, score_cell(one.cell, scoring.skeleton, batch, one.methods, one.seed)
