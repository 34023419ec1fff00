"""Learning rates over a training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.config.training import Training


def learning_rate(training: Training, epoch: int, fraction: float) -> float:
    """Return the learning rate in epoch `epoch` (from 0), `fraction` of it done.

    Scaled linearly by batch where `lr_batch` says so (Goyal et al. 2017). Warm-up is linear from 0;
    the schedule runs from epoch 0 all the while, as in MnasNet's code. The exponential one goes
    down in steps.
    """
    scale = training.batch_size / training.lr_batch if training.lr_batch else 1.0
    done = epoch + fraction
    if done < training.warmup_epochs:
        return scale * training.lr * done / training.warmup_epochs
    if training.schedule == "cosine":
        return scale * cosine(training, epoch, fraction)
    steps = math.floor(done / training.decay_epochs)
    return scale * max(training.lr * training.decay_rate**steps, training.min_lr)


def cosine(training: Training, epoch: int, fraction: float) -> float:
    """Return the cosine-decayed rate, which moves an epoch or a batch at a time."""
    done = epoch + (fraction if training.lr_steps == "batch" else 0.0)
    decay = 0.5 * (1 + math.cos(math.pi * done / training.epochs))
    return training.min_lr + (training.lr - training.min_lr) * decay
