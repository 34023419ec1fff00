"""CUDA graphs on a GPU: the same training as without, resumed, forgotten and in bfloat16."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from supernet.training.captures import Captures
from tests.pretend import NEEDS_GPU, rounding_as_the_cpu
from tests.supernet.training.test_captures import TRAINING, run, trainer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from supernet.training.trainer import Trainer

pytestmark = list(NEEDS_GPU)
CUDA = "cuda"


@pytest.fixture(autouse=True)
def _exact() -> Iterator[None]:
    with rounding_as_the_cpu():
        yield


def captures_of(one: Trainer) -> Captures:
    assert isinstance(one.gradients, Captures)
    assert not one.gradients.is_failed
    return one.gradients


def num_captured(one: Trainer) -> int:
    return sum(captured is not None for captured in captures_of(one).paths.values())


def assert_close(one: Trainer, other: Trainer, tolerance: float = 1e-3) -> None:
    losses = [[epoch.loss for epoch in each.history] for each in (one, other)]
    assert losses[0] == pytest.approx(losses[1], rel=tolerance)
    theirs = other.model.state_dict()
    for name, value in one.model.state_dict().items():
        assert torch.allclose(value.cpu(), theirs[name].cpu(), rtol=0.02, atol=10 * tolerance), name


@pytest.mark.parametrize(
    ("changes", "batch_norm"),
    [
        ({}, "shadow"),
        ({"label_smoothing": 0.1}, "single"),
        ({"optimizer": "rmsprop-tf", "lr": 1e-3}, "shadow-sum"),
        ({"optimizer": "tests.supernet.training.test_captures:sgd"}, "combination"),
        ({"ema_decay": 0.9, "grad_clip": 0.1}, "none"),
        ({"freeze_batch_norm": True}, "single"),
    ],
)
def test_graphs_equal_steps_without(changes: dict[str, Any], batch_norm: str) -> None:
    training = replace(TRAINING, **changes)
    captured = run(trainer(training, batch_norm, device=CUDA))
    plain = run(trainer(replace(training, cuda_graphs=False), batch_norm, device=CUDA))
    assert num_captured(captured) > 3
    assert not isinstance(plain.gradients, Captures)
    assert_close(captured, plain)


def test_a_gpu_trains_as_the_cpu_does() -> None:
    assert_close(run(trainer(device=CUDA)), run(trainer()))


def test_graphs_that_are_forgotten_leave_the_others_right() -> None:
    one = trainer(device=CUDA)
    captures_of(one).capacity = 2
    assert_close(run(one), run(trainer()))
    assert len(captures_of(one).paths) == 2


def test_resuming_equals_never_stopping_and_goes_on_on_the_cpu() -> None:
    whole = run(trainer(device=CUDA))
    first = trainer(device=CUDA)
    first.run_epoch()
    first.run_epoch()
    for device in (CUDA, "cpu"):
        second = trainer(seed=99, device=device)
        second.run_epoch()
        second.load_state_dict(first.state_dict())
        assert_close(whole, run(second))


def test_bfloat16_trains_captured_as_without() -> None:
    if not torch.cuda.is_bf16_supported():
        pytest.skip("this GPU has no bfloat16")
    training = replace(TRAINING, precision="bf16")
    captured = run(trainer(training, device=CUDA))
    plain = run(trainer(replace(training, cuda_graphs=False), device=CUDA))
    assert num_captured(captured) > 3
    assert_close(captured, plain, tolerance=2e-2)


def test_replays_take_no_memory() -> None:
    one = trainer(device=CUDA)
    captures, path = captures_of(one), one.sample_path
    assert path is not None
    first = path(one.paths, 0.0)
    parts = next(one.source.epoch(0))
    with captures.recorder.running():
        for _ in range(3):
            captures(parts, first)
        before = torch.cuda.memory_allocated()
        for _ in range(20):
            captures(parts, first)
    assert torch.cuda.memory_allocated() == before
