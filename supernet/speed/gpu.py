"""Speed on a GPU: the `paper` preset's step without and with CUDA graphs, and its scoring.

Wall-clock, as the host works while the GPU does; what is compared is run by turns, in one run.
Both trainers draw the same few paths again and again, so that what is timed is captured already.
"""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch.profiler import ProfilerActivity, profile

from bench.base.timing import row
from bench.config.cell_presets import paper
from bench.space.branches import Branches
from supernet.data.data_set import DataSet, Images
from supernet.data.source import TensorSource
from supernet.parts import resolve
from supernet.runs import scorer
from supernet.training.trainer import Trainer, initialise

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.config.recipe import Recipe

NUM_PATHS = 16
REPEATS = 5
WARM_UP = 3  # epochs: a path's first step runs as it is, its second is captured
NUM_SCORED = 255
RECIPE = replace(paper().recipe, num_score_images=2000, score_batch=500)
"""The `paper` preset, scored on 2,000 images."""


def measure_gpu(device: str) -> list[dict[str, Any]]:
    """Measure training and scoring on a GPU; return rows of speed.csv."""
    return [*_training(device), *_scoring(device)]


def _training(device: str) -> list[dict[str, Any]]:
    """Compare steps in bf16: eager, captured as CUDA graphs, and on a GPU fused besides."""
    settings = {
        "eager": {"cuda_graphs": False},
        "captured": {"cuda_graphs": True},
        "fused": {"cuda_graphs": True, "fused": True},
    }
    if torch.device(device).type != "cuda":
        del settings["fused"]  # a minute of compiling, which tells nothing of a GPU
    trainers = {name: _trainer(device, **changes) for name, changes in settings.items()}
    epochs = {name: trainer.run_epoch for name, trainer in trainers.items()}
    for epoch in epochs.values():
        for _ in range(WARM_UP):
            epoch()
    taken: dict[str, list[float]] = {name: [] for name in epochs}
    for _ in range(REPEATS):
        for name, epoch in epochs.items():
            taken[name].append(_wall_s(device, epoch) / NUM_PATHS)
    step_s = {name: statistics.median(times) for name, times in taken.items()}
    eager, captured = step_s["eager"], step_s["captured"]
    images = RECIPE.training.batch_size / captured
    fused = [
        row("gpu_step_fused", eager / one, "ratio", 2.4) | {"ours_s": one, "baseline_s": eager}
        for name, one in step_s.items()
        if name == "fused"
    ]
    return [
        *fused,
        row("gpu_step", eager / captured, "ratio", 2.4) | {"ours_s": captured, "baseline_s": eager},
        row("gpu_step_captured", 1000 * captured, "ms", 10.5),
        row("gpu_busy_eager", _busy(epochs["eager"]), "%", 0.0),
        row("gpu_busy_captured", _busy(epochs["captured"]), "%", 90.0),
        row("gpu_training", images, "images/s", 9000.0),
    ]


def _scoring(device: str) -> list[dict[str, Any]]:
    """Time architectures calibrated and scored, raw and calibrated, in both precisions."""
    rows = []
    for precision, aim in (("fp32", 70.0), ("bf16", 30.0)):
        plain, own = (_scored_s(device, precision, captured=on) for on in (False, True))
        rows += [
            row(f"gpu_scoring_{precision}", own, "s", aim),
            row(f"gpu_scoring_{precision}_captured", plain / own, "ratio", 1.0)
            | {"ours_s": own, "baseline_s": plain},
        ]
    return rows


def _scored_s(device: str, precision: str, *, captured: bool) -> float:
    """Time scoring, with CUDA graphs where they pay, or without."""
    recipe = replace(
        RECIPE,
        score_precision=precision,
        calibration=replace(RECIPE.calibration, calibration_images=500),
        training=replace(RECIPE.training, cuda_graphs=captured),
    )
    parts = resolve(recipe)
    scores = scorer(parts, _model(recipe, device), _data(2000, device))
    chosen = list(parts.space.architectures())[:NUM_SCORED]

    def both() -> None:
        for _ in itertools.chain(scores.raw(chosen), scores.calibrated(chosen)):
            pass

    return _wall_s(device, both)


def _trainer(device: str, **changes: bool) -> Trainer:
    values: dict[str, Any] = {"epochs": 10_000, "precision": "bf16", **changes}
    training = replace(RECIPE.training, **values)
    space = Branches(RECIPE.m)
    every = space.architectures()
    chosen = every[:: len(every) // NUM_PATHS][:NUM_PATHS]
    paths = itertools.cycle([space.path(architecture) for architecture in chosen])
    data = _data(NUM_PATHS * training.batch_size, device)
    return Trainer(
        _model(RECIPE, device),
        TensorSource(data.train, data.statistics, training, 0),
        training,
        lambda *_: next(paths),
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


def _busy(function: Callable[[], object]) -> float:
    """Return the share of a call's time in which a GPU's kernels run, in percent."""
    if not torch.cuda.is_available():
        return 0.0
    with profile(activities=[ProfilerActivity.CUDA]) as found:
        taken = _wall_s("cuda", function)
    events = [event for event in found.events() or () if event.device_type.name == "CUDA"]
    busy_us = sum(event.time_range.elapsed_us() for event in events)
    return float(100 * busy_us / (1e6 * taken))


def _wait(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(torch.device(device))
