"""Optimisers: adding one is a function and a line in OPTIMIZERS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from bench.base.names import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from bench.config.training import Training


def build_optimizer(model: nn.Module, training: Training) -> torch.optim.Optimizer:
    """Build the optimiser, with no weight decay on batch norms.

    Raises:
        ValueError: an optimiser that is not known.
    """
    # SyncBatchNorm is a _BatchNorm, but no BatchNorm2d
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    norm_parameters = [p for m in norms for p in m.parameters(recurse=False)]
    are_norms = {id(p) for p in norm_parameters}
    others = [p for p in model.parameters() if id(p) not in are_norms]
    groups = [
        {"params": others, "weight_decay": training.weight_decay},
        {"params": norm_parameters, "weight_decay": 0.0},
    ]
    return load(training.optimizer, OPTIMIZERS, "optimizer")(groups, training)


def _rmsprop_tf(groups: list[dict[str, Any]], training: Training) -> torch.optim.Optimizer:
    """RMSProp as TensorFlow has it, with MnasNet's settings: epsilon inside the root."""
    from timm.optim.rmsprop_tf import RMSpropTF

    optimizer: torch.optim.Optimizer = RMSpropTF(
        groups, lr=training.lr, alpha=0.9, eps=1e-3, momentum=training.momentum
    )
    return optimizer


def _sgd(groups: list[dict[str, Any]], training: Training) -> torch.optim.Optimizer:
    """SGD with momentum."""
    return torch.optim.SGD(groups, lr=training.lr, momentum=training.momentum, foreach=True)


OPTIMIZERS: dict[str, Callable[[list[dict[str, Any]], Training], torch.optim.Optimizer]] = {
    "sgd": _sgd,
    "rmsprop-tf": _rmsprop_tf,
}
