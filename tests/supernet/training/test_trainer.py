"""Training: resuming equals never stopping, the schedule, what decays, named streams."""

import math

import pytest
import torch
from torch import nn

from bench.config.training import Training
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches
from supernet.data.data_set import take
from supernet.data.sets import load_digits
from supernet.data.source import TensorSource, torch_generator
from supernet.distributed import Ranks, in_parallel
from supernet.nets.cells import CellNet
from supernet.sampling import uniform
from supernet.shadow_bn import norm_under_test
from supernet.training.optimizers import build_optimizer
from supernet.training.schedule import learning_rate
from supernet.training.trainer import Trainer, initialise

SPACE = Branches(4)
SKELETON = Skeleton(stem_channels=4, num_stacks=2, cells_per_stack=1, image_size=8, in_channels=1)
TRAINING = Training(epochs=4, batch_size=32, crop_padding=1, cutout=2)


def trainer(training: Training = TRAINING, seed: int = 0, batch_norm: str = "shadow") -> Trainer:
    data = load_digits()
    model = initialise(lambda: CellNet(SKELETON, SPACE, norm_under_test(batch_norm)), seed)
    return Trainer(
        model,
        TensorSource(take(data.train, 100), data.statistics, training, seed),
        training,
        lambda rng, progress: uniform(SPACE, rng, progress),
        seed,
    )


def run(trainer: Trainer) -> Trainer:
    while not trainer.is_finished:
        trainer.run_epoch()
    return trainer


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_resuming_equals_never_stopping(stop_after: int) -> None:
    whole = run(trainer())
    first = trainer()
    for _ in range(stop_after):
        first.run_epoch()
    second = trainer(seed=99)  # another start: all of it must come from the state
    second.load_state_dict(first.state_dict())
    run(second)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name
    assert [(e.loss, e.accuracy, e.lr) for e in whole.history] == [
        (e.loss, e.accuracy, e.lr) for e in second.history
    ]


def test_seeds_differ_and_one_seed_repeats() -> None:
    losses = [run(trainer(seed=seed)).history[-1].loss for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_seeds_share_nothing_with_torchs_global_generator() -> None:
    torch.manual_seed(1)
    one = trainer()
    before = torch.get_rng_state()
    run(one)
    assert torch.equal(torch.get_rng_state(), before)


def test_shadow_and_single_start_alike_and_draw_the_same_paths() -> None:
    shadow, single = trainer(), trainer(batch_norm="single")
    ours, theirs = shadow.model.state_dict(), single.model.state_dict()
    shared = ours.keys() & theirs.keys()
    assert "layers.0.projections.0.conv.weight" in shared
    assert all(torch.equal(ours[name], theirs[name]) for name in shared)
    assert shadow.paths.bit_generator.state == single.paths.bit_generator.state


def test_it_learns() -> None:
    history = run(
        trainer(Training(epochs=25, batch_size=16, lr=0.1, cutout=0, crop_padding=0, flip=False))
    ).history
    assert history[-1].loss < 0.85 * history[0].loss


@pytest.mark.parametrize(("epoch", "share"), [(0, 1.0), (50, 0.5), (100, 0.0)])
def test_rate_is_cosine(epoch: int, share: float) -> None:
    training = Training(epochs=100, lr=0.025, min_lr=1e-8)
    rate = learning_rate(training, epoch, 0.0)
    assert rate == pytest.approx(1e-8 + share * (0.025 - 1e-8))


def test_rate_moves_within_an_epoch_only_when_asked() -> None:
    by_epoch, by_batch = (Training(epochs=10, lr_steps=steps) for steps in ("epoch", "batch"))
    assert learning_rate(by_epoch, 3, 0.5) == learning_rate(by_epoch, 3, 0.0)
    expected = 1e-8 + (0.025 - 1e-8) * 0.5 * (1 + math.cos(math.pi * 0.35))
    assert learning_rate(by_batch, 3, 0.5) == pytest.approx(expected)


def test_batch_norms_do_not_decay() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    optimizer = build_optimizer(model, Training(lr=0.1, weight_decay=0.5))
    for parameter in model.parameters():
        nn.init.ones_(parameter)
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    values = {name: parameter.flatten()[0].item() for name, parameter in model.named_parameters()}
    assert values == pytest.approx({"0.weight": 0.95, "0.bias": 0.95, "1.weight": 1, "1.bias": 1})


def synchronised(model: nn.Module) -> nn.Module:
    converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]  # torch gives it no types
    return converted


def test_synchronised_batch_norms_are_still_found() -> None:
    """They are no BatchNorm2d: weight decay and freezing must look for what both are."""
    model = synchronised(nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)))
    optimizer = build_optimizer(model, Training(weight_decay=0.5))
    decayed, kept = (group["params"] for group in optimizer.param_groups)
    assert {id(p) for p in kept} == {id(p) for p in list(model.parameters())[2:]}
    assert {id(p) for p in decayed} == {id(p) for p in list(model.parameters())[:2]}
    one = trainer(Training(epochs=1, freeze_batch_norm=True))
    one.model = one.parallel = synchronised(one.model)
    one._set_mode()
    norms = [m for m in one.model.modules() if isinstance(m, nn.SyncBatchNorm)]
    assert norms
    assert not any(norm.training for norm in norms)


def test_synchronising_on_a_cpu_is_refused_and_alone_changes_nothing() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    with pytest.raises(ValueError, match=r"sync_batch_norm=True on 'cpu'.*train on GPUs"):
        in_parallel(model, Ranks(0, 2), has_paths=False, sync_batch_norm=True)
    assert in_parallel(model, Ranks(0, 1), has_paths=False, sync_batch_norm=True) is model
    assert isinstance(model[1], nn.BatchNorm2d)


def test_gradients_are_clipped() -> None:
    one = trainer(Training(epochs=1, batch_size=100, grad_clip=1e-3, lr=1.0, weight_decay=0.0))
    before = [p.detach().clone() for p in one.model.parameters()]
    one.run_epoch()
    pairs = zip(one.model.parameters(), before, strict=True)
    moved = torch.cat([(p.detach() - old).flatten() for p, old in pairs])
    assert moved.norm().item() == pytest.approx(1e-3, rel=1e-2)


def test_bfloat16_trains() -> None:
    one = trainer(Training(epochs=1, precision="bf16"))
    assert math.isfinite(one.run_epoch().loss)
    assert all(p.dtype == torch.float32 for p in one.model.parameters())


def test_divergence_is_named() -> None:
    with pytest.raises(ValueError, match=r"training diverged in epoch .*lower lr=1000.0"):
        run(trainer(Training(epochs=9, lr=1e3, weight_decay=1e3)))


def test_unknown_optimiser_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown optimizer"):
        build_optimizer(nn.Linear(1, 1), Training(optimizer="adamm"))


def test_streams_are_named() -> None:
    draws = [
        torch.randint(10**9, (1,), generator=torch_generator(seed, name)).item()
        for seed, name in [(0, "order"), (0, "order"), (0, "augment"), (1, "order")]
    ]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 3
