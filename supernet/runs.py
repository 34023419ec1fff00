"""One supernet, from nothing to scores.csv: train it, then score its architectures.

What is there is not done again: training goes on from the last epoch's checkpoint, on any number
of processes, scoring from the rows already written. A run uses a fixed number of threads, so that
on one machine a run killed anywhere and started again ends with the same bytes as one never killed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from bench.base.files import remove_temporary
from bench.base.stopping import Stopped
from bench.runs import schemas
from bench.runs.digests import remove_kept
from bench.runs.expected import check_cells
from bench.runs.layout import CHECKPOINT, SCORES, SCORES_PART, TIMES, snapshot
from bench.runs.lock import at_work
from bench.runs.origin import claim, origin_of
from bench.runs.run import Run, RunFolderError, scores_schema
from supernet.distributed import ALONE, Ranks
from supernet.fits import check_run
from supernet.nets.initialisation import fan_out
from supernet.parts import Parts, resolve
from supernet.score import SupernetScorer
from supernet.training.captures import may_repeat
from supernet.training.checkpoints import finish, load_model, save_checkpoint
from supernet.training.reporter import Reporter
from supernet.training.trainer import Trainer, initialise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.config.training import Training
    from supernet.data.data_set import DataSet
    from supernet.data.pool import Pool
    from supernet.training.trainer import Epoch

SAVE_EVERY_S = 10.0
USUAL_NORM = (0.1, 1e-5)
"""PyTorch's momentum and epsilon of a batch norm; an own one may have others."""


def complete(run: Run, data_path: Path | None, device: str, num_threads: int) -> Run:
    """Do what is missing of a run whose space is scored whole.

    Raises:
        RunFolderError: it was begun on other images, or with other code of plug-ins.
        BusyFolderError: another command is at work on it.
        Stopped: it was asked for; the next call goes on from there.
    """
    if not run.is_complete:
        torch.set_num_threads(num_threads)
        with at_work(run.folder):
            _complete(run, data_path, device)
    return run


def _complete(run: Run, data_path: Path | None, device: str) -> None:
    if run.is_complete:  # by another command meanwhile
        return
    remove_temporary(run.folder)
    parts = resolve(run.recipe)
    pool = parts.open_images(data_path, device)
    claim(run, origin_of(run.recipe, pool.digest))
    model = train(run, parts, pool, device)
    if not (run.folder / SCORES).is_file():  # else the history alone was lost
        score(run, parts, model, pool.data())


def train(
    run: Run,
    parts: Parts,
    pool: Pool,
    device: str,
    ranks: Ranks = ALONE,
    limit: int | None = None,
) -> Any:
    """Train the supernet, going on from its checkpoint if there is one; return it.

    After `limit` epochs in all it leaves, for a quick look.

    Raises:
        ValueError: it needs more memory, or more of the disk, than there is.
    """
    if not (run.folder / CHECKPOINT).is_file():
        check_run(run, parts, device, ranks, pool.num_kept)
    model = build(run, parts, device)
    trainer = Trainer(
        model,
        pool.source(run.seed, ranks),
        run.recipe.training,
        lambda rng, progress: parts.sampler(parts.space, rng, progress),
        run.seed,
        ranks=ranks,
        may_capture=may_repeat(run.recipe),
    )

    def keep(epoch: Epoch) -> None:
        if epoch.epoch in run.recipe.snapshot_epochs:
            save_checkpoint({"model": model.state_dict()}, snapshot(run.folder, epoch.epoch))

    finish(trainer, run.folder, ranks, keep, limit)
    return model


def build(run: Run, parts: Parts, device: str) -> Any:
    """Build the run's supernet with its seed's initial weights, in channels-last order."""

    def made() -> Any:
        model: Any = parts.build()
        return model.apply(fan_out) if run.recipe.initialisation == "fan-out" else model

    model = initialise(made, run.seed)
    return prepared(model, run.recipe.training, device)


def prepared(model: torch.nn.Module, training: Training, device: str) -> torch.nn.Module:
    """Set a network's batch norms as the recipe has them, and move it to the device."""
    if (training.bn_momentum, training.bn_epsilon) != USUAL_NORM:
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum, module.eps = training.bn_momentum, training.bn_epsilon
    return model.to(torch.device(device)).to(memory_format=torch.channels_last)


def load_supernet(run: Run, parts: Parts, device: str) -> Any:
    """Build a trained supernet.

    Raises:
        RunFolderError: training is not finished, or the weights don't fit the recipe.
    """
    model = build(run, parts, device)
    done = len(load_model(model, run.folder / CHECKPOINT).get("history", ()))
    if done < run.recipe.training.epochs:
        raise RunFolderError(
            f"{run.folder} has {done} of {run.recipe.training.epochs} epochs: go on with train"
        )
    return model


def scorer(parts: Parts, model: Any, data: DataSet) -> SupernetScorer:
    """Return what scores a run's architectures."""
    return SupernetScorer(model, parts.space, data, parts.recipe, parts.scorers)


def score(run: Run, parts: Parts, model: Any, data: DataSet) -> None:
    """Score every architecture, raw and calibrated, into scores.csv."""
    started = time.perf_counter()
    architectures = list(run.space.architectures())
    part = run.folder / SCORES_PART
    rows = _begun(part, run.space)
    done = {(row["architecture"], row["calibrated"]) for row in rows}
    saved_at, reporter = time.monotonic(), Reporter(run.folder, "score")
    try:
        for row in _missing_rows(scorer(parts, model, data), run, done):
            rows.append(row)
            reporter.scoring(len(rows) / (2 * len(architectures)))
            if time.monotonic() - saved_at > SAVE_EVERY_S:
                schemas.write(pd.DataFrame(rows), part, schemas.SCORES_PART)
                saved_at = time.monotonic()
    except Stopped:
        if rows:
            schemas.write(pd.DataFrame(rows), part, schemas.SCORES_PART)
        raise
    place = {run.space.encode(a): index for index, a in enumerate(architectures)}
    rows.sort(key=lambda row: (place[row["architecture"]], row["calibrated"]))
    times = schemas.read(run.folder / TIMES, schemas.TIMES)
    seconds = {"epoch": 0, "time_s": time.perf_counter() - started, "stage": "score"}
    times = pd.concat([times, pd.DataFrame([seconds])])
    schemas.write(times, run.folder / TIMES, schemas.TIMES)
    schemas.write(pd.DataFrame(rows), run.folder / SCORES, scores_schema(run.space))
    remove_kept(part)
    reporter.close()


def _begun(part: Path, space: Any) -> list[Any]:
    """Read the rows that scoring left when it was stopped.

    Raises:
        DamagedFileError: they are not as they were written, or not of this space.
    """
    if not part.is_file():
        return []
    begun = schemas.read(
        part, schemas.SCORES_PART, lambda rows: check_cells(rows, space, is_whole=False)
    )
    return begun.to_dict("records")


def _missing_rows(
    scores: SupernetScorer, run: Run, done: set[tuple[str, bool]]
) -> Iterator[dict[str, Any]]:
    every = list(run.space.architectures())
    yield from scores.raw(a for a in every if (run.space.encode(a), False) not in done)
    yield from scores.calibrated(a for a in every if (run.space.encode(a), True) not in done)
