"""Batch-norm statistics of one path, re-estimated and afterwards put back.

The estimator is that of precise BN (Wu and Johnson 2021, fvcore's `precise_bn.py`): each batch is
normalised by its own statistics while the layers' means and variances are collected; they are
then pooled over all batches by the law of total variance, in float64. The result is the population
(biased) variance, so that a set calibrated in one batch gives in eval mode just what it gave in
training mode. Only the batch norms that the forward passes reach are touched.

Without reset, PyTorch's running average moves on from training instead (the released code).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.recipe import Calibration

BatchNorm = nn.BatchNorm2d


@contextmanager
def calibrated(
    model: nn.Module, run: Callable[[], object], calibration: Calibration
) -> Iterator[None]:
    """Hold a model at statistics calibrated by `run`, in eval mode; then put everything back.

    Args:
        model: any module with batch norms.
        run: makes the forward passes of one path over the calibration images.
        calibration: whether to reset, and the momentum where not.
    """
    norms = [module for module in model.modules() if isinstance(module, BatchNorm)]
    buffers = [[buffer.clone() for buffer in norm.buffers()] for norm in norms]
    momenta = [norm.momentum for norm in norms]
    was_training = model.training
    try:
        model.train()
        with torch.no_grad():
            if calibration.calibration_reset:
                _pool(norms, run)
            else:
                _set_momentum(norms, calibration.calibration_momentum)
                run()
        model.eval()
        yield
    finally:
        for norm, momentum, saved in zip(norms, momenta, buffers, strict=True):
            norm.momentum = momentum
            for buffer, value in zip(norm.buffers(), saved, strict=True):
                buffer.copy_(value)
        model.train(was_training)


def _pool(norms: list[BatchNorm], run: Callable[[], object]) -> None:
    """Run with per-batch statistics and leave the pooled ones in the batch norms reached."""
    sums: dict[BatchNorm, Sums] = {}

    def collect(norm: nn.Module, inputs: tuple[torch.Tensor], output: Any) -> None:  # noqa: ARG001
        assert isinstance(norm, BatchNorm)
        sums.setdefault(norm, Sums()).add(norm, inputs[0])

    _set_momentum(norms, 1.0)  # the running statistics are then those of the last batch
    handles = [norm.register_forward_hook(collect) for norm in norms]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    for norm, total in sums.items():
        total.write(norm)


class Sums:
    """Count, sum and sum of squares per channel, in float64, each of shape (C,)."""

    def __init__(self) -> None:
        self.count = 0
        self.sum: torch.Tensor | float = 0.0
        self.squares: torch.Tensor | float = 0.0

    def add(self, norm: BatchNorm, x: torch.Tensor) -> None:
        """Add the batch that the norm has just seen."""
        assert norm.running_mean is not None
        assert norm.running_var is not None
        count = x.numel() // x.shape[1]
        mean = norm.running_mean.double()
        variance = norm.running_var.double() * ((count - 1) / count)  # running_var is unbiased
        self.count += count
        self.sum = self.sum + count * mean
        self.squares = self.squares + count * (variance + mean**2)

    def write(self, norm: BatchNorm) -> None:
        """Set the norm's running statistics to the pooled mean and population variance."""
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean = self.sum / self.count
        assert isinstance(mean, torch.Tensor)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_((self.squares / self.count - mean**2).clamp_min(0.0))


def _set_momentum(norms: list[BatchNorm], momentum: float) -> None:
    for norm in norms:
        norm.momentum = momentum
