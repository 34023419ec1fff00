"""How long a run will take, measured on a few steps and a few architectures of its recipe."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from bench.base.forecast import a_few
from bench.base.streams import child_rng
from bench.runs import schemas
from bench.runs.layout import SCORES_PART
from bench.runs.run import num_epochs
from supernet.data.pool import TensorPool
from supernet.data.registry import data_source
from supernet.distributed import ALONE
from supernet.final import Enlarged
from supernet.final import build as build_network
from supernet.needs import can_estimate, needs
from supernet.parts import resolve
from supernet.runs import build, scorer
from supernet.training.captures import Captures, may_repeat
from supernet.training.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from pathlib import Path

    import numpy as np

    from bench.config.recipe import Recipe, Trained
    from bench.runs.run import FinalRun, Run
    from supernet.data.data_set import DataSet
    from supernet.data.pool import Pool
    from supernet.needs import Needs
    from supernet.parts import Parts

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
            needed[run.recipe] = needs(parts, images[key].num_images, run.seed)
    return [
        replace(
            forecast(run, paces.get(run.recipe, AT_ONCE)),
            needs=None if run.is_complete else needed.get(run.recipe),
        )
        for run in runs
    ]


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
    model = build(run, parts, device)
    pool = TensorPool(recipe, data)
    seconds = epoch_s(run, model, pool, lambda few: TensorPool(few, data), parts)
    some = a_few(list(run.space.architectures()), ARCHITECTURES)
    score = scorer(parts, model, data)
    started = time.perf_counter()
    rows = [*score.raw(some), *score.calibrated(some)]
    return Pace(seconds, (time.perf_counter() - started) * 2 / len(rows))


def forecast(run: Run, pace: Pace) -> Forecast:
    """Say what is missing of a run, and how long it will take at this pace."""
    if run.is_complete:
        return Forecast(0, 0, 0.0)
    part, num_done = run.folder / SCORES_PART, num_epochs(run.folder)
    num_scored = len(schemas.read(part, schemas.SCORES_PART)) // 2 if part.is_file() else 0
    left = run.recipe.training.epochs - num_done
    num = run.space.count() - num_scored
    return Forecast(left, num, left * pace.epoch_s + num * pace.architecture_s)


def supernet_epoch_s(
    run: Run, parts: Parts, pool: Pool, data_path: Path | None, device: str, num_threads: int
) -> float:
    """Return the seconds that an epoch of a supernet takes, of whatever images it has."""
    torch.set_num_threads(num_threads)
    opened = partial(_open, data_path=data_path, device=device)
    return epoch_s(run, build(run, parts, device), pool, opened, parts)


def network_epoch_s(
    run: FinalRun, pool: Pool, data_path: Path | None, device: str, num_threads: int
) -> float:
    """Return the seconds that an epoch of a network takes, its test left out."""
    torch.set_num_threads(num_threads)
    network = Enlarged(build_network(run, device), run.recipe.resize)
    return epoch_s(run, network, pool, partial(_open, data_path=data_path, device=device), None)


def epoch_s(
    run: Run | FinalRun,
    model: torch.nn.Module,
    pool: Pool,
    open_pool: Callable[[Any], Pool],
    parts: Parts | None,
) -> float:
    """Train a few steps again and again, since the first are slow; return the seconds of an epoch.

    The same few paths come each time: where steps are captured, it is captured ones that are timed.

    Args:
        run: whose recipe it is; its folder is not touched.
        model: what is trained; of no use afterwards.
        pool: its images.
        open_pool: opens those of a recipe of fewer.
        parts: a supernet's; None: a network without paths.
    """
    recipe, whole = run.recipe, pool.source(run.seed, ALONE)
    few = whole
    if whole.num_steps > STEPS:
        images = STEPS * recipe.training.batch_size
        few = open_pool(replace(recipe, num_train_images=images)).source(run.seed, ALONE)
    training = replace(recipe.training, epochs=3, warmup_epochs=0.0)
    trainer = Trainer(
        model,
        few,
        training,
        few_paths(parts, run.seed, few.num_steps) if parts else None,
        run.seed,
        may_capture=parts is None or (parts.space.is_enumerated and may_repeat(parts.recipe)),
    )
    for _ in range(2 if isinstance(trainer.gradients, Captures) else 1):
        trainer.run_epoch()
    return trainer.run_epoch().time_s / few.num_steps * whole.num_steps


def few_paths(parts: Parts, seed: int, num: int) -> Callable[[np.random.Generator, float], Any]:
    """Return what takes so many paths, drawn as in training, in turns."""
    rng = child_rng(seed, "forecast")
    drawn = itertools.cycle([parts.sampler(parts.space, rng, 0.0) for _ in range(num)])
    return lambda *_: next(drawn)


def _open(recipe: Trained, data_path: Path | None, device: str) -> Pool:
    return data_source(recipe)(data_path, device)
