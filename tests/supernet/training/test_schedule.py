"""Schedules, averages and processes of the training loop."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from bench.config.block_presets import s2_preset
from bench.config.training import Training
from supernet.data.data_set import Images
from supernet.data.source import TensorSource
from supernet.distributed import ALONE, Ranks, check_batch
from supernet.training.ema import Ema
from supernet.training.optimizers import build_optimizer
from supernet.training.schedule import learning_rate
from supernet.training.trainer import Trainer

STATISTICS = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)


def images(count: int = 24) -> Images:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (count, 3, 8, 8), generator=generator, dtype=torch.uint8)
    return Images(pixels, torch.arange(count) % 4)


class Net(nn.Module):
    """A convolution, a batch norm, a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.dense = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor, path: None) -> torch.Tensor:  # noqa: ARG002 (a net is called so)
        """Return logits of shape (B, 4)."""
        out: torch.Tensor = self.dense(self.norm(self.conv(x / 255)).relu().mean((2, 3)))
        return out


def trained(training: Training) -> Trainer:
    source = TensorSource(images(), STATISTICS, training, 0)
    trainer = Trainer(Net(), source, training, lambda *_: None, 0)
    while not trainer.is_finished:
        trainer.run_epoch()
    return trainer


PLAIN = Training(
    lr_steps="batch", drop_last=True, epochs=2, batch_size=8, crop_padding=1, cutout=2, lr=0.1
)


def test_mnasnets_schedule() -> None:
    final = s2_preset().final
    assert final is not None
    training = final.training
    assert learning_rate(training, 0, 0.0) == 0.0
    assert learning_rate(training, 2, 0.5) == pytest.approx(0.128)  # half-way through the warm-up
    assert learning_rate(training, 5, 0.0) == pytest.approx(0.256 * 0.97**2)  # 5 // 2.4 steps down
    assert learning_rate(training, 12, 0.0) == pytest.approx(0.256 * 0.97**5)


def test_rate_grows_with_the_batch_where_asked() -> None:
    training = Training(lr=0.1, lr_batch=1024, batch_size=256, epochs=10, min_lr=0.0)
    assert learning_rate(training, 0, 0.0) == pytest.approx(0.025)
    assert learning_rate(training, 5, 0.0) == pytest.approx(0.0125)
    assert learning_rate(Training(lr=0.1, batch_size=256), 0, 0.0) == pytest.approx(0.1)


def test_warm_up_meets_the_schedule() -> None:
    training = Training(lr=0.1, warmup_epochs=2, epochs=10, min_lr=0.0)
    rates = [
        learning_rate(training, epoch, fraction) for epoch in range(10) for fraction in (0, 0.5)
    ]
    assert rates[:4] == pytest.approx([0.0, 0.025, 0.05, 0.075])
    assert rates[4:] == sorted(rates[4:], reverse=True)


def test_rmsprop_has_epsilon_inside_the_root() -> None:
    """TensorFlow's: mean of squares starts at 1; step = lr g / sqrt(ms + eps), with momentum."""
    parameter = nn.Linear(1, 1, bias=False)
    nn.init.ones_(parameter.weight)
    training = Training(optimizer="rmsprop-tf", lr=0.1, momentum=0.9, weight_decay=0.0)
    optimizer = build_optimizer(parameter, training)
    square, momentum, value = 1.0, 0.0, 1.0
    for _ in range(3):
        parameter.weight.grad = torch.full((1, 1), 2.0)
        optimizer.step()
        square += (4.0 - square) * (1 - 0.9)
        momentum = 0.9 * momentum + 0.1 * 2.0 / (square + 1e-3) ** 0.5
        value -= momentum
    assert parameter.weight.item() == pytest.approx(value, rel=1e-5)


def test_average_follows_by_hand() -> None:
    model = nn.BatchNorm1d(1)
    ema, expected = Ema(model, 0.999), 1.0
    for step in range(1, 6):
        with torch.no_grad():
            model.weight.fill_(step + 1.0)
            model.get_buffer("num_batches_tracked").fill_(step)
        ema.update(model)
        decay = (1 + step) / (10 + step)
        expected = decay * expected + (1 - decay) * (step + 1.0)
    average = ema.model
    assert isinstance(average, nn.BatchNorm1d)
    assert average.weight.item() == pytest.approx(expected)
    assert average.num_batches_tracked == 5
    assert not average.weight.requires_grad


@pytest.mark.parametrize("decay", [-0.1, 1.0, 1.5])
def test_a_decay_outside_is_refused(decay: float) -> None:
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        Ema(nn.Linear(1, 1), decay)


def test_average_is_resumed() -> None:
    training = Training(epochs=2, batch_size=8, ema_decay=0.9, lr=0.1, crop_padding=0, cutout=0)
    whole = trained(training)
    source = TensorSource(images(), STATISTICS, training, 0)
    parts = [Trainer(Net(), source, training, lambda *_: None, 0) for _ in range(2)]
    parts[0].run_epoch()
    parts[1].load_state_dict(parts[0].state_dict())
    parts[1].run_epoch()
    assert whole.ema is not None
    assert parts[1].ema is not None
    pairs = zip(whole.ema.model.parameters(), parts[1].ema.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_accumulating_equals_one_batch_with_frozen_batch_norms() -> None:
    whole = trained(replace(PLAIN, freeze_batch_norm=True))
    parts = trained(replace(PLAIN, freeze_batch_norm=True, accumulate=4))
    live = trained(replace(PLAIN, accumulate=4))
    for a, b in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)
    assert [e.loss for e in whole.history] == pytest.approx([e.loss for e in parts.history])
    assert live.history[-1].loss != pytest.approx(parts.history[-1].loss, rel=1e-6)


def test_frozen_batch_norms_keep_their_statistics() -> None:
    model = trained(replace(PLAIN, freeze_batch_norm=True)).model
    assert isinstance(model, Net)
    assert model.norm.running_mean is not None
    assert model.norm.running_mean.abs().max() == 0


def test_smoothing_changes_training() -> None:
    losses = [trained(replace(PLAIN, label_smoothing=s)).history[0].loss for s in (0.0, 0.3)]
    assert losses[0] != losses[1]


def test_the_last_smaller_batch_is_left_out_where_asked() -> None:
    steps = [
        TensorSource(images(20), STATISTICS, replace(PLAIN, drop_last=drop), 0).num_steps
        for drop in (False, True)
    ]
    assert steps == [3, 2]
    source = TensorSource(images(20), STATISTICS, replace(PLAIN, drop_last=True), 0)
    assert [len(part[1]) for (part,) in source.epoch(0)] == [8, 8]


def test_ranks_share_every_batch() -> None:
    alone = TensorSource(images(), STATISTICS, PLAIN, 0)
    both = [TensorSource(images(), STATISTICS, PLAIN, 0, ranks=Ranks(r, 2)) for r in (0, 1)]
    for (whole,), (first,), (second,) in zip(
        alone.epoch(0), *(b.epoch(0) for b in both), strict=True
    ):
        assert torch.equal(whole[0][0::2], first[0])
        assert torch.equal(whole[0][1::2], second[0])
        assert torch.equal(whole[1][1::2], second[1])


def test_a_batch_that_does_not_split_is_refused() -> None:
    check_batch(12, Ranks(0, 3), 2)
    with pytest.raises(ValueError, match="multiple of 3 processes x 2 accumulated parts: 6 would"):
        check_batch(10, Ranks(0, 3), 2)
    with pytest.raises(ValueError, match="batch_size=8 is more than the 4 training images"):
        TensorSource(images(4), STATISTICS, replace(PLAIN, drop_last=True), 0)
    assert ALONE.is_first
