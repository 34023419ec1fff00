"""Batch-norm statistics of one path, re-estimated and afterwards put back.

The estimator is that of precise BN (Wu and Johnson 2021, fvcore's `precise_bn.py`): each batch is
normalised by its own statistics while the layers' means and variances are collected; they are
then pooled over all batches by the law of total variance, in float64. The result is the population
(biased) variance, so that a set calibrated in one batch gives in eval mode just what it gave in
training mode. Only the batch norms that the forward passes reach are touched.

Without reset, the running average moves on from training instead, as PyTorch's does (the released
code).

    with observing(model) as observer:          # training mode; the model's own statistics stay
        observer.into(estimate); model(x, path)
    with applied(estimate):                     # eval mode is the caller's
        model.eval(); model(x, path)
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bench.config.training import Calibration

BatchNorm = nn.BatchNorm2d
Statistics = tuple[torch.Tensor, torch.Tensor]


class Estimate:
    """Statistics gathered batch by batch, for each batch norm that was reached.

    Args:
        calibration: whether to start from nothing, and the momentum where not.
    """

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        self.norms: dict[BatchNorm, Pooled | Running] = {}
        self.values: list[torch.Tensor] | None = None  # means and variances by norm, once asked for

    def add(self, norm: BatchNorm, initial: Statistics, batch: Statistics, count: int) -> None:
        """Take in one batch.

        Args:
            norm: the batch norm that saw it.
            initial: its mean and variance from training, each of shape (C,).
            batch: the batch's mean and unbiased variance, each of shape (C,).
            count: values per channel.
        """
        if norm not in self.norms:
            self.norms[norm] = (
                Pooled()
                if self.calibration.calibration_reset
                else Running(initial, self.calibration.calibration_momentum)
            )
        self.norms[norm].add(batch, count)
        self.values = None

    def statistics(self, norm: BatchNorm) -> Statistics:
        """Return the mean and variance of one batch norm, each of shape (C,)."""
        return self.norms[norm].statistics()

    def apply(self) -> None:
        """Give the batch norms that were reached these statistics."""
        if self.values is None:
            self.values = [value for pooled in self.norms.values() for value in pooled.statistics()]
        buffers = [buffer for norm in self.norms for buffer in _buffers(norm)[:2]]
        if buffers:  # an own net may have no batch norms
            torch._foreach_copy_(buffers, self.values)


class Pooled:
    """Count, sum and sum of squares per channel, in float64, each of shape (C,)."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = torch.zeros(())
        self.squares = torch.zeros(())

    def add(self, batch: Statistics, count: int) -> None:
        """Add a batch's mean and unbiased variance."""
        mean, variance = (value.double() for value in batch)
        self.count += count
        self.sum = self.sum + count * mean
        self.squares = self.squares + ((count - 1) * variance + count * mean**2)

    def statistics(self) -> Statistics:
        """Return the pooled mean and population variance."""
        mean = self.sum / self.count
        return mean, (self.squares / self.count - mean**2).clamp_min(0.0)


class Running:
    """PyTorch's running average, which keeps the unbiased variance."""

    def __init__(self, initial: Statistics, momentum: float) -> None:
        self.values = tuple(value.clone() for value in initial)
        self.momentum = momentum

    def add(self, batch: Statistics, count: int) -> None:  # noqa: ARG002 (Pooled's)
        """Move on by one batch."""
        self.values = tuple(
            torch.lerp(old, new, self.momentum) for old, new in zip(self.values, batch, strict=True)
        )

    def statistics(self) -> Statistics:
        """Return the averages."""
        mean, variance = self.values
        return mean, variance


class Observer:
    """Sends what the batch norms see to the estimate that is set."""

    def __init__(self, norms: list[BatchNorm]) -> None:
        self.initial = {norm: tuple(b.clone() for b in _buffers(norm)) for norm in norms}
        self.estimate: Estimate | None = None

    def into(self, estimate: Estimate | None) -> None:
        """Set where the next forward passes are counted."""
        self.estimate = estimate

    def hook(self, norm: nn.Module, inputs: tuple[torch.Tensor], output: Any) -> None:  # noqa: ARG002 (torch's hook)
        """Take in the batch that a norm of momentum 1 has just seen."""
        assert isinstance(norm, BatchNorm)
        if self.estimate is not None:
            x = inputs[0]
            old_mean, old_variance, *_ = self.initial[norm]
            mean, variance, *_ = _buffers(norm)
            initial, batch = (old_mean, old_variance), (mean, variance)
            self.estimate.add(norm, initial, batch, x.numel() // x.shape[1])


@contextmanager
def observing(model: nn.Module) -> Iterator[Observer]:
    """Hold a model in training mode while its batch norms are observed; then put all back."""
    norms = [module for module in model.modules() if isinstance(module, BatchNorm)]
    observer, was_training = Observer(norms), model.training
    momenta = [norm.momentum for norm in norms]
    handles = [norm.register_forward_hook(observer.hook) for norm in norms]
    try:
        model.train()
        for norm in norms:
            norm.momentum = 1.0  # the running statistics are then those of the last batch
        with torch.no_grad():
            yield observer
    finally:
        for handle in handles:
            handle.remove()
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            _restore(norm, observer.initial[norm])
        model.train(was_training)


@contextmanager
def applied(estimate: Estimate) -> Iterator[None]:
    """Hold the batch norms that an estimate reached at its statistics; then put them back."""
    with kept(estimate.norms):
        estimate.apply()
        yield


@contextmanager
def kept(norms: Iterable[BatchNorm]) -> Iterator[None]:
    """Put batch norms' statistics back afterwards, whatever was applied."""
    saved = {norm: tuple(b.clone() for b in _buffers(norm)) for norm in norms}
    try:
        yield
    finally:
        for norm, values in saved.items():
            _restore(norm, values)


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
    estimate = Estimate(calibration)
    with observing(model) as observer:
        observer.into(estimate)
        run()
    was_training = model.training
    try:
        model.eval()
        with applied(estimate):
            yield
    finally:
        model.train(was_training)


def _buffers(norm: BatchNorm) -> tuple[torch.Tensor, ...]:
    """Return running mean, running variance, number of batches."""
    return tuple(norm.buffers(recurse=False))


def _restore(norm: BatchNorm, values: tuple[torch.Tensor, ...]) -> None:
    for buffer, value in zip(_buffers(norm), values, strict=False):
        buffer.copy_(value)
