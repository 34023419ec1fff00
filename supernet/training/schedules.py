"""What `MixTraining` asks of the training loop: schedules, averages, frozen batch norms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bench.config.mixpath_recipe import MixTraining
from supernet.training.trainer import Method, learning_rate

if TYPE_CHECKING:
    from bench.config.recipe import Training


def method(training: MixTraining) -> Method:
    """Return how a training takes its steps."""
    return Method(
        rate=rate,
        label_smoothing=training.label_smoothing,
        ema_decay=training.ema_decay,
        is_frozen=training.freeze_batch_norm,
    )


def rate(training: Training, epoch: int, fraction: float) -> float:
    """Return the learning rate in epoch `epoch` (from 0), `fraction` of it done.

    Scaled linearly by batch where `lr_batch` says so. Warm-up is linear from 0; the schedule runs
    from epoch 0 all the while, as in MnasNet's code. The exponential one goes down in steps.
    """
    assert isinstance(training, MixTraining)
    scale = training.batch_size / training.lr_batch if training.lr_batch else 1.0
    done = epoch + fraction
    if done < training.warmup_epochs:
        return scale * training.lr * done / training.warmup_epochs
    if training.schedule == "cosine":
        return scale * learning_rate(training, epoch, fraction)
    steps = math.floor(done / training.decay_epochs)
    return scale * max(training.lr * training.decay_rate**steps, training.min_lr)
