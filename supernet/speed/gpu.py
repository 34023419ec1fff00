"""Speed on a GPU: the `paper` preset's step without and with CUDA graphs, and its scoring.

Wall-clock, as the host works while the GPU does; what is compared is run by turns, in one run.
Trainers draw the same few paths again and again, so that what is timed is captured already; the
paths are those of a seed, so that they cost what training's do.
"""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch.profiler import ProfilerActivity, profile

from bench.base.timing import row
from bench.config.cell_presets import paper
from bench.space.branches import Branches
from supernet.data.data_set import DataSet, Images
from supernet.data.source import TensorSource
from supernet.forecast import few_paths
from supernet.parts import resolve
from supernet.runs import scorer
from supernet.score import CHUNK
from supernet.training.trainer import Trainer, initialise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.config.recipe import Recipe
    from supernet.score import SupernetScorer

NUM_PATHS = 64
REPEATS = 5
WARM_UP = 3  # epochs: a path's first step runs as it is, its second is captured
NUM_SCORED = 255
FEW = 8  # architectures that warm scoring up
RECIPE = replace(paper().recipe, num_score_images=2000, score_batch=500)
"""The `paper` preset, scored on 2,000 images."""


def measure_gpu(device: str) -> Iterator[dict[str, Any]]:
    """Measure training and scoring on a GPU; yield rows of speed.csv as they come."""
    yield from _training(device)
    yield from _scoring(device)


def _training(device: str) -> Iterator[dict[str, Any]]:
    """Compare steps in bf16: eager, captured as CUDA graphs, and on a GPU fused besides."""
    eager, captured = (_trainer(device, cuda_graphs=on) for on in (False, True))
    eager_s, captured_s = _steps_s(device, eager, captured)
    images = RECIPE.training.batch_size / captured_s
    yield _ratio("gpu_step", captured_s, eager_s, 2.4)
    yield row("gpu_step_captured", 1000 * captured_s, "ms", 10.5)
    yield row("gpu_training", images, "images/s", 9000.0)
    yield row("gpu_busy_eager", _busy(device, eager.run_epoch), "%", 0.0)
    yield row("gpu_busy_captured", _busy(device, captured.run_epoch), "%", 90.0)
    del captured
    if torch.device(device).type == "cuda":  # a minute of compiling tells nothing of a CPU
        yield from _fused(device, eager)


def _fused(device: str, eager: Trainer) -> Iterator[dict[str, Any]]:
    """Compare steps fused besides; nothing where they can't be compiled."""
    fused = _trainer(device, cuda_graphs=True, fused=True)
    eager_s, fused_s = _steps_s(device, eager, fused)
    if fused.fused is not None and not fused.fused.is_failed:
        yield _ratio("gpu_step_fused", fused_s, eager_s, 2.4)


def _steps_s(device: str, *trainers: Trainer) -> list[float]:
    """Return each trainer's median seconds of a step, by turns once they are warm."""
    for trainer in trainers:
        for _ in range(WARM_UP):
            trainer.run_epoch()
    taken: list[list[float]] = [[] for _ in trainers]
    for _ in range(REPEATS):
        for times, trainer in zip(taken, trainers, strict=True):
            times.append(_wall_s(device, trainer.run_epoch) / NUM_PATHS)
    return [statistics.median(times) for times in taken]


def _scoring(device: str) -> Iterator[dict[str, Any]]:
    """Time architectures calibrated and scored, raw and calibrated, in both precisions."""
    chosen = list(Branches(RECIPE.m).architectures())[:NUM_SCORED]
    for precision, aim in (("fp32", 70.0), ("bf16", 30.0)):
        for on in (False, True):
            _score(_scorer(device, precision, captured=on), chosen[:FEW])  # libraries, algorithms
        plain, own = (_scorer(device, precision, captured=on) for on in (False, True))
        taken = {plain: 0.0, own: 0.0}
        for start in range(0, len(chosen), CHUNK):
            for scores in taken:
                some = chosen[start : start + CHUNK]
                taken[scores] += _wall_s(device, partial(_score, scores, some))
        yield row(f"gpu_scoring_{precision}", taken[own], "s", aim)
        yield _ratio(f"gpu_scoring_{precision}_captured", taken[own], taken[plain], 1.0)


def _score(scores: SupernetScorer, chosen: list[Any]) -> None:
    for _ in itertools.chain(scores.raw(chosen), scores.calibrated(chosen)):
        pass


def _scorer(device: str, precision: str, *, captured: bool) -> SupernetScorer:
    """Return what scores with CUDA graphs where they pay, or without."""
    recipe = replace(
        RECIPE,
        score_precision=precision,
        calibration=replace(RECIPE.calibration, calibration_images=500),
        training=replace(RECIPE.training, cuda_graphs=captured),
    )
    return scorer(resolve(recipe), _model(recipe, device), _data(2000, device))


def _ratio(name: str, ours_s: float, baseline_s: float, aim: float) -> dict[str, Any]:
    """Make a row of how many times as fast as the baseline ours is."""
    times = {"ours_s": ours_s, "baseline_s": baseline_s}
    return row(name, baseline_s / ours_s, "ratio", aim) | times


def _trainer(device: str, **changes: bool) -> Trainer:
    """Make a trainer whose few paths are drawn as training draws them, and come in turns."""
    values: dict[str, Any] = {"epochs": 10_000, "precision": "bf16", **changes}
    training = replace(RECIPE.training, **values)
    data = _data(NUM_PATHS * training.batch_size, device)
    return Trainer(
        _model(RECIPE, device),
        TensorSource(data.train, data.statistics, training, 0),
        training,
        few_paths(resolve(RECIPE), 0, NUM_PATHS),
        0,
        may_capture=True,
    )


def _model(recipe: Recipe, device: str) -> Any:
    model = initialise(lambda: resolve(recipe).build(), 0)  # type: ignore[arg-type, return-value]  # it is a module
    return model.to(torch.device(device)).to(memory_format=torch.channels_last)


def _data(num_images: int, device: str) -> DataSet:
    generator = torch.Generator().manual_seed(0)
    shape = (num_images, RECIPE.skeleton.in_channels, *2 * (RECIPE.skeleton.image_size,))
    pixels = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
    images = Images(pixels, torch.arange(num_images) % RECIPE.skeleton.num_classes)
    return DataSet("noise", images, images, images, 10).to(torch.device(device))


def _wall_s(device: str, function: Callable[[], object]) -> float:
    """Time a call and all that it launched, in s."""
    _wait(device)
    started = time.perf_counter()
    function()
    _wait(device)
    return time.perf_counter() - started


def _busy(device: str, function: Callable[[], object]) -> float:
    """Return the share of a call's time in which a GPU's kernels run, in percent."""
    if torch.device(device).type != "cuda":
        return 0.0
    with profile(activities=[ProfilerActivity.CUDA]) as found:
        taken = _wall_s(device, function)
    events = [event for event in found.events() or () if event.device_type.name == "CUDA"]
    busy_us = sum(event.time_range.elapsed_us() for event in events)
    return float(100 * busy_us / (1e6 * taken))


def _wait(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(torch.device(device))
