"""Calibration: what is pooled, which batch norms it reaches, and that nothing of it stays."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from bench.config.training import Calibration
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches
from supernet.calibrate import calibrated
from supernet.nets.cells import CellNet
from supernet.training.trainer import initialise

RESET = Calibration()
KEEP = Calibration(calibration_reset=False, calibration_momentum=0.25)
SPACE = Branches(4)
SKELETON = Skeleton(stem_channels=4, num_stacks=1, cells_per_stack=2, image_size=8, in_channels=1)


def build() -> CellNet:
    model = initialise(lambda: CellNet(SKELETON, SPACE), seed=0)
    assert isinstance(model, CellNet)
    return model


def images(batch: int = 24) -> torch.Tensor:
    return 3 * torch.randn(batch, 1, 8, 8, generator=torch.Generator().manual_seed(1)) + 1


def path(text: str) -> tuple[tuple[int, ...], ...]:
    return SPACE.path(SPACE.decode(text))


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def is_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@given(cuts=st.lists(st.integers(1, 23), unique=True, max_size=6))
def test_splitting_into_other_batches_keeps_one_layers_statistics(cuts: list[int]) -> None:
    norm, x = nn.BatchNorm2d(1), images()
    batches = torch.tensor_split(x, sorted(cuts))
    with calibrated(norm, lambda: [norm(batch) for batch in batches], RESET):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert torch.allclose(norm.running_mean, x.mean((0, 2, 3)), rtol=1e-5)
        assert torch.allclose(norm.running_var, x.var((0, 2, 3), correction=0), rtol=1e-5)


def test_one_batch_in_eval_mode_gives_what_it_gave_in_training_mode() -> None:
    model = build()
    with torch.no_grad():
        expected = model.train()(images(), path("31p-"))
        with calibrated(model, lambda: model(images(), path("31p-")), RESET):
            assert not model.training
            assert torch.allclose(model(images(), path("31p-")), expected, atol=1e-5)


def test_only_batch_norms_of_the_path_are_touched() -> None:
    model = build()
    before = state(model)
    with calibrated(model, lambda: model(images(), path("31--")), RESET):
        changed = {
            n for n, value in model.state_dict().items() if not torch.equal(value, before[n])
        }
    means = {name for name in changed if name.endswith("running_mean")}
    expected = {"stem_conv.norm.running_mean"}
    for layer in (0, 1):
        expected |= {
            f"layers.{layer}.projections.0.norm.running_mean",
            f"layers.{layer}.projections.1.norm.running_mean",
            f"layers.{layer}.operations.0.0.norm.running_mean",
            f"layers.{layer}.operations.1.1.norm.running_mean",
            f"layers.{layer}.node.norm.norms.1.running_mean",
        }
    assert means == expected
    assert not any(name.endswith(("weight", "bias")) for name in changed)


@pytest.mark.parametrize("calibration", [RESET, KEEP])
@pytest.mark.parametrize("was_training", [True, False])
def test_afterwards_all_is_as_before(calibration: Calibration, was_training: bool) -> None:
    model = build().train(was_training)
    model(images(), path("3---"))
    before = state(model)
    with calibrated(model, lambda: model(images(), path("31--")), calibration):
        assert not is_same(state(model), before)
    assert is_same(state(model), before)
    assert model.training == was_training
    assert all(m.momentum == 0.1 for m in model.modules() if isinstance(m, nn.BatchNorm2d))


@pytest.mark.parametrize("where", ["while calibrating", "while scoring"])
def test_interrupted_it_still_puts_everything_back(where: str) -> None:
    model = build()
    before = state(model)

    def run() -> None:
        model(images(), path("31--"))
        if where == "while calibrating":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), calibrated(model, run, RESET):
        raise KeyboardInterrupt
    assert is_same(state(model), before)
    assert not any(m._forward_hooks for m in model.modules())


def test_without_reset_the_running_average_moves_on() -> None:
    norm = nn.BatchNorm2d(1)
    assert norm.running_mean is not None
    nn.init.constant_(norm.running_mean, 8.0)
    x = images()
    with calibrated(norm, lambda: norm(x), KEEP):
        assert norm.running_mean.item() == pytest.approx(0.75 * 8.0 + 0.25 * x.mean().item())


def test_pooled_in_float64_it_survives_a_mean_far_from_zero() -> None:
    norm, x = nn.BatchNorm2d(1), images() + 3000
    with calibrated(norm, lambda: [norm(batch) for batch in torch.split(x, 6)], RESET):
        assert norm.running_var is not None
        exact = x.double().var(correction=0).item()
        assert norm.running_var.item() == pytest.approx(exact, rel=1e-3)
