"""How long a run will take, measured on a few steps and a few architectures of its recipe."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from bench.base.forecast import a_few
from bench.runs import schemas
from bench.runs.layout import HISTORY, SCORES_PART
from supernet.data.pool import TensorPool
from supernet.distributed import ALONE
from supernet.needs import can_estimate, needs
from supernet.parts import resolve
from supernet.runs import build, scorer
from supernet.training.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from pathlib import Path

    from bench.config.recipe import Recipe
    from bench.runs.run import Run
    from supernet.data.data_set import DataSet
    from supernet.needs import Needs

STEPS = 4
ARCHITECTURES = 6


@dataclass(frozen=True)
class Pace:
    """What one epoch, and one architecture raw and calibrated, take in seconds."""

    epoch_s: float
    architecture_s: float


AT_ONCE = Pace(0.0, 0.0)


@dataclass(frozen=True)
class Forecast:
    """What is missing of a run, the seconds that it will take, and what it needs, where known."""

    num_epochs: int
    num_architectures: int
    time_s: float
    needs: Needs | None = None


def forecast_runs(
    runs: Sequence[Run], data_path: Path | None, device: str, num_threads: int
) -> list[Forecast]:
    """Say what is missing of each run, at the pace of its recipe on this machine.

    Args:
        runs: whose folders are not touched.
        data_path: folder of the images.
        device: where they are to run.
        num_threads: of each run.
    """
    paces: dict[Recipe, Pace] = {}
    needed: dict[Recipe, Needs] = {}
    images: dict[Hashable, DataSet] = {}
    for run in (run for run in runs if not run.is_complete and run.recipe not in paces):
        key = (run.recipe.data_set, run.recipe.skeleton)
        if key not in images:
            images[key] = resolve(run.recipe).open_images(data_path, device).data()
        paces[run.recipe] = measure_pace(run, images[key], device, num_threads)
        if can_estimate(parts := resolve(run.recipe)):
            needed[run.recipe] = needs(parts, _num_images(images[key]), run.seed)
    return [
        replace(
            forecast(run, paces.get(run.recipe, AT_ONCE)),
            needs=None if run.is_complete else needed.get(run.recipe),
        )
        for run in runs
    ]


def _num_images(data: DataSet) -> int:
    return len(data.train) + len(data.valid) + len(data.test)


def measure_pace(run: Run, data: DataSet, device: str, num_threads: int) -> Pace:
    """Train a few steps and score a few architectures of a run, as it does, and forget them.

    Args:
        run: whose recipe it is; its folder is not touched.
        data: the images, on the device.
        device: where it is to run.
        num_threads: of each process.
    """
    torch.set_num_threads(num_threads)
    recipe, parts = run.recipe, resolve(run.recipe)
    whole = TensorPool(recipe, data).source(run.seed, ALONE)
    num = min(STEPS * recipe.training.batch_size, len(data.split(recipe.train_split)))
    few = TensorPool(replace(recipe, num_train_images=num), data).source(run.seed, ALONE)
    model = build(run, parts, device)
    trainer = Trainer(
        model,
        few,
        replace(recipe.training, epochs=2),
        lambda rng, progress: parts.sampler(parts.space, rng, progress),
        run.seed,
    )
    trainer.run_epoch()  # the first steps are slow
    step_s = trainer.run_epoch().time_s / few.num_steps
    some = a_few(list(run.space.architectures()), ARCHITECTURES)
    score = scorer(parts, model, data)
    started = time.perf_counter()
    rows = [*score.raw(some), *score.calibrated(some)]
    return Pace(step_s * whole.num_steps, (time.perf_counter() - started) * 2 / len(rows))


def forecast(run: Run, pace: Pace) -> Forecast:
    """Say what is missing of a run, and how long it will take at this pace."""
    if run.is_complete:
        return Forecast(0, 0, 0.0)
    history, part = run.folder / HISTORY, run.folder / SCORES_PART
    num_done = len(schemas.read(history, schemas.HISTORY)) if history.is_file() else 0
    num_scored = len(schemas.read(part, schemas.SCORES_PART)) // 2 if part.is_file() else 0
    num_epochs = run.recipe.training.epochs - num_done
    num = run.space.count() - num_scored
    return Forecast(num_epochs, num, num_epochs * pace.epoch_s + num * pace.architecture_s)
