"""On a GPU, found out without one: no stage mixes devices, and all find what they find on the CPU.

Whole stages run under `tests.pretend`, forward passes under PyTorch's own `FakeTensorMode` as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.config.registry import PRESETS
from bench.runs.run import load_space, open_run
from supernet.data import data_set
from supernet.data.sets import load_digits
from supernet.distributed import ALONE
from supernet.measure.measurements import MEASUREMENTS, measure_run
from supernet.parts import resolve
from supernet.runs import complete, scorer, train
from supernet.training.trainer import Trainer
from tests.measured_run import TINY
from tests.pretend import NEEDS_GPU, pretending, rounding_as_the_cpu

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bench.config.recipe import Recipe
    from bench.runs.run import Run

ONCE = {"snapshot_epochs": ""}
AUGMENTED = {"crop_padding": "1", "flip": "true", "cutout": "2"}
GENTLE = {"epochs": "1", "lr": "0.005"}
"""Trained longer, a rounding that moves one activation across a ReLU's kink moves all scores."""
ROUNDING = 3e-3
"""By how much, relatively, a GPU's losses may differ then: on a CPU up to 3e-4 without oneDNN."""


@dataclass(frozen=True)
class Gpu:
    """A GPU that there is, or one that there isn't.

    Attributes:
        using: returns what 'cuda' can be used in.
        rounding: by how much losses may differ from the CPU's, relatively.
    """

    using: Callable[[], AbstractContextManager[Any]]
    rounding: float

    def __call__(self) -> AbstractContextManager[Any]:
        """Return what 'cuda' can be used in."""
        return self.using()


@pytest.fixture(params=["pretended", pytest.param("real", marks=NEEDS_GPU)])
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Gpu:
    if request.param == "pretended":
        return Gpu(lambda: pretending(monkeypatch), 1e-6)
    return Gpu(rounding_as_the_cpu, ROUNDING)


def cells(**changes: str) -> Recipe:
    return override(digits().recipe, TINY | {"m": "1"} | changes)


def kernels(space: str) -> Recipe:
    recipe = PRESETS["s1-small"]().recipe
    small = {"width": "0.1", "depth": "0.1", "image_size": "8", "in_channels": "1"}
    changes = TINY_KERNELS | AUGMENTED | GENTLE | small | {"space": space, "m": "2"}
    return override(recipe, changes)


TINY_KERNELS = {
    "data_set": "digits",
    "num_train_images": "100",
    "num_score_images": "40",
    "calibration_images": "40",
    "calibration_batch": "40",
    "snapshot_epochs": "",
}


def completed(results: Path, recipe: Recipe, device: str) -> Run:
    return complete(open_run(results, recipe, 0, device, 1), None, device, 1)


def wide(batch_norm: str) -> Recipe:
    """Return a recipe of cells whose scores do not hang on how sums are rounded."""
    changes = AUGMENTED | GENTLE | {"stem_channels": "8", "batch_norm": batch_norm}
    return cells(**changes)


def assert_close(found: pd.DataFrame, expected: pd.DataFrame, rounding: float) -> None:
    """Compare scores up to rounding, by which one image in 60 may be told otherwise."""
    measured = ["accuracy", "loss"]
    pd.testing.assert_frame_equal(found.drop(columns=measured), expected.drop(columns=measured))
    loss, accuracy = expected["loss"].to_numpy(), expected["accuracy"].to_numpy()
    assert found["loss"].to_numpy() == pytest.approx(loss, rel=rounding)
    image = 0.0 if rounding < ROUNDING else 1.01 / 60
    assert found["accuracy"].to_numpy() == pytest.approx(accuracy, abs=image)


BATCH_NORMS_TRIED = pytest.mark.parametrize(
    "batch_norm", ["shadow", "single-sum", "combination", "none"]
)


@BATCH_NORMS_TRIED
def test_a_run_of_cells_finds_on_a_gpu_what_it_finds_on_the_cpu(
    batch_norm: str, tmp_path: Path, gpu: Gpu
) -> None:
    recipe = wide(batch_norm)
    expected = completed(tmp_path / "cpu", recipe, "cpu").scores()
    with gpu():
        found = completed(tmp_path / "cuda", recipe, "cuda").scores()
    assert_close(found, expected, gpu.rounding)


@BATCH_NORMS_TRIED
def test_the_rounding_that_is_allowed_is_that_of_another_library(
    batch_norm: str, tmp_path: Path
) -> None:
    """What a GPU may differ by: convolutions summed in another order."""
    recipe = wide(batch_norm)
    expected = completed(tmp_path / "with", recipe, "cpu").scores()
    torch._C._set_mkldnn_enabled(False)
    try:
        found = completed(tmp_path / "without", recipe, "cpu").scores()
    finally:
        torch._C._set_mkldnn_enabled(True)
    assert not found["loss"].equals(expected["loss"])
    assert_close(found, expected, ROUNDING)


@pytest.mark.slow
def test_measurements_mix_no_devices(
    tmp_path: Path, gpu: Gpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"lemma_2.NUM_IMAGES": 8, "linear_jacobian.NUM_PROJECTIONS": 4, "curve.MAX_IMAGES": 8}
    for name, value in few.items():
        monkeypatch.setattr(f"supernet.measure.{name}", value)
    small = {"num_score_images": "20", "calibration_images": "24", "epochs": "1"}
    recipe = cells(space="first-branches", m="2", **small, **ONCE)
    with gpu():
        run = completed(tmp_path, recipe, "cuda")
        for name in MEASUREMENTS:
            measure_run(run, [name], None, "cuda", 1, 4)
    written = {path.name for path in run.folder.glob("*.csv")}
    assert written >= {m.schema.name for m in MEASUREMENTS.values() if not m.is_sample}


@pytest.mark.parametrize("space", ["s1", "s2", "s3"])
def test_supernets_of_kernels_train_and_score(space: str, tmp_path: Path, gpu: Gpu) -> None:
    recipe = kernels(space)
    parts = resolve(recipe)
    rows = {}
    for device in ("cpu", "cuda"):
        run = open_run(tmp_path / device, recipe, 0, device, 1)
        with gpu():
            pool = parts.open_images(None, device)
            model = train(run, parts, pool, device)
            some = [run.space.sample(np.random.default_rng(number)) for number in range(2)]
            rows[device] = list(scorer(parts, model, pool.data()).calibrated(some))
    assert [r["architecture"] for r in rows["cpu"]] == [r["architecture"] for r in rows["cuda"]]
    losses = [[row["loss"] for row in rows[device]] for device in ("cpu", "cuda")]
    assert losses[0] == pytest.approx(losses[1], rel=gpu.rounding)


def draw(space: Any, rng: np.random.Generator, progress: float) -> Any:  # noqa: ARG001 (called as a Sampler is)
    return space.path(space.sample(rng))


def test_pixels_are_counted_where_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """The `paper` preset stopped here on a GPU: counts there, values on the CPU."""
    data = load_digits()
    expected = data.statistics
    with pretending(monkeypatch):
        there = data.to(torch.device("cuda"))
        assert all(torch.equal(*pair) for pair in zip(there.statistics, expected, strict=True))
        counts = data_set._value_counts
        monkeypatch.setattr(data_set, "_value_counts", lambda x: counts(x).to(x.device))
        with pytest.raises(RuntimeError, match="same device"):
            _ = data.to(torch.device("cuda")).statistics


def test_an_epochs_steps_wait_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is what an epoch ends with: two sums, all ranks' sum and the way there.

    And once a step `clip_grad_norm_`, of pretence alone: it asks C++ where gradients lie.
    """
    waits = []
    with pretending(monkeypatch) as there:
        for batch_size in ("100", "10"):
            recipe = cells(batch_size=batch_size)
            parts, space = resolve(recipe), load_space(recipe)
            source = parts.open_images(None, "cuda").source(0, ALONE)
            net: Any = parts.build()
            one = Trainer(
                net.to(torch.device("cuda")),
                source,
                recipe.training,
                partial(draw, space),
                seed=0,
            )
            there.num_waits = 0
            one.run_epoch()
            waits.append(there.num_waits)
    assert waits == [4 + 2, 4 + 20]


def test_scoring_waits_for_a_chunk_not_for_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []
    with pretending(monkeypatch) as there:
        for score_batch in ("60", "10"):
            recipe = cells(score_batch=score_batch)
            parts = resolve(recipe)
            net: Any = parts.build()
            data = parts.open_images(None, "cuda").data()
            scores = scorer(parts, net.to(torch.device("cuda")), data)
            some = list(parts.space.architectures())[:4]
            there.num_waits = 0
            rows = [*scores.raw(some), *scores.calibrated(some)]
            waits.append(there.num_waits)
            assert len(rows) == 8
    assert waits == [8, 8]  # each architecture's means


def moved(model: nn.Module) -> nn.Module:
    """Do what `.to('cuda')` does, which `FakeTensorMode` can't."""
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            there = nn.Parameter(torch.empty_like(parameter, device="cuda"))
            module.register_parameter(name, there)
        for name, buffer in module.named_buffers(recurse=False):
            module.register_buffer(name, torch.empty_like(buffer, device="cuda"))
    return model


@pytest.mark.parametrize("batch_norm", ["shadow", "single", "shadow-sum", "combination", "none"])
@pytest.mark.parametrize("space", ["branches", "s1", "s2", "s3"])
@pytest.mark.parametrize("is_training", [True, False])
def test_every_net_runs_where_its_weights_are(
    space: str, batch_norm: str, is_training: bool
) -> None:
    if space != "branches" and batch_norm.endswith("-sum"):
        pytest.skip("a batch norm on the sum is for cells")
    recipe = replace(cells() if space == "branches" else kernels(space), batch_norm=batch_norm)
    model: Any = resolve(recipe).build()
    path = load_space(recipe)
    path = path.path(path.sample(np.random.default_rng(0)))
    with FakeTensorMode(allow_non_fake_inputs=True):
        moved(model).train(is_training)
        x = torch.empty(4, 1, 8, 8, device="cuda")
        assert model(x, path).device.type == "cuda"
        assert model.rest(model.shared(x), path).device.type == "cuda"
        with pytest.raises(RuntimeError, match="same device"):
            model(torch.empty(4, 1, 8, 8), path)
